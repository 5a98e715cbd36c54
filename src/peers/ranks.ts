// How callers rank among each other (docs/PROTOCOL.md section 8): by what their network has wasted, how many from it
// are here already, and a lot. Deterministic: time and entropy are arguments. Out of scope: who is admitted or turned
// away for it (admission.ts), what networks are remembered for (networks.ts).

import { START_PAUSE_MS } from "../constants.ts";
import { hmacSha256 } from "../crypto/hmac.ts";
import type { Entropy, Millis } from "../ports.ts";
import type { Arena, LockedKey } from "../secrets/locked.ts";
import type { Source } from "./addresses.ts";
import { Networks } from "./networks.ts";

/** The number that the loop gave an accepted connection. */
export type CallerId = number;

export interface Caller {
  readonly id: CallerId;
  readonly source: Source;
  readonly network: Present;
  /** When it came into the room, then when it got its place. */
  since: Millis;
  /** Its address had authenticated when it came: it needs no room, turn or guess. */
  readonly known: boolean;
}

/** A network from which somebody waits or has a place. */
interface Present {
  /** Decides between equals: the same for all connections of a network, and known to nobody else. */
  readonly lot: number;
  readonly waiting: Caller[];
  places: number;
  /** What `networks` says about it, as of `at`: asked again when it has wasted something, and after START_PAUSE_MS. */
  standing: { readonly score: number; readonly wrong: number; readonly at: Millis } | undefined;
}

export class Ranks implements Disposable {
  readonly #networks = new Networks();
  readonly #present = new Map<string, Present>();
  readonly #lotKey: LockedKey;
  #lotKeyDrawn = false;

  constructor(arena: Arena) {
    this.#lotKey = arena.key();
  }

  [Symbol.dispose](): void {
    this.#lotKey[Symbol.dispose]();
  }

  /** How many wait from that network. */
  waitingFrom(network: string): number {
    return this.#present.get(network)?.waiting.length ?? 0;
  }

  /** Somebody who has called; their network is known from here until `forget`. */
  caller(id: CallerId, source: Source, known: boolean, now: Millis, entropy: Entropy): Caller {
    const network = this.#present.get(source.network) ?? {
      lot: this.#lotOf(source.network, entropy),
      waiting: [],
      places: 0,
      standing: undefined,
    };
    this.#present.set(source.network, network);
    return { id, source, network, since: now, known };
  }

  /** Their network is not known any more once nobody of it waits or has a place. */
  forget({ source, network }: Caller): void {
    if (network.places === 0 && network.waiting.length === 0) this.#present.delete(source.network);
  }

  /** Lower is better. */
  of(caller: Caller, now: Millis): number {
    return this.#standing(caller, now).score + caller.network.places;
  }

  /** Remembered for a moment, since a flood asks it of the whole room at each call. */
  #standing({ source, network }: Caller, now: Millis): NonNullable<Present["standing"]> {
    if (network.standing === undefined || now - network.standing.at >= START_PAUSE_MS) {
      const wrong = this.#networks.wrongGuesses(source, now);
      network.standing = { score: this.#networks.score(source, now), wrong, at: now };
    }
    return network.standing;
  }

  inRoom(caller: Caller, now: Millis): number {
    return this.of(caller, now) + (caller.network.waiting[0] === caller ? 0 : 1);
  }

  /** That count against its network. */
  wrongGuesses(caller: Caller, now: Millis): number {
    return this.#standing(caller, now).wrong;
  }

  /** Its place was given back without authentication. */
  wasted({ source, network }: Caller, wrongGuess: boolean, now: Millis): void {
    this.#networks.wasted(source, wrongGuess, now);
    network.standing = undefined;
  }

  authenticated({ source, network }: Caller): void {
    this.#networks.authenticated(source);
    network.standing = undefined;
  }

  /** HMAC(random key of the process, network), as a number of 48 bits. */
  #lotOf(network: string, entropy: Entropy): number {
    if (!this.#lotKeyDrawn) entropy(this.#lotKey.bytes);
    this.#lotKeyDrawn = true;
    const out = new Uint8Array(32);
    hmacSha256(out, this.#lotKey.bytes, new TextEncoder().encode(network));
    return Number(new DataView(out.buffer).getBigUint64(0) >> 16n);
  }
}
