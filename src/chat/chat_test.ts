import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { loadSodium } from "../crypto/sodium.ts";
import type { Notice } from "../notice.ts";
import { StretchedPhrase } from "../auth/stretched.ts";
import { HELD_MESSAGES_MAX, SALT_SIZE, STRETCHED_SIZE } from "../constants.ts";
import { DialError, type Listener } from "../ports.ts";
import { now } from "../system.ts";
import { ChatScreen } from "../terminal/screen/screen.ts";
import type { View } from "../terminal/view.ts";
import { parse } from "../cli/args.ts";
import type { ChatArgs } from "./chat_args.ts";
import { Chat, type ChatParts, type Outcome } from "./chat.ts";
import { commandHelp } from "../words/commands.ts";
import type { Stretcher } from "./stretcher.ts";

const arena = await loadSodium([[32, 300], [64, 64], [256, 16], [1280, 4]]);

/** Nobody can be called, and nobody calls. */
const NOBODY: ChatParts["transport"] = {
  dial: () => Promise.reject(),
  listen: (address) => Promise.resolve({ address, close() {} } as Listener),
  punch: () => Promise.resolve("refused"),
};

/** A view that keeps what it is shown. */
function keeping(more: Partial<View> = {}): { view: View; shown: Notice[] } {
  const shown: Notice[] = [];
  const view = { show: (notice: Notice) => void shown.push(notice), hold() {}, tick() {}, ...more };
  return { view: view as unknown as View, shown };
}

const turns = () => new Promise((done) => setTimeout(done, 0));

/** A chat that takes calls from nobody; `more` goes before the parts that the tests have in common. */
function chatWith(view: View, more: Partial<ChatParts> = {}): Chat {
  return new Chat({
    args: parse(["listen", "127.0.0.1:0"]) as ChatArgs,
    arena,
    self: "3f2a91bc".padEnd(64, "0"),
    transport: NOBODY,
    stretcher: stretcherOf(() => Promise.resolve(stretched())),
    view,
    entropy: (into) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
    scripted: false,
    doctor: () => "",
    addresses: () => undefined,
    onPanic: () => {
      throw new Error("panic");
    },
    onFault: (error) => {
      throw error;
    },
    ...more,
  });
}

function stretcherOf(stretch: () => Promise<StretchedPhrase>): Stretcher {
  return { stretch, [Symbol.dispose]() {} } as unknown as Stretcher;
}

function stretched(): StretchedPhrase {
  using bytes = arena.bytes(STRETCHED_SIZE);
  bytes.bytes.fill(1);
  return StretchedPhrase.from(arena, new Uint8Array(SALT_SIZE), bytes);
}

Deno.test("the port is taken before the phrase is stretched; leaving meanwhile does not wait, and gives it back", async () => {
  const { view, shown } = keeping();
  let finish = () => {};
  let opened = 0, closed = 0;
  const chat = chatWith(view, {
    transport: {
      ...NOBODY,
      listen: (address) => (opened++, Promise.resolve({ address, close: () => void closed++ } as Listener)),
    },
    stretcher: stretcherOf(() => new Promise((done) => finish = () => done(stretched()))),
  });
  let outcome: Outcome | undefined;
  const running = chat.run().then((its) => outcome = its);
  await turns();
  const events = shown.map(({ event }) => event);
  // The invitation stands before the phrase is stretched.
  deepEqual(events.slice(-3), ["listening", "hint", "stretching"]);
  chat.input({ type: "leave" });
  await turns();
  const before = outcome;
  finish();
  await running;
  await turns();
  deepEqual([before?.code, before?.stopped], [0, "quit"]);
  equal(opened, 1);
  ok(closed > 0, "the port is still taken");
  equal(shown.at(-1)?.event === "stretching" && shown.length > events.length, false, "it went on");
  equal(arena.used, 0);
});

Deno.test("a chat that cannot begin says why, and what was said to nobody", async () => {
  const { view, shown } = keeping();
  const chat = chatWith(view, {
    scripted: true,
    args: parse(["listen", "--onion"]) as ChatArgs,
    openOnion: (_, tell) => ({
      start() {
        chat.input({ type: "line", text: "hello" });
        tell({ type: "failed", fault: "socks", at: { host: "127.0.0.1", port: 9151 }, again: false });
        return Promise.resolve();
      },
      close() {},
    }),
  });
  const { code, stopped, problem, unsent } = await chat.run();
  deepEqual([code, stopped, problem?.doing], [3, undefined, "Could not get an onion name."]);
  equal(problem?.wrong, "127.0.0.1:9151 is Tor's SOCKS port.", "of the two usual ports, the one that answered");
  equal(unsent?.doing, "Could not send 1 message.");
  ok(shown.some((notice) => notice.event === "problem" && notice.doing === unsent?.doing));
});

