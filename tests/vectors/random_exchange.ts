// An exchange in the vectors' format that nobody has seen before: the reference makes it, in an order of steps that is
// drawn from a seed. Its Argon2id is left out: its output is drawn as well, and given with the exchange's other inputs.

import { type Draw, random } from "../reference/bytes.ts";
import { encodeCell, fragment } from "../reference/cell.ts";
import { Conversation, handshakeOf, type Inputs, type Side } from "../reference/exchange.ts";
import { stretchedFrom } from "../reference/handshake.ts";
import { seededEntropy } from "../harness/arena.ts";

const STEPS = 300;
const RENEWALS = 20;

/** Argon2id's output as the vectors' tests have it for what stands in no file. */
export const UNSTRETCHED = new Uint8Array(64).fill(1);

export function randomExchange(seed: string) {
  const draw: Draw = seededEntropy(seed);
  const hex = (size: number) => random(size, draw).toHex();
  const inputs: Inputs = {
    phrase: `a phrase of ${seed}`,
    mode: random(1, draw)[0]! % 2 === 0 ? "real" : "decoy",
    salt: hex(16),
    nonceA: hex(12),
    nonceB: hex(12),
    xWide: hex(64),
    yWide: hex(64),
    kemSeed: hex(64),
    kemM: hex(32),
    ratchetPrivateA: hex(32),
    ratchetPrivateB: hex(32),
    cb: hex(64),
    peerIdA: hex(32),
    peerIdB: hex(32),
  };
  const renewals = Array.from({ length: RENEWALS }, () => ({
    kemSeed: hex(64),
    dhPrivateA: hex(32),
    kemM: hex(32),
    dhPrivateB: hex(32),
  }));
  const { secrets, ...handshake } = handshakeOf(
    inputs,
    stretchedFrom(Uint8Array.fromHex(inputs.salt), inputs.mode, UNSTRETCHED),
  );
  const plaintext = ({ index }: { index: number }) =>
    index % 3 === 0 ? fragment({ messageId: index, index: 0, count: 1, data: random(1 + index % 90, draw) }) : DUMMY;
  const conversation = new Conversation({ inputs, renewals, plaintext }, secrets);
  const flying: Record<Side, number[]> = { A: [], B: [] };
  const renews = (cell: number) => ["key", "ciphertext"].includes(conversation.cells[cell]!.kind);
  while (conversation.steps.length < STEPS) {
    const [dice, who] = random(2, draw);
    const at = who! % 2 === 0 ? "A" : "B";
    const waiting = flying[at];
    if (dice! < 120 && waiting.length < 4) {
      waiting.push(conversation.cells.length);
      conversation.step({ op: "seal", at, cell: waiting.at(-1)! });
      continue;
    }
    // Whoever overtakes a renewal does not open.
    const overtakes = dice! > 230 && waiting.length > 1 && !renews(waiting[0]!);
    const [cell] = waiting.splice(overtakes ? 1 : 0, 1);
    if (cell !== undefined) conversation.step({ op: "open", at: at === "A" ? "B" : "A", cell });
  }
  const values = conversation.finish();
  const late = values.steps.filter(({ stored }) => stored).length;
  return { late, renewals: values.renewals.length, exchange: { name: seed, inputs, ...handshake, ...values } };
}

const DUMMY = encodeCell({ kind: "dummy" });
