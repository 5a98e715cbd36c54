// A kernel that tests play over netlink: what it is asked, and the bytes that it answers. The real one: tests/process.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import type { NetlinkCalls } from "./netlink.ts";

export interface PlayedKernel {
  readonly calls: NetlinkCalls;
  /** Each whole request. */
  readonly requests: readonly Uint8Array[];
  /** Sockets that are not closed. */
  readonly open: ReadonlySet<number>;
}

/** `answer`: the parts that a request is answered with; `question` is its type. */
export function kernel(answer: (question: number, request: Uint8Array) => readonly Uint8Array[]): PlayedKernel {
  const requests: Uint8Array[] = [];
  const open = new Set<number>();
  let waiting: Uint8Array[] = [];
  const calls: NetlinkCalls = {
    socket(domain, type) {
      deepEqual([domain, type & 0xff], [16, 3]);
      open.add(7);
      return 7;
    },
    send(_fd, request) {
      equal(request[0], request.length);
      requests.push(request.slice());
      waiting = [...answer(request[4]!, request)];
      return request.length;
    },
    recv(_fd, into, _length, flags) {
      equal(flags, 0x40, "it never waits");
      const part = waiting.shift();
      if (part === undefined) return -1;
      into.set(part);
      return part.length;
    },
    close: (fd) => open.delete(fd) ? 0 : -1,
  };
  return { calls, requests, open };
}

function padded(bytes: readonly number[]): number[] {
  return [...bytes, ...Array<number>((4 - bytes.length % 4) % 4).fill(0)];
}

export function message(type: number, ...body: number[]): number[] {
  const length = 16 + body.length;
  return padded([length & 0xff, length >> 8, 0, 0, type, 0, 2, ...Array<number>(9).fill(0), ...body]);
}

export function attribute(type: number, ...value: number[]): number[] {
  return padded([4 + value.length, 0, type, 0, ...value]);
}

/** An answer about an address of an interface; 2 is IPv4, 10 is IPv6. */
export function address(family: number, flags: number, index: number, ...attributes: number[][]): number[] {
  return message(20, family, 24, flags, 0, index, 0, 0, 0, ...attributes.flat());
}

/** The last answer to a question for all of a kind. */
export const DONE: readonly number[] = message(3, 0, 0, 0, 0);

/** All of them in one part. */
export function whole(...messages: (readonly number[])[]): [Uint8Array] {
  return [Uint8Array.from(messages.flat())];
}
