// The end that nothing can delay: wipe the memory that holds secrets, restore the terminal, exit. For F12, Ctrl-\, a
// signal, a closed terminal, and whatever nobody foresaw. It says goodbye to nobody and waits for nothing.

import { wipeSodium } from "../crypto/sodium.ts";
import { EXIT, sentence, unexpectedProblem } from "../words/problems.ts";
import { wipeStretching } from "../chat/stretcher.ts";

/** What has a terminal to put back: a view once there is one, the tty before that. */
export interface Restorable {
  /** Synchronous; must return even if the terminal is stopped. */
  panic(): void;
}

let running = false;
let lastWord = () => {};

/** What is to leave after everything has been wiped; it returns at once and never throws. */
export function sayLast(word: () => void): void {
  lastWord = word;
}

/** Does not return. */
export function panic(shown: Restorable, code: number = EXIT.left, tell: () => void = () => {}): never {
  if (!running) {
    running = true; // whatever goes wrong from here on must not lead back here
    wipe();
    try {
      lastWord();
      shown.panic();
      tell();
    } catch {
      // The process ends all the same.
    }
  }
  Deno.exit(code);
}

/**
 * A bug of ours: as panic, with a word about it on standard error, without its text and without a stack. It comes last: on
 * the screen of the chat it would go with that.
 */
export function fault(shown: Restorable, tell: (text: string) => void, error: unknown): never {
  panic(shown, EXIT.unexpected, () => tell(sentence(unexpectedProblem(error)) + "\n"));
}

function wipe(): void {
  wipeSodium();
  wipeStretching();
}
