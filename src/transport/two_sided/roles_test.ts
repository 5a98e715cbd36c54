import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { HELLO_MAX_SIZE, type Roles, rolesOf } from "./roles.ts";

const CLIENT: Roles = { verdict: "client", skip: 0 };
const WAIT: Roles = { verdict: "wait" };
const SERVER: Roles = { verdict: "server" };

/** A ClientHello record: `random` is its 32 bytes, all alike; `size` of the whole. */
function hello(random: number, size = 214): Uint8Array {
  const bytes = new Uint8Array(size).fill(0x55);
  bytes.set([22, 3, 1, (size - 5) >> 8, (size - 5) & 255, 1, 0, (size - 9) >> 8, (size - 9) & 255, 3, 3]);
  bytes.fill(random, 11, 43);
  return bytes;
}

function join(...parts: (Uint8Array | number[])[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

Deno.test("rule 3: the side with the smaller random becomes the server, and the other one stays the client", () => {
  deepEqual(rolesOf(hello(1), hello(2)), SERVER);
  deepEqual(rolesOf(hello(2), hello(1)), { verdict: "client", skip: 214 });
});

Deno.test("the randoms are compared as unsigned bytes, each of the 32, the first that differs deciding", () => {
  for (let at = 0; at < 32; at++) {
    const [low, high] = [hello(0x80), hello(0x80)];
    low[11 + at] = 0x7f;
    // What stands behind must not count.
    low.fill(0xff, 12 + at, 43);
    deepEqual(rolesOf(low, high), SERVER, `byte ${at}`);
    equal(rolesOf(high, low).verdict, "client", `byte ${at}`);
  }
  const [low, high] = [hello(0x7f), hello(0xff)];
  deepEqual(rolesOf(low, high), SERVER);
});

Deno.test("nothing but the random decides: what stands before it and behind it may be anything", () => {
  const own = hello(7);
  const theirs = hello(7);
  theirs.fill(0xff, 43);
  theirs.set([9, 9], 1);
  theirs.set([8, 8], 9);
  deepEqual(rolesOf(own, theirs), { verdict: "mirror" });
});

Deno.test("rule 3: an equal random is a mirror or ourselves", () => {
  deepEqual(rolesOf(hello(3), hello(3)), { verdict: "mirror" });
});

Deno.test("rule 4: the larger one drops exactly the one record, whatever stands behind it", () => {
  const theirs = hello(1, 300);
  const behind = [20, 3, 3, 0, 1, 1];
  deepEqual(rolesOf(hello(2), join(theirs, behind)), { verdict: "client", skip: 300 });
  deepEqual(rolesOf(hello(2), join(theirs, hello(9))), { verdict: "client", skip: 300 });
});

Deno.test("the verdict is the same byte by byte: it waits for the whole record, and never says anything else before", () => {
  for (const [random, verdict] of [[1, "client"], [9, "server"], [5, "mirror"]] as const) {
    const theirs = hello(random);
    for (let length = 0; length < theirs.length; length++) {
      deepEqual(rolesOf(hello(5), theirs.subarray(0, length)), WAIT, `${verdict} after ${length}`);
    }
    equal(rolesOf(hello(5), theirs).verdict, verdict);
  }
});

Deno.test("rule 1: an ordinary listener's ServerHello, a HelloRetryRequest, an alert and noise leave the client alone", () => {
  const serverHello = [22, 3, 3, 0, 122, 2, 0, 0, 118];
  for (const first of [serverHello, [21, 3, 3, 0, 2, 2, 40], [0], [23, 3, 3, 0, 1, 0], [0x48, 0x54, 0x54, 0x50]]) {
    deepEqual(rolesOf(hello(5), Uint8Array.from(first)), CLIENT, String(first));
  }
  // The first byte alone says that it is no handshake; of one that is, the sixth says which message.
  for (let first = 0; first < 256; first++) {
    deepEqual(rolesOf(hello(5), Uint8Array.of(first)), first === 22 ? WAIT : CLIENT);
    const record = hello(9);
    record[5] = first;
    deepEqual(rolesOf(hello(5), record.subarray(0, 6)), first === 1 ? WAIT : CLIENT);
  }
});

Deno.test("rule 2: 4096 bytes with the header are taken, one more is closed as soon as the length is there", () => {
  equal(HELLO_MAX_SIZE, 4096);
  deepEqual(rolesOf(hello(1), hello(2, HELLO_MAX_SIZE)), SERVER);
  deepEqual(rolesOf(hello(1), hello(2, HELLO_MAX_SIZE + 1)), { verdict: "broken" });
  deepEqual(rolesOf(hello(1), hello(2, HELLO_MAX_SIZE + 1).subarray(0, 6)), { verdict: "broken" });
  deepEqual(rolesOf(hello(1), Uint8Array.of(22, 3, 1, 0xff, 0xff, 1)), { verdict: "broken" });
});

Deno.test("rule 2: a ClientHello of several records, one with something behind it, and one without a random are closed", () => {
  for (const difference of [-1, 1, 256, 65536]) {
    const theirs = hello(2);
    const body = 205 + difference;
    theirs.set([body >> 16, (body >> 8) & 255, body & 255], 6);
    deepEqual(rolesOf(hello(1), theirs), { verdict: "broken" }, String(difference));
    deepEqual(rolesOf(hello(1), theirs.subarray(0, 9)), { verdict: "broken" }, String(difference));
  }
  deepEqual(rolesOf(hello(1), hello(2, 42)), { verdict: "broken" });
  equal(rolesOf(hello(1), hello(2, 43)).verdict, "server");
});

Deno.test("forged randoms make two servers or two clients, of which TLS makes nothing", () => {
  // Somebody on the line shows each of us the largest random, or the smallest.
  for (const [forged, verdict] of [[0xff, "server"], [0x00, "client"]] as const) {
    equal(rolesOf(hello(5), hello(forged)).verdict, verdict);
    equal(rolesOf(hello(6), hello(forged)).verdict, verdict);
  }
});

Deno.test("nothing is said before our own ClientHello is out, and without one nothing is compared", () => {
  for (let length = 0; length < 214; length++) deepEqual(rolesOf(hello(1).subarray(0, length), hello(2)), WAIT);
  for (const own of [[21, 3, 3, 0, 2, 2, 40], [22, 3, 3, 0, 122, 2, 0, 0, 118]]) {
    deepEqual(rolesOf(Uint8Array.from(own), hello(2)), { verdict: "broken" });
  }
});
