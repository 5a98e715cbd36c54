// The ephemeral certificate (docs/PROTOCOL.md section 1): making our own, judging a peer's. Scope: DER encoding of one
// fixed shape, a strict walk over somebody else's, the PeerId. Out of scope: sockets, chains of trust (there is no
// authority), cryptography of our own: keys and signatures are the runtime's. The private key has to be PEM text,
// because `node:tls` takes nothing else; it lives as long as the process.

import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import type { Entropy, PeerId } from "../ports.ts";

export interface Identity {
  readonly certificatePem: string;
  readonly keyPem: string;
  /** The certificate as it goes over the wire. */
  readonly der: Uint8Array;
  readonly peerId: PeerId;
}

/** A fresh key and a v3 certificate for it that differs from everybody else's in key, serial number and signature only. */
export function makeIdentity(random: Entropy): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const serial = new Uint8Array(16);
  random(serial);
  // RFC 5280 section 4.1.2.2: positive; with the next bit set it is also always 16 bytes long.
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const body = element(
    SEQUENCE,
    VERSION_3,
    element(INTEGER, serial),
    ECDSA_WITH_SHA256,
    NAME,
    VALIDITY,
    NAME,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = element(BIT_STRING, Uint8Array.of(0), sign("sha256", body, privateKey));
  const der = element(SEQUENCE, body, ECDSA_WITH_SHA256, signature);
  return {
    certificatePem: `-----BEGIN CERTIFICATE-----\n${der.toBase64()}\n-----END CERTIFICATE-----\n`,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    der,
    peerId: peerIdOf(der),
  };
}

/** SHA-256 of the certificate, 64 lower-case hex digits. */
export function peerIdOf(der: Uint8Array): PeerId {
  return createHash("sha256").update(der).digest("hex");
}

/**
 * Whether a peer's certificate is v3 without extensions, on P-256, of one name for issuer and subject, and signed
 * (ecdsa-with-SHA256) by its own key. What its names and dates say is not looked at. Any bytes may be given; it never throws.
 *
 * The walk is at least as strict as that of the runtime's TLS stack (rustls-webpki). A certificate that it calls badly
 * encoded makes the runtime skip the proof that the peer has the key: every version but v3 on both sides, and when
 * dialling a v3 one with a malformed extension too (tests/transport/hostile_tls_test.ts shows it). Which extensions it
 * opens may change, so there are none. What passes here has been proven.
 */
export function acceptable(der: Uint8Array): boolean {
  if (der.length > CERTIFICATE_MAX_BYTES) return false;
  try {
    const { body, publicKey, signature } = parse(der);
    const key = createPublicKey({ key: publicKey as never, format: "der", type: "spki" });
    return verify("sha256", body, key, signature);
  } catch {
    return false;
  }
}

/** Whether names and dates are those of `makeIdentity`. Anybody can make such a one: a hint for words, never a check. */
export function familiar(der: Uint8Array): boolean {
  return der.toHex().includes(NAME.toHex() + VALIDITY.toHex() + NAME.toHex());
}

// --- Reading --------------------------------------------------------------------------------------------------------

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
  /** Tag and length included. */
  readonly whole: Uint8Array;
}

/** Thrown and caught in this file. */
class Malformed extends Error {}

/** The parts that matter: the signed body, the SubjectPublicKeyInfo and the signature. Throws on everything else. */
function parse(der: Uint8Array): { body: Uint8Array; publicKey: Uint8Array; signature: Uint8Array } {
  const [certificate, ...trailing] = elements(der);
  must(certificate?.tag === SEQUENCE && trailing.length === 0);
  const [body, algorithm, signature, ...more] = elements(certificate!.content);
  must(body?.tag === SEQUENCE && equal(algorithm?.whole, ECDSA_WITH_SHA256) && more.length === 0);
  // No unused bits, which a DER signature never has.
  must(signature?.tag === BIT_STRING && signature.content[0] === 0);

  const [version, serial, signedAlgorithm, issuer, validity, subject, publicKey, ...rest] = elements(body!.content);
  must(equal(version?.whole, VERSION_3));
  must(serial?.tag === INTEGER && serial.content.length >= 1 && serial.content.length <= 20);
  must(equal(signedAlgorithm?.whole, ECDSA_WITH_SHA256));
  must(issuer?.tag === SEQUENCE && validity?.tag === SEQUENCE && equal(subject?.whole, issuer.whole));
  must(
    publicKey?.whole.length === P256_KEY.length + 64 && equal(publicKey.whole.subarray(0, P256_KEY.length), P256_KEY),
  );
  // Unique identifiers, which nobody uses, and extensions, an empty list of them too.
  must(rest.length === 0);
  return { body: body!.whole, publicKey: publicKey!.whole, signature: signature!.content.subarray(1) };
}

/** Splits bytes into DER elements: one-byte tags, shortest form of the length, nothing left over. */
function elements(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at]!;
    must((tag & 0x1f) !== 0x1f && at + 1 < bytes.length);
    let length = bytes[at + 1]!;
    let header = 2;
    if (length >= 0x80) {
      const size = length - 0x80;
      must((size === 1 || size === 2) && at + 2 + size <= bytes.length);
      length = size === 1 ? bytes[at + 2]! : bytes[at + 2]! * 256 + bytes[at + 3]!;
      must(length >= (size === 1 ? 0x80 : 0x100));
      header += size;
    }
    const end = at + header + length;
    must(end <= bytes.length);
    found.push({ tag, content: bytes.subarray(at + header, end), whole: bytes.subarray(at, end) });
    at = end;
  }
  return found;
}

function must(holds: boolean): void {
  if (!holds) throw new Malformed();
}

function equal(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// --- Writing --------------------------------------------------------------------------------------------------------

/** One DER element of the given tag around the parts; up to 65535 bytes. */
function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const head = length < 0x80
    ? [tag, length]
    : length < 0x100
    ? [tag, 0x81, length]
    : [tag, 0x82, length >> 8, length & 0xff];
  const out = new Uint8Array(head.length + length);
  out.set(head);
  let at = head.length;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function utcTime(text: string): Uint8Array {
  return element(UTC_TIME, new TextEncoder().encode(text));
}

// --- Constants ------------------------------------------------------------------------------------------------------

/** Ours has about 310 bytes. */
const CERTIFICATE_MAX_BYTES = 2048;

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;

/** `[0] { INTEGER 2 }` */
const VERSION_3 = Uint8Array.fromHex("a003020102");
/** `SEQUENCE { 1.2.840.10045.4.3.2 }` */
const ECDSA_WITH_SHA256 = Uint8Array.fromHex("300a06082a8648ce3d040302");
/** CN=a, so that the certificate tells nothing. */
const NAME = Uint8Array.fromHex("300c310a300806035504030c0161");
const VALIDITY = element(SEQUENCE, utcTime("000101000000Z"), utcTime("491231235959Z"));
/** A SubjectPublicKeyInfo on P-256 (RFC 5480) up to and including the 04 of an uncompressed point; 64 bytes follow. */
const P256_KEY = Uint8Array.fromHex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
