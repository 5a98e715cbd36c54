// Recomputes every value of a file of exchanges (the format of tests/vectors/exchange-v1.json) twice, with the product's own
// code and with the reference, and stops at the first that differs: `deno task vectors FILE...`. Needs --allow-read only.
//
// An exchange is computed whole from its inputs, then compared with the file field by field, so that a wrong value in the
// file cannot lead to another; a field that is missing or not known is a difference as well. Inputs are: the `inputs`,
// the plaintexts, the order of steps, and what is drawn for a renewal.
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
  TAG_SIZE,
} from "../../src/constants.ts";
import { edwards25519 } from "../../src/auth/group.ts";
import {
  DialerHandshake,
  handshakeContext,
  ListenerHandshake,
  sessionKeys,
  SessionSecrets,
} from "../../src/auth/handshake.ts";
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
import { open } from "../../src/crypto/aead.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "../../src/crypto/mlkem768.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { use } from "../../src/crypto/sodium.ts";
import { x25519, x25519PublicKey } from "../../src/crypto/x25519.ts";
import { Ratchet } from "../../src/ratchet/ratchet.ts";
import {
  aadFor,
  CELL_NONCE,
  chainStep,
  epochStep,
  renewalHash,
  setAadHeaders,
  startStep,
} from "../../src/ratchet/steps.ts";
import { type Arena, LockedBytes, type LockedKey } from "../../src/secrets/locked.ts";
import { decodeCell, encodeCell } from "../../src/wire/cell.ts";
import { encodeFrame, FrameType } from "../../src/wire/frame.ts";
import { encodeAccept, encodeAnswer, encodeOffer } from "../../src/wire/handshake_body.ts";
import {
  fromHex,
  lockedBytes,
  lockedDhSecret,
  lockedKey,
  scriptedEntropy,
  testArena,
  toHex,
  utf8,
} from "../harness/arena.ts";
import { stretch } from "../harness/stretch.ts";
import { BadStep, conversationOf, handshakeOf, type Inputs, type Plan, type Side } from "../reference/exchange.ts";
import { type Secrets, stretchedFrom } from "../reference/handshake.ts";
import type { Seen } from "../reference/ratchet.ts";
import {
  agree,
  asHex,
  asList,
  asObject,
  compare,
  compareLeaf,
  Difference,
  isHex,
  isObject,
  Malformed,
  noneUnknown,
} from "./compare.ts";

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
  const { secrets, ...handshake } = await computeHandshake(arena, inputs, stretch);
  const conversation = computeConversation(arena, inputs, secrets, given);
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

function readInputs(value: unknown): Inputs {
  const { phrase, mode, ...rest } = asObject(value, "inputs");
  if (typeof phrase !== "string") throw new Difference("inputs.phrase", phrase, "a text");
  if (mode !== "real" && mode !== "decoy") throw new Difference("inputs.mode", mode, '"real" or "decoy"');
  for (const [name, size] of Object.entries(INPUT_SIZES)) asHex(rest[name], `inputs.${name}`, size);
  const known = new Set(Object.keys(INPUT_SIZES));
  noneUnknown(Object.fromEntries(Object.entries(rest).filter(([name]) => !known.has(name))), "inputs");
  return { ...rest, phrase, mode } as Inputs;
}

/** Through the product's functions, once more through its two classes, and by the reference: all must give the same. */
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
  const valid = sharedPoint(edwards25519, arena, K, x, shareB, stretched.wN, noEntropy) &&
    sharedPoint(edwards25519, arena, KofB, y, shareA, stretched.wM, noEntropy);
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
  const { secrets, ...reference } = handshakeOf(inputs, stretchedFrom(salt, inputs.mode, wBytes.bytes.slice()));
  agree("the handshake", reference, { derived, frames });
  return { derived, frames, secrets };
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
  const done = listener.finish(dialer.answer, entropyB);
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

// --- Sections 4 and 5 -----------------------------------------------------------------------------------------------

