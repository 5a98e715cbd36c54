// Attackers for lockout.ts, in one process: each address keeps two connections going without pause, until it is ended.
//   lockout_attackers.ts HOST PORT silent|guessing|both ADDRESS...
// silent: half a record of TLS and then nothing. guessing: the whole handshake, and a wrong answer. both: half of each.

import { connect } from "node:net";
import { makeAnswer, parseOffer } from "../reference/handshake.ts";
import { newIdentity, Wire } from "../reference/tls.ts";
import { type Stretched, stretched } from "../reference/handshake.ts";

const [host = "", port = "", kind = "", ...addresses] = Deno.args;
/** Who was closed in the room comes again after this. */
const AGAIN_MS = 1_000;
const identity = newIdentity();
const counts = { opened: 0, guesses: 0 };
let phrase: Promise<Stretched> | undefined;

addresses.forEach((from, n) => {
  const guesses = kind === "guessing" || (kind === "both" && n % 2 === 0);
  for (let second = 0; second < 2; second++) {
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

function beSilent(from: string): Promise<void> {
  return new Promise((done) => {
    const socket = connect({ host, port: Number(port), localAddress: from });
    socket.on("error", () => {});
    socket.once("connect", () => {
      counts.opened++;
      socket.write(Uint8Array.of(22, 3, 1));
    });
    socket.once("end", () => socket.destroy());
    socket.once("close", () => done());
    socket.resume();
  });
}

async function guess(from: string): Promise<void> {
  counts.opened++;
  const address = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  using wire = await Wire.dial(address, { from, identity });
  const offer = parseOffer(await wire.frame(30_000));
  phrase ??= stretched("another phrase altogether", offer.salt);
  wire.send(makeAnswer(wire, offer, await phrase).frame);
  counts.guesses++;
  await wire.closedWithin(20_000);
}
