// Recomputes every value of a file of exchanges (the format of tests/vectors/exchange-v1.json) with the product's own code,
// and stops at the first that differs, naming it: `deno task vectors FILE...`. Needs --allow-read and nothing else.
//
// An exchange is computed whole from its inputs, then compared with the file field by field, so that a wrong value in the
// file cannot lead to another; a field that is missing or not known is a difference as well. Inputs are: the `inputs`,
// the plaintexts, the order of steps, and the keys and coins of renewals.
// These values are public. Nothing here is fit for a secret: it holds keys as hex.

import {
  CELL_PLAINTEXT_SIZE,
  CHANNEL_BINDING_SIZE,
  CONFIRM_SIZE,
  FRAME_BODY_SIZE,
  FRAME_HEADER_SIZE,
  KEM_CIPHERTEXT_SIZE,
  KEM_KEY_SIZE,
  KEY_CELL,
  NONCE_SIZE,
  PEER_ID_SIZE,
  POINT_SIZE,
  PROTOCOL_VERSION,
  RATCHET_HEADER_SIZE,
  SALT_SIZE,
} from "../../src/constants.ts";
import { edwards25519 } from "../../src/auth/group.ts";
import { DialerHandshake, handshakeContext, ListenerHandshake, sessionKeys } from "../../src/auth/handshake.ts";
import { normalisePhrase } from "../../src/auth/phrase.ts";
import {
  confirmation,
  confirmationKeys,
  makeShare,
  makeTranscript,
  sharedPoint,
  transcriptKeys,
} from "../../src/auth/spake2.ts";
import { argon2Salt, StretchedPhrase } from "../../src/auth/stretched.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "../../src/crypto/mlkem768.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { use } from "../../src/crypto/sodium.ts";
import { aadFor } from "../../src/ratchet/steps.ts";
import { type Arena, LockedBytes, type LockedKey } from "../../src/secrets/locked.ts";
import { encodeAccept, encodeAnswer, encodeOffer } from "../../src/wire/handshake_body.ts";
import { fromHex, lockedBytes, lockedKey, scriptedEntropy, testArena, toHex, utf8 } from "../harness/arena.ts";
import { stretch } from "../harness/stretch.ts";
import {
  agree,
  asHex,
  asObject,
  compare,
  compareLeaf,
  Difference,
  isObject,
  Malformed,
  noneUnknown,
} from "./compare.ts";
import { cellFrame, computeConversation, publicOf } from "./conversation.ts";

/** Argon2id with the protocol's parameters. */
export type StretchFunction = (phrase: Uint8Array, salt: Uint8Array) => Promise<Uint8Array>;

async function main(files: string[]): Promise<number> {
  if (files.length === 0) {
    console.error("Could not check vectors. No file was named. Run: deno task vectors FILE...");
    return 2;
  }
  for (const file of files) {
    let text: string;
    try {
      text = await Deno.readTextFile(file);
    } catch (error) {
      const why = error instanceof Deno.errors.NotFound ? "There is no such file" : "It could not be read";
      console.error(`Could not check ${file}. ${why}. Name a file in the format of tests/vectors/exchange-v1.json.`);
      return 2;
    }
    const code = await checkFile(await testArena(), file, text, async (p, s) => (await stretch(p, s)).out);
    if (code !== 0) return code;
  }
  return 0;
}

/** Exit code: 0 all the same, 1 a difference, 2 not such a file. */
export async function checkFile(
  arena: Arena,
  file: string,
  text: string,
  stretch: StretchFunction,
  say: { line(text: string): void; problem(text: string): void } = { line: console.log, problem: console.error },
): Promise<number> {
  let where = "";
  try {
    const { exchanges, constants } = parseFile(text);
    const compared = checkConstants(arena, constants);
    say.line(`${file}: constants: ${compared} values, all as computed`);
    for (const [i, exchange] of exchanges.entries()) {
      const { name } = asObject(exchange, `exchanges[${i}]`);
      where = `exchange ${typeof name === "string" ? name : i}: `;
      const values = await checkExchange(arena, exchange, stretch);
      say.line(`${file}: ${where}${values} values, all as computed`);
    }
    return 0;
  } catch (error) {
    if (error instanceof Difference) {
      say.problem(`${file}: ${where}${error.message}`);
      return 1;
    }
    if (error instanceof Malformed) {
      say.problem(
        `Could not check ${file}. ${error.message}. Name a file in the format of tests/vectors/exchange-v1.json.`,
      );
      return 2;
    }
    throw error;
  }
}

