// Section 4 of an exchange, computed with the product's own code: epoch 0, every renewal, every cell in the order of the
// steps, and where both sides stand at the end. Twice: by the derivations one at a time, over state in the open, and by the
// product's Ratchet, which must meet. Inputs are the keys and coins of the renewals, the plaintexts, and the order of steps.
// These values are public. Nothing here is fit for a secret: it holds keys as hex.

import {
  CELL_PLAINTEXT_SIZE,
  FRAME_BODY_SIZE,
  FRAME_HEADER_SIZE,
  KEM_CIPHERTEXT_SIZE,
  KEM_KEY_SIZE,
  KEY_CELL,
  MAX_SKIP_PER_STEP,
  MAX_SKIPPED_KEYS,
  POINT_SIZE,
  RATCHET_HEADER_SIZE,
  RENEWAL_CIPHERTEXT_SIZE,
  RENEWAL_KEY_SIZE,
  TAG_SIZE,
} from "../../src/constants.ts";
import { SessionSecrets } from "../../src/auth/handshake.ts";
import { open, seal } from "../../src/crypto/aead.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "../../src/crypto/mlkem768.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
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
import type { Arena } from "../../src/secrets/locked.ts";
import { type Cell as WireCell, decodeCell, encodeCell } from "../../src/wire/cell.ts";
import { encodeFrame, FrameType } from "../../src/wire/frame.ts";
import {
  fromHex,
  lockedBytes,
  lockedDhSecret,
  lockedKey,
  noEntropy,
  scriptedEntropy,
  toHex,
} from "../harness/arena.ts";
import { agree, asHex, asList, asObject, Difference, isHex } from "./compare.ts";

/** Of section 3, as hex. */
export interface SessionValues {
  readonly RK: string;
  readonly sessionId: string;
  readonly ratchetA: string;
  readonly ratchetB: string;
  readonly ratchetPrivateA: string;
  readonly ratchetPrivateB: string;
  readonly peerIdA: string;
  readonly peerIdB: string;
}

type Side = "A" | "B";

interface EpochValues {
  readonly rk: string;
  readonly ckA: string;
  readonly ckB: string;
}

interface Renewal extends EpochValues {
  readonly kemSeed: string;
  readonly dhPrivateA: string;
  readonly kemM: string;
  readonly dhPrivateB: string;
  readonly epoch: number;
  readonly keyBody: string;
  readonly ciphertextBody: string;
  readonly ss: string;
  readonly dh: string;
  readonly th: string;
}

interface Header {
  readonly epoch: number;
  readonly pn: number;
  readonly n: number;
}

interface Cell {
  readonly index: number;
  readonly from: Side;
  readonly kind: WireCell["kind"];
  readonly plaintext: string;
  readonly header: Header & { readonly bytes: string };
  readonly aad: string;
  readonly ckBefore: string;
  readonly mk: string;
  readonly ckAfter: string;
  readonly ciphertext: string;
  readonly tag: string;
  readonly frame: string;
}

/** What an `open` brings about, with no field where nothing is to say. */
interface OpenValues {
  readonly epoch?: number;
  readonly stored?: true;
  readonly stores?: number;
}

type Step =
  | { readonly op: "seal"; readonly at: Side; readonly cell: number }
  | ({ readonly op: "open"; readonly at: Side; readonly cell: number } & OpenValues);

interface Context {
  readonly arena: Arena;
  readonly session: SessionValues;
  readonly given: Record<string, unknown>;
  readonly epochs: readonly EpochValues[];
  readonly renewals: readonly Renewal[];
}

/** Everything of an exchange from `epoch0` to `digest`. Throws Difference where an input is none. */
export function computeConversation(arena: Arena, session: SessionValues, given: Record<string, unknown>) {
  const epoch0 = start(arena, session);
  const renewals: Renewal[] = [];
  for (const [i, value] of asList(given.renewals, "renewals").entries()) {
    const before = renewals[i - 1] ?? epoch0;
    renewals.push(renewal(arena, before.rk, i + 1, asObject(value, `renewals[${i}]`), `renewals[${i}]`));
  }
  const context = { arena, session, given, epochs: [epoch0, ...renewals], renewals };
  const sides = { A: new Walker(context, "A"), B: new Walker(context, "B") };
  const cells: Cell[] = [];
  const steps = asList(given.steps, "steps").map((value, i): Step => {
    const field = `steps[${i}]`;
    const { op, at, cell } = asObject(value, field);
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
    return { op, at, cell: sealed.index, ...sides[at].open(sealed, field) };
  });
  const digest = new Uint8Array(32);
  sha256(digest, ...cells.map((cell) => fromHex(cell.frame)));
  const ratchetEnd = { A: sides.A.end(), B: sides.B.end() };
  agree("stored keys", runRatchets(context, cells, steps), {
    A: ratchetEnd.A.stored.length,
    B: ratchetEnd.B.stored.length,
  });
  return { epoch0, renewals, cells, steps, ratchetEnd, digest: toHex(digest) };
}

