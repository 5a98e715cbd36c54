// Which room may import which, and where each dangerous name may appear: docs/ARCHITECTURE.md as data. `lint_plugin.ts`
// judges the code by it, `tests/papers/rooms_test.ts` compares the page with it. To allow something, change a line
// here, and the page with it. Out of scope: how a file is read and judged.

export interface Room {
  readonly name: string;
  /** Rooms whose files it may import; each stands above it in ROOMS. */
  readonly mayImport: readonly string[];
  /** Rooms of which it may import types and nothing else. */
  readonly typesOf?: readonly string[];
}

/** Low to high: nobody imports upward. All may import the leaves. */
export const ROOMS: readonly Room[] = [
  { name: "host", mayImport: [] },
  { name: "secrets", mayImport: [] },
  { name: "crypto", mayImport: ["secrets"] },
  { name: "wire", mayImport: [] },
  { name: "auth", mayImport: ["secrets", "crypto"], typesOf: ["wire"] },
  // Only `auth` makes session secrets, after a confirmation has verified, and the ratchet starts with nothing else.
  { name: "ratchet", mayImport: ["secrets", "crypto"], typesOf: ["auth"] },
  { name: "session", mayImport: ["secrets", "wire", "auth", "ratchet"] },
  // Of `auth` it needs the numbers behind the words that two people compare. It looks at nothing in a stretched phrase.
  { name: "peers", mayImport: ["secrets", "crypto", "wire", "auth", "session"] },
  { name: "transport", mayImport: ["crypto"] },
  // What a person reads. Labels of peers stand in `terminal`, so that it need not know them.
  { name: "words", mayImport: ["wire", "auth", "transport"], typesOf: ["host"] },
  { name: "terminal", mayImport: ["secrets", "words"] },
  {
    name: "chat",
    mayImport: ["secrets", "crypto", "wire", "auth", "session", "peers", "transport", "words", "terminal"],
  },
  {
    name: "cli",
    mayImport: [
      "host",
      "secrets",
      "crypto",
      "wire",
      "auth",
      "session",
      "peers",
      "transport",
      "words",
      "terminal",
      "chat",
    ],
  },
];

/** Files of `src/` itself. They import nothing but each other. */
export const LEAVES: readonly string[] = [
  "call.ts",
  "constants.ts",
  "ip.ts",
  "ports.ts",
  "notice.ts",
  "protocol_violation.ts",
  "system.ts",
];

/**
 * What runs before the prompt stands. `main.ts` counts as `cli`. These files load other values by a dynamic import, so
 * that the prompt waits for nothing heavy (`node:` imports and libsodium cost more than all else of the start). And
 * `main.ts` loads nothing but `host` so: all other code is to find the process hardened.
 */
export const BEFORE_PROMPT: { readonly files: readonly string[]; readonly rooms: readonly string[] } = {
  files: [
    "main.ts",
    "src/cli/boot.ts",
    "src/cli/signals.ts",
    "src/cli/tell.ts",
    "src/cli/args.ts",
    "src/cli/command_line.ts",
    "src/chat/chat_args.ts",
    "src/words/command.ts",
    "src/words/options.ts",
    "src/words/wrap.ts",
    "src/words/start.ts",
    "src/cli/version.ts",
  ],
  rooms: ["host", "terminal"],
};

/** A folder of the project (it ends in `/`) or one file. */
export type Place = string;

export interface Names {
  readonly names: readonly string[];
  /** Where they may stand; nowhere if empty. The lint's message says it. */
  readonly only: readonly Place[];
}

const CLOCK = "src/system.ts";
const TTY = "src/terminal/tty.ts";

/** Every module from outside that the product imports, by its whole specifier. One that is not here is refused. */
export const MODULES: readonly Names[] = [
  { names: ["node:tls", "node:net", "node:dns", "node:stream", "node:buffer"], only: ["src/transport/"] },
  { names: ["node:dgram"], only: ["src/transport/mapping/"] },
  { names: ["node:crypto"], only: ["src/transport/certificate.ts"] },
  { names: ["libsodium-sumo"], only: ["src/crypto/sodium.ts"] },
  { names: ["hash-wasm"], only: ["src/crypto/argon2id_worker.ts"] },
  { names: ["get-east-asian-width"], only: ["src/terminal/text/width.ts"] },
  { names: ["@scure/bip39/wordlists/english.js"], only: ["src/auth/words.ts"] },
];

