// The runs of `deno task check memory`: which processes are started, at which points their memory is read, what is judged.
// Scope: the order of things, checks, the report. Out of scope: searching (scan.ts), being the friend (friend.ts).

import { wordlist } from "@scure/bip39/wordlists/english.js";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { TemporaryFolder } from "../../scripts/release/files.ts";
import { tellCounts } from "../../scripts/suites.ts";
import { generate } from "../../src/auth/words.ts";
import { Child, pause } from "../harness/child.ts";
import { ran } from "../harness/command.ts";
import type { Sesame } from "../harness/process.ts";
import { scripted } from "../harness/process_pair.ts";
import { denoDir, hasProgram, PRODUCT } from "../harness/product.ts";
import { ProjectCopy } from "../harness/project_copy.ts";
import { piecesNow, Watch } from "./arena.ts";
import { FalseListener, random, Wire } from "../reference/reference.ts";
import { Friend, stretch } from "./friend.ts";
import { type Kind, KINDS, Ledger } from "./ledger.ts";
import { ProcessMemory } from "./memory.ts";
import { cannotBeOrdinary, OrdinaryUser, UID } from "./ordinary.ts";
import { type Scan, scan, searchFile, table } from "./scan.ts";
import { portOfNobody } from "../harness/tcp.ts";
import { Tmux } from "../harness/tmux.ts";

/** How many copies may be found; a kind that is not there may have none. */
export type Thresholds = Readonly<Partial<Record<Kind | "PEM texts of the certificate's key", Limit>>>;
export interface Limit {
  readonly inside?: number;
  readonly outside?: number;
  readonly halves?: number;
}

const INTERVAL_MS = 50;
const MESSAGES_EACH_WAY = 50;
const ATTEMPTS = 4;
const NEXT_CALL_MS = 20_000;
/** A caller gives up on a listener that lets it down a third time (DIAL_GUESSES_PER_TARGET). */
const CALLS_LET_DOWN = 2;
/** A product that runs has twice as much. */
const PROCESS_MIB_MIN = 30;

export async function runTrace(args: readonly string[]): Promise<number> {
  const planted = args.includes("--planted");
  const only = args.find((arg) => arg.startsWith("--runs"))?.split("=")[1] ?? args[args.indexOf("--runs") + 1];
  const wanted = args.some((arg) => arg.startsWith("--runs")) ? only?.split(",") ?? [] : undefined;
  const trace = new Trace(await thresholds());
  const problem = await cannot();
  if (problem !== undefined) {
    for (const name of RUNS.keys()) trace.skip(name, problem);
    return trace.end();
  }
  using project = planted ? plantedProject() : undefined;
  if (project !== undefined) trace.product = commandOf(project);
  for (const [name, body] of RUNS) {
    if (wanted !== undefined ? !wanted.includes(name) : planted && name !== "listener") continue;
    trace.title(name);
    await body(trace, name).catch((error) =>
      trace.check(`${name}: runs to its end`, false, String(error?.stack ?? error))
    );
  }
  return trace.end();
}

const RUNS: ReadonlyMap<string, (trace: Trace, name: string) => Promise<void>> = new Map([
  ["prompt", (trace) => promptRun(trace, ownWords())],
  ["prompt not ASCII", (trace) => promptRun(trace, foreignWords())],
  ["listener", (trace) => listenerRun(trace, ownWords(), MESSAGES_EACH_WAY)],
  ["not ASCII", (trace) => listenerRun(trace, foreignWords(), 10)],
  ["dialer", dialerRun],
  ["asked again", askedAgainRun],
  ["exits", exitsRun],
  ["core dumps", coreRun],
  ["same user", sameUserRun],
  ["planted", plantedRun],
]);

// --- The runs -------------------------------------------------------------------------------------------------------

