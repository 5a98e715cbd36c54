// Messages into fragments and back: order, losses, late cells, and a slow second opinion on all of it.

import { deepStrictEqual as deepEqual, strictEqual as equal, throws } from "node:assert/strict";
import fc from "fast-check";
import { arraysMade } from "../../tests/harness/watching.ts";
import { CELL_PLAINTEXT_SIZE, FRAGMENT_CAPACITY, MAX_FRAGMENTS, MAX_JSON_SIZE } from "../constants.ts";
import { type Cell, decodeCell, DUMMY, encodeCell, type Fragment } from "./cell.ts";
import { fragmentsOf, Reassembly } from "./fragment.ts";

const OUT_OF_ORDER = { name: "ProtocolViolation", violation: "fragment" };

/** `length` bytes that tell where they stood. */
function json(length: number, start = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (start + i * 7) & 0xff);
}

/** A message of `count` fragments. */
function message(messageId: number, count: number): Fragment[] {
  return fragmentsOf(messageId, json((count - 1) * FRAGMENT_CAPACITY + 5, messageId));
}

/** One fragment, as a peer that keeps to no order may send it. */
function part(messageId: number, index: number, count: number): Fragment {
  return message(messageId, count)[index]!;
}

/** Feeds all the cells; the whole messages that came out. */
function feed(reassembly: Reassembly, cells: Iterable<Cell>): Uint8Array[] {
  return [...cells].map((cell) => reassembly.accept(cell)).filter((whole) => whole !== undefined);
}

/** A reassembly to which these cells have come. */
function after(...cells: Cell[]): Reassembly {
  const reassembly = new Reassembly();
  feed(reassembly, cells);
  return reassembly;
}

Deno.test("fragmentsOf() fills every fragment but the last, at every boundary", () => {
  const sizes: [bytes: number, fragments: number][] = [
    [1, 1],
    [FRAGMENT_CAPACITY, 1],
    [FRAGMENT_CAPACITY + 1, 2],
    [2 * FRAGMENT_CAPACITY, 2],
    [MAX_JSON_SIZE, MAX_FRAGMENTS],
  ];
  for (const [size, count] of sizes) {
    const fragments = fragmentsOf(3, json(size));
    equal(fragments.length, count);
    for (const [index, fragment] of fragments.entries()) {
      deepEqual([fragment.messageId, fragment.index, fragment.count], [3, index, count]);
      if (index < count - 1) equal(fragment.data.length, FRAGMENT_CAPACITY);
      encodeCell(fragment, new Uint8Array(CELL_PLAINTEXT_SIZE));
    }
    deepEqual(Uint8Array.from(fragments.flatMap((f) => [...f.data])), json(size));
  }
});

Deno.test("fragmentsOf() gives views, so that wiping the json wipes the fragments", () => {
  const bytes = json(2000);
  const fragments = fragmentsOf(0, bytes);
  bytes.fill(0);
  equal(fragments.every((f) => f.data.every((b) => b === 0)), true);
});

Deno.test("fragmentsOf() refuses an empty and a too long message, and an id that would wrap", () => {
  throws(() => fragmentsOf(0, new Uint8Array(0)), RangeError);
  throws(() => fragmentsOf(0, new Uint8Array(MAX_JSON_SIZE + 1)), RangeError);
  for (const id of [-1, 2 ** 32, 1.5, NaN]) throws(() => fragmentsOf(id, json(1)), RangeError);
  equal(fragmentsOf(2 ** 32 - 1, json(1)).length, 1);
});

Deno.test("accept() puts messages of every size together, through encoded cells", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: MAX_JSON_SIZE }), { maxLength: 4 }), (sizes) => {
      const sent = sizes.map((size, id) => json(size, id));
      const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
      using reassembly = new Reassembly();
      const got: Uint8Array[] = [];
      for (const fragment of sent.flatMap((bytes, id) => fragmentsOf(id, bytes))) {
        encodeCell(fragment, plaintext);
        const whole = reassembly.accept(decodeCell(plaintext));
        plaintext.fill(0); // the caller wipes it: the reassembly must hold its own bytes
        if (whole !== undefined) got.push(whole);
      }
      deepEqual(got, sent);
    }),
    { seed: 6, numRuns: 30 },
  );
});

