// docs/PROTOCOL.md section 4: two ratchets, and somebody in between who reorders, repeats, drops, changes and invents cells.
// The input is played twice from the same keys: as it is, and without what was hostile in it. Whatever an honest cell did
// in one it must do in the other, to the byte: so nothing that fails changes anything.

import { SessionSecrets } from "../../src/auth/handshake.ts";
import { CELL_PLAINTEXT_SIZE, FRAME_BODY_SIZE, MAX_SKIPPED_KEYS } from "../../src/constants.ts";
import { x25519PublicKey } from "../../src/crypto/x25519.ts";
import type { Role } from "../../src/ports.ts";
import { Ratchet } from "../../src/ratchet/ratchet.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { lockedBytes, lockedDhSecret, lockedKey, seededEntropy, testArena, toHex } from "../../tests/harness/arena.ts";
import { edit, Input, judged, must, type Target } from "../target.ts";

const OPS_MAX = 60;
const SEALED_AT_ONCE_MAX = 40;
/** More than a skip of 32 and one too many, in both directions; each costs an encryption. */
const SEALED_MAX = 90;

export const target: Target = {
  name: "ratchet",
  maxLength: 400,
  dictionary: [
    Uint8Array.of(0, 0, 2, 0),
    Uint8Array.of(1, 0, 2, 0),
    Uint8Array.of(6, 34),
    Uint8Array.of(0xff, 0xff, 0xff, 0xff),
  ],
  seeds: () => [
    Uint8Array.of(0, 2, 0, 1, 2, 1, 0, 2, 2),
    Uint8Array.of(6, 33, 2, 32, 2, 0, 2, 5, 2, 5),
    Uint8Array.of(6, 34, 2, 33, 2, 32),
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
      const hostile = play(arena, keys, data, true);
      const honest = play(arena, keys, data, false);
      must(hostile.length === honest.length, "the same honest cells");
      hostile.forEach((what, n) => must(what === honest[n], `what failed changed something: ${what} is ${honest[n]}`));
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
  readonly plaintext: number;
  opened: boolean;
}

const HEADER = Uint8Array.of(1, 0x10, 0, 0);

/** One word for each honest thing that happened. */
function play(
  arena: Arena,
  keys: readonly KeyPair[],
  data: Uint8Array,
  hostile: boolean,
): string[] {
  const input = new Input(data);
  using a = start(arena, "dialer", keys[0]!, keys[1]!);
  using b = start(arena, "listener", keys[1]!, keys[0]!);
  const sides = [a, b];
  const sealed: Sealed[] = [];
  const said: string[] = [];
  const seal = (by: 0 | 1) => {
    if (sealed.length >= SEALED_MAX) return;
    const plaintext = sealed.length;
    const body = new Uint8Array(FRAME_BODY_SIZE);
    using bytes = arena.bytes(CELL_PLAINTEXT_SIZE);
    bytes.bytes.fill(plaintext);
    if (hostile && plaintext % 16 === 0) refusesLengths(sides[by]!, bytes.bytes);
    sides[by]!.seal(HEADER, body, bytes);
    sealed.push({ by, body, plaintext: plaintext & 0xff, opened: false });
    said.push(toHex(body.subarray(0, 48)));
  };
  for (let n = 0; n < OPS_MAX && !input.empty; n++) {
    const op = input.pick(8);
    if (op === 0 || op === 1) seal(op);
    else if (op === 6 || op === 7) {
      for (let k = input.pick(SEALED_AT_ONCE_MAX); k > 0; k--) {
        seal(op === 6 ? 0 : 1);
      }
    } else {
      const cell = sealed[input.pick(Math.max(1, sealed.length))];
      const body = cell?.body.slice() ?? new Uint8Array(FRAME_BODY_SIZE);
      if (op === 3) edit(body, input, 3);
      if (op === 4) body.set(input.bytes(8), 32);
      // A change may have changed nothing: then it is the cell itself.
      const honest = cell !== undefined && !cell.opened && op !== 5 && body.every((byte, i) => byte === cell.body[i]);
      const to = op === 5 ? cell?.by ?? 0 : 1 - (cell?.by ?? 1);
      if (!honest && !hostile) continue;
      const opened = sides[to]!.open.bind(sides[to]!);
      const outcome = deliver(arena, opened, body, sides[to]!);
      if (outcome === undefined) {
        if (honest) said.push(`${cell!.plaintext} refused`);
        continue;
      }
      must(honest, "what was changed, repeated or sent back does not open");
      must(outcome.first === cell.plaintext, "a cell holds what was sealed");
      cell.opened = true;
      said.push(`${cell.plaintext} ${outcome.word}`);
    }
  }
  return said;
}

/** Another length is a bug of ours and changes nothing: in the play without this the next cell is the same to the byte. */
function refusesLengths(ratchet: Ratchet, plaintext: Uint8Array): void {
  for (const size of [FRAME_BODY_SIZE - 1, FRAME_BODY_SIZE + 1]) {
    let refused = false;
    try {
      ratchet.seal(HEADER, new Uint8Array(size), plaintext);
    } catch (error) {
      refused = error instanceof RangeError;
    }
    must(refused, "seal() refuses lengths that do not fit");
  }
}

function deliver(
  arena: Arena,
  open: Ratchet["open"],
  body: Uint8Array,
  ratchet: Ratchet,
): { readonly word: string; readonly first: number } | undefined {
  using plaintext = arena.bytes(CELL_PLAINTEXT_SIZE);
  const [used, skipped] = [arena.used, ratchet.skippedKeys];
  let drawn = 0;
  const got = judged(() =>
    open(HEADER, body, plaintext, (into) => {
      drawn++;
      into.fill(0x77 ^ body[0]!); // of what is in the cell, so that both plays draw the same
      into[1] = body[1]!;
    })
  );
  must("value" in got, "a cell that does not open is no violation");
  must(ratchet.skippedKeys <= MAX_SKIPPED_KEYS, "skipped keys are bounded");
  must(drawn <= 1, "a step draws one key");
  if (got.value !== undefined) {
    return { first: plaintext.bytes[0]!, word: `${got.value.stored} ${got.value.skipped} ${ratchet.skippedKeys}` };
  }
  must(drawn === 0, "what fails draws no entropy");
  must(arena.used === used && ratchet.skippedKeys === skipped, "what fails keeps no key");
  return undefined;
}

function start(arena: Arena, role: Role, own: KeyPair, peer: KeyPair): Ratchet {
  const [self, other] = role === "dialer" ? [0xaa, 0xbb] : [0xbb, 0xaa];
  return Ratchet.start(
    arena,
    new SessionSecrets(
      role,
      lockedKey(arena, new Uint8Array(32).fill(1)),
      lockedBytes(arena, new Uint8Array(16).fill(2)),
      lockedDhSecret(arena, own.secret),
      own.publicKey,
      peer.publicKey,
    ),
    {
      self: new Uint8Array(32).fill(self),
      peer: new Uint8Array(32).fill(other),
    },
    seededEntropy(role),
  );
}
