// What the screen and the typed lines say by themselves: questions, remarks, the rows that stand. Of a question there are
// several wordings, the longest first: the first that fits is shown.

export const LEAVE: readonly string[] = [
  "Leave? y or Ctrl-C leaves, any other key stays.",
  "Leave? y leaves, others stay",
  "y leaves, n stays",
];

/** What a text looks like. */
export const SECRETS = {
  phrase: "the phrase of this session",
  command: "a hidden /msg",
} as const;

export function secretTexts(secret: string): readonly string[] {
  return [
    `Looks like ${secret}. y sends it, any other key does not.`,
    `Looks like ${secret}. y sends it, other keys do not.`,
    "Secret? y sends it, any other key does not.",
    "Secret? y sends, others not",
    "y sends, others not",
  ];
}

export const LINE_FULL = "The line is full.";
export const PASTE_TOO_LONG = "That paste is longer than 64 KiB and was left out.";
export const FIRST_HINT = "Enter sends, Alt+Enter is a new line, /help, F12 ends everything at once";

export function longMessage(rows: number): string {
  return `one message of ${rows} rows: arrows show all, Enter sends, Ctrl-_ undoes`;
}

/** `/clear` with --plain, where no sequence reaches what was written. */
export const NOT_CLEARED = "Forgotten here. What was written already stays where it is: Sesame cannot clear that.";
/** The key first: it is what somebody needs where there is little room. */
export function unreadText(key: "PgUp" | "PgDn", count: number): string {
  return `${key}: ${count} unread`;
}

export const SCROLLED_UP = "PgDn goes down";
export const NOBODY_HERE_YET = "nobody is here yet";
export const STRETCHING = "stretching the phrase";
export const CALLING = "calling ";

/** Behind a friend's name: nothing has come from them for so long, though it should have. */
export function quietText(seconds: number): string {
  return `quiet ${seconds} s`;
}

export function andMore(count: number): string {
  return ` and ${count} more`;
}

export function howManyHere(count: number): string {
  return `${count} here`;
}

/** Behind one's own message: who has it. `names` of them, as far as they are few. */
export const RECEIPT = {
  nobody: "nobody here yet",
  delivered: (names: string) => `✓ ${names}`,
  deliveredOf: (count: number, all: number) => `✓ ${count} of ${all}`,
  unconfirmed: (names: string) => `? ${names} not confirmed`,
  waiting: (count: number) => `${count} waiting`,
} as const;

/** When somebody reads the output again. */
export function leftOut(count: number): string {
  return `${
    count === 1 ? "1 line was" : `${count} lines were`
  } left out, because nobody read the output. No message is missing.`;
}

/** Of a script's line that cannot be sent. */
export const PIPED = {
  doing: (line: number) => `Could not send line ${line}.`,
  tooLong: (bytes: number) => ({ wrong: `It is longer than ${bytes} bytes.`, next: "Send it in parts." }),
  notUtf8: { wrong: "It is not UTF-8.", next: "Convert it to UTF-8, and send it again." },
} as const;
