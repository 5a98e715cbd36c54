// `deno task demo`: Sesame tried alone. Two real processes, each with its exact permissions, talk over loopback under a
// fresh phrase. With a terminal you are one of the two and the other answers; without one, ten messages go each way and
// are printed as it happens, and the exit code is 0 only if every one was delivered.

import {
  eventsOf,
  fetchDependencies,
  PRODUCT_ARGS,
  productEnvironment,
  startProduct,
} from "../tests/harness/product.ts";

const MESSAGES = 10;
const TIMEOUT_MS = 60_000;

type Happening = Record<string, unknown>;

/** A process with --json, its events and its lines of input. */
class Side {
  readonly name: string;
  readonly child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #seen: Happening[] = [];
  #changed: () => void = () => {};
  #ended = false;

  constructor(name: string, args: string[], phrase: string, onEvent: (event: Happening) => void) {
    this.name = name;
    this.child = startProduct([...args, "--json", "--phrase-fd", "0", "--name", name]);
    this.#input = this.child.stdin.getWriter();
    void this.say(phrase); // the first line of standard input
    const { child } = this;
    void (async () => {
      for await (const event of eventsOf(child)) {
        this.#seen.push(event);
        onEvent(event);
        this.#changed();
      }
      this.#ended = true;
      this.#changed();
    })();
  }

  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  async endInput(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  /** The first `count` events of a kind; throws when the process ends before. */
  async wait(kind: string, count = 1): Promise<Happening[]> {
    for (;;) {
      const found = this.#seen.filter((event) => event.event === kind);
      if (found.length >= count) return found;
      if (this.#ended) throw new Error(`${this.name} ended before "${kind}"`);
      await new Promise<void>((done) => this.#changed = done);
    }
  }
}

async function freshPhrase(): Promise<string> {
  const child = startProduct(["phrase"]);
  await child.stdin.close();
  return new TextDecoder().decode((await child.output()).stdout).trim();
}

async function scripted(phrase: string): Promise<boolean> {
  const say = (name: string, text: string) => console.log(`${name.padEnd(6)} ${text}`);
  const texts = new Map<unknown, unknown>();
  let deliveredTo = 0;
  const show = (name: string, other: string) => (event: Happening) => {
    if (event.event === "listening") say(name, `listens on ${event.address}`);
    if (event.event === "stretching" && event.done === false) say(name, "stretches the phrase (Argon2id) ...");
    if (event.event === "connected") {
      say(name, `is connected; peer ${String(event.peer).slice(0, 8)}, direction ${event.direction}`);
    }
    if (event.event === "message") {
      texts.set(event.id, event.text);
      say(name, `reads: ${event.text}`);
    }
    if (event.event === "delivered") {
      deliveredTo++;
      say(name, `knows that ${other} has read: ${texts.get(event.id) ?? event.id}`);
    }
    if (event.event === "left") say(name, `says that the other has left (${event.reason})`);
    if (event.event === "refused" || event.event === "problem") say(name, JSON.stringify(event));
  };
  const anna = new Side("anna", ["listen", "127.0.0.1:0"], phrase, show("anna", "ben"));
  const [listening] = await anna.wait("listening");
  const ben = new Side("ben", ["connect", String(listening?.address)], phrase, show("ben", "anna"));
  try {
    await Promise.all([anna.wait("connected"), ben.wait("connected")]);
    for (let i = 1; i <= MESSAGES; i++) {
      await ben.say(`message ${i} from ben`);
      await anna.say(`message ${i} from anna`);
    }
    await Promise.all([anna.wait("delivered", MESSAGES), ben.wait("delivered", MESSAGES)]);
    await ben.endInput();
    await anna.wait("left");
    await anna.endInput();
    const codes = [(await ben.child.status).code, (await anna.child.status).code];
    return deliveredTo === 2 * MESSAGES && codes.every((code) => code === 0);
  } finally {
    for (const { child } of [anna, ben]) kill(child);
  }
}

async function withPerson(phrase: string): Promise<boolean> {
  console.log("Ali is a second Sesame on this machine; it answers what you write. F12 or Ctrl-C ends.");
  const ali = new Side("ali", ["listen", "127.0.0.1:0"], phrase, (event) => {
    if (event.event === "connected") {
      void ali.say("Hello! This is another process; every word between us went through TLS and the ratchet.");
    }
    if (event.event === "message") void ali.say(answer(String(event.text)));
  });
  try {
    const [listening] = await ali.wait("listening");
    const you = ["connect", String(listening?.address), "--name", "you"];
    // The phrase comes over descriptor 3; the terminal stays standard input. It is in no command line.
    const shell =
      'printf "%s\\n" "$SESAME_DEMO_PHRASE" | { unset SESAME_DEMO_PHRASE; exec "$@" --phrase-fd 3 3<&0 0</dev/tty; }';
    const chat = new Deno.Command("sh", {
      args: ["-c", shell, "sh", Deno.execPath(), ...PRODUCT_ARGS, ...you],
      clearEnv: true,
      env: { ...productEnvironment(), SESAME_DEMO_PHRASE: phrase },
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    }).spawn();
    return (await chat.status).success;
  } finally {
    kill(ali.child);
  }
}

function answer(text: string): string {
  const length = [...text].length;
  return `I have read your ${length} character${length === 1 ? "" : "s"}: “${[...text].slice(0, 40).join("")}${
    length > 40 ? "…" : ""
  }”`;
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended already.
  }
}

await fetchDependencies();
const phrase = await freshPhrase();
const person = Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && Deno.build.os !== "windows";
const timer = setTimeout(() => {
  console.error(`The demo did not end within ${TIMEOUT_MS / 1000} seconds.`);
  Deno.exit(1);
}, TIMEOUT_MS);
if (person) clearTimeout(timer);
let ok = false;
try {
  ok = await (person ? withPerson(phrase) : scripted(phrase));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
}
clearTimeout(timer);
if (!person) {
  console.log(ok ? `Every message was delivered, ${MESSAGES} each way.` : "Not every message was delivered.");
}
Deno.exit(ok ? 0 : 1);
