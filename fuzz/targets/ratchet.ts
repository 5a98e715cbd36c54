// docs/PROTOCOL.md section 4: two ratchets, each beside a plain one that was written from the page alone, and somebody in
// between who reorders, repeats, drops, changes and invents cells, or who holds the keys of one side and seals what must
// not be. Both must seal the same bytes, open the same cells, fail at the same and call the same a violation; and since the
// plain one's state is copied before it changes, nothing that fails changes anything.

import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, MAX_SKIPPED_KEYS } from "../../src/constants.ts";
import { x25519PublicKey } from "../../src/crypto/x25519.ts";
import type { Entropy, Role } from "../../src/ports.ts";
import type { Opened, Ratchet } from "../../src/ratchet/ratchet.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { decodeCell, encodeCell } from "../../src/wire/cell.ts";
import { lockedDhSecret, seededEntropy, testArena } from "../../tests/harness/arena.ts";
import { Oracle, ratchetOf } from "../../tests/harness/oracle.ts";
import { edit, Input, judged, must, same, type Target } from "../target.ts";

const OPS_MAX = 60;
const SEALED_AT_ONCE_MAX = 40;
/** More than a skip of 32 and one too many, in both directions, and several renewals; each costs two encryptions. */
const SEALED_MAX = 120;

export const target: Target = {
  name: "ratchet",
  maxLength: 400,
  dictionary: [
    Uint8Array.of(0, 0, 2, 0),
    Uint8Array.of(1, 0, 2, 0),
    Uint8Array.of(6, 34),
    // Nine cells there, two back: a renewal.
    Uint8Array.of(6, 9, 10, 7, 2, 10),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  ],
  seeds: () => [
    Uint8Array.of(0, 2, 0, 1, 2, 1, 0, 2, 2),
    Uint8Array.of(6, 33, 2, 32, 2, 0, 2, 5, 2, 5),
    Uint8Array.of(7, 34, 2, 33, 2, 32),
    Uint8Array.of(6, 9, 10, 7, 2, 10, 6, 9, 10, 7, 2, 10, 6, 9, 10, 7, 2, 10),
    Uint8Array.of(6, 12, 10, 7, 3, 10, 6, 9, 10),
    Uint8Array.of(6, 8, 10, 8, 2, 10),
    Uint8Array.of(6, 9, 10, 7, 2, 10, 9, 3, 10),
    Uint8Array.of(0, 3, 0, 1, 0, 40, 1, 2, 0, 5, 0),
    Uint8Array.of(0, 4, 0, 0, 0, 0, 9, 0, 0, 0, 9, 2, 0, 1, 2, 1),
    Uint8Array.of(7, 9, 2, 3, 0, 2, 9, 1, 2, 10, 2, 0, 2, 1),
  ],
  async make() {
    const arena = await testArena();
    const keys = (["a", "b"] as const).map((name) => {
      const secret = new Uint8Array(32);
      seededEntropy(`ratchet ${name}`)(secret);
      using locked = lockedDhSecret(arena, secret);
      const publicKey = new Uint8Array(32);
      x25519PublicKey(publicKey, locked);
      return { secret, publicKey };
    });
    return (data) => {
      const before = arena.used;
      play(arena, keys, new Input(data));
      must(arena.used === before, "all secrets are given back");
    };
  },
};

interface KeyPair {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

interface Sealed {
  readonly by: 0 | 1;
  readonly body: Uint8Array;
  opened: boolean;
}

const HEADER = Uint8Array.of(1, 0x10, 0, 0);

/** One side twice, with the same entropy. */
class Side implements Disposable {
  readonly real: Ratchet;
  readonly plain: Oracle;
  readonly #arena: Arena;
  readonly #entropy: { readonly real: Entropy; readonly plain: Entropy };

  constructor(arena: Arena, role: Role, own: KeyPair, peer: KeyPair) {
    this.#arena = arena;
    this.#entropy = { real: seededEntropy(role), plain: seededEntropy(role) };
    const [rk, sessionId] = [new Uint8Array(32).fill(1), new Uint8Array(16).fill(2)];
    const [dialer, listener] = [new Uint8Array(32).fill(0xaa), new Uint8Array(32).fill(0xbb)];
    const session = { role, rk, sessionId, secret: own.secret, peerPublic: peer.publicKey, dialer, listener };
    this.plain = new Oracle(session);
    this.real = ratchetOf(arena, session);
  }

