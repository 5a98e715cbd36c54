// docs/PROTOCOL.md section 9: a whole exchange of the vectors' format, computed from its inputs by the second
// implementation: to check a file, or to write one. Not in here: comparing, and what the program makes of it.

import { x25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { bigEndian32, type Draw, join, littleEndian, utf8 } from "./bytes.ts";
import { encodeCell } from "./cell.ts";
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
import { Ratchet, type Seen, type State } from "./ratchet.ts";

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

/** Sections 4 and 5: the conversation. `see` is shown every value of both sides as it is computed. */
export function conversationOf(plan: Plan, secrets: Secrets, see: (side: Side, seen: Seen) => void = () => {}) {
  const { inputs } = plan;
  const { RK, sessionId } = secrets;
  const secretOf = { A: bytes(inputs.ratchetPrivateA), B: bytes(inputs.ratchetPrivateB) };
  const publicOf = { A: x25519.getPublicKey(secretOf.A), B: x25519.getPublicKey(secretOf.B) };
  const ids = { peerIdA: bytes(inputs.peerIdA), peerIdB: bytes(inputs.peerIdB) };
  const draws = {
    A: scripted(plan.renewals.flatMap(({ kemSeed, dhPrivateA }) => [kemSeed, dhPrivateA])),
    B: scripted(plan.renewals.flatMap(({ kemM, dhPrivateB }) => [kemM, dhPrivateB])),
  };
  let epoch0: Seen & { what: "start" } | undefined;
  const renewed = { A: [] as Seen[], B: [] as Seen[] };
  const ratchetOf = (side: Side) => {
    const start = {
      role: side === "A" ? "dialer" : "listener",
      ...{ RK, sessionId, ...ids },
      ratchetSecret: secretOf[side],
      peerRatchet: publicOf[side === "A" ? "B" : "A"],
    } as const;
    return new Ratchet(start, draws[side], (seen) => {
      if (seen.what === "start") epoch0 = seen;
      if (seen.what === "renewal") renewed[side].push(seen);
      see(side, seen);
    });
  };
  const sides = { A: ratchetOf("A"), B: ratchetOf("B") };
  const cells: (ReturnType<typeof seal> & { readonly frame: string })[] = [];

  function seal(side: Side, index: number) {
    const ratchet = sides[side];
    const before = ratchet.state;
    const { due } = ratchet;
    // Sealed once for its keys, which a plaintext of the file may depend on, then with what stands in it.
    const sealed = due === undefined ? undefined : ratchet.sealDue();
    const trial = sealed ?? ratchet.seal(encodeCell({ kind: "dummy" }));
    const given = due === undefined ? plan.plaintext({ index, aad: trial.aad, mk: trial.mk }) : undefined;
    if (given !== undefined) ratchet.state = before;
    const { frame, epoch, pn, n, aad, ckBefore, mk, ckAfter } = given === undefined ? trial : ratchet.seal(given);
    const body = due === undefined
      ? given!
      : join(Uint8Array.of(due === "key" ? 2 : 3), due === "key" ? ratchet.state.asked!.key : before.ciphertext!);
    const plaintext = new Uint8Array(frame.length - 28);
    plaintext.set(body);
    return {
      index,
      from: side,
      kind: due ?? (plaintext[0] === 0 ? "dummy" : "fragment"),
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

  const steps = plan.steps.map(({ op, at, cell }, i) => {
    if (op === "seal") {
      if (cell !== cells.length) throw new BadStep(`[${i}].cell`, cell, cells.length);
      cells.push(seal(at, cell));
      return { op, at, cell };
    }
    const sealed = cells[cell];
    if (sealed === undefined) throw new BadStep(`[${i}].cell`, cell, "a cell that was sealed before");
    if (sealed.from === at) throw new BadStep(`[${i}].at`, at, "the other side than the one that sealed");
    const [renewals, before] = [renewed[at].length, sides[at].state.stored.length];
    const opened = sides[at].receive(bytes(sealed.frame));
    if (opened === undefined) throw new BadStep(`[${i}]`, "a cell that opens", "one that does not");
    const stores = opened.stored ? 0 : Math.max(0, sides[at].state.stored.length - before);
    return {
      ...{ op, at, cell },
      ...(opened.stored ? { stored: true } : {}),
      ...(opened.skipped > 0 ? { stores } : {}),
      ...(renewed[at].length > renewals ? { epoch: opened.epoch + 1 } : {}),
    };
  });

  const renewals = plan.renewals.map((given, i) => {
    const [a, b] = [renewed.A[i], renewed.B[i]];
    if (a?.what !== "renewal" || b?.what !== "renewal") {
      throw new BadStep("", "a conversation", "one that makes every renewal");
    }
    const [rk, ckA, ckB] = a.roots.map(hex);
    if (String([rk, ckA, ckB]) !== String(b.roots.map(hex))) throw new Error("the two sides do not agree");
    return {
      ...given,
      epoch: a.epoch,
      keyBody: hex(a.key),
      ciphertextBody: hex(a.ciphertext),
      ss: hex(a.ss),
      dh: hex(a.dh),
      th: hex(a.th),
      ...{ rk, ckA, ckB },
    };
  });
  const [rk, ckA, ckB] = epoch0!.roots.map(hex);
  return {
    epoch0: { dh: hex(epoch0!.dh), rk, ckA, ckB },
    renewals,
    cells,
    steps,
    ratchetEnd: { A: endOf(sides.A.state), B: endOf(sides.B.state) },
    digest: hex(sha256(join(...cells.map(({ frame }) => bytes(frame))))),
  };
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
