// The ratchet as a box: the exchanges, a second implementation as oracle, every limit from both sides, every violation, and
// above all what must not open, with the proof that nothing has changed: the right cells still open afterwards.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { fromHex, noEntropy, scriptedEntropy, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { Oracle, ratchetOf, sessionsOf } from "../../tests/harness/oracle.ts";
import { LOW_ORDER_X25519 } from "../../tests/harness/points.ts";
import { type Exchange, type ExchangeFile, vectors } from "../../tests/harness/vectors.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, KEY_CELL, MAX_CHAIN_CELLS, MAX_SKIPPED_KEYS } from "../constants.ts";
import { sodiumMemory } from "../crypto/sodium.ts";
import type { Entropy, Role } from "../ports.ts";
import { ProtocolViolation } from "../protocol_violation.ts";
import type { LockedBytes } from "../secrets/locked.ts";
import { type Opened, Ratchet } from "./ratchet.ts";

const arena = await testArena();
const HEADER = Uint8Array.of(1, 0x10, 0, 0);

// --- The exchanges --------------------------------------------------------------------------------------------------

function ratchetsOf({ inputs, derived }: Exchange): Record<Side, Ratchet> {
  const [rk, sessionId] = [fromHex(derived.RK!), fromHex(derived.sessionId!)];
  const common = { rk, sessionId, dialer: fromHex(inputs.peerIdA), listener: fromHex(inputs.peerIdB) };
  const start = (role: Role, secret: string, peer: string) =>
    ratchetOf(arena, { ...common, role, secret: fromHex(secret), peerPublic: fromHex(peer) });
  return {
    A: start("dialer", inputs.ratchetPrivateA, derived.ratchetB!),
    B: start("listener", inputs.ratchetPrivateB, derived.ratchetA!),
  };
}

function pinned(exchange: Exchange) {
  const { inputs, epoch0, renewals, cells, steps, ratchetEnd } = exchange;
  const entropy = {
    A: scriptedEntropy(renewals.flatMap(({ kemSeed, dhPrivateA }) => [kemSeed, dhPrivateA])),
    B: scriptedEntropy(renewals.flatMap(({ kemM, dhPrivateB }) => [kemM, dhPrivateB])),
  };
  const sides = ratchetsOf(exchange);
  using A = sides.A;
  using B = sides.B;
  const used: string[] = [inputs.ratchetPrivateA, inputs.ratchetPrivateB, epoch0.dh, epoch0.rk];
  for (const step of steps) {
    const cell = cells[step.cell]!;
    const frame = fromHex(cell.frame);
    const ratchet = step.at === "A" ? A : B;
    if (step.op === "seal") {
      const due = ratchet.due(entropy[step.at]);
      const isRenewal = cell.kind === "key" || cell.kind === "ciphertext";
      equal(due?.kind, isRenewal ? cell.kind : undefined);
      if (due !== undefined) equal(cell.plaintext.slice(2, 2 + 2 * due.body.length), toHex(due.body));
      const body = new Uint8Array(FRAME_BODY_SIZE);
      ratchet.seal(HEADER, body, fromHex(cell.plaintext));
      equal("01100000" + toHex(body), cell.frame);
      continue;
    }
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    const opened = ratchet.open(frame.subarray(0, 4), frame.subarray(4), plaintext);
    deepEqual(opened, { stored: step.stored === true, skipped: step.stores !== undefined, n: cell.header.n });
    equal(toHex(plaintext), cell.plaintext);
    ratchet.take(opened!, cellOf(plaintext.bytes), step.at === "B" && step.epoch !== undefined ? entropy.B : noEntropy);
    used.push(cell.mk, cell.ckBefore);
  }
  const last = renewals.at(-1)!;
  for (const { kemSeed, dhPrivateA, kemM, dhPrivateB, ss, dh, rk } of renewals) {
    used.push(kemSeed.slice(0, 64), kemSeed.slice(64), dhPrivateA, kemM, dhPrivateB, ss, dh);
    if (rk !== last.rk) used.push(rk);
  }
  // Forward secrecy, byte for byte: what opened these cells and made these epochs is nowhere in memory any more, while
  // both ratchets live on.
  const memory = Buffer.from(sodiumMemory().buffer);
  for (const secret of used) equal(memory.includes(fromHex(secret)), false, secret);
  equal(memory.includes(fromHex(last.rk)), true, "the control: what is still needed is found");
  equal(entropy.A.left + entropy.B.left, 0);
  deepEqual([A.skippedKeys, B.skippedKeys], [ratchetEnd.A.stored.length, ratchetEnd.B.stored.length]);
}

Deno.test("seal(), open() and take() give every frame and plaintext of the three exchanges, and keep no used key", async () => {
  const { exchanges } = await vectors<ExchangeFile>("exchange-v1.json");
  equal(exchanges.length, 3);
  exchanges.forEach(pinned);
  equal(arena.used, 0);
});

// --- Two sides for the tests ----------------------------------------------------------------------------------------

type Side = "A" | "B";
const other = (side: Side): Side => side === "A" ? "B" : "A";

/** As the codec does: what the first byte says, and the part that it says is there. */
function cellOf(plaintext: Uint8Array) {
  if (plaintext[0] === 2) return { kind: "key", body: plaintext.subarray(1, 1217) } as const;
  if (plaintext[0] === 3) return { kind: "ciphertext", body: plaintext.subarray(1, 1121) } as const;
  return { kind: plaintext[0] === 1 ? "fragment" : "dummy" } as const;
}

type Outcome = (Opened & { cell: number }) | "violation" | undefined;

/** The real ratchets and the plain ones of one session, from the same keys and the same entropy. */
class Pair implements Disposable {
  readonly real: Readonly<Record<Side, Ratchet>>;
  readonly plain: Readonly<Record<Side, Oracle>>;
  readonly entropy: Readonly<Record<Side, { real: Entropy; plain: Entropy }>>;
  readonly #base = arena.used;
  #cells = 0;

