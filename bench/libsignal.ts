// Two people with @signalapp/libsignal-client, the peer of the ratchet's benchmark: a session made by its own key agreement,
// then messages both ways. The stores are in memory and keep the records as they are; serialising them for every message,
// as the library's own tests do, would cost it 10 to 15 per cent more.
//
// Not the same work. It does more: its messages are padded, wrapped in protocol buffers and carry SPQR, a post-quantum
// ratchet beside the other, which renews itself every 87 messages of a conversation in turn. It does less: no locked memory that is wiped after each step, no fixed size, no keys of its own to look
// up at each message. It is native code, ours is Wasm; it calls back into JavaScript for its stores, ours has none.
//
// It is under the AGPL and takes 150 MB on disk, so it is not a dependency of the project: only this file names it, by
// an import that nothing resolves beforehand, and only `bench/deno.lock` pins it. The types below are the part that is
// used here. When the project's own lock changes, make that one again:
//   cp deno.lock bench/ && deno cache --lock=bench/deno.lock --frozen=false bench/*.ts npm:@signalapp/libsignal-client@0.103.0 \
//     npm:noise-handshake@4.2.0 npm:echarts@6.1.0

export const LIBSIGNAL = "npm:@signalapp/libsignal-client@0.103.0";

export type Bytes = Uint8Array<ArrayBuffer>;

/** One end of a conversation. */
export interface Person {
  encrypt(plaintext: Bytes): Promise<Bytes>;
  decrypt(message: Bytes): Promise<Bytes>;
}

const LENGTH_DELIMITED = 2;
const PQ_RATCHET = 5 * 8 + LENGTH_DELIMITED;

/**
 * The epoch of SPQR in a message of libsignal's: version byte, SignalMessage (protocol buffers; `pq_ratchet` is field 5),
 * 8 bytes of MAC. There: version 1, then the epoch as a varint. Throws for a message without.
 */