/** The phrase stands typed at the hidden prompt of a real terminal; then Enter, a friend, F12. */
async function promptRun(trace: Trace, phrase: string): Promise<void> {
  if (!hasProgram("tmux")) return trace.skip("the prompt", "needs tmux");
  const ledger = phraseLedger(phrase);
  await using terminal = await trace.prompt(["listen", "127.0.0.1:0", "--plain"]);
  await terminal.text(typedForm(phrase));
  await pause(300);
  using memory = new ProcessMemory(await terminal.pid());
  // What is not ASCII stands there as it was typed, and its NFKC not yet.
  const [typed, normal] = ledger.secrets;
  if (normal?.kind === "phrase, not ASCII") [typed!.state, normal.state] = ["live", "gone"];
  const { tallies } = await trace.look("at the prompt, phrase typed, Enter not pressed", memory, ledger);
  trace.check("the prompt: the phrase stands in the arena", tallies.get(typed!.kind)?.missing === 0);
  if (normal?.kind === "phrase, not ASCII") [typed!.state, normal.state] = ["gone", "live"];
  await terminal.keys("Enter");
  const address = await addressOf(terminal);
  const friend = await meet(memory, ledger, phrase, address);
  await friend.cells(2);
  await terminal.line("typed on the terminal");
  await friend.heard((m) => m.type === "chat");
  await trace.quiet("on a terminal, after a message", memory, friend);
  friend.close();
}

/** Where it listens, once the line stands there whole: a terminal can be looked at while only half of the port is. */
async function addressOf(terminal: Tmux): Promise<string> {
  const line = /aiting for friends on (\S+:\d+)\./;
  return line.exec(await terminal.until(line))?.[1] ?? "";
}

/** The product listens: before the answer, after authentication, after many messages, a skipped key, the friend gone. */
async function listenerRun(trace: Trace, phrase: string, messages: number): Promise<void> {
  const ledger = phraseLedger(phrase);
  await using product = await trace.start(["listen", "127.0.0.1:0"], phrase);
  const address = String((await product.event("listening")).address);
  using memory = new ProcessMemory(product.pid);
  const friend = new Friend(await Wire.dial(address), ledger, (length) => piecesNow(memory, length));
  const offer = await friend.offered();
  const stretched = await stretch(ledger, phrase, offer.salt);
  friend.learnOffer(offer, stretched);
  const offered = await trace.look("offer sent, no answer yet", memory, ledger);
  for (const kind of ["phrase", "x or y", "KEM seed", "DH private keys"] as const) {
    const row = offered.tallies.get(kind);
    if (row !== undefined) trace.check(`${kind}: known, and found in the arena`, row.live > 0 && row.missing === 0);
  }
  await friend.answer(offer, stretched);
  await trace.quiet("after authentication", memory, friend);

  await talk(product, friend, ledger, messages);
  await trace.quiet(`after ${2 * messages} messages`, memory, friend);

  const held = friend.sealed();
  friend.chat("this one overtakes another cell");
  friend.skipped(held.messageKey, "live");
  await trace.quiet("a skipped key waits", memory, friend);
  friend.send(held.frame);
  friend.skipped(held.messageKey, "gone");
  await trace.quiet("the skipped key was used", memory, friend);
  trace.check(
    "every private key of the product was seen in its arena",
    friend.missed === 0,
    `${friend.missed} were not`,
  );

  friend.bye();
  await product.event("left");
  friend.ended();
  await pause(100);
  await trace.look("the friend has left", memory, ledger);
  nothingElsewhere(trace, product, ledger);
}

/** So many messages each way. */
async function talk(product: Sesame, friend: Friend, ledger: Ledger, messages: number): Promise<void> {
  for (let i = 0; i < messages; i++) {
    const [there, back] = [messageText(ledger), messageText(ledger)];
    friend.chat(there);
    await product.say(back);
    await friend.heard((m) => m.type === "chat" && m.text === back);
    await product.like("message", { text: there });
  }
}

