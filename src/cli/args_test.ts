import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { ChatArgs } from "../chat/chat_args.ts";
import { MAX_TARGETS } from "../constants.ts";
import { COMMANDS, helpText, OPTIONS } from "../words/options.ts";
import { type Args, parse } from "./args.ts";

function chat(...argv: string[]): ChatArgs {
  const args = parse(argv);
  if ("wrong" in args || args.command !== "chat") throw new Error(`${argv.join(" ")}: ${JSON.stringify(args)}`);
  return args;
}

function wrong(...argv: string[]): string {
  const args = parse(argv);
  if (!("wrong" in args)) throw new Error(`${argv.join(" ")} was taken`);
  deepEqual(Object.keys(args), ["wrong", "next"], "and nothing else of what was typed");
  return `${args.wrong} ${args.next}`;
}

Deno.test("parse() of nothing is sesame listen on the default port, with everything at its default", () => {
  deepEqual(chat(), {
    command: "chat",
    listen: "7373",
    targets: [],
    phrase: { from: "prompt" },
    decoy: false,
    mapPort: undefined,
    onion: undefined,
    onionPasswordFd: undefined,
    name: undefined,
    cover: "constant",
    intervalMs: 250,
    output: "screen",
    bell: false,
    notify: false,
    noCommands: false,
    friends: undefined,
    introductions: undefined,
    once: false,
    proxy: undefined,
    requireLockedMemory: false,
  });
});

Deno.test("parse() reads the commands", () => {
  equal(chat("listen", "127.0.0.1:0").listen, "127.0.0.1:0");
  const both = chat("connect", "a", "b:1", "--listen", "7000", "--once", "--friends", "2", "--interval=50");
  deepEqual([both.targets, both.listen, both.once, both.friends, both.intervalMs], [
    ["a", "b:1"],
    "7000",
    true,
    2,
    50,
  ]);
  deepEqual(parse(["phrase"]), { command: "phrase", words: 7 } satisfies Args);
  deepEqual(parse(["phrase", "--words", "12"]), { command: "phrase", words: 12 } satisfies Args);
  const local: Args = {
    command: "doctor",
    json: false,
    target: undefined,
    phrase: undefined,
    decoy: false,
    proxy: undefined,
    mapPort: undefined,
  };
  deepEqual(parse(["doctor"]), local);
  for (const pasted of ["192.0.2.7:7373, [2001:db8::1]:7373", "sesame connect '192.0.2.7:7373, [2001:db8::1]:7373'"]) {
    deepEqual(parse(["doctor", pasted]), { ...local, target: "192.0.2.7:7373,[2001:db8::1]:7373" } satisfies Args);
  }
  deepEqual(parse(["doctor", "friend", "--json"]), { ...local, target: "friend", json: true } satisfies Args);
  deepEqual(
    parse(["doctor", "friend", "--phrase-fd", "3", "--decoy"]),
    {
      ...local,
      target: "friend",
      phrase: { from: "fd", fd: 3 },
      decoy: true,
    } satisfies Args,
  );
  deepEqual(
    parse(["doctor", "a", "--with-phrase"]),
    { ...local, target: "a", phrase: { from: "prompt" } } satisfies Args,
  );
  const proxy = "socks5h://127.0.0.1:9050";
  deepEqual(parse(["doctor", "a", "--proxy", proxy]), { ...local, target: "a", proxy } satisfies Args);
  deepEqual(parse(["listen", "--help"]), { command: "help" } satisfies Args);
  deepEqual(parse(["-V"]), { command: "version" } satisfies Args);
});

Deno.test("an option of before says what stands in its place", () => {
  match(wrong("connect", "a", "--retry"), /There is no option --retry\. .*keeps calling by itself, unless --once/s);
});