/** By the reference, value for value with the product's derivations, and the product's ratchets over the same steps. */
function computeConversation(arena: Arena, inputs: Inputs, secrets: Secrets, given: Record<string, unknown>) {
  const plan: Plan = {
    inputs,
    renewals: asList(given.renewals, "renewals").map((value, i) => {
      const sizes = { kemSeed: 64, dhPrivateA: 32, kemM: 32, dhPrivateB: 32 };
      const renewal = asObject(value, `renewals[${i}]`);
      const read = (name: keyof typeof sizes) => asHex(renewal[name], `renewals[${i}].${name}`, sizes[name]);
      const [kemSeed, dhPrivateA] = [read("kemSeed"), read("dhPrivateA")];
      return { kemSeed, dhPrivateA, kemM: read("kemM"), dhPrivateB: read("dhPrivateB") };
    }),
    steps: asList(given.steps, "steps").map(readStep),
    plaintext: ({ index, aad, mk }) => plaintextOf(asList(given.cells, "cells")[index], `cells[${index}]`, aad, mk),
  };
  try {
    const conversation = conversationOf(plan, secrets, (side, seen) => recompute(arena, inputs, secrets, side, seen));
    const stored = runRatchets(arena, plan, secrets, conversation);
    const { A, B } = conversation.ratchetEnd;
    agree("ratchetEnd", stored, { A: A.stored.length, B: B.stored.length });
    return conversation;
  } catch (error) {
    if (error instanceof BadStep) throw new Difference(`steps${error.field}`, error.got, error.wanted);
    throw error;
  }
}

function readStep(value: unknown, i: number): Plan["steps"][number] {
  const { op, at, cell } = asObject(value, `steps[${i}]`);
  if (at !== "A" && at !== "B") throw new Difference(`steps[${i}].at`, at, '"A" or "B"');
  if (op !== "seal" && op !== "open") throw new Difference(`steps[${i}].op`, op, '"seal" or "open"');
  if (typeof cell !== "number") throw new Difference(`steps[${i}].cell`, cell, "the number of a cell");
  return { op, at, cell };
}

/** The plaintext is an input; but if the file's own ciphertext opens to another, it is the plaintext that is wrong. */
function plaintextOf(value: unknown, field: string, aad: Uint8Array, mk: Uint8Array): Uint8Array {
  const { plaintext, ciphertext, tag } = asObject(value, field);
  const given = fromHex(asHex(plaintext, `${field}.plaintext`, CELL_PLAINTEXT_SIZE));
  const sealed = `${ciphertext}${tag}`;
  if (!isHex(sealed, CELL_PLAINTEXT_SIZE + TAG_SIZE)) return given;
  const out = new Uint8Array(CELL_PLAINTEXT_SIZE);
  return open(out, mk, CELL_NONCE, aad, fromHex(sealed)) ? out : given;
}

/** The same value by the product's functions. */
function recompute(arena: Arena, inputs: Inputs, secrets: Secrets, side: Side, seen: Seen): void {
  if (seen.what === "cell") {
    using chain = lockedKey(arena, seen.ck);
    using message = arena.key();
    chainStep(chain, message);
    return agree("a cell's keys", [toHex(message), toHex(chain)], [toHex(seen.mk), toHex(seen.next)]);
  }
  if (seen.what === "aad") {
    using sessionId = lockedBytes(arena, secrets.sessionId);
    const [from, to] = seen.fromDialer ? [inputs.peerIdA, inputs.peerIdB] : [inputs.peerIdB, inputs.peerIdA];
    using aad = aadFor(arena, sessionId, seen.fromDialer ? "dialer" : "listener", fromHex(from), fromHex(to));
    setAadHeaders(aad, seen.headers.subarray(0, FRAME_HEADER_SIZE), seen.headers.subarray(FRAME_HEADER_SIZE));
    return agree("an AAD", toHex(aad), toHex(seen.aad));
  }
  if (seen.what === "key") {
    using seed = lockedBytes(arena, seen.seed);
    const kem = new Uint8Array(KEM_KEY_SIZE);
    kemPublicKey(kem, seed);
    return agree("keyBody", toHex(kem) + publicOf(arena, toHex(seen.secret)), toHex(seen.key));
  }
  using rootKey = lockedKey(arena, seen.rk);
  using chainA = arena.key();
  using chainB = arena.key();
  const keys = { rootKey, chainA, chainB };
  if (seen.what === "start") {
    const own = side === "A" ? inputs.ratchetPrivateA : inputs.ratchetPrivateB;
    using secret = lockedDhSecret(arena, own);
    const peer = publicOf(arena, side === "A" ? inputs.ratchetPrivateB : inputs.ratchetPrivateA);
    agree("dh", agreedSecret(arena, own, peer), toHex(seen.dh));
    if (!startStep(arena, keys, secret, fromHex(peer))) throw new Error("a ratchet key of low order");
  } else {
    const { key, ciphertext, epoch } = seen;
    const peer = side === "A" ? ciphertext.subarray(KEM_CIPHERTEXT_SIZE) : key.subarray(KEM_KEY_SIZE);
    agree("dh", agreedSecret(arena, toHex(seen.secret), toHex(peer)), toHex(seen.dh));
    using ss = lockedKey(arena, seen.ss);
    using dh = lockedKey(arena, seen.dh);
    if (seen.m !== undefined) {
      using m = lockedKey(arena, seen.m);
      using again = arena.key();
      const ct = new Uint8Array(KEM_CIPHERTEXT_SIZE);
      if (!kemEncapsulate(ct, again, key.subarray(0, KEM_KEY_SIZE), m)) throw new Error("a KEM key that is refused");
      const body = toHex(ct) + publicOf(arena, toHex(seen.secret));
      agree("ciphertextBody and ss", [body, toHex(again)], [toHex(ciphertext), toHex(ss)]);
    }
    const th = new Uint8Array(32);
    renewalHash(th, epoch, key, ciphertext);
    agree("th", toHex(th), toHex(seen.th));
    epochStep(arena, keys, epoch, { ss, dh, key, ciphertext });
  }
  agree("rk, ckA, ckB", [rootKey, chainA, chainB].map(toHex), seen.roots.map(toHex));
}

