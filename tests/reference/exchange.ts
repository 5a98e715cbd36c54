// docs/PROTOCOL.md section 9: a whole exchange of the vectors' format, computed from its inputs by the second
// implementation: to check a file, or to write one. Out of scope: comparing, and what the program makes of it.

import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { bigEndian32, type Draw, join, littleEndian, utf8 } from "./bytes.ts";
import { type Cell, KIND, PLAINTEXT, Violation } from "./cell.ts";
import {
  acceptFrame,
  L,
  makeAnswer,
  makeOffer,
  type Mode,
  readAnswer,
  type Secrets,
  type Stretched,
} from "./handshake.ts";
import { type Opened, Ratchet, type Renewed, type Seen, type State } from "./ratchet.ts";

export type Side = "A" | "B";

/** All hex, but for phrase and mode. */
export interface Inputs {
  readonly phrase: string;
  readonly mode: Mode;
  readonly salt: string;
  readonly nonceA: string;
  readonly nonceB: string;
  readonly xWide: string;
  readonly yWide: string;
  readonly kemSeed: string;
  readonly kemM: string;
  readonly ratchetPrivateA: string;
  readonly ratchetPrivateB: string;
  readonly cb: string;
  readonly peerIdA: string;
  readonly peerIdB: string;
}

export interface RenewalInputs {
  readonly kemSeed: string;
  readonly dhPrivateA: string;
  readonly kemM: string;
  readonly dhPrivateB: string;
}

export interface Step {
  readonly op: "seal" | "open";
  readonly at: Side;
  readonly cell: number;
}

export interface Plan {
  readonly inputs: Inputs;
  readonly renewals: readonly RenewalInputs[];
  readonly steps: readonly Step[];
  /** The plaintext of a cell that no renewal takes. */
  plaintext(cell: { readonly index: number; readonly aad: Uint8Array; readonly mk: Uint8Array }): Uint8Array;
}

const bytes = (hex: string) => Uint8Array.fromHex(hex);
const hex = (value: Uint8Array) => value.toHex();

/** Sections 3 of the page. The two sides' values are the same, or this throws. */
export function handshakeOf(inputs: Inputs, phrase: Stretched) {
  const binding = { channelBinding: bytes(inputs.cb), peerIdA: bytes(inputs.peerIdA), peerIdB: bytes(inputs.peerIdB) };
  const [nonceA, nonceB] = [bytes(inputs.nonceA), bytes(inputs.nonceB)];
  const [ratchetPrivateA, ratchetPrivateB] = [bytes(inputs.ratchetPrivateA), bytes(inputs.ratchetPrivateB)];
  const offered = makeOffer(phrase, {}, {
    nonce: nonceB,
    wide: bytes(inputs.yWide),
    kemSeed: bytes(inputs.kemSeed),
    ratchetSecret: ratchetPrivateB,
  });
  const answered = makeAnswer(binding, offered.offer, phrase, {}, {
    nonce: nonceA,
    wide: bytes(inputs.xWide),
    kemM: bytes(inputs.kemM),
    ratchetSecret: ratchetPrivateA,
  });
  const read = readAnswer(binding, offered, phrase, answered.frame);
  if (!read.right || hex(read.secrets.RK) !== hex(answered.secrets.RK)) throw new Error("the two sides do not agree");
  const { secrets, answer } = answered;
  const { offer } = offered;
  const derived = {
    phraseBytes: hex(utf8(inputs.phrase.normalize("NFKC"))),
    modeByte: inputs.mode === "real" ? 0 : 1,
    saltPrime: hex(phrase.saltPrime),
    wBytes: hex(phrase.wBytes),
    w: hex(bigEndian32(phrase.w)),
    wM: hex(phrase.wM.toBytes()),
    wN: hex(phrase.wN.toBytes()),
    x: hex(bigEndian32(littleEndian(bytes(inputs.xWide)) % L)),
    y: hex(bigEndian32(littleEndian(bytes(inputs.yWide)) % L)),
    shareA: hex(answer.shareA),
    shareB: hex(offer.shareB),
    ratchetA: hex(answer.ratchetA),
    ratchetB: hex(offer.ratchetB),
    kem: hex(offer.kem),
    kemPrivate: hex(sha256(ml_kem768.keygen(bytes(inputs.kemSeed)).secretKey)),
    ciphertext: hex(answer.ciphertext),
    ss: hex(secrets.ss),
    K: hex(secrets.K),
    TT: hex(secrets.TT),
    ctx: hex(secrets.ctx),
    Ke: hex(secrets.KeKa.slice(0, 16)),
    Ka: hex(secrets.KeKa.slice(16)),
    Kc: hex(secrets.Kc),
    KcA: hex(secrets.Kc.slice(0, 16)),
    KcB: hex(secrets.Kc.slice(16)),
    confirmA: hex(secrets.confirmA),
    confirmB: hex(secrets.confirmB),
    RK: hex(secrets.RK),
    sessionId: hex(secrets.sessionId),
  };
  const frames = { offer: hex(offered.frame), answer: hex(answered.frame), accept: hex(acceptFrame(secrets)) };
  return { derived, frames, secrets };
}

