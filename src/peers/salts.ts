// Which salts of a listener may be stretched (docs/PROTOCOL.md sections 3 and 8): three of one target, or of one person who
// was introduced, in ten minutes. What comes beyond is closed before the answer.

import { SALTS_PER_TARGET, SALTS_WINDOW_MS } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { Connection } from "./connection.ts";

/** Those that were shown, each with when. */
export interface Shown {
  readonly salts: { readonly salt: string; readonly at: Millis }[];
}

type Saltable = Pick<Connection, "call" | "expected">;

export class Salts {
  /** Of introduced people, least recently first: an introduction's calls are many, and have no target. */
  readonly #introduced = new Map<PeerId, Shown>();

  /** False: a fourth salt; the connection is closed before the answer. */
  take(connection: Saltable, salt: string, now: Millis): boolean {
    const of = this.#of(connection);
    if (of === undefined) return true;
    const recent = of.salts.filter(({ at }) => now - at < SALTS_WINDOW_MS);
    of.salts.splice(0, of.salts.length, ...recent);
    if (recent.some((known) => known.salt === salt)) return true;
    if (recent.length >= SALTS_PER_TARGET) return false;
    of.salts.push({ salt, at: now });
    return true;
  }

  /** Whoever showed this salt has proved to know the phrase: it was no salt of a false listener. */
  forget(connection: Saltable & Pick<Connection, "salt">): void {
    const of = this.#of(connection);
    const at = of?.salts.findIndex((known) => known.salt === connection.salt) ?? -1;
    if (at >= 0) of?.salts.splice(at, 1);
  }

  #of({ call, expected }: Saltable): Shown | undefined {
    if (expected === undefined) return call;
    const of = this.#introduced.get(expected) ?? { salts: [] };
    this.#introduced.delete(expected);
    this.#introduced.set(expected, of);
    for (const oldest of this.#introduced.keys()) {
      if (this.#introduced.size <= INTRODUCED_MAX) break;
      this.#introduced.delete(oldest);
    }
    return of;
  }
}

/** Each was a yes of the person's. */
const INTRODUCED_MAX = 256;
