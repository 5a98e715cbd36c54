import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { PEER_ID_SIZE } from "../constants.ts";
import { acceptable, familiar, makeIdentity, peerIdOf } from "./certificate.ts";
import { MALFORMED, WELL_FORMED } from "../../tests/transport/extensions.ts";
import { makeCertificate, sequence } from "../../tests/transport/forged_certificate.ts";

const random = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);

Deno.test("makeIdentity() makes a v3 certificate on P-256 that other software reads", () => {
  const identity = makeIdentity(random);
  assert(acceptable(identity.der));
  const read = new X509Certificate(identity.certificatePem);
  assert.deepEqual(new Uint8Array(read.raw), identity.der);
  assert.equal(read.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
  assert(read.verify(read.publicKey));
  assert.deepEqual(
    createPublicKey(createPrivateKey(identity.keyPem)).export({ type: "spki", format: "der" }),
    read.publicKey.export({ type: "spki", format: "der" }),
  );
});

Deno.test("makeIdentity() is new each time and the same for everyone but for key, serial and signature", () => {
  const [one, other] = [makeIdentity(random), makeIdentity(random)];
  assert.notEqual(one.peerId, other.peerId);
  assert.notEqual(one.keyPem, other.keyPem);
  const [a, b] = [new X509Certificate(one.certificatePem), new X509Certificate(other.certificatePem)];
  assert.deepEqual([a.subject, a.issuer, a.validFrom, a.validTo], [b.subject, b.issuer, b.validFrom, b.validTo]);
  assert.notEqual(a.serialNumber, b.serialNumber);
});

Deno.test("makeIdentity() takes the serial number from the entropy that it is given, positive and 16 bytes long", () => {
  for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
    const identity = makeIdentity((into) => into.fill(byte));
    const serial = new X509Certificate(identity.certificatePem).serialNumber;
    assert.equal(serial.length, 32);
    assert(parseInt(serial.slice(0, 2), 16) < 0x80);
    assert(acceptable(identity.der));
  }
});

Deno.test("the PeerId is the SHA-256 of the certificate", () => {
  const identity = makeIdentity(random);
  assert.equal(identity.peerId.length, 2 * PEER_ID_SIZE);
  assert.equal(peerIdOf(identity.der), identity.peerId);
  // FIPS 180-2, appendix B.1.
  assert.equal(
    peerIdOf(new TextEncoder().encode("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("acceptable() takes what docs/PROTOCOL.md section 1 leaves open: names and dates", () => {
  assert(acceptable(makeCertificate().der));
  assert(acceptable(makeCertificate({ name: "somebody" }).der));
  assert(acceptable(makeCertificate({ validity: ["600101000000Z", "610101000000Z"] }).der), "long past");
});

Deno.test("makeIdentity() gives name and dates byte for byte as docs/PROTOCOL.md has them, and no extensions", () => {
  const name = "300c310a300806035504030c0161";
  const dates = "301e170d3030303130313030303030305a170d3439313233313233353935395a";
  const hex = makeIdentity(random).der.toHex();
  assert(hex.includes(`300a06082a8648ce3d040302${name}${dates}${name}3059301306`));
  // Behind the key's 64 bytes stands the algorithm of the signature.
  assert.equal(hex.indexOf("300a06082a8648ce3d040302", hex.indexOf("03420004") + 8), hex.indexOf("03420004") + 8 + 128);
});

Deno.test("acceptable() refuses every extension, well-formed or not, and an empty list of them", () => {
  for (const [what, hex] of [...WELL_FORMED, ...MALFORMED]) {
    assert(!acceptable(makeCertificate({ extensions: [Uint8Array.fromHex(hex)] }).der), what);
  }
  assert(!acceptable(makeCertificate({ extensions: [] }).der), "a list of none");
  assert(!acceptable(makeCertificate({ bareExtensions: true }).der), "not even a list");
});

Deno.test("familiar() knows the names and dates that makeIdentity() gives, and judges nothing else", () => {
  assert(familiar(makeIdentity(random).der));
  assert(!familiar(makeCertificate({ name: "somebody" }).der));
  assert(!familiar(makeCertificate({ validity: ["600101000000Z", "610101000000Z"] }).der));
  assert(!familiar(new Uint8Array()));
});

Deno.test("acceptable() refuses other versions, keys, names and signatures", () => {
  assert(!acceptable(makeCertificate({ version: undefined }).der), "v1");
  assert(!acceptable(makeCertificate({ version: 0 }).der), "v1, written out");
  assert(!acceptable(makeCertificate({ version: 1 }).der), "v2");
  assert(!acceptable(makeCertificate({ version: 3 }).der), "v4");
  assert(!acceptable(makeCertificate({ issuer: "another" }).der), "issued by somebody else");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  assert(!acceptable(makeCertificate({ signWith: privateKey }).der), "signed by another key");
  for (const namedCurve of ["P-384", "secp256k1"]) {
    assert(!acceptable(makeCertificate({ keys: generateKeyPairSync("ec", { namedCurve }) }).der), namedCurve);
  }
  assert(!acceptable(makeCertificate({ keys: generateKeyPairSync("ed25519") }).der), "Ed25519");
  assert(!acceptable(makeCertificate({ keys: generateKeyPairSync("rsa", { modulusLength: 2048 }) }).der), "RSA");
});

Deno.test("acceptable() refuses what the TLS stack calls badly encoded, since it then asks for no proof of the key", () => {
  assert(MALFORMED.length >= 20);
  for (const [what, hex] of MALFORMED) {
    assert(!acceptable(makeCertificate({ extensions: [Uint8Array.fromHex(hex)] }).der), what);
  }
  for (const version of [undefined, 0, 1, 3]) assert(!acceptable(makeCertificate({ version }).der), `${version}`);
});

Deno.test("acceptable() refuses a certificate with any one bit changed, and every part of one", () => {
  const { der } = makeIdentity(random);
  for (let at = 0; at < der.length; at++) {
    const changed = der.slice();
    changed[at]! ^= 1 << at % 8;
    assert(!acceptable(changed), `byte ${at}`);
    assert(!acceptable(der.subarray(0, at)), `${at} bytes`);
  }
  assert(!acceptable(Uint8Array.of(...der, 0)), "a byte behind");
});

Deno.test("acceptable() never throws on hostile bytes", () => {
  const bytes = new Uint8Array(2048);
  for (let round = 0; round < 2000; round++) {
    random(bytes);
    const length = (bytes[0]! << 8 | bytes[1]!) % 2049;
    bytes[0] = 0x30;
    assert(!acceptable(bytes.subarray(0, length)));
  }
  const nested = (depth: number): Uint8Array => depth === 0 ? new Uint8Array() : sequence(nested(depth - 1));
  assert(!acceptable(nested(500)));
  assert(!acceptable(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff)));
  assert(!acceptable(Uint8Array.of(0x30, 0x80, 0, 0)));
  assert(!acceptable(new Uint8Array()));
});

Deno.test("acceptable() refuses a good certificate that is longer than any need be", () => {
  assert(acceptable(makeCertificate({ name: "x".repeat(700) }).der));
  assert(!acceptable(makeCertificate({ name: "x".repeat(1000) }).der));
});

Deno.test("acceptable() refuses a point that is not on the curve", () => {
  const spki = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "der" });
  const off = Uint8Array.from(spki);
  off[off.length - 1]! ^= 1;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  assert(!acceptable(makeCertificate({ spki: off, signWith: privateKey }).der));
});
