// What a router answers in PCP (RFC 6887) and NAT-PMP (RFC 6886), and when it is asked again.
// Input: which answer it begins with (none, or an honest one of each kind), what is changed of it; or its bytes.

import { Lease } from "../../src/transport/mapping/lease.ts";
import { parseAddressAnswer, parseNatPmp } from "../../src/transport/mapping/nat_pmp.ts";
import { parsePcp, type PcpWish } from "../../src/transport/mapping/pcp.ts";
import { edit, Input, joined, must, same, type Target } from "../target.ts";

const INNER = 0x1ccd;
const WISH: PcpWish = {
  own: new Uint8Array(16),
  nonce: Uint8Array.from({ length: 12 }, (_, i) => 0xa0 + i),
  innerPort: INNER,
  outerPort: INNER,
  outer: new Uint8Array(16),
  lifetime: 1200,
};
const NONCE = WISH.nonce.toHex();
const PORT = "1ccd";

/** Honest ones: PCP's, a version that PCP does not know, NAT-PMP's outer address, its mapping, and a version again. */
const HONEST = [
  `02810000000004b00000004d${"00".repeat(12)}${NONCE}06000000${PORT}${PORT}00000000000000000000ffffcb007101`,
  "0081000100000009",
  "008000000000004dcb007101",
  `008200000000004d${PORT}${PORT}000004b0`,
  "008200010000004d",
];

export const target: Target = {
  name: "router",
  maxLength: 1200,
  dictionary: [Uint8Array.fromHex(NONCE), Uint8Array.of(0x1c, 0xcd), Uint8Array.of(2, 0x81, 0, 0), "\0\x82\0\0"],
  seeds: () => [
    ...HONEST.map((_, n) => Uint8Array.of(n + 1, 0)),
    ...HONEST.map((hex) => joined([0], Uint8Array.fromHex(hex))),
    joined([1, 1, 0, 3, 2], [0, 1, 0, 0, 4, 0]),
  ],
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const input = new Input(data);
  const honest = HONEST[input.pick(HONEST.length + 1) - 1];
  let bytes = honest === undefined ? input.rest() : Uint8Array.fromHex(honest);
  if (honest !== undefined) edit(bytes, input, 3);
  if (honest !== undefined && input.pick(2) === 1) bytes = bytes.slice(0, input.pick(bytes.length + 1));
  // Where they lie in a buffer does not matter.
  const lying = joined([0xff, 0xff, 0xff], bytes, [0xff]).subarray(3, 3 + bytes.length);
  pcp(lying);
  natPmp(lying);
  must(same(lying, bytes), "reading changes nothing");
  clocks(input);
}

/** A second reading: of the page's figures as patterns over hex. */
function pcp(bytes: Uint8Array): void {
  const got = parsePcp(bytes, WISH);
  const hex = bytes.toHex();
  const version = /^00[89a-f].0001.{8}/.test(hex) || /^0281..01.{40}/.test(hex);
  if (version && bytes.length <= 60) return must(got === 1, "another version is told");
  const [, code, lifetime, port, outer] =
    new RegExp(`^0281..(..)(.{8}).{32}${NONCE}06.{6}${PORT}(.{4})(.{32})(.{8})*$`).exec(hex) ?? [];
  if (code === undefined || bytes.length > 1100 || (code === "00" && port === "0000")) {
    return must(got === undefined, "nothing else is an answer to this wish");
  }
  if (code !== "00") return must(got === Number(`0x${code}`), "a refusal keeps its code");
  must(typeof got === "object" && got.outer.toHex() === outer, "the outer address as it came");
  must(got.port === Number(`0x${port}`) && got.lifetime === Number(`0x${lifetime}`), "port and lifetime as they came");
}

function natPmp(bytes: Uint8Array): void {
  const hex = bytes.toHex();
  const unknown = /^008[02]0001.{8}/.test(hex);
  const address = parseAddressAnswer(bytes);
  if (unknown && hex[3] === "0" && bytes.length <= 12) must(address === 1, "another version is told");
  else {
    const [, code, outer] = /^0080(.{4}).{8}(.{8})$/.exec(hex) ?? [];
    judge(address, code, code === "0000");
    must(typeof address !== "object" || address.toHex() === outer, "the outer address as it came");
  }
  const mapping = parseNatPmp(bytes, INNER);
  if (unknown && hex[3] === "2" && bytes.length <= 16) return must(mapping === 1, "the same for a port");
  const [, code, port, lifetime] = new RegExp(`^0082(.{4}).{8}${PORT}(.{4})(.{8})$`).exec(hex) ?? [];
  judge(mapping, code, code === "0000" && port !== "0000");
  if (typeof mapping !== "object") return;
  must(mapping.port === Number(`0x${port}`) && mapping.lifetime === Number(`0x${lifetime}`), "port and lifetime");
}

function judge(got: object | number | undefined, code: string | undefined, granted: boolean): void {
  if (granted) return must(typeof got === "object", "an honest answer counts");
  if (code === undefined || code === "0000") return must(got === undefined, "nothing else is an answer");
  must(got === Number(`0x${code}`), "a refusal keeps its code");
}

function clocks(input: Input): void {
  const at = input.u16();
  const now = at + input.u32();
  const lease = new Lease(input.u32(), at);
  must(lease.askAt >= at + 30_000 && lease.askAt <= at + 600_000, "asked again in 30 s to 10 minutes");
  lease.silent(now);
  must(lease.askAt > now, "silence is no reason to ask at once");
}
