// Who may open a connection, before anybody has proved anything (docs/PROTOCOL.md section 8). Addresses are counted, not
// people: places for connections that have not authenticated, a rate of connections, and waits after wrong phrases.
// Pure: time is an argument. Not in here: sockets, sessions, what the person is told.

import {
  ADDRESSES_KNOWN_MAX,
  ADDRESSES_MAX,
  ADDRESSES_PER_SITE,
  CONNECTIONS_PER_MINUTE,
  GUESS_BURST,
  GUESS_WAIT_KNOWN_MAX_MS,
  GUESS_WAIT_MAX_MS,
  GUESSES_FREE,
  GUESSES_PER_MINUTE,
  MAX_PENDING,
  MAX_PENDING_KNOWN,
  MAX_PENDING_PER_ADDRESS,
  MAX_PENDING_PER_SITE,
} from "../constants.ts";
import type { Millis } from "../ports.ts";

/** What an address counts as: itself (IPv4), its /64 (IPv6), the whole with its zone (link-local). */
export interface Source {
  readonly key: string;
  /** The /48 of an IPv6 address. */
  readonly site: string | undefined;
}

interface Remembered {
  readonly site: string | undefined;
  /** When its latest connections came, oldest first, those of the last minute. */
  opened: Millis[];
  /** Wrong phrases since its last success. */
  guesses: number;
  waitUntil: Millis;
}

export class Admission {
  /** Least recent first. Those that authenticated in this process are kept apart. */
  readonly #strangers = new Map<string, Remembered>();
  readonly #known = new Map<string, Remembered>();
  /** Connections that have not authenticated: by address and by /48. Bounded by the number of places. */
  readonly #pending = new Map<string, number>();
  readonly #pendingSites = new Map<string, number>();
  #pendingAll = 0;
  #guessTokens = GUESS_BURST;
  #guessTokensAt: Millis = 0;

  get pending(): number {
    return this.#pendingAll;
  }

  /** Asked at TCP accept. True: a place is taken, which `settled` gives back. */
  open(source: Source, now: Millis): boolean {
    const known = this.#known.has(source.key);
    const address = this.#address(source);
    if (now < address.waitUntil) return false;
    if (!known && !this.#hasGuessToken(now)) return false;
    address.opened = address.opened.filter((at) => now - at < 60_000);
    if (address.opened.length >= CONNECTIONS_PER_MINUTE) return false;
    address.opened.push(now);
    const places = MAX_PENDING + (known ? MAX_PENDING_KNOWN : 0);
    if (this.#pendingAll >= places) return false;
    if (count(this.#pending, source.key) >= MAX_PENDING_PER_ADDRESS) return false;
    if (source.site !== undefined && count(this.#pendingSites, source.site) >= MAX_PENDING_PER_SITE) return false;
    this.#move(source, +1);
    return true;
  }

  /** The connection has authenticated, failed, or turned out to be a friend's: its place is free again. */
  settled(source: Source): void {
    this.#move(source, -1);
  }

  /** A connection whose PeerId has a session counts as nothing. Its place is given back as well. */
  forget(source: Source): void {
    this.settled(source);
    this.#address(source).opened.pop();
  }

  /**
   * Before a confirmation is checked. "token": one of the guesses of all addresses together has been taken, and
   * `giveBack` returns it unless the confirmation is wrong. "known": there are none left, but this address authenticated
   * before. Undefined: there are none left, or the address has to wait; the connection is closed unchecked.
   */
  takeGuess(source: Source, now: Millis): "token" | "known" | undefined {
    const known = this.#known.get(source.key);
    // Connections opened before the wait began are no way around it. Looking is no use of the address: it is not renewed.
    if (now < ((known ?? this.#strangers.get(source.key))?.waitUntil ?? 0)) return undefined;
    if (!this.#hasGuessToken(now)) return known === undefined ? undefined : "known";
    this.#guessTokens--;
    return "token";
  }

  /** The confirmation was wrong. */
  wrongGuess(source: Source, now: Millis): void {
    const address = this.#address(source);
    address.guesses++;
    if (address.guesses < GUESSES_FREE) return;
    const longest = this.#known.has(source.key) ? GUESS_WAIT_KNOWN_MAX_MS : GUESS_WAIT_MAX_MS;
    address.waitUntil = now + Math.min(1000 * 2 ** (address.guesses - GUESSES_FREE), longest);
  }

  /** It was no guess after all: the token comes back. */
  giveBack(): void {
    this.#guessTokens = Math.min(GUESS_BURST, this.#guessTokens + 1);
  }

  /** The confirmation was right: the address is a known one from now on. */
  authenticated(source: Source): void {
    const address = this.#address(source);
    address.guesses = 0;
    address.waitUntil = 0;
    this.#strangers.delete(source.key);
    this.#known.set(source.key, address);
    dropOldest(this.#known, ADDRESSES_KNOWN_MAX);
  }

  #hasGuessToken(now: Millis): boolean {
    const gained = Math.max(0, now - this.#guessTokensAt) * GUESSES_PER_MINUTE / 60_000;
    this.#guessTokens = Math.min(GUESS_BURST, this.#guessTokens + gained);
    this.#guessTokensAt = now;
    return this.#guessTokens >= 1;
  }

  /** What is remembered of an address, now the most recent; made if it is new. */
  #address(source: Source): Remembered {
    const known = this.#known.get(source.key);
    if (known !== undefined) return renew(this.#known, source.key, known);
    const stranger = this.#strangers.get(source.key);
    if (stranger !== undefined) return renew(this.#strangers, source.key, stranger);
    const fresh: Remembered = { site: source.site, opened: [], guesses: 0, waitUntil: 0 };
    this.#strangers.set(source.key, fresh);
    if (source.site !== undefined) {
      const ofSite = [...this.#strangers].filter(([, address]) => address.site === source.site);
      const oldest = ofSite[0];
      if (ofSite.length > ADDRESSES_PER_SITE && oldest !== undefined) this.#strangers.delete(oldest[0]);
    }
    dropOldest(this.#strangers, ADDRESSES_MAX);
    return fresh;
  }

  #move(source: Source, by: 1 | -1): void {
    this.#pendingAll += by;
    add(this.#pending, source.key, by);
    if (source.site !== undefined) add(this.#pendingSites, source.site, by);
  }
}

function count(counts: Map<string, number>, key: string): number {
  return counts.get(key) ?? 0;
}

function add(counts: Map<string, number>, key: string, by: number): void {
  const sum = count(counts, key) + by;
  if (sum <= 0) counts.delete(key);
  else counts.set(key, sum);
}

function renew<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key);
  map.set(key, value);
  return value;
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
  }
}
