// The arena and the secrets in it: what they print (nothing), when they are wiped, who may still read them.
// The arena here lies over ordinary memory; that libsodium's memory serves as well is `crypto/sodium_test.ts`.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal, throws } from "node:assert/strict";
import { format, inspect } from "node:util";
import fc from "fast-check";
import {
  Arena,
  arenaSize,
  LockedBytes,
  LockedDhSecret,
  LockedKey,
  SecretsExhausted,
  type SlotClasses,
} from "./locked.ts";

const CLASSES: SlotClasses = [[32, 4], [64, 2], [100, 1]];
const START = 64;

function newArena(): { arena: Arena; memory: Uint8Array<ArrayBuffer> } {
  const memory = new Uint8Array(START + arenaSize(CLASSES) + 32);
  return { arena: new Arena(memory, START, CLASSES), memory };
}

Deno.test("a secret prints [locked] however it is printed, and so does what holds it", () => {
  const { arena } = newArena();
  for (const secret of [arena.bytes(40), arena.key(), arena.dhSecret()]) {
    using _ = secret;
    secret.bytes.fill(0xa7);
    const prints: unknown[] = [
      `${secret}`,
      String(secret),
      "" + secret,
      secret.toString(),
      JSON.parse(JSON.stringify(secret)),
      Deno.inspect(secret),
      Deno.inspect(secret, { depth: 9, showHidden: true }),
      inspect(secret),
      inspect(secret, { showHidden: true }),
      format("%s", secret),
      format("%o", secret),
      format("%j", secret).replaceAll('"', ""),
    ];
    for (const printed of prints) equal(printed, "[locked]");

    const holder = { secret, list: [secret], map: new Map([["key", secret]]) };
    // As the console does.
    const error = Deno.inspect(Object.assign(new Error("with a secret"), { secret }));
    for (const text of [error, Deno.inspect(holder), inspect(holder, { depth: 9 }), JSON.stringify(holder)]) {
      ok(text.includes("[locked]"));
      for (const leak of ["a7", "167", "A7", "Uint8Array"]) equal(text.includes(leak), false, leak);
    }
  }
  equal(arena.used, 0);
});

Deno.test("a secret has no property that shows its bytes, and none can be added", () => {
  const { arena } = newArena();
  using secret = arena.key();
  deepEqual(Reflect.ownKeys(secret), []);
  deepEqual({ ...secret }, {});
  throws(() => Object.assign(secret, { note: 1 }), TypeError);
  deepEqual(Reflect.ownKeys(structuredClone(secret)), []);
});

Deno.test("dispose() zeroes the slot at once and gives it back", () => {
  const { arena, memory } = newArena();
  const secret = arena.bytes(100);
  const view = secret.bytes;
  view.fill(0xff);
  equal(arena.used, 1);
  equal(arena.available(100), 0);
  secret[Symbol.dispose]();
  ok(view.every((byte) => byte === 0));
  ok(memory.every((byte) => byte === 0));
  equal(arena.used, 0);
  equal(arena.available(100), 1);
});

Deno.test("a disposed secret throws, tells that it is disposed, and still prints [locked]", () => {
  const { arena } = newArena();
  const secret = arena.key();
  equal(secret.disposed, false);
  secret[Symbol.dispose]();
  equal(secret.disposed, true);
  throws(() => secret.bytes, TypeError);
  throws(() => secret.pointer, TypeError);
  throws(() => secret.length, TypeError);
  equal(`${secret}`, "[locked]");
  equal(inspect(secret), "[locked]");
});

Deno.test("dispose() twice gives the slot back once, and does not touch its next owner", () => {
  const { arena } = newArena();
  const first = arena.key();
  first[Symbol.dispose]();
  using second = arena.key();
  second.bytes.fill(9);
  first[Symbol.dispose]();
  ok(second.bytes.every((byte) => byte === 9));
  equal(arena.used, 1);
  equal(arena.available(32), 3);
});