/** A cell's frame with this body, as hex. */
export function cellFrame(body: string): string {
  return toHex(encodeFrame(FrameType.cell, fromHex(body)));
}

export function publicOf(arena: Arena, secret: string): string {
  using locked = lockedDhSecret(arena, secret);
  const out = new Uint8Array(POINT_SIZE);
  x25519PublicKey(out, locked);
  return toHex(out);
}

// --- Epochs ---------------------------------------------------------------------------------------------------------

function start(arena: Arena, session: SessionValues): EpochValues & { readonly dh: string } {
  const { RK, ratchetPrivateA, ratchetPrivateB, ratchetA, ratchetB } = session;
  const dh = shared(arena, "the first dh", [ratchetPrivateA, ratchetB], [ratchetPrivateB, ratchetA]);
  using secret = lockedDhSecret(arena, ratchetPrivateA);
  using rootKey = lockedKey(arena, RK);
  using chainA = arena.key();
  using chainB = arena.key();
  if (!startStep(arena, { rootKey, chainA, chainB }, secret, fromHex(ratchetB))) throw new Error("low order");
  return { dh, rk: toHex(rootKey), ckA: toHex(chainA), ckB: toHex(chainB) };
}

/** One renewal from its inputs and the root key before it, as both sides compute it. */
function renewal(
  arena: Arena,
  rk: string,
  epoch: number,
  file: Record<string, unknown>,
  field: string,
): Renewal {
  const kemSeed = asHex(file.kemSeed, `${field}.kemSeed`, 64);
  const kemM = asHex(file.kemM, `${field}.kemM`, 32);
  const dhPrivateA = asHex(file.dhPrivateA, `${field}.dhPrivateA`, POINT_SIZE);
  const dhPrivateB = asHex(file.dhPrivateB, `${field}.dhPrivateB`, POINT_SIZE);
  using seed = lockedBytes(arena, kemSeed);
  using m = lockedKey(arena, kemM);
  const kem = new Uint8Array(KEM_KEY_SIZE);
  kemPublicKey(kem, seed);
  const ct = new Uint8Array(KEM_CIPHERTEXT_SIZE);
  using ss = arena.key();
  if (!kemEncapsulate(ct, ss, kem, m)) throw new Error("our own KEM key was refused");
  using decapsulated = arena.key();
  kemDecapsulate(decapsulated, ct, seed);
  agree(`${field}.ss`, toHex(ss), toHex(decapsulated));
  const [dhA, dhB] = [publicOf(arena, dhPrivateA), publicOf(arena, dhPrivateB)];
  using dh = lockedKey(arena, shared(arena, `${field}.dh`, [dhPrivateA, dhB], [dhPrivateB, dhA]));
  const [key, ciphertext] = [fromHex(toHex(kem) + dhA), fromHex(toHex(ct) + dhB)];
  using rootKey = lockedKey(arena, rk);
  using chainA = arena.key();
  using chainB = arena.key();
  epochStep(arena, { rootKey, chainA, chainB }, epoch, { ss, dh, key, ciphertext });
  const th = new Uint8Array(32);
  renewalHash(th, epoch, key, ciphertext);
  return {
    kemSeed,
    dhPrivateA,
    kemM,
    dhPrivateB,
    epoch,
    keyBody: toHex(key),
    ciphertextBody: toHex(ciphertext),
    ss: toHex(ss),
    dh: toHex(dh),
    th: toHex(th),
    rk: toHex(rootKey),
    ckA: toHex(chainA),
    ckB: toHex(chainB),
  };
}