function parseFile(text: string): { exchanges: unknown[]; constants: unknown } {
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw new Malformed("It is not JSON");
  }
  if (!isObject(file) || !Array.isArray(file.exchanges)) throw new Malformed("It has no list of exchanges");
  if (file.exchanges.length === 0) throw new Malformed("Its list of exchanges is empty");
  const { exchanges, constants, protocol, entropy: _, reading: __, ...unknown } = file;
  compareLeaf(protocol, `sesame wire protocol, version ${PROTOCOL_VERSION}`, "protocol");
  noneUnknown(unknown, "");
  return { exchanges, constants };
}

/** Returns how many values were compared. Throws Difference. */
export function checkConstants(arena: Arena, constants: unknown): number {
  using sessionId = arena.bytes(16);
  using aad = aadFor(arena, sessionId, "dialer", new Uint8Array(PEER_ID_SIZE), new Uint8Array(PEER_ID_SIZE));
  const labelSize = aad.length - sessionId.length - 1 - 2 * PEER_ID_SIZE - FRAME_HEADER_SIZE - RATCHET_HEADER_SIZE;
  return compare(constants, {
    M: toHex(edwards25519.M),
    N: toHex(edwards25519.N),
    cellFrameHeader: cellFrame("00".repeat(FRAME_BODY_SIZE)).slice(0, 2 * FRAME_HEADER_SIZE),
    aadLabel: toHex(aad.bytes.subarray(0, labelSize)),
    keyCell: KEY_CELL,
    plaintextSize: CELL_PLAINTEXT_SIZE,
  }, "constants");
}

/** Returns how many values were compared. Throws Difference. */
export async function checkExchange(arena: Arena, exchange: unknown, stretch: StretchFunction): Promise<number> {
  const given = asObject(exchange, "exchange");
  const inputs = readInputs(given.inputs);
  const handshake = await computeHandshake(arena, inputs, stretch);
  const conversation = computeConversation(arena, { ...inputs, ...handshake.derived }, given);
  const { name, about, inputs: _, ...values } = given;
  if (typeof name !== "string") throw new Difference("name", name, "a text");
  if (about !== undefined && typeof about !== "string") throw new Difference("about", about, "a text");
  return compare(values, { ...handshake, ...conversation }, "");
}

// --- Section 3 ------------------------------------------------------------------------------------------------------

const INPUT_SIZES = {
  salt: SALT_SIZE,
  nonceA: NONCE_SIZE,
  nonceB: NONCE_SIZE,
  xWide: 64,
  yWide: 64,
  kemSeed: 64,
  kemM: 32,
  ratchetPrivateA: POINT_SIZE,
  ratchetPrivateB: POINT_SIZE,
  cb: CHANNEL_BINDING_SIZE,
  peerIdA: PEER_ID_SIZE,
  peerIdB: PEER_ID_SIZE,
} as const;

type Inputs = Readonly<Record<keyof typeof INPUT_SIZES | "phrase", string>> & { readonly mode: "real" | "decoy" };

function readInputs(value: unknown): Inputs {
  const { phrase, mode, ...rest } = asObject(value, "inputs");
  if (typeof phrase !== "string") throw new Difference("inputs.phrase", phrase, "a text");
  if (mode !== "real" && mode !== "decoy") throw new Difference("inputs.mode", mode, '"real" or "decoy"');
  for (const [name, size] of Object.entries(INPUT_SIZES)) asHex(rest[name], `inputs.${name}`, size);
  const known = new Set(Object.keys(INPUT_SIZES));
  noneUnknown(Object.fromEntries(Object.entries(rest).filter(([name]) => !known.has(name))), "inputs");
  return { ...rest, phrase, mode } as Inputs;
}