Deno.test("each option of a chat changes its own field and no other", () => {
  const OF: readonly (readonly [readonly string[], Partial<ChatArgs>])[] = [
    [["--decoy"], { decoy: true }],
    [["--name", "Ada"], { name: "Ada" }],
    [["--cover=constant"], {}],
    [["--cover=off"], { cover: "off" }],
    [["--interval", "50"], { intervalMs: 50 }],
    [["--interval", "1000"], { intervalMs: 1000 }],
    [["--json"], { output: "json" }],
    [["--plain"], { output: "plain" }],
    [["--bell"], { bell: true }],
    [["--notify"], { notify: true }],
    [["--json", "--no-commands"], { output: "json", noCommands: true }],
    [["--friends", "1"], { friends: 1 }],
    [["--friends", "64"], { friends: 64 }],
    [["--introductions", "ask"], { introductions: "ask" }],
    [["--introductions", "yes"], { introductions: "yes" }],
    [["--introductions", "no"], { introductions: "no" }],
    [["--once"], { once: true }],
    [["--proxy", "socks5h://h:1"], { proxy: "socks5h://h:1" }],
    [["--map-port"], { mapPort: "" }],
    [["--require-locked-memory"], { requireLockedMemory: true }],
    [["--phrase-fd", "0"], { phrase: { from: "fd", fd: 0 } }],
    [["--phrase-fd", "1000000"], { phrase: { from: "fd", fd: 1_000_000 } }],
    [["--phrase", ""], { phrase: { from: "argument", text: "" } }],
    [["--phrase", "open sesame"], { phrase: { from: "argument", text: "open sesame" } }],
    [["--onion"], { onion: "", listen: "127.0.0.1:0" }],
    [["--onion=127.0.0.1:9051"], { onion: "127.0.0.1:9051", listen: "127.0.0.1:0" }],
    [["--onion", "--onion-password-fd", "3"], { onion: "", onionPasswordFd: 3, listen: "127.0.0.1:0" }],
    [["--onion", "--onion-password-fd", "4", "--phrase-fd", "3"], {
      onion: "",
      onionPasswordFd: 4,
      listen: "127.0.0.1:0",
      phrase: { from: "fd", fd: 3 },
    }],
  ];
  for (const [argv, changed] of OF) deepEqual(chat("listen", ...argv), { ...chat(), ...changed }, argv.join(" "));
  const called = { listen: undefined, targets: ["a"] };
  deepEqual(chat("connect", "a"), { ...chat(), ...called });
  deepEqual(chat("connect", "a", "--listen", "1"), { ...chat(), ...called, listen: "1" });
});

Deno.test("parse() takes as many friends as there may be, and the words of phrase from 5 to 12", () => {
  const many = (count: number) => Array.from({ length: count }, (_, i) => `a${i}`);
  equal(chat("connect", ...many(MAX_TARGETS)).targets.length, MAX_TARGETS);
  match(wrong("connect", ...many(MAX_TARGETS + 1)), /At most 64 friends/);
  for (const words of [5, 12]) deepEqual(parse(["phrase", "--words", `${words}`]), { command: "phrase", words });
  match(wrong("phrase", "x"), /takes no address/);
});

Deno.test("help is the whole page, or that of one command", () => {
  deepEqual(parse(["help"]), { command: "help" });
  for (const { name } of COMMANDS) deepEqual(parse(["help", name]), { command: "help", topic: name });
  match(wrong("help", "listen", "connect"), /takes one command/);
  match(wrong("help", "nonsense"), /no command "nonsense"\. Type: sesame help$/);
  match(wrong("help", "liste"), /Did you mean listen\? Type: sesame help$/);
  deepEqual(parse(["--version", "listen"]), { command: "version" });
  deepEqual(parse(["-h"]), { command: "help" });
});

Deno.test("what was nearly right is said, and nothing is guessed where two begin alike", () => {
  match(wrong("conect"), /no command "conect"\. Did you mean connect\? The commands are/);
  match(wrong("dokter"), /Did you mean doctor\?/);
  match(wrong("dxyz"), /no command "dxyz"\. The commands are/, "one letter says too little");
  match(wrong("co"), /no command "co"\. The commands are/);
  match(wrong("Listen"), /no command "…"\. The commands are/);
  match(wrong("abcdefghijkl"), /no command "abcdefghijkl"/);
  match(wrong("abcdefghijklm"), /no command "…"/);
  match(wrong("--frends", "2"), /no option --frends\. Did you mean --friends\?/);
  match(wrong("--phrasefd", "3"), /no option --phrasefd\. See/);
  match(wrong("--no-colour"), /no option --no-colour\. Leave it out, and set NO_COLOR=1/);
  match(wrong("--no"), /no option --no\. See/);
  match(wrong("-x"), /no option -x\. See/);
  match(wrong("--ü"), /The options cannot be understood\. See/);
  match(wrong("--json=1"), /^--json takes no value\. Type it alone: --json$/);
  match(wrong("--phrase-fd"), /^--phrase-fd wants a value\. Type: --phrase-fd N$/);
});

Deno.test("an option of before says what to do instead", () => {
  match(wrong("--onion", "--onion-auth"), /no option --onion-auth\. Tell your friend the name alone/);
  match(wrong("connect", "NAME.onion", "--onion-auth-fd", "3"), /no option --onion-auth-fd\. Leave it out/);
});

Deno.test("parse() of --onion: it listens for Tor alone, and its password has a descriptor of its own", () => {
  for (const argv of [["listen", "7373", "--onion"], ["--onion", "--map-port"]]) {
    match(wrong(...argv), /through Tor only/);
  }
  match(wrong("--onion-password-fd", "3"), /is for --onion/);
  match(wrong("--onion", "--onion-password-fd", "3", "--phrase-fd", "3"), /cannot come from one descriptor/);
  for (const fd of ["0", "1", "2", "x", "1000001"]) match(wrong("--onion", "--onion-password-fd", fd), /above 2/);
  match(wrong("connect", "a", "--onion"), /does not belong/);
});