  constructor(seed: string, Implementation: typeof Ratchet = Ratchet) {
    const { A, B } = sessionsOf(seededEntropy(`ratchet_test ${seed}`));
    const both = (side: Side) => ({ real: seededEntropy(seed + side), plain: seededEntropy(seed + side) });
    this.entropy = { A: both("A"), B: both("B") };
    this.real = { A: ratchetOf(arena, A, Implementation), B: ratchetOf(arena, B, Implementation) };
    this.plain = { A: new Oracle(A), B: new Oracle(B) };
  }

  /** A cell of the real ratchet, which must be that of the plain one: of a renewal when one is due, else with a number. */
  seal(side: Side): Uint8Array {
    const due = this.real[side].due(this.entropy[side].real);
    const plainDue = this.plain[side].due(this.entropy[side].plain);
    equal(due === undefined, plainDue === undefined);
    if (due !== undefined) {
      equal(due.kind, plainDue![0] === 2 ? "key" : "ciphertext");
      deepEqual(due.body, plainDue!.slice(1, 1 + due.body.length));
    }
    const plaintext = plainDue ?? this.nextPlaintext();
    const body = new Uint8Array(FRAME_BODY_SIZE);
    this.real[side].seal(HEADER, body, plaintext);
    deepEqual(body, this.plain[side].seal(HEADER, plaintext));
    return body;
  }

  seals(side: Side, count: number): Uint8Array[] {
    return Array.from({ length: count }, () => this.seal(side));
  }

  /**
   * Of the plain ratchet alone, whose state a test may have bent: the real one of that side is not used any more. Whatever
   * is due, unless it is given.
   */
  forge(side: Side, plaintext: Uint8Array = this.nextPlaintext(), n?: number): Uint8Array {
    return this.plain[side].seal(HEADER, plaintext, n);
  }

  bend(side: Side, bend: (state: Oracle["state"]) => Partial<Oracle["state"]>): void {
    this.plain[side].bend(bend(this.plain[side].state));
  }

  bendPn(side: Side, pn: number): void {
    this.bend(side, ({ sending }) => ({ sending: { ...sending, pn } }));
  }

  nextPlaintext(): Uint8Array {
    const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
    plaintext[0] = 1;
    new DataView(plaintext.buffer).setUint32(1, ++this.#cells);
    return plaintext;
  }

  /** What the real and the plain ratchet both make of a cell. Undefined if neither opens it. */
  open(side: Side, body: Uint8Array, frameHeader: Uint8Array = HEADER): Outcome {
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    plaintext.bytes.fill(0xcc);
    const before = body.slice();
    const opened = this.#openReal(side, frameHeader, body, plaintext);
    deepEqual(body, before, "the cell is only lent");
    const expected = this.plain[side].open(frameHeader, body, this.entropy[side].plain);
    if (opened === undefined) {
      equal(expected, undefined, "the oracle opens it");
      ok(plaintext.bytes.every((byte) => byte === 0 || byte === 0xcc), "a refused cell shows nothing of its plaintext");
      return undefined;
    }
    ok(expected !== undefined, "the oracle does not open it");
    if (opened === "violation" || expected === "violation") {
      equal(opened, expected);
      return "violation";
    }
    equal(toHex(plaintext), toHex(expected.plaintext));
    deepEqual(opened, { stored: expected.stored, skipped: expected.skipped, n: expected.n });
    equal(this.real[side].skippedKeys, this.plain[side].state.stored.length);
    return { ...opened, cell: new DataView(expected.plaintext.buffer).getUint32(1) };
  }

  #openReal(
    side: Side,
    frameHeader: Uint8Array,
    body: Uint8Array,
    plaintext: LockedBytes,
  ): Opened | "violation" | undefined {
    const ratchet = this.real[side];
    try {
      const opened = ratchet.open(frameHeader, body, plaintext);
      if (opened !== undefined) ratchet.take(opened, cellOf(plaintext.bytes), this.entropy[side].real);
      return opened;
    } catch (error) {
      if (!(error instanceof ProtocolViolation)) throw error;
      return "violation";
    }
  }

  /** Opens for certain. */
  opens(side: Side, body: Uint8Array, expected: Partial<Opened> = {}) {
    const opened = this.open(side, body);
    ok(opened !== undefined, "the cell does not open");
    ok(opened !== "violation", "the cell is a violation");
    for (const [key, value] of Object.entries(expected)) equal(opened[key as keyof Opened], value, key);
  }

  /** Fails for certain, without entropy and without a slot kept. */
  refuses(side: Side, body: Uint8Array, frameHeader: Uint8Array = HEADER) {
    const used = arena.used;
    equal(this.open(side, body, frameHeader), undefined);
    equal(arena.used, used);
  }

  violates(side: Side, body: Uint8Array) {
    equal(this.open(side, body), "violation");
  }

  /** The next `count` cells of a side, opened by the other. */
  pass(side: Side, count: number): void {
    for (let i = 0; i < count; i++) this.opens(other(side), this.seal(side));
  }

  /** From the first cell of an epoch to the first one of the next, with both chains in use. */
  renew(): void {
    this.pass("A", KEY_CELL + 1);
    this.pass("B", 2);
    this.pass("A", 1);
  }

  [Symbol.dispose](): void {
    this.real.A[Symbol.dispose]();
    this.real.B[Symbol.dispose]();
    equal(arena.used, this.#base);
  }
}

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3]! ^= 1 << (bit & 7);
  return changed;
}

interface Header {
  readonly epoch: number;
  readonly pn: number;
  readonly n: number;
}

/** The cell with other fields in its header. */
function withHeader(body: Uint8Array, fields: Partial<Header>): Uint8Array {
  const changed = body.slice();
  const view = new DataView(changed.buffer);
  if (fields.epoch !== undefined) view.setUint32(0, fields.epoch);
  if (fields.pn !== undefined) view.setUint16(4, fields.pn);
  if (fields.n !== undefined) view.setUint16(6, fields.n);
  return changed;
}

