// How fast F12 is, and what is left after it: a real Sesame in a real pseudo-terminal, in each situation, ended in each
// way, and measured from the byte that was written to the end of its last thread. SIGKILL to the same situation in the same
// run is the figure to compare with: nothing ends faster than that.
//
//   deno task check panic                 the table, and 200 runs with 32 friends (about 20 minutes)
//   deno task check panic --short         one run of each kind and few with 32 friends, for CI (under a minute)
//   deno task check panic --echo          from a key to its echo, while 32 friends send one message a second each
//   deno task check panic --start         from the start to the prompt, and from Enter there to the chat's screen
//   --than FOLDER   and the same of another copy of the project, in turn: at most START_LIMIT_MS slower than that
//   --runs N   of each cell · --full N   with 32 friends · --minutes N   for those at most · --only WORD   situations with it
//   --first   as root, before what else the machine does: nearly a quiet machine where there is none
//   --friends N   in place of 32 (at least 5) · --profile   prints where the time of an F12 goes, by system call (needs strace)
//
// After each end it looks for processes, sockets and children that were left, at the terminal's modes, and for what was
// typed or read. Linux with python3 (tests/harness/pty.py); elsewhere it says so and counts as skipped. The last line is
// `suite: N passed, N failed, N skipped`.

import { parseArgs } from "node:util";
import { tellCounts } from "../../scripts/suites.ts";
import { type Ended, type Ending, Pty } from "../harness/pty.ts";
import { Child } from "../harness/child.ts";
import { quantile } from "../harness/quantile.ts";
import { Tmux } from "../harness/tmux.ts";
import { fetchDependencies, hasProgram, PRODUCT, productEnvironment } from "../harness/product.ts";

const PHRASE = "correct horse battery staple";
const TYPED = "half a secret";
/** F12 must be gone within this many times SIGKILL's p99, and on a quiet machine within LIMIT_MS. */
const RATIO_MAX = 3;
const LIMIT_MS = 50;
const ECHO_LIMIT_MS = 10;
const START_LIMIT_MS = 10;
/** A machine with more to do than this for each core is not quiet: then the figures are printed and only the ratio counts. */
const QUIET_LOAD = 0.5;

const WAYS: readonly (Ending & { readonly name: string })[] = [
  { name: "xterm", how: "bytes", value: "\x1b[24~" },
  { name: "+shift", how: "bytes", value: "\x1b[24;2~" },
  { name: "rxvt", how: "bytes", value: "\x1b[24^" },
  { name: "kitty", how: "bytes", value: "\x1b[57375u" },
  { name: "kitty ev", how: "bytes", value: "\x1b[24;1:1~" },
  { name: "PuTTY", how: "bytes", value: "\x1bO[" },
  { name: "SCO", how: "bytes", value: "\x1b[X" },
  { name: "Windows", how: "bytes", value: "\x1b[123;88;0;1;0;1_" },
  { name: "Ctrl-\\", how: "bytes", value: "\x1c" },
  { name: "SIGTERM", how: "signal", value: "SIGTERM" },
  { name: "SIGHUP", how: "signal", value: "SIGHUP" },
  { name: "closed", how: "close", value: "" },
];
const KILL: Ending & { readonly name: string } = { name: "SIGKILL", how: "signal", value: "SIGKILL" };

interface Place {
  readonly pty: Pty;
  /** Takes connections and says nothing. */
  readonly silent: string;
  readonly friends: readonly string[];
}

interface Situation {
  readonly name: string;
  readonly args: (place: Place) => readonly string[];
  readonly reach: (place: Place) => Promise<void>;
  /** Nothing that it writes gets through. */
  readonly blocked?: true;
  readonly crowd?: true;
}

const PROMPT = "nothing shows while you type";
const LISTEN = () => ["listen", "127.0.0.1:0"];
const prompt = async ({ pty }: Place, restMs = 0) => {
  await pty.until(PROMPT);
  await pty.rest(restMs);
};
const enter = async (place: Place) => {
  await prompt(place);
  await place.pty.write(`${PHRASE}\r`);
};
const chat = async (place: Place) => {
  await enter(place);
  await place.pty.until("127\\.0\\.0\\.1:\\d{4,5}");
  await place.pty.rest(100);
};
const connected = async (place: Place) => {
  await enter(place);
  // Of 80 columns the bar gives the names of three, and counts the rest.
  // None of them hears another: that takes the room of two names.
  await place.pty.until(`and ${place.friends.length - 1} more`, 60_000);
  await place.pty.rest(150);
};

