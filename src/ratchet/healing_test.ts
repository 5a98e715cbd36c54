// What a renewal heals: all state of one side is revealed at a random moment of a conversation, and from then on somebody
// listens to every frame with one of the two legs broken, X25519 or ML-KEM. He must lose both directions at the renewal that
// docs/PROTOCOL.md section 4 names, and where both legs are broken he must not. The listener is a reader of the page over
// noble: he has what he was shown, what he hears and what is broken, and no more.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { ml_kem768 } from "@noble/post-quantum/ml-kem.js";
import { draw, lockedBytes, lockedDhSecret, lockedKey, seededEntropy, testArena } from "../../tests/harness/arena.ts";
import { Oracle } from "../../tests/harness/oracle.ts";
import { Random } from "../../tests/simulation/random.ts";
import { SessionSecrets } from "../auth/handshake.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE } from "../constants.ts";
import { decodeCell, encodeCell } from "../wire/cell.ts";
import { Ratchet } from "./ratchet.ts";

const arena = await testArena();
const HEADER = Uint8Array.of(1, 0x10, 0, 0);

type Side = "A" | "B";
type Leg = "X25519" | "ML-KEM";

/** What is broken gives its private half with every public one. */
interface Broken {
  readonly x25519: boolean;
  readonly kem: boolean;
}

interface Chain {
  readonly epoch: number;
  ck: Uint8Array;
  n: number;
}

/** Somebody who was shown one side's state, and listens. */
class Eavesdropper {
  readonly #aad: Record<Side, Uint8Array>;
  readonly #broken: Broken;
  #rk: Uint8Array;
  /** By who sends; those of the next epoch too, once he has them. */
  readonly #chains: Record<Side, Chain[]>;
  /** Private halves that he was shown or that a broken leg gave him, and the public key that waits for its ciphertext. */
  #seed: Uint8Array | undefined;
  #dh: Uint8Array | undefined;
  #key: Uint8Array | undefined;

  constructor(side: Side, state: Oracle["state"], broken: Broken, aad: Record<Side, Uint8Array>) {
    this.#aad = aad;
    this.#broken = broken;
    this.#rk = state.rk;
    const other: Side = side === "A" ? "B" : "A";
    const behind = state.nextSending === undefined ? [] : [state.nextSending];
    const next = state.nextReceiving === undefined ? [] : [state.nextReceiving];
    this.#chains = { A: [], B: [] };
    this.#chains[side] = [state.sending, ...behind].map((chain) => ({ ...chain }));
    this.#chains[other] = [state.receiving, ...next].map((chain) => ({ ...chain }));
    this.#seed = state.asked?.seed;
    this.#dh = state.asked?.secret;
    this.#key = state.asked?.key;
  }