function headerOf(body: Uint8Array): Header {
  const view = new DataView(body.buffer, body.byteOffset);
  return { epoch: view.getUint32(0), pn: view.getUint16(4), n: view.getUint16(6) };
}

// --- The ordinary ---------------------------------------------------------------------------------------------------

Deno.test("both sides may send at once, before either has heard anything", () => {
  using pair = new Pair("both");
  const [fromA, fromB] = [pair.seals("A", 3), pair.seals("B", 3)];
  fromA.forEach((cell) => pair.opens("B", cell, { stored: false, skipped: false }));
  fromB.forEach((cell) => pair.opens("A", cell, { stored: false, skipped: false }));
  for (let i = 0; i < 5; i++) pair.renew();
});

Deno.test("the header has the epoch, the length of the chain before and the number, big-endian", () => {
  using pair = new Pair("header");
  deepEqual(pair.seals("A", 2).map((cell) => toHex(cell.subarray(0, 8))), ["0000000000000000", "0000000000000001"]);
  using second = new Pair("header two");
  second.pass("B", 3);
  second.renew();
  const [a, b] = [second.seal("A"), second.seal("B")];
  equal(toHex(a.subarray(0, 8)), "0000000100090001");
  equal(toHex(b.subarray(0, 8)), "0000000100040001");
});

Deno.test("in each epoch the dialer's cell 8 is the key, the listener's next cell the ciphertext, and both go on in the next", () => {
  using pair = new Pair("places");
  pair.renew();
  for (let epoch = 1; epoch < 6; epoch++) {
    // The dialer has sent its first cell of this epoch, the listener too.
    for (let n = 1; n <= KEY_CELL; n++) {
      const due = pair.real.A.due(pair.entropy.A.real);
      equal(due?.kind, n === KEY_CELL ? "key" : undefined);
      pair.plain.A.due(pair.entropy.A.plain);
      const cell = pair.seal("A");
      deepEqual([headerOf(cell).epoch, headerOf(cell).n], [epoch, n]);
      equal(pair.real.B.due(noEntropy), undefined);
      pair.opens("B", cell);
    }
    equal(pair.real.A.due(noEntropy), undefined, "one key in each epoch");
    equal(pair.real.B.due(noEntropy)?.kind, "ciphertext");
    const ciphertext = pair.seal("B");
    equal(headerOf(ciphertext).epoch, epoch);
    equal(pair.real.B.due(noEntropy), undefined);
    const first = pair.seal("B");
    deepEqual(headerOf(first), { epoch: epoch + 1, pn: headerOf(ciphertext).n + 1, n: 0 });
    // On the old chain until the ciphertext has come.
    equal(headerOf(pair.seal("A")).epoch, epoch);
    pair.opens("A", ciphertext);
    pair.opens("A", first);
    const next = pair.seal("A");
    deepEqual(headerOf(next), { epoch: epoch + 1, pn: KEY_CELL + 2, n: 0 });
    pair.opens("B", next, { skipped: true });
  }
});

Deno.test("a dialer nine times as fast leaves the listener every second cell, and each epoch still has its renewal", () => {
  using pair = new Pair("paces");
  let words = 0;
  for (let tick = 0; tick < 40; tick++) {
    pair.seals("A", 9).forEach((cell) => pair.opens("B", cell));
    const due = pair.real.B.due(noEntropy);
    if (due === undefined) words++;
    const cell = pair.seal("B");
    if (due !== undefined && tick > 0) deepEqual(headerOf(cell).n, 1, "never directly behind another");
    pair.opens("A", cell);
  }
  deepEqual([words, pair.plain.A.state.sending.epoch], [20, 20]);
});

Deno.test("a dialer takes a ciphertext directly behind another, from a listener that answers each key at once", () => {
  using pair = new Pair("at once");
  const asks = () => pair.seals("A", KEY_CELL + 1).forEach((cell) => pair.opens("B", cell));
  asks();
  pair.opens("A", pair.seal("B"));
  asks();
  const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE).fill(3, 0, 1);
  plaintext.set(pair.plain.B.state.ciphertext!, 1);
  const ciphertext = pair.forge("B", plaintext);
  deepEqual(headerOf(ciphertext), { epoch: 1, pn: 1, n: 0 });
  pair.opens("A", ciphertext);
  pair.bend("B", ({ nextSending, sending }) => ({
    ciphertext: undefined,
    nextSending: undefined,
    sending: { ...nextSending!, pn: sending.n },
  }));
  const first = pair.forge("B");
  deepEqual(headerOf(first), { epoch: 2, pn: 1, n: 0 });
  pair.opens("A", first);
});

Deno.test("makeKey() makes the key that is due once, after cell 7 and not before, and due() then draws nothing", () => {
  using pair = new Pair("quiet");
  for (let n = 0; n < KEY_CELL; n++) {
    equal(pair.real.A.wantsKey, false);
    pair.real.A.makeKey(noEntropy);
    pair.opens("B", pair.seal("A"));
  }
  equal(pair.real.B.wantsKey, false);
  equal(pair.real.A.wantsKey, true);
  pair.real.A.makeKey(pair.entropy.A.real);
  equal(pair.real.A.wantsKey, false);
  pair.real.A.makeKey(noEntropy);
  const due = pair.real.A.due(noEntropy);
  deepEqual(due?.body, pair.plain.A.due(pair.entropy.A.plain)!.slice(1, 1217));
  pair.opens("B", pair.seal("A"));
  equal(pair.real.A.wantsKey, false);
  pair.pass("B", 2);
});

