// The calls of one introduction (docs/PROTOCOL.md section 8): each new set of addresses is called at 0, 5 and 15 s, or
// sooner where somebody else answered, one set after another. Pure: time is an argument.
// Out of scope: dialling, which addresses may be called (address_rules.ts).

import { INTRODUCTION_CALL_AT_MS, INTRODUCTION_CALLS_MAX } from "../constants.ts";
import type { Millis, PeerId } from "../ports.ts";
import type { WireAddress } from "../wire/forms.ts";

export interface CallSet {
  /** The friend in the middle who gave them. */
  readonly by: PeerId;
  addresses: readonly WireAddress[];
}

interface Running extends CallSet {
  /** Of its first call; undefined: it waits for its turn. */
  began: Millis | undefined;
  /** When its next call is due. */
  nextAt: Millis;
  calls: number;
}

export class CallSets {
  /** Those that have calls left; the first is being called. */
  readonly #sets: Running[] = [];
  readonly #seen = new Set<string>();
  /** Nobody but somebody else was ever found at these. */
  readonly #wrong = new Set<WireAddress>();
  #underWay = false;
  /** Some call has ended. */
  tried = false;

  /** When the next call is due. */
  get deadline(): Millis {
    const [set] = this.#sets;
    if (set === undefined || this.#underWay) return Infinity;
    return set.nextAt;
  }

  /** A call is under way, or a set has been begun and has calls left. */
  get busy(): boolean {
    return this.#underWay || (this.#sets[0]?.calls ?? 0) > 0;
  }

  /** Nothing is left to call, and somebody else answered. */
  get hopeless(): boolean {
    return this.#wrong.size > 0 && !this.#underWay && this.#sets.length === 0;
  }

  /** A set that was called before, or one too many, starts nothing. */
  add(by: PeerId, addresses: readonly WireAddress[]): void {
    const left = addresses.filter((address) => !this.#wrong.has(address));
    const key = [...left].sort().join();
    if (left.length === 0 || this.#seen.has(key) || this.#seen.size >= INTRODUCTION_CALLS_MAX) return;
    this.#seen.add(key);
    this.#sets.push({ by, addresses: left, began: undefined, nextAt: -Infinity, calls: 0 });
  }

  /** The set whose call is due; it counts as under way from here on. */
  takeDue(now: Millis): CallSet | undefined {
    const [set] = this.#sets;
    if (set === undefined || now < this.deadline || this.#underWay) return undefined;
    set.began ??= now;
    set.calls++;
    set.nextAt = set.began + (INTRODUCTION_CALL_AT_MS[set.calls] ?? Infinity);
    this.#underWay = true;
    return { by: set.by, addresses: set.addresses };
  }

  /** The call that was under way brought nobody. `wrong`: at this address somebody else answered, and it is not called again. */
  ended(wrong: WireAddress | undefined, now: Millis): CallSet | undefined {
    const [set] = this.#sets;
    if (set === undefined || !this.#underWay) return undefined;
    this.#underWay = false;
    this.tried = true;
    if (wrong !== undefined) {
      this.#wrong.add(wrong);
      set.addresses = set.addresses.filter((address) => address !== wrong);
      // The others of the set, which lost the race to somebody who should not have been in it, are called at once. That is
      // one of the set's calls: whoever gave the addresses must not decide how often the others are called.
      set.nextAt = now;
    }
    if (set.addresses.length === 0 || set.calls >= INTRODUCTION_CALL_AT_MS.length) this.#sets.shift();
    return set;
  }
}
