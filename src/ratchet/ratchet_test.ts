// The ratchet as a box: the pinned exchanges, a second implementation as oracle, every limit from both sides, and above
// all what must not open, with the proof that nothing has changed: the right cells still open afterwards.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  draw,
  fromHex,
  lockedBytes,
  lockedDhSecret,
  lockedKey,
  noEntropy,
  scriptedEntropy,
  seededEntropy,
  testArena,
  toHex,
} from "../../tests/harness/arena.ts";
import { PlainRatchet, type PlainSession } from "../../tests/harness/plain_ratchet.ts";
import { LOW_ORDER_X25519 } from "../../tests/harness/points.ts";
import { type Exchange, type ExchangeFile, testShared, vectors } from "../../tests/harness/vectors.ts";
import { SessionSecrets } from "../auth/handshake.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, MAX_LEFT_KEYS, MAX_SKIPPED_KEYS } from "../constants.ts";
import { sodiumMemory } from "../crypto/sodium.ts";
import { x25519PublicKey } from "../crypto/x25519.ts";
import type { Entropy, Role } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import { type Opened, Ratchet } from "./ratchet.ts";

const arena = await testArena();
const HEADER = Uint8Array.of(1, 0x10, 0, 0);

// --- The pinned exchanges -------------------------------------------------------------------------------------------

function pinned({ inputs, derived, ratchetStart, cells, steps, ratchetEnd }: Exchange) {
  const fresh = { A: [] as string[], B: [ratchetStart.B[1]!.dhPrivate] };
  for (const step of steps) {
    const next = step.op === "open" ? step.rootSteps[1] : undefined;
    if (next !== undefined) fresh[step.at].push(next.dhPrivate);
  }
  const entropy = { A: scriptedEntropy(fresh.A), B: scriptedEntropy(fresh.B) };
  const start = (role: Role, secret: string, own: string, peer: string, self: string, other: string) =>
    Ratchet.start(
      arena,
      new SessionSecrets(
        role,
        lockedKey(arena, derived.RK!),
        lockedBytes(arena, derived.sessionId!),
        lockedDhSecret(arena, secret),
        fromHex(own),
        fromHex(peer),
      ),
      { self: fromHex(self), peer: fromHex(other) },
      role === "dialer" ? entropy.A : entropy.B,
    );
  const { ratchetA, ratchetB } = derived;
  using A = start("dialer", inputs.ratchetPrivateA, ratchetA!, ratchetB!, inputs.peerIdA, inputs.peerIdB);
  using B = start("listener", inputs.ratchetPrivateB, ratchetB!, ratchetA!, inputs.peerIdB, inputs.peerIdA);
  const used: string[] = [];
  for (const step of steps) {
    const cell = cells[step.cell]!;
    const frame = fromHex(cell.frame);
    const ratchet = step.at === "A" ? A : B;
    if (step.op === "seal") {
      const body = new Uint8Array(FRAME_BODY_SIZE);
      ratchet.seal(HEADER, body, fromHex(cell.plaintext));
      equal("01100000" + toHex(body), cell.frame);
      continue;
    }
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    const drawing = step.rootSteps.length > 0 ? entropy[step.at] : noEntropy;
    const opened = ratchet.open(frame.subarray(0, 4), frame.subarray(4), plaintext, drawing);
    const { notes } = step;
    deepEqual(opened, {
      stored: notes.includes("used a skipped key"),
      skipped: notes.some((note) => note.startsWith("stored")),
    });
    equal(toHex(plaintext), cell.plaintext);
    used.push(cell.mk, cell.ckBefore);
  }
  // Forward secrecy, byte for byte: what opened these cells is nowhere in memory any more, while both ratchets live on.
  const memory = Buffer.from(sodiumMemory().buffer);
  for (const secret of used) equal(memory.includes(fromHex(secret)), false);
  equal(entropy.A.left + entropy.B.left, 0);
  deepEqual([A.skippedKeys, B.skippedKeys], [ratchetEnd.A.skippedKeys, ratchetEnd.B.skippedKeys]);
}

Deno.test("seal() and open() give every frame and plaintext of the pinned exchange, and keep no used key", async () => {
  const { exchanges } = await vectors<ExchangeFile>("exchange-v1.json");
  exchanges.forEach(pinned);
  equal(arena.used, 0);
});