Deno.test("what stands behind -- is no option, though it looks like one", () => {
  deepEqual(chat("connect", "a", "--", "--map-port").targets, ["a", "--map-port"]);
  equal(chat("listen", "--map-port", "--", "7400").listen, "7400");
  equal(chat("listen", "--", "--onion").listen, "--onion");
});

Deno.test("parse() refuses what makes no sense, and says what to do", () => {
  match(wrong("connect"), /nobody to call/);
  match(wrong("listen", "1", "2"), /one address/);
  match(wrong("listen", "--listen", "1"), /does not belong/);
  match(wrong("--words", "5"), /does not belong/);
  match(wrong("doctor", "a", "b"), /one address/);
  match(wrong("doctor", "--with-phrase"), /nobody to try the phrase with/);
  match(wrong("doctor", "--proxy", "socks5h://127.0.0.1:9050"), /nobody to call/);
  match(wrong("doctor", "--phrase-fd", "0"), /nobody to try the phrase with/);
  match(wrong("doctor", "a", "--with-phrase", "--phrase-fd", "0"), /cannot be used together/);
  match(wrong("doctor", "a", "--phrase-fd", "1"), /descriptor/);
  match(wrong("connect", "a", "--with-phrase"), /does not belong/);
  for (const other of ["plain", "bell", "notify"]) {
    match(wrong("--json", `--${other}`), new RegExp(`--${other} and --json cannot be used together`));
  }
  match(wrong("--phrase", "x", "--phrase-fd", "0"), /cannot be used together/);
  match(wrong("--name", "a", "--name", "b"), /more than once/);
  for (const fd of ["1", "2", "-1", "x", "", "1e3"]) match(wrong(`--phrase-fd=${fd}`), /descriptor/);
  for (const ms of ["49", "1001", "fast", "2.5"]) match(wrong("--interval", ms), /from 50 to 1000/);
  for (const n of ["0", "65", "many"]) match(wrong("--friends", n), /from 1 to 64/);
  for (const n of ["4", "13"]) match(wrong("phrase", "--words", n), /from 5 to 12/);
  match(wrong("--cover", "maybe"), /constant or off/);
  match(wrong("--plain", "--no-commands"), /for scripts, with --json/);
  match(wrong("--introductions", "perhaps"), /takes ask, yes or no/);
  match(wrong("--phrase-fd", "1000001"), /descriptor/);
  match(wrong("doctor", "--decoy"), /nobody to try the phrase with/);
  match(wrong("doctor", "192.0.2.7", "--decoy"), /in which mode the phrase is tried, and none is/);
  match(wrong("doctor", "--json", "--phrase-fd", "x"), /descriptor/);
});

Deno.test("parse() takes --map-port alone and with a router behind =, and never the word after it", () => {
  equal(chat("listen", "--map-port").mapPort, "");
  equal(chat("listen", "--map-port=192.168.1.1").mapPort, "192.168.1.1");
  const args = chat("listen", "--map-port", "7400");
  deepEqual([args.mapPort, args.listen], ["", "7400"]);
  equal(chat("connect", "a", "--listen", "7000", "--map-port").mapPort, "");
  match(wrong("connect", "a", "--map-port"), /for those who take calls/);
  match(wrong("--map-port", "--map-port=192.168.1.1"), /more than once/);
  const doctor = parse(["doctor", "--map-port"]);
  equal("command" in doctor && doctor.command === "doctor" && doctor.mapPort, "");
  match(wrong("doctor", "a", "--map-port"), /somebody else's/);
});

Deno.test("parse() never repeats a word that may be the phrase", () => {
  equal(wrong("open sesame, says Ali").includes("Ali"), false);
  equal(wrong("--phrase=a", "--phrase=secret words").includes("secret"), false);
});

Deno.test("helpText() fits 80 columns and two screens, and names every command and option", () => {
  const help = helpText();
  equal(help.trimEnd().split("\n").length <= 2 * 24, true);
  for (const line of help.split("\n")) equal(line.length <= 80, true, line);
  for (const { name } of COMMANDS) equal(help.includes(`sesame ${name}`), true, name);
  for (const { name } of OPTIONS) equal(help.includes(`--${name}`), true, name);
});

Deno.test("README.md shows every command", async () => {
  const readme = await Deno.readTextFile(new URL("../../README.md", import.meta.url));
  for (const { name } of COMMANDS) equal(readme.includes(`sesame ${name}`), true, name);
});