Deno.test("accept() refuses a first message that is not 0", () => {
  for (const id of [1, 2, 0xffffffff]) throws(() => new Reassembly().accept(part(id, 0, 1)), OUT_OF_ORDER);
});

Deno.test("accept() refuses an id that is repeated, skipped or lower", () => {
  for (const id of [0, 1, 3, 4]) {
    throws(() => after(...message(0, 1), ...message(1, 1)).accept(part(id, 0, 1)), OUT_OF_ORDER, `${id}`);
  }
});

Deno.test("accept() refuses a fragment that is repeated, skipped, back, or of another message", () => {
  const wrong = [
    part(0, 0, 4), // begins again
    part(0, 1, 4), // repeated
    part(0, 3, 4), // skipped
    part(0, 2, 3), // another count
    part(0, 2, 5),
    part(1, 2, 4), // another id
    part(1, 0, 4), // the next message before this one is whole
    part(1, 0, 1),
  ];
  for (const cell of wrong) {
    throws(() => after(part(0, 0, 4), part(0, 1, 4)).accept(cell), OUT_OF_ORDER, `${cell.index} of ${cell.count}`);
  }
  equal(after(part(0, 0, 4), part(0, 1, 4)).accept(part(0, 2, 4)), undefined);
});

Deno.test("accept() refuses fragments that make more than MAX_JSON_SIZE, should a cell have let them through", () => {
  const reassembly = new Reassembly();
  const full = { kind: "fragment", messageId: 0, count: 14, data: new Uint8Array(FRAGMENT_CAPACITY) } as const;
  for (let index = 0; index < 13; index++) reassembly.accept({ ...full, index });
  throws(() => reassembly.accept({ ...full, index: 13 }), { name: "ProtocolViolation", violation: "message size" });
});

Deno.test("accept() refuses every id after the last one: none wraps", () => {
  for (const id of [0, 1, 0xfffffffe, 0xffffffff]) {
    const reassembly = new Reassembly();
    reassembly.lost();
    equal(feed(reassembly, message(0xffffffff, 1)).length, 1);
    throws(() => reassembly.accept(part(id, 0, 1)), OUT_OF_ORDER);
    reassembly.lost();
    throws(() => reassembly.accept(part(id, 0, 1)), OUT_OF_ORDER);
  }
});

Deno.test("lost() drops the partial message and ignores the rest of it", () => {
  const reassembly = after(part(0, 0, 4), part(0, 1, 4));
  reassembly.lost();
  deepEqual(feed(reassembly, [part(0, 3, 4), DUMMY]), []);
  deepEqual(feed(reassembly, message(1, 2)), [json(FRAGMENT_CAPACITY + 5, 1)]);
});

Deno.test("lost() lets the next message carry any id that is not below the next expected one", () => {
  for (const id of [2, 3, 77, 0xffffffff]) {
    const reassembly = after(...message(0, 1), ...message(1, 1));
    reassembly.lost();
    equal(feed(reassembly, message(id, 1)).length, 1, `${id}`);
  }
  for (const id of [0, 1]) {
    const reassembly = after(...message(0, 1), ...message(1, 1));
    reassembly.lost();
    throws(() => reassembly.accept(part(id, 0, 1)), OUT_OF_ORDER);
  }
});

Deno.test("lost() ignores parts of any message, but only up to an index 0", () => {
  const reassembly = new Reassembly();
  reassembly.lost();
  feed(reassembly, [part(9, 3, 5), part(2, 1, 2), part(0, 1, 14)]);
  equal(feed(reassembly, message(4, 2)).length, 1);
  throws(() => reassembly.accept(part(5, 1, 2)), OUT_OF_ORDER); // in order again: nothing is ignored any more
});

Deno.test("late() gives a whole message and ignores a part, and changes nothing for what comes in order", () => {
  const reassembly = after(part(0, 0, 3));
  deepEqual(reassembly.late(part(700, 0, 1)), part(700, 0, 1).data);
  deepEqual(reassembly.late(part(0, 0, 1)), part(0, 0, 1).data);
  equal(reassembly.late(part(0, 1, 3)), undefined);
  equal(reassembly.late(part(1, 0, 2)), undefined);
  equal(reassembly.late(DUMMY), undefined);
  equal(feed(reassembly, [part(0, 1, 3), part(0, 2, 3), ...message(1, 1)]).length, 2);
});