testShared<ExchangeFile>("seal() and open() give every frame of all shared exchanges", "exchange-v1.json", (file) => {
  equal(file.exchanges.length, 3);
  file.exchanges.forEach(pinned);
  equal(arena.used, 0);
});

// --- Two sides for the tests ----------------------------------------------------------------------------------------

type Side = "A" | "B";
const other = (side: Side): Side => side === "A" ? "B" : "A";

/** The real ratchets and the plain ones of one session, from the same keys and the same entropy. */
class Pair implements Disposable {
  readonly real: Readonly<Record<Side, Ratchet>>;
  readonly plain: Readonly<Record<Side, PlainRatchet>>;
  readonly #entropy: Readonly<Record<Side, { real: Entropy; plain: Entropy }>>;
  #cells = 0;

  constructor(seed: string) {
    const entropy = seededEntropy(`ratchet_test ${seed}`);
    const [rk, sessionId] = [draw(entropy, 32), draw(entropy, 16)];
    const [dialer, listener] = [draw(entropy, 32), draw(entropy, 32)];
    const secrets = { A: draw(entropy, 32), B: draw(entropy, 32) };
    const publics = { A: publicOf(secrets.A), B: publicOf(secrets.B) };
    const both = (side: Side) => ({ real: seededEntropy(seed + side), plain: seededEntropy(seed + side) });
    this.#entropy = { A: both("A"), B: both("B") };
    const session = (side: Side): PlainSession => ({
      role: side === "A" ? "dialer" : "listener",
      rk,
      sessionId,
      secret: secrets[side],
      peerPublic: publics[other(side)],
      dialer,
      listener,
    });
    const start = (side: Side) =>
      Ratchet.start(
        arena,
        new SessionSecrets(
          session(side).role,
          lockedKey(arena, rk),
          lockedBytes(arena, sessionId),
          lockedDhSecret(arena, secrets[side]),
          publics[side],
          publics[other(side)],
        ),
        side === "A" ? { self: dialer, peer: listener } : { self: listener, peer: dialer },
        this.#entropy[side].real,
      );
    this.real = { A: start("A"), B: start("B") };
    this.plain = {
      A: new PlainRatchet(session("A"), this.#entropy.A.plain),
      B: new PlainRatchet(session("B"), this.#entropy.B.plain),
    };
  }

  /** A cell of the real ratchet, which must be that of the plain one, with a plaintext of its own. */
  seal(side: Side): Uint8Array {
    const plaintext = this.nextPlaintext();
    const body = new Uint8Array(FRAME_BODY_SIZE);
    this.real[side].seal(HEADER, body, plaintext);
    deepEqual(body, this.plain[side].seal(HEADER, plaintext));
    return body;
  }

  seals(side: Side, count: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.seal(side));
  }

  /** Of the plain ratchet alone, whose state a test has bent: the real one of that side is not used any more. */
  forge(side: Side, bend: Partial<PlainRatchet["state"]> = {}): Uint8Array {
    const plain = this.plain[side];
    plain.state = { ...plain.state, ...bend };
    return plain.seal(HEADER, this.nextPlaintext());
  }

  nextPlaintext(): Uint8Array {
    const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
    new DataView(plaintext.buffer).setUint32(1, ++this.#cells);
    return plaintext;
  }

  /** What the real and the plain ratchet both make of a cell: the number in its plaintext. Undefined if neither opens it. */
  open(side: Side, body: Uint8Array, frameHeader: Uint8Array = HEADER): (Opened & { cell: number }) | undefined {
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    plaintext.bytes.fill(0xcc);
    const before = body.slice();
    const opened = this.real[side].open(frameHeader, body, plaintext, this.#entropy[side].real);
    deepEqual(body, before, "the cell is only lent");
    const expected = this.plain[side].open(frameHeader, body, this.#entropy[side].plain);
    if (opened === undefined) {
      equal(expected, undefined, "the oracle opens it");
      ok(plaintext.bytes.every((byte) => byte === 0 || byte === 0xcc), "a refused cell shows nothing of its plaintext");
      return undefined;
    }
    ok(expected !== undefined, "the oracle does not open it");
    equal(toHex(plaintext), toHex(expected));
    equal(this.real[side].skippedKeys, this.plain[side].state.skipped.length);
    return { ...opened, cell: new DataView(expected.buffer, expected.byteOffset).getUint32(1) };
  }

  /** Opens for certain. */
  opens(side: Side, body: Uint8Array, expected: Partial<Opened> = {}) {
    const opened = this.open(side, body);
    ok(opened !== undefined, "the cell does not open");
    for (const [key, value] of Object.entries(expected)) equal(opened[key as keyof Opened], value, key);
  }

  /** Is refused for certain, without entropy. */
  refuses(side: Side, body: Uint8Array, frameHeader: Uint8Array = HEADER) {
    const used = arena.used;
    equal(this.open(side, body, frameHeader), undefined);
    equal(arena.used, used);
  }

  /** One cell there and one back, each under a new key. */
  turn() {
    this.opens("B", this.seal("A"));
    this.opens("A", this.seal("B"));
  }

  [Symbol.dispose](): void {
    this.real.A[Symbol.dispose]();
    this.real.B[Symbol.dispose]();
    equal(arena.used, 0);
  }
}

function publicOf(secret: Uint8Array): Uint8Array {
  using locked = lockedDhSecret(arena, secret);
  const out = new Uint8Array(32);
  x25519PublicKey(out, locked);
  return out;
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3]! ^= 1 << (bit & 7);
  return changed;
}

/** The cell with another pn or n in its header. */
function withHeader(body: Uint8Array, fields: { pn?: number; n?: number; dh?: Uint8Array }): Uint8Array {
  const changed = body.slice();
  const view = new DataView(changed.buffer);
  if (fields.dh !== undefined) changed.set(fields.dh);
  if (fields.pn !== undefined) view.setUint32(32, fields.pn);
  if (fields.n !== undefined) view.setUint32(36, fields.n);
  return changed;
}

// --- The ordinary ---------------------------------------------------------------------------------------------------

Deno.test("both sides may send at once, before either has heard anything", () => {
  using pair = new Pair("both");
  const [fromA, fromB] = [pair.seals("A", 3), pair.seals("B", 3)];
  fromA.forEach((cell) => pair.opens("B", cell, { stored: false, skipped: false }));
  fromB.forEach((cell) => pair.opens("A", cell, { stored: false, skipped: false }));
  for (let i = 0; i < 5; i++) pair.turn();
});

Deno.test("the header has the own key, the length of the chain before and the number, big-endian", () => {
  using pair = new Pair("header");
  const [first, second] = [pair.seal("A"), pair.seal("A")];
  equal(toHex(first.subarray(32, 40)), "0000000000000000");
  equal(toHex(second.subarray(32, 40)), "0000000000000001");
  deepEqual(first.subarray(0, 32), second.subarray(0, 32));
  pair.opens("A", pair.seal("B"));
  const third = pair.seal("A");
  equal(toHex(third.subarray(32, 40)), "0000000200000000");
  ok(toHex(third.subarray(0, 32)) !== toHex(first.subarray(0, 32)));
});

Deno.test("a pair in use holds 12 slots and the skipped keys, however long it runs", () => {
  using pair = new Pair("slots");
  for (let i = 0; i < 3; i++) pair.turn();
  const used = arena.used;
  equal(used, 12);
  for (let i = 0; i < 40; i++) pair.turn();
  equal(arena.used, used);
  pair.opens("B", pair.seals("A", 6)[5]!);
  equal(arena.used, used + 5);
});

Deno.test("late cells open once each, in any order, also after the key has been left", () => {
  using pair = new Pair("late");
  const late = pair.seals("A", 5);
  pair.opens("B", late[4]!, { stored: false, skipped: true });
  for (let i = 0; i < 3; i++) pair.turn();
  for (const at of [2, 0, 3, 1]) pair.opens("B", late[at]!, { stored: true, skipped: false });
  equal(pair.real.B.skippedKeys, 0);
  late.forEach((cell) => pair.refuses("B", cell));
  pair.turn();
});

// --- Against the oracle ---------------------------------------------------------------------------------------------

type Action =
  | { do: "seal"; side: Side; count: number }
  | { do: "deliver"; side: Side; which: number; keep: boolean }
  | { do: "drop"; side: Side; which: number }
  | { do: "tamper"; side: Side; which: number; bit: number }
  | { do: "reflect"; side: Side; which: number };

const side = fc.constantFrom<Side>("A", "B");
const which = fc.nat(1000);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("seal" as const), side, count: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("seal" as const), side, count: fc.integer({ min: 30, max: 40 }) }),
  },
  { weight: 9, arbitrary: fc.record({ do: fc.constant("deliver" as const), side, which, keep: fc.boolean() }) },
  // The newest cell, so that much is skipped, and the oldest.
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("deliver" as const),
      side,
      which: fc.constantFrom(0, -1),
      keep: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("drop" as const), side, which }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("tamper" as const), side, which, bit: fc.nat(FRAME_BODY_SIZE * 8 - 1) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("reflect" as const), side, which }) },
);

