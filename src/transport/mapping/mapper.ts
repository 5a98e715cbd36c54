// A port that our own router forwards, from the first request to the end: requested, renewed in time, taken back (it is
// no part of docs/PROTOCOL.md: the friend just calls an address). Nobody is asked but the router. Out of scope: finding
// the router (ways.ts), how it is asked (languages.ts), what a person is told (words).

import type { MapFault, MapWay } from "../../notice.ts";
import type { Entropy, Millis } from "../../ports.ts";
import { after } from "../../system.ts";
import { type Address, formatAddress } from "../address.ts";
import { askRouter, request, search } from "./ask.ts";
import { BACK_MS, Languages, type RouterSockets } from "./languages.ts";
import { Lease } from "./lease.ts";
import { type Grant, Mapped, type RouterWay } from "./mapped.ts";

export type MapEvent =
  | { readonly type: "mapped"; readonly address: Address; readonly by: MapWay; readonly seconds: number }
  /** It could not be made; or the address that was told before is `lost`. Of IPv6 only that is told. */
  | { readonly type: "unmapped"; readonly why: MapFault; readonly lost: Address | undefined };

/** The edge: sockets and timers. */
export interface MapperIo extends RouterSockets {
  readonly after: typeof after;
}

export interface MapperParts {
  /** The port that we listen on. */
  readonly port: number;
  /** Finds the router, again each time that the network may have changed. Empty: there is none to ask. */
  ways(signal: AbortSignal): Promise<readonly RouterWay[]>;
  readonly entropy: Entropy;
  now(): Millis;
  tell(event: MapEvent): void;
  /** In place of real sockets and timers. */
  readonly io?: MapperIo;
  /** What takes an IPv4 mapping back in one datagram, whenever it changes; undefined: nothing is to be taken back so. */
  farewell?(datagram: { readonly router: string; readonly bytes: Uint8Array<ArrayBuffer> } | undefined): void;
}

/** All that a router is asked in a row; and the search for one. */
const ROUND_MS = 12_000;
const AGAIN_MS = 30_000;
/** Routers that are remembered, of networks that we have left. */
const KNOWN_MAX = 8;

export class Mapper {
  readonly #parts: MapperParts;
  readonly #over = new AbortController();
  #mapped: Mapped[] = [];
  /** Those, and others of before. */
  #known: Mapped[] = [];
  readonly #io: MapperIo;
  readonly #languages: Languages;
  #cancelTimer = () => {};
  /** The rounds under way. */
  #asking: Promise<void> | undefined;
  #again = false;
  /** What was told last, of IPv6 (true) and of IPv4. */
  readonly #told = new Map<boolean, Address | MapFault>();

  constructor(parts: MapperParts) {
    this.#parts = parts;
    this.#io = parts.io ?? SOCKETS;
    this.#languages = new Languages(this.#io, parts.entropy);
  }

  /**
   * Asks now; resolves when the router has answered, or will not. Also after sleep, and when the network has changed: what was
   * granted is asked for anew, wherever we are.
   */
  async ask(): Promise<void> {
    await this.#ask(true);
  }

  /** Takes back what was granted, for a second at most, and is over. */
  async end(): Promise<void> {
    this.#stop();
    const limit = new AbortController();
    const cancel = this.#io.after(BACK_MS, () => limit.abort());
    await Promise.all(this.#mapped.map((mapped) => mapped.standing?.takeBack(limit.signal)));
    cancel();
    this.#mapped = [];
    this.#parts.farewell?.(undefined);
  }

  /** Stops at once; what was granted ends by itself. */
  [Symbol.dispose](): void {
    this.#stop();
  }

  #stop(): void {
    this.#cancelTimer();
    this.#over.abort();
  }

  #setTimer(): void {
    if (this.#over.signal.aborted) return;
    const { now } = this.#parts;
    // Where nothing was ever granted nobody is asked again: each search tells the whole network.
    const had = this.#mapped.filter((mapped) => mapped.had);
    if (had.length === 0) return;
    const at = Math.min(...had.map(({ lease }) => lease?.askAt ?? now() + AGAIN_MS));
    this.#cancelTimer = this.#io.after(Math.max(0, at - now()), () => void this.#ask(false));
  }

