// What ports.ts promises of any Link, as tests: run for TLS on loopback (src/transport/tls_test.ts) and for the pair in
// memory, so that the one in memory cannot lie.

import assert from "node:assert/strict";
import { CHANNEL_BINDING_SIZE, FRAME_SIZE, PEER_ID_SIZE } from "../../src/constants.ts";
import type { Frame, Link } from "../../src/ports.ts";

/** Two ends of one fresh connection. Disposing closes both and whatever they needed. */
export interface LinkPair extends AsyncDisposable {
  readonly dialer: Link;
  readonly listener: Link;
  /** Lets time pass until what is under way has arrived; nothing to do for a real network, where it does so by itself. */
  settle?(): void;
}

/** Registers the suite; `makePair` is called once or twice for each test. */
export function linkContract(name: string, makePair: () => Promise<LinkPair>): void {
  const test = (sentence: string, body: (pair: LinkPair) => Promise<void>) =>
    Deno.test(`${name}: ${sentence}`, async () => {
      await using pair = await makePair();
      await body(pair);
    });

  test("the two ends know their roles, themselves and each other", async ({ dialer, listener }) => {
    assert.equal(dialer.role, "dialer");
    assert.equal(listener.role, "listener");
    for (const id of [dialer.self, dialer.peer]) assert.match(id, new RegExp(`^[0-9a-f]{${PEER_ID_SIZE * 2}}$`));
    assert.equal(dialer.self, listener.peer);
    assert.equal(dialer.peer, listener.self);
    assert.notEqual(dialer.self, dialer.peer);
    for (const { address, host } of [dialer, listener]) {
      assert.match(address, /:\d+$/);
      assert(address.includes(host));
    }
    await Promise.resolve();
  });

  test("the channel binding is the same on both ends and new for each connection", async ({ dialer, listener }) => {
    assert.equal(dialer.channelBinding.length, CHANNEL_BINDING_SIZE);
    assert.deepEqual(dialer.channelBinding, listener.channelBinding);
    await using other = await makePair();
    const half = CHANNEL_BINDING_SIZE / 2;
    const halves = [dialer, other.dialer].flatMap(({ channelBinding }) => [
      channelBinding.slice(0, half).toHex(),
      channelBinding.slice(half).toHex(),
    ]);
    assert.equal(new Set(halves).size, 4);
  });

  test("frames arrive whole and in order, both ways at once", async (pair) => {
    const count = 300;
    const heard = [inbox(pair.dialer), inbox(pair.listener)];
    for (let i = 0; i < count; i++) {
      pair.dialer.send(numbered(i));
      pair.listener.send(numbered(count + i));
    }
    pair.settle?.();
    await heard[0]!.frames(count);
    await heard[1]!.frames(count);
    assert.deepEqual(heard[0]!.numbers, Array.from({ length: count }, (_, i) => count + i));
    assert.deepEqual(heard[1]!.numbers, Array.from({ length: count }, (_, i) => i));
    assert.equal(heard[0]!.ends + heard[1]!.ends, 0);
  });

  test("send() copies the frame before it returns", async (pair) => {
    const heard = inbox(pair.listener);
    const frame = numbered(7);
    pair.dialer.send(frame);
    frame.fill(0xff);
    pair.settle?.();
    await heard.frames(1);
    assert.deepEqual(heard.numbers, [7]);
  });

  test("nothing is delivered before receive(), and what came before it is not lost", async (pair) => {
    for (let i = 0; i < 3; i++) pair.dialer.send(numbered(i));
    // Its echo on the way back shows that the other direction has been read meanwhile.
    const echo = inbox(pair.dialer);
    pair.listener.send(numbered(99));
    pair.settle?.();
    await echo.frames(1);
    const heard = inbox(pair.listener);
    assert.deepEqual(heard.numbers, [], "receive() itself calls nobody back");
    pair.settle?.();
    await heard.frames(3);
    assert.deepEqual(heard.numbers, [0, 1, 2]);
  });

  test("the end comes once, after the frames", async (pair) => {
    const heard = inbox(pair.listener);
    for (let i = 0; i < 5; i++) pair.dialer.send(numbered(i));
    pair.settle?.();
    await heard.frames(5);
    pair.dialer.close();
    pair.settle?.();
    await heard.end();
    await turn();
    assert.equal(heard.ends, 1);
    assert.equal(heard.numbers.length, 5);
  });

  test("an end before receive() is told after it", async (pair) => {
    pair.dialer.close();
    pair.settle?.();
    const heard = inbox(pair.listener);
    pair.settle?.();
    await heard.end();
    assert.equal(heard.ends, 1);
  });

  test("close() is silent to its own side and may be called again", async (pair) => {
    const own = inbox(pair.dialer);
    const other = inbox(pair.listener);
    pair.dialer.close();
    pair.dialer.close();
    pair.settle?.();
    await other.end();
    await turn();
    assert.equal(own.ends, 0);
    pair.listener.close();
    pair.settle?.();
    await turn();
    assert.equal(other.ends, 1);
  });

  test("close() before receive() leaves nothing to deliver", async (pair) => {
    const other = inbox(pair.listener);
    pair.dialer.close();
    const own = inbox(pair.dialer);
    pair.listener.send(numbered(1));
    pair.settle?.();
    await other.end();
    await turn();
    assert.deepEqual([own.numbers.length, own.ends], [0, 0]);
  });

  test("close() within a frame is the last that its side hears", async (pair) => {
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    let frames = 0;
    let ends = 0;
    pair.listener.receive(() => {
      frames++;
      if (frames < 3) return;
      pair.listener.close();
      resolve();
    }, () => ends++);
    const other = inbox(pair.dialer);
    for (let i = 0; i < 100; i++) pair.dialer.send(numbered(i));
    pair.settle?.();
    await closed;
    pair.settle?.();
    await other.end();
    await turn();
    assert.deepEqual([frames, ends], [3, 0]);
  });

  test("send() after an end or a close does nothing", async (pair) => {
    const heard = inbox(pair.listener);
    pair.dialer.close();
    pair.dialer.send(numbered(1));
    pair.settle?.();
    await heard.end();
    pair.listener.send(numbered(2));
    await turn();
    assert.deepEqual([heard.numbers.length, heard.ends], [0, 1]);
  });

  test("unsent falls to 0 once all has gone out", async (pair) => {
    const heard = inbox(pair.listener);
    const echo = inbox(pair.dialer);
    for (let i = 0; i < 10; i++) pair.dialer.send(numbered(i));
    pair.settle?.();
    await heard.frames(10);
    pair.listener.send(numbered(0));
    pair.settle?.();
    await echo.frames(1);
    assert.equal(pair.dialer.unsent, 0);
  });
}