/** A step that cannot be: `field` is its place in the file, under `steps`. */
export class BadStep extends Error {
  override readonly name = "BadStep";
  constructor(readonly field: string, readonly got: unknown, readonly wanted: unknown) {
    super(`steps${field}`);
  }
}

/** Sections 4 and 5: a conversation, step by step. `see` is shown every value of both sides as it is computed. */
export class Conversation {
  readonly cells: CellValues[] = [];
  readonly steps: (Step & { readonly stored?: true; readonly stores?: number; readonly epoch?: number })[] = [];
  readonly sides: Readonly<Record<Side, Ratchet>>;
  readonly #plan: Omit<Plan, "steps">;
  readonly #renewed: Record<Side, Renewed[]> = { A: [], B: [] };
  #epoch0: (Seen & { what: "start" }) | undefined;

  constructor(plan: Omit<Plan, "steps">, secrets: Secrets, see: (side: Side, seen: Seen) => void = () => {}) {
    this.#plan = plan;
    const { inputs, renewals } = plan;
    const own = { A: bytes(inputs.ratchetPrivateA), B: bytes(inputs.ratchetPrivateB) };
    const drawn = {
      A: renewals.flatMap(({ kemSeed, dhPrivateA }) => [kemSeed, dhPrivateA]),
      B: renewals.flatMap(({ kemM, dhPrivateB }) => [kemM, dhPrivateB]),
    };
    const { RK, sessionId } = secrets;
    const ids = { peerIdA: bytes(inputs.peerIdA), peerIdB: bytes(inputs.peerIdB) };
    const ratchetOf = (side: Side, role: "dialer" | "listener", other: Side) => {
      const start = {
        role,
        RK,
        sessionId,
        ...ids,
        ratchetSecret: own[side],
        peerRatchet: x25519.getPublicKey(own[other]),
      };
      return new Ratchet(start, scripted(drawn[side]), (seen) => {
        if (seen.what === "start") this.#epoch0 = seen;
        if (seen.what === "renewal") this.#renewed[side].push(seen);
        see(side, seen);
      });
    };
    this.sides = { A: ratchetOf("A", "dialer", "B"), B: ratchetOf("B", "listener", "A") };
  }

