// The memory that libsodium works on: that it loads once, that its layout is the one that the constants claim, and that no
// call leaves a secret in it outside of the secret's own slot.

import {
  deepStrictEqual as deepEqual,
  notStrictEqual as notEqual,
  ok,
  rejects,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import load from "libsodium-sumo";
import {
  draw,
  fromHex,
  lockedBytes,
  lockedDhSecret,
  lockedKey,
  seededEntropy,
  TEST_CLASSES,
  testArena,
} from "../../tests/harness/arena.ts";
import { type Arena, arenaSize, type LockedBytes, SecretsExhausted } from "../secrets/locked.ts";
import { open, seal } from "./aead.ts";
import { addPoints, isValidPoint, multiplyBase, multiplyPoint, multiplyScalars, reduceScalar } from "./ed25519.ts";
import { equal32 } from "./equal.ts";
import { hkdfSha256 } from "./hkdf.ts";
import { hmacSha256 } from "./hmac.ts";
import { kemDecapsulate, kemEncapsulate, kemPublicKey } from "./mlkem768.ts";
import { sha256 } from "./sha256.ts";
import { loadSodium, lockSodium, sodiumMemory, STACK_LOW, STACK_TOP, use, wipeSodium } from "./sodium.ts";
import { x25519, x25519PublicKey } from "./x25519.ts";

const arena = await testArena();
const entropy = seededEntropy("sodium_test");

Deno.test("loadSodium() throws the second time", async () => {
  await rejects(loadSodium(TEST_CLASSES), /loaded already/);
});

Deno.test("the slots of a fresh arena are zero, and lie above the stack", () => {
  const memory = sodiumMemory();
  using first = arena.bytes(4096);
  ok(first.pointer > STACK_TOP);
  equal(first.bytes.buffer, memory.buffer);
  using lowest = arena.key();
  const slots = memory.subarray(lowest.pointer, lowest.pointer + arenaSize(TEST_CLASSES));
  ok(slots.every((byte) => byte === 0));
  equal(slots.length, arenaSize(TEST_CLASSES));
  equal(memory.length, 4 * 1024 * 1024);
  ok(arenaSize(TEST_CLASSES) < memory.length);
});

Deno.test("the arena throws SecretsExhausted when a class is used up, and works again afterwards", () => {
  const taken: LockedBytes[] = [];
  while (arena.available(4096) > 0) taken.push(arena.bytes(4096));
  throws(() => arena.bytes(4096), SecretsExhausted);
  equal(arena.used, taken.length);
  taken.forEach((secret) => secret[Symbol.dispose]());
  equal(arena.used, 0);
});

Deno.test("STACK_TOP is where this build's stack starts, and no static data reaches STACK_LOW", async () => {
  const real = WebAssembly.instantiate;
  let module: Uint8Array | undefined;
  WebAssembly.instantiate = ((bytes: Uint8Array, imports: WebAssembly.Imports) => {
    module = bytes;
    return real(bytes as Uint8Array<ArrayBuffer>, imports);
  }) as typeof real;
  try {
    await rawLoad();
  } finally {
    WebAssembly.instantiate = real;
  }
  ok(module !== undefined);
  const { firstGlobal, dataEnd } = readWasm(module);
  equal(firstGlobal, STACK_TOP);
  ok(dataEnd <= STACK_LOW, `static data ends at ${dataEnd}`);
  equal(STACK_TOP - STACK_LOW, 65536);
});

Deno.test("everything between STACK_LOW and the wiped part of the stack stays as it is, in the deepest call", () => {
  const memory = sodiumMemory();
  const lowest = STACK_TOP - 24576;
  memory.fill(0xa5, STACK_LOW, lowest);
  allCalls(arena, entropy);
  ok(memory.subarray(STACK_LOW, lowest).every((byte) => byte === 0xa5));
  ok(memory.subarray(lowest, STACK_TOP).every((byte) => byte === 0));
  memory.fill(0, STACK_LOW, lowest);
  equal(arena.used, 0);
});

Deno.test("nothing below STACK_LOW holds what a call made: it is the same before and after all of them", () => {
  allCalls(arena, entropy);
  const before = sodiumMemory().slice(0, STACK_LOW);
  allCalls(arena, entropy);
  deepEqual(sodiumMemory().subarray(0, STACK_LOW), before);
});

Deno.test("after every call, each secret stands in its own slots only, and once these are gone nowhere", () => {
  const found = (secret: Uint8Array) => occurrences(sodiumMemory(), secret);
  for (let round = 0; round < 3; round++) {
    const secrets: Uint8Array[] = [];
    allCalls(arena, entropy, (owner) => {
      // Halves too: a register spill or a clamped copy is not the whole.
      for (const part of [owner.bytes.slice(0, 16), owner.bytes.slice(16, 32)]) {
        const at = found(part);
        ok(at.length >= 1, "the control: it is found where it should be");
        ok(at.every((offset) => offset >= owner.pointer && offset < owner.pointer + owner.length));
        secrets.push(part);
      }
    });
    ok(secrets.length >= 20);
    for (const secret of secrets) deepEqual(found(secret), []);
  }
  equal(arena.used, 0);
});

Deno.test("arguments in ordinary memory are wiped from the scratch when the call is over", () => {
  const key = draw(entropy, 32);
  const text = draw(entropy, 1220);
  const out = new Uint8Array(1236);
  seal(out, key, draw(entropy, 12), draw(entropy, 40), text);
  for (const part of [key, text.subarray(0, 32), text.subarray(1188), out.subarray(0, 32)]) {
    deepEqual(occurrences(sodiumMemory(), part), []);
  }
});

Deno.test("the scratch is wiped even when its use throws", () => {
  const marker = draw(entropy, 32);
  throws(
    () =>
      use((_raw, scratch) => {
        scratch.in(marker);
        throw new Error("in the middle");
      }),
    /in the middle/,
  );
  deepEqual(occurrences(sodiumMemory(), marker), []);
});

Deno.test("a call that needs more scratch than there is throws a RangeError and leaves nothing", () => {
  const marker = draw(entropy, 32);
  throws(
    () =>
      use((_raw, scratch) => {
        scratch.in(marker);
        scratch.room(16384);
      }),
    RangeError,
  );
  deepEqual(occurrences(sodiumMemory(), marker), []);
  use((_raw, scratch) => scratch.room(16384));
});

Deno.test("the memory cannot be detached or transferred", () => {
  const memory = sodiumMemory();
  throws(() => structuredClone(memory.buffer, { transfer: [memory.buffer] }));
  equal(memory.length, 4 * 1024 * 1024);
});

Deno.test("lockSodium() asks for all, then for the parts in use, then gives up", () => {
  const memory = sodiumMemory();
  const asked: [number, number][] = [];
  const lock = (answers: boolean[]) => (view: Uint8Array) => {
    equal(view.buffer, memory.buffer);
    asked.push([view.byteOffset, view.length]);
    return answers.shift() ?? false;
  };
  equal(lockSodium(lock([true])), "all");
  deepEqual(asked.splice(0), [[0, memory.length]]);
  equal(lockSodium(lock([false, true, true])), "part");
  const [, stack, slots] = asked.splice(0);
  ok(stack !== undefined && slots !== undefined);
  ok(stack[0] <= STACK_TOP - 18480 && stack[0] + stack[1] >= STACK_TOP);
  using first = arena.key();
  ok(first.pointer >= slots[0] && first.pointer < slots[0] + slots[1]);
  ok([stack, slots].every(([at, length]) => at % 4096 === 0 && length % 4096 === 0));
  ok(stack[1] + slots[1] < 65536, "what an ordinary limit of 64 KiB allows");
  equal(lockSodium(lock([false, false])), "none");
  equal(lockSodium(lock([false, true, false])), "none");
});

// Near the end of this file: what throws inside of a call leaves the stack pointer displaced.
Deno.test("after start, libsodium neither allocates nor draws entropy", () => {
  throws(() => use((raw) => raw._malloc!(16)), /must not allocate/);
  throws(() => use((raw) => raw._free!(0)), /must not allocate/);
  throws(() => use((raw) => raw._randombytes_random!()), /must not draw entropy/);
  throws(
    () => use((raw, scratch) => raw._crypto_kem_mlkem768_keypair!(scratch.room(1184), scratch.room(2400))),
    /must not draw entropy/,
  );
});

// Last in this file: afterwards the library must not be used.
Deno.test("wipeSodium() leaves no byte of stack, slots and scratch, and none has come behind them", () => {
  const secret = lockedKey(arena, draw(entropy, 32));
  notEqual(secret.bytes[0], undefined);
  const memory = sodiumMemory();
  wipeSodium();
  ok(memory.subarray(STACK_LOW).every((byte) => byte === 0));
  ok(secret.bytes.every((byte) => byte === 0));
  secret[Symbol.dispose]();
  equal(arena.used, 0);
});

/** Runs every primitive once on fresh secrets; `look` sees each secret after the calls that used or made it. */
function allCalls(arena: Arena, entropy: (into: Uint8Array) => void, look: (owner: LockedBytes) => void = () => {}) {
  using dh = lockedDhSecret(arena, draw(entropy, 32));
  const publicKey = new Uint8Array(32);
  x25519PublicKey(publicKey, dh);
  look(dh);
  using shared = arena.key();
  ok(x25519(shared, dh, fromHex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")));
  [dh, shared].forEach(look);

  using wide = lockedBytes(arena, draw(entropy, 64));
  using scalar = arena.key();
  reduceScalar(scalar, wide);
  using product = arena.key();
  multiplyScalars(product, scalar, scalar);
  using point = arena.bytes(32);
  ok(multiplyBase(point, scalar));
  using other = arena.bytes(32);
  ok(multiplyPoint(other, product, point));
  ok(isValidPoint(other));
  using sum = arena.bytes(32);
  ok(addPoints(sum, point, other));
  [wide, scalar, product, point, other, sum].forEach(look);

  using seed = lockedBytes(arena, draw(entropy, 64));
  using random = lockedKey(arena, draw(entropy, 32));
  using secretA = arena.key();
  const kem = new Uint8Array(1184);
  const ciphertext = new Uint8Array(1088);
  kemPublicKey(kem, seed);
  ok(kemEncapsulate(ciphertext, secretA, kem, random));
  [seed, random, secretA].forEach(look);
  using secretB = arena.key();
  // A changed ciphertext, so that no other slot holds the same bytes.
  ciphertext[0]! ^= 1;
  kemDecapsulate(secretB, ciphertext, seed);
  look(secretB);

  using key = lockedKey(arena, draw(entropy, 32));
  using hash = arena.key();
  sha256(hash, key, wide);
  using mac = arena.key();
  hmacSha256(mac, key, hash);
  using okm = arena.bytes(64);
  hkdfSha256(okm, mac, [key, hash], [publicKey]);
  using nonce = arena.bytes(12);
  using plaintext = lockedBytes(arena, draw(entropy, 1220));
  const sealed = new Uint8Array(1236);
  seal(sealed, key, nonce, okm, plaintext);
  [key, hash, mac, okm, plaintext].forEach(look);
  using opened = arena.bytes(1220);
  ok(open(opened, key, nonce, okm, sealed));
  equal(equal32(key, hash), false);
  sealed[3]! ^= 1;
  equal(open(opened, key, nonce, okm, sealed), false);
  look(key);
}

/** Offsets at which the bytes stand. */
function occurrences(memory: Uint8Array, bytes: Uint8Array): number[] {
  const found: number[] = [];
  for (let at = memory.indexOf(bytes[0]!); at >= 0; at = memory.indexOf(bytes[0]!, at + 1)) {
    let same = 1;
    while (same < bytes.length && memory[at + same] === bytes[same]) same++;
    if (same === bytes.length) found.push(at);
  }
  return found;
}

function rawLoad(): Promise<unknown> {
  return (load as unknown as (options: object) => Promise<unknown>)({ getRandomValue: () => 0 });
}

/** The initial value of global 0 (the stack pointer) and the end of the last data segment. WebAssembly core, section 5.5. */
function readWasm(module: Uint8Array): { firstGlobal: number; dataEnd: number } {
  let at = 8;
  const byte = () => module[at++]!;
  const leb = (signed = false): number => {
    let value = 0, shift = 0, last: number;
    do {
      last = byte();
      value |= (last & 0x7f) << shift;
      shift += 7;
    } while (last & 0x80);
    return signed && shift < 32 && (last & 0x40) ? value | (-1 << shift) : value >>> 0;
  };
  let firstGlobal = -1;
  let dataEnd = 0;
  while (at < module.length) {
    const id = byte();
    const size = leb();
    const end = at + size;
    if (id === 6) {
      leb(); // how many
      at += 2; // i32, mutable
      equal(byte(), 0x41, "i32.const");
      firstGlobal = leb(true);
    } else if (id === 11) {
      const count = leb();
      for (let i = 0; i < count; i++) {
        equal(leb(), 0, "an active segment of memory 0");
        equal(byte(), 0x41, "i32.const");
        const offset = leb(true);
        equal(byte(), 0x0b, "end");
        const length = leb();
        dataEnd = Math.max(dataEnd, offset + length);
        at += length;
      }
    }
    at = end;
  }
  return { firstGlobal, dataEnd };
}