/** FRAME_SIZE bytes that show when two frames have been mixed: all of them depend on the number. */
export function numbered(n: number): Frame {
  const frame = new Uint8Array(FRAME_SIZE).fill(n & 0xff);
  new DataView(frame.buffer).setUint32(0, n);
  return frame;
}

export interface Inbox {
  /** Of the frames so far; a frame that is none of `numbered` counts as -1. */
  readonly numbers: readonly number[];
  readonly ends: number;
  /** Once so many have come. */
  frames(count: number): Promise<void>;
  /** Once the end has come. */
  end(): Promise<void>;
}

/** Starts to receive from the link. */
export function inbox(link: Link): Inbox {
  const numbers: number[] = [];
  let ends = 0;
  let wake = () => {};
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise<void>((done) => wake = done);
  };
  link.receive((frame) => {
    const n = new DataView(frame.buffer, frame.byteOffset).getUint32(0);
    const whole = frame.length === FRAME_SIZE && frame.every((byte, i) => i < 4 || byte === (n & 0xff));
    numbers.push(whole ? n : -1);
    wake();
  }, () => {
    ends++;
    wake();
  });
  return {
    numbers,
    get ends() {
      return ends;
    },
    frames: (count) => until(() => numbers.length >= count),
    end: () => until(() => ends > 0),
  };
}

/** One turn of the event loop, in which a second end would have come. */
function turn(): Promise<void> {
  return new Promise((done) => setTimeout(done, 0));
}