Deno.test("in any order of loss, delay and repetition the ratchet does what the oracle does, and opens each cell once", () => {
  let [opened, refused, stored] = [0, 0, 0];
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 60 }), fc.nat(1000), (actions, seed) => {
      using pair = new Pair(`oracle ${seed}`);
      // Cells on their way to a side.
      const towards: Record<Side, Uint8Array[]> = { A: [], B: [] };
      const seen: Record<Side, Set<number>> = { A: new Set(), B: new Set() };
      for (const act of actions) {
        const cells = towards[act.side];
        if (act.do === "seal") {
          towards[other(act.side)].push(...pair.seals(act.side, act.count));
          continue;
        }
        if (cells.length === 0) continue;
        const at = act.which < 0 ? cells.length - 1 : act.which % cells.length;
        const cell = cells[at]!;
        if (act.do === "tamper") pair.refuses(act.side, flipped(cell, act.bit));
        else if (act.do === "reflect") pair.refuses(other(act.side), cell);
        else if (act.do === "drop") cells.splice(at, 1);
        else {
          const result = pair.open(act.side, cell);
          if (result === undefined) refused++;
          else {
            equal(seen[act.side].has(result.cell), false, "opened twice");
            seen[act.side].add(result.cell);
            opened++;
            if (result.stored) stored++;
          }
          if (!act.keep) cells.splice(at, 1);
        }
      }
    }),
    { seed: 4, numRuns: 25 },
  );
  // The run is worth something: all three happened often.
  ok(opened > 100 && refused > 30 && stored > 20, `${opened} opened, ${refused} refused, ${stored} stored`);
});