Deno.test("a pair holds five slots each, the renewal's while it lasts, and the skipped keys, however long it runs", () => {
  using pair = new Pair("slots");
  const held = () => arena.used;
  equal(held(), 10);
  for (let i = 0; i < 20; i++) {
    pair.pass("A", KEY_CELL - (i === 0 ? 0 : 1));
    equal(held(), 10);
    const key = pair.seal("A");
    equal(held(), 10 + 2, "the dialer's seed and X25519 key");
    pair.opens("B", key);
    equal(held(), 12 + 2, "the listener's two next chains");
    const ciphertext = pair.seal("B");
    equal(held(), 12 + 1, "and the old sending chain is gone");
    pair.opens("A", ciphertext);
    equal(held(), 11 + 1, "the dialer's next receiving chain instead of seed, key and old chain");
    pair.pass("B", 1);
    equal(held(), 11);
    pair.pass("A", 1);
    equal(held(), 10);
  }
  pair.opens("B", pair.seals("A", 6)[5]!);
  equal(held(), 10 + 5);
});

Deno.test("late cells open once each, in any order, over one change of epoch, and not over two", () => {
  using pair = new Pair("late");
  const late = pair.seals("A", 5);
  pair.opens("B", late[4]!, { stored: false, skipped: true });
  pair.pass("A", 4);
  pair.pass("B", 2);
  pair.pass("A", 1); // epoch 1
  for (const at of [2, 0, 3]) pair.opens("B", late[at]!, { stored: true, skipped: false });
  equal(pair.real.B.skippedKeys, 1);
  pair.pass("A", KEY_CELL);
  pair.pass("B", 2);
  equal(pair.real.B.skippedKeys, 1);
  pair.pass("A", 1); // epoch 2
  equal(pair.real.B.skippedKeys, 0);
  late.forEach((cell) => pair.refuses("B", cell));
  pair.pass("A", 1);
});

Deno.test("the listener's late cells open too, and those of the old chain are forgotten when the second epoch begins", () => {
  using pair = new Pair("late from B");
  const late = pair.seals("B", 4);
  pair.opens("A", late[3]!, { skipped: true });
  pair.renew();
  pair.opens("A", late[0]!, { stored: true });
  pair.pass("A", KEY_CELL);
  pair.pass("B", 1);
  pair.opens("A", late[1]!, { stored: true });
  pair.pass("B", 1);
  pair.refuses("A", late[2]!);
});

// --- Against the oracle ---------------------------------------------------------------------------------------------

type Action =
  | { do: "seal"; side: Side; count: number }
  | { do: "deliver"; side: Side; which: number; keep: boolean }
  | { do: "all"; side: Side }
  | { do: "talk" }
  | { do: "drop"; side: Side; which: number }
  | { do: "tamper"; side: Side; which: number; bit: number }
  | { do: "reflect"; side: Side; which: number };

const side = fc.constantFrom<Side>("A", "B");
const which = fc.nat(1000);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("seal" as const), side, count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("seal" as const), side, count: fc.integer({ min: 30, max: 40 }) }),
  },
  { weight: 9, arbitrary: fc.record({ do: fc.constant("deliver" as const), side, which, keep: fc.boolean() }) },
  // All that is on its way, in order, and a piece of conversation: so it gets through renewals.
  { weight: 4, arbitrary: fc.constant({ do: "talk" as const }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant("all" as const), side }) },
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
  let [opened, refused, stored, renewed] = [0, 0, 0, 0];
  fc.assert(
    fc.property(fc.array(action, { minLength: 20, maxLength: 80 }), fc.nat(1000), (actions, seed) => {
      using pair = new Pair(`oracle ${seed}`);
      // Cells on their way to a side.
      const towards: Record<Side, Uint8Array[]> = { A: [], B: [] };
      const seen: Record<Side, Set<string>> = { A: new Set(), B: new Set() };
      const deliver = (to: Side, cell: Uint8Array) => {
        const result = pair.open(to, cell);
        // Two honest sides: nothing that is only late, lost or repeated is ever a violation.
        ok(result !== "violation", "a violation");
        if (result === undefined) return void refused++;
        const name = toHex(cell.subarray(0, 8));
        equal(seen[to].has(name), false, "opened twice");
        seen[to].add(name);
        opened++;
        if (result.stored) stored++;
      };
      for (const act of actions) {
        if (act.do === "talk") {
          for (const [from, count] of [["A", 5], ["B", 2], ["A", 1], ["B", 1]] as const) {
            towards[other(from)].push(...pair.seals(from, count));
            towards[other(from)].splice(0).forEach((cell) => deliver(other(from), cell));
          }
          continue;
        }
        const cells = towards[act.side];
        if (act.do === "seal") towards[other(act.side)].push(...pair.seals(act.side, act.count));
        if (act.do === "all") cells.splice(0).forEach((cell) => deliver(act.side, cell));
        if (cells.length === 0 || !("which" in act)) continue;
        const at = act.which < 0 ? cells.length - 1 : act.which % cells.length;
        const cell = cells[at]!;
        if (act.do === "tamper") pair.refuses(act.side, flipped(cell, act.bit));
        else if (act.do === "reflect") pair.refuses(other(act.side), cell);
        else if (act.do === "drop") cells.splice(at, 1);
        else {
          deliver(act.side, cell);
          if (!act.keep) cells.splice(at, 1);
        }
      }
      renewed += pair.plain.A.state.sending.epoch;
    }),
    { seed: 4, numRuns: 60 },
  );
  // The run is worth something: all of it happened often.
  const seen = `${opened} opened, ${refused} refused, ${stored} stored, ${renewed} renewed`;
  ok(opened > 2000 && refused > 40 && stored > 100 && renewed > 100, seen);
});

// --- Limits ---------------------------------------------------------------------------------------------------------

Deno.test("on the chain in use exactly 32 cells may be missing, not 33", () => {
  using pair = new Pair("n");
  const cells = pair.seals("B", 100);
  pair.refuses("A", cells[33]!);
  pair.opens("A", cells[32]!, { skipped: true });
  equal(pair.real.A.skippedKeys, 32);
  pair.refuses("A", cells[33 + 33]!);
  pair.opens("A", cells[33 + 32]!, { skipped: true });
  cells.slice(0, 33).forEach((cell, i) => i < 32 ? pair.opens("A", cell, { stored: true }) : pair.refuses("A", cell));
});