/** The product calls, twice: the second time its phrase is stretched already, and x is caught while it is there. */
async function dialerRun(trace: Trace): Promise<void> {
  const phrase = ownWords();
  const ledger = phraseLedger(phrase);
  await using listener = await FalseListener.open();
  // Somebody else is called all the while, so that the program goes on when a call is over.
  const args = ["connect", listener.address, `127.0.0.1:${portOfNobody()}`];
  await using product = await trace.start(args, phrase);
  const next = () => listener.accept(NEXT_CALL_MS);
  const link = await next();
  using memory = new ProcessMemory(product.pid);
  const stretched = await stretch(ledger, phrase, random(16));
  const peek = (length: number) => piecesNow(memory, length);
  let friend = new Friend(link, ledger, peek);
  let offered = friend.offer(stretched);
  await friend.answered(offered, stretched);
  await trace.look("the product has answered", memory, ledger);
  // Calls are let down until x has been seen: the phrase is stretched by then, so x is drawn as soon as the offer is
  // there, and wiped a millisecond later.
  let last: Awaited<ReturnType<Friend["answered"]>> | undefined;
  let caught = false;
  for (let attempt = 0; attempt < CALLS_LET_DOWN && !caught; attempt++) {
    friend.close();
    friend.ended();
    ledger.set("gone", "K", "transcript", "Ke, Ka", "KcA, KcB", "ctx", "ss");
    // A call that has answered a stranger is over.
    const over = () => product.all("refused").filter(({ address }) => address === listener.address).length > attempt;
    await product.until(() => over() || undefined, "the call's end");
    await product.say(`/connect ${listener.address}`);
    const again = await next();
    using watch = new Watch(product.pid);
    await pause(300);
    friend = new Friend(again, ledger, peek);
    offered = friend.offer(stretched);
    last = await friend.answered(offered, stretched);
    caught = friend.learnX(last.answer, stretched, await watch.seen());
  }
  if (last === undefined) throw new Error("the product did not answer");
  const { answer, secrets } = last;
  if (caught) trace.check("x was seen in the arena", true);
  else trace.skip("x of the dialer", "it was wiped before it was seen");
  await trace.look("the product has answered again, x known", memory, ledger);
  friend.accept(offered, answer, secrets);
  await trace.quiet("after authentication", memory, friend);
  await talk(product, friend, ledger, 5);
  await trace.quiet("after 10 messages", memory, friend);
  friend.answers = false;
  await friend.renewing();
  await trace.quiet("the key of a renewal has left", memory, friend);
  friend.answers = true;
  friend.send(friend.session.dummy());
  await trace.quiet("the renewal is done", memory, friend);
  trace.check(
    "every private key of the product was seen in its arena",
    friend.missed === 0,
    `${friend.missed} were not`,
  );
  friend.close();
  friend.ended();
  await pause(200);
  await trace.look("the connection is lost", memory, ledger);
  nothingElsewhere(trace, product, ledger);
}

/** The phrase was refused and is asked for once more: of the old one and what came of it nothing is left. */
async function askedAgainRun(trace: Trace): Promise<void> {
  if (!hasProgram("tmux")) return trace.skip("asked again", "needs tmux");
  const phrase = ownWords();
  const ledger = phraseLedger(phrase);
  await using listener = await FalseListener.open();
  await using terminal = await trace.prompt(["connect", listener.address]);
  await terminal.line(phrase);
  const wire = await listener.accept();
  using memory = new ProcessMemory(await terminal.pid());
  const stretched = await stretch(ledger, phrase, random(16));
  const friend = new Friend(wire, ledger, (length) => piecesNow(memory, length));
  await friend.answered(friend.offer(stretched), stretched);
  await trace.look("the product has answered with a phrase that will be refused", memory, ledger);
  friend.close();
  await terminal.until(/Ctrl-C\s+leaves\.\s+Phrase/, true);
  friend.ended();
  allGone(ledger);
  await trace.look("the phrase was refused, and is asked for once more", memory, ledger);
  await terminal.line(ownWords());
  await listener.accept(NEXT_CALL_MS);
  await trace.look("the product calls with another phrase", memory, ledger);
}

/** Each way out but SIGKILL: the process is held at its very last system call, and its memory read. */
async function exitsRun(trace: Trace): Promise<void> {
  if (!hasProgram("strace")) return trace.skip("exits", "needs strace");
  const held = async (way: string, ledger: Ledger, phrase: string, pid: number, at: string, leave: () => unknown) => {
    using memory = new ProcessMemory(pid);
    const friend = await meet(memory, ledger, phrase, at);
    await friend.cells(2);
    await using hold = await HeldExit.of(pid);
    await leave();
    await hold.reached();
    friend.ended();
    allGone(ledger);
    await trace.look(`at the last system call after ${way}`, memory, ledger, false);
    friend.close();
  };
  const ways: [string, (product: Sesame) => unknown][] = [
    ["SIGTERM", (product) => product.signal("SIGTERM")],
    ["/quit", (product) => product.say("/quit")],
    ["end of input", (product) => product.endInput()],
    ["SIGINT", (product) => product.signal("SIGINT")],
  ];
  for (const [way, leave] of ways) {
    const phrase = ownWords();
    const ledger = phraseLedger(phrase);
    await using product = await trace.start(["listen", "127.0.0.1:0"], phrase);
    const address = String((await product.event("listening")).address);
    await held(way, ledger, phrase, product.pid, address, () => leave(product));
  }
  if (!hasProgram("tmux")) return trace.skip("exit by F12", "needs tmux");
  const phrase = ownWords();
  const ledger = phraseLedger(phrase);
  await using terminal = await trace.prompt(["listen", "127.0.0.1:0"]);
  await terminal.line(phrase);
  const address = await addressOf(terminal);
  await held("F12", ledger, phrase, await terminal.pid(), address, () => terminal.keys("F12"));
}

