// The kernel's answers read byte by byte, and bytes that no kernel sends. What a real one says: tests/process/invitation_test.ts.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import fc from "fast-check";
import { interfaceAddresses } from "./netlink.ts";
import { address, attribute, DONE, kernel, message, whole } from "./netlink_test_kernel.ts";

const [LINKS, ADDRESSES] = [18, 22];

const link = (index: number, flags: number) => message(16, 0, 0, 1, 0, index, 0, 0, 0, flags, 0, 0, 0, 0, 0, 0, 0);
const V6 = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7];
const parts = (...messages: (readonly number[])[]) => messages.map((bytes) => Uint8Array.from(bytes));
const answering = (answers: Readonly<Record<number, readonly Uint8Array[]>>) =>
  kernel((question) => answers[question] ?? []);

Deno.test("interfaceAddresses() has the addresses of links that run, the local end of point-to-point ones", () => {
  const { calls, requests, open } = answering({
    [LINKS]: whole(link(1, 0x49), link(2, 0x43), link(3, 0x03), DONE),
    [ADDRESSES]: [
      ...parts(
        address(2, 0x80, 1, attribute(1, 127, 0, 0, 1), attribute(2, 127, 0, 0, 1), attribute(3, 0x6c, 0x6f, 0)),
      ),
      ...parts(address(2, 0x80, 2, attribute(1, 10, 0, 0, 9), attribute(2, 10, 0, 0, 1))),
      ...parts(address(10, 0x80, 2, attribute(1, ...V6), attribute(8, 0x80, 0, 0, 0))),
      ...parts(address(2, 0x80, 3, attribute(2, 10, 9, 9, 9))),
      ...parts(DONE),
    ],
  });
  deepEqual(interfaceAddresses(calls).map((bytes) => [...bytes]), [[127, 0, 0, 1], [10, 0, 0, 1], V6]);
  deepEqual(requests.map((request) => [request[4], request[6]! | request[7]! << 8]), [[LINKS, 0x301], [
    ADDRESSES,
    0x301,
  ]]);
  equal(open.size, 0);
});

Deno.test("interfaceAddresses() leaves out what is tentative, failed, deprecated or of another kind", () => {
  const of = (...messages: number[][]) => {
    const { calls } = answering({ [LINKS]: whole(link(2, 0x43), DONE), [ADDRESSES]: whole(...messages, DONE) });
    return interfaceAddresses(calls).length;
  };
  equal(of(address(10, 0, 2, attribute(1, ...V6))), 1);
  for (const flag of [0x08, 0x20, 0x40]) {
    equal(of(address(10, flag, 2, attribute(1, ...V6))), 0, "the flags of the header");
    equal(of(address(10, 0, 2, attribute(1, ...V6), attribute(8, flag, 3, 0, 0))), 0, "the wide flags");
  }
  equal(of(address(7, 0, 2, attribute(1, 1, 2, 3, 4))), 0);
  equal(of(address(10, 0, 2, attribute(1, 1, 2, 3, 4)), address(2, 0, 2)), 0);
});

Deno.test("interfaceAddresses() closes its socket and ends, whatever comes: refusals, errors, any bytes, no end", () => {
  const closed = { socket: () => -1, send: () => -1, recv: () => -1, close: () => ok(false) as never };
  deepEqual(interfaceAddresses(closed), []);
  const endless = answering({
    [LINKS]: Array(1000).fill(Uint8Array.from(link(2, 0x43))),
    [ADDRESSES]: Array(1000).fill(Uint8Array.from(address(10, 0, 2, attribute(1, ...V6)))),
  });
  equal(interfaceAddresses(endless.calls).length, 64);
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 80 })), fc.nat({ max: 200 }), (any, cut) => {
      const good = Uint8Array.from([...link(2, 0x43), ...address(10, 0, 2, attribute(1, ...V6))]).slice(0, cut);
      const { calls, open } = answering({ [LINKS]: [good, ...any], [ADDRESSES]: [good, ...any] });
      for (const bytes of interfaceAddresses(calls)) ok(bytes.length === 4 || bytes.length === 16);
      equal(open.size, 0);
    }),
    { seed: 8, numRuns: 500 },
  );
});