Deno.test("of the next epoch's chain exactly 32 cells may be missing, not 33", () => {
  for (const count of [33, 34]) {
    using pair = new Pair("new n");
    pair.pass("A", KEY_CELL + 1);
    pair.pass("B", 1);
    const cells = pair.seals("B", count);
    if (count === 33) pair.opens("A", cells[32]!, { skipped: true });
    else {
      pair.refuses("A", cells[33]!);
      pair.opens("A", cells[0]!);
    }
  }
});

Deno.test("of the old chain exactly 32 cells may be missing when the next epoch begins, not 33, and up to 8 of the new one", () => {
  for (const missing of [32, 33]) {
    using pair = new Pair("pn");
    pair.pass("A", KEY_CELL + 1);
    const old = pair.seals("A", missing);
    pair.pass("B", 2);
    const next = pair.seals("A", KEY_CELL + 1);
    if (missing === 32) {
      pair.opens("B", next[KEY_CELL]!, { stored: false, skipped: true });
      equal(pair.real.B.skippedKeys, 40);
      [...old, ...next.slice(0, KEY_CELL)].forEach((cell) => pair.opens("B", cell, { stored: true }));
    } else {
      pair.refuses("B", next[KEY_CELL]!);
      pair.refuses("B", next[0]!);
      // One of the old chain makes it 32 again.
      pair.opens("B", old[0]!);
      pair.opens("B", next[0]!, { skipped: true });
      equal(pair.real.B.skippedKeys, 32);
    }
  }
});

Deno.test("128 skipped keys are kept; the 129th displaces the oldest, and no other", () => {
  using pair = new Pair("128");
  const cells = pair.seals("B", 4 * 33 + 2);
  for (const last of [32, 65, 98, 131]) pair.opens("A", cells[last]!);
  equal(pair.real.A.skippedKeys, MAX_SKIPPED_KEYS);
  pair.opens("A", cells[133]!);
  equal(pair.real.A.skippedKeys, MAX_SKIPPED_KEYS);
  pair.refuses("A", cells[0]!);
  pair.opens("A", cells[1]!, { stored: true });
  pair.opens("A", cells[132]!, { stored: true });
  equal(arena.used, 10 + 126);
});

Deno.test("a pn below what was received fails, in the first cell of an epoch only, and otherwise nobody looks at it", () => {
  using pair = new Pair("pn below");
  pair.pass("A", KEY_CELL + 1);
  const old = pair.seals("A", 3);
  pair.pass("B", 2);
  old.forEach((cell) => pair.opens("B", cell));
  pair.bendPn("A", KEY_CELL + 1 + 2);
  pair.refuses("B", pair.forge("A"));
  pair.bendPn("A", KEY_CELL + 1 + 3);
  pair.opens("B", pair.forge("A"), { skipped: true });
  for (const pn of [0, 1, 16384]) {
    pair.bendPn("A", pn);
    pair.opens("B", pair.forge("A"));
  }
});

Deno.test("n above 16383 and pn above 16384 fail whatever the epoch, and a larger distance than 32 without a wrap", () => {
  using pair = new Pair("unsigned");
  pair.renew();
  const cell = pair.seal("A");
  for (const epoch of [0, 1, 2, 0xffffffff]) {
    for (const n of [16384, 0x8000, 0xffff]) pair.refuses("B", withHeader(cell, { epoch, n }));
    for (const pn of [16385, 0x8000, 0xffff]) pair.refuses("B", withHeader(cell, { epoch, pn }));
  }
  for (const n of [40, 0x3fff]) pair.refuses("B", withHeader(cell, { n }));
  pair.bendPn("A", 16385);
  pair.refuses("B", pair.forge("A"));
  pair.opens("B", cell);
});

Deno.test("a chain has 16384 cells: the last may be the ciphertext, one more cannot be sealed, and its length opens the next", () => {
  using pair = new Pair("end of chain");
  const { A, B } = pair.real;
  using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  const body = new Uint8Array(FRAME_BODY_SIZE);
  const blank = new Uint8Array(CELL_PLAINTEXT_SIZE);
  const passFromB = (count: number) => {
    for (let i = 0; i < count; i++) {
      B.seal(HEADER, body, blank);
      A.take(A.open(HEADER, body, plaintext)!, { kind: "dummy" }, noEntropy);
    }
  };
  passFromB(MAX_CHAIN_CELLS - 1);
  const send = (from: Ratchet, to: Ratchet, kind: "key" | "ciphertext", entropy: Entropy) => {
    const due = from.due(entropy)!;
    equal(due.kind, kind);
    const bytes = new Uint8Array(CELL_PLAINTEXT_SIZE);
    bytes[0] = kind === "key" ? 2 : 3;
    bytes.set(due.body, 1);
    from.seal(HEADER, body, bytes);
    to.take(to.open(HEADER, body, plaintext)!, cellOf(bytes), entropy);
  };
  const entropy = seededEntropy("end of chain");
  for (let n = 0; n < KEY_CELL; n++) {
    A.seal(HEADER, body, blank);
    B.take(B.open(HEADER, body, plaintext)!, { kind: "dummy" }, noEntropy);
  }
  send(A, B, "key", entropy);
  send(B, A, "ciphertext", entropy);
  passFromB(1);
  deepEqual(headerOf(body), { epoch: 1, pn: MAX_CHAIN_CELLS, n: 0 });
  for (let n = 1; n < MAX_CHAIN_CELLS; n++) B.seal(HEADER, body, blank);
  equal(B.canSeal, false);
  body.fill(0);
  throws(() => B.seal(HEADER, body, blank), RangeError);
  ok(body.every((byte) => byte === 0));
});

