// One line for one arrival with `--plain`, and nobody here unannounced: before anything else is shown, and before what is typed
// goes anywhere, the arrival has been said. A call that was refused is in ../view_test.ts.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { Notice } from "../../notice.ts";
import { MemoryTty } from "../testdata/memory_tty.ts";
import { type Input, openView } from "../view.ts";

const A = "3f2a91bc".padEnd(64, "0");
const B = "b0b00000".padEnd(64, "1");
const came = (peer: string): Notice => ({ event: "connected", peer, direction: "in", address: "192.0.2.7:40112" });
const named = (peer: string, name: string): Notice => ({ event: "named", peer, name });
const ARRIVED = "Connected: friend [3f2a-91bc], calling from 192.0.2.7:40112.";

/** Plain lines on pipes or a terminal, on a clock that the test moves on. */
function open(terminal: boolean) {
  const tty = new MemoryTty({ inputIsTerminal: terminal, outputIsTerminal: terminal });
  tty.columns = 200;
  const timers = new Set<() => void>();
  const after = (_: number, run: () => void) => {
    timers.add(run);
    return () => void timers.delete(run);
  };
  /** What stood there when something was typed. */
  const inputs: [Input["type"], string[]][] = [];
  const said = () => tty.output.replace("\x1b[?2004h", "").split(/\r?\n/).filter((line) => /^[A-Z]/.test(line));
  const view = openView(
    "plain",
    tty,
    { colour: "auto", bell: false, wall: () => 0, name: "me", after },
    (input) => inputs.push([input.type, said()]),
  );
  view.start();
  const wait = () => [...timers].forEach((run) => run());
  return { tty, view, inputs, said, wait, timers };
}

Deno.test("a plain view says an arrival and the friend's name in one line, and a friend without a name a moment later", () => {
  const { view, said, wait, timers } = open(false);
  view.show(came(A));
  view.show({ event: "circle", peer: A, you: "", with: [] });
  deepEqual(said(), []);
  view.show(named(A, "alice"));
  view.show(came(B));
  wait();
  deepEqual(said(), [
    "Connected: alice [3f2a-91bc], calling from 192.0.2.7:40112.",
    "Connected: friend [b0b0-0000], calling from 192.0.2.7:40112.",
  ]);
  equal(timers.size, 0);
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
    { event: "message", peer: B, id: "1", text: "hello" },
    { event: "message", peer: A, id: "1", text: "hello" },
    { event: "hint", text: "A word." },
    { event: "left", peer: A, reason: "closed" },
    { event: "sent", id: "2", peers: 1, to: [A], unheard: [], private: false, text: "hi" },
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
  view.show({ event: "sent", id: "2", peers: 1, to: [A], unheard: [], private: false, text: "hi" });
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
  deepEqual([panicked.said(), panicked.timers.size], [[], 0]);

  // What is begun to be written then could keep the terminal from being given back.
  const pressed = open(true);
  pressed.view.show(came(A));
  await pressed.tty.type("\x1b[24~");
  deepEqual(pressed.inputs, [["panic", []]]);
});
