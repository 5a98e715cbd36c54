// The reference's ratchet beside the product's: called as the product's is (a body for a frame header, entropy for each
// step), so that a test or a fuzz target can ask both the same. Out of scope: anything of the protocol.

import { x25519 } from "@noble/curves/ed25519.js";
import { SessionSecrets } from "../../src/auth/handshake.ts";
import type { Entropy, Role } from "../../src/ports.ts";
import { Ratchet as Product } from "../../src/ratchet/ratchet.ts";
import type { Arena } from "../../src/secrets/locked.ts";
import { type Cell, cut, join, Ratchet, type Seen, type State, Violation } from "../reference/reference.ts";
import { draw, lockedBytes, lockedDhSecret, lockedKey } from "./arena.ts";

export interface OracleSession {
  readonly role: Role;
  readonly rk: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly secret: Uint8Array;
  readonly peerPublic: Uint8Array;
  readonly dialer: Uint8Array;
  readonly listener: Uint8Array;
}

/** Both sides of a session whose keys are drawn from that entropy. A dials. */
export function sessionsOf(entropy: Entropy): Readonly<Record<"A" | "B", OracleSession>> {
  const [rk, sessionId] = [draw(entropy, 32), draw(entropy, 16)];
  const [dialer, listener] = [draw(entropy, 32), draw(entropy, 32)];
  const [a, b] = [draw(entropy, 32), draw(entropy, 32)];
  const common = { rk, sessionId, dialer, listener };
  return {
    A: { ...common, role: "dialer", secret: a, peerPublic: x25519.getPublicKey(b) },
    B: { ...common, role: "listener", secret: b, peerPublic: x25519.getPublicKey(a) },
  };
}

/** The product's ratchet of that side. */
export function ratchetOf(arena: Arena, session: OracleSession, Implementation = Product): Product {
  const { role, rk, sessionId, secret, peerPublic, dialer, listener } = session;
  return Implementation.start(
    arena,
    new SessionSecrets(
      role,
      lockedKey(arena, rk),
      lockedBytes(arena, sessionId),
      lockedDhSecret(arena, secret),
      peerPublic,
    ),
    role === "dialer" ? { self: dialer, peer: listener } : { self: listener, peer: dialer },
  );
}

export interface OracleOpened {
  readonly plaintext: Uint8Array;
  readonly stored: boolean;
  readonly skipped: boolean;
  readonly n: number;
}

export class Oracle {
  readonly ratchet: Ratchet;
  readonly #session: OracleSession;
  #entropy: Entropy = () => {
    throw new Error("entropy was drawn where none is needed");
  };

  /** `see` is shown every value that is computed. */
  constructor(session: OracleSession, see?: (seen: Seen) => void) {
    this.#session = session;
    const { role, rk: RK, sessionId, secret: ratchetSecret, peerPublic: peerRatchet } = session;
    const ids = { peerIdA: session.dialer, peerIdB: session.listener };
    const start = { role, RK, sessionId, ratchetSecret, peerRatchet, ...ids };
    this.ratchet = new Ratchet(start, (into) => this.#entropy(into), see);
  }

  get state(): State {
    return this.ratchet.state;
  }

  bend(changes: Partial<State>): void {
    this.ratchet.state = { ...this.state, ...changes };
  }

  /** Another one of the same session, from this state on, with something changed. */
  fork(changes: Partial<State>): Oracle {
    const fork = new Oracle(this.#session);
    fork.ratchet.state = { ...this.state, ...changes };
    return fork;
  }

  /** The plaintext that the next cell must have; undefined: any but a key or a ciphertext. */
  due(entropy: Entropy): Uint8Array | undefined {
    this.#entropy = entropy;
    return this.ratchet.duePlaintext;
  }

  /** ratchetHeader || ciphertext || tag. `n`: leaves out the numbers before it. */
  seal(frameHeader: Uint8Array, plaintext: Uint8Array, n: number = this.state.sending.n): Uint8Array {
    const [version, , flags, reserved] = frameHeader;
    const header = { version: version!, flags: flags!, reserved: reserved! };
    return this.ratchet.sealDue({ skip: n - this.state.sending.n, header }, plaintext).frame.slice(4);
  }

  /** Undefined: it fails. "violation": it opens, and must not have been sent. */
  open(frameHeader: Uint8Array, body: Uint8Array, entropy: Entropy): OracleOpened | "violation" | undefined {
    this.#entropy = entropy;
    try {
      const opened = this.ratchet.open(join(frameHeader, body));
      if (opened === undefined) return undefined;
      const { plaintext, stored, skipped, n } = opened;
      this.ratchet.take(cellOf(plaintext), opened);
      return { plaintext, stored, skipped: skipped > 0, n };
    } catch (error) {
      if (error instanceof Violation) return "violation";
      throw error;
    }
  }
}

/** By the first byte alone: what section 5 says about the others is not the ratchet's. */
function cellOf(plaintext: Uint8Array): Cell {
  const body = plaintext.subarray(1);
  const [kem, dhA] = cut(body, 1184, 32);
  const [ct, dhB] = cut(body, 1088, 32);
  if (plaintext[0] === 2) return { kind: "key", kem: kem!, dh: dhA! };
  if (plaintext[0] === 3) return { kind: "ciphertext", ct: ct!, dh: dhB! };
  return { kind: "dummy" };
}