/** The same source with another number for the last epoch: nobody waits for 2^32. */
async function withLastEpoch(epoch: number): Promise<typeof Ratchet> {
  const url = new URL("./ratchet.ts", import.meta.url);
  const source = (await Deno.readTextFile(url))
    .replace(/^ {2}LAST_EPOCH,\n/m, "")
    .replace(/^import \{/m, `const LAST_EPOCH = ${epoch};\nimport {`)
    .replace(/from "(\.[^"]+)"/g, (_, path: string) => `from "${new URL(path, url).href}"`);
  ok(source.includes(`const LAST_EPOCH = ${epoch};`));
  const blob = URL.createObjectURL(new Blob([source], { type: "application/typescript" }));
  const { Ratchet: Short } = await import(blob) as { Ratchet: typeof Ratchet };
  URL.revokeObjectURL(blob);
  return Short;
}

Deno.test("in the last epoch the dialer seals eight cells and no key, and a key is a violation", async () => {
  const Short = await withLastEpoch(1);
  using pair = new Pair("last epoch", Short);
  pair.renew();
  pair.pass("A", KEY_CELL - 1);
  equal(pair.real.A.canSeal, false);
  equal(pair.real.A.wantsKey, false);
  equal(pair.real.A.due(noEntropy), undefined);
  throws(
    () => pair.real.A.seal(HEADER, new Uint8Array(FRAME_BODY_SIZE), new Uint8Array(CELL_PLAINTEXT_SIZE)),
    RangeError,
  );
  equal(pair.real.B.canSeal, true);
  const key = pair.forge("A", pair.plain.A.due(pair.entropy.A.plain)!);
  using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  const opened = pair.real.B.open(HEADER, key, plaintext)!;
  throws(() => pair.real.B.take(opened, cellOf(plaintext.bytes), noEntropy), ProtocolViolation);
});

// --- Violations -----------------------------------------------------------------------------------------------------

function renewalOf(kind: 2 | 3, body: Uint8Array): Uint8Array {
  const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
  plaintext[0] = kind;
  plaintext.set(body, 1);
  return plaintext;
}

/** A pair whose dialer has sealed so many cells, and with its key out if that is more than 8. */
function pairAfter(name: string, cells: number): Pair {
  const pair = new Pair(name);
  pair.pass("A", cells);
  return pair;
}

const SOME_KEY = renewalOf(2, new Uint8Array(1216).fill(9));
const SOME_CIPHERTEXT = renewalOf(3, new Uint8Array(1120).fill(9));

const VIOLATIONS: Readonly<Record<string, () => void>> = {
  "the dialer's cell 8 is not a key": () => {
    using pair = pairAfter("no key", KEY_CELL);
    pair.violates("B", pair.forge("A"));
  },
  "the dialer's cell 8 is a ciphertext": () => {
    using pair = pairAfter("a ciphertext for a key", KEY_CELL);
    pair.violates("B", pair.forge("A", SOME_CIPHERTEXT));
  },
  "another cell of the dialer's is a key": () => {
    for (const at of [0, 7, 9, 20]) {
      using pair = pairAfter(`key at ${at}`, at);
      const key = at > KEY_CELL ? renewalOf(2, pair.plain.A.state.asked!.key) : SOME_KEY;
      pair.violates("B", pair.forge("A", key));
    }
  },
  "a key comes late": () => {
    using pair = pairAfter("late key", 3);
    const key = pair.forge("A", SOME_KEY);
    pair.opens("B", pair.forge("A"), { skipped: true });
    pair.violates("B", key);
  },
  "a second key comes in the next epoch before its cell 8": () => {
    using pair = new Pair("early key");
    pair.renew();
    pair.violates("B", pair.forge("A", SOME_KEY));
  },
  "a key comes from the listener": () => {
    for (const cells of [0, KEY_CELL, KEY_CELL + 1]) {
      using pair = pairAfter("key from B", cells);
      pair.violates("A", pair.forge("B", SOME_KEY));
    }
  },
  "a ciphertext comes from the dialer": () => {
    using pair = pairAfter("ciphertext from A", 2);
    pair.violates("B", pair.forge("A", SOME_CIPHERTEXT));
  },
  "a ciphertext comes that no key waits for": () => {
    for (const cells of [0, KEY_CELL]) {
      using pair = pairAfter("early ciphertext", cells);
      if (cells === KEY_CELL) pair.real.A.makeKey(pair.entropy.A.real); // made, and not sent
      pair.violates("A", pair.forge("B", SOME_CIPHERTEXT));
    }
  },
  "the ciphertext of a renewal that is done comes again": () => {
    using pair = pairAfter("second ciphertext", KEY_CELL + 1);
    const again = pair.plain.B.due(noEntropy)!;
    pair.pass("B", 2);
    pair.violates("A", pair.forge("B", again));
  },
  "a ciphertext comes late": () => {
    using pair = pairAfter("late ciphertext", KEY_CELL + 1);
    pair.bend("B", ({ sending }) => ({ ciphertext: undefined, sending: { ...sending, n: 0 } }));
    const late = pair.forge("B", SOME_CIPHERTEXT);
    pair.opens("A", pair.forge("B"), { skipped: true });
    pair.violates("A", late);
  },
  "behind the ciphertext a cell of its epoch comes in its order": () => {
    for (const skip of [0, 1, 32]) {
      using pair = pairAfter("behind", KEY_CELL + 1);
      // One who goes on with the old chain.
      const old = pair.plain.B.fork({ ciphertext: undefined, nextSending: undefined });
      pair.opens("A", pair.forge("B", pair.plain.B.due(noEntropy)!));
      old.seal(HEADER, SOME_KEY);
      pair.violates("A", old.seal(HEADER, pair.nextPlaintext(), old.state.sending.n + skip));
    }
  },
  "the first cell of the next epoch has another pn than the ciphertext gave": () => {
    for (const more of [1, 32]) {
      using pair = pairAfter("pn of B", KEY_CELL + 1);
      pair.pass("B", 1);
      pair.bendPn("B", pair.plain.B.state.sending.pn + more);
      pair.violates("A", pair.forge("B"));
    }
  },
  "a kem fails the check of FIPS 203": () => {
    for (const at of [0, 3, 1148]) {
      using pair = pairAfter("bad kem", KEY_CELL);
      const key = pair.plain.A.due(pair.entropy.A.plain)!;
      key.fill(0xff, 1 + at, 1 + at + 3); // 4095 is no coefficient
      pair.violates("B", pair.forge("A", key));
    }
  },
  "a dhA is of low order": () => {
    for (const point of LOW_ORDER_X25519) {
      using pair = pairAfter("low dhA", KEY_CELL);
      const key = pair.plain.A.due(pair.entropy.A.plain)!;
      key.set(fromHex(point), 1 + 1184);
      pair.violates("B", pair.forge("A", key));
    }
  },
  "a dhB is of low order": () => {
    for (const point of LOW_ORDER_X25519) {
      using pair = pairAfter("low dhB", KEY_CELL + 1);
      const ciphertext = pair.plain.B.due(noEntropy)!;
      ciphertext.set(fromHex(point), 1 + 1088);
      pair.violates("A", pair.forge("B", ciphertext));
    }
  },
};

