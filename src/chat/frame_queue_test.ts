import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { FRAME_SIZE } from "../constants.ts";
import { FrameQueue, QUEUE_MAX, SLICE_MS } from "./frame_queue.ts";

/** A queue on a clock of its own, on which each frame takes `costMs`; slices run when they are told to. */
function queue({ costMs = 1, stranger = -1 } = {}) {
  const world = { now: 0, costMs, handled: [] as string[], slices: [] as (() => void)[], gone: new Set([stranger]) };
  const frames = new FrameQueue({
    now: () => world.now,
    quietly: (slice) => void world.slices.push(slice),
    mayWait: (link) => !world.gone.has(link),
    frame: (link, frame, at) => {
      equal(frame.length, FRAME_SIZE);
      world.handled.push(`${link}:${frame[0]}@${at}`);
      world.now += world.costMs;
      if (frame[0] === CLOSES) {
        world.gone.add(link);
        frames.drop(link);
      }
    },
    ended: (link) => void world.handled.push(`${link} ended`),
  });
  /** Lent for the call only, as a link lends it. */
  const arrive = (link: number, first: number) => {
    const frame = new Uint8Array(FRAME_SIZE).fill(first);
    frames.arrive(link, frame);
    frame.fill(0xff);
  };
  const slice = () => {
    const [before, began] = [world.handled.length, world.now];
    world.slices.shift()?.();
    return { handled: world.handled.slice(before), took: world.now - began };
  };
  return { frames, world, arrive, slice };
}
const CLOSES = 200;

Deno.test("frames are handled as they come until a slice is used up; the rest waits, in order, with the times when they came", () => {
  const { frames, world, arrive, slice } = queue();
  for (let i = 0; i < 7; i++) arrive(1, i);
  deepEqual(world.handled, ["1:0@0", "1:1@1"]);
  equal(frames.length, 5);
  equal(world.slices.length, 1, "one slice is asked for at a time");
  deepEqual(slice(), { handled: ["1:2@2", "1:3@2"], took: SLICE_MS });
  world.now += 10;
  arrive(1, 7); // no frame goes before one that waits
  deepEqual(slice().handled, ["1:4@2", "1:5@2"]);
  deepEqual(slice().handled, ["1:6@2", "1:7@14"]);
  deepEqual([frames.length, world.slices.length], [0, 0]);
  world.now += 1;
  arrive(1, 8);
  equal(world.handled.at(-1), "1:8@19", "after a breath the next slice begins");
});

Deno.test("no piece of work is longer than a slice and one frame, however many come and whoever sends them", () => {
  for (const costMs of [0.06, 1.4]) {
    const { frames, world, arrive, slice } = queue({ costMs });
    const began = world.now;
    for (let i = 0; i < 400; i++) arrive(1 + i % 3, i % 100);
    ok(world.now - began <= SLICE_MS + costMs + 1e-9, `${world.now - began} ms at once`);
    let slices = 0;
    for (; frames.length > 0; slices++) {
      const { took } = slice();
      ok(took <= SLICE_MS + costMs + 1e-9, `${took} ms`);
    }
    ok(slices >= 400 * costMs / (SLICE_MS + costMs) - 2, `${slices} slices`);
    equal(world.handled.length, 400);
  }
});

Deno.test("links take turns, so that one that sent much keeps no other link's frame waiting", () => {
  const { arrive, slice } = queue();
  for (let i = 0; i < 50; i++) arrive(1, i);
  arrive(2, 0);
  arrive(2, 1);
  deepEqual(slice().handled, ["1:2@2", "2:0@2"]);
  deepEqual(slice().handled, ["1:3@2", "2:1@2"]);
});

Deno.test("after a link closes none of its frames are handled, the others go on, and an end comes after all frames", () => {
  const { frames, world, arrive, slice } = queue();
  for (const first of [0, 1, 2, CLOSES, 3, 4]) arrive(1, first);
  for (const first of [0, 1]) arrive(2, first);
  frames.end(2);
  frames.end(3);
  equal(world.handled.at(-1), "3 ended", "nothing of it waited");
  while (world.slices.length > 0) slice();
  deepEqual(world.handled.slice(3), ["1:2@2", "2:0@2", "1:200@2", "2:1@2", "2 ended"]);
  equal(frames.length, 0);
});

Deno.test("a stranger's frames never wait", () => {
  const { frames, world, arrive } = queue({ stranger: 9 });
  for (let i = 0; i < 5; i++) arrive(1, i);
  for (let i = 0; i < 5; i++) arrive(9, i);
  deepEqual(world.handled.slice(2).map((line) => line.slice(0, 3)), ["9:0", "9:1", "9:2", "9:3", "9:4"]);
  equal(frames.length, 3);
});

Deno.test("waiting frames are bounded for all links together: one more has the oldest of its link handled, or is handled itself", () => {
  const { frames, world, arrive } = queue();
  for (let i = 0; i < QUEUE_MAX + 2; i++) arrive(1, i % 100);
  deepEqual([frames.length, world.handled.length], [QUEUE_MAX, 2]);
  arrive(1, 7);
  deepEqual([frames.length, world.handled.length, world.handled.at(-1)], [QUEUE_MAX, 3, "1:2@2"]);
  arrive(2, 8);
  deepEqual([frames.length, world.handled.length, world.handled.at(-1)], [QUEUE_MAX, 4, "2:8@3"]);
});

Deno.test("of a full queue a link that is closed by its oldest takes nothing more in", () => {
  const { frames, arrive } = queue();
  for (let i = 0; i < QUEUE_MAX + 2; i++) arrive(1, i === 2 ? CLOSES : 0);
  arrive(1, 7);
  equal(frames.length, 0);
});

Deno.test("code that waits for everything to be handled is told once it has been, or at once if nothing waits", () => {
  const { frames, world, arrive, slice } = queue();
  let told = 0;
  frames.whenEmpty(() => told++);
  equal(told, 1);
  for (let i = 0; i < 5; i++) arrive(1, i);
  frames.whenEmpty(() => told++);
  slice();
  equal(told, 1);
  slice();
  deepEqual([told, frames.length], [2, 0]);
  // Also where the link is closed meanwhile.
  for (let i = 0; i < 5; i++) arrive(1, i);
  frames.whenEmpty(() => told++);
  frames.drop(1);
  while (world.slices.length > 0) slice();
  equal(told, 3);
});

Deno.test("at the end everything that waits is dropped, and a slice that was asked for does nothing", () => {
  const { frames, world, arrive, slice } = queue();
  for (let i = 0; i < 5; i++) arrive(1, i);
  frames.whenEmpty(() => ok(false, "told after the end"));
  frames[Symbol.dispose]();
  const { handled } = slice();
  deepEqual([handled, frames.length, world.slices.length], [[], 0, 0]);
});
