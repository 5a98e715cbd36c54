// The calls that a chat began with, and how it ends when none of them brought anybody. Pure. Out of scope: when that is so
// (chat.ts), asking for the phrase anew (cli/run.ts).

import { type CallFailure, reasonOf } from "../call.ts";
import { EXIT, type Problem } from "../words/problems.ts";
import { fullTarget } from "./commands.ts";

export class FirstCalls {
  readonly #targets: ReadonlySet<string>;
  /** In words, by target, the last to end last. `phrase`: it may be why. */
  readonly #failed = new Map<string, { readonly problem: Problem; readonly phrase: boolean }>();

  /** As typed. */
  constructor(targets: readonly string[]) {
    this.#targets = new Set(targets.map(fullTarget));
  }

  /** A call is over without a friend. Whether it is one of these. */
  ended(target: string, failure: CallFailure, problem: Problem): boolean {
    if (!this.#targets.has(target)) return false;
    this.#failed.delete(target);
    this.#failed.set(target, { problem, phrase: reasonOf(failure) === "phrase" });
    return true;
  }

  get outcome(): {
    readonly code: number;
    /** The last; the view has told the others, and a screen takes those with it. */
    readonly problem: Problem | undefined;
    readonly earlier: readonly Problem[];
    /** The first that the phrase failed. */
    readonly phraseRefused: Problem | undefined;
  } {
    const all = [...this.#failed.values()];
    const refused = all.filter(({ phrase }) => phrase);
    return {
      code: refused.length === this.#targets.size ? EXIT.phrase : EXIT.connection,
      problem: all.at(-1)?.problem,
      earlier: all.slice(0, -1).map(({ problem }) => problem),
      phraseRefused: refused[0]?.problem,
    };
  }
}