/** Step by step through the functions, then once more through the two classes, which must give the same. */
async function computeHandshake(arena: Arena, inputs: Inputs, stretch: StretchFunction) {
  const bytes = (name: keyof typeof INPUT_SIZES) => fromHex(inputs[name]);
  const normal = normalisePhrase(arena, utf8(inputs.phrase));
  if (!(normal instanceof LockedBytes)) {
    throw new Difference("inputs.phrase", inputs.phrase, `a phrase that is refused: ${JSON.stringify(normal)}`);
  }
  using phrase = normal;
  const salt = bytes("salt");
  const saltPrime = argon2Salt(inputs.mode, salt);
  using wBytes = lockedBytes(arena, await stretch(phrase.bytes.slice(), saltPrime));
  using stretched = StretchedPhrase.from(arena, salt, wBytes);
  using x = scalar(arena, inputs.xWide, "inputs.xWide");
  using y = scalar(arena, inputs.yWide, "inputs.yWide");
  const shareA = new Uint8Array(POINT_SIZE);
  makeShare(edwards25519, arena, shareA, x, stretched.wM);
  const shareB = new Uint8Array(POINT_SIZE);
  makeShare(edwards25519, arena, shareB, y, stretched.wN);
  const ratchetA = fromHex(publicOf(arena, inputs.ratchetPrivateA));
  const ratchetB = fromHex(publicOf(arena, inputs.ratchetPrivateB));

  using seed = lockedBytes(arena, inputs.kemSeed);
  using kemM = lockedKey(arena, inputs.kemM);
  const kem = new Uint8Array(KEM_KEY_SIZE);
  kemPublicKey(kem, seed);
  const ciphertext = new Uint8Array(KEM_CIPHERTEXT_SIZE);
  using ss = arena.key();
  if (!kemEncapsulate(ciphertext, ss, kem, kemM)) throw new Error("our own KEM key was refused");
  using decapsulated = arena.key();
  kemDecapsulate(decapsulated, ciphertext, seed);
  agree("derived.ss", toHex(ss), toHex(decapsulated));

  using K = arena.bytes(POINT_SIZE);
  using KofB = arena.bytes(POINT_SIZE);
  const valid = sharedPoint(edwards25519, arena, K, x, shareB, stretched.wN) &&
    sharedPoint(edwards25519, arena, KofB, y, shareA, stretched.wM);
  if (!valid) throw new Error("our own share was refused");
  agree("derived.K", toHex(K), toHex(KofB));
  const [dialer, listener] = [bytes("peerIdA"), bytes("peerIdB")];
  using TT = makeTranscript(arena, {
    identityA: dialer,
    identityB: listener,
    shareA,
    shareB,
    K,
    w: stretched.w,
  });
  const channelBinding = bytes("cb");
  const offer = { salt, nonceB: bytes("nonceB"), shareB, ratchetB, kem };
  const answer = { nonceA: bytes("nonceA"), shareA, ratchetA, ciphertext };
  using ctx = arena.key();
  handshakeContext(ctx, channelBinding, offer, answer, ss);
  using KeKa = arena.key();
  transcriptKeys(KeKa, TT);
  const [Ke, Ka] = [KeKa.bytes.subarray(0, 16), KeKa.bytes.subarray(16)];
  using Kc = arena.key();
  confirmationKeys(Kc, Ka, ctx);
  const [KcA, KcB] = [Kc.bytes.subarray(0, 16), Kc.bytes.subarray(16)];
  const confirmA = new Uint8Array(CONFIRM_SIZE);
  confirmation(confirmA, KcA, TT);
  const confirmB = new Uint8Array(CONFIRM_SIZE);
  confirmation(confirmB, KcB, TT);
  using both = arena.bytes(48);
  sessionKeys(both, ctx, Ke, channelBinding, ss);

  const derived = {
    phraseBytes: toHex(phrase),
    modeByte: inputs.mode === "real" ? 0 : 1,
    saltPrime: toHex(saltPrime),
    wBytes: toHex(wBytes),
    w: bigEndian(stretched.w),
    wM: toHex(stretched.wM),
    wN: toHex(stretched.wN),
    x: bigEndian(x),
    y: bigEndian(y),
    shareA: toHex(shareA),
    shareB: toHex(shareB),
    ratchetA: toHex(ratchetA),
    ratchetB: toHex(ratchetB),
    kem: toHex(kem),
    kemPrivate: expandedKemKeyHash(seed),
    ciphertext: toHex(ciphertext),
    ss: toHex(ss),
    K: toHex(K),
    TT: toHex(TT),
    ctx: toHex(ctx),
    Ke: toHex(Ke),
    Ka: toHex(Ka),
    Kc: toHex(Kc),
    KcA: toHex(KcA),
    KcB: toHex(KcB),
    confirmA: toHex(confirmA),
    confirmB: toHex(confirmB),
    RK: toHex(both.bytes.subarray(0, 32)),
    sessionId: toHex(both.bytes.subarray(32)),
  };
  const frames = {
    offer: toHex(encodeOffer(offer)),
    answer: toHex(encodeAnswer({ ...answer, confirmA })),
    accept: toHex(encodeAccept({ confirmB })),
  };
  const facts = { dialer, listener, channelBinding };
  agree("frames and secrets", framesAndSecretsOfClasses(arena, inputs, stretched, facts), {
    ...frames,
    ...{ RK: derived.RK, sessionId: derived.sessionId },
  });
  return { derived, frames };
}