Deno.test("late() does not end the ignoring that a loss began", () => {
  const reassembly = new Reassembly();
  reassembly.lost();
  reassembly.late(part(0, 0, 1));
  equal(reassembly.accept(part(3, 1, 2)), undefined);
});

Deno.test("what late() and accept() give is the caller's: wiping the plaintext leaves it", () => {
  const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
  for (const take of ["late", "accept"] as const) {
    encodeCell(part(0, 0, 1), plaintext);
    const whole = new Reassembly()[take](decodeCell(plaintext));
    plaintext.fill(0);
    deepEqual(whole, part(0, 0, 1).data);
  }
});

Deno.test("lost() and disposing wipe the partial message", () => {
  const data = Uint8Array.of(1, 2, 3);
  for (const end of [(r: Reassembly) => r.lost(), (r: Reassembly) => r[Symbol.dispose]()]) {
    const reassembly = new Reassembly();
    const begin = () => void reassembly.accept({ kind: "fragment", messageId: 0, index: 0, count: 2, data });
    // The only way to see a buffer that nobody hands out: watch it being made.
    const [partial, ...others] = arraysMade("Uint8Array", begin);
    deepEqual([[...partial!.subarray(0, 4)], others], [[1, 2, 3, 0], []]);
    end(reassembly);
    equal(partial!.every((b) => b === 0), true);
  }
});

/** Section 5 read again, over the whole history each time: how many messages are out, or "violation". */
function secondOpinion(history: readonly (Cell | "lost")[]): number | "violation" {
  const events = history.filter((e) => e === "lost" || e.kind === "fragment") as ("lost" | Fragment)[];
  let whole = 0;
  let next = 0;
  for (const [at, cell] of events.entries()) {
    if (cell === "lost") continue;
    const before = events[at - 1];
    // The nearest loss or beginning says whether we are still ignoring.
    const ignoring = events.slice(0, at).findLast((e) => e === "lost" || e.index === 0) === "lost";
    if (cell.index > 0) {
      if (ignoring) continue;
      const follows = before !== undefined && before !== "lost" && before.index === cell.index - 1 &&
        before.messageId === cell.messageId && before.count === cell.count;
      if (!follows) return "violation";
    } else {
      const open = !ignoring && before !== undefined && before !== "lost" && before.index < before.count - 1;
      if (open || (ignoring ? cell.messageId < next : cell.messageId !== next)) return "violation";
      next = cell.messageId + 1;
    }
    if (cell.index === cell.count - 1) whole++;
  }
  return whole;
}

Deno.test("accept() and lost() agree with a second reading of section 5 on any order of cells, and honest streams with holes are no violation", () => {
  const cells = [0, 1, 2].flatMap((id) => [1, 2, 3].flatMap((count) => message(id, count)));
  const anything = fc.oneof(fc.constantFrom<Cell | "lost">(...cells), fc.constantFrom<Cell | "lost">(DUMMY, "lost"));
  // Mostly honest streams with holes; some nonsense.
  const honest = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 5 }).chain((counts) => {
    const stream = counts.flatMap((count, id) => message(id, count));
    return fc.array(fc.constantFrom("keep", "keep", "keep", "lose", "dummy"), {
      minLength: stream.length,
      maxLength: stream.length,
    }).map((fates) =>
      stream.flatMap((cell, i): (Cell | "lost")[] =>
        fates[i] === "lose" ? ["lost"] : fates[i] === "dummy" ? [DUMMY, cell] : [cell]
      )
    );
  });
  const nonsense = fc.array(anything, { maxLength: 6 });
  let violations = 0;
  fc.assert(
    fc.property(fc.oneof(fc.tuple(fc.constant(true), honest), fc.tuple(fc.constant(false), nonsense)), (either) => {
      const [isHonest, history] = either;
      using reassembly = new Reassembly();
      let got: number | "violation" = 0;
      for (const cell of history) {
        try {
          if (cell === "lost") reassembly.lost();
          else if (reassembly.accept(cell) !== undefined) got++;
        } catch (e) {
          equal((e as Error).name, "ProtocolViolation");
          got = "violation";
          violations++;
          break;
        }
      }
      equal(got, secondOpinion(history));
      equal(isHonest && got === "violation", false);
    }),
    { seed: 7, numRuns: 3000 },
  );
  equal(violations > 200 && violations < 2800, true, `${violations} of 3000 were violations`);
});