// --- Limits ---------------------------------------------------------------------------------------------------------

Deno.test("on the chain in use exactly 32 cells may be missing, not 33", () => {
  using pair = new Pair("n");
  const cells = pair.seals("A", 100);
  pair.refuses("B", cells[33]!);
  pair.opens("B", cells[32]!, { skipped: true });
  equal(pair.real.B.skippedKeys, 32);
  pair.refuses("B", cells[33 + 33]!);
  pair.opens("B", cells[33 + 32]!, { skipped: true });
  cells.slice(0, 33).forEach((cell, i) => i < 32 ? pair.opens("B", cell, { stored: true }) : pair.refuses("B", cell));
});

Deno.test("under a new key exactly 32 cells of the new chain may be missing, not 33", () => {
  for (const count of [33, 34]) {
    using pair = new Pair("new n");
    const cells = pair.seals("B", count);
    if (count === 33) pair.opens("A", cells[32]!, { skipped: true });
    else {
      pair.refuses("A", cells[33]!);
      pair.opens("A", cells[0]!);
    }
  }
});

Deno.test("under a new key exactly 32 cells of the old chain may be missing, not 33, and both at once", () => {
  for (const missing of [32, 33]) {
    using pair = new Pair("pn");
    pair.turn();
    pair.opens("B", pair.seal("A"));
    const old = pair.seals("A", missing);
    pair.opens("A", pair.seal("B"));
    const next = pair.seals("A", 33);
    if (missing === 32) {
      pair.opens("B", next[32]!, { stored: false, skipped: true });
      equal(pair.real.B.skippedKeys, 64);
      [...old, ...next.slice(0, 32)].forEach((cell) => pair.opens("B", cell, { stored: true }));
    } else {
      pair.refuses("B", next[32]!);
      pair.refuses("B", next[0]!);
      // One of the old chain makes it 32 again.
      pair.opens("B", old[0]!);
      pair.opens("B", next[0]!, { skipped: true });
      equal(pair.real.B.skippedKeys, 32);
    }
  }
});

