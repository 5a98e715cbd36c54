// A refused phrase is asked for again if a person typed it: in a real terminal (tmux). What a script's wrong phrase
// does is in phrase_test.ts.

import { match, ok, strictEqual as equal } from "node:assert/strict";
import { addressOf, FAST, listen, PHRASE } from "../harness/process_pair.ts";
import { FalseListener, makeOffer, random, stretched } from "../reference/reference.ts";
import { portOfNobody } from "../harness/tcp.ts";
import { hasTmux, Tmux } from "../harness/tmux.ts";

const WRONG = "correct horse battery stable";
const PROMPT = "Phrase (nothing shows while you type):";
/** What is said about the refused call, in three parts and with what to do at this prompt, so often, and then the prompt. */
const askedAgain = (times: number) =>
  new RegExp(
    `(?:Could not\\s+connect\\s+to[^]*?phrase did\\s+not\\s+match[^]*?Ctrl-C\\s+leaves\\.\\s+Phrase \\([^]*?){${times}}`,
  );

for (const view of [[], ["--plain"]]) {
  const named = view[0] ?? "on the screen";
  test(
    `${named}: a refused phrase is asked for again at the hidden prompt, and the right one connects`,
    view,
    async (terminal, listener) => {
      await terminal.line(WRONG);
      await terminal.until(askedAgain(1), true);
      equal(await terminal.ask("#{alternate_on}"), "0", "the prompt stands on the chat's screen");
      await listener.event("refused");
      await terminal.line(PHRASE);
      await terminal.until(/Connected: friend \[/);
      await listener.event("connected");
      await terminal.line("typed by hand");
      await listener.like("message", { text: "typed by hand" });
      equal(listener.all("refused").length, 1);
      await terminal.keys("F12");
      const after = await terminal.until(/ended \d+\n-?echo$/m, true);
      match(after, /ended 0/);
      match(after, /^echo$/m);
      ok(!after.includes("stable") && !after.includes("staple"), after);
    },
  );

  const [key, code] = view.length === 0 ? ["F12", 0] : ["C-c", 4];
  test(`${named}: ${key} at the prompt that asks again ends the program with ${code}`, view, async (terminal) => {
    await terminal.line(WRONG);
    await terminal.until(askedAgain(1), true);
    await terminal.text("correct");
    await terminal.keys(`${key}`);
    const after = await terminal.until(/ended \d+\n-?echo$/m, true);
    match(after, new RegExp(`ended ${code}`));
    match(after, /^echo$/m);
    ok(!after.includes("horse") && !/correct$/m.test(after), after);
  });
}

test(
  "after the third wrong phrase the pause that the listener makes is kept, and the next call is heard",
  [],
  async (terminal, listener) => {
    for (let times = 1; times <= 3; times++) {
      await terminal.line(WRONG);
      await terminal.until(askedAgain(times), true);
    }
    await terminal.line(PHRASE);
    // Who does not keep the pause is closed before its TLS, and the program ends.
    await listener.event("connected");
    await terminal.until(/Connected: friend \[/);
    equal(listener.all("refused").length, 3);
    await terminal.keys("F12");
    await terminal.until(/ended 0/, true);
  },
);

Deno.test({
  name: "what was said before anybody was there is told as not sent when the phrase was refused",
  ignore: !hasTmux,
  async fn() {
    await using listener = await FalseListener.open();
    await using terminal = await Tmux.product(["connect", listener.address]);
    await terminal.until(PROMPT);
    await terminal.line(WRONG);
    const wire = await listener.accept();
    await terminal.line("said too early");
    await terminal.until(/first friend:[^]*said too early/);
    wire.send(makeOffer(await stretched(PHRASE, random(16))).frame);
    await wire.frame(20_000); // the answer, which is cut off
    wire[Symbol.dispose]();
    const after = await terminal.until(askedAgain(1), true);
    match(after, /Could not send 1 message\. Nobody was here\./);
    ok(!after.includes("said too early"), after);
    await terminal.keys("F12");
    await terminal.until(/ended 0/, true);
  },
});

Deno.test({
  name: "a phrase that one of several friends refused is asked for again, and what became of the others is told",
  ignore: !hasTmux,
  async fn() {
    await using listener = await listen(FAST);
    const address = await addressOf(listener);
    await listener.like("stretching", { done: true });
    const away = `127.0.0.1:${portOfNobody()}`;
    await using terminal = await Tmux.product(["connect", address, away, "--interval", "50"]);
    await terminal.until(PROMPT);
    await terminal.line(WRONG);
    const after = await terminal.until(askedAgain(1), true);
    match(after.replace(/\s+/g, " "), new RegExp(`Could not connect to ${away}\\.? Refused: the machine is up`));
    await listener.event("refused");
    await terminal.line(PHRASE);
    await terminal.until(/Connected: friend \[/);
    await listener.event("connected");
    await terminal.keys("F12");
    await terminal.until(/ended 0/, true);
  },
});

function test(
  name: string,
  view: readonly string[],
  body: (terminal: Tmux, listener: Awaited<ReturnType<typeof listen>>) => Promise<void>,
): void {
  Deno.test({
    name,
    ignore: !hasTmux,
    async fn() {
      await using listener = await listen(FAST);
      const address = await addressOf(listener);
      // Only then does it hear whoever calls without keeping them waiting.
      await listener.like("stretching", { done: true });
      await using terminal = await Tmux.product(["connect", address, "--interval", "50", ...view]);
      await terminal.until(PROMPT);
      await body(terminal, listener);
    },
  });
}
