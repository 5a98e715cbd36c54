// What networks have wasted (docs/PROTOCOL.md section 8): a stranger's own network, and the wide one around it. A
// newcomer differs from somebody who floods us in one thing: the newcomer's network has not yet wasted a turn. Pure:
// time is an argument. Out of scope: who is waiting or has a place (admission.ts), single addresses (addresses.ts).

import { NETWORKS_MAX, SCORE_HALF_LIFE_MS, WIDE_NETWORKS_MAX, WIDE_SHARE, WRONG_GUESS_KEPT_MS } from "../constants.ts";
import type { Millis } from "../ports.ts";
import { dropOldest, renew, type Source } from "./addresses.ts";

interface Record {
  score: number;
  scoreAt: Millis;
  wrong: number;
  /** Since when the next one of `wrong` is being forgotten. */
  wrongAt: Millis;
}

export class Networks {
  /** Least recently marked first. */
  readonly #networks = new Map<string, Record>();
  readonly #wide = new Map<string, Record>();

  /** How much the network has wasted: its own score, and a 64th of that of its wide network. */
  score({ network, wide }: Source, now: Millis): number {
    return scoreOf(this.#networks.get(network), now) + scoreOf(this.#wide.get(wide), now) / WIDE_SHARE;
  }

  /** Wrong guesses that count against it: its own, and a 64th of its wide network's, rounded down. */
  wrongGuesses({ network, wide }: Source, now: Millis): number {
    return wrongOf(this.#networks.get(network), now) + Math.floor(wrongOf(this.#wide.get(wide), now) / WIDE_SHARE);
  }

  /** A place was given back without authentication; `wrongGuess`: after a wrong confirmation. */
  wasted({ network, wide }: Source, wrongGuess: boolean, now: Millis): void {
    mark(this.#networks, network, NETWORKS_MAX, wrongGuess, now);
    mark(this.#wide, wide, WIDE_NETWORKS_MAX, wrongGuess, now);
  }

  /** Somebody there knows the phrase: nothing is held against the network any longer. */
  authenticated({ network }: Source): void {
    this.#networks.delete(network);
  }

  /** How many networks and wide ones are remembered. */
  get size(): number {
    return this.#networks.size + this.#wide.size;
  }
}

function mark(map: Map<string, Record>, key: string, most: number, wrongGuess: boolean, now: Millis): void {
  const record = renew(map, key, map.get(key) ?? { score: 0, scoreAt: now, wrong: 0, wrongAt: now });
  record.score = scoreOf(record, now) + 1;
  record.scoreAt = now;
  if (wrongGuess) {
    const kept = wrongOf(record, now);
    const forgotten = Math.floor((now - record.wrongAt) / WRONG_GUESS_KEPT_MS);
    record.wrongAt = kept === 0 ? now : record.wrongAt + forgotten * WRONG_GUESS_KEPT_MS;
    record.wrong = kept + 1;
  }
  dropOldest(map, most);
}

function scoreOf(record: Record | undefined, now: Millis): number {
  return record === undefined ? 0 : record.score * 2 ** (-(now - record.scoreAt) / SCORE_HALF_LIFE_MS);
}

function wrongOf(record: Record | undefined, now: Millis): number {
  if (record === undefined) return 0;
  return Math.max(0, record.wrong - Math.floor((now - record.wrongAt) / WRONG_GUESS_KEPT_MS));
}
