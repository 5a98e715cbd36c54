// What a chat is started with, and whom a typed or pasted line asks to call. Pure, and light: read before the prompt
// appears. Out of scope: the command line (cli/args.ts).

export interface ChatArgs {
  readonly command: "chat";
  /** `[HOST:]PORT` to listen on. */
  readonly listen: string | undefined;
  /** Whom to call: each a friend's address, or several of it with commas between. */
  readonly targets: readonly string[];
  readonly phrase: { from: "prompt" } | { from: "fd"; fd: number } | { from: "argument"; text: string };
  readonly decoy: boolean;
  readonly name: string | undefined;
  readonly cover: "constant" | "off";
  readonly intervalMs: number;
  readonly output: "screen" | "plain" | "json";
  readonly bell: boolean;
  readonly notify: boolean;
  /** A line that begins with a slash is a message like any other. */
  readonly noCommands: boolean;
  readonly friends: number | undefined;
  /** What to do when a friend introduces somebody; undefined: ask a person, nothing without one. */
  readonly introductions: "ask" | "yes" | "no" | undefined;
  /** Each friend is called once, and not again: for scripts. */
  readonly once: boolean;
  /** The proxy that calls go through, as typed. */
  readonly proxy: string | undefined;
  /** The router that is to pass our port on, as typed; empty: to be found out. */
  readonly mapPort: string | undefined;
  /** Tor's control port, as typed; empty: to be found out. Then nobody calls us but through Tor. */
  readonly onion: string | undefined;
  /** Where the password of that port is read. */
  readonly onionPasswordFd: number | undefined;
  readonly requireLockedMemory: boolean;
}

/**
 * Whom to call, of the words behind `connect`. A pasted invitation (`sesame connect ADDRESSES`, in one word or several,
 * whatever stands in front) is one friend; the quotes that a shell would have removed are. Around commas may be white
 * space: line breaks of our own screen too, with the mark in front of its rows.
 */
export function invitedTargets(words: readonly string[]): string[] {
  const all = words.flatMap((word) => word.split(/[\s─]+/)).filter((word) => word !== "");
  const at = all.findLastIndex((word, i) => word === "connect" && all[i - 1] === "sesame");
  if (at === -1) return words.map((word) => unquoted(word).split(",").map(bare).join(","));
  const addresses = unquoted(all.slice(at + 1).join(",")).replace(/,+/g, ",");
  return addresses === "" ? [] : [addresses];
}

/** A part between commas without the white space and marks beside those. */
function bare(part: string): string {
  return part.replace(/^[\s─]+/, "").trimEnd();
}

/** Without the quotes around it. */
function unquoted(word: string): string {
  return word.replace(/^(['"])(.*)\1$/s, "$2");
}