  /** True: he reads it. `secrets`: the private halves of what this cell carries, of which a broken leg gives him its own. */
  hears(from: Side, body: Uint8Array, secrets: { seed?: Uint8Array; dhA?: Uint8Array }): boolean {
    const view = new DataView(body.buffer, body.byteOffset);
    const [epoch, n] = [view.getUint32(0), view.getUint16(6)];
    const chain = this.#chains[from].find((one) => one.epoch === epoch);
    if (chain === undefined || chain.n > n) return false;
    let { ck } = chain;
    for (; chain.n < n; chain.n++) ck = hmac(sha256, ck, Uint8Array.of(2));
    const mk = hmac(sha256, ck, Uint8Array.of(1));
    chain.ck = hmac(sha256, ck, Uint8Array.of(2));
    chain.n = n + 1;
    let plaintext: Uint8Array;
    try {
      const aad = Uint8Array.from([...this.#aad[from], ...HEADER, ...body.slice(0, 8)]);
      plaintext = chacha20poly1305(mk, new Uint8Array(12), aad).decrypt(body.slice(8));
    } catch {
      return false;
    }
    if (plaintext[0] === 2) {
      this.#key = plaintext.slice(1, 1217);
      this.#seed = this.#broken.kem ? secrets.seed : undefined;
      this.#dh = this.#broken.x25519 ? secrets.dhA : undefined;
    }
    if (plaintext[0] === 3) this.#follow(epoch + 1, plaintext.slice(1, 1121));
    return true;
  }

  #follow(epoch: number, ciphertext: Uint8Array): void {
    if (this.#key === undefined || this.#chains.A.some((chain) => chain.epoch === epoch)) return;
    // He guesses what he lacks, without success.
    const guess = new Uint8Array(32);
    const ss = this.#seed === undefined
      ? guess
      : ml_kem768.decapsulate(ciphertext.slice(0, 1088), ml_kem768.keygen(this.#seed).secretKey);
    const dh = this.#dh === undefined ? guess : x25519.getSharedSecret(this.#dh, ciphertext.slice(1088));
    const number = Uint8Array.of(epoch >>> 24, epoch >>> 16, epoch >>> 8, epoch);
    const th = sha256(Uint8Array.from([...utf8("sesame/1 renewal"), ...number, ...this.#key, ...ciphertext]));
    const info = Uint8Array.from([...utf8("sesame/1 epoch"), ...th]);
    const out = hkdf(sha256, Uint8Array.from([...ss, ...dh]), this.#rk, info, 96);
    this.#rk = out.slice(0, 32);
    for (const [side, at] of [["A", 32], ["B", 64]] as const) {
      this.#chains[side] = [...this.#chains[side].slice(-1), { epoch, ck: out.slice(at, at + 32), n: 0 }];
    }
  }
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Two product ratchets in conversation, and beside each a plain one whose state can be read. */
class Conversation implements Disposable {
  readonly real: Record<Side, Ratchet>;
  readonly plain: Record<Side, Oracle>;
  readonly aad: Record<Side, Uint8Array>;
  readonly #entropy: Record<Side, { real: ReturnType<typeof seededEntropy>; plain: ReturnType<typeof seededEntropy> }>;

  constructor(seed: string) {
    const entropy = seededEntropy(seed);
    const [rk, sessionId, dialer, listener] = [32, 16, 32, 32].map((size) => draw(entropy, size)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const secrets = { A: draw(entropy, 32), B: draw(entropy, 32) };
    const publics = { A: x25519.getPublicKey(secrets.A), B: x25519.getPublicKey(secrets.B) };
    const both = (side: Side) => ({ real: seededEntropy(seed + side), plain: seededEntropy(seed + side) });
    this.#entropy = { A: both("A"), B: both("B") };
    const make = (side: Side, other: Side) => {
      const role = side === "A" ? "dialer" : "listener";
      const common = { rk, sessionId, dialer, listener };
      const plain = new Oracle({ ...common, role, secret: secrets[side], peerPublic: publics[other] });
      const real = Ratchet.start(
        arena,
        new SessionSecrets(
          role,
          lockedKey(arena, rk),
          lockedBytes(arena, sessionId),
          lockedDhSecret(arena, secrets[side]),
          publics[side],
          publics[other],
        ),
        side === "A" ? { self: dialer, peer: listener } : { self: listener, peer: dialer },
      );
      return { plain, real };
    };
    const [a, b] = [make("A", "B"), make("B", "A")];
    this.real = { A: a.real, B: b.real };
    this.plain = { A: a.plain, B: b.plain };
    const label = utf8("sesame/1 cell");
    this.aad = {
      A: Uint8Array.from([...label, ...sessionId, 0, ...dialer, ...listener]),
      B: Uint8Array.from([...label, ...sessionId, 1, ...listener, ...dialer]),
    };
  }

  /** One cell on the line: its bytes, and the private halves of what it carries. */
  seal(from: Side): { body: Uint8Array; secrets: { seed?: Uint8Array; dhA?: Uint8Array } } {
    const due = this.real[from].due(this.#entropy[from].real);
    this.plain[from].due(this.#entropy[from].plain);
    const { asked } = this.plain[from].state;
    const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
    encodeCell(due ?? { kind: "dummy" }, plaintext);
    const body = new Uint8Array(FRAME_BODY_SIZE);
    this.real[from].seal(HEADER, body, plaintext);
    deepEqual(body, this.plain[from].seal(HEADER, plaintext));
    return { body, secrets: due?.kind === "key" && asked !== undefined ? { seed: asked.seed, dhA: asked.secret } : {} };
  }

  open(at: Side, body: Uint8Array): void {
    using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
    const opened = this.real[at].open(HEADER, body, plaintext);
    ok(opened !== undefined);
    this.real[at].take(opened, decodeCell(plaintext.bytes), this.#entropy[at].real);
    ok(typeof this.plain[at].open(HEADER, body, this.#entropy[at].plain) === "object");
  }

  [Symbol.dispose](): void {
    this.real.A[Symbol.dispose]();
    this.real.B[Symbol.dispose]();
  }
}

/** The first epoch whose renewal is wholly made after the reveal. */
function firstHealed(side: Side, { sending, receiving, asked, ciphertext, nextReceiving }: Oracle["state"]): number {
  // A key that was made already is known with the state of the dialer; a ciphertext, with the listener's, is used up when
  // the next chains are there.
  if (side === "A") return sending.epoch + (asked === undefined ? 1 : 2);
  return (ciphertext === undefined && nextReceiving === undefined ? receiving.epoch : receiving.epoch + 1) + 1;
}

type Broken3 = Leg | "both";

const BROKEN: Readonly<Record<Broken3, Broken>> = {
  "X25519": { x25519: true, kem: false },
  "ML-KEM": { x25519: false, kem: true },
  both: { x25519: true, kem: true },
};

interface Heard {
  readonly side: Side;
  readonly broken: Broken3;
  readonly name: string;
  /** Epochs in which he read something, by who sent. */
  readonly read: Record<Side, Set<number>>;
  /** The first that is to shut him out. */
  readonly expected: number;
}

/** A conversation whose two sides tick at random, with a few cells on the line; a reveal of either side, and on for long. */
function listen(seed: number, brokens: readonly Broken3[]): { heard: Heard[]; last: number } {
  const random = new Random(seed);
  using talk = new Conversation(`healing ${seed}`);
  const line: Record<Side, ReturnType<Conversation["seal"]>[]> = { A: [], B: [] };
  const listeners: { readonly heard: Heard; readonly ears: Eavesdropper }[] = [];
  const hear = (
    { heard, ears }: (typeof listeners)[number],
    from: Side,
    { body, secrets }: (typeof line)["A"][number],
  ) => {
    if (ears.hears(from, body, secrets)) heard.read[from].add(new DataView(body.buffer).getUint32(0));
  };
  const reveal = () => {
    for (const side of ["A", "B"] as const) {
      const { state } = talk.plain[side];
      const expected = firstHealed(side, state);
      for (const broken of brokens) {
        const name = `seed ${seed}, state of ${side}, ${broken} broken, healed by epoch ${expected}`;
        const heard = { side, broken, name, read: { A: new Set<number>(), B: new Set<number>() }, expected };
        const ears = new Eavesdropper(side, state, BROKEN[broken], talk.aad);
        listeners.push({ heard, ears });
        // What is on the line has been heard as well.
        for (const from of ["A", "B"] as const) for (const cell of line[from]) hear({ heard, ears }, from, cell);
      }
    }
  };
  const revealAt = random.int(0, 60);
  for (let step = 0; step < revealAt + 160; step++) {
    if (step === revealAt) reveal();
    const from: Side = random.chance(0.5) ? "A" : "B";
    if (random.chance(0.5) || line[from].length > 3) {
      const cell = line[from].shift();
      if (cell !== undefined) talk.open(from === "A" ? "B" : "A", cell.body);
      continue;
    }
    const cell = talk.seal(from);
    line[from].push(cell);
    for (const listener of listeners) hear(listener, from, cell);
  }
  const last = Math.min(talk.plain.A.state.sending.epoch, talk.plain.B.state.sending.epoch);
  return { heard: listeners.map(({ heard }) => heard), last };
}

Deno.test("who learns all of one side and listens is shut out of both directions by the renewal that the page names: 200 times", () => {
  let [reveals, readAfter] = [0, 0];
  for (let seed = 0; seed < 50; seed++) {
    const { heard, last } = listen(seed, ["X25519", "ML-KEM"]);
    for (const { read, expected, name } of heard) {
      ok(last >= expected, `${name}: the renewal has been`);
      for (const from of ["A", "B"] as const) for (const epoch of read[from]) ok(epoch < expected, `${name}: ${from}`);
      reveals++;
      if (read.A.has(expected - 1) || read.B.has(expected - 1)) readAfter++;
    }
  }
  equal(reveals, 200);
  ok(readAfter > 180, `he read on up to that renewal ${readAfter} times`);
});

Deno.test("the control: with both legs broken he reads on in every epoch that follows", () => {
  let followed = 0;
  for (let seed = 0; seed < 25; seed++) {
    const { heard, last } = listen(seed, ["both"]);
    for (const { read, expected, name } of heard) {
      for (let epoch = expected; epoch < last; epoch++) {
        ok(read.A.has(epoch) && read.B.has(epoch), `${name}: epoch ${epoch} of ${last}`);
        followed++;
      }
    }
  }
  ok(followed > 50, `${followed} epochs`);
});