/** Globals. A type of that name is nothing to forbid. */
export const GLOBALS: readonly Names[] = [
  { names: ["console"], only: [TTY] },
  { names: ["Date", "Temporal", "performance"], only: [CLOCK] },
  { names: ["setTimeout"], only: [CLOCK, "src/transport/", TTY] },
  { names: ["setInterval", "setImmediate"], only: [CLOCK] },
  { names: ["Worker"], only: ["main.ts", "src/chat/", "src/cli/"] },
  // Deno and TLS are reached in one way, code is what stands in a file, and a pattern is a literal that the lint reads.
  { names: ["process", "fetch", "WebSocket", "EventSource", "XMLHttpRequest", "eval", "Function", "RegExp"], only: [] },
];

/** `globalThis` itself, rather than one named member of it. A worker tells the main thread through it. */
export const BARE_GLOBAL_THIS: Names = { names: ["globalThis"], only: ["src/crypto/argon2id_worker.ts"] };

/** What may be asked of a namespace. A `*` at the end stands for any ending; a member that is not here is refused. */
export const NAMESPACES: Readonly<
  Record<string, { readonly members: readonly Names[]; readonly othersRefused: boolean }>
> = {
  Deno: {
    members: [
      {
        names: ["connect*", "listen*", "startTls", "resolveDns"],
        only: ["src/transport/"],
      },
      { names: ["stdin", "stdout", "stderr", "consoleSize"], only: [TTY] },
      {
        names: ["dlopen", "permissions", "UnsafePointer*", "UnsafeFnPointer", "UnsafeCallback"],
        only: ["src/host/", "main.ts"],
      },
      // host/fallback.ts: what stands in for `_exit` where there is no FFI.
      { names: ["exit"], only: ["main.ts", "src/chat/", "src/cli/", "src/host/fallback.ts"] },
      { names: ["addSignalListener", "removeSignalListener"], only: ["main.ts", "src/chat/", "src/cli/"] },
      { names: ["args"], only: ["main.ts", "src/chat/", "src/cli/"] },
      { names: ["build", "errors", "version"], only: ["src/", "main.ts"] },
    ],
    othersRefused: true,
  },
  Math: { members: [{ names: ["random"], only: [] }], othersRefused: false },
  AbortSignal: { members: [{ names: ["timeout"], only: [CLOCK] }], othersRefused: false },
};

/** Members of any object. */
export const MEMBERS: readonly Names[] = [
  { names: ["getRandomValues", "randomUUID"], only: [CLOCK, "src/host/fallback.ts"] },
  { names: ["pointer", "_crypto_*"], only: ["src/crypto/"] },
  { names: ["subtle"], only: [] },
];

/** Who may listen for which signal besides `main.ts` and `src/cli/`. */
export const SIGNALS: readonly Names[] = [
  { names: ["SIGUSR1"], only: ["src/host/"] },
  { names: ["SIGWINCH", "SIGCONT"], only: [TTY] },
];

/** Files that look at a phrase character by character. */
export const PHRASE_READERS: readonly string[] = [
  "src/auth/nfkc.ts",
  "src/auth/phrase.ts",
  "src/auth/strength.ts",
  "src/auth/words.ts",
  "src/terminal/prompt.ts",
];

/** Where patterns read only what the system or we ourselves wrote: the rule `linear` is not for these. */
export const NO_TEXT_OF_OTHERS: readonly Place[] = ["src/host/", "src/crypto/"];

/** Lines at most, of a file under `src/`, of a function in it and of a class. */
export const SIZES = { file: 450, function: 60, class: 300 } as const;

/** What is longer, and why it has to be. `name`: of the function or class; absent: the file. */
export const LONGER: readonly { readonly file: Place; readonly name?: string; readonly why: string }[] = [
  { file: "src/chat/loop.ts", name: "Loop", why: "performs every effect of peers in one switch, and owns all links" },
  { file: "src/peers/connections.ts", name: "Connections", why: "a connection's way from link to end, read in one go" },
];

/** Sentences that stand outside `src/words/`, which a person never reads or which have to be where they are. */
export const WORDS_ELSEWHERE: readonly { readonly file: Place; readonly why: string }[] = [
  { file: "src/transport/self_check.ts", why: "the texts of an error that ends the program; nobody is shown them" },
  { file: "src/transport/onion/control.ts", why: "labels of Tor's control protocol" },
  { file: "src/secrets/locked.ts", why: "the text of an error that ends the program" },
];

/** Names that code compares and that look like three words. */
export const NO_WORDS: readonly string[] = ["did not arrive", "no such descriptor"];

/** Files under `src/` that the product never loads: tests, what they share, programs that one starts. No rule is for them. */
export const TEST_FILE = /(_test(_\w+)?|_child)\.ts$|\/testdata\//;
