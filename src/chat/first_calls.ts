// The calls that a chat began with, and how it ends when none of them brought anybody. Pure. Out of scope: when that is so
// (chat.ts), asking for the phrase anew (cli/run.ts).

import { type CallFailure, reasonOf } from "../call.ts";
import type { Notice } from "../notice.ts";
import { callProblem } from "../words/call_failures.ts";
import { EXIT, type Problem } from "../words/problems.ts";
import { fullTarget } from "./commands.ts";

export class FirstCalls {
  readonly #targets: ReadonlySet<string>;
  /** As it may be shown; undefined: there is none. */
  readonly #proxy: string | undefined;
  /** In words, by target, the last to end last. `phrase`: it may be why. */
  readonly #failed = new Map<string, { readonly problem: Problem; readonly phrase: boolean }>();

  /** As typed. */
  constructor(targets: readonly string[], proxy: string | undefined) {
    this.#proxy = proxy;
    this.#targets = new Set(targets.map(fullTarget));
  }

  take(notice: Notice): void {
    if (notice.event === "refused" && notice.failure !== undefined) this.failed(notice.address, notice.failure);
  }

  /** In words, and whether it is one of these. */
  failed(target: string, failure: CallFailure): { readonly problem: Problem; readonly isFirst: boolean } {
    const problem = callProblem(target, failure, this.#proxy);
    const isFirst = this.#targets.has(target);
    if (isFirst) {
      this.#failed.delete(target);
      this.#failed.set(target, { problem, phrase: reasonOf(failure) === "phrase" });
    }
    return { problem, isFirst };
  }

  /** A friend says that the phrase is wrong, and nobody else has been reached: the person may type it again. */
  mistyped({ here, trying }: { readonly here: number; readonly trying: boolean }): boolean {
    return here === 0 && !trying && [...this.#failed.values()].some(({ phrase }) => phrase);
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