Deno.test("128 skipped keys are kept; the 129th drives out the oldest, and no other", () => {
  using pair = new Pair("128");
  const cells = pair.seals("A", 4 * 33 + 2);
  for (const last of [32, 65, 98, 131]) pair.opens("B", cells[last]!);
  equal(pair.real.B.skippedKeys, MAX_SKIPPED_KEYS);
  pair.opens("B", cells[133]!);
  equal(pair.real.B.skippedKeys, MAX_SKIPPED_KEYS);
  pair.refuses("B", cells[0]!);
  pair.opens("B", cells[1]!, { stored: true });
  pair.opens("B", cells[132]!, { stored: true });
  equal(arena.used, 12 - 1 + 126);
});

Deno.test("keys of an old chain are older than those of the new one when some must go", () => {
  using pair = new Pair("order");
  pair.opens("B", pair.seal("A"));
  const old = pair.seals("A", 32);
  pair.opens("A", pair.seal("B"));
  const next = pair.seals("A", 33 + 33 + 33 + 17);
  for (const last of [32, 65, 98, 115]) pair.opens("B", next[last]!);
  // 32 of the old chain and 32 + 32 + 32 + 16 of the new one: 16 too many.
  equal(pair.real.B.skippedKeys, MAX_SKIPPED_KEYS);
  old.slice(0, 16).forEach((cell) => pair.refuses("B", cell));
  old.slice(16).forEach((cell) => pair.opens("B", cell, { stored: true }));
  next.slice(0, 32).forEach((cell) => pair.opens("B", cell, { stored: true }));
});

Deno.test("a pn below what was already received skips nothing, and one above without a chain is refused", () => {
  {
    using pair = new Pair("pn below");
    pair.turn();
    pair.seals("A", 3).forEach((cell) => pair.opens("B", cell));
    pair.opens("A", pair.seal("B"));
    pair.opens("B", pair.forge("A", { pn: 1 }), { stored: false, skipped: false });
    equal(pair.real.B.skippedKeys, 0);
  }
  {
    using pair = new Pair("pn without a chain");
    pair.refuses("A", pair.forge("B", { pn: 1 }));
    pair.refuses("A", pair.forge("B", { pn: 32 }));
    // Those were number 0 and 1 of the chain.
    pair.opens("A", pair.forge("B", { pn: 0 }), { skipped: true });
  }
});

Deno.test("n and pn are unsigned: the largest ones are refused at once, like any that is too large", () => {
  using pair = new Pair("unsigned");
  pair.turn();
  const cell = pair.seal("A");
  for (const n of [0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]) {
    pair.refuses("B", withHeader(cell, { n }));
    pair.refuses("B", withHeader(cell, { pn: n }));
    pair.refuses("B", withHeader(cell, { n, pn: n, dh: new Uint8Array(32).fill(9) }));
    pair.refuses("B", withHeader(cell, { n: 0, pn: n, dh: new Uint8Array(32).fill(9) }));
  }
  pair.opens("B", cell);
});

Deno.test("a sender seals up to the number before the last and not the last", async () => {
  // Nobody waits for 2^32 cells: the same source with a lower last number.
  const url = new URL("./ratchet.ts", import.meta.url);
  const source = (await Deno.readTextFile(url))
    .replace(/(import \{\s*)LAST_COUNTER,/, "const LAST_COUNTER = 3;\n$1")
    .replace(/from "(\.[^"]+)"/g, (_, path: string) => `from "${new URL(path, url).href}"`);
  ok(source.includes("const LAST_COUNTER = 3;"));
  const blob = URL.createObjectURL(new Blob([source], { type: "application/typescript" }));
  const { Ratchet: Short } = await import(blob) as { Ratchet: typeof Ratchet };
  URL.revokeObjectURL(blob);
  const entropy = seededEntropy("short");
  using ratchet = Short.start(arena, newSecrets("dialer", entropy), {
    self: draw(entropy, 32),
    peer: draw(entropy, 32),
  }, noEntropy);
  const body = new Uint8Array(FRAME_BODY_SIZE);
  for (let n = 0; n < 3; n++) {
    equal(ratchet.canSeal, true);
    ratchet.seal(HEADER, body, new Uint8Array(CELL_PLAINTEXT_SIZE));
    equal(body[39], n);
  }
  equal(ratchet.canSeal, false);
  body.fill(0);
  throws(() => ratchet.seal(HEADER, body, new Uint8Array(CELL_PLAINTEXT_SIZE)), RangeError);
  ok(body.every((byte) => byte === 0));
});