for (const [what, run] of Object.entries(VIOLATIONS)) Deno.test(`it is a violation if ${what}`, run);

// --- There is no way without ----------------------------------------------------------------------------------------

Deno.test("a cell that would pass over the key fails, and opens once the key has come", () => {
  using pair = new Pair("passes over");
  const cells = pair.seals("A", KEY_CELL + 4);
  for (const n of [9, 10, 11]) pair.refuses("B", cells[n]!);
  pair.opens("B", cells[3]!, { skipped: true });
  for (const n of [9, 10, 11]) pair.refuses("B", cells[n]!);
  pair.opens("B", cells[KEY_CELL]!, { skipped: true });
  pair.opens("B", cells[11]!, { skipped: true });
  pair.opens("B", cells[9]!, { stored: true });
  pair.pass("B", 2);
});

Deno.test("in the next epoch, too, no cell passes over the key", () => {
  using pair = new Pair("passes over in epoch 1");
  pair.pass("A", KEY_CELL + 1);
  pair.pass("B", 2);
  const next = pair.seals("A", KEY_CELL + 3);
  for (const n of [9, 10]) pair.refuses("B", next[n]!);
  pair.opens("B", next[KEY_CELL]!, { skipped: true });
  pair.opens("B", next[10]!, { skipped: true });
});

Deno.test("while the ciphertext is missing nothing of the next epoch opens, and everything does once it comes", () => {
  using pair = pairAfter("no ciphertext", KEY_CELL + 1);
  const ciphertext = pair.seal("B");
  const next = pair.seals("B", 20);
  next.forEach((cell) => pair.refuses("A", cell));
  // The dialer goes on in the old epoch meanwhile.
  pair.pass("A", 10);
  pair.opens("A", ciphertext);
  next.forEach((cell) => pair.opens("A", cell));
  pair.pass("A", 3);
});

Deno.test("a ct that was not made for the key is not a violation, and nothing of the next epoch opens on either side", () => {
  using pair = pairAfter("wrong ct", KEY_CELL + 1);
  const ciphertext = pair.plain.B.due(noEntropy)!;
  ciphertext[1 + 17]! ^= 1;
  const cell = pair.forge("B", ciphertext);
  pair.opens("A", cell);
  for (let i = 0; i < 20; i++) pair.refuses("A", pair.forge("B"));
  for (let i = 0; i < 20; i++) pair.refuses("B", pair.seal("A"));
});

Deno.test("a dialer that never moves on is heard to the end of its chain, and no further", () => {
  using pair = pairAfter("never moves on", KEY_CELL + 1);
  pair.pass("B", 2);
  // The plain dialer alone, on its old chain; only one side is opened, so it is fast.
  const { B } = pair.real;
  using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  const body = new Uint8Array(FRAME_BODY_SIZE);
  using old = new Pair("never moves on"); // the same session, whose dialer has not heard the ciphertext
  old.seals("A", KEY_CELL + 1);
  for (let n = KEY_CELL + 1; n < MAX_CHAIN_CELLS; n++) {
    old.real.A.seal(HEADER, body, new Uint8Array(CELL_PLAINTEXT_SIZE));
    ok(B.open(HEADER, body, plaintext) !== undefined);
  }
  equal(old.real.A.canSeal, false);
  // One who seals it all the same: the next in order, and genuine.
  const further = old.plain.A.seal(HEADER, new Uint8Array(CELL_PLAINTEXT_SIZE), MAX_CHAIN_CELLS);
  deepEqual(headerOf(further), { epoch: 0, pn: 0, n: MAX_CHAIN_CELLS });
  equal(B.open(HEADER, further, plaintext), undefined);
});

// --- What must not open ---------------------------------------------------------------------------------------------

Deno.test("a replayed cell is refused: at once, after others, and after a change of epoch", () => {
  using pair = new Pair("replay");
  const cells = pair.seals("A", KEY_CELL + 1);
  cells.forEach((cell) => pair.opens("B", cell));
  cells.forEach((cell) => pair.refuses("B", cell));
  const back = pair.seals("B", 3);
  back.forEach((cell) => pair.opens("A", cell));
  back.forEach((cell) => pair.refuses("A", cell));
  pair.pass("A", 1);
  [...cells].forEach((cell) => pair.refuses("B", cell));
  back.forEach((cell) => pair.refuses("A", cell));
  pair.renew();
  cells.forEach((cell) => pair.refuses("B", cell));
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
    equal(pair.real[side].open(HEADER, body, plaintext), undefined);
  } finally {
    arena.key = key;
  }
  return taken;
}

