// Attackers for lockout.ts, in one process: each address keeps four connections going without pause, until it is ended.
//   lockout_attackers.ts HOST PORT silent|guessing|both ADDRESS...
// silent: TLS, and then nothing. guessing: the whole handshake, and a wrong answer. both: half of each.

import { makeAnswer, parseOffer } from "../reference/handshake.ts";
import { newIdentity, Wire } from "../reference/tls.ts";
import { type Stretched, stretched } from "../reference/handshake.ts";

const [host = "", port = "", kind = "", ...addresses] = Deno.args;
/** Of one address no more have a place. */
const AT_ONCE = 4;
/** Who was closed comes again after this: few at once, many as fast as one machine can. */
const AGAIN_MS = Math.max(100, 10 * addresses.length);
const address = `${host}:${port}`;
/** One for each address: four connections of a certificate are the most. */
const identities = new Map(addresses.map((from) => [from, newIdentity()]));
const counts = { opened: 0, guesses: 0 };
let phrase: Promise<Stretched> | undefined;

addresses.forEach((from, n) => {
  const guesses = kind === "guessing" || (kind === "both" && n % 2 === 0);
  for (let one = 0; one < AT_ONCE; one++) {
    setTimeout(() => void keepGoing(from, guesses), Math.random() * 1_000);
  }
});
setInterval(() => console.log(JSON.stringify(counts)), 1_000);

async function keepGoing(from: string, guesses: boolean): Promise<never> {
  for (;;) {
    await (guesses ? guess(from) : beSilent(from)).catch(() => {});
    await new Promise((done) => setTimeout(done, AGAIN_MS * (0.5 + Math.random())));
  }
}

async function beSilent(from: string): Promise<void> {
  counts.opened++;
  using wire = await Wire.dial(address, { from, identity: identities.get(from)! });
  await wire.gone;
}

async function guess(from: string): Promise<void> {
  counts.opened++;
  using wire = await Wire.dial(address, { from, identity: identities.get(from)! });
  const offer = parseOffer(await wire.frame(30_000));
  phrase ??= stretched("another phrase altogether", offer.salt);
  wire.send(makeAnswer(wire, offer, await phrase).frame);
  counts.guesses++;
  await wire.closedWithin(20_000);
}
