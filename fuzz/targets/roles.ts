// docs/PROTOCOL.md section 1, "Two-sided calls": who of two TLS clients becomes the server.
// Input: two ClientHellos' randoms and lengths, what is changed of theirs, where it is cut, what follows; or its bytes.

import { HELLO_MAX_SIZE, type Roles, rolesOf } from "../../src/transport/two_sided/roles.ts";
import { edit, Input, joined, must, padded, type Target } from "../target.ts";

export const target: Target = {
  name: "roles",
  maxLength: 400,
  dictionary: [Uint8Array.of(22, 3, 1), Uint8Array.of(1, 0, 0), Uint8Array.of(22, 3, 3), Uint8Array.of(21, 3, 3, 0, 2)],
  seeds: () => [
    joined([0, 60], padded(Uint8Array.of(1), 32), [60], [2], new Uint8Array(31), [0, 0, 0]),
    joined([0, 60], new Uint8Array(32).fill(0x7f), [80], new Uint8Array(32).fill(0x80), [1, 0, 3, 1, 2, 9, 9]),
    joined([1, 60], new Uint8Array(32).fill(3), [0, 0, 20]),
    joined([2, 60], new Uint8Array(32).fill(3), [22, 3, 3, 0, 90, 2, 0, 0, 86]),
    joined([2, 60], new Uint8Array(32).fill(3), [22, 3, 1, 0xff, 0xff, 1, 0, 0, 0]),
    joined([2, 60], new Uint8Array(32).fill(3), [21, 3, 3, 0, 2, 2, 40]),
  ],
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const input = new Input(data);
  const kind = input.pick(3);
  const own = hello(input);
  const theirs = kind === 0 ? hello(input) : kind === 1 ? own.slice() : input.rest();
  const changed = kind < 2 && edit(theirs, input, 3);
  const got = rolesOf(own, theirs);
  must(told(got) === told(secondReading(own, theirs)), "a second reading of the rules agrees");
  if (kind === 0 && !changed) {
    const other = rolesOf(theirs, own);
    const both = [got.verdict, other.verdict].sort().join();
    must(both === "client,server" || both === "mirror,mirror", "of two honest ones just one gives way");
  }
  if (kind === 1 && !changed) must(got.verdict === "mirror", "one's own hello is seen");
  // Bytes come as they like: what is said about a part of them is never taken back.
  const cut = input.u16() % (theirs.length + 1);
  const part = rolesOf(own, theirs.subarray(0, cut));
  must(part.verdict === "wait" || told(part) === told(got), "a verdict stands, however the bytes come");
  if (got.verdict !== "wait") {
    const more = joined(theirs, input.rest(), [22, 3, 1]);
    must(told(rolesOf(own, more)) === told(got), "no byte behind the first record is looked at");
  }
  const early = rolesOf(own.subarray(0, input.u16() % own.length), theirs);
  must(early.verdict === "wait", "nothing is decided before our own hello is whole");
}

function told(roles: Roles): string {
  return JSON.stringify(roles);
}

/** A ClientHello with its record's header. */
function hello(input: Input): Uint8Array<ArrayBuffer> {
  const size = 43 + input.u8() % 200;
  const bytes = new Uint8Array(size).fill(0x55);
  bytes.set([22, 3, 1, 0, size - 5, 1, 0, 0, size - 9, 3, 3]);
  bytes.set(input.bytes(32), 11);
  return bytes;
}

function secondReading(own: Uint8Array, theirs: Uint8Array): Roles {
  const hex = theirs.toHex();
  if (/^(?!16)..|^16.{8}(?!01)../.test(hex)) return { verdict: "client", skip: 0 };
  if (hex.length < 12) return { verdict: "wait" };
  const record = Number(`0x${hex.slice(6, 10)}`) + 5;
  if (record > HELLO_MAX_SIZE || record < 43) return { verdict: "broken" };
  if (hex.length < 18) return { verdict: "wait" };
  if (Number(`0x${hex.slice(12, 18)}`) + 9 !== record) return { verdict: "broken" };
  if (theirs.length < record) return { verdict: "wait" };
  const [mine, other] = [own.toHex().slice(22, 86), hex.slice(22, 86)];
  if (mine === other) return { verdict: "mirror" };
  return mine < other ? { verdict: "server" } : { verdict: "client", skip: record };
}