Deno.test("a replay, a skip that is too long, a key passed over and any other epoch cost no work at all", () => {
  using pair = new Pair("work");
  const first = pair.seal("B");
  pair.opens("A", first);
  equal(workFor(pair, "A", first), 0, "a replay on the chain in use");
  ok(workFor(pair, "A", withHeader(first, { n: 1 + 32 })) > 32, "the control: as many as may be skipped");
  equal(workFor(pair, "A", withHeader(first, { n: 1 + 33 })), 0);
  for (const epoch of [1, 2, 0xffffffff]) equal(workFor(pair, "A", withHeader(first, { epoch })), 0, `epoch ${epoch}`);
  const fromA = pair.seal("A");
  equal(workFor(pair, "B", withHeader(fromA, { n: 9 })), 0, "passes over the key");
  pair.renew();
  equal(workFor(pair, "A", first), 0, "an epoch that was left");
  pair.pass("A", KEY_CELL);
  pair.pass("B", 1);
  const next = pair.seal("B");
  ok(workFor(pair, "A", withHeader(flipped(next, 5000), { n: 32 })) > 32, "the control: a cell of the next epoch");
  equal(workFor(pair, "A", withHeader(next, { n: 33 })), 0);
  equal(workFor(pair, "A", withHeader(next, { pn: headerOf(next).pn + 33 })), 0);
  equal(workFor(pair, "A", withHeader(next, { pn: headerOf(next).pn - 1 })), 0);
  pair.opens("A", next);
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
  pair.pass("A", 1);
  const kept = pair.seal("A");
  pair[Symbol.dispose]();
  using second = new Pair("session two");
  second.pass("A", 1);
  second.refuses("B", kept);
  second.pass("A", 1);
});

Deno.test("every changed bit of both headers is refused, on the chain in use and in the next epoch, and changes nothing", () => {
  for (const next of [false, true]) {
    for (const from of ["A", "B"] as const) {
      using pair = new Pair("header bits");
      pair.pass("B", 1);
      pair.pass("A", KEY_CELL + 1);
      pair.pass("B", next && from === "B" ? 1 : 2);
      if (!(next && from === "A")) pair.pass("A", 1);
      const cell = pair.seal(from);
      for (let bit = 0; bit < 64; bit++) pair.refuses(other(from), flipped(cell, bit));
      for (let bit = 0; bit < 32; bit++) pair.refuses(other(from), cell, flipped(HEADER, bit));
      pair.opens(other(from), cell, { stored: false, skipped: false });
      pair.pass("A", 1);
      pair.pass("B", 1);
    }
  }
});

Deno.test("changed ciphertext and tag are refused and change nothing, for a stored key too", () => {
  using pair = new Pair("body bits");
  pair.pass("A", 2);
  const cells = pair.seals("A", 4);
  pair.opens("B", cells[1]!);
  for (const cell of [cells[0]!, cells[2]!, cells[3]!]) {
    for (const bit of [64, 65, 5000, FRAME_BODY_SIZE * 8 - 129, FRAME_BODY_SIZE * 8 - 128, FRAME_BODY_SIZE * 8 - 1]) {
      pair.refuses("B", flipped(cell, bit));
    }
  }
  equal(pair.real.B.skippedKeys, 1);
  pair.opens("B", cells[3]!, { skipped: true });
  pair.opens("B", cells[0]!, { stored: true });
  pair.opens("B", cells[2]!, { stored: true });
});

Deno.test("a changed key or ciphertext is refused like any cell, and the renewal goes on with the right one", () => {
  using pair = pairAfter("changed renewal", KEY_CELL);
  const key = pair.seal("A");
  for (const bit of [70, 5000, 9800]) pair.refuses("B", flipped(key, bit));
  pair.opens("B", key);
  const ciphertext = pair.seal("B");
  for (const bit of [70, 5000, 9000]) pair.refuses("A", flipped(ciphertext, bit));
  pair.opens("A", ciphertext);
  pair.pass("B", 1);
  pair.pass("A", 1);
});

Deno.test("start() refuses a peer's key of low order on both sides and wipes the secrets", () => {
  for (const session of Object.values(sessionsOf(seededEntropy("start")))) {
    for (const point of LOW_ORDER_X25519) {
      throws(
        () => ratchetOf(arena, { ...session, peerPublic: fromHex(point) }),
        (error) => error instanceof ProtocolViolation && error.violation === "ratchet key",
      );
      equal(arena.used, 0);
    }
  }
});

Deno.test("isKey() is true of the dialer's cell 8 in this epoch or a later one, at the listener only", () => {
  using pair = new Pair("isKey");
  pair.renew();
  const cell = pair.seal("A");
  const { A, B } = pair.real;
  for (
    const [fields, expected] of [[{ n: 8 }, true], [{ n: 8, epoch: 2 }, true], [{ n: 8, epoch: 0 }, false]] as const
  ) {
    equal(B.isKey(withHeader(cell, fields)), expected);
    equal(A.isKey(withHeader(cell, fields)), false);
  }
  for (const n of [0, 7, 9, 0x108]) equal(B.isKey(withHeader(cell, { n })), false);
});

Deno.test("dispose() gives back every slot at any point of a renewal, and a second one does nothing", () => {
  for (const cells of [3, KEY_CELL, KEY_CELL + 1]) {
    for (const back of [0, 1, 2]) {
      const pair = pairAfter("dispose", cells);
      pair.real.A.due(pair.entropy.A.real);
      pair.plain.A.due(pair.entropy.A.plain);
      if (cells > KEY_CELL) pair.pass("B", back);
      if (cells !== KEY_CELL) pair.opens("B", pair.seals("A", 3)[2]!);
      pair[Symbol.dispose]();
      pair[Symbol.dispose]();
      throws(
        () => pair.real.A.seal(HEADER, new Uint8Array(FRAME_BODY_SIZE), new Uint8Array(CELL_PLAINTEXT_SIZE)),
        TypeError,
      );
    }
  }
});

Deno.test("a ratchet prints none of its secrets", () => {
  using pair = pairAfter("print", KEY_CELL + 1);
  const { rk, sending, asked } = pair.plain.A.state;
  for (const text of [Deno.inspect(pair.real.A, { depth: 9, showHidden: true }), JSON.stringify(pair.real.A)]) {
    for (const secret of [rk, sending.ck, asked!.seed, asked!.secret]) {
      equal(text.includes(toHex(secret)), false);
      equal(text.includes([...secret.slice(0, 8)].join(", ")), false);
    }
  }
});
