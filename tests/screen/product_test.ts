// The product itself in a real terminal, where tmux (screen_test.ts) is too slow or sees too little: a signal in the
// first moment of the prompt, a terminal that only appends, and the seconds that pass while nobody answers. Linux with
// python3 (pty.py). tests/panic/panic.ts measures F12 in all its situations.

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { hasProgram, PRODUCT, productEnvironment } from "../harness/product.ts";
import { addressOf, dial, FAST, listen, PHRASE } from "../harness/process_pair.ts";
import { END_SIGNALS } from "../../src/cli/signals.ts";
import { freePort } from "../../src/transport/free_port.ts";
import { Pty } from "../harness/pty.ts";
import { portOfNobody } from "../harness/tcp.ts";

const here = Deno.build.os === "linux" && hasProgram("python3");

/** Starts the product with these arguments, until its prompt stands. */
type Start = (...args: string[]) => Promise<void>;

function test(
  name: string,
  f: (pty: Pty, start: Start) => Promise<void>,
  term = "xterm-256color",
  further: Readonly<Record<string, string>> = {},
): void {
  Deno.test({
    name,
    ignore: !here,
    async fn() {
      using home = new TemporaryFolder("pty");
      await using pty = new Pty();
      await f(pty, async (...args) => {
        const env = { ...productEnvironment(), TERM: term, ...further };
        await pty.open([Deno.execPath(), ...PRODUCT, ...args], env, home.path);
        await pty.until("nothing shows while you type");
      });
    },
  });
}

/** Starts one that listens and types the phrase; the address that it waits on. */
async function listening(pty: Pty, start: Start, ...options: string[]): Promise<string> {
  await start("listen", "127.0.0.1:0", ...options);
  await pty.write(`${PHRASE}\r`);
  await pty.until(" on 127.0.0.1:\\d+");
  return /127\.0\.0\.1:\d+/.exec(await pty.output())?.[0] ?? "";
}

// Everything heavy is loaded at this moment: a signal was left to the system then, and the terminal raw.
for (const signal of END_SIGNALS) {
  test(`${signal} just when the prompt appears puts the terminal in order`, async (pty, start) => {
    await start("listen", "127.0.0.1:0");
    const ended = await pty.end({ how: "signal", value: signal });
    equal(ended.code, 0);
    ok(ended.sameModes);
    deepEqual(ended.left, []);
  });
}

for (const signal of END_SIGNALS) {
  test(`${signal} in a chat puts the terminal in order`, async (pty, start) => {
    await listening(pty, start);
    const { code, sameModes, left, after } = await pty.end({ how: "signal", value: signal });
    deepEqual({ code, sameModes, left }, { code: 0, sameModes: true, left: [] });
    ok(after.includes("\x1b[?1049l"), after);
  });
}

for (const signal of [...END_SIGNALS, "SIGINT"] as const) {
  test(`${signal} while the doctor asks for F12 puts the terminal in order`, async (pty) => {
    await pty.open([Deno.execPath(), ...PRODUCT, "doctor"], productEnvironment(), "/");
    await pty.until("Press F12 now");
    const { code, sameModes, left } = await pty.end({ how: "signal", value: signal });
    deepEqual({ code, sameModes, left }, { code: 1, sameModes: true, left: [] });
  });
}

const STOPPED: readonly (readonly [where: string, keys: string, again: string])[] = [
  ["prompt", "", "nothing shows"],
  ["chat", `${PHRASE}\r`, "waiting on"],
];
for (const [where, keys, again] of STOPPED) {
  test(`a ${where} that was stopped and continues is whole again, and F12 ends it`, async (pty, start) => {
    await start("listen", "127.0.0.1:0");
    await pty.write(keys);
    await pty.until(again, 15_000);
    await pty.signal("SIGTSTP");
    await pty.cooked();
    await pty.rest(50);
    await pty.until("", 1, true);
    await pty.signal("SIGCONT");
    await pty.until(again, 5_000, true);
    const { code, gone, sameModes } = await pty.end({ how: "bytes", value: "\x1b[24~" });
    deepEqual({ code, gone, sameModes }, { code: 0, gone: true, sameModes: true });
  });
}

test("a port in use is found out before the phrase is asked for", async (pty) => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const argv = [Deno.execPath(), ...PRODUCT, "listen", `127.0.0.1:${taken.addr.port}`];
  await pty.open(argv, productEnvironment(), "/");
  await pty.until("Another program has that port");
  equal((await pty.output()).includes("Phrase"), false);
});

test("a control port of Tor where nobody answers is found out before the phrase is asked for", async (pty) => {
  const argv = [Deno.execPath(), ...PRODUCT, "listen", `--onion=127.0.0.1:${freePort()}`];
  await pty.open(argv, productEnvironment(), "/");
  await pty.until("Nothing answers on 127");
  equal((await pty.output()).includes("Phrase"), false);
});

