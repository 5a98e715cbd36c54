// A wrong phrase as those we call see it: how many of our answers may have been wrong guesses, and how long they make
// us wait after those. Out of scope: the pause's length (peers/addresses.ts), asking for the phrase again (cli/run.ts).

import type { Notice } from "../notice.ts";
import type { Millis } from "../ports.ts";
import { after, now } from "../system.ts";
import { heardAgainIn } from "../words/chat.ts";

export class GuessPause implements Disposable {
  #guesses = 0;
  #cancel = () => {};

  /** Answers of ours that brought nobody. */
  get guesses(): number {
    return this.#guesses;
  }

  /** Each notice of the chat. */
  take(notice: Notice): void {
    const failed = notice.event === "refused" && notice.failure !== undefined; // a call of ours, and no caller
    if (failed && notice.reason === "phrase") this.#guesses++;
  }

  /** Says how long it takes, and resolves then; never once it is disposed. */
  async until(when: Millis, hint: (text: string) => void): Promise<void> {
    const ms = when - now();
    if (ms <= 0) return;
    hint(heardAgainIn(Math.ceil(ms / 1000)));
    await new Promise<void>((done) => this.#cancel = after(ms, done));
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }
}
