// In a real terminal (tmux): the prompt shows nothing of what is typed; F12 and Ctrl-\ end the prompt and the chat at once.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { addressOf, FAST, listen, PHRASE } from "../harness/process_pair.ts";
import { hasProgram, PRODUCT } from "../harness/product.ts";
import { ProjectCopy } from "../harness/project_copy.ts";
import { Tmux } from "../harness/tmux.ts";

const tmux = hasProgram("tmux");
const TYPED = "correct horse";
/** The prompt, whatever it says exactly. */
const PROMPT = /phrase/i;

for (const key of ["F12", "C-\\"]) {
  test(`${key} ends the prompt, and nothing of what was typed shows`, async (terminal) => {
    const before = await terminal.until(PROMPT);
    await terminal.text(TYPED);
    await terminal.keys(key);
    const after = await terminal.until(/ended \d+\n-?echo$/m, true);
    match(after, /ended 0/);
    match(after, /^echo$/m);
    ok(!after.includes("correct") && !after.includes("horse") && !after.includes("*"), after);
    deepEqual(without(after), without(before));
  });

  test(`${key} ends the chat, and the process is gone`, async (terminal) => {
    await terminal.until(PROMPT);
    await terminal.line(PHRASE);
    await terminal.until(/127\.0\.0\.1:\d{4,5}/);
    await terminal.text("half a mess");
    await terminal.until(/half a mess/);
    await terminal.keys(key);
    const after = await terminal.until(/ended \d+\n-?echo$/m, true);
    match(after, /ended 0/);
    match(after, /^echo$/m);
    ok(!after.includes("correct horse") && !after.includes("half a mess"), after);
  });
}

test("typing at the prompt moves nothing: not a dot for a letter, not for Backspace", async (terminal) => {
  const before = await terminal.until(PROMPT);
  for (const typed of ["a", "bc", "déjà"]) {
    await terminal.text(typed);
    equal(await terminal.capture(), before);
  }
  await terminal.keys("BSpace");
  equal(await terminal.capture(), before);
  await terminal.keys("F12");
  await terminal.until(/ended 0/, true);
});

Deno.test({
  name: "a person at a terminal and a script talk",
  ignore: !tmux,
  async fn() {
    await using listener = await listen(FAST);
    await using terminal = await Tmux.product(["connect", await addressOf(listener), "--interval", "50"]);
    await terminal.until(PROMPT);
    await terminal.line(PHRASE);
    await terminal.until(/Connected: friend \[/);
    await terminal.line("typed by hand");
    await listener.like("message", { text: "typed by hand" });
    await listener.say("read by eye");
    await terminal.until(/read by eye/);
    await listener.event("delivered");
    await terminal.keys("F12");
    await terminal.until(/ended 0/, true);
    equal((await listener.event("left")).reason, "closed");
    ok(!(await terminal.capture()).includes("read by eye"), "what was read is still on the screen");
  },
});

function test(name: string, body: (terminal: Tmux) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !tmux,
    async fn() {
      await using terminal = await Tmux.product(["listen", "127.0.0.1:0"]);
      await body(terminal);
    },
  });
}

/** The screen less what the shell says afterwards. */
function without(screen: string): string {
  return screen.replace(/\n?ended \d+[^]*$/, "").trimEnd();
}

Deno.test({
  name: "the word about a bug of ours stays on the terminal, behind the screen that was there before",
  ignore: !tmux,
  async fn() {
    using copy = new ProjectCopy();
    copy.plant(
      "src/chat/chat.ts",
      'case "help":',
      (text) => `${text}\n        (undefined as unknown as () => void)();`,
    );
    const main = PRODUCT.map((word) => word.endsWith("main.ts") ? `${copy.folder}/main.ts` : word);
    await using terminal = await Tmux.product(["listen", "127.0.0.1:0"], main);
    await terminal.until(PROMPT);
    await terminal.line(PHRASE);
    await terminal.until(/127\.0\.0\.1:\d{4,5}/);
    await terminal.line("/help");
    const after = await terminal.until(/ended \d+\n-?echo$/m, true);
    match(after, /Sesame ended itself\. Something happened that should not \(TypeError\)/);
    match(after, /ended 1\n/);
    match(after, /^echo$/m);
  },
});
