// Cells under attack, by somebody who is in or sits on the line (docs/PROTOCOL.md sections 4 and 5): replays, gaps, flipped
// bits, counters, forgeries, fragments. A cell that does not open changes nothing; a cell that says nonsense closes.

import assert from "node:assert/strict";
import {
  CAPACITY,
  fragment,
  FRAME,
  frameOf,
  join,
  KEY_CELL,
  messageId,
  PLAINTEXT,
  random,
  type SealBend,
  type Session,
  TYPE,
  u16,
  u32,
  utf8,
  Wire,
} from "../reference/reference.ts";
import { nextEpoch, talking } from "./renewing.ts";
import { AT_ONCE_MS, type Row, type World } from "./world.ts";

const DROPPED = "dropped; the next right cell opens";
const MODEL_DROP = "model: failed AEAD decrypt: drop frame; protocol 4";
const FRAGMENTS = "protocol 5";
const NAME = JSON.stringify({ type: "name", name: "Mallory" });
/** A fifth of a second on a quiet machine; the one of CI is none. */
const FLOOD_CPU_MAX_MS = 2000;

/** Plaintexts of one session's first cells; src/wire/cell_test.ts and fragment_test.ts have every case of each rule. */
const BREACHES: Readonly<Record<string, () => Uint8Array[]>> = {
  "unknown kind": () => [withByte(new Uint8Array(PLAINTEXT), 0, 4)],
  "padding of a dummy": () => [withByte(new Uint8Array(PLAINTEXT), PLAINTEXT - 1)],
  "padding of a fragment": () => [withByte(part(0, 0, 1, utf8(chat("x"))), PLAINTEXT - 1)],
  "no fragments": () => [part(0, 0, 0, utf8(chat("x")))],
  "15 fragments": () => [part(0, 0, 15)],
  "an index of the count": () => [part(0, 1, 1, utf8(chat("x")))],
  "no data": () => [part(0, 0, 1, new Uint8Array())],
  "a length beyond the cell": () => [fragment({ messageId: 0, index: 0, count: 1, length: 1242, data: full() })],
  "a short fragment that is not the last": () => [part(0, 0, 2, utf8(chat("x")))],
  "a message of 17374 bytes": () => Array.from({ length: 14 }, (_, index) => part(0, index, 14)),
  "a beginning again and again": () => [part(0, 0, 14), part(0, 0, 14)],
  "two messages at a time": () => [part(0, 0, 2), part(1, 0, 2)],
  "a message under two ids": () => {
    const json = utf8(chat("z".repeat(1500)));
    return [part(0, 0, 2, json.slice(0, CAPACITY)), part(1, 1, 2, json.slice(CAPACITY))];
  },
  "a fragment left out": () => [part(0, 0, 3), part(0, 2, 3)],
  "an end without its beginning": () => [part(0, 1, 2, utf8("}"))],
  "a count that changes": () => [part(0, 0, 2), part(0, 1, 3)],
  "a first id of 1": () => [part(1, 0, 1, utf8(chat("x")))],
  "an id twice": () => [part(0, 0, 1, utf8(chat("x"))), part(0, 0, 1, utf8(chat("x")))],
};

