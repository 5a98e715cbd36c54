// The handshake: every byte of the pinned exchanges from scripted entropy, and everything that must end without secrets.
// Frames are not here (`wire/`), nor is who closes what (`session/`). w comes from given bytes: Argon2id has its own test.

import {
  deepStrictEqual as deepEqual,
  notDeepStrictEqual as notDeepEqual,
  ok,
  strictEqual as equal,
  throws,
} from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  draw,
  fromHex,
  lockedBytes,
  noEntropy,
  reversedHex,
  scriptedEntropy,
  seededEntropy,
  testArena,
  toHex,
  utf8,
} from "../../tests/harness/arena.ts";
import { withLargeCoefficient } from "../../tests/harness/kem.ts";
import { nonCanonical, offCurve, SMALL_ORDER, torsioned } from "../../tests/harness/points.ts";
import { stretch } from "../../tests/harness/stretch.ts";
import { type Exchange, type ExchangeFile, vectors } from "../../tests/harness/vectors.ts";
import { sodiumMemory } from "../crypto/sodium.ts";
import type { Entropy } from "../ports.ts";
import { ProtocolViolation, type Violation } from "../protocol_violation.ts";
import type { Answer, Offer } from "../wire/handshake_body.ts";
import { edwards25519 } from "./group.ts";
import { type ConnectionFacts, DialerHandshake, ListenerHandshake, type SessionSecrets } from "./handshake.ts";
import { argon2Salt, StretchedPhrase } from "./stretched.ts";

const arena = await testArena();
const { exchanges } = await vectors<ExchangeFile>("exchange-v1.json");

// --- What must come out ---------------------------------------------------------------------------------------------

function pinned({ inputs, derived }: Exchange) {
  using wBytes = lockedBytes(arena, derived.wBytes);
  using phrase = StretchedPhrase.from(arena, fromHex(inputs.salt), wBytes);
  const facts = {
    dialer: fromHex(inputs.peerIdA),
    listener: fromHex(inputs.peerIdB),
    channelBinding: fromHex(inputs.cb),
  };
  const entropyB = scriptedEntropy([inputs.nonceB, inputs.yWide, inputs.ratchetPrivateB, inputs.kemSeed]);
  using listener = new ListenerHandshake(arena, phrase, facts, entropyB);
  const { offer } = listener;
  equal(toHex(offer.salt), inputs.salt);
  equal(toHex(offer.nonceB), inputs.nonceB);
  equal(toHex(offer.shareB), derived.shareB);
  equal(toHex(offer.ratchetB), derived.ratchetB);
  equal(toHex(offer.kem), derived.kem);

  const entropyA = scriptedEntropy([inputs.nonceA, inputs.xWide, inputs.ratchetPrivateA, inputs.kemM]);
  using dialer = new DialerHandshake(arena, phrase, facts, offer, entropyA);
  const { answer } = dialer;
  equal(toHex(answer.nonceA), inputs.nonceA);
  equal(toHex(answer.shareA), derived.shareA);
  equal(toHex(answer.ratchetA), derived.ratchetA);
  equal(toHex(answer.ciphertext), derived.ciphertext);
  equal(toHex(answer.confirmA), derived.confirmA);

  const done = listener.finish(answer, entropyB);
  ok(done !== undefined);
  equal(toHex(done.confirmB), derived.confirmB);
  using secretsB = done.secrets;
  using secretsA = dialer.finish(done.confirmB);
  ok(secretsA !== undefined);
  for (const secrets of [secretsA, secretsB]) {
    equal(toHex(secrets.rootKey), derived.RK);
    equal(toHex(secrets.sessionId), derived.sessionId);
  }
  equal(secretsA.role, "dialer");
  equal(secretsB.role, "listener");
  equal(toHex(secretsA.ratchetSecret), inputs.ratchetPrivateA);
  equal(toHex(secretsB.ratchetSecret), inputs.ratchetPrivateB);
  deepEqual([secretsA, secretsB].map((one) => toHex(one.peerRatchetPublic)), [derived.ratchetB, derived.ratchetA]);
  equal(entropyA.left + entropyB.left, 0);
  // wBytes, the phrase's three, three for each side's session: nothing else is left of the handshake.
  equal(arena.used, 1 + 3 + 6);
}