/** A dump made by root has everything but the arena; a crash leaves none, although the shell allows it. */
async function coreRun(trace: Trace): Promise<void> {
  if (!hasProgram("gcore")) return trace.skip("core dumps", "needs gcore");
  const phrase = ownWords();
  const ledger = phraseLedger(phrase);
  await using product = await trace.start(["listen", "127.0.0.1:0"], phrase, 'ulimit -c unlimited; exec "$@"');
  const address = String((await product.event("listening")).address);
  using memory = new ProcessMemory(product.pid);
  const friend = await meet(memory, ledger, phrase, address);
  const text = messageText(ledger);
  friend.chat(text);
  await product.like("message", { text });
  using folder = new TemporaryFolder("core");
  try {
    const made = await ran(["gcore", "-o", `${folder.path}/core`, `${product.pid}`]);
    // 20 GB of address space with 60 MB in it: tar leaves the holes out.
    const packed = await ran(["tar", "-C", folder.path, "-S", "-cf", `${folder.path}/packed`, `core.${product.pid}`]);
    const found = packed.code === 0 ? searchFile(`${folder.path}/packed`, ledger) : new Map<Kind, number>();
    trace.check(
      "gcore by root: the dump was made, and holds a message",
      (found.get("message text") ?? 0) > 0,
      made.stderr,
    );
    found.delete("message text");
    const what = [...found].map(([kind, n]) => `${n} ${kind}`).join(", ");
    trace.check("gcore by root: no key and no phrase in the dump", made.code === 0 && found.size === 0, what);
    product.signal("SIGABRT");
    const { signal } = await product.ended();
    trace.check("kill -ABRT: the process dies of it", signal === "SIGABRT", `${signal}`);
    trace.check("kill -ABRT: no core file", product.leftBehind().length === 0, product.leftBehind().join(", "));
  } finally {
    friend.close();
  }
}

/** What another program of the same ordinary user may see of it. */
async function sameUserRun(trace: Trace): Promise<void> {
  const problem = cannotBeOrdinary();
  if (problem !== undefined) return trace.skip("the same user", problem);
  using user = new OrdinaryUser();
  const { program, args, env, cwd } = user.command(undefined, ["listen", "127.0.0.1:0", "--json", "--phrase-fd", "0"]);
  await using child = new Child([program, ...args], { env, cwd });
  await child.write(`${ownWords()}\n`);
  await child.until(/listening/);
  const asUser = (...command: string[]) =>
    ran(["setpriv", `--reuid=${UID}`, `--regid=${UID}`, "--clear-groups", "--bounding-set=-all", ...command]);
  const owner = (await asUser("id", "-u")).stdout.trim();
  trace.check("the process belongs to an ordinary user", owner === `${UID}`, owner);
  for (const file of ["environ", "mem", "maps", "auxv"]) {
    // By the reason, since address 0 of `mem` cannot be read by anybody, allowed or not.
    const denied = async (pid: string) =>
      /Permission denied/.test((await asUser("head", "-c", "1", `/proc/${pid}/${file}`)).stderr);
    trace.check(`control: of an unprotected process they may open ${file}`, !await denied("self"));
    trace.check(`the same user may not open /proc/PID/${file}`, await denied(`${child.pid}`));
  }
  if (hasProgram("gcore")) {
    await asUser("gcore", "-o", `${user.home}/core`, `${child.pid}`);
    const left = [...Deno.readDirSync(user.home)].map(({ name }) => name);
    trace.check("gcore by the same user is refused", !left.some((name) => name.startsWith("core")), left.join(", "));
  } else trace.skip("gcore by the same user", "needs gcore");
}