/** DH from both ends. */
function shared(arena: Arena, what: string, ...ends: (readonly [secret: string, publicKey: string])[]): string {
  const [one, other] = ends.map(([own, peer]) => {
    using secret = lockedDhSecret(arena, own);
    using out = arena.key();
    if (!x25519(out, secret, fromHex(peer))) throw new Error("a key of low order");
    return toHex(out);
  });
  agree(what, one, other);
  return one!;
}

// --- One side, step by step -----------------------------------------------------------------------------------------

interface Chain {
  readonly epoch: number;
  ck: string;
  n: number;
}

/** One side's state in the open, moved along by the product's derivations as docs/PROTOCOL.md section 4 says. */
class Walker {
  readonly #context: Context;
  readonly #side: Side;
  #sending: Chain;
  #pn = 0;
  #receiving: Chain;
  #nextReceiving: Chain | null = null;
  /** The listener's, until its ciphertext has left; the dialer's key, while it is out. */
  #answers: Renewal | undefined;
  #asks: Renewal | undefined;
  /** Of the root key. */
  #epoch = 0;
  /** Oldest first. */
  #stored: { epoch: number; n: number; mk: string }[] = [];

  constructor(context: Context, side: Side) {
    this.#context = context;
    this.#side = side;
    this.#sending = this.#chain(0, side);
    this.#receiving = this.#chain(0, side === "A" ? "B" : "A");
  }