Deno.test("the handshake gives every byte of the pinned exchange, on both sides", () => {
  exchanges.forEach(pinned);
  equal(arena.used, 0);
});

Deno.test("a finished handshake leaves nothing in memory once its owners have disposed of it", () => {
  const { inputs, derived } = exchanges[0]!;
  pinned(exchanges[0]!);
  const memory = Buffer.from(sodiumMemory().buffer);
  const names = ["w", "x", "y", "wM", "wN", "K", "TT", "ctx", "ss", "Ke", "Ka", "Kc", "KcA", "KcB", "RK", "sessionId"];
  const secrets = [
    ...names.map((name) => derived[name]!),
    ...["w", "x", "y"].map((name) => reversedHex(derived[name]!)),
    ...[derived.wBytes, inputs.xWide, inputs.yWide, inputs.kemSeed, inputs.kemM].flatMap(halves),
    ...[inputs.ratchetPrivateA, inputs.ratchetPrivateB].flatMap(halves),
  ];
  for (const secret of secrets) equal(memory.includes(fromHex(secret)), false, secret);
  // The control: what is still there is found.
  using w = lockedBytes(arena, derived.w);
  equal(memory.includes(w.bytes), true);
});

function halves(hex: string): string[] {
  return [hex.slice(0, hex.length / 2), hex.slice(hex.length / 2)];
}

Deno.test("a scalar of 0 is drawn again, on both sides", () => {
  const { inputs, derived } = exchanges[0]!;
  const zero = new Uint8Array(64);
  using world = new World("zero");
  using listener = world.listen(
    scriptedEntropy([inputs.nonceB, zero, inputs.yWide, inputs.ratchetPrivateB, inputs.kemSeed]),
  );
  const entropy = scriptedEntropy([inputs.nonceA, zero, zero, inputs.xWide, inputs.ratchetPrivateA, inputs.kemM]);
  using dialer = world.dial(listener.offer, entropy);
  equal(entropy.left, 0);
  equal(toHex(dialer.answer.ratchetA), derived.ratchetA);
});

Deno.test("for the same phrase every connection draws everything anew; only the salt stays", () => {
  using world = new World("fresh");
  using one = world.listen();
  using two = world.listen();
  deepEqual(one.offer.salt, two.offer.salt);
  for (const field of ["nonceB", "shareB", "ratchetB", "kem"] as const) {
    notDeepEqual(one.offer[field], two.offer[field]);
  }
  using a = world.dial(one.offer);
  using b = world.dial(one.offer);
  for (const field of ["nonceA", "shareA", "ratchetA", "ciphertext", "confirmA"] as const) {
    notDeepEqual(a.answer[field], b.answer[field]);
  }
});

Deno.test("20 random handshakes agree, and no two give the same secrets", () => {
  using world = new World("many");
  const seen = new Set<string>();
  for (let i = 0; i < 20; i++) {
    using listener = world.listen();
    using dialer = world.dial(listener.offer);
    const done = listener.finish(dialer.answer, world.entropy);
    ok(done !== undefined);
    using secretsB = done.secrets;
    using secretsA = dialer.finish(done.confirmB);
    ok(secretsA !== undefined);
    equal(toHex(secretsA.rootKey), toHex(secretsB.rootKey));
    equal(toHex(secretsA.sessionId), toHex(secretsB.sessionId));
    seen.add(toHex(secretsA.rootKey)).add(toHex(secretsA.sessionId));
  }
  equal(seen.size, 40);
});

// --- What must not come out -----------------------------------------------------------------------------------------

/** A phrase, a connection and entropy. Disposing it checks that nothing else of the arena is taken any more. */
class World implements Disposable {
  readonly facts: ConnectionFacts;
  readonly phrase: StretchedPhrase;
  readonly entropy: Entropy;

