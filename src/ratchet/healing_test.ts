// What a renewal heals: all state of one side is revealed at a random moment of a conversation, and from then on
// somebody listens to every frame with one of the two halves broken, X25519 or ML-KEM. They must lose both directions
// at the renewal that docs/PROTOCOL.md section 4 names, and if both halves are broken they must not. How long that
// takes with real programs is measured in tests/healing.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { seededEntropy, testArena } from "../../tests/harness/arena.ts";
import {
  type AadOf,
  aadOf,
  BROKEN,
  type BrokenLegs,
  Eavesdropper,
  type Exchanged,
  firstHealed,
  numbersOf,
  type Side,
} from "../../tests/harness/eavesdropper.ts";
import { Oracle, ratchetOf, sessionsOf } from "../../tests/harness/oracle.ts";
import { join } from "../../tests/reference/reference.ts";
import { Random } from "../../tests/simulation/random.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE } from "../constants.ts";
import { decodeCell, encodeCell } from "../wire/cell.ts";
import type { Ratchet } from "./ratchet.ts";

const arena = await testArena();
const HEADER = Uint8Array.of(1, 0x10, 0, 0);

interface OnLine {
  readonly frame: Uint8Array;
  readonly exchanged: Exchanged | undefined;
}

/** Two product ratchets in conversation, and beside each a plain one whose state can be read. */
class Conversation implements Disposable {
  readonly real: Record<Side, Ratchet>;
  readonly plain: Record<Side, Oracle>;
  readonly aad: AadOf;
  /** Of the listener: what its last ciphertext completes. */
  #exchanged: Exchanged | undefined;
  readonly #entropy: Record<Side, { real: ReturnType<typeof seededEntropy>; plain: ReturnType<typeof seededEntropy> }>;

  constructor(seed: string) {
    const { A, B } = sessionsOf(seededEntropy(seed));
    const both = (side: Side) => ({ real: seededEntropy(seed + side), plain: seededEntropy(seed + side) });
    this.#entropy = { A: both("A"), B: both("B") };
    this.real = { A: ratchetOf(arena, A), B: ratchetOf(arena, B) };
    const listener = new Oracle(B, (seen) => {
      if (seen.what === "renewal") this.#exchanged = seen;
    });
    this.plain = { A: new Oracle(A), B: listener };
    this.aad = aadOf(A.sessionId, A.dialer, A.listener);
  }

  /** One cell on the line, and what it completes. */
  seal(from: Side): OnLine {
    const due = this.real[from].due(this.#entropy[from].real);
    this.plain[from].due(this.#entropy[from].plain);
    const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
    encodeCell(due ?? { kind: "dummy" }, plaintext);
    const body = new Uint8Array(FRAME_BODY_SIZE);
    this.real[from].seal(HEADER, body, plaintext);
    deepEqual(body, this.plain[from].seal(HEADER, plaintext));
    return { frame: join(HEADER, body), exchanged: due?.kind === "ciphertext" ? this.#exchanged : undefined };
  }

  open(at: Side, frame: Uint8Array): void {
    const body = frame.subarray(HEADER.length);
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    const opened = this.real[at].open(HEADER, body, plaintext);
    ok(opened !== undefined);
    this.real[at].take(opened, decodeCell(plaintext.bytes), this.#entropy[at].real);
    ok(typeof this.plain[at].open(HEADER, body, this.#entropy[at].plain) === "object");
  }

  [Symbol.dispose](): void {
    this.real.A[Symbol.dispose]();
    this.real.B[Symbol.dispose]();
  }
}

interface Heard {
  readonly side: Side;
  readonly broken: BrokenLegs;
  readonly name: string;
  /** Epochs in which he read something, by who sent. */
  readonly read: Record<Side, Set<number>>;
  /** The first that is to shut him out. */
  readonly expected: number;
}

/** A conversation whose two sides tick at random, with a few cells on the line; a reveal of either side, and on for long. */
function listen(seed: number, brokens: readonly BrokenLegs[]): { heard: Heard[]; last: number } {
  const random = new Random(seed);
  using talk = new Conversation(`healing ${seed}`);
  const line: Record<Side, OnLine[]> = { A: [], B: [] };
  const listeners: { readonly heard: Heard; readonly ears: Eavesdropper }[] = [];
  const hear = ({ heard, ears }: (typeof listeners)[number], from: Side, { frame, exchanged }: OnLine) => {
    if (ears.hears(from, frame, exchanged)) heard.read[from].add(numbersOf(frame).epoch);
  };
  const reveal = () => {
    for (const side of ["A", "B"] as const) {
      const { state } = talk.plain[side];
      const expected = firstHealed(side, state);
      for (const broken of brokens) {
        const name = `seed ${seed}, state of ${side}, ${broken} broken, healed by epoch ${expected}`;
        const heard = { side, broken, name, read: { A: new Set<number>(), B: new Set<number>() }, expected };
        const ears = new Eavesdropper(side, state, BROKEN[broken], talk.aad);
        listeners.push({ heard, ears });
        // What is on the line has been heard as well.
        for (const from of ["A", "B"] as const) for (const cell of line[from]) hear({ heard, ears }, from, cell);
      }
    }
  };
  const revealAt = random.int(0, 60);
  for (let step = 0; step < revealAt + 160; step++) {
    if (step === revealAt) reveal();
    const from: Side = random.chance(0.5) ? "A" : "B";
    if (random.chance(0.5) || line[from].length > 3) {
      const cell = line[from].shift();
      if (cell !== undefined) talk.open(from === "A" ? "B" : "A", cell.frame);
      continue;
    }
    const cell = talk.seal(from);
    line[from].push(cell);
    for (const listener of listeners) hear(listener, from, cell);
  }
  const last = Math.min(talk.plain.A.state.sending.epoch, talk.plain.B.state.sending.epoch);
  return { heard: listeners.map(({ heard }) => heard), last };
}

Deno.test("an attacker who learns all of one side and listens is shut out of both directions by the renewal that the page names: 200 times", () => {
  let [reveals, readAfter] = [0, 0];
  for (let seed = 0; seed < 50; seed++) {
    const { heard, last } = listen(seed, ["X25519", "ML-KEM"]);
    for (const { read, expected, name } of heard) {
      ok(last >= expected, `${name}: the renewal has been`);
      for (const from of ["A", "B"] as const) for (const epoch of read[from]) ok(epoch < expected, `${name}: ${from}`);
      reveals++;
      if (read.A.has(expected - 1) || read.B.has(expected - 1)) readAfter++;
    }
  }
  equal(reveals, 200);
  ok(readAfter > 180, `he read on up to that renewal ${readAfter} times`);
});

Deno.test("the control: with both halves broken the attacker reads on in every epoch that follows", () => {
  let followed = 0;
  for (let seed = 0; seed < 25; seed++) {
    const { heard, last } = listen(seed, ["both"]);
    for (const { read, expected, name } of heard) {
      for (let epoch = expected; epoch < last; epoch++) {
        ok(read.A.has(epoch) && read.B.has(epoch), `${name}: epoch ${epoch} of ${last}`);
        followed++;
      }
    }
  }
  ok(followed > 50, `${followed} epochs`);
});