Deno.test("each kind of secret is its own type", () => {
  const { arena } = newArena();
  using bytes = arena.bytes(5);
  using key = arena.key();
  using secret = arena.dhSecret();
  ok(bytes instanceof LockedBytes && !(bytes instanceof LockedKey));
  ok(key instanceof LockedKey && !(key instanceof LockedDhSecret));
  ok(secret instanceof LockedDhSecret && !(secret instanceof LockedKey));
  deepEqual([bytes.length, key.length, secret.length], [5, 32, 32]);
});

Deno.test("slots do not overlap, start on 16 bytes, and pointer is the offset of bytes", () => {
  const { arena, memory } = newArena();
  const secrets = [...[1, 32, 7, 20].map((n) => arena.bytes(n)), arena.bytes(33), arena.bytes(64), arena.bytes(65)];
  secrets.forEach((secret, i) => secret.bytes.fill(i + 1));
  secrets.forEach((secret, i) => {
    ok(secret.bytes.every((byte) => byte === i + 1));
    equal(secret.pointer, secret.bytes.byteOffset);
    equal(secret.pointer % 16, 0);
    equal(secret.bytes.buffer, memory.buffer);
  });
  ok(memory.subarray(0, START).every((byte) => byte === 0));
  ok(memory.subarray(START + arenaSize(CLASSES)).every((byte) => byte === 0));
  secrets.forEach((secret) => secret[Symbol.dispose]());
  equal(arena.used, 0);
});

Deno.test("an exhausted class throws SecretsExhausted, does not borrow from the next, and recovers", () => {
  const { arena } = newArena();
  const keys = Array.from({ length: 4 }, () => arena.key());
  throws(() => arena.key(), SecretsExhausted);
  throws(() => arena.bytes(1), SecretsExhausted);
  throws(() => arena.dhSecret(), { name: "SecretsExhausted" });
  equal(arena.used, 4);
  using _ = arena.bytes(64);
  keys[0]?.[Symbol.dispose]();
  const again = arena.key();
  equal(arena.used, 5);
  [...keys, again].forEach((key) => key[Symbol.dispose]());
  equal(arena.used, 1);
});

Deno.test("more bytes than the largest slot throw SecretsExhausted", () => {
  const { arena } = newArena();
  throws(() => arena.bytes(101), SecretsExhausted);
  equal(arena.available(101), 0);
  equal(arena.used, 0);
});

Deno.test("an arena that is larger than its memory is refused", () => {
  throws(() => new Arena(new Uint8Array(arenaSize(CLASSES) - 1), 0, CLASSES), RangeError);
  new Arena(new Uint8Array(arenaSize(CLASSES)), 0, CLASSES);
});

Deno.test("whatever is taken and disposed of in whatever order, live secrets keep their bytes and the count is right", () => {
  const action = fc.record({ take: fc.boolean(), size: fc.constantFrom(1, 32, 50, 64, 100), which: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const { arena, memory } = newArena();
      const live: { secret: LockedBytes; mark: number }[] = [];
      actions.forEach(({ take, size, which }, i) => {
        if (take) {
          if (arena.available(size) === 0) throws(() => arena.bytes(size), SecretsExhausted);
          else {
            const secret = arena.bytes(size);
            ok(secret.bytes.every((byte) => byte === 0));
            secret.bytes.fill(i + 1);
            live.push({ secret, mark: i + 1 });
          }
        } else live.splice(which, 1)[0]?.secret[Symbol.dispose]();
        equal(arena.used, live.length);
        for (const { secret, mark } of live) ok(secret.bytes.every((byte) => byte === mark));
      });
      live.forEach(({ secret }) => secret[Symbol.dispose]());
      equal(arena.used, 0);
      ok(memory.every((byte) => byte === 0));
    }),
    { seed: 2, numRuns: 200 },
  );
});