  constructor(seed: string) {
    this.entropy = seededEntropy(`handshake_test ${seed}`);
    this.facts = { dialer: this.draw(32), listener: this.draw(32), channelBinding: this.draw(64) };
    this.phrase = this.newPhrase();
  }

  draw(length: number): Uint8Array {
    return draw(this.entropy, length);
  }

  newPhrase(salt: Uint8Array = this.draw(16)): StretchedPhrase {
    using wBytes = lockedBytes(arena, this.draw(64));
    return StretchedPhrase.from(arena, salt, wBytes);
  }

  listen(entropy: Entropy = this.entropy): ListenerHandshake {
    return new ListenerHandshake(arena, this.phrase, this.facts, entropy);
  }

  dial(
    offer: Offer,
    entropy: Entropy = this.entropy,
    facts: ConnectionFacts = this.facts,
    phrase: StretchedPhrase = this.phrase,
  ): DialerHandshake {
    return new DialerHandshake(arena, phrase, facts, offer, entropy);
  }

  [Symbol.dispose](): void {
    this.phrase[Symbol.dispose]();
    equal(arena.used, 0);
  }
}

/** The listener refuses the answer and keeps nothing fresh. Its check draws nothing, but where K is the identity. */
function listenerRefuses(
  listener: ListenerHandshake,
  answer: Answer,
  violation?: Violation,
  entropy: Entropy = noEntropy,
) {
  const before = arena.used;
  let thrown: Violation | undefined;
  try {
    equal(listener.finish(answer, entropy), undefined);
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    thrown = error.violation;
  }
  equal(thrown, violation);
  equal(arena.used, before - 3, "y, the ratchet key and the KEM seed are gone");
  throws(() => listener.finish(answer, noEntropy), TypeError, "a second try is not possible");
}

Deno.test("with another phrase for the same salt the listener refuses, and so does a dialer that gets an accept all the same", () => {
  using world = new World("other phrase");
  using other = world.newPhrase(world.phrase.salt);
  using listener = world.listen();
  using dialer = world.dial(listener.offer, world.entropy, world.facts, other);
  listenerRefuses(listener, dialer.answer);
  equal(dialer.finish(world.draw(32)), undefined);
  equal(arena.used, 6);
});

Deno.test("in the other mode, the same phrase counts as another phrase", async () => {
  const salt = fromHex("000102030405060708090a0b0c0d0e0f");
  const typed = utf8("correct horse battery staple");
  const cost = { passes: 1, memoryKib: 64 };
  const phrases: StretchedPhrase[] = [];
  for (const mode of ["real", "decoy"] as const) {
    const { out } = await stretch(typed, argon2Salt(mode, salt), cost);
    using wBytes = lockedBytes(arena, out);
    phrases.push(StretchedPhrase.from(arena, salt, wBytes));
  }
  using real = phrases[0]!;
  using decoy = phrases[1]!;
  const entropy = seededEntropy("modes");
  const facts = { dialer: draw(entropy, 32), listener: draw(entropy, 32), channelBinding: draw(entropy, 64) };
  for (const [listens, dials] of [[real, decoy], [decoy, real]] as const) {
    using listener = new ListenerHandshake(arena, listens, facts, entropy);
    using dialer = new DialerHandshake(arena, dials, facts, listener.offer, entropy);
    listenerRefuses(listener, dialer.answer);
  }
  equal(arena.used, 6);
});

Deno.test("another channel binding, in any byte, is refused: the man in the middle has two of them", () => {
  using world = new World("cb");
  const own = world.facts.channelBinding;
  const changed = [0, 7, 14, 21, 28, 35, 42, 49, 56, 63].map((at) => own.with(at, own[at]! ^ 1));
  // Nor are its two halves interchangeable.
  const swapped = own.map((_, at) => own[(at + 32) % 64]!);
  for (const channelBinding of [...changed, swapped]) {
    using listener = world.listen();
    using dialer = world.dial(listener.offer, world.entropy, { ...world.facts, channelBinding });
    listenerRefuses(listener, dialer.answer);
  }
});