/** The product's two ratchets over the same steps, frame for frame. Returns how many keys each keeps at the end. */
function runRatchets(
  arena: Arena,
  { inputs, renewals }: Plan,
  { RK, sessionId }: Secrets,
  { cells, steps }: ReturnType<typeof conversationOf>,
): Record<Side, number> {
  const entropy = {
    A: scriptedEntropy(renewals.flatMap(({ kemSeed, dhPrivateA }) => [kemSeed, dhPrivateA])),
    B: scriptedEntropy(renewals.flatMap(({ kemM, dhPrivateB }) => [kemM, dhPrivateB])),
  };
  const start = (side: Side): Ratchet => {
    const [own, peer] = side === "A"
      ? [inputs.ratchetPrivateA, inputs.ratchetPrivateB]
      : [inputs.ratchetPrivateB, inputs.ratchetPrivateA];
    const [peerA, peerB] = [fromHex(inputs.peerIdA), fromHex(inputs.peerIdB)];
    const secrets = new SessionSecrets(
      side === "A" ? "dialer" : "listener",
      lockedKey(arena, RK),
      lockedBytes(arena, sessionId),
      lockedDhSecret(arena, own),
      fromHex(publicOf(arena, peer)),
    );
    return Ratchet.start(arena, secrets, side === "A" ? { self: peerA, peer: peerB } : { self: peerB, peer: peerA });
  };
  using A = start("A");
  using B = start("B");
  const ratchets = { A, B };
  for (const [i, step] of steps.entries()) {
    const cell = cells[step.cell]!;
    const ratchet = ratchets[step.at];
    const header = fromHex(cell.frame).subarray(0, FRAME_HEADER_SIZE);
    if (step.op === "seal") {
      const plaintext = fromHex(cell.plaintext);
      const due = ratchet.due(entropy[step.at]);
      if (due !== undefined) encodeCell(due, plaintext);
      const body = new Uint8Array(FRAME_BODY_SIZE);
      ratchet.seal(header, body, plaintext);
      agree(`cells[${cell.index}].frame`, cellFrame(toHex(body)), cell.frame);
      continue;
    }
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    const opened = ratchet.open(header, fromHex(cell.frame).subarray(FRAME_HEADER_SIZE), plaintext);
    const expected = { stored: "stored" in step, skipped: "stores" in step, n: cell.header.n };
    agree(`steps[${i}]`, opened, expected);
    agree(`cells[${cell.index}].plaintext`, toHex(plaintext), cell.plaintext);
    ratchet.take(opened!, decodeCell(plaintext.bytes), entropy[step.at]);
  }
  return { A: A.skippedKeys, B: B.skippedKeys };
}

// --- The product's functions over hex -------------------------------------------------------------------------------

function publicOf(arena: Arena, secret: string): string {
  using locked = lockedDhSecret(arena, secret);
  const out = new Uint8Array(POINT_SIZE);
  x25519PublicKey(out, locked);
  return toHex(out);
}

function agreedSecret(arena: Arena, secret: string, publicKey: string): string {
  using locked = lockedDhSecret(arena, secret);
  using out = arena.key();
  if (!x25519(out, locked, fromHex(publicKey))) throw new Error("a key of low order");
  return toHex(out);
}

function cellFrame(body: string): string {
  return toHex(encodeFrame(FrameType.cell, fromHex(body)));
}

function bigEndian(scalar: LockedKey): string {
  return toHex(scalar.bytes.slice().reverse());
}

// Last, since the constants above must exist.
if (import.meta.main) Deno.exit(await main(Deno.args));

/** Drawn only where K is the identity. */
function noEntropy(): never {
  throw new Error("entropy for a shared point that is none");
}