test("SIGINT in a chat that a prompt began says goodbye first", async (pty, start) => {
  await listening(pty, start, "--plain");
  const { code, sameModes, after } = await pty.end({ how: "signal", value: "SIGINT" });
  deepEqual({ code, sameModes }, { code: 0, sameModes: true });
  ok(after.includes("Goodbye"), after);
});

test("TERM=dumb gets plain lines and not one escape sequence, from the prompt to the last word", async (pty, start) => {
  await listening(pty, start);
  await pty.write("/help\r");
  await pty.until("say goodbye and leave");
  await pty.write("/clear\r");
  await pty.until("Forgotten here");
  await pty.write("\x03\x03");
  await pty.until("Goodbye");
  equal((await pty.output()).includes("\x1b"), false);
}, "dumb");

for (const [none, told] of [["", "has colours"], ["1", "has none"]] as const) {
  test(
    `a chat with NO_COLOR="${none}" ${told}`,
    async (pty, start) => {
      const address = await listening(pty, start);
      await using friend = await dial(address);
      await friend.event("connected");
      await friend.say("red or green");
      await pty.until("red or green");
      // deno-lint-ignore no-control-regex -- a colour is what is looked for
      equal(/\x1b\[[\d;]*3\dm/.test(await pty.output()), none === "");
    },
    "xterm-256color",
    { NO_COLOR: none },
  );
}

test(
  "a message is confirmed once a row of it has been painted, not while the person reads further up",
  async (pty, start) => {
    const address = await listening(pty, start, "--interval", "50");
    await using friend = await dial(address, FAST);
    await friend.event("connected");
    for (let i = 0; i < 2; i++) await pty.write("/help\r"); // more than a page
    await pty.until("say goodbye and leave");
    await pty.write("\x1b[5~"); // PgUp
    await pty.until("PgDn goes down");
    await friend.say("who sees this?");
    await pty.until("PgDn: 1 unread");
    await pty.rest(500); // ten ticks, any of which would bring the confirmation
    deepEqual(friend.events.filter(({ event }) => event === "delivered"), []);
    await pty.write("\x1b[1;5F"); // Ctrl-End
    await pty.until("who sees this");
    await friend.event("delivered");
  },
);

test(
  "text said before anybody is there waits for the first friend, and the input is empty for more",
  async (pty, start) => {
    const address = await listening(pty, start, "--interval", "50");
    await pty.write("the first line\r");
    await pty.until("waits for the first friend: the first line");
    await pty.write("the second\r");
    await pty.until("waits for the first friend: the second");
    await using friend = await dial(address, FAST);
    const texts = [
      await friend.event("message"),
      await friend.event((e) => e.event === "message" && e.text !== "the first line"),
    ];
    deepEqual(texts.map(({ text }) => text), ["the first line", "the second"]);
  },
);

test(
  "a caller who has lost everybody calls again, and a line then stays out of the input",
  async (pty, start) => {
    await using friend = await listen(FAST);
    const address = await addressOf(friend);
    await start("connect", address, "--interval", "50");
    await pty.write(`${PHRASE}\r`);
    await friend.event("connected");
    await friend.endInput();
    await friend.ended();
    await pty.until(`No connection with ${address}`);
    await pty.write("are you there?\r");
    await pty.until("the up arrow brings the text back");
    await pty.write("next\r");
    await pty.rest(200);
    equal((await pty.output()).includes("there?next"), false);
  },
);

test("a friend who is stopped is quiet in the header within seconds, not present for 90", async (pty, start) => {
  await using friend = await listen();
  await start("connect", await addressOf(friend));
  await pty.write(`${PHRASE}\r`);
  await friend.event("connected");
  await pty.until("everything|\\[[0-9a-f]{4}-");
  for (let i = 1; i <= 10; i++) await friend.say(`cell ${i}`); // by which the pace is known
  await pty.until("cell 10");
  Deno.kill(friend.pid, "SIGSTOP");
  await pty.until("quiet \\d+ s", 30_000);
});

// Nothing else happens meanwhile, so only the clock of the chat can bring the seconds.
test("calling several: which one of how many, and for how long, second by second", async (pty, start) => {
  // Never accepted: the system takes the call, and nobody answers.
  using first = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  using second = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const silent = `127.0.0.1:${first.addr.port}`;
  const targets = [silent, `127.0.0.1:${second.addr.port}`, `127.0.0.1:${portOfNobody()}`];
  await start("connect", ...targets);
  await pty.write(`${PHRASE}\r`);
  // The third refuses at once; two of three are left.
  // A busy machine may skip a second.
  for (let n = 0; n < 2; n++) await pty.until(`calling ${silent} \\(2 of 3\\)… [1-9]\\d* s`, 30_000, true);
  equal((await pty.end({ how: "bytes", value: "\x1b[24~" })).code, 0);
});