/** A copy of the program that keeps the phrase as a string: the scan must find that, or its zeros mean nothing. */
async function plantedRun(trace: Trace): Promise<void> {
  using project = plantedProject();
  const phrase = ownWords();
  const ledger = phraseLedger(phrase);
  await using product = await scripted(["listen", "127.0.0.1:0"], { phrase, command: commandOf(project) });
  await product.event("listening");
  using memory = new ProcessMemory(product.pid);
  const { tallies } = scan(memory, ledger);
  const found = tallies.get("phrase")?.outside ?? 0;
  trace.check("a copy that is planted in a global is found", found > 0, `${found} copies outside the arena`);
}

// --- Pieces ---------------------------------------------------------------------------------------------------------

/** Calls the product and authenticates. */
async function meet(memory: ProcessMemory, ledger: Ledger, phrase: string, address: string): Promise<Friend> {
  const friend = new Friend(await Wire.dial(address), ledger, (length) => piecesNow(memory, length));
  const offer = await friend.offered();
  const stretched = await stretch(ledger, phrase, offer.salt);
  friend.learnOffer(offer, stretched);
  await friend.answer(offer, stretched);
  return friend;
}

/** The phrase is typed decomposed where that makes a difference, so that both spellings can be looked for. */
function phraseLedger(phrase: string): Ledger {
  const ledger = new Ledger();
  const bytes = bytesOf(phrase.normalize("NFKC"));
  if (bytes.length === phrase.length) {
    ledger.learn("phrase", bytes, "live", "wide", phrase);
    ledger.learn("word numbers of the phrase", wordNumbers(phrase), "gone", "wide");
  } else {
    ledger.learn("phrase as typed, not ASCII", bytesOf(typedForm(phrase)), "gone", "wide", typedForm(phrase));
    ledger.learn("phrase, not ASCII", bytes, "live", "wide", phrase.normalize("NFKC"));
  }
  return ledger;
}

function typedForm(phrase: string): string {
  return phrase.normalize("NFD");
}

/** A fresh phrase as `sesame phrase` prints it. */
function ownWords(): string {
  return generate(
    7,
    (into) => crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
    (from, into) => into.set(createHash("sha256").update(from).digest()),
  );
}

/** Random letters with marks, and others that NFKC changes. It stands in no source, since the runtime's cache keeps those. */
function foreignWords(): string {
  const letters = [..."äöüéñçåščžļêộ№ßж密한"];
  return [...random(24)].map((byte, i) => i % 6 === 5 ? " " : letters[byte % letters.length]!).join("").trim();
}

/** As `auth/words.ts` computes the checksum over them: each as two bytes, the higher first. */
function wordNumbers(phrase: string): Uint8Array {
  return Uint8Array.from(
    phrase.split(" ").flatMap((word) => {
      const index = wordlist.indexOf(word);
      return [index >> 8, index & 0xff];
    }),
  );
}

let texts = 0;

function messageText(ledger: Ledger): string {
  const text = `message ${++texts} ${random(6).toHex()}`;
  ledger.learn("message text", bytesOf(text), "unknown");
  return text;
}

function allGone(ledger: Ledger): void {
  for (const secret of ledger.secrets) if (secret.kind !== "message text") secret.state = "gone";
}

/** Neither in what it printed, nor in its arguments and environment, nor in a file. */
function nothingElsewhere(trace: Trace, product: Sesame, ledger: Ledger): void {
  const said = [
    ["output", product.events.map((e) => JSON.stringify(e)).join("\n") + product.lines.join("\n")],
    ["standard error", product.stderr],
    ["arguments", Deno.readTextFileSync(`/proc/${product.pid}/cmdline`)],
    ["environment", Deno.readTextFileSync(`/proc/${product.pid}/environ`)],
  ] as const;
  for (const [where, text] of said) {
    const held = ledger.secrets.filter(({ kind, bytes, text: spelt }) => {
      if (kind === "message text") return false;
      const forms = [bytes.toHex(), bytes.toBase64(), spelt ?? new TextDecoder("latin1").decode(bytes)];
      return forms.some((form) => text.includes(form));
    });
    trace.check(`${where}: no secret`, held.length === 0, held.map(({ kind }) => kind).join(", "));
  }
  // Run from source, the runtime keeps what it compiled: code of ours, and nothing that a run put in.
  const caches = [...Deno.readDirSync(denoDir())].filter(({ isFile }) => isFile).map(({ name }) => name);
  const kept = caches.filter((name) => {
    const path = `${denoDir()}/${name}`;
    // Another Deno of this machine may have put its journal away meanwhile.
    return existsSync(path) && [...searchFile(path, ledger).values()].some((n) => n > 0);
  });
  trace.check(
    `the runtime's ${caches.length} cache files: no secret and no message`,
    kept.length === 0,
    kept.join(", "),
  );
  const entries = ownCacheEntries();
  trace.check(
    "the runtime's cache of compiled code: no entry for this run alone",
    entries.isSubsetOf(trace.cacheEntries),
    `${entries.difference(trace.cacheEntries).size} new`,
  );
  trace.check("home: nothing written", product.leftBehind().length === 0, product.leftBehind().join(", "));
}

