// What is remembered about single addresses (docs/PROTOCOL.md section 8): how often they call, how long they wait after
// wrong guesses, and which of them have authenticated. Pure: time is an argument. Out of scope: the networks around
// them (networks.ts), places and turns (admission.ts).

import {
  ADDRESSES_KNOWN_MAX,
  ADDRESSES_MAX,
  ADDRESSES_PER_NETWORK,
  CONNECTIONS_PER_MINUTE,
  GUESS_WAIT_KNOWN_MAX_MS,
  GUESS_WAIT_MAX_MS,
  GUESSES_FREE,
  MINUTE_MS,
} from "../constants.ts";
import type { Millis } from "../ports.ts";

/** Where a connection comes from, as it is counted. */
export interface Source {
  /** The address: an IPv4 address, an IPv6 /64, or a link-local address whole with its zone. */
  readonly address: string;
  /** An IPv4 /24 or an IPv6 /48. */
  readonly network: string;
  /** The IPv4 /16 or the IPv6 /32 around it. */
  readonly wide: string;
}

/** How long a listener ignores an address that has made this many wrong guesses since its last success. */
export function guessWaitMs(guesses: number): Millis {
  return guesses < GUESSES_FREE ? 0 : Math.min(1000 * 2 ** (guesses - GUESSES_FREE), GUESS_WAIT_MAX_MS);
}

interface Remembered {
  readonly network: string;
  /** When its latest connections came, oldest first, those of the last minute. */
  opened: Millis[];
  /** Wrong guesses since its last success. */
  guesses: number;
  waitUntil: Millis;
}

export class Addresses {
  /** Least recent first. Those that authenticated in this process are kept apart. */
  readonly #strangers = new Map<string, Remembered>();
  readonly #known = new Map<string, Remembered>();

  /** It has authenticated in this process, and has not been forgotten. */
  isKnown(source: Source): boolean {
    return this.#known.has(source.address);
  }

  /** Until when none of its answers is checked. Looking is no use of the address: it is not renewed. */
  waitUntil({ address }: Source): Millis {
    return (this.#known.get(address) ?? this.#strangers.get(address))?.waitUntil ?? -Infinity;
  }

  /** Counts a connection. False: it is one too many within a minute, or the address has to wait. */
  arrive(source: Source, now: Millis): boolean {
    const address = this.#address(source);
    if (now < address.waitUntil) return false;
    address.opened = address.opened.filter((at) => now - at < MINUTE_MS);
    if (address.opened.length >= CONNECTIONS_PER_MINUTE) return false;
    address.opened.push(now);
    return true;
  }

  /** The connection that was counted last counts as nothing. */
  uncount(source: Source): void {
    this.#address(source).opened.pop();
  }

  /** From the third wrong guess on the address waits, each time twice as long. */
  wrongGuess(source: Source, now: Millis): void {
    const address = this.#address(source);
    address.guesses++;
    const wait = guessWaitMs(address.guesses);
    if (wait === 0) return;
    address.waitUntil = now + Math.min(wait, this.isKnown(source) ? GUESS_WAIT_KNOWN_MAX_MS : GUESS_WAIT_MAX_MS);
  }

  /** Known from now on. */
  authenticated(source: Source): void {
    const address = this.#address(source);
    address.guesses = 0;
    address.waitUntil = -Infinity;
    this.#strangers.delete(source.address);
    this.#known.set(source.address, address);
    dropOldest(this.#known, ADDRESSES_KNOWN_MAX);
  }

  /** What is remembered of an address, now the most recent; made if it is new. */
  #address({ address, network }: Source): Remembered {
    const known = this.#known.get(address);
    if (known !== undefined) return renew(this.#known, address, known);
    const stranger = this.#strangers.get(address);
    if (stranger !== undefined) return renew(this.#strangers, address, stranger);
    const fresh: Remembered = { network, opened: [], guesses: 0, waitUntil: -Infinity };
    this.#strangers.set(address, fresh);
    const ofNetwork = [...this.#strangers].filter(([, other]) => other.network === network);
    const oldest = ofNetwork[0];
    if (ofNetwork.length > ADDRESSES_PER_NETWORK && oldest !== undefined) this.#strangers.delete(oldest[0]);
    dropOldest(this.#strangers, ADDRESSES_MAX);
    return fresh;
  }
}

/** Now the most recent of the map. */
export function renew<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key);
  map.set(key, value);
  return value;
}

/** Forgets the least recent ones until `most` are left. */
export function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
  }
}