function newSecrets(role: Role, entropy: Entropy, peer?: Uint8Array): SessionSecrets {
  const secret = draw(entropy, 32);
  return new SessionSecrets(
    role,
    lockedKey(arena, draw(entropy, 32)),
    lockedBytes(arena, draw(entropy, 16)),
    lockedDhSecret(arena, secret),
    publicOf(secret),
    peer ?? publicOf(draw(entropy, 32)),
  );
}

// --- What must not open ---------------------------------------------------------------------------------------------

Deno.test("a replayed cell is refused: at once, after others, and after a ratchet step", () => {
  using pair = new Pair("replay");
  const cells = pair.seals("A", 3);
  cells.forEach((cell) => pair.opens("B", cell));
  cells.forEach((cell) => pair.refuses("B", cell));
  pair.turn();
  pair.turn();
  cells.forEach((cell) => pair.refuses("B", cell));
  pair.turn();
});

Deno.test("a cell under a key that was left is refused", () => {
  using pair = new Pair("left");
  const early = pair.seals("A", 2);
  pair.opens("B", early[0]!);
  pair.opens("A", pair.seal("B"));
  // pn = 2, so the key of early[1] is stored; it is used up, and then the same cell is stale.
  pair.opens("B", pair.seal("A"));
  pair.opens("B", early[1]!, { stored: true });
  pair.refuses("B", early[1]!);
  pair.refuses("B", withHeader(early[1]!, { n: 7 }));
  pair.turn();
});

/** Slots taken while a cell is refused: 0 means that nothing was derived for it. */
function workFor(pair: Pair, side: Side, body: Uint8Array): number {
  using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  let taken = 0;
  const { key } = arena;
  arena.key = () => {
    taken++;
    return key.call(arena);
  };
  try {
    equal(pair.real[side].open(HEADER, body, plaintext, noEntropy), undefined);
  } finally {
    arena.key = key;
  }
  return taken;
}

Deno.test("a replay, a skip that is too long and any of the last 64 left keys cost no work, an older one a tag", () => {
  using pair = new Pair("work");
  const first = pair.seal("A");
  pair.opens("B", first);
  equal(workFor(pair, "B", first), 0, "a replay on the chain in use");
  ok(workFor(pair, "B", withHeader(first, { n: 1 + 32 })) > 32, "the control: as many as may be skipped");
  equal(workFor(pair, "B", withHeader(first, { n: 1 + 33 })), 0);
  const dh = new Uint8Array(32).fill(9);
  ok(workFor(pair, "B", withHeader(first, { dh, pn: 1 + 32, n: 32 })) > 64);
  equal(workFor(pair, "B", withHeader(first, { dh, pn: 1 + 33, n: 0 })), 0);
  equal(workFor(pair, "B", withHeader(first, { dh, pn: 0, n: 33 })), 0);

  pair.opens("A", pair.seal("B"));
  for (let left = 1; left <= MAX_LEFT_KEYS; left++) {
    pair.turn();
    equal(workFor(pair, "B", first), 0, `${left} left`);
  }
  pair.turn();
  ok(workFor(pair, "B", first) > 0);
  pair.turn();
});

Deno.test("a cell sent back to its sender is refused, also under the AAD of the other direction", () => {
  using pair = new Pair("reflection");
  for (let i = 0; i < 3; i++) {
    const [fromA, fromB] = [pair.seal("A"), pair.seal("B")];
    pair.refuses("A", fromA);
    pair.refuses("B", fromB);
    pair.opens("B", fromA);
    pair.opens("A", fromB);
  }
});

Deno.test("a cell of another session with the same phrase and peers is refused", () => {
  using pair = new Pair("session one");
  const foreign: Uint8Array[] = [];
  pair.turn();
  const kept = pair.seal("A");
  pair[Symbol.dispose]();
  {
    using second = new Pair("session two");
    second.turn();
    foreign.push(kept, withHeader(kept, { dh: second.seal("A").slice(0, 32) }));
    foreign.forEach((cell) => second.refuses("B", cell));
    second.turn();
  }
});

Deno.test("every changed bit of both headers is refused, on the chain in use and with a ratchet step, and changes nothing", () => {
  for (const step of [false, true]) {
    using pair = new Pair("header bits");
    pair.turn();
    const first = pair.seal("A");
    if (!step) pair.opens("B", first);
    const cell = step ? first : pair.seal("A");
    for (let bit = 0; bit < 320; bit++) pair.refuses("B", flipped(cell, bit));
    for (let bit = 0; bit < 32; bit++) pair.refuses("B", cell, flipped(HEADER, bit));
    pair.opens("B", cell, { stored: false, skipped: false });
    pair.turn();
  }
});

