// Lines of `--plain` that wait a moment, since what comes next may say all of it in one: a call that was refused waits for its
// problem, an arrival for the friend's name. Nobody is here unannounced meanwhile: `sayAll` goes before whatever else is shown,
// and before anything that the person types is acted on. Out of scope: the sentences (plain.ts), writing (view.ts).

import type { Notice } from "../../notice.ts";
import type { PeerId } from "../../ports.ts";
import { arrivalLines, type PlainContext, plainLines, saysAllOf } from "../plain.ts";
import { learn } from "../text/roster.ts";
import type { After } from "../view.ts";

type Arrival = Notice & { event: "connected" };

export class HeldLines {
  readonly #context: PlainContext;
  readonly #after: After;
  readonly #say: (lines: readonly string[], event: Notice["event"]) => void;
  /** In the order in which they came. The roster knows of them. */
  readonly #arrivals = new Map<PeerId, { readonly notice: Arrival; readonly cancel: () => void }>();
  #refused: { readonly address: string; readonly lines: readonly string[]; readonly cancel: () => void } | undefined;

  constructor(context: PlainContext, after: After, say: (lines: readonly string[], event: Notice["event"]) => void) {
    this.#context = context;
    this.#after = after;
    this.#say = say;
  }

  /** Says what has to be said before this notice. True: it is held as well, or has been said with another one. */
  takes(notice: Notice): boolean {
    this.#dropRefused(saysAllOf(notice, this.#refused));
    // Whoever comes back under a name is said at once, and a new name then by itself.
    if (notice.event === "connected" && (this.#context.roster.names.get(notice.peer) ?? "") === "") {
      this.#hold(notice);
      return true;
    }
    if (notice.event === "named" && this.#arrivals.has(notice.peer)) {
      learn(this.#context.roster, notice);
      this.#sayArrival(notice.peer);
      return true;
    }
    if (notice.event === "circle" || notice.event === "hearing") return this.#aside(notice);
    this.sayAll();
    if (notice.event !== "refused" || notice.failure === undefined) return false;
    // Until the present step is over: one that ends its call brings the problem as well.
    const lines = plainLines(notice, this.#context);
    this.#refused = { address: notice.address, lines, cancel: this.#after(0, () => this.#dropRefused(false)) };
    return true;
  }

  /** All that waits, now. */
  sayAll(): void {
    for (const peer of this.#arrivals.keys()) this.#sayArrival(peer);
    this.#dropRefused(false);
  }

  /** Nothing that waits is said any more. */
  drop(): void {
    for (const { cancel } of this.#arrivals.values()) cancel();
    this.#arrivals.clear();
    this.#dropRefused(true);
  }

  /** A friend's first words about others come before the name or right behind it, and as a rule say nothing. */
  #aside(notice: Notice): true {
    const lines = plainLines(notice, this.#context);
    if (lines.length > 0) {
      this.sayAll();
      this.#say(lines, notice.event);
    }
    return true;
  }

  #hold(notice: Arrival): void {
    learn(this.#context.roster, notice); // who is here is known at once, for whom a line goes to
    const { peer } = notice;
    this.#arrivals.set(peer, { notice, cancel: this.#after(NAME_MS, () => this.#sayArrival(peer)) });
  }

  #sayArrival(peer: PeerId): void {
    const arrival = this.#arrivals.get(peer);
    if (arrival === undefined) return;
    this.#arrivals.delete(peer);
    arrival.cancel();
    this.#say(arrivalLines(arrival.notice, this.#context), "connected");
  }

  /** `said`: by what comes next. */
  #dropRefused(said: boolean): void {
    const refused = this.#refused;
    this.#refused = undefined;
    refused?.cancel();
    if (!said && refused !== undefined) this.#say(refused.lines, "refused");
  }
}

/** A name is among the first cells of a friend. */
const NAME_MS = 2_000;