/** What compiled code is kept of addresses that are made again in each run: their number would tell how many there were. */
function ownCacheEntries(): Set<string> {
  const file = `${denoDir()}/v8_code_cache_v2`;
  if (!existsSync(file)) return new Set();
  using cache = new DatabaseSync(file, { readOnly: true });
  const rows = cache.prepare("SELECT specifier FROM codecache WHERE specifier LIKE 'blob:%'").all();
  return new Set(rows.map(({ specifier }) => String(specifier)));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** strace holds a process at `exit_group`; long enough to read it, then it goes. */
class HeldExit implements AsyncDisposable {
  private constructor(readonly strace: Child) {}

  static async of(pid: number): Promise<HeldExit> {
    const what = ["-e", "trace=exit_group,kill", "-e", "inject=exit_group:delay_enter=4s"];
    const strace = new Child(["strace", "-f", "-p", `${pid}`, ...what]);
    await strace.until(/attached/);
    await pause(200); // every thread of it
    return new HeldExit(strace);
  }

  async reached(): Promise<void> {
    await this.strace.until(/exit_group\(/);
    await pause(50);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.strace[Symbol.asyncDispose]();
  }
}

/** A copy of the program with one line added. */
function plantedProject(): ProjectCopy {
  const project = new ProjectCopy();
  const leak = "(globalThis as Record<string, unknown>).planted = String.fromCharCode(...phrase.bytes);";
  project.plant("src/chat/stretcher.ts", "this.#phrase = phrase;", (line) => `${line}\n    ${leak}`);
  return project;
}

/** The product out of it. */
function commandOf({ folder }: ProjectCopy): readonly string[] {
  return [...PRODUCT.slice(0, -1), `${folder}/main.ts`];
}

// --- What is judged, and told ---------------------------------------------------------------------------------------

async function thresholds(): Promise<Thresholds> {
  return JSON.parse(await Deno.readTextFile(new URL("thresholds.json", import.meta.url))) as Thresholds;
}

/** Why nothing can be scanned here. */
async function cannot(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return "needs Linux";
  await using product = await scripted(["listen", "127.0.0.1:0"], { phrase: ownWords() });
  await product.event("listening");
  try {
    using memory = new ProcessMemory(product.pid);
    return memory.arena() === undefined ? "memory cannot be locked here, so the arena is not to be told" : undefined;
  } catch {
    return "the product's memory may not be read: needs root";
  }
}

class Trace {
  product: readonly string[] = PRODUCT;
  /** Before the first run. */
  readonly cacheEntries = ownCacheEntries();
  readonly #thresholds: Thresholds;
  /** The worst of each kind over all points. */
  readonly #worst = new Map<Kind, { live: number; gone: number; inside: number; outside: number; parts: number }>();
  #passed = 0;
  #failed = 0;
  #skipped = 0;
  #run = "";

  constructor(thresholds: Thresholds) {
    this.#thresholds = thresholds;
  }

  async start(args: readonly string[], phrase: string, shell?: string): Promise<Sesame> {
    return await scripted([...args, "--interval", `${INTERVAL_MS}`], {
      phrase: typedForm(phrase),
      command: this.product,
      ...(shell === undefined ? {} : { shell }),
    });
  }

  /** In a terminal, at its prompt. */
  async prompt(args: readonly string[]): Promise<Tmux> {
    const terminal = await Tmux.product(args, this.product, { columns: 120, rows: 30 });
    await terminal.until("Phrase");
    await pause(500); // keys wait in the terminal until the arena is there
    return terminal;
  }

  title(run: string): void {
    this.#run = run;
    console.log(`--- ${run}`);
  }

  check(what: string, holds: boolean, why = ""): void {
    if (holds) this.#passed++;
    else this.#failed++;
    console.log(`${holds ? "ok     " : "FAILED "} ${what}${why === "" || holds ? "" : `: ${why}`}`);
  }

  skip(what: string, why: string): void {
    this.#skipped++;
    console.log(`SKIPPED ${what}: ${why}`);
  }

  /** Waits until nothing is under way between the two, and scans. */
  async quiet(point: string, memory: ProcessMemory, friend: Friend): Promise<Scan> {
    for (let attempt = 1;; attempt++) {
      do await friend.cells(3); while (friend.asks);
      const result = await this.#measure(memory, friend.ledger, true, friend);
      // A process that was stopped between sealing a cell and sending it stands one step further than its friend knows.
      const ahead = [...result.tallies.values()].some(({ missing }) => missing > 0);
      if (!ahead || attempt === ATTEMPTS) return this.#report(point, result);
    }
  }

  /** Stops the process, scans, judges, prints and lets it go on. */
  async look(point: string, memory: ProcessMemory, ledger: Ledger, stop = true): Promise<Scan> {
    return this.#report(point, await this.#measure(memory, ledger, stop));
  }

  async #measure(memory: ProcessMemory, ledger: Ledger, stop: boolean, friend?: Friend): Promise<Scan> {
    if (stop) Deno.kill(memory.pid, "SIGSTOP");
    try {
      if (stop) await pause(60); // what is in the socket comes in
      friend?.settle();
      return scan(memory, ledger);
    } finally {
      if (stop) Deno.kill(memory.pid, "SIGCONT");
    }
  }

  #report(point: string, result: Scan): Scan {
    const { secrets, megabytes, ms, lockedKib, pemKeys } = result;
    console.log(
      `  ${this.#run}: ${point} (${secrets} secrets, ${megabytes.toFixed(0)} MiB in ${(ms / 1000).toFixed(1)} s, ` +
        `${lockedKib} KiB locked, ${pemKeys} PEM texts of the certificate's key)`,
    );
    console.log(table(result));
    this.#judge(point, result);
    return result;
  }

  #judge(point: string, { tallies, pemKeys, megabytes }: Scan): void {
    const over: string[] = [];
    // A process that has gone holds no secret either: that must not pass for a good result.
    if (megabytes < PROCESS_MIB_MIN) over.push(`only ${megabytes.toFixed(0)} MiB could be read`);
    for (const [kind, row] of tallies) {
      const worst = this.#worst.get(kind) ?? { live: 0, gone: 0, inside: 0, outside: 0, parts: 0 };
      for (const key of ["live", "gone", "inside", "outside", "parts"] as const) {
        worst[key] = Math.max(worst[key], row[key]);
      }
      this.#worst.set(kind, worst);
      if (row.missing > 0) over.push(`${row.missing} live ${kind} not found in the arena`);
      if (kind === "message text") continue;
      const limit = this.#thresholds[kind] ?? {};
      if (row.inside > (limit.inside ?? 0)) over.push(`${row.inside} of disposed ${kind} in the arena`);
      if (row.outside > (limit.outside ?? 0)) over.push(`${row.outside} of ${kind} outside`);
      if (row.parts > (limit.halves ?? 0)) over.push(`${row.parts} halves of ${kind} outside`);
    }
    const pem = this.#thresholds["PEM texts of the certificate's key"]?.outside ?? 0;
    if (pemKeys > pem) over.push(`${pemKeys} PEM texts of the certificate's key`);
    this.check(`${this.#run}: ${point}`, over.length === 0, over.join("; "));
  }

  end(): number {
    console.log(
      `--- the worst of each, over all points\n${"secret".padEnd(30)}   live   gone  in arena  outside  halves`,
    );
    for (const kind of KINDS) {
      const row = this.#worst.get(kind);
      if (row === undefined) continue;
      const cells = [[row.live, 7], [row.gone, 7], [row.inside, 10], [row.outside, 9], [row.parts, 8]] as const;
      console.log(kind.padEnd(30) + cells.map(([n, width]) => `${n}`.padStart(width)).join(""));
    }
    return tellCounts({ passed: this.#passed, failed: this.#failed, skipped: this.#skipped });
  }
}
