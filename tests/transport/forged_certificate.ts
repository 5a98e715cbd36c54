// Self-signed certificates of any shape, for tests: the ones that Sesame would make, and the ones that it must refuse.

import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface Forgery {
  /** 2 is v3; undefined leaves the field out, which is v1. */
  readonly version?: number | undefined;
  readonly name?: string;
  readonly issuer?: string;
  /** UTCTime. */
  readonly validity?: readonly [string, string];
  /** Each one a whole Extension. */
  readonly extensions?: readonly Uint8Array[];
  /** An empty `[3]`, without the list in it. */
  readonly bareExtensions?: boolean;
  readonly keys?: KeyPair;
  /** In place of the public key of `keys`. */
  readonly spki?: Uint8Array;
  /** In place of the private key of `keys`. */
  readonly signWith?: KeyObject;
}

export interface Forged {
  readonly der: Uint8Array;
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly keys: KeyPair;
}

export function makeCertificate(forgery: Forgery = {}): Forged {
  const keys = forgery.keys ?? generateKeyPairSync("ec", { namedCurve: "P-256" });
  const version = "version" in forgery ? forgery.version : 2;
  const [from, to] = forgery.validity ?? ["000101000000Z", "491231235959Z"];
  const subject = nameOf(forgery.name ?? "a");
  const body = sequence(
    version === undefined ? new Uint8Array() : Uint8Array.of(0xa0, 3, 2, 1, version),
    Uint8Array.of(0x02, 1, 5),
    ECDSA_WITH_SHA256,
    forgery.issuer === undefined ? subject : nameOf(forgery.issuer),
    sequence(element(0x17, text(from)), element(0x17, text(to))),
    subject,
    forgery.spki ?? keys.publicKey.export({ type: "spki", format: "der" }),
    forgery.extensions === undefined ? new Uint8Array() : element(0xa3, sequence(...forgery.extensions)),
    forgery.bareExtensions === true ? element(0xa3) : new Uint8Array(),
  );
  const key = forgery.signWith ?? keys.privateKey;
  const signature = sign(key.asymmetricKeyType === "ed25519" ? null : "sha256", body, key);
  const der = sequence(body, ECDSA_WITH_SHA256, element(0x03, Uint8Array.of(0), signature));
  return {
    der,
    certificatePem: `-----BEGIN CERTIFICATE-----\n${der.toBase64()}\n-----END CERTIFICATE-----\n`,
    keyPem: keys.privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    keys,
  };
}

/**
 * What a thief of a certificate makes up: a private key that names the certificate's public key and is not its own.
 * OpenSSL compares the public halves only, so that its `s_client` and `s_server` take the pair.
 * RFC 5915: `SEQUENCE { 1, privateKey, [0] P-256, [1] publicKey }`.
 */
export function keyOfAThief(victim: KeyObject): string {
  const point = Uint8Array.from(victim.export({ type: "spki", format: "der" }) as Uint8Array).subarray(-65);
  const wrong = crypto.getRandomValues(new Uint8Array(32));
  wrong[0] = 1;
  const key = sequence(
    Uint8Array.of(0x02, 1, 1),
    element(0x04, wrong),
    element(0xa0, Uint8Array.fromHex("06082a8648ce3d030107")),
    element(0xa1, element(0x03, Uint8Array.of(0), point)),
  );
  return `-----BEGIN EC PRIVATE KEY-----\n${key.toBase64()}\n-----END EC PRIVATE KEY-----\n`;
}

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return element(0x30, ...parts);
}

/** One DER element, up to 65535 bytes. */
export function element(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = parts.flatMap((part) => [...part]);
  const length = content.length;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Uint8Array.of(tag, ...head, ...content);
}

function nameOf(commonName: string): Uint8Array {
  return sequence(element(0x31, sequence(Uint8Array.fromHex("0603550403"), element(0x0c, text(commonName)))));
}

function text(ascii: string): Uint8Array {
  return new TextEncoder().encode(ascii);
}

const ECDSA_WITH_SHA256 = Uint8Array.fromHex("300a06082a8648ce3d040302");