/** What the product's two handshake classes make of the same inputs. */
function framesAndSecretsOfClasses(
  arena: Arena,
  inputs: Inputs,
  phrase: StretchedPhrase,
  facts: { dialer: Uint8Array; listener: Uint8Array; channelBinding: Uint8Array },
) {
  const entropyB = scriptedEntropy([inputs.nonceB, inputs.yWide, inputs.ratchetPrivateB, inputs.kemSeed]);
  const entropyA = scriptedEntropy([inputs.nonceA, inputs.xWide, inputs.ratchetPrivateA, inputs.kemM]);
  using listener = new ListenerHandshake(arena, phrase, facts, entropyB);
  using dialer = new DialerHandshake(arena, phrase, facts, listener.offer, entropyA);
  const done = listener.finish(dialer.answer);
  if (done === undefined) throw new Error("the listener refuses");
  using secretsB = done.secrets;
  using secretsA = dialer.finish(done.confirmB);
  if (secretsA === undefined) throw new Error("the dialer refuses");
  agree("RK", toHex(secretsA.rootKey), toHex(secretsB.rootKey));
  agree("sessionId", toHex(secretsA.sessionId), toHex(secretsB.sessionId));
  return {
    offer: toHex(encodeOffer(listener.offer)),
    answer: toHex(encodeAnswer(dialer.answer)),
    accept: toHex(encodeAccept({ confirmB: done.confirmB })),
    RK: toHex(secretsA.rootKey),
    sessionId: toHex(secretsA.sessionId),
  };
}

function scalar(arena: Arena, wide: string, field: string): LockedKey {
  using locked = lockedBytes(arena, wide);
  const out = arena.key();
  if (edwards25519.reduce(out, locked)) return out;
  out[Symbol.dispose]();
  throw new Difference(field, wide, "a scalar that is 0");
}

/** SHA-256 of the 2400-byte decapsulation key, which the product itself never keeps. */
function expandedKemKeyHash(seed: LockedBytes): string {
  const out = new Uint8Array(32);
  use((raw, scratch) => {
    const dk = scratch.room(2400);
    raw._crypto_kem_mlkem768_seed_keypair!(scratch.room(KEM_KEY_SIZE), dk, scratch.in(seed));
    sha256(out, raw.HEAPU8.subarray(dk, dk + 2400));
  });
  return toHex(out);
}

function bigEndian(scalar: LockedKey): string {
  return toHex(scalar.bytes.slice().reverse());
}

// Last, since the constants above must exist.
if (import.meta.main) Deno.exit(await main(Deno.args));
