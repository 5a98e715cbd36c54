// What the start says before there is a chat: the prompt, refusals and warnings, on standard error, a line each. Light: the
// prompt waits for it.

import { asTyped } from "./command.ts";

export const PROMPT_TEXT = "Phrase (nothing shows while you type): ";

export function usageLine({ wrong, next }: { readonly wrong: string; readonly next: string }): string {
  return asTyped(`Could not understand the command line. ${wrong} ${next}`);
}

/** `part`: some of the memory is locked. `required`: what to leave out. */
export function notLocked(part: boolean): string {
  return asTyped(
    `Refused to start. Memory cannot be locked here (${part ? "only a part of it" : "none of it"}). ` +
      'Raise the limit ("sesame doctor" says how), or leave --require-locked-memory out.',
  );
}

export const NO_TERMINAL =
  "Could not ask for the phrase. Standard input is not a terminal. Use --phrase-fd 0 to read it from there.";

/** `chat`: what to do instead differs from that of the doctor. */
export function phraseShown(fd: number, chat: boolean): string {
  const which = fd === 0 ? "Standard input" : `Descriptor ${fd}`;
  const otherwise = chat ? "Leave --phrase-fd out to be asked." : "Use --with-phrase to be asked.";
  return `Could not take the phrase. ${which} is a terminal, which would show it. ${otherwise}`;
}

export const KEY_LOG =
  "Refused to start. SSLKEYLOGFILE is set, so TLS would write its keys to a file. Unset it and start again.";

export const WRITTEN_DOWN =
  "Refused to start. DENO_AUDIT_PERMISSIONS or DENO_COVERAGE_DIR is set, so the runtime would write files about this program. " +
  "Unset it and start again.";

export const WARNINGS = {
  tracer: "Warning: a debugger is attached to this program and can read everything.",
  preload: "Warning: a library was preloaded into this program (LD_PRELOAD or the like) and can read everything.",
  login: "Warning: process lists and the shell's history now hold the proxy's user name and password.",
  phrase: "Warning: process lists and the shell's history now hold the phrase. Use the hidden prompt or --phrase-fd.",
} as const;

export const NOT_WRITTEN = "Could not write the output. The disk may be full. Make room, then start again.";