export const CELL_ROWS: readonly Row[] = [
  survived(
    "replayed cell",
    "model: replay; protocol 4",
    "a cell with a message, three times",
    async (world, session) => {
      const frames = session.message(chat("said once"));
      session.send(...frames, ...frames, ...frames);
      await session.stillTalks("after the replay");
      assert.deepEqual(world.shownFrom(session.wire.identity), ["said once", "after the replay"]);
      return "shown once";
    },
  ),
  survived(
    "reordered cells",
    "model: reorder; protocol 4",
    "five messages' cells in reverse",
    async (world, session) => {
      const frames = ["1", "2", "3", "4", "5"].flatMap((text) => session.message(chat(text)));
      session.send(...frames.reverse());
      await session.stillTalks("in order again");
      assert.deepEqual(world.shownFrom(session.wire.identity).sort(), ["1", "2", "3", "4", "5", "in order again"]);
      return "each shown once, by its stored key";
    },
  ),
  survived("stored key used twice", "model: replay; protocol 4", "a late cell, twice", async (world, session) => {
    const late = session.message(chat("late"));
    session.send(...session.message(chat("early")), ...late, ...late, ...late);
    await session.stillTalks("on");
    assert.deepEqual(world.shownFrom(session.wire.identity), ["early", "late", "on"]);
    return "shown once";
  }),
  survived("32 cells dropped", "protocol 4: exactly 32 is allowed", "counter n + 32", async (_world, session) => {
    await behindKey(session);
    session.send(session.dummy({ skip: 32 }));
    await session.stillTalks("over the gap");
    return "opened";
  }),
  survived("33 cells dropped", "protocol 4: n - Nr <= 32", "n + 33 on the chain in use", async (world, session) => {
    await behindKey(session);
    return await tooFar(world, session, { skip: 33 });
  }),
  survived("pn at 32", "protocol 4: pn - Nr <= 32", "a new epoch whose pn passes over 32", async (_world, session) => {
    await nextEpoch(session);
    session.send(session.dummy({ pn: session.pn + 32 }));
    await session.stillTalks("over the old chain's gap");
    return "opened";
  }),
  ...([["pn at 33", 33], ["pn below Nr", -1], ["pn of 0", -Infinity], ["pn above a chain's end", Infinity]] as const)
    .map((
      [row, more],
    ) =>
      survived(row, "protocol 4: 0 <= pn - Nr <= 32, pn <= 16384", `a new epoch: ${row}`, async (world, session) => {
        await nextEpoch(session);
        return await tooFar(world, session, { pn: Math.min(Math.max(0, session.pn + more), 0xffff) });
      })
    ),
  survived(
    "n at 8 on a new chain",
    "protocol 4: n <= 32",
    "an epoch that begins with its cell 7",
    async (_world, session) => {
      await nextEpoch(session);
      session.send(session.dummy({ skip: KEY_CELL - 1 }));
      await session.stillTalks("the next was the key");
      return "opened";
    },
  ),
  survived(
    "n at 9 on a new chain",
    "protocol 4: a cell must not pass over the key",
    "n = 9",
    async (world, session) => {
      await nextEpoch(session);
      return await tooFar(world, session, { skip: KEY_CELL + 1 });
    },
  ),
  ...([[32, true], [33, false]] as const).map(([n, opens]) =>
    survived(
      `n at ${n} on a new chain of the listener`,
      "protocol 4: n <= 32",
      `as listener: the first cell of an epoch with n = ${n}`,
      async (world, session) => {
        await nextEpoch(session);
        if (!opens) return await tooFar(world, session, { skip: n });
        session.send(session.dummy({ skip: n }));
        await session.stillTalks("far into the new chain");
        return "opened";
      },
      "listener",
    )
  ),
  survived("counters at the end", MODEL_DROP, "epoch, pn and n at their ends, forged", async (_world, session) => {
    for (const counter of [0xffffffff, 0x80000000, 0x7fffffff]) {
      for (const [bytes, at] of [[u32(counter), 4], [u16(counter), 8], [u16(counter), 10]] as const) {
        const frame = session.dummy();
        frame.set(bytes, at);
        session.send(frame);
        await session.stillTalks(`after ${counter} at ${at}`);
      }
    }
    return "all dropped";
  }),
  survived(
    "bit flips in the ratchet header",
    MODEL_DROP,
    "six bits in each of its 8 bytes",
    async (_world, session) => {
      await flips(session, Array.from({ length: 48 }, (_, i) => 4 + i % 8));
      return "48 cells dropped, every right one between opened";
    },
  ),
  survived("bit flips in ciphertext and tag", MODEL_DROP, "one bit in 48 places", async (_world, session) => {
    const places = [
      ...Array.from({ length: 32 }, (_, i) => 12 + i * 39),
      ...Array.from({ length: 16 }, (_, i) => 1264 + i),
    ];
    await flips(session, places);
    return "48 cells dropped, every right one between opened";
  }),
  survived(
    "reflected cells",
    "model: wrong direction; protocol 4: direction in the AAD",
    "its own cells back",
    async (_world, session) => {
      for (let i = 0; i < 8; i++) {
        const seen = session.cells;
        await session.cellsOpened(seen + 1);
        session.send(session.lastFrame!);
      }
      await session.stillTalks("after the mirror");
      return "all dropped";
    },
  ),
  survived(
    "cell with the wrong direction",
    "model: wrong direction; protocol 4",
    "right keys, the other direction in the AAD",
    async (world, session) => {
      session.send(
        session.seal(fragment({ messageId: 0, index: 0, count: 1, data: utf8(chat("wrong way")) }), {
          reflected: true,
        }),
      );
      await session.stillTalks("right way");
      assert.deepEqual(world.shownFrom(session.wire.identity), ["right way"]);
      return "dropped";
    },
  ),
  survived(
    "wrong-peer cells",
    "model: wrong-peer; protocol 4: ids in the AAD",
    "cells of one session on another",
    async (world, session) => {
      const other = await world.session();
      for (let i = 0; i < 4; i++) session.send(...other.message(chat("for another session")));
      await session.stillTalks("own words");
      assert.deepEqual(world.shownFrom(session.wire.identity), ["own words"]);
      other[Symbol.dispose]();
      return "all dropped";
    },
  ),
  survived("stale epoch", "model: stale-DH; protocol 4", "cells of the epoch before", async (world, session) => {
    session.ratchet.staying = true;
    await nextEpoch(session);
    const stale = [...session.message(chat("stale 1")), ...session.message(chat("stale 2"))];
    session.nextMessageId -= 2;
    session.ratchet.moveOn();
    // Its first cell says that the old chain ended before those two.
    session.send(session.dummy({ pn: session.pn - 2 }));
    await session.stillTalks("second chain");
    session.send(...stale);
    await session.stillTalks("still the second chain");
    const shown = world.shownFrom(session.wire.identity);
    assert(!shown.includes("stale 1") && !shown.includes("stale 2"), String(shown));
    return "dropped";
  }),

  {
    row: "16 forgeries in a row",
    where: "protocol 4: the 16th failure in a row closes",
    sent: "15 headers with random bodies, a right cell, then 16 more",
    promised: "the 15 dropped; closed at the 16th",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      session.send(...Array.from({ length: 15 }, () => forged(session)));
      await session.stillTalks("after fifteen");
      session.send(...Array.from({ length: 16 }, () => forged(session)));
      return await world.left(session, "protocol");
    },
  },
  {
    row: "64 forgeries in all",
    where: "protocol 4: the 64th in all closes",
    sent: "nine forgeries and a right cell, seven times; then one more",
    promised: "63 dropped; closed at the 64th",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      for (let i = 0; i < 7; i++) {
        session.send(...Array.from({ length: 9 }, () => forged(session)));
        await session.stillTalks(`round ${i}`);
      }
      session.send(forged(session));
      return await world.left(session, "protocol");
    },
  },
  {
    row: "forgeries that pass over 40 cells",
    where: "model: unbounded CPU; protocol 4",
    sent: "16 cells of the next epoch, each with a pn 32 further and n = 8",
    promised: "closed at the 16th",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      await nextEpoch(session);
      session.send(...Array.from({ length: 16 }, () => forged(session, { pn: session.pn + 32, n: 8 })));
      return await world.left(session, "protocol");
    },
  },
  {
    row: "10,000 malformed frames",
    where: "issue: 0 crashes, 0 unhandled rejections; model: malformed network input",
    sent: "9,900 cells with random changes in 165 sessions, 100 frames before authentication",
    promised: "alive, nothing shown but the right messages between",
    world: {},
    limitMs: 120_000,
    async run(world) {
      let cells = 0;
      for (let i = 0; i < 165; i++) {
        const session = await world.session();
        for (let round = 0; round < 4; round++) {
          session.send(...Array.from({ length: 15 }, (_, k) => malformed(session, k)));
          cells += 15;
          // Opens, and sets the count of failures in a row back; a message would have to wait for a tick.
          session.send(session.dummy());
        }
        if (i % 10 === 0) await session.stillTalks(`after ${cells} malformed cells`);
        session.send(...session.message(`{"type":"bye"}`));
        await world.left(session, "bye");
      }
      let frames = 0;
      for (; frames < 100; frames++) {
        const wire = await Wire.dial(world.address, { from: world.stranger() });
        await wire.frame();
        const frame = random(FRAME);
        // Half get as far as the answer's padding.
        if (frames % 2 === 0) frame.set([1, TYPE.answer, 0, 0]);
        wire.send(frame);
        await wire.closedWithin(AT_ONCE_MS);
        assert.equal(wire.received, FRAME);
      }
      return `${cells} cells dropped, ${frames} frames refused`;
    },
  },
  ...([
    ["flood of cells", "right cells as fast as they can be made", 4500, 8000, (s) => s.dummy()],
    ["flood of messages", "a name in each cell", 4500, 8000, (s) => s.message(NAME)[0]!],
    // Of the allowance each takes 65; cells behind the key, since none passes over that, and too few for a chain's end.
    ["flood of gaps", "cells that pass over 32 each", 69, 400, (s) => s.dummy(s.n > KEY_CELL ? { skip: 32 } : {})],
  ] as readonly (readonly [string, string, number, number, (session: Session) => Uint8Array])[]).map((
    [row, sent, allowed, most, cell],
  ): Row => ({
    row,
    where: "protocol 4: a bucket of 4500 cells",
    sent,
    promised: "closed once the bucket is empty",
    refusals: 0,
    async run(world) {
      const session = await world.session();
      await session.stillTalks("before the flood");
      session.ratchet.staying = true;
      while (session.n <= KEY_CELL) session.send(session.dummy());
      await session.stillTalks("behind the key");
      const before = world.victim.cpuMs() ?? 0;
      let cells = 0;
      while (!session.wire.closed && cells < most) {
        const batch = Array.from({ length: Math.min(200, allowed) }, () => cell(session));
        cells += batch.length;
        await session.send(...batch);
      }
      assert(cells >= allowed, `closed after ${cells} cells`);
      const left = await world.left(session, "protocol");
      const cpu = (world.victim.cpuMs() ?? 0) - before;
      assert(cpu <= FLOOD_CPU_MAX_MS, `it cost ${cpu} ms on the processor`);
      return `${left}, after some ${cells} cells, which cost it ${cpu} ms on the processor`;
    },
  })),

  {
    row: "cells and fragments of a wrong form",
    where: FRAGMENTS,
    sent: "one breach of each rule, each on a session of its own",
    promised: "closed at once, nothing shown beyond what was whole and right",
    refusals: 0,
    async run(world) {
      for (const [breach, cells] of Object.entries(BREACHES)) {
        const session = await world.session();
        session.send(...cells().map((plaintext) => session.seal(plaintext)));
        await world.left(session, "protocol").catch((error) => {
          throw new Error(`${breach}: ${error.message}`);
        });
        assert(world.shownFrom(session.wire.identity).length <= 1, `${breach}: shown`);
      }
      return `${Object.keys(BREACHES).length} times closed, left: protocol`;
    },
  },
  survived(
    "message with a lost fragment",
    "protocol 5",
    "two of three fragments, a forgery between; then a whole message",
    async (world, session) => {
      const frames = session.message(chat("z".repeat(3000)));
      session.send(frames[0]!, forged(session), frames[1]!, frames[2]!);
      await session.stillTalks("a whole one");
      assert.deepEqual(world.shownFrom(session.wire.identity), ["a whole one"]);
      return "the part dropped, the next message shown";
    },
  ),
];