Deno.test("a pipe is held by the very line that fills what waits for the first friend, and what it holds is not counted as read", async () => {
  let held = false;
  const { view, shown } = keeping({ hold: (on) => void (held = on) });
  const chat = chatWith(view, { scripted: true });
  const running = chat.run();
  await turns();
  let lines = 0;
  for (; !held && lines < 2 * HELD_MESSAGES_MAX; lines++) chat.input({ type: "line", text: `line ${lines}` });
  equal(lines, HELD_MESSAGES_MAX);
  chat.input({ type: "leave" });
  await running;
  const problem = shown.findLast((notice) => notice.event === "problem");
  equal(problem?.doing, `Could not send at least ${HELD_MESSAGES_MAX} messages.`);
  equal(arena.used, 0);
});

Deno.test("an unknown command goes back to where it was typed, like a line that cannot be sent", async () => {
  const back: string[] = [];
  const chat = chatWith(keeping({ giveBack: (line) => void back.push(line) }).view);
  const running = chat.run();
  await turns();
  for (const text of ["/etc/hosts has it", "/help", "/connect a:99999", "hello"]) chat.input({ type: "line", text });
  chat.input({ type: "leave" });
  await running;
  // What is said before anybody is there waits for the first friend, and the input is empty for the next line.
  deepEqual(back, ["/etc/hosts has it", "/connect a:99999"]);
});

Deno.test("friends who do not listen yet are called once they do, the person is told so, and leaving meanwhile does not wait", async () => {
  for (const leaves of [false, true]) {
    const { view, shown } = keeping();
    const callFrom = now() + (leaves ? 60_000 : 500);
    let dialledAt = Infinity;
    const chat = chatWith(view, {
      args: parse(["connect", "192.0.2.1", "--once"]) as ChatArgs,
      callFrom,
      transport: {
        ...NOBODY,
        dial: () => {
          dialledAt = now();
          return Promise.reject(new DialError({ at: "connect", why: "refused" }));
        },
      },
    });
    const running = chat.run();
    await turns();
    const [told] = shown.filter(({ event }) => event === "hint").slice(-1);
    match(
      told?.event === "hint" ? told.text : "",
      leaves ? /for 60 seconds\. Calling then/ : /for 1 second\. Calling then/,
    );
    if (leaves) chat.input({ type: "leave" });
    const { code, guesses } = await running;
    deepEqual([code, guesses], [leaves ? 0 : 3, 0]);
    ok(leaves ? dialledAt === Infinity : dialledAt >= callFrom - 1, `${dialledAt - callFrom}`);
  }
  equal(arena.used, 0);
});

Deno.test("/help fits a screen of 80 by 24 in one piece, below what was there", () => {
  const screen = new ChatScreen({ colour: "none", clock: () => "12:00" }, 80, 24);
  screen.notice({ event: "hint", text: "before" }, 0);
  screen.notice({ event: "hint", text: commandHelp() }, 0);
  const out = screen.render(0);
  for (const line of commandHelp().split("\n")) ok(out.includes(line.slice(0, 60)), line);
  match(out, /before/);
});

Deno.test("of several calls that ended, the first that the phrase failed is told, with its exit code only if it failed them all", async () => {
  const calls = [
    { why: { "192.0.2.1": "phrase", "192.0.2.2": "phrase" }, code: 4, refused: "192.0.2.1" },
    { why: { "192.0.2.1": "phrase", "192.0.2.2": "refused" }, code: 3, refused: "192.0.2.1" },
    { why: { "192.0.2.1": "refused", "192.0.2.2": "phrase" }, code: 3, refused: "192.0.2.2" },
    { why: { "192.0.2.1": "refused", "192.0.2.2": "refused" }, code: 3, refused: undefined },
  ] as const;
  for (const { why, code, refused } of calls) {
    const chat = chatWith(keeping().view, {
      args: parse(["connect", ...Object.keys(why), "--once"]) as ChatArgs,
      transport: {
        ...NOBODY,
        dial: (target) => {
          const cause = why[target.split(":")[0] as keyof typeof why];
          return Promise.reject(new DialError({ at: cause === "phrase" ? cause : "connect", why: cause }));
        },
      },
    });
    const outcome = await chat.run();
    equal(outcome.code, code, JSON.stringify(why));
    const told = [...outcome.earlier ?? [], outcome.problem].map((problem) => problem?.doing);
    deepEqual(told.sort(), ["1", "2"].map((last) => `Could not connect to 192.0.2.${last}:7373.`));
    equal(outcome.phraseRefused?.doing, refused && `Could not connect to ${refused}:7373.`, JSON.stringify(why));
  }
  equal(arena.used, 0);
});

Deno.test("/peers says who one is oneself, as friends see it, after /name as well", async () => {
  const { view, shown } = keeping();
  const chat = chatWith(view);
  const running = chat.run();
  await turns();
  const said = () => shown.flatMap((notice) => notice.event === "hint" ? notice.text.split("\n")[0] : []).at(-1);
  chat.input({ type: "line", text: "/peers" });
  equal(said(), "You are [3f2a-91bc].");
  chat.input({ type: "line", text: "/name Carol" });
  chat.input({ type: "line", text: "/peers" });
  equal(said(), "You are Carol [3f2a-91bc].");
  chat.input({ type: "leave" });
  await running;
  equal(arena.used, 0);
});
