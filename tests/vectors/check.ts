// Recomputes every value of a file of exchanges (the format of tests/vectors/exchange-v1.json) with the product's own code,
// and stops at the first that differs, naming it: `deno task vectors FILE...`. Needs --allow-read and nothing else.
//
// An exchange is computed whole from its inputs, then compared with the file field by field, so that a wrong value in the
// file cannot lead to another; a field that is missing or not known is a difference as well. Inputs are: the `inputs`,
// the plaintexts, the order of steps, and the key that a side makes in a ratchet step.
// These values are public. Nothing here is fit for a secret: it holds keys as hex.

import {
  CELL_PLAINTEXT_SIZE,
  CHANNEL_BINDING_SIZE,
  CONFIRM_SIZE,
  FRAME_BODY_SIZE,
  FRAME_HEADER_SIZE,
  KEM_CIPHERTEXT_SIZE,
  KEM_KEY_SIZE,
  MAX_SKIP_PER_STEP,
  MAX_SKIPPED_KEYS,
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
import { open, seal } from "../../src/crypto/aead.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "../../src/crypto/mlkem768.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import { use } from "../../src/crypto/sodium.ts";
import { x25519, x25519PublicKey } from "../../src/crypto/x25519.ts";
import { Ratchet } from "../../src/ratchet/ratchet.ts";
import { aadFor, CellKey, chainStep, rootStep, setAadHeaders } from "../../src/ratchet/steps.ts";
import { type Arena, LockedBytes, type LockedKey } from "../../src/secrets/locked.ts";
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

/** Argon2id with the protocol's parameters. */
export type StretchFunction = (phrase: Uint8Array, salt: Uint8Array) => Promise<Uint8Array>;

/** The first value that is not what it should be. `expected` is the file's, `got` is ours. */
export class Difference extends Error {
  override readonly name = "Difference";
  constructor(readonly field: string, readonly expected: unknown, readonly got: unknown) {
    super(`${field}: ${describe(expected, got)}`);
  }
}

/** The file is not of this format at all. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

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
  }, "constants");
}

/** Returns how many values were compared. Throws Difference. */
export async function checkExchange(arena: Arena, exchange: unknown, stretch: StretchFunction): Promise<number> {
  const given = asObject(exchange, "exchange");
  const inputs = readInputs(given.inputs);
  const handshake = await computeHandshake(arena, inputs, stretch);
  const conversation = computeConversation(arena, inputs, handshake.derived, given);
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

type Derived = Readonly<Record<"RK" | "sessionId" | "ratchetA" | "ratchetB", string>>;

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

// --- Section 4 ------------------------------------------------------------------------------------------------------

type Side = "A" | "B";

interface RootStep {
  readonly chain: "sending" | "receiving";
  readonly dhPrivate: string;
  readonly dhPublic: string;
  readonly peerDh: string;
  readonly shared: string;
  readonly rk: string;
  readonly ck: string;
}

interface Cell {
  readonly index: number;
  readonly from: Side;
  readonly plaintext: string;
  readonly header: string;
  readonly aad: string;
  readonly ckBefore: string;
  readonly mk: string;
  readonly ckAfter: string;
  readonly key: string;
  readonly nonce: string;
  readonly ciphertext: string;
  readonly tag: string;
  readonly frame: string;
}

type Step =
  | { op: "seal"; at: Side; cell: number }
  | { op: "open"; at: Side; cell: number; rootSteps: RootStep[]; notes: string[] };

function computeConversation(arena: Arena, inputs: Inputs, derived: Derived, given: Record<string, unknown>) {
  const context = { arena, inputs, derived, given };
  const start = asObject(given.ratchetStart, "ratchetStart");
  const sides = { A: new Walker(context, "A"), B: new Walker(context, "B") };
  const ratchetStart = {
    A: [sides.A.rootStep("sending")],
    B: [
      sides.B.rootStep("receiving"),
      sides.B.freshRootStep(asList(start.B, "ratchetStart.B")[1], "ratchetStart.B[1]"),
    ],
  };
  const cells: Cell[] = [];
  const steps = asList(given.steps, "steps").map((value, i): Step => {
    const field = `steps[${i}]`;
    const step = asObject(value, field);
    const { op, at, cell } = step;
    if (at !== "A" && at !== "B") throw new Difference(`${field}.at`, at, '"A" or "B"');
    if (op === "seal") {
      if (cell !== cells.length) throw new Difference(`${field}.cell`, cell, cells.length);
      cells.push(sides[at].seal(cells.length));
      return { op, at, cell };
    }
    if (op !== "open") throw new Difference(`${field}.op`, op, '"seal" or "open"');
    const sealed = typeof cell === "number" ? cells[cell] : undefined;
    if (sealed === undefined) throw new Difference(`${field}.cell`, cell, "a cell that was sealed before");
    if (sealed.from === at) throw new Difference(`${field}.at`, at, "the other side than the one that sealed");
    return { op, at, cell: sealed.index, ...sides[at].open(sealed, step, field) };
  });
  const digest = new Uint8Array(32);
  sha256(digest, ...cells.map((cell) => fromHex(cell.frame)));
  const ratchetEnd = { A: sides.A.end(), B: sides.B.end() };
  agree("ratchetEnd", runRatchets(context, { ratchetStart, cells, steps }), {
    A: ratchetEnd.A.skippedKeys,
    B: ratchetEnd.B.skippedKeys,
  });
  return { ratchetStart, cells, steps, ratchetEnd, digest: toHex(digest) };
}

interface Context {
  readonly arena: Arena;
  readonly inputs: Inputs;
  readonly derived: Derived;
  readonly given: Record<string, unknown>;
}

/** One side's state in the open, moved along by the product's derivations. */
class Walker {
  readonly #context: Context;
  readonly #side: Side;
  #rk: string;
  #secret: string;
  #peer: string;
  #cks = "";
  #ckr: string | undefined;
  #ns = 0;
  #nr = 0;
  #pn = 0;
  /** Oldest first. */
  #skipped: { dh: string; n: number; mk: string }[] = [];

  constructor(context: Context, side: Side) {
    const { inputs, derived } = context;
    this.#context = context;
    this.#side = side;
    this.#rk = derived.RK;
    this.#secret = side === "A" ? inputs.ratchetPrivateA : inputs.ratchetPrivateB;
    this.#peer = side === "A" ? derived.ratchetB : derived.ratchetA;
  }

  /** KDF_RK with the keys as they are, for one of the chains. */
  rootStep(chain: "sending" | "receiving"): RootStep {
    const { arena } = this.#context;
    using rootKey = lockedKey(arena, this.#rk);
    using chainKey = arena.key();
    using secret = lockedDhSecret(arena, this.#secret);
    using shared = arena.key();
    const peer = fromHex(this.#peer);
    if (!x25519(shared, secret, peer) || !rootStep(arena, rootKey, chainKey, secret, peer)) {
      throw new Error("a ratchet key of low order");
    }
    this.#rk = toHex(rootKey);
    if (chain === "sending") this.#cks = toHex(chainKey);
    else this.#ckr = toHex(chainKey);
    return {
      chain,
      dhPrivate: this.#secret,
      dhPublic: publicOf(arena, this.#secret),
      peerDh: this.#peer,
      shared: toHex(shared),
      rk: this.#rk,
      ck: toHex(chainKey),
    };
  }

  /** The same for the sending chain with the new key that the file gives. */
  freshRootStep(value: unknown, field: string): RootStep {
    const { arena, given } = this.#context;
    const { dhPrivate, dhPublic } = asObject(value, field);
    this.#secret = asHex(dhPrivate, `${field}.dhPrivate`, POINT_SIZE);
    const computed = publicOf(arena, this.#secret);
    // Of a pair that does not fit, the public key is the right one if the conversation goes on to use it.
    if (dhPublic !== computed && typeof dhPublic === "string" && appearsLater(given, dhPublic)) {
      throw new Difference(`${field}.dhPrivate`, dhPrivate, `a key whose public key would be ${computed}`);
    }
    return this.rootStep("sending");
  }

  seal(index: number): Cell {
    const { arena, given } = this.#context;
    const { mk, next } = chainKeys(arena, this.#cks);
    const header = publicOf(arena, this.#secret) + u32(this.#pn) + u32(this.#ns);
    const secrets = { ...cellKey(arena, mk), aad: this.#aad(this.#side, header) };
    const field = `cells[${index}]`;
    const file = asObject(asList(given.cells, "cells")[index], field);
    const plaintext = this.#plaintext(file, secrets, field);
    const sealed = sealCell(arena, secrets, plaintext);
    const cell = {
      index,
      from: this.#side,
      plaintext,
      header,
      aad: secrets.aad,
      ckBefore: this.#cks,
      mk,
      ckAfter: next,
      key: secrets.key,
      nonce: secrets.nonce,
      ciphertext: sealed.slice(0, -2 * TAG_SIZE),
      tag: sealed.slice(-2 * TAG_SIZE),
      frame: cellFrame(header + sealed),
    };
    this.#cks = next;
    this.#ns++;
    return cell;
  }

  /** As docs/PROTOCOL.md section 4 says under "Receiving". A cell that does not open is a difference. */
  open(cell: Cell, file: Record<string, unknown>, field: string): { rootSteps: RootStep[]; notes: string[] } {
    const { arena } = this.#context;
    const dh = cell.header.slice(0, 64);
    const pn = parseInt(cell.header.slice(64, 72), 16);
    const n = parseInt(cell.header.slice(72), 16);
    const rootSteps: RootStep[] = [];
    const notes: string[] = [];
    const stored = this.#skipped.find((key) => key.dh === dh && key.n === n);
    let mk: string;
    if (stored !== undefined) {
      this.#skipped = this.#skipped.filter((key) => key !== stored);
      notes.push("used a skipped key");
      mk = stored.mk;
    } else {
      if (dh !== this.#peer) {
        if (pn > this.#nr) this.#skip(pn, notes, field);
        this.#peer = dh;
        rootSteps.push(this.rootStep("receiving"));
        rootSteps.push(
          this.freshRootStep(asList(file.rootSteps, `${field}.rootSteps`)[1], `${field}.rootSteps[1]`),
        );
        [this.#pn, this.#ns, this.#nr] = [this.#ns, 0, 0];
        notes.push("ratchet step");
      }
      if (n < this.#nr) throw new Difference(field, "a cell that opens", "one that was opened before, or stale");
      this.#skip(n, notes, field);
      const keys = chainKeys(arena, this.#ckr!);
      mk = keys.mk;
      this.#ckr = keys.next;
      this.#nr++;
    }
    const secrets = { ...cellKey(arena, mk), aad: this.#aad(cell.from, cell.header) };
    const plaintext = openCell(arena, secrets, cell.ciphertext + cell.tag);
    if (plaintext !== cell.plaintext) throw new Difference(field, "a cell that opens", "one that does not");
    return { rootSteps, notes };
  }

  end() {
    return {
      rk: this.#rk,
      dhsPublic: publicOf(this.#context.arena, this.#secret),
      dhr: this.#peer,
      cks: this.#cks,
      ckr: this.#ckr ?? null,
      ns: this.#ns,
      nr: this.#nr,
      pn: this.#pn,
      skippedKeys: this.#skipped.length,
    };
  }

  #skip(until: number, notes: string[], field: string) {
    if (until - this.#nr > MAX_SKIP_PER_STEP || (until > this.#nr && this.#ckr === undefined)) {
      throw new Difference(field, "a cell that opens", `one that skips ${until - this.#nr}`);
    }
    for (; this.#nr < until; this.#nr++) {
      const { mk, next } = chainKeys(this.#context.arena, this.#ckr!);
      this.#skipped.push({ dh: this.#peer, n: this.#nr, mk });
      notes.push(`stored skipped key ${this.#nr}`);
      this.#ckr = next;
    }
    this.#skipped = this.#skipped.slice(-MAX_SKIPPED_KEYS);
  }

  #aad(sender: Side, header: string): string {
    const { arena, inputs, derived } = this.#context;
    using sessionId = lockedBytes(arena, derived.sessionId);
    const [from, to] = sender === "A" ? [inputs.peerIdA, inputs.peerIdB] : [inputs.peerIdB, inputs.peerIdA];
    using aad = aadFor(arena, sessionId, sender === "A" ? "dialer" : "listener", fromHex(from), fromHex(to));
    const frame = fromHex(cellFrame(header.padEnd(2 * FRAME_BODY_SIZE, "0")));
    setAadHeaders(aad, frame.subarray(0, FRAME_HEADER_SIZE), frame.subarray(FRAME_HEADER_SIZE));
    return toHex(aad);
  }

  /** The plaintext is an input; but if the file's own ciphertext opens to another, it is the plaintext that is wrong. */
  #plaintext(file: Record<string, unknown>, secrets: CellSecrets, field: string): string {
    const { arena } = this.#context;
    const given = asHex(file.plaintext, `${field}.plaintext`, CELL_PLAINTEXT_SIZE);
    const sealed = `${file.ciphertext}${file.tag}`;
    if (!isHex(sealed, CELL_PLAINTEXT_SIZE + TAG_SIZE)) return given;
    return openCell(arena, secrets, sealed) ?? given;
  }
}

/** The product's Ratchet over the same steps. Throws Difference if a frame or plaintext is another; counts what it stores. */
function runRatchets(
  { arena, inputs, derived }: Context,
  { ratchetStart, cells, steps }: { ratchetStart: Record<Side, RootStep[]>; cells: Cell[]; steps: Step[] },
): Record<Side, number> {
  const fresh: Record<Side, string[]> = { A: [], B: [ratchetStart.B[1]!.dhPrivate] };
  for (const step of steps) {
    const next = step.op === "open" ? step.rootSteps[1] : undefined;
    if (next !== undefined) fresh[step.at].push(next.dhPrivate);
  }
  const entropy = { A: scriptedEntropy(fresh.A), B: scriptedEntropy(fresh.B) };
  const start = (side: Side): Ratchet => {
    const own = side === "A" ? derived.ratchetA : derived.ratchetB;
    const peer = side === "A" ? derived.ratchetB : derived.ratchetA;
    const [peerA, peerB] = [fromHex(inputs.peerIdA), fromHex(inputs.peerIdB)];
    const secrets = new SessionSecrets(
      side === "A" ? "dialer" : "listener",
      lockedKey(arena, derived.RK),
      lockedBytes(arena, derived.sessionId),
      lockedDhSecret(arena, side === "A" ? inputs.ratchetPrivateA : inputs.ratchetPrivateB),
      fromHex(own),
      fromHex(peer),
    );
    const ids = side === "A" ? { self: peerA, peer: peerB } : { self: peerB, peer: peerA };
    return Ratchet.start(arena, secrets, ids, entropy[side]);
  };
  using A = start("A");
  using B = start("B");
  const ratchets = { A, B };
  for (const [i, step] of steps.entries()) {
    const cell = cells[step.cell]!;
    const header = fromHex(cell.frame).subarray(0, FRAME_HEADER_SIZE);
    if (step.op === "seal") {
      const body = new Uint8Array(FRAME_BODY_SIZE);
      ratchets[step.at].seal(header, body, fromHex(cell.plaintext));
      agree(`cells[${cell.index}].frame`, cellFrame(toHex(body)), cell.frame);
      continue;
    }
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    const body = fromHex(cell.frame).subarray(FRAME_HEADER_SIZE);
    const opened = ratchets[step.at].open(header, body, plaintext, entropy[step.at]);
    agree(`steps[${i}]`, opened, {
      stored: step.notes.includes("used a skipped key"),
      skipped: step.notes.some((note) => note.startsWith("stored")),
    });
    agree(`cells[${cell.index}].plaintext`, toHex(plaintext), cell.plaintext);
  }
  return { A: A.skippedKeys, B: B.skippedKeys };
}

// --- The product's functions over hex -------------------------------------------------------------------------------

interface CellSecrets {
  readonly key: string;
  readonly nonce: string;
  readonly aad: string;
}

function publicOf(arena: Arena, secret: string): string {
  using locked = lockedDhSecret(arena, secret);
  const out = new Uint8Array(POINT_SIZE);
  x25519PublicKey(out, locked);
  return toHex(out);
}

function chainKeys(arena: Arena, chainKey: string): { mk: string; next: string } {
  using chain = lockedKey(arena, chainKey);
  using message = arena.key();
  chainStep(chain, message);
  return { mk: toHex(message), next: toHex(chain) };
}

function cellKey(arena: Arena, mk: string): { key: string; nonce: string } {
  using message = lockedKey(arena, mk);
  using both = new CellKey(arena, message);
  return { key: toHex(both.key), nonce: toHex(both.nonce) };
}

function sealCell(_: Arena, { key, nonce, aad }: CellSecrets, plaintext: string): string {
  const out = new Uint8Array(plaintext.length / 2 + TAG_SIZE);
  seal(out, fromHex(key), fromHex(nonce), fromHex(aad), fromHex(plaintext));
  return toHex(out);
}

function openCell(_: Arena, { key, nonce, aad }: CellSecrets, sealed: string): string | undefined {
  const out = new Uint8Array(sealed.length / 2 - TAG_SIZE);
  return open(out, fromHex(key), fromHex(nonce), fromHex(aad), fromHex(sealed)) ? toHex(out) : undefined;
}

function cellFrame(body: string): string {
  return toHex(encodeFrame(FrameType.cell, fromHex(body)));
}

function bigEndian(scalar: LockedKey): string {
  return toHex(scalar.bytes.slice().reverse());
}

function u32(n: number): string {
  return n.toString(16).padStart(8, "0");
}

// --- Comparing ------------------------------------------------------------------------------------------------------

/** Every leaf of `computed` against the same place in the file, in the order of `computed`. Returns how many. */
function compare(file: unknown, computed: unknown, path: string): number {
  if (Array.isArray(computed)) {
    const list = asList(file, path);
    const compared = computed.map((item, i) => compare(list[i], item, `${path}[${i}]`)).reduce(sum, 0);
    if (list.length > computed.length) {
      throw new Difference(`${path}[${computed.length}]`, list[computed.length], undefined);
    }
    return compared;
  }
  if (isObject(computed)) {
    const object = asObject(file, path);
    const at = (key: string) => path === "" ? key : `${path}.${key}`;
    const compared = Object.entries(computed).map(([key, item]) => compare(object[key], item, at(key))).reduce(sum, 0);
    noneUnknown(Object.fromEntries(Object.entries(object).filter(([key]) => !Object.hasOwn(computed, key))), path);
    return compared;
  }
  compareLeaf(file, computed, path);
  return 1;
}

function compareLeaf(file: unknown, computed: unknown, path: string) {
  if (file !== computed) throw new Difference(path, file, computed);
}

/** Two ways through our own code that must meet. If they do not, the file is not to blame. */
function agree(what: string, one: unknown, other: unknown) {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
  if (a !== b) throw new Error(`two ways through the code give different values of ${what}: ${a} and ${b}`);
}

function noneUnknown(rest: Record<string, unknown>, path: string) {
  for (const [key, value] of Object.entries(rest)) {
    throw new Difference(path === "" ? key : `${path}.${key}`, value, undefined);
  }
}

function appearsLater(given: Record<string, unknown>, dhPublic: string): boolean {
  const text = JSON.stringify([given.cells, given.ratchetEnd]);
  return text.includes(`"header":"${dhPublic}`) || text.includes(`"dhsPublic":"${dhPublic}"`);
}

function asObject(value: unknown, field: string): Record<string, unknown> {
  if (!isObject(value)) throw new Difference(field, value, "an object");
  return value;
}

function asList(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value)) throw new Difference(field, value, "a list");
  return value;
}

function asHex(value: unknown, field: string, size: number): string {
  if (typeof value !== "string" || !isHex(value, size)) {
    throw new Difference(field, value, `${size} bytes as lower-case hex`);
  }
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isHex(text: string, size: number): boolean {
  return text.length === 2 * size && /^[0-9a-f]*$/.test(text);
}

function sum(a: number, b: number): number {
  return a + b;
}

/** `expected …, got …`, long values cut to where they begin to differ. */
function describe(expected: unknown, got: unknown): string {
  if (got === undefined) return `expected ${show(expected)}, got nothing: there is no such field`;
  if (expected === undefined) return `expected nothing: the field is missing, got ${show(got)}`;
  if (typeof expected !== "string" || typeof got !== "string" || expected.length <= SHOWN) {
    return `expected ${show(expected)}, got ${show(got)}`;
  }
  let at = 0;
  while (at < expected.length && expected[at] === got[at]) at++;
  const cut = (text: string) => `${at > 8 ? "…" : ""}${text.slice(Math.max(0, at - 8), at + 24)}…`;
  return `expected ${cut(expected)}, got ${cut(got)} (from digit ${at})`;
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

const SHOWN = 160;

// Last, since the constants above must exist.
if (import.meta.main) Deno.exit(await main(Deno.args));