/** The session must be in order afterwards: a message on it is shown and acknowledged. */
function survived(
  row: string,
  where: string,
  sent: string,
  act: (world: World, session: Session) => Promise<string>,
  role?: "listener",
): Row {
  return talking(row, role ?? "dialer", { where, sent, promised: DROPPED }, act);
}

/** One flipped bit in a cell for each place, a right one after each ten, so that no sixteen fail in a row. */
async function flips(session: Session, places: readonly number[]): Promise<void> {
  for (const [i, at] of places.entries()) {
    // A copy of a cell that also comes right: the right one must still open afterwards.
    const right = session.dummy();
    const wrong = right.slice();
    wrong[at] = wrong[at]! ^ (1 << i % 8);
    session.send(wrong, right);
    if (i % 10 === 9) await session.stillTalks(`after ${i + 1} flips`);
  }
  await session.stillTalks("after all flips");
}

/** The key of this chain has been sent, and the chain goes on: the victim's ciphertext changes nothing for us. */
async function behindKey(session: Session): Promise<void> {
  session.ratchet.staying = true;
  await nextEpoch(session);
}

/** A cell that must not open; the one that comes after it, as if it had never been sealed, must. */
async function tooFar(world: World, session: Session, bend: SealBend): Promise<string> {
  const { sending } = session.ratchet.state;
  const json = utf8(chat("too far"));
  session.send(session.seal(fragment({ messageId: session.nextMessageId, index: 0, count: 1, data: json }), bend));
  session.ratchet.state = { ...session.ratchet.state, sending };
  await session.stillTalks("without it");
  assert(!world.shownFrom(session.wire.identity).includes("too far"), "shown");
  return "dropped, the next one opened";
}