Deno.test("swapped, equal or changed identities are refused", () => {
  using world = new World("identities");
  const { dialer: a, listener: b } = world.facts;
  const changed = a.slice();
  changed[31]! ^= 0x80;
  for (const ids of [[b, a], [a, a], [b, b], [changed, b], [a, changed]] as const) {
    using listener = world.listen();
    const facts = { ...world.facts, dialer: ids[0], listener: ids[1] };
    using dialer = world.dial(listener.offer, world.entropy, facts);
    listenerRefuses(listener, dialer.answer);
  }
});

Deno.test("any changed field of the offer on its way is refused by the listener, or by the dialer at once", () => {
  using world = new World("offer");
  const fields: [keyof Offer, number][] = [["salt", 16], ["nonceB", 12], ["shareB", 32], ["ratchetB", 32]];
  for (const [field, size] of [...fields, ["kem", 1184] as [keyof Offer, number]]) {
    for (const bit of [0, 1, size * 4 + 3, size * 8 - 1]) {
      using listener = world.listen();
      const changed = listener.offer[field].slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const before = arena.used;
      let dialer: DialerHandshake;
      try {
        dialer = world.dial({ ...listener.offer, [field]: changed });
      } catch (error) {
        ok(error instanceof ProtocolViolation);
        equal(error.violation, field === "shareB" ? "share" : "kem");
        ok(field === "shareB" || field === "kem");
        equal(arena.used, before);
        continue;
      }
      using _ = dialer;
      listenerRefuses(listener, dialer.answer);
    }
  }
});

Deno.test("any changed field of the answer on its way is refused", () => {
  using world = new World("answer");
  const fields: [keyof Answer, number][] = [
    ["nonceA", 12],
    ["shareA", 32],
    ["ratchetA", 32],
    ["ciphertext", 1088],
    ["confirmA", 32],
  ];
  for (const [field, size] of fields) {
    for (const bit of [0, 7, size * 4 + 1, size * 8 - 1]) {
      using listener = world.listen();
      using dialer = world.dial(listener.offer);
      const changed = dialer.answer[field].slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      // One share in sixteen, or so, is a point of the group again: then it is as wrong as another phrase.
      const noShare = field === "shareA" && !edwards25519.valid(changed);
      listenerRefuses(listener, { ...dialer.answer, [field]: changed }, noShare ? "share" : undefined);
    }
  }
});

Deno.test("a changed accept, and confirmA sent back as confirmB, are refused by the dialer", () => {
  using world = new World("accept");
  for (let bit = -1; bit < 256; bit += 16) {
    using listener = world.listen();
    using dialer = world.dial(listener.offer);
    const done = listener.finish(dialer.answer, world.entropy);
    ok(done !== undefined);
    using _ = done.secrets;
    const confirmB = bit < 0 ? dialer.answer.confirmA : done.confirmB.slice();
    if (bit >= 0) confirmB[bit >> 3]! ^= 1 << (bit & 7);
    equal(dialer.finish(confirmB), undefined);
    throws(() => dialer.finish(done.confirmB), TypeError, "not even with the right one afterwards");
    equal(arena.used, 3 + 3);
  }
});

Deno.test("an invalid share is a violation for both sides, and neither keeps a slot", () => {
  using world = new World("shares");
  using model = world.listen();
  const shares = [...SMALL_ORDER, ...torsioned(model.offer.shareB), ...nonCanonical(), ...offCurve()];
  equal(shares.length, 8 + 7 + 40 + 5);
  using dialer = world.dial(model.offer);
  for (const share of shares) {
    const before = arena.used;
    throws(() => world.dial({ ...model.offer, shareB: share }), { violation: "share" });
    equal(arena.used, before);
    using listener = world.listen();
    listenerRefuses(listener, { ...dialer.answer, shareA: share }, "share");
  }
});