Deno.test("changed ciphertext and tag are refused and change nothing, for a stored key too", () => {
  using pair = new Pair("body bits");
  pair.turn();
  const cells = pair.seals("A", 4);
  pair.opens("B", cells[1]!);
  for (const cell of [cells[0]!, cells[2]!, cells[3]!]) {
    for (const bit of [320, 321, 5000, FRAME_BODY_SIZE * 8 - 129, FRAME_BODY_SIZE * 8 - 128, FRAME_BODY_SIZE * 8 - 1]) {
      pair.refuses("B", flipped(cell, bit));
    }
  }
  equal(pair.real.B.skippedKeys, 1);
  pair.opens("B", cells[3]!, { skipped: true });
  pair.opens("B", cells[0]!, { stored: true });
  pair.opens("B", cells[2]!, { stored: true });
});

Deno.test("a key of low order in a header is refused without entropy and changes nothing", () => {
  using pair = new Pair("low order");
  pair.turn();
  const cell = pair.seal("A");
  for (const point of LOW_ORDER_X25519) {
    for (const high of [0, 0x80]) {
      const dh = fromHex(point);
      dh[31]! |= high;
      using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
      equal(pair.real.B.open(HEADER, withHeader(cell, { dh, pn: 0, n: 0 }), plaintext, noEntropy), undefined);
    }
  }
  pair.opens("B", cell);
});

Deno.test("a failed open draws no entropy, whatever it fails on", () => {
  using pair = new Pair("entropy");
  pair.turn();
  const cell = pair.seal("A");
  const garbage = draw(seededEntropy("garbage"), FRAME_BODY_SIZE);
  using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  for (const body of [flipped(cell, 5), flipped(cell, 4000), garbage, withHeader(garbage, { pn: 0, n: 0 })]) {
    equal(pair.real.B.open(HEADER, body, plaintext, noEntropy), undefined);
  }
  pair.opens("B", cell);
});

Deno.test("start() refuses a peer's key of low order on both sides and wipes the secrets", () => {
  const entropy = seededEntropy("start");
  for (const role of ["dialer", "listener"] as const) {
    for (const point of LOW_ORDER_X25519) {
      const secrets = newSecrets(role, entropy, fromHex(point));
      throws(
        () => Ratchet.start(arena, secrets, { self: draw(entropy, 32), peer: draw(entropy, 32) }, noEntropy),
        (error) => error instanceof ProtocolViolation && error.violation === "ratchet key",
      );
      equal(arena.used, 0);
    }
  }
});

Deno.test("a cell under the listener's handshake key is refused: the dialer has no chain for it", () => {
  using pair = new Pair("no chain");
  const fromB = pair.seal("B");
  const ratchetB = toHex(pair.plain.A.state.dhr);
  pair.refuses("A", withHeader(fromB, { dh: fromHex(ratchetB) }));
  pair.opens("A", fromB);
  pair.refuses("A", withHeader(fromB, { dh: fromHex(ratchetB) }));
});

Deno.test("dispose() gives back every slot, with skipped keys kept, and a second one does nothing", () => {
  const pair = new Pair("dispose");
  pair.opens("B", pair.seals("A", 20)[19]!);
  pair.opens("A", pair.seals("B", 20)[19]!);
  pair[Symbol.dispose]();
  equal(arena.used, 0);
  pair[Symbol.dispose]();
  equal(arena.used, 0);
  throws(
    () => pair.real.A.seal(HEADER, new Uint8Array(FRAME_BODY_SIZE), new Uint8Array(CELL_PLAINTEXT_SIZE)),
    TypeError,
  );
});

Deno.test("a ratchet prints none of its secrets", () => {
  using pair = new Pair("print");
  const { rk, cks, dhs } = pair.plain.A.state;
  for (const text of [Deno.inspect(pair.real.A, { depth: 9, showHidden: true }), JSON.stringify(pair.real.A)]) {
    for (const secret of [rk, cks, dhs]) {
      equal(text.includes(toHex(secret)), false);
      equal(text.includes([...secret.slice(0, 8)].join(", ")), false);
    }
  }
});