/** A cell that cannot open: changed at random places, cut short with zeros, or nothing but its frame header right. */
function malformed(session: Session, kind: number): Uint8Array {
  const frame = forged(session);
  if (kind % 3 === 0) frame.set(random(FRAME - 4), 4);
  if (kind % 3 === 1) frame.fill(0, 12 + Math.floor(Math.random() * 1250));
  if (kind % 3 === 2) frame.set(random(8), 4);
  return frame;
}

/** Our present header, and a body that nobody sealed. No number is used up by it. */
function forged(session: Session, header: { n?: number; pn?: number } = {}): Uint8Array {
  const { epoch, pn, n } = session;
  return frameOf(TYPE.cell, join(u32(epoch), u16(header.pn ?? pn), u16(header.n ?? n), random(FRAME - 12)));
}

function chat(text: string, id = messageId()): string {
  return JSON.stringify({ type: "chat", id, text });
}

/** A cell's plaintext: one fragment, full unless `data` is given. */
function part(messageId: number, index: number, count: number, data = full()): Uint8Array {
  return fragment({ messageId, index, count, data });
}

function full(): Uint8Array {
  return new Uint8Array(CAPACITY).fill(32);
}

function withByte(plaintext: Uint8Array, at: number, byte = 1): Uint8Array {
  plaintext[at] = byte;
  return plaintext;
}
