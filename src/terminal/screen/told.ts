// What the program says about a notice on the screen, one line each. Out of scope: the sentences (words/notices.ts),
// messages, receipts, what a notice changes.

import type { Notice } from "../../notice.ts";
import { lineOf, namedLine } from "../../words/notices.ts";
import type { PeerId } from "../../ports.ts";
import { saysAllOf } from "../plain.ts";
import { label, labels, learn, type Roster } from "../text/roster.ts";
import type { Friends } from "./friends.ts";
import type { Entry, Log } from "./log.ts";

export interface Told {
  readonly kind: "system" | "problem";
  readonly text: string;
}

/** Puts the program's lines into the log: one for one arrival, one for a call that failed. */
export class ProgramLines {
  readonly #log: Log;
  readonly #friends: Friends;
  /** Friends who have come and not given a name yet. */
  readonly #arrivals = new Map<PeerId, { readonly entry: Entry; readonly notice: Notice }>();
  /** The last line, where it says that a call of ours was refused. */
  #refused: { readonly entry: Entry; readonly address: string } | undefined;

  constructor(log: Log, friends: Friends) {
    this.#log = log;
    this.#friends = friends;
  }

  /** Says what there is to say, and keeps up with who is here. */
  tell(notice: Notice, at: number): void {
    const { roster } = this.#friends;
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined && saysAllOf(notice, refused)) this.#log.takeBack(refused.entry);
    if (notice.event === "named") return this.#named(notice, at);
    const line = told(notice, roster);
    const warnings = learn(roster, notice);
    const entry: Entry | undefined = line && { ...line, at };
    if (entry !== undefined) this.#log.add(entry);
    this.#warn(warnings, at);
    if (entry === undefined) return;
    if (notice.event === "connected") this.#arrivals.set(notice.peer, { entry, notice });
    if (notice.event === "left") this.#arrivals.delete(notice.peer);
    if (notice.event === "refused" && notice.failure !== undefined) this.#refused = { entry, address: notice.address };
  }

  /** The lines are not in the log any more. */
  clear(): void {
    this.#arrivals.clear();
    this.#refused = undefined;
  }

  #warn(texts: readonly string[], at: number): void {
    for (const text of texts) this.#log.add({ kind: "problem", text, at });
  }

  /** A first name that comes with a friend goes into the line of the arrival, which then is the only one. */
  #named(notice: Notice & { event: "named" }, at: number): void {
    const { peer } = notice;
    const { roster } = this.#friends;
    const before = label(roster, peer);
    const arrival = (roster.names.get(peer) ?? "") === "" ? this.#arrivals.get(peer) : undefined;
    this.#arrivals.delete(peer);
    const warnings = learn(roster, notice);
    const line = arrival === undefined ? undefined : told(arrival.notice, roster);
    // Later the line may be out of sight, and a name in it would be told to nobody.
    const together = arrival !== undefined && at - arrival.entry.at <= TOGETHER_MS;
    if (together && line !== undefined) this.#log.rewrite(arrival.entry, line.text);
    else this.#log.add({ kind: "system", text: namedLine(before, roster.names.get(peer) ?? ""), at });
    this.#warn(warnings, at);
  }
}

/** A name is among the first cells of a friend. */
const TOGETHER_MS = 5_000;
/** Shown in another way: in the rows that stand, or by leaving. */
const STANDING: readonly Notice["event"][] = ["connecting", "stretching", "stopped"];

/** `roster` as before the notice. Nothing for what is shown in another way, or not at all. */
export function told(notice: Notice, roster: Roster): Told | undefined {
  if (STANDING.includes(notice.event)) return undefined;
  const text = lineOf(notice, labels(roster));
  return text === undefined ? undefined : { kind: notice.event === "problem" ? "problem" : "system", text };
}