  /** Throws BadStep, or a Violation of the cell that is opened. */
  step({ op, at, cell }: Step): void {
    const field = `[${this.steps.length}]`;
    if (op === "seal") {
      if (cell !== this.cells.length) throw new BadStep(`${field}.cell`, cell, this.cells.length);
      this.cells.push(this.#seal(at, cell));
      this.steps.push({ op, at, cell });
      return;
    }
    const sealed = this.cells[cell];
    if (sealed === undefined) throw new BadStep(`${field}.cell`, cell, "a cell that was sealed before");
    if (sealed.from === at) throw new BadStep(`${field}.at`, at, "the other side than the one that sealed");
    const renewals = this.#renewed[at].length;
    const opened = this.#open(at, sealed.frame, field);
    this.steps.push({
      ...{ op, at, cell },
      ...(opened.stored ? { stored: true } : {}),
      ...(opened.skipped > 0 ? { stores: opened.skipped } : {}),
      ...(this.#renewed[at].length > renewals ? { epoch: opened.epoch + 1 } : {}),
    });
  }

  #open(at: Side, frame: string, field: string): Opened {
    try {
      const opened = this.sides[at].receive(bytes(frame));
      if (opened !== undefined) return opened;
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      throw new BadStep(field, "a cell that opens", `a violation: ${error.message}`);
    }
    throw new BadStep(field, "a cell that opens", "one that does not");
  }

  /** The parts of the format, in its order. */
  finish() {
    const { cells, steps, sides } = this;
    const [rk, ckA, ckB] = this.#epoch0!.roots.map(hex);
    return {
      epoch0: { dh: hex(this.#epoch0!.dh), rk, ckA, ckB },
      renewals: this.#renewals(),
      cells,
      steps,
      ratchetEnd: { A: endOf(sides.A.state), B: endOf(sides.B.state) },
      digest: hex(sha256(join(...cells.map(({ frame }) => bytes(frame))))),
    };
  }

  /** The listener makes a renewal first; the dialer may not have opened its ciphertext when the conversation ends. */
  #renewals() {
    return this.#renewed.B.map((made, i) => {
      const [rk, ckA, ckB] = made.roots.map(hex);
      const other = this.#renewed.A[i]?.roots.map(hex) ?? [rk, ckA, ckB];
      if (String([rk, ckA, ckB]) !== String(other)) throw new Error("the two sides do not agree");
      return {
        ...this.#plan.renewals[i]!,
        epoch: made.epoch,
        keyBody: hex(made.key),
        ciphertextBody: hex(made.ciphertext),
        ss: hex(made.ss),
        dh: hex(made.dh),
        th: hex(made.th),
        ...{ rk, ckA, ckB },
      };
    });
  }

  #seal(side: Side, index: number): CellValues {
    const ratchet = this.sides[side];
    const before = ratchet.state;
    const { due } = ratchet;
    // Sealed once for its keys, which tell what the file's own ciphertext holds, then with what stands in it.
    let sealed = due === undefined ? ratchet.seal(new Uint8Array(PLAINTEXT)) : ratchet.sealDue();
    if (due === undefined) {
      ratchet.state = before;
      sealed = ratchet.seal(this.#plan.plaintext({ index, aad: sealed.aad, mk: sealed.mk }));
    }
    const { frame, plaintext, epoch, pn, n, aad, ckBefore, mk, ckAfter } = sealed;
    return {
      index,
      from: side,
      kind: due ?? (plaintext[0] === KIND.dummy ? "dummy" : "fragment"),
      plaintext: hex(plaintext),
      header: { epoch, pn, n, bytes: hex(frame.subarray(4, 12)) },
      aad: hex(aad),
      ckBefore: hex(ckBefore),
      mk: hex(mk),
      ckAfter: hex(ckAfter),
      ciphertext: hex(frame.subarray(12, -16)),
      tag: hex(frame.subarray(-16)),
      frame: hex(frame),
    };
  }
}

export interface CellValues {
  readonly index: number;
  readonly from: Side;
  readonly kind: Cell["kind"];
  readonly plaintext: string;
  readonly header: { readonly epoch: number; readonly pn: number; readonly n: number; readonly bytes: string };
  readonly aad: string;
  readonly ckBefore: string;
  readonly mk: string;
  readonly ckAfter: string;
  readonly ciphertext: string;
  readonly tag: string;
  readonly frame: string;
}

export function conversationOf(plan: Plan, secrets: Secrets, see?: (side: Side, seen: Seen) => void) {
  const conversation = new Conversation(plan, secrets, see);
  for (const step of plan.steps) conversation.step(step);
  return conversation.finish();
}

function endOf({ rk, sending, receiving, nextReceiving, nextSending, stored }: State) {
  const next = nextReceiving === undefined
    ? null
    : { epoch: nextReceiving.epoch, ck: hex(nextReceiving.ck), n: nextReceiving.n };
  return {
    epoch: nextSending?.epoch ?? sending.epoch,
    rk: hex(rk),
    sending: { epoch: sending.epoch, ck: hex(sending.ck), n: sending.n, pn: sending.pn },
    receiving: { epoch: receiving.epoch, ck: hex(receiving.ck), n: receiving.n },
    nextReceiving: next,
    stored: stored.map(({ epoch, n, mk }) => ({ epoch, n, mk: hex(mk) })),
  };
}

function scripted(pieces: readonly string[]): Draw {
  const left = pieces.map(bytes);
  return (into) => {
    const piece = left.shift();
    if (piece?.length !== into.length) throw new BadStep("", "a conversation", "one with fewer renewals");
    into.set(piece);
  };
}
