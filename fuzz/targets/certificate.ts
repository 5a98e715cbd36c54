// docs/PROTOCOL.md section 1: judging a peer's certificate. Input: any DER; or an honest certificate with changes; or
// its signed body with changes and insertions, signed again with its own key, so that only the judgement decides
// whether a mutation is accepted.

import { generateKeyPairSync, sign, X509Certificate } from "node:crypto";
import { acceptable, makeIdentity } from "../../src/transport/certificate.ts";
import { seededEntropy } from "../../tests/harness/arena.ts";
import { edit, Input, joined, must, same, type Target } from "../target.ts";

const EXTENSION = Uint8Array.fromHex("a3133011300f0603551d130101ff040530030101ff");
const ALGORITHM = Uint8Array.fromHex("300a06082a8648ce3d040302");
const NAME = Uint8Array.fromHex("300c310a300806035504030c0161");
const VALIDITY = Uint8Array.fromHex("301e170d3030303130313030303030305a170d3439313233313233353935395a");

export const target: Target = {
  name: "certificate",
  maxLength: 2200,
  dictionary: [ALGORITHM, NAME, EXTENSION, Uint8Array.fromHex("a003020102"), Uint8Array.fromHex("a003020101")],
  seeds: () => [
    ...[0, 1, 2].map((kind) => Uint8Array.of(kind, 0)),
    joined([0], makeIdentity(seededEntropy("fuzz")).der),
    joined([3, 0, 21], EXTENSION),
    joined([2, 1, 0, 4, 1], [0]),
  ],
  make: () => Promise.resolve(run),
};

const honest = makeIdentity(seededEntropy("fuzz")).der;
const { privateKey, publicKey } = generateKeyPairSync("ec", {
  namedCurve: "P-256",
});
const SPKI = new Uint8Array(publicKey.export({ type: "spki", format: "der" }));

function run(data: Uint8Array): void {
  const input = new Input(data);
  const kind = input.pick(4);
  const der = kind === 0 ? input.rest() : kind === 1 ? honest.slice() : signed(kind, input);
  const touched = kind === 1 && edit(der, input, 4);
  const kept = der.slice();
  const good = acceptable(der); // never throws
  must(same(der, kept), "the certificate is not changed");
  if (kind === 1) must(!touched || !good, "a changed certificate is refused");
  if (!good) return;
  must(der.length <= 2048, "a long one is refused");
  must(!acceptable(joined(der, [0])), "nothing may stand behind it");
  must(!acceptable(der.subarray(0, -1)), "nor may its end be missing");
  const second = opinion(der);
  if (second !== undefined) {
    must(second.issuer === second.subject, "one name");
    must(second.publicKey.asymmetricKeyDetails?.namedCurve === "prime256v1", "P-256");
    must(second.verify(second.publicKey), "signed by its own key");
    must(second.raw.length === der.length, "it is all of it");
  }
  must(shaped(der), "its shape is the one that the page allows");
}

/** A second, plain reading of the shape: RFC 5280, v3, neither unique identifiers nor extensions. */
function shaped(der: Uint8Array): boolean {
  const tags = (elements: readonly Element[]) => elements.map(({ tag }) => tag.toString(16).padStart(2, "0")).join(" ");
  const [certificate] = read(der);
  const parts = read(certificate!.content);
  const body = read(parts[0]!.content);
  if (tags(parts) !== "30 30 03" || tags(body) !== "a0 02 30 30 30 30 30") return false;
  return same(body[0]!.content, Uint8Array.of(2, 1, 2));
}

interface Element {
  readonly tag: number;
  readonly content: Uint8Array;
}

/** An empty list for what cannot be cut into elements. */
function read(bytes: Uint8Array): Element[] {
  const found: Element[] = [];
  for (let rest = bytes; rest.length > 0;) {
    const long = (rest[1] ?? 0) >= 0x80 ? rest[1]! - 0x80 : 0;
    const size = long === 0 ? rest[1] ?? NaN : rest.subarray(2, 2 + long).reduce((sum, byte) => sum * 256 + byte, 0);
    const [from, to] = [2 + long, 2 + long + size];
    if (!(to <= rest.length)) return [];
    found.push({ tag: rest[0]!, content: rest.subarray(from, to) });
    rest = rest.subarray(to);
  }
  return found;
}

/** A second, unrelated parser's. None where it is stricter than the page, as about dates, which are not looked at. */
function opinion(der: Uint8Array<ArrayBuffer>): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

/** A body with changes, and `kind` 3: with a piece where the extensions stand; signed by the key in it. */
function signed(kind: number, input: Input): Uint8Array<ArrayBuffer> {
  const parts = [Uint8Array.fromHex("a003020102"), Uint8Array.fromHex("02014a"), ALGORITHM, NAME, VALIDITY, NAME, SPKI];
  let content: Uint8Array = joined(...parts);
  if (kind === 2) {
    const head = content.slice(0, content.length - SPKI.length);
    edit(head, input, 4);
    content = joined(head, SPKI, input.some(300));
  } else {content = joined(
      content,
      input.some(1600),
      input.rest().subarray(0, 300),
    );}
  const body = der(0x30, content);
  return der(0x30, joined(body, ALGORITHM, der(0x03, joined([0], new Uint8Array(sign("sha256", body, privateKey))))));
}

function der(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const n = content.length;
  const length = n < 0x80 ? [n] : n < 0x100 ? [0x81, n] : [0x82, n >> 8, n & 0xff];
  return joined([tag, ...length], content) as Uint8Array<ArrayBuffer>;
}