Deno.test("a share that is w*M or w*N itself ends as a wrong phrase does: if K is the identity, it is replaced at random", () => {
  using world = new World("identity");
  using listener = world.listen();
  using answered = world.dial({ ...listener.offer, shareB: world.phrase.wN.bytes.slice() });
  using again = world.dial({ ...listener.offer, shareB: world.phrase.wN.bytes.slice() });
  equal(answered.answer.confirmA.every((byte, i) => byte === again.answer.confirmA[i]), false);
  equal(answered.finish(world.draw(32)), undefined);
  using dialer = world.dial(listener.offer);
  listenerRefuses(listener, { ...dialer.answer, shareA: world.phrase.wM.bytes.slice() }, undefined, world.entropy);
});

Deno.test("a ratchet key of low order is a violation on both sides, before anything tells whether the phrase is right", () => {
  using world = new World("low order");
  using other = world.newPhrase(world.phrase.salt);
  for (const key of ["00".repeat(32), "01" + "00".repeat(31), "ec" + "ff".repeat(30) + "7f"]) {
    const low = Uint8Array.fromHex(key);
    for (const phrase of [world.phrase, other]) {
      using listener = world.listen();
      using dialer = world.dial(listener.offer, world.entropy, world.facts, phrase);
      listenerRefuses(listener, { ...dialer.answer, ratchetA: low }, "ratchet key");
      const before = arena.used;
      const offer = { ...listener.offer, ratchetB: low };
      throws(() => world.dial(offer, world.entropy, world.facts, phrase), { violation: "ratchet key" });
      equal(arena.used, before);
    }
  }
});

Deno.test("entropy that throws in the middle of a handshake leaves no slot", () => {
  using world = new World("no entropy");
  for (let calls = 0; calls < 4; calls++) {
    let left = calls;
    const failing: Entropy = (into) => {
      if (left-- === 0) throw new Error("no entropy");
      world.entropy(into);
    };
    const before = arena.used;
    throws(() => world.listen(failing), { message: "no entropy" });
    equal(arena.used, before);
    left = calls;
    using listener = world.listen();
    const during = arena.used;
    throws(() => world.dial(listener.offer, failing), { message: "no entropy" });
    equal(arena.used, during);
  }
});

Deno.test("the listener's own share sent back as shareA is refused", () => {
  using world = new World("reflected");
  using listener = world.listen();
  using dialer = world.dial(listener.offer);
  listenerRefuses(listener, { ...dialer.answer, shareA: listener.offer.shareB });
});

Deno.test("a KEM key that fails FIPS 203's check is a violation for the dialer, who keeps no slot", () => {
  using world = new World("kem");
  using listener = world.listen();
  const before = arena.used;
  for (const [at, value] of [[0, 3329], [767, 4095], [300, 3330]] as const) {
    const kem = withLargeCoefficient(listener.offer.kem, at, value);
    throws(() => world.dial({ ...listener.offer, kem }), { violation: "kem" });
    equal(arena.used, before);
  }
});

Deno.test("an answer to another offer of the same listener is refused", () => {
  using world = new World("replay");
  using first = world.listen();
  using second = world.listen();
  using dialer = world.dial(first.offer);
  listenerRefuses(second, dialer.answer);
});

Deno.test("a handshake that nobody finishes leaves nothing, and shows no secret when printed", () => {
  using world = new World("abandoned");
  {
    using listener = world.listen();
    using dialer = world.dial(listener.offer);
    const K = toHex(world.phrase.w);
    for (const text of [Deno.inspect(listener), Deno.inspect(dialer, { depth: 9 }), JSON.stringify(dialer)]) {
      equal(text.includes(K), false);
    }
    ok(arena.used > 3);
  }
  equal(arena.used, 3);
});

Deno.test("SessionSecrets print [locked] for each secret and dispose all three", () => {
  using world = new World("secrets");
  using listener = world.listen();
  using dialer = world.dial(listener.offer);
  const done = listener.finish(dialer.answer, world.entropy);
  ok(done !== undefined);
  const secrets: SessionSecrets = done.secrets;
  equal(Deno.inspect(secrets).match(/\[locked\]/g)?.length, 3);
  equal(JSON.stringify(secrets).match(/\[locked\]/g)?.length, 3);
  secrets[Symbol.dispose]();
  for (const secret of [secrets.rootKey, secrets.sessionId, secrets.ratchetSecret]) equal(secret.disposed, true);
});
