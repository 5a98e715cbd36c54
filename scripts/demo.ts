// `deno task demo`: Sesame tried alone. Two real processes, each with its exact permissions, talk over loopback under a
// fresh phrase. With a terminal you are one of the two and the other answers; without one, ten messages go each way and
// are printed as it happens, and the exit code is 0 only if every one was delivered.

import { Child } from "../tests/harness/child.ts";
import { type JsonEvent, Sesame } from "../tests/harness/process.ts";
import { fetchDependencies, PRODUCT, productEnvironment } from "../tests/harness/product.ts";

const MESSAGES = 10;
const TIMEOUT_MS = 60_000;
/** Where nothing is looked for: the product reads and writes no file. */
const HOME = "/nonexistent";

/** A process with --json that has the phrase. */
function side(name: string, args: string[], phrase: string, onEvent: (event: JsonEvent) => void): Promise<Sesame> {
  return Sesame.start([...args, "--json", "--phrase-fd", "0", "--name", name], { phrase, home: HOME, onEvent });
}

/** The first `count` events of a kind; throws when the process ends before. */
async function wait(side: Sesame, kind: string, count = 1): Promise<JsonEvent[]> {
  const enough = () => side.all(kind).length >= count ? side.all(kind) : undefined;
  return await side.until(enough, kind, TIMEOUT_MS);
}

async function freshPhrase(): Promise<string> {
  await using child = new Child([Deno.execPath(), ...PRODUCT, "phrase"], { env: productEnvironment() });
  await child.endInput();
  await child.ended;
  return child.said.trim();
}

async function scripted(phrase: string): Promise<boolean> {
  const say = (name: string, text: string) => console.log(`${name.padEnd(6)} ${text}`);
  const texts = new Map<unknown, unknown>();
  let deliveredTo = 0;
  const show = (name: string, other: string) => (event: JsonEvent) => {
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
  await using anna = await side("anna", ["listen", "127.0.0.1:0"], phrase, show("anna", "ben"));
  const [listening] = await wait(anna, "listening");
  await using ben = await side("ben", ["connect", String(listening?.address)], phrase, show("ben", "anna"));
  await Promise.all([wait(anna, "connected"), wait(ben, "connected")]);
  for (let i = 1; i <= MESSAGES; i++) {
    await ben.say(`message ${i} from ben`);
    await anna.say(`message ${i} from anna`);
  }
  await Promise.all([wait(anna, "delivered", MESSAGES), wait(ben, "delivered", MESSAGES)]);
  await ben.endInput();
  await wait(anna, "left");
  await anna.endInput();
  const codes = [(await ben.ended()).code, (await anna.ended()).code];
  return deliveredTo === 2 * MESSAGES && codes.every((code) => code === 0);
}

async function withPerson(phrase: string): Promise<boolean> {
  console.log("Ali is a second Sesame on this machine; it answers what you write. F12 or Ctrl-C ends.");
  await using ali = await side("ali", ["listen", "127.0.0.1:0"], phrase, (event) => {
    if (event.event === "connected") {
      void ali.say("Hello! This is another process; every word between us went through TLS and the ratchet.");
    }
    if (event.event === "message") void ali.say(answer(String(event.text)));
  });
  const [listening] = await wait(ali, "listening");
  const you = ["connect", String(listening?.address)];
  // The phrase comes over descriptor 3; the terminal stays standard input. It is in no command line.
  const shell =
    'printf "%s\\n" "$SESAME_DEMO_PHRASE" | { unset SESAME_DEMO_PHRASE; exec "$@" --phrase-fd 3 3<&0 0</dev/tty; }';
  const chat = new Deno.Command("sh", {
    args: ["-c", shell, "sh", Deno.execPath(), ...PRODUCT, ...you],
    clearEnv: true,
    env: { ...productEnvironment(), SESAME_DEMO_PHRASE: phrase },
    stdin: "inherit",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await chat.status).success;
}

function answer(text: string): string {
  const length = [...text].length;
  return `I have read your ${length} character${length === 1 ? "" : "s"}: “${[...text].slice(0, 40).join("")}${
    length > 40 ? "…" : ""
  }”`;
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