const SITUATIONS: readonly Situation[] = [
  { name: "prompt just shown", args: LISTEN, reach: prompt },
  { name: "prompt empty", args: LISTEN, reach: (place) => prompt(place, 700) },
  {
    name: "prompt half typed",
    args: LISTEN,
    reach: async (place) => {
      await prompt(place, 500);
      await place.pty.write(TYPED);
      await place.pty.rest(100);
    },
  },
  {
    name: "during Argon2id",
    args: LISTEN,
    reach: async (place) => {
      await enter(place);
      await place.pty.until("tretching the phrase");
      await place.pty.rest(60);
    },
  },
  {
    name: "connecting to silence",
    args: ({ silent }) => ["connect", silent],
    reach: async (place) => {
      await enter(place);
      await place.pty.until("alling 127");
      await place.pty.rest(200);
    },
  },
  { name: "chat, nobody there", args: LISTEN, reach: chat },
  {
    name: "in a paste",
    args: LISTEN,
    reach: async (place) => {
      await chat(place);
      await place.pty.write(`\x1b[200~${TYPED} and\r`);
      await place.pty.rest(50);
    },
  },
  {
    name: "output blocked",
    args: LISTEN,
    blocked: true,
    reach: async (place) => {
      await chat(place);
      await place.pty.block();
    },
  },
  { name: "with friends", args: ({ friends }) => ["connect", ...friends], reach: connected, crowd: true },
];

/** One product, brought into the situation and ended. */
async function once(
  situation: Situation,
  way: Ending,
  place: Place,
  home: string,
): Promise<Ended & { wrong: string[] }> {
  const { pty } = place;
  const env = { ...productEnvironment(), TERM: "xterm-256color" };
  await pty.open([Deno.execPath(), ...PRODUCT, ...situation.args(place)], env, home);
  await situation.reach(place);
  const ended = await pty.end(way);
  return { ...ended, wrong: wrongOf(situation, way, ended, await pty.output(), place) };
}

/** What is not as it must be after the end; nothing for SIGKILL, which cannot put anything in order. */
function wrongOf(situation: Situation, way: Ending, ended: Ended, output: string, place: Place): string[] {
  const wrong: string[] = [];
  if (!ended.gone) wrong.push("still there after 10 s");
  if (ended.left.length > 0) wrong.push(`left behind: ${ended.left.join(", ")}`);
  if (situation.crowd && ended.sockets < place.friends.length) wrong.push(`had only ${ended.sockets} sockets`);
  if (output.includes(PHRASE) || output.includes("correct horse")) wrong.push("the phrase was shown");
  if (way.value === "SIGKILL") return wrong;
  if (ended.gone && ended.code !== 0) wrong.push(`exit code ${ended.code}`);
  if (ended.sameModes === false) wrong.push("the modes of the terminal are not as before");
  // A terminal that takes nothing, or is gone, cannot be told to leave the second screen.
  if (situation.blocked || way.how === "close") return wrong;
  const entered = output.lastIndexOf("\x1b[?1049h");
  const left = output.lastIndexOf(LEFT);
  if (entered >= 0 && left < entered) wrong.push("the second screen was not left");
  else if (entered >= 0 && output.length > left + LEFT.length) {
    wrong.push(`something was written after the second screen: ${JSON.stringify(output.slice(left).slice(0, 80))}`);
  }
  if (output.lastIndexOf("\x1b[?2004l") < output.lastIndexOf("\x1b[?2004h")) wrong.push("bracketed paste was left on");
  return wrong;
}

class Figures {
  readonly #cells = new Map<string, number[]>();
  passed = 0;
  failed = 0;

  add(situation: Situation, way: string, ended: Ended & { wrong: string[] }): void {
    const key = `${situation.name}\n${way}`;
    this.#cells.set(key, [...this.of(situation, way), ended.ms]);
    if (ended.wrong.length === 0) return void this.passed++;
    this.failed++;
    console.log(`FAILED ${situation.name}, ${way}: ${ended.wrong.join("; ")}`);
  }

  of(situation: Situation, way: string): readonly number[] {
    return this.#cells.get(`${situation.name}\n${way}`) ?? [];
  }

  check(what: string, holds: boolean): void {
    if (holds) this.passed++;
    else this.failed++;
    console.log(`${holds ? "ok    " : "FAILED"} ${what}`);
  }
}

