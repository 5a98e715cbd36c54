// One line for one arrival with `--plain`, and nobody here unannounced: before anything else is shown, and before what is typed
// goes anywhere, the arrival has been said. A call that was refused is in ../view_test.ts.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { Clock } from "../../../tests/harness/clock.ts";
import type { Notice } from "../../notice.ts";
import { MemoryTty } from "../testdata/memory_tty.ts";
import { A, B, came, message, named, sent } from "../testdata/notices.ts";
import { openView } from "../open_view.ts";
import { VIEW_OPTIONS } from "../testdata/view_options.ts";
import type { Input } from "../view.ts";

const ARRIVED = "Connected: friend [3f2a-91bc], calling from 192.0.2.7:40112.";

/** Plain lines on pipes or a terminal, on a clock that the test moves on. */
function open(terminal: boolean) {
  const tty = new MemoryTty({ inputIsTerminal: terminal, outputIsTerminal: terminal });
  tty.columns = 200;
  const clock = new Clock();
  /** What stood there when something was typed. */
  const inputs: [Input["type"], string[]][] = [];
  const said = () => tty.output.replace("\x1b[?2004h", "").split(/\r?\n/).filter((line) => /^[A-Z]/.test(line));
  const view = openView(
    "plain",
    tty,
    { ...VIEW_OPTIONS, name: "me", after: clock.after },
    (input) => inputs.push([input.type, said()]),
  );
  view.start();
  return { tty, view, inputs, said, clock };
}

Deno.test("a plain view says an arrival and the friend's name in one line, and a friend without a name a moment later", () => {
  const { view, said, clock } = open(false);
  view.show(came(A));
  view.show({ event: "circle", peer: A, you: "", with: [] });
  deepEqual(said(), []);
  view.show(named(A, "alice"));
  view.show(came(B));
  clock.pass(60_000);
  deepEqual(said(), [
    "Connected: alice [3f2a-91bc], calling from 192.0.2.7:40112.",
    "Connected: friend [b0b0-0000], calling from 192.0.2.7:40112.",
  ]);
  equal(clock.timers, 0);
  view.show(named(A, "alice L"));
  equal(said().at(-1), "Name: alice [3f2a-91bc] is called alice L.");
  // Back again, and under another name: both are said.
  view.show({ event: "left", peer: A, reason: "closed" });
  view.show(came(A));
  view.show(named(A, "Eve"));
  deepEqual(said().slice(-2), [
    "Connected: alice L [3f2a-91bc], calling from 192.0.2.7:40112.",
    "Name: alice L [3f2a-91bc] is called Eve.",
  ]);
});

Deno.test("a plain view says who has come before anything else is shown, whatever it is", () => {
  const others: Notice[] = [
    message(B, "1", "hello"),
    message(A, "1", "hello"),
    { event: "hint", text: "A word." },
    { event: "left", peer: A, reason: "closed" },
    sent("2", "hi", { to: [A] }),
    { event: "new-session", address: "192.0.2.7:7373", peer: A, before: B },
    { event: "problem", doing: "Could not.", wrong: "It is.", next: "Wait." },
    { event: "stopped", reason: "quit" },
    { event: "circle", peer: A, you: "", with: [{ peer: B, name: "Me" }] },
  ];
  for (const notice of others) {
    const { view, said } = open(false);
    view.show(came(A));
    view.show(notice);
    equal(said()[0], ARRIVED, notice.event);
    equal(said().length, 2, notice.event);
  }
});

Deno.test("a plain view on a terminal says who has come before a word that waited for them is told as sent", () => {
  const { view, said } = open(true); // what was typed is not shown again there
  view.show(came(A));
  view.show(sent("2", "hi", { to: [A] }));
  deepEqual(said(), [ARRIVED]);
});

Deno.test("a plain view says who has come before it acts on a key or a line, so that no word goes to somebody unannounced", async () => {
  const piped = open(false);
  piped.view.show(came(A));
  await piped.tty.type("hello\n");
  deepEqual(piped.inputs, [["line", [ARRIVED]]]);

  // Somebody who came while a line was typed is asked about all the same.
  const keyed = open(true);
  await keyed.tty.type("hel");
  keyed.view.show(came(A));
  await keyed.tty.type("lo\r");
  deepEqual(keyed.inputs, []);
  match(keyed.tty.output, /Connected: friend[^]*Here now too: friend \[3f2a-91bc\]\. Enter sends to/);
  await keyed.tty.type("\r");
  equal(keyed.inputs[0]?.[0], "line");
});

Deno.test("a name that came with an arrival is warned of once, and an arrival that waits is said at the end, and not after F12", async () => {
  const { view, said } = open(false);
  view.show(came(A));
  view.show(named(A, "Me"));
  deepEqual(said(), [
    "Connected: Me [3f2a-91bc], calling from 192.0.2.7:40112.",
    "Careful: Me [3f2a-91bc] uses a name like yours.",
  ]);

  const stopped = open(false);
  stopped.view.show(came(A));
  await stopped.view.stop();
  deepEqual(stopped.said(), [ARRIVED]);

  const panicked = open(false);
  panicked.view.show(came(A));
  panicked.view.panic();
  deepEqual([panicked.said(), panicked.clock.timers], [[], 0]);

  // What is begun to be written then could keep the terminal from being given back.
  const pressed = open(true);
  pressed.view.show(came(A));
  await pressed.tty.type("\x1b[24~");
  deepEqual(pressed.inputs, [["panic", []]]);
});
