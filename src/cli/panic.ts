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
export function panic(shown: Restorable, code: number = EXIT.left): never {
  if (!running) {
    running = true; // whatever goes wrong from here on must not lead back here
    wipe();
    try {
      lastWord();
      shown.panic();
    } catch {
      // The process ends all the same.
    }
  }
  Deno.exit(code);
}

/** A bug of ours: as panic, with a word about it on standard error, without its text and without a stack. */
export function fault(shown: Restorable, tell: (text: string) => void, error: unknown): never {
  wipe();
  try {
    tell(sentence(unexpectedProblem(error)) + "\n");
  } catch {
    // Standard error may be gone.
  }
  panic(shown, EXIT.unexpected);
}

function wipe(): void {
  wipeSodium();
  wipeStretching();
}