function printTable(situations: readonly Situation[], figures: Figures): void {
  const cell = (values: readonly number[]) => values.length === 0 ? "-" : quantile(values, 0.5).toFixed(1);
  const heads = [...WAYS.map(({ name }) => name), "all p50", "all p99", "KILL p50", "KILL p99", "ratio"];
  console.log(`\nmilliseconds from the byte to process gone: the median of each kind`);
  console.log(`${"".padEnd(22)}${heads.map((head) => head.padStart(9)).join("")}`);
  for (const situation of situations) {
    const all = WAYS.flatMap(({ name }) => figures.of(situation, name));
    const kill = figures.of(situation, KILL.name);
    const row = [
      ...WAYS.map(({ name }) => cell(figures.of(situation, name))),
      ...[quantile(all, 0.5), quantile(all, 0.99), quantile(kill, 0.5), quantile(kill, 0.99)].map((ms) =>
        ms.toFixed(1)
      ),
      (quantile(all, 0.99) / quantile(kill, 0.99)).toFixed(2),
    ];
    console.log(
      `${situation.name.padEnd(22)}${row.map((text) => text.padStart(9)).join("")}   ${all.length}+${kill.length}`,
    );
  }
}

/** The friends' process. Its input stays open as long as it is wanted. */
class Crowd implements AsyncDisposable {
  private constructor(readonly addresses: readonly string[], readonly child: Child) {}

  static async start(count: number): Promise<Crowd> {
    const options = ["run", "--quiet", "--no-check", "--no-prompt", "--cached-only", "--allow-net", "--allow-ffi"];
    const script = [new URL("../screen/crowd.ts", import.meta.url).pathname, String(count), PHRASE];
    const child = new Child([Deno.execPath(), ...options, ...script], { env: productEnvironment() });
    const [line] = await child.until(/^127.*\n/);
    return new Crowd(line.trim().split(" "), child);
  }

