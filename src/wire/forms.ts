// Values inside messages that have one spelling each: 32 bytes, a PeerId, an address (docs/PROTOCOL.md section 6).
// Scope: which strings are valid, and converting between a PeerId and its spelling. Out of scope: which address may be
// called (peers).

import { formatIpv6, parseIpv4, parseIpv6 } from "../ip.ts";
import type { PeerId } from "../ports.ts";

/** 32 bytes as unpadded base64url: 43 characters, the last of which has two spare bits that are zero. */
export type B32 = string;
/** `1.2.3.4:7373`, `[2001:db8::1]:7373`: an IP address in its one spelling, and a port from 1 to 65535. */
export type WireAddress = string;

/** Whether it is 32 bytes of unpadded base64url that encode to itself. */
export function isB32(text: string): boolean {
  return /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(text);
}

/** `bytes`: 32 of them. */
export function toB32(bytes: Uint8Array): B32 {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** 32 bytes. Throws a SyntaxError for what `isB32` refuses. */
export function fromB32(text: B32): Uint8Array {
  if (!isB32(text)) throw new SyntaxError("not 32 bytes of base64url");
  return Uint8Array.fromBase64(text, { alphabet: "base64url" });
}

export function peerToB32(peer: PeerId): B32 {
  return toB32(Uint8Array.fromHex(peer));
}

/** Throws a SyntaxError for what `isB32` refuses. */
export function peerFromB32(text: B32): PeerId {
  return fromB32(text).toHex();
}

/**
 * Whether it is an ADDR: IPv4 in four decimal numbers, or IPv6 in brackets in RFC 5952's form, all of it in hexadecimal
 * (IPv4-mapped too, as URL parsers write it), without a zone. Linear in a text of any length.
 */
export function isWireAddress(text: string): boolean {
  const [, v6, v4, port] = /^(?:\[([0-9a-f:]{2,39})\]|([0-9.]{7,15})):([1-9][0-9]{0,4})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65535) return false;
  if (v4 !== undefined) return parseIpv4(v4) !== undefined;
  const ip = parseIpv6(v6!);
  return ip !== undefined && formatIpv6(ip) === v6;
}

/** The parts of an address that is one, with a zone or without; nothing is checked. The host loses its brackets. */
export function addressParts(address: WireAddress): { readonly host: string; readonly port: number } {
  const colon = address.lastIndexOf(":");
  return { host: address.slice(0, colon).replace(/^\[|\]$/g, ""), port: Number(address.slice(colon + 1)) };
}