export function postQuantumEpoch(message: Uint8Array): number {
  let at = 1;
  const varint = () => {
    for (let [value, shift] = [0, 1];; shift *= 128) {
      const byte = message[at++]!;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length - 8) {
    const tag = varint();
    const length = varint(); // of a field that is a number: its value
    if (tag === PQ_RATCHET && message[at] === 1) {
      at++;
      return varint();
    }
    if (tag % 8 === LENGTH_DELIMITED) at += length;
  }
  throw new Error("a message of libsignal's carries no post-quantum ratchet");
}

/** Both have received a message already, so that nobody sends key-agreement messages any more. */
export async function libsignalPair(): Promise<[Person, Person]> {
  const lib = await import(LIBSIGNAL) as Libsignal;
  const [alice, bob] = [new Stores(lib), new Stores(lib)];
  const [aliceAt, bobAt] = ["9d0652a3-dcc3-4d11-975f-74d61598733f", "796abedb-ca4e-4f18-8803-1fde5b921f9f"].map((
    name,
  ) => lib.ProtocolAddress.new(name, 1)) as [Opaque, Opaque];
  await lib.processPreKeyBundle(bob.bundle(), bobAt, aliceAt, alice.sessions, alice.identities);

  const person = (own: Stores, ownAt: Opaque, otherAt: Opaque): Person => ({
    encrypt: async (plaintext) =>
      (await lib.signalEncrypt(plaintext, otherAt, ownAt, own.sessions, own.identities)).serialize(),
    decrypt: (message) =>
      lib.signalDecrypt(lib.SignalMessage.deserialize(message), otherAt, ownAt, own.sessions, own.identities),
  });
  const first = await lib.signalEncrypt(new Uint8Array(1), bobAt, aliceAt, alice.sessions, alice.identities);
  const prekey = lib.PreKeySignalMessage.deserialize(first.serialize());
  await lib.signalDecryptPreKey(
    prekey,
    aliceAt,
    bobAt,
    bob.sessions,
    bob.identities,
    bob.prekeys,
    bob.signed,
    bob.kyber,
  );
  const pair: [Person, Person] = [person(alice, aliceAt, bobAt), person(bob, bobAt, aliceAt)];
  await pair[0].decrypt(await pair[1].encrypt(new Uint8Array(1)));
  return pair;
}

/** What one person keeps. */
class Stores {
  readonly sessions: Opaque;
  readonly identities: Opaque;
  readonly prekeys: Opaque;
  readonly signed: Opaque;
  readonly kyber: Opaque;
  readonly #lib: Libsignal;
  readonly #identity: PrivateKey;
  readonly #prekey: PrivateKey;
  readonly #signedKey: PrivateKey;
  readonly #kem: KemKeyPair;

  constructor(lib: Libsignal) {
    this.#lib = lib;
    const { PrivateKey, KEMKeyPair } = lib;
    const identity = this.#identity = PrivateKey.generate();
    const prekey = this.#prekey = PrivateKey.generate();
    const signed = this.#signedKey = PrivateKey.generate();
    const kem = this.#kem = KEMKeyPair.generate();
    const identities = new Map<string, Opaque>();
    let session: Opaque = null;
    this.sessions = extending(lib.SessionStore, {
      saveSession: (_: Opaque, record: Opaque) => void (session = record),
      getSession: () => session,
      getExistingSessions: () => [session],
    });
    this.identities = extending(lib.IdentityKeyStore, {
      getIdentityKey: () => identity,
      getLocalRegistrationId: () => 5,
      saveIdentity: (at: { name(): string }, key: Opaque) => (identities.set(at.name(), key), 0),
      isTrustedIdentity: () => true,
      getIdentity: (at: { name(): string }) => identities.get(at.name()) ?? null,
    });
    this.prekeys = extending(lib.PreKeyStore, {
      getPreKey: () => lib.PreKeyRecord.new(ID, prekey.getPublicKey(), prekey),
      removePreKey: () => {},
    });
    this.signed = extending(lib.SignedPreKeyStore, {
      getSignedPreKey: () =>
        lib.SignedPreKeyRecord.new(ID, 0, signed.getPublicKey(), signed, this.#sign(signed.getPublicKey())),
    });
    this.kyber = extending(lib.KyberPreKeyStore, {
      getKyberPreKey: () => lib.KyberPreKeyRecord.new(ID, 0, kem, this.#sign(kem.getPublicKey())),
      markKyberPreKeyUsed: () => {},
    });
  }

  /** What somebody needs to write to this person first. */
  bundle(): Opaque {
    const [prekey, signed, identity] = [this.#prekey, this.#signedKey, this.#identity].map((key) => key.getPublicKey());
    const kem = this.#kem.getPublicKey();
    return this.#lib.PreKeyBundle.new(
      ...[5, 1, ID, prekey, ID, signed, this.#sign(signed!), identity, ID, kem, this.#sign(kem)],
    );
  }

  #sign(key: PublicKey): Bytes {
    return this.#identity.sign(key.serialize());
  }
}

/** An object of a class below `base` whose methods are these, made to give promises. */
function extending(base: new () => object, methods: Record<string, (...args: never[]) => unknown>): Opaque {
  const object = new (class extends base {})() as Record<string, unknown>;
  for (const [name, method] of Object.entries(methods)) {
    object[name] = (...args: never[]) => Promise.resolve(method(...args));
  }
  return object;
}

const ID = 1;

/** The library's own objects; nothing but the library looks into them. */
// deno-lint-ignore no-explicit-any
type Opaque = any;

interface PublicKey {
  serialize(): Bytes;
}
interface PrivateKey {
  getPublicKey(): PublicKey;
  sign(bytes: Bytes): Bytes;
}
interface KemKeyPair {
  getPublicKey(): PublicKey;
}
interface Libsignal {
  readonly PrivateKey: { generate(): PrivateKey };
  readonly KEMKeyPair: { generate(): KemKeyPair };
  readonly ProtocolAddress: { new: (name: string, device: number) => Opaque };
  readonly PreKeyRecord: { new: (...args: unknown[]) => Opaque };
  readonly SignedPreKeyRecord: { new: (...args: unknown[]) => Opaque };
  readonly KyberPreKeyRecord: { new: (...args: unknown[]) => Opaque };
  readonly PreKeyBundle: { new: (...args: unknown[]) => Opaque };
  readonly SignalMessage: { deserialize(bytes: Bytes): Opaque };
  readonly PreKeySignalMessage: { deserialize(bytes: Bytes): Opaque };
  readonly SessionStore: new () => object;
  readonly IdentityKeyStore: new () => object;
  readonly PreKeyStore: new () => object;
  readonly SignedPreKeyStore: new () => object;
  readonly KyberPreKeyStore: new () => object;
  processPreKeyBundle(...args: unknown[]): Promise<void>;
  signalEncrypt(plaintext: Bytes, ...args: unknown[]): Promise<{ serialize(): Bytes }>;
  signalDecrypt(message: Opaque, ...args: unknown[]): Promise<Bytes>;
  signalDecryptPreKey(message: Opaque, ...args: unknown[]): Promise<Bytes>;
}