  /** `instead`: the plaintext of somebody who keeps to no rule. */
  seal(number: number, instead?: Uint8Array): Uint8Array {
    const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
    const due = this.real.due(this.#entropy.real);
    const wanted = this.plain.due(this.#entropy.plain);
    must((due === undefined) === (wanted === undefined), "a renewal is due on both or on neither");
    encodeCell(
      due ?? { kind: "fragment", messageId: number, index: 0, count: 1, data: Uint8Array.of(number) },
      plaintext,
    );
    must(wanted === undefined || same(wanted, plaintext), "a renewal's cell is the same");
    if (instead !== undefined) plaintext.set(instead);
    refusesLengths(this.real, plaintext);
    const body = new Uint8Array(FRAME_BODY_SIZE);
    this.real.seal(HEADER, body, plaintext);
    must(same(body, this.plain.seal(HEADER, plaintext)), "both seal the same bytes");
    return body;
  }

  /** What both make of it. */
  open(body: Uint8Array): "opened" | "failed" | "violation" {
    using plaintext = this.#arena.bytes(CELL_PLAINTEXT_SIZE);
    const [used, stored] = [this.#arena.used, this.real.skippedKeys];
    let drawn = 0;
    const entropy: Entropy = (into) => {
      drawn += into.length;
      this.#entropy.real(into);
    };
    const got = judged((): Opened | undefined => {
      const opened = this.real.open(HEADER, body, plaintext);
      if (opened !== undefined) this.real.take(opened, decodeCell(plaintext.bytes), entropy);
      return opened;
    });
    const wanted = this.plain.open(HEADER, body, this.#entropy.plain);
    must(this.real.skippedKeys <= MAX_SKIPPED_KEYS, "skipped keys are bounded");
    if ("violation" in got) {
      must(wanted === "violation", "only what the page calls a violation is one");
      return "violation";
    }
    must(wanted !== "violation", "what the page calls a violation is one");
    must((got.value === undefined) === (wanted === undefined), "both open the same cells");
    must(this.real.skippedKeys === this.plain.state.stored.length, "both keep as many keys");
    if (got.value === undefined || wanted === undefined) {
      must(drawn === 0 && this.#arena.used === used && this.real.skippedKeys === stored, "what fails keeps nothing");
      return "failed";
    }
    must(same(plaintext.bytes, wanted.plaintext), "to the same plaintext");
    const { stored: late, skipped, n } = got.value;
    must(late === wanted.stored && skipped === wanted.skipped && n === wanted.n, "in the same way");
    must(drawn === (plaintext.bytes[0] === 2 ? 64 : 0), "taking a key draws 64 bytes, all else none");
    return "opened";
  }

  [Symbol.dispose](): void {
    this.real[Symbol.dispose]();
  }
}

function play(arena: Arena, keys: readonly KeyPair[], input: Input): void {
  using a = new Side(arena, "dialer", keys[0]!, keys[1]!);
  using b = new Side(arena, "listener", keys[1]!, keys[0]!);
  const sides = [a, b];
  const sealed: Sealed[] = [];
  let lying = false;
  const seal = (by: 0 | 1, instead?: Uint8Array) => {
    if (sealed.length < SEALED_MAX) sealed.push({ by, body: sides[by]!.seal(sealed.length, instead), opened: false });
  };
  const deliver = (cell: Sealed, body: Uint8Array, to: number): boolean => {
    const genuine = to !== cell.by && same(body, cell.body);
    const outcome = sides[to]!.open(body);
    must(genuine || outcome === "failed", "what was changed or sent back does not open");
    must(!cell.opened || outcome === "failed", "nothing opens twice");
    must(lying || outcome !== "violation", "of two who keep to the rules neither breaks one");
    if (outcome === "opened") cell.opened = true;
    return outcome !== "violation";
  };
  for (let n = 0; n < OPS_MAX && !input.empty; n++) {
    const op = input.pick(11);
    if (op === 0 || op === 1) seal(op);
    else if (op === 6 || op === 7) {
      for (let k = input.pick(SEALED_AT_ONCE_MAX); k > 0; k--) seal(op === 6 ? 0 : 1);
    } else if (op === 8 || op === 9) {
      lying = true;
      seal(op === 8 ? 0 : 1, lie(input));
    } else if (op === 10) {
      // All that has not been opened, in order: so it gets through renewals.
      for (const cell of sealed) if (!cell.opened && !deliver(cell, cell.body.slice(), 1 - cell.by)) return;
    } else {
      const cell = sealed[input.pick(Math.max(1, sealed.length))];
      if (cell === undefined) continue;
      const body = cell.body.slice();
      if (op === 3) edit(body, input, 3);
      if (op === 4) body.set(input.bytes(8));
      if (!deliver(cell, body, op === 5 ? cell.by : 1 - cell.by)) return;
    }
  }
}

/** A plaintext that the codec takes, of any kind, whatever is due. */
function lie(input: Input): Uint8Array {
  const plaintext = new Uint8Array(CELL_PLAINTEXT_SIZE);
  const kind = input.pick(4);
  const fill = input.u8();
  if (kind === 1) {
    encodeCell({ kind: "fragment", messageId: 0, index: 0, count: 1, data: Uint8Array.of(fill) }, plaintext);
  }
  if (kind > 1) plaintext.fill(fill, 1, kind === 2 ? 1217 : 1121);
  plaintext[0] = kind;
  return plaintext;
}

/** Another length is a bug of ours and changes nothing: the plain one never hears of it. */
function refusesLengths(ratchet: Ratchet, plaintext: Uint8Array): void {
  let refused = 0;
  for (const size of [FRAME_BODY_SIZE - 1, FRAME_BODY_SIZE + 1]) {
    try {
      ratchet.seal(HEADER, new Uint8Array(size), plaintext);
    } catch (error) {
      if (error instanceof RangeError) refused++;
    }
  }
  must(refused === 2, "seal() refuses lengths that do not fit");
}