  seal(index: number): Cell {
    const { arena } = this.#context;
    const chain = this.#sending;
    const { mk, next } = chainKeys(arena, chain.ck);
    const header = { epoch: chain.epoch, pn: this.#pn, n: chain.n };
    const bytes = hexOf(header);
    const secrets = { mk, aad: this.#aad(this.#side, bytes) };
    const plaintext = this.#plaintext(index, secrets);
    const sealed = sealCell(secrets, plaintext);
    const cell = {
      index,
      from: this.#side,
      kind: decodeCell(fromHex(plaintext)).kind,
      plaintext,
      header: { ...header, bytes },
      aad: secrets.aad,
      ckBefore: chain.ck,
      mk,
      ckAfter: next,
      ciphertext: sealed.slice(0, -2 * TAG_SIZE),
      tag: sealed.slice(-2 * TAG_SIZE),
      frame: cellFrame(bytes + sealed),
    };
    chain.ck = next;
    chain.n++;
    if (this.#answers !== undefined) {
      this.#pn = chain.n;
      this.#sending = this.#chain(this.#answers.epoch, this.#side);
      this.#answers = undefined;
    }
    return cell;
  }

  /** A cell that does not open is a difference. */
  open(cell: Cell, field: string): OpenValues {
    const { arena } = this.#context;
    const { epoch, pn, n } = cell.header;
    const stored = this.#stored.find((key) => key.epoch === epoch && key.n === n);
    let stores = 0;
    let mk = stored?.mk;
    if (stored !== undefined) {
      this.#stored = this.#stored.filter((key) => key !== stored);
    } else {
      if (epoch === this.#nextReceiving?.epoch) {
        stores += this.#skip(pn, field);
        this.#receiving = this.#nextReceiving;
        this.#nextReceiving = null;
        this.#stored = this.#stored.filter((key) => key.epoch >= epoch - 1);
      }
      if (epoch !== this.#receiving.epoch) {
        throw new Difference(field, "a cell that opens", `one of epoch ${epoch}, which has no chain here`);
      }
      if (n < this.#receiving.n) {
        throw new Difference(field, "a cell that opens", "one that was opened before, or stale");
      }
      stores += this.#skip(n, field);
      const keys = chainKeys(arena, this.#receiving.ck);
      mk = keys.mk;
      this.#receiving.ck = keys.next;
      this.#receiving.n++;
    }
    const plaintext = openCell({ mk: mk!, aad: this.#aad(cell.from, cell.header.bytes) }, cell.ciphertext + cell.tag);
    if (plaintext !== cell.plaintext) throw new Difference(field, "a cell that opens", "one that does not");
    const renewed = this.#renew(cell.kind);
    return {
      ...(renewed === undefined ? {} : { epoch: renewed.epoch }),
      ...(stored === undefined ? {} : { stored: true }),
      ...(stores === 0 ? {} : { stores }),
    };
  }

  end() {
    const { epoch, ck, n } = this.#sending;
    return {
      epoch: this.#epoch,
      rk: this.#context.epochs[this.#epoch]!.rk,
      sending: { epoch, ck, n, pn: this.#pn },
      receiving: { ...this.#receiving },
      nextReceiving: this.#nextReceiving,
      stored: this.#stored,
    };
  }

  /** What an opened cell does for this side. */
  #renew(kind: WireCell["kind"]): Renewal | undefined {
    if (kind === "key") {
      const next = this.#renewalInto(this.#receiving.epoch + 1);
      this.#answers = next;
      return this.#begin(next, "A");
    }
    if (kind !== "ciphertext") return undefined;
    const next = this.#asks!;
    this.#asks = undefined;
    this.#pn = this.#sending.n;
    this.#sending = this.#chain(next.epoch, "A");
    return this.#begin(next, "B");
  }

  #begin(renewal: Renewal, receives: Side): Renewal {
    this.#epoch = renewal.epoch;
    this.#nextReceiving = this.#chain(renewal.epoch, receives);
    return renewal;
  }

  #renewalInto(epoch: number): Renewal {
    const next = this.#context.renewals[epoch - 1];
    if (next === undefined) throw new Difference(`renewals[${epoch - 1}]`, undefined, "a renewal, which a cell holds");
    return next;
  }

  #chain(epoch: number, sender: Side): Chain {
    const { ckA, ckB } = this.#context.epochs[epoch]!;
    return { epoch, ck: sender === "A" ? ckA : ckB, n: 0 };
  }

  /** How many keys are stored for it. */
  #skip(until: number, field: string): number {
    const chain = this.#receiving;
    const count = until - chain.n;
    const passes = this.#side === "B" && chain.n <= KEY_CELL && until > KEY_CELL;
    if (count < 0 || count > MAX_SKIP_PER_STEP || passes) {
      throw new Difference(field, "a cell that opens", `one that passes over ${count}`);
    }
    for (; chain.n < until; chain.n++) {
      const { mk, next } = chainKeys(this.#context.arena, chain.ck);
      this.#stored.push({ epoch: chain.epoch, n: chain.n, mk });
      chain.ck = next;
    }
    this.#stored = this.#stored.slice(-MAX_SKIPPED_KEYS);
    return count;
  }

  #aad(sender: Side, header: string): string {
    const { arena, session } = this.#context;
    using sessionId = lockedBytes(arena, session.sessionId);
    const [from, to] = sender === "A" ? [session.peerIdA, session.peerIdB] : [session.peerIdB, session.peerIdA];
    using aad = aadFor(arena, sessionId, sender === "A" ? "dialer" : "listener", fromHex(from), fromHex(to));
    const frame = fromHex(cellFrame(header.padEnd(2 * FRAME_BODY_SIZE, "0")));
    setAadHeaders(aad, frame.subarray(0, FRAME_HEADER_SIZE), frame.subarray(FRAME_HEADER_SIZE));
    return toHex(aad);
  }

  /**
   * That of a renewal where one is due. Elsewhere the plaintext is an input; but if the file's own ciphertext opens to
   * another, it is the plaintext that is wrong.
   */
  #plaintext(index: number, secrets: CellSecrets): string {
    const field = `cells[${index}]`;
    const file = asObject(asList(this.#context.given.cells, "cells")[index], field);
    if (this.#answers !== undefined) return renewalPlaintext("ciphertext", this.#answers.ciphertextBody);
    if (this.#side === "A" && this.#sending.n === KEY_CELL) {
      this.#asks = this.#renewalInto(this.#sending.epoch + 1);
      return renewalPlaintext("key", this.#asks.keyBody);
    }
    const given = asHex(file.plaintext, `${field}.plaintext`, CELL_PLAINTEXT_SIZE);
    const sealed = `${file.ciphertext}${file.tag}`;
    const plaintext = isHex(sealed, CELL_PLAINTEXT_SIZE + TAG_SIZE) ? openCell(secrets, sealed) ?? given : given;
    if (!/^0[01]/.test(plaintext)) throw new Difference(`${field}.plaintext`, given, "one that is not of a renewal");
    return plaintext;
  }
}

function renewalPlaintext(kind: "key" | "ciphertext", body: string): string {
  const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
  encodeCell({ kind, body: fromHex(body) }, plaintext);
  const { length } = fromHex(body);
  agree("the size of a renewal's cell", length, kind === "key" ? RENEWAL_KEY_SIZE : RENEWAL_CIPHERTEXT_SIZE);
  return toHex(plaintext);
}

// --- The same through the product's Ratchet -------------------------------------------------------------------------

/** Throws an Error if a frame, a plaintext or a draw of entropy is another; counts what each side stores at the end. */
function runRatchets(context: Context, cells: readonly Cell[], steps: readonly Step[]): Record<Side, number> {
  const { arena, renewals } = context;
  const entropy = {
    A: scriptedEntropy(renewals.flatMap(({ kemSeed, dhPrivateA }) => [kemSeed, dhPrivateA])),
    B: scriptedEntropy(renewals.flatMap(({ kemM, dhPrivateB }) => [kemM, dhPrivateB])),
  };
  using A = startRatchet(context, "A");
  using B = startRatchet(context, "B");
  const ratchets = { A, B };
  for (const [i, step] of steps.entries()) {
    const cell = cells[step.cell]!;
    const ratchet = ratchets[step.at];
    const header = fromHex(cell.frame).subarray(0, FRAME_HEADER_SIZE);
    if (step.op === "seal") {
      const isRenewal = cell.kind === "key" || cell.kind === "ciphertext";
      agree(`cells[${cell.index}].kind`, ratchet.due(entropy[step.at])?.kind, isRenewal ? cell.kind : undefined);
      const body = new Uint8Array(FRAME_BODY_SIZE);
      ratchet.seal(header, body, fromHex(cell.plaintext));
      agree(`cells[${cell.index}].frame`, cellFrame(toHex(body)), cell.frame);
      continue;
    }
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    const opened = ratchet.open(header, fromHex(cell.frame).subarray(FRAME_HEADER_SIZE), plaintext);
    const expected = { stored: step.stored === true, skipped: step.stores !== undefined, n: cell.header.n };
    agree(`steps[${i}]`, opened, expected);
    agree(`cells[${cell.index}].plaintext`, toHex(plaintext), cell.plaintext);
    ratchet.take(expected, decodeCell(plaintext.bytes), cell.kind === "key" ? entropy.B : noEntropy);
  }
  return { A: A.skippedKeys, B: B.skippedKeys };
}

function startRatchet({ arena, session }: Context, side: Side): Ratchet {
  const [own, peer] = side === "A" ? ["A", "B"] as const : ["B", "A"] as const;
  const secrets = new SessionSecrets(
    side === "A" ? "dialer" : "listener",
    lockedKey(arena, session.RK),
    lockedBytes(arena, session.sessionId),
    lockedDhSecret(arena, session[`ratchetPrivate${own}`]),
    fromHex(session[`ratchet${own}`]),
    fromHex(session[`ratchet${peer}`]),
  );
  return Ratchet.start(arena, secrets, {
    self: fromHex(session[`peerId${own}`]),
    peer: fromHex(session[`peerId${peer}`]),
  });
}

// --- The product's functions over hex -------------------------------------------------------------------------------

interface CellSecrets {
  readonly mk: string;
  readonly aad: string;
}

function chainKeys(arena: Arena, chainKey: string): { mk: string; next: string } {
  using chain = lockedKey(arena, chainKey);
  using message = arena.key();
  chainStep(chain, message);
  return { mk: toHex(message), next: toHex(chain) };
}

function sealCell({ mk, aad }: CellSecrets, plaintext: string): string {
  const out = new Uint8Array(plaintext.length / 2 + TAG_SIZE);
  seal(out, fromHex(mk), CELL_NONCE, fromHex(aad), fromHex(plaintext));
  return toHex(out);
}

function openCell({ mk, aad }: CellSecrets, sealed: string): string | undefined {
  const out = new Uint8Array(sealed.length / 2 - TAG_SIZE);
  return open(out, fromHex(mk), CELL_NONCE, fromHex(aad), fromHex(sealed)) ? toHex(out) : undefined;
}

function hexOf({ epoch, pn, n }: Header): string {
  const header = new DataView(new ArrayBuffer(RATCHET_HEADER_SIZE));
  header.setUint32(0, epoch);
  header.setUint16(4, pn);
  header.setUint16(6, n);
  return toHex(new Uint8Array(header.buffer));
}