  /** One round at a time; `all` as there. */
  #ask(all: boolean): Promise<void> {
    this.#again ||= all;
    return this.#asking ??= this.#rounds().finally(() => this.#asking = undefined);
  }

  async #rounds(): Promise<void> {
    this.#cancelTimer();
    do {
      if (this.#over.signal.aborted) return;
      const all = this.#again;
      this.#again = false;
      await this.#round(all);
    } while (this.#again);
    this.#setTimer();
  }

  /** `all`: also those whose time has not come, and whoever the router is by now. */
  async #round(all: boolean): Promise<void> {
    const { now } = this.#parts;
    if (all) {
      const ways = await this.#inTime((signal) => this.#parts.ways(signal));
      if (this.#over.signal.aborted) return;
      this.#mapped = ways.map((way) => this.#mappedBy(way));
      this.#known = [...new Set([...this.#mapped, ...this.#known])].slice(0, KNOWN_MAX);
      this.#setFarewell();
      for (const six of [false, true]) {
        const none = ways.length === 0 || typeof this.#told.get(six) === "object";
        if (none && this.#mapped.every((mapped) => mapped.six !== six)) this.#tellFault(six, "no-router");
      }
    }
    // Both families together: a router that has begun anew has forgotten both (RFC 6887 section 8.5, RFC 6886 section 3.6).
    const renews = this.#mapped.some(({ lease }) => lease !== undefined && lease.askAt <= now());
    const due = this.#mapped.filter(({ lease, had }) => all || (lease === undefined ? had : renews));
    await Promise.all(due.map((mapped) => this.#askFor(mapped, all)));
  }

  /** Whoever comes back to a router asks with the same nonce, or is refused until the lease ends (RFC 6887 section 11.3). */
  #mappedBy(way: RouterWay): Mapped {
    const { entropy, port } = this.#parts;
    const known = this.#known.find((one) => one.way.router === way.router && one.way.own === way.own) ??
      new Mapped(way, port, entropy, () => this.#setFarewell());
    // What was granted then may be over.
    if (!this.#mapped.includes(known)) known.grant = known.lease = undefined;
    return known;
  }

  async #askFor(mapped: Mapped, anew: boolean): Promise<void> {
    const outcome = await this.#inTime((signal) => {
      mapped.signal = signal;
      return this.#languages.outcome(mapped, anew);
    });
    if (this.#over.signal.aborted) return;
    const now = this.#parts.now();
    if (typeof outcome === "string") return this.#failed(mapped, outcome, now);
    mapped.grant = outcome;
    mapped.had = true;
    mapped.lease = new Lease(outcome.seconds, now);
    this.#tellGrant(outcome);
  }

  /** The signal ends it after ROUND_MS, and with the mapper. */
  async #inTime<T>(ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const limit = new AbortController();
    const cancel = this.#io.after(ROUND_MS, () => limit.abort());
    try {
      return await ask(AbortSignal.any([limit.signal, this.#over.signal]));
    } finally {
      cancel();
    }
  }

  #failed(mapped: Mapped, why: MapFault, now: Millis): void {
    const { lease, grant } = mapped;
    if (lease !== undefined && grant !== undefined) {
      const over = lease.silent(now);
      if (why === "router-silent" && !over) return;
      mapped.grant = undefined;
      mapped.lease = undefined;
      if (over) mapped.standing = undefined;
    }
    this.#tellFault(mapped.six, why);
  }

  #tellGrant({ outer, by, seconds }: Grant): void {
    const six = outer.host.includes(":");
    const told = this.#told.get(six);
    if (typeof told === "object" && formatAddress(told) === formatAddress(outer)) return;
    this.#told.set(six, outer);
    this.#parts.tell({ type: "mapped", address: outer, by, seconds });
  }

  #tellFault(six: boolean, why: MapFault): void {
    const told = this.#told.get(six);
    const lost = typeof told === "object" ? told : undefined;
    // A pinhole in an IPv6 firewall is more than was asked for: most routers know of none.
    if (told === why || (six && lost === undefined)) return;
    this.#told.set(six, why);
    this.#parts.tell({ type: "unmapped", why, lost });
  }

  #setFarewell(): void {
    const four = this.#mapped.find(({ six }) => !six);
    const bytes = four?.standing?.datagram;
    this.#parts.farewell?.(four && bytes && { router: four.way.router, bytes });
  }
}

const SOCKETS: MapperIo = { askRouter, request, search, after };
