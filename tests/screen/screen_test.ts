// Prompt and chat in a real terminal (tmux). golden/*.txt are captures, to be read as text; written again by
// `deno test -A tests/screen -- --update` and then reviewed in the diff.

import assert from "node:assert/strict";
import { Child, pause } from "../harness/child.ts";
import { hasTmux, type Tmux } from "../harness/tmux.ts";
import { type DriverOptions, openDriver } from "./driver_terminal.ts";

function test(name: string, options: DriverOptions, f: (terminal: Tmux) => Promise<void>): void {
  Deno.test({
    name: hasTmux ? name : `${name} (skipped: tmux is not there)`,
    ignore: !hasTmux,
    fn: async () => {
      await using terminal = await openDriver(options);
      await f(terminal);
    },
  });
}

/** The screen becomes what the file holds. Waited for: a capture may come in the middle of a painting. */
async function golden(name: string, terminal: Tmux): Promise<void> {
  const file = new URL(`./golden/${name}.txt`, import.meta.url);
  const capture = async () => `${await terminal.capture()}\n`;
  if (Deno.args.includes("--update")) {
    await pause(500);
    Deno.writeTextFileSync(file, await capture());
  }
  const wanted = Deno.readTextFileSync(file);
  let text = await capture();
  for (let look = 0; text !== wanted && look < 150; look++) {
    await pause(20);
    text = await capture();
  }
  assert.equal(text, wanted);
}

const bytesOf = (text: string) => Array.from(text, (char) => char.charCodeAt(0));

const SIZES: readonly (readonly [columns: number, rows: number])[] = [[80, 24], [40, 10], [200, 60]];
/** The program looks at none of them (TERM=dumb, which it does look at, is in product_test.ts); the terminal may. */
const TERMS = ["xterm-256color", "screen-256color", "linux"] as const;

for (const [columns, rows] of SIZES) {
  for (const term of TERMS) {
    test(`the chat at ${columns}x${rows} with TERM=${term}`, { columns, rows, term, driver: ["screen"] }, async (t) => {
      await t.until("hello, are");
      await golden(`chat-${columns}x${rows}`, t);
    });
  }
}

/** What stands last on the screen. */
const SCREENS: readonly [scenario: string, last: RegExp][] = [
  ["unicode", /the last/],
  ["crowd", /✓ 1 of 32|✓ friend 1/],
  ["errors", /The end\./],
];
for (const [i, [columns, rows]] of SIZES.entries()) {
  for (const [j, [scenario, last]] of SCREENS.entries()) {
    // Each size, and each screen, with each TERM once.
    const term = TERMS[(i + j) % TERMS.length]!;
    test(`${scenario} at ${columns}x${rows}`, { columns, rows, term, driver: ["screen", scenario] }, async (t) => {
      await t.until(last);
      await golden(`${scenario}-${columns}x${rows}`, t);
    });
  }
}

for (const [i, [columns, rows]] of SIZES.entries()) {
  for (const [mode, finish] of [["real", ["Enter"]], ["decoy", ["F2"]]] as const) {
    test(
      `the prompt at ${columns}x${rows} shows nothing and is the same in ${mode} mode`,
      { columns, rows, term: TERMS[i]!, driver: ["screen", "prompt"] },
      async (terminal) => {
        await terminal.until("Phrase");
        const before = await terminal.capture();
        await terminal.text("correct horse");
        await terminal.keys("BSpace", "BSpace", "Left", "Home");
        await terminal.paste("pasted\n");
        await pause(200);
        assert.equal(await terminal.capture(), before);
        // On 40 columns the text fills the row to the last cell, where the cursor stays.
        assert.equal(await terminal.ask("#{cursor_x},#{cursor_y}"), `${Math.min(before.length + 1, columns)},0`);
        await terminal.keys(...finish);
        await terminal.until("next");
        await golden(`prompt`, terminal);
      },
    );
  }
}

test(
  "the prompt is left by Ctrl-C, and the terminal is as before",
  { driver: ["screen", "prompt"] },
  async (terminal) => {
    await terminal.until("Phrase");
    await terminal.text("abc");
    await terminal.keys("C-c");
    const text = await terminal.until(/ended 0\nicanon/);
    assert.doesNotMatch(text, /abc/);
  },
);

const SITUATIONS: readonly [name: string, make: (terminal: Tmux) => Promise<void>][] = [
  ["in the chat", async () => {}],
  ["while a line is typed", (terminal) => terminal.text("half a line")],
  ["in a paste that never ends", (terminal) => terminal.bytes(bytesOf("\x1b[200~half a paste"))],
  ["after half a sequence", (terminal) => terminal.bytes(bytesOf("\x1b[1;"))],
  ["while it asks whether to leave", (terminal) => terminal.keys("C-c")],
  ["under a flood of messages", async (terminal) => {
    await terminal.line("flood");
    await terminal.until("flood 2");
  }],
];
for (const [name, make] of SITUATIONS) {
  for (const [key, bytes] of [["F12", "\x1b[24~"], ["Ctrl-\\", "\x1c"]] as const) {
    test(`${key} ${name}: gone, in order, nothing left`, { driver: ["screen"] }, async (terminal) => {
      await terminal.until("hello, are");
      await make(terminal);
      await terminal.bytes(bytesOf(bytes));
      const text = await terminal.until(/ended 0\nicanon/, true);
      assert.doesNotMatch(text, /hello|alice|half|flood/);
      assert.equal(await terminal.ask("#{alternate_on},#{cursor_flag},#{wrap_flag}"), "0,1,1");
    });
  }
}