  async tell(word: "talk" | "quiet"): Promise<void> {
    await this.child.write(`${word}\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
  }
}

/** From a key to its echo. `cat` on the same machine at the same time says what of it is the machine's. */
async function echo(place: Place, crowd: Crowd, keys: number, home: string, figures: Figures): Promise<void> {
  // Characters that nothing else on the screen has, so that what is waited for can only be the echo; then the line is cleared.
  const round = "@#$%^&*=|~_+";
  const floor: number[] = [];
  const { pty } = place;
  const env = { ...productEnvironment(), TERM: "xterm-256color" };
  await pty.open(["/bin/sh", "-c", "stty raw -echo; echo ready; exec cat"], env, home);
  await pty.until("ready");
  await crowd.tell("talk");
  while (floor.length < Math.min(keys, 120)) floor.push(...await pty.echo(round, 20));
  await pty.open([Deno.execPath(), ...PRODUCT, "connect", ...place.friends], env, home);
  await connected(place);
  await pty.until("says word", 20_000);
  await pty.rest(3_000);
  const times: number[] = [];
  while (times.length < keys) {
    times.push(...await pty.echo(round, 37));
    await pty.write("\x15");
  }
  const messages = new Set((await pty.output()).match(/friend \d+ says word \d+/g)).size;
  const ended = await pty.end({ how: "bytes", value: "\x1b[24~" });
  await crowd.tell("quiet");
  const of = (values: readonly number[]) =>
    `p50 ${quantile(values, 0.5).toFixed(2)}, p99 ${quantile(values, 0.99).toFixed(2)}, worst ${
      quantile(values, 1).toFixed(2)
    } ms`;
  console.log(`\nkey to echo with ${place.friends.length} friends who each send one message a second: ${of(times)}`);
  console.log(`the same for cat, of ${floor.length} keys:                              ${of(floor)}`);
  console.log(
    `${times.length} keys; ${messages} messages came meanwhile; F12 after it took ${ended.ms.toFixed(1)} ms`,
  );
  figures.check(`the friends' messages came (${messages})`, messages > place.friends.length);
  const p99 = quantile(times, 0.99);
  const enough = p99 <= ECHO_LIMIT_MS;
  if (enough || quiet()) figures.check(`key to echo p99 ${p99.toFixed(2)} ms, at most ${ECHO_LIMIT_MS} ms`, enough);
  else console.log(`NOT JUDGED: p99 ${p99.toFixed(2)} ms on a machine that is not quiet`);
}

/** With friends who talk, in tmux: after F12 neither its screen nor its history holds a word of theirs. */
async function history(crowd: Crowd, figures: Figures): Promise<void> {
  await using terminal = await Tmux.product(["connect", crowd.addresses[0] ?? ""]);
  await terminal.until(/nothing shows/);
  await terminal.line(PHRASE);
  await crowd.tell("talk");
  await terminal.until(/says word \d+[^]*says word \d+/, true, 30_000);
  await terminal.text("typed and not sent");
  await terminal.until(/typed and not/);
  await terminal.keys("F12");
  const after = await terminal.until(/ended \d+\n-?echo$/m, true);
  await crowd.tell("quiet");
  figures.check("tmux: ended with code 0, and the echo is on again", /ended 0/.test(after) && /^echo$/m.test(after));
  figures.check("tmux: screen and history hold no message", !/says word|typed and|is here|correct/.test(after));
}

/** The medians of both waits at the start; nobody types as fast as this, so the second is the longest it can be. */
async function startUp(
  pty: Pty,
  home: string,
  than: string | undefined,
  runs: number,
  figures: Figures,
): Promise<void> {
  const env = { ...productEnvironment(), TERM: "xterm-256color" };
  const main = PRODUCT.at(-1) ?? "";
  const trees = [main, ...(than === undefined ? [] : [`${than}/main.ts`])];
  const times = trees.map((tree) => ({ tree, prompt: [] as number[], chat: [] as number[] }));
  for (let run = 0; run < runs; run++) {
    for (const { tree, prompt, chat } of times) {
      const began = performance.now();
      await pty.open([Deno.execPath(), ...PRODUCT.slice(0, -1), tree, ...LISTEN()], env, home);
      await pty.until(PROMPT);
      const asked = performance.now();
      await pty.write(`${PHRASE}\r`);
      await pty.until("tretching the phrase");
      prompt.push(asked - began);
      chat.push(performance.now() - asked);
    }
  }
  for (const { tree, prompt, chat } of times) {
    console.log(
      `${quantile(prompt, 0.5).toFixed(1)} ms to the prompt, ${
        quantile(chat, 0.5).toFixed(1)
      } ms from Enter to the chat: ${tree}`,
    );
  }
  const [ours, theirs] = times;
  if (ours === undefined || theirs === undefined) return;
  for (const what of ["prompt", "chat"] as const) {
    const slower = quantile(ours[what], 0.5) - quantile(theirs[what], 0.5);
    const figure = `${what}: ${slower.toFixed(1)} ms slower, at most ${START_LIMIT_MS} ms`;
    if (slower <= START_LIMIT_MS || quiet()) figures.check(figure, slower <= START_LIMIT_MS);
    else console.log(`NOT JUDGED, the machine is not quiet: ${figure}`);
  }
}

function quiet(): boolean {
  return (Deno.loadavg()[0] ?? 0) / navigator.hardwareConcurrency <= QUIET_LOAD;
}

/** Where the time goes between the key and the end. Under strace everything is slower; the proportions tell. */
async function profile(situation: Situation, place: Place, home: string): Promise<void> {
  const env = { ...productEnvironment(), TERM: "xterm-256color" };
  const { pty } = place;
  const pid = await pty.open([Deno.execPath(), ...PRODUCT, ...situation.args(place)], env, home);
  await situation.reach(place);
  await using tracer = new Child(["strace", "-f", "-r", "-p", String(pid)]);
  await tracer.until(/ attached/);
  await pty.rest(100);
  const ended = await pty.end({ how: "bytes", value: "\x1b[24~" });
  await tracer.exit;
  const lines = tracer.said.split("\n");
  console.log(lines.slice(lines.findLastIndex((line) => line.includes("[24~"))).join("\n"));
  console.log(`${situation.name}: ${ended.ms.toFixed(1)} ms under strace`);
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      short: { type: "boolean", default: false },
      echo: { type: "boolean", default: false },
      start: { type: "boolean", default: false },
      than: { type: "string" },
      profile: { type: "boolean", default: false },
      runs: { type: "string" },
      full: { type: "string" },
      minutes: { type: "string" },
      first: { type: "boolean", default: false },
      friends: { type: "string", default: "32" },
      only: { type: "string" },
    },
  });
  if (Deno.build.os !== "linux" || !hasProgram("python3")) {
    console.log("SKIPPED: F12 is measured on Linux with python3.");
    return tellCounts({ skipped: 1 });
  }
  const { short } = values;
  const runs = Number(values.runs ?? (short ? 1 : 3));
  const full = Number(values.full ?? (short ? 4 : 200));
  const limitMs = Number(values.minutes ?? (short ? 0.2 : 12)) * 60_000;
  await fetchDependencies();
  const home = await Deno.makeTempDir({ prefix: "sesame-panic-" });
  const figures = new Figures();
  let skipped = 0;
  try {
    await using pty = new Pty(values.first);
    await using crowd = await Crowd.start(Number(values.friends));
    // Deno accepts nothing by itself: the system takes the connection, and nobody ever answers.
    using silence = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const place = { pty, silent: `127.0.0.1:${silence.addr.port}`, friends: crowd.addresses };
    console.log(
      `load ${Deno.loadavg().map((load) => load.toFixed(1)).join(" ")}, ${navigator.hardwareConcurrency} cores`,
    );
    const situations = SITUATIONS.filter(({ name }) => name.includes(values.only ?? ""));
    if (values.profile) {
      for (const situation of situations) await profile(situation, place, home);
      return 0;
    }
    if (values.start) {
      await startUp(pty, home, values.than, short ? 5 : 21, figures);
    } else if (values.echo) await echo(place, crowd, short ? 120 : 600, home, figures);
    else {
      for (const [i, situation] of situations.entries()) {
        // In short, F12 as most terminals send it and one other way, in turn.
        const ways = short ? [...WAYS.slice(0, 1), ...WAYS.slice(1 + i).slice(0, 1), KILL] : [...WAYS, KILL];
        if (situation.crowd) await fullRoom(situation, place, home, figures, short, full, limitMs);
        else await eachWay(situation, ways, place, home, figures, runs);
      }
      printTable(situations, figures);
      for (const situation of situations) judge(situation, figures);
      if (!hasProgram("tmux")) skipped++;
      else await history(crowd, figures);
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
  console.log(`load ${Deno.loadavg().map((load) => load.toFixed(1)).join(" ")}`);
  return tellCounts({ passed: figures.passed, failed: figures.failed, skipped });
}

/** Every way, one after the other, so that what else the machine does meets them all alike. */
async function eachWay(
  situation: Situation,
  ways: readonly (Ending & { readonly name: string })[],
  place: Place,
  home: string,
  figures: Figures,
  runs: number,
): Promise<void> {
  for (let run = 0; run < runs; run++) {
    for (const way of ways) {
      figures.add(situation, way.name, await once(situation, way, place, home));
      // A second SIGKILL, for its p99 is what all the others are measured by.
      if (way === KILL && runs > 1) figures.add(situation, way.name, await once(situation, way, place, home));
    }
  }
}

/** F12 and SIGKILL in turn, as often as the time allows; before that each other way once. */
async function fullRoom(
  situation: Situation,
  place: Place,
  home: string,
  figures: Figures,
  short: boolean,
  full: number,
  limitMs: number,
): Promise<void> {
  const until = performance.now() + limitMs;
  const others = short ? [] : WAYS.slice(1);
  for (const way of others) figures.add(situation, way.name, await once(situation, way, place, home));
  const [f12] = WAYS;
  for (let run = 0; run < full && f12 !== undefined; run++) {
    for (const way of [f12, KILL]) figures.add(situation, way.name, await once(situation, way, place, home));
    if (performance.now() > until) {
      console.log(`with friends: the time is over after ${run + 1} of ${full} runs`);
      return;
    }
  }
}

function judge(situation: Situation, figures: Figures): void {
  const all = WAYS.flatMap(({ name }) => figures.of(situation, name));
  const kill = figures.of(situation, KILL.name);
  const [p99, killP99] = [quantile(all, 0.99), quantile(kill, 0.99)];
  const figure = `${situation.name}: p99 ${p99.toFixed(1)} ms, SIGKILL ${killP99.toFixed(1)} ms, ${
    (p99 / killP99).toFixed(2)
  } times (${all.length} and ${kill.length} runs)`;
  if (!situation.crowd) return;
  // Of four runs the worst is no p99: then only the time counts, and only on a quiet machine.
  if (all.length >= JUDGED_RUNS) figures.check(`${figure}, at most ${RATIO_MAX} times`, p99 <= RATIO_MAX * killP99);
  else console.log(`NOT JUDGED, too few: ${figure}`);
  if (p99 <= LIMIT_MS || quiet()) {
    figures.check(`${situation.name}: p99 ${p99.toFixed(1)} ms, at most ${LIMIT_MS} ms`, p99 <= LIMIT_MS);
  } else console.log(`NOT JUDGED, the machine is not quiet: p99 ${p99.toFixed(1)} ms, at most ${LIMIT_MS} ms`);
}

const JUDGED_RUNS = 20;
/** Leaves the second screen. */
const LEFT = "\x1b[?1049l";

if (import.meta.main) Deno.exit(await main());