test(
  "leaving by Ctrl-C twice puts the terminal in order and leaves nothing",
  { driver: ["screen"] },
  async (terminal) => {
    await terminal.until("hello, are");
    await terminal.keys("C-c");
    await terminal.until("Leave?");
    await terminal.keys("C-c");
    const text = await terminal.until(/left\nended 0\nicanon/, true);
    assert.doesNotMatch(text, /hello|alice/);
    assert.equal(await terminal.ask("#{alternate_on},#{cursor_flag},#{wrap_flag}"), "0,1,1");
  },
);

for (const [columns, rows] of [[50, 14], [40, 10], [200, 60]] as const) {
  test(`typing, a new line, a resize to ${columns}x${rows} and a paste`, { driver: ["screen"] }, async (terminal) => {
    await terminal.until("hello, are");
    await terminal.text("first 日本");
    await terminal.keys("M-Enter");
    await terminal.text("second");
    await terminal.until("second");
    await terminal.resize(columns, rows);
    await terminal.until(new RegExp(`^ Sesame[^\\n]*\\n(?:[^\\n]*\\n){${rows - 3}}> first 日本\\n {2}second$`));
    await golden(`resized-${columns}x${rows}`, terminal);
    await terminal.paste(" and\n/quit\n");
    await terminal.until("/quit");
    await golden(`pasted-${columns}x${rows}`, terminal);
    await terminal.keys("Enter");
    await terminal.until("✓ alice");
    await golden(`sent-${columns}x${rows}`, terminal);
  });
}

test(
  "a hostile peer changes nothing but its rows, and the terminal answers nothing",
  { driver: ["screen"] },
  async (terminal) => {
    await terminal.until("hello, are");
    const title = await terminal.ask("#{pane_title}");
    await terminal.line("hostile");
    await terminal.text("typed");
    await terminal.until(/the corpus is over[^]*\n> typed$/);
    // Through all of the scroll-back: each row says by its mark whose it is.
    for (let page = 0; page < 400; page++) {
      const text = await terminal.capture();
      const rows = text.split("\n");
      assert.match(rows[0] ?? "", /^ Sesame {2}alice \[3f2a-91bc\], bob \[b0b0-0000\]$/);
      assert.match(rows.at(-2) ?? "", /^──/);
      assert.equal(rows.at(-1), "> typed");
      for (const row of rows.slice(1, -2)) assert.match(row, /^(?:12:00| {5}) [─│›](?: |$)/u, row);
      if (/friends on 0\.0\.0\.0/.test(text)) break;
      assert.ok(page < 399, "the first row never came");
      // 16,000 letters are 230 rows; several pages between looks keep this short.
      await terminal.keys("PageUp", ...(page % 2 === 0 ? [] : ["PageUp"]));
      await terminal.until("PgDn");
    }
    assert.equal(await terminal.ask("#{pane_title}"), title);
    assert.equal(await terminal.ask("#{alternate_on},#{cursor_flag},#{wrap_flag},#{pane_in_mode}"), "1,1,0,0");
  },
);

test("a letter of two code points at the end of a row stays whole", { driver: ["screen"] }, async (terminal) => {
  await terminal.until("hello, are");
  // At 80 columns each row of the log, and of the input, would end with one if it took them all.
  const said = `xyz${"abce\u0301".repeat(60)}`;
  await terminal.paste(said);
  await terminal.keys("Enter");
  await terminal.until("you: xyz");
  const rows = (await terminal.capture()).split("\n");
  const from = rows.findIndex((row) => row.includes("you: xyz"));
  const shown = rows.slice(from, from + 5).map((row) => row.replace(/^.{8}(?:you: )?/u, "").replace(/ {2}✓.*$/, ""))
    .join("");
  assert.ok(shown.startsWith(said), shown);
});

test("the plain view appends and never moves", { driver: ["plain"] }, async (terminal) => {
  await terminal.until("hello, are");
  await terminal.text("hello alice");
  await terminal.keys("BSpace", "Enter");
  await terminal.until("Delivered");
  await golden("plain-80x24", terminal);
  await terminal.keys("F12");
  await terminal.until(/ended 0\nicanon/);
});

/** The driver between two pipes. `under`: a program and its arguments that start it. */
function piped(args: readonly string[], under: readonly string[] = []): Child {
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const driver = new URL("./chat_driver.ts", import.meta.url).pathname;
  const run = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--cached-only", "--config", config, "--allow-net"];
  return new Child([...under, ...run, driver, ...args]);
}

for (const scenario of ["", "slow"]) {
  Deno.test(`from a pipe the first line is the phrase and each further one a message, in order ${scenario}`, async () => {
    await using child = piped(["json", "first-line", scenario]);
    const lines = Array.from({ length: scenario === "slow" ? 300 : 5000 }, (_, i) => `line ${i}`);
    await child.write(`secret\r\n${lines.join("\n")}`);
    await child.endInput();
    assert.equal(await child.ended, 0);
    assert.equal(child.stderr, 'first line: {"length":6}\nleft\n');
    const events = child.said.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    assert.deepEqual(events.filter((e) => e.event === "sent").map((e) => e.id), lines.map((_, i) => `mine ${i}`));
  });
}

Deno.test("a reader that goes away ends the program", async () => {
  await using child = piped(["json"], ["bash", "-c", '"$@" | head -n 1; exit ${PIPESTATUS[0]}', "bash"]);
  await child.until(/\n/);
  for (let i = 0; i < 1000; i++) await child.write("more\n");
  assert.equal(await child.ended, 0);
});
