// deno-lint-ignore-file no-control-regex -- escape sequences are what this is about
import assert from "node:assert/strict";
import { Clock } from "../../tests/harness/clock.ts";
import type { Notice } from "../notice.ts";
import { CHAT_COMMANDS } from "../words/commands.ts";
import { MemoryTty } from "./testdata/memory_tty.ts";
import { A, B, came, delivered, message } from "./testdata/notices.ts";
import { openView } from "./open_view.ts";
import { VIEW_OPTIONS } from "./testdata/view_options.ts";
import type { Input, Pace, View, ViewOptions } from "./view.ts";

const MESSAGE = message(A, "1", "hello");

function open(
  kind: "screen" | "plain" | "json",
  terminal: boolean,
  options: Partial<ViewOptions> = {},
): { tty: MemoryTty; view: View; inputs: Input[]; lines: () => string[] } {
  const tty = new MemoryTty({ inputIsTerminal: terminal, outputIsTerminal: terminal });
  const inputs: Input[] = [];
  const view = openView(
    kind,
    tty,
    { ...VIEW_OPTIONS, ...options },
    (input) => inputs.push(input),
  );
  view.start();
  const lines = () => inputs.flatMap((input) => input.type === "line" ? [input.text] : []);
  return { tty, view, inputs, lines };
}

Deno.test("a view from a pipe gives each line, LF or CRLF, the last without one too, then the end", async () => {
  for (const kind of ["plain", "json", "screen"] as const) {
    const { tty, inputs } = open(kind, false);
    await tty.type("one\r\ntw");
    await tty.type("o\n\n/quit\nlast é");
    await tty.end();
    assert.deepEqual(inputs, [
      { type: "line", text: "one" },
      { type: "line", text: "two" },
      { type: "line", text: "" },
      { type: "line", text: "/quit" },
      { type: "line", text: "last é" },
      { type: "end" },
    ]);
  }
});

Deno.test("where nobody reads, what friends tell of others does not pile up, and messages wait", async () => {
  const { tty, view } = open("json", false);
  tty.stuck = true;
  const others = Array.from({ length: 63 }, (_, i) => ({ peer: i.toString(16).padStart(64, "0"), name: "n" }));
  for (let i = 0; i < 2_000; i++) view.show({ event: "circle", peer: A, you: `192.0.2.1:${1000 + i}`, with: others });
  assert.ok(tty.backlog < 5 * 1024 * 1024, `${tty.backlog} characters`);
  view.show(MESSAGE);
  await tty.unstick();
  view.show(delivered("1", A));
  const events = tty.output.trim().split("\n").map((line) => JSON.parse(line));
  const circles = events.filter(({ event }) => event === "circle").length;
  assert.deepEqual(events.slice(circles).map(({ event, text }) => text ?? event), [
    "hello",
    `${2_000 - circles} lines were left out, because nobody read the output. No message is missing.`,
    "delivered",
  ]);
  assert.equal(tty.output.endsWith("\n"), true);
});

Deno.test("a view from a pipe leaves out a line that is not UTF-8 or too long, and says which", async () => {
  const { tty, inputs } = open("json", false);
  await tty.typeBytes(Uint8Array.of(0x61, 0xff, 0x0a, 0x62, 0x0a));
  await tty.type("x".repeat(65_537) + "\nc\n" + "y".repeat(65_536) + "\n");
  await tty.end();
  assert.deepEqual(inputs.map((input) => input.type === "line" ? input.text.slice(0, 3) : input.type), [
    "b",
    "c",
    "yyy",
    "end",
  ]);
  const problems = tty.output.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(problems.map((p) => [p.event, p.doing]), [
    ["problem", "Could not send line 1."],
    ["problem", "Could not send line 3."],
  ]);
});

Deno.test("a view from a pipe that is held gives nothing more, not even from the same read, until it is let go", async () => {
  const { tty, view, inputs, lines } = open("plain", false);
  await tty.type("");
  view.hold(true);
  view.hold(false);
  const original = inputs.push.bind(inputs);
  inputs.push = (...items) => {
    view.hold(true); // as a chat does whose queue is full, from within the call
    return original(...items);
  };
  await tty.type("one\ntwo\nthree\n");
  await tty.end();
  assert.deepEqual(lines(), ["one"]);
  view.hold(false);
  await tty.type("");
  assert.deepEqual(lines(), ["one", "two"]);
  assert.ok(!inputs.some(({ type }) => type === "end"));
  view.hold(false);
  await tty.type("");
  view.hold(false);
  await tty.type("");
  assert.deepEqual(inputs.at(-1), { type: "end" });
  assert.deepEqual(lines(), ["one", "two", "three"]);
});

for (const kind of ["screen", "plain", "json"] as const) {
  Deno.test(`a ${kind} view reports \`shown\` only after the terminal took the text`, async () => {
    const { tty, view } = open(kind, kind !== "json");
    await tty.type("");
    tty.stuck = true;
    let shown = 0;
    view.show(MESSAGE, () => shown++);
    view.show({ ...MESSAGE, id: "2" }, () => shown++);
    await tty.type("");
    assert.equal(shown, 0);
    await tty.unstick();
    assert.equal(shown, 2);
    assert.match(tty.output, /hello/);
  });

  Deno.test(`a ${kind} view never reports \`shown\` for what was lost in a panic`, async () => {
    const { tty, view } = open(kind, kind !== "json");
    await tty.type("");
    tty.stuck = true;
    let shown = 0;
    view.show(MESSAGE, () => shown++);
    await tty.type("");
    view.panic();
    await tty.unstick();
    view.show(MESSAGE, () => shown++);
    view.panic();
    await tty.type("");
    assert.equal(shown, 0);
    assert.equal(tty.restored, "panic");
  });

  Deno.test(`a ${kind} view on a terminal answers F12, Ctrl-\\ and a closed terminal with panic, also in a paste`, async () => {
    for (const keys of ["\x1b[24~", "\x1c", "half\x1b[24~", "\x1b[200~paste\x1c", "\x03\x1b[24~"]) {
      const { tty, inputs } = open(kind, true);
      await tty.type(keys);
      assert.deepEqual(inputs.at(-1), { type: "panic" }, JSON.stringify(keys));
    }
    const { tty, inputs } = open(kind, true);
    await tty.end();
    assert.deepEqual(inputs, [{ type: "panic" }]);
    tty.onClosed?.();
    assert.equal(inputs.length, 2);
  });

  Deno.test(`a ${kind} view gives typed lines; a paste waits for Enter; Ctrl-D leaves`, async () => {
    const { tty, inputs } = open(kind, true);
    await tty.type("hel\x7flo\r");
    await tty.type("\x1b[200~/quit\rtwo\r\x1b[201~");
    assert.deepEqual(inputs, [{ type: "line", text: "helo" }]);
    await tty.type("\r\x04");
    assert.deepEqual(inputs.slice(1), [{ type: "line", text: "/quit\ntwo\n" }, { type: "leave" }]);
  });

  Deno.test(`a ${kind} view writes nothing after stop`, async () => {
    const { tty, view } = open(kind, true);
    await tty.type("");
    await view.stop();
    const before = tty.output;
    view.show(MESSAGE, () => assert.fail("not shown"));
    await tty.type("x\r");
    assert.equal(tty.output, before);
    assert.equal(tty.restored, "within");
  });
}

Deno.test("a screen view with a slow terminal paints once for all that came meanwhile", async () => {
  const { tty, view } = open("screen", true);
  await tty.type("");
  tty.stuck = true;
  view.show(MESSAGE);
  await tty.type("");
  for (let i = 0; i < 1000; i++) {
    view.show({ ...MESSAGE, id: `${i}`, text: `number ${i}` });
    if (i % 100 === 0) await tty.type("");
  }
  assert.ok(tty.backlog < 10_000);
  const before = tty.output.length;
  await tty.unstick();
  assert.match(tty.output, /number 999/);
  assert.ok(tty.output.length - before < 10_000);
});

Deno.test("a screen view paints once a terminal that was stuck from the start goes on", async () => {
  const tty = new MemoryTty({ inputIsTerminal: true, outputIsTerminal: true });
  tty.stuck = true;
  const view = openView("screen", tty, VIEW_OPTIONS, () => {});
  view.start();
  view.show(MESSAGE);
  await tty.type("");
  await tty.unstick();
  assert.match(tty.output, /hello/);
});

Deno.test("a screen view follows the size and rings only when asked to", async () => {
  const quiet = open("screen", true);
  await quiet.tty.setSize(40, 10);
  quiet.view.show(MESSAGE);
  await quiet.tty.type("");
  assert.doesNotMatch(quiet.tty.output, /\x07/);
  assert.match(quiet.tty.output, /\x1b\[10;1H/);
  for (const kind of ["screen", "plain"] as const) {
    const loud = open(kind, true, { bell: true });
    loud.view.show(MESSAGE);
    loud.view.show({ event: "hint", text: "x" });
    await loud.tty.type("");
    assert.equal(loud.tty.output.split("\x07").length, 2);
  }
});

Deno.test("a plain view on a terminal puts what is being typed below what arrives, without moving the cursor", async () => {
  const { tty, view, lines } = open("plain", true);
  await tty.type("half a");
  view.show(MESSAGE);
  await tty.type(" line\x7f\x7fXY\r");
  assert.deepEqual(lines(), ["half a liXY"]);
  assert.equal(tty.output, "\x1b[?2004hhalf a\r\nFrom friend [3f2a-91bc]: hello\r\nhalf a line\b \b\b \bXY\r\n");
});

Deno.test("a plain view whose line is longer than a row writes it again below, rather than go back over the edge", async () => {
  const { tty, lines } = open("plain", true);
  await tty.setSize(60, 24);
  await tty.type("7".repeat(65));
  await tty.type("\x7f".repeat(5));
  assert.equal(tty.output, `\x1b[?2004h${"7".repeat(65)}${"\b \b".repeat(5)}`);
  await tty.type("\x7f".repeat(2));
  await tty.type("ZZZ");
  assert.equal(
    tty.output,
    `\x1b[?2004h${"7".repeat(65)}${"\b \b".repeat(5)}\r\n${"7".repeat(59)}\b \bZZZ`,
  );
  await tty.type("\r");
  assert.deepEqual(lines(), [`${"7".repeat(58)}ZZZ`]);
});

Deno.test("a view on a terminal completes every command", async () => {
  for (const kind of ["screen", "plain"] as const) {
    for (const command of CHAT_COMMANDS.map((command) => command.slice(1))) {
      const { tty, lines } = open(kind, true);
      await tty.type(`/${command.slice(0, Math.min(3, command.length - 1))}\t1\r`);
      assert.deepEqual(lines().map((line) => line.trim()), [`/${command} 1`]);
    }
  }
});

Deno.test("a plain view breaks long lines itself, so that no row of a peer begins at the edge", async () => {
  const { tty, view } = open("plain", true);
  for (const filler of [" ", "x", "\u3000", "é", "☆"]) {
    view.show({ ...MESSAGE, text: `${filler.repeat(79)}Goodbye. ${filler.repeat(200)}Connected: bob` });
  }
  await tty.type("");
  const rows = tty.output.replace("\x1b[?2004h", "").trimEnd().split("\r\n");
  for (const row of rows) assert.match(row, /^(?:From friend| {2})/u);
});

Deno.test("a plain view asks before it sends what looks like a secret, and leaves by Ctrl-C twice", async () => {
  const { tty, inputs } = open("plain", true, { holdsPhrase: (text) => text === "the phrase" });
  await tty.type("the phrase\r");
  assert.match(tty.output, /Looks like the phrase of this session/);
  await tty.type("n");
  assert.deepEqual(inputs, []);
  await tty.type("\r");
  await tty.type("y");
  assert.deepEqual(inputs, [{ type: "line", text: "the phrase" }]);
  await tty.type("\x03");
  assert.equal(inputs.length, 1);
  await tty.type("\x03");
  assert.deepEqual(inputs[1], { type: "leave" });
});

for (const kind of ["screen", "plain"] as const) {
  Deno.test(`a ${kind} view takes Escape for no at once, and Alt with any key as well: the y after it sends nothing`, async () => {
    for (const no of ["\x1b", "\x1by", "\x1bY", "\x1b\x1b", "\x1b\x03", "\x1b[121;3u", "\x1b[A"]) {
      for (const question of ["the phrase\r", "\x03"]) {
        const { tty, inputs } = open(kind, true, { holdsPhrase: (text) => text.startsWith("the phrase") });
        await tty.type(question);
        await tty.type(no);
        await tty.type("y");
        assert.deepEqual(inputs, [], JSON.stringify(question + no));
      }
    }
    // In one read too, and in two that cut Alt+y.
    for (
      const reads of [["the phrase\r\x1by"], ["the phrase\r\x1b", "y"], ["\x03\x1b\x03"], ["\x1b", "\x03\x1b", "y"]]
    ) {
      const { tty, inputs } = open(kind, true, { holdsPhrase: (text) => text.startsWith("the phrase") });
      for (const read of reads) await tty.type(read);
      assert.deepEqual(inputs, [], JSON.stringify(reads));
    }
  });

  Deno.test(`a ${kind} view takes an ESC that stays alone for Escape: Enter sends then; a sequence that is cut still works`, async () => {
    const clock = new Clock();
    const { tty, lines, inputs } = open(kind, true, { after: clock.after });
    await tty.type("one\x1b");
    clock.pass(60_000);
    await tty.type("\r");
    assert.deepEqual(lines(), ["one"]);
    await tty.type("two\x1b");
    await tty.type("[D");
    clock.pass(60_000);
    await tty.type("x\r");
    assert.deepEqual(lines(), ["one", "twxo"]);
    // On a slow line a paste may begin after its ESC has been taken for Escape: its lines are not typed.
    await tty.type("\x1b");
    clock.pass(60_000);
    await tty.type("[200~x\ry\r\x1b[201~");
    assert.equal(lines().length, 2);
    await tty.type("\r");
    assert.deepEqual(lines()[2], "x\ny\n");
    await tty.type("a\x1b");
    await tty.type("\rb\r");
    assert.deepEqual(lines().at(-1), "a\nb");
    // And so may F12.
    await tty.type("\x1b");
    clock.pass(60_000);
    await tty.type("[24~");
    assert.deepEqual(inputs.at(-1), { type: "panic" });
  });
}

for (const kind of ["screen", "plain", "json"] as const) {
  Deno.test(`a ${kind} view takes F12 before all that was typed in front of it`, async () => {
    const { tty, inputs } = open(kind, true);
    await tty.type("never sent\r\x1b[24~");
    assert.deepEqual(inputs, [{ type: "panic" }]);
  });
}

Deno.test("a plain view asks anew when somebody comes between its question and the answer", async () => {
  const { tty, view, lines } = open("plain", true, { holdsPhrase: (text) => text === "the phrase" });
  view.show(came(A));
  await tty.type("the phrase\r");
  view.show(came("b0".repeat(32)));
  await tty.type("y");
  assert.deepEqual(lines(), []);
  assert.match(tty.output, /Here now too: friend \[b0b0-b0b0\]/);
  await tty.type("\ry");
  assert.deepEqual(lines(), ["the phrase"]);
});

Deno.test("/clear forgets what was typed: no key brings it back", async () => {
  for (const kind of ["screen", "plain"] as const) {
    const { tty, view, lines } = open(kind, true);
    await tty.type("said before\rthrown away\x15/clear\r");
    view.clear();
    await tty.type("");
    const before = tty.output.length;
    for (const key of ["\x1b[A", "\x1b[A", "\x19", "\x1f"]) await tty.type(key);
    await tty.type("x\r");
    assert.doesNotMatch(tty.output.slice(before), /said|thrown/, kind);
    assert.deepEqual(lines(), ["said before", "/clear", "x"]);
  }
});

Deno.test("a plain view breaks what it says of friends by itself, so that no name stands where a row begins", async () => {
  const { tty, view } = open("plain", true);
  await tty.setSize(60, 24);
  await tty.type("hello");
  for (let i = 0; i < 6; i++) {
    const peer = `${i}`.repeat(64);
    view.show({ event: "connected", peer, direction: "in", address: "192.0.2.9:1" });
    view.show({ event: "named", peer, name: "Left: bob said goodbye." });
  }
  const before = tty.output.length;
  await tty.type("\r");
  const rows = tty.output.slice(before).split("\r\n").filter((row) => row !== "");
  assert.match(rows[0] ?? "", /^Here now too: Left: bob/);
  for (const row of rows.slice(1, -1)) assert.match(row, /^ {2}\S/);
  assert.ok(rows.length > 4 && rows.every((row) => row.length < 60));
});

Deno.test("Tab says what could be meant, on the screen and with --plain", async () => {
  for (const kind of ["screen", "plain"] as const) {
    const { tty, lines } = open(kind, true);
    await tty.type("/c\t");
    assert.match(tty.output, /\/clear {2}\/connect/, kind);
    await tty.type("l\t\r");
    assert.deepEqual(lines(), ["/clear "]);
  }
});

/** Of a row: whether each right-to-left letter is in an isolate of its own, and no tag is. */
function isolated(row: string): boolean {
  const inside = [...row.matchAll(/\u2068([^\u2068\u2069]*)\u2069/g)].map(([, text]) => text ?? "");
  const outside = row.replace(/\u2068[^\u2068\u2069]*\u2069/g, "");
  return !/[\u0590-\u08ff\u2068\u2069]/.test(outside) && !inside.some((text) => text.includes("["));
}

Deno.test("a right-to-left name turns no tag and no other name around, wherever it is shown, and long ones neither", async () => {
  const hebrew = "שלום".repeat(8);
  for (const kind of ["screen", "plain"] as const) {
    for (const columns of [40, 60, 80, 200]) {
      const { tty, view } = open(kind, true);
      await tty.setSize(columns, 40);
      for (const [i, name] of [hebrew, "שרה", `${hebrew}x`].entries()) {
        const peer = `${i}${i}`.repeat(32);
        view.show({ event: "connected", peer, direction: "in", address: "192.0.2.9:1" });
        view.show({ event: "named", peer, name });
        view.show({
          ...MESSAGE,
          peer,
          id: `${i}`,
          text: "12 שלום! (34) and on, and on, and on, and on, and on, and on",
        });
        view.show({ event: "named", peer, name: `${name}.` });
      }
      view.show({ event: "sent", id: "x", peers: 3, to: [], unheard: [], without: [], private: false, text: "hi" });
      view.show({ event: "delivered", id: "x", peer: "11".repeat(32) });
      view.show({ event: "left", peer: "11".repeat(32), reason: "closed" });
      await tty.type("");
      const rows = tty.output.split(kind === "screen" ? /\x1b\[\d+;1H/ : /\r\n/);
      assert.ok(rows.filter((row) => /[\u0590-\u08ff]/.test(row)).length > 8);
      for (const row of rows) assert.ok(isolated(row), `${kind} ${columns}: ${JSON.stringify(row)}`);
    }
  }
});

Deno.test("each text of a notice is cleaned, whoever chose it and whatever was told before", async () => {
  const evil = "\x1b[2J\u202eevil";
  const notices: readonly Notice[] = [
    { event: "listening", address: evil },
    { event: "connecting", address: evil },
    { event: "connected", peer: A, direction: "in", address: evil },
    { event: "connected", peer: B, direction: "out", address: evil },
    { event: "named", peer: A, name: evil },
    { event: "refused", address: evil, reason: "phrase" },
    { ...MESSAGE, text: evil },
    // Of somebody whom no friend has named since: there have been too many others.
    {
      event: "sent",
      id: "2",
      peers: 1,
      to: [A],
      text: evil,
      unheard: [{ peer: "cc".repeat(32), name: evil, by: [A] }],
      without: [],
      private: false,
    },
    { event: "delivered", id: "2", peer: A },
    { event: "wrong-peer", peer: B, by: A, address: evil },
    { event: "new-session", address: evil, peer: A, before: B },
    { event: "door-closed", address: evil },
    { event: "already-called", address: evil, state: "many" },
    { event: "hint", text: evil },
    { event: "diagnosis", address: evil, failure: { at: "connect", why: "refused" }, proxy: evil },
    { event: "onion", address: evil, confirmed: true },
    { event: "mapped", address: evil, by: "pcp", seconds: 60 },
    { event: "unmapped", address: evil, why: "router-silent", lost: evil },
    { event: "problem", doing: evil, wrong: evil, next: evil },
    { event: "self", peer: A, name: evil },
  ];
  for (const kind of ["screen", "plain"] as const) {
    const { tty, view } = open(kind, true);
    await tty.setSize(100, 60);
    for (const notice of notices) view.show(notice);
    await tty.type("");
    assert.ok(tty.output.split("evil").length > notices.length - 3, kind);
    assert.doesNotMatch(tty.output, /\x1b\[2Je|\x1b\[2J.?evil|\u202e/, kind);
  }
});

Deno.test("/clear with --plain says so where what was written cannot be taken back", async () => {
  const piped = open("plain", false);
  piped.view.clear();
  await piped.tty.type("");
  assert.match(piped.tty.output, /^Forgotten here\. What was written already stays/);
  const seen = open("plain", true);
  seen.view.clear();
  await seen.tty.type("");
  assert.match(seen.tty.output, /\x1b\[2J\x1b\[3J$/);
});

Deno.test("a view whose pipe is closed leaves", async () => {
  const { tty, inputs } = open("json", false);
  await tty.type("");
  tty.onClosed?.();
  assert.deepEqual(inputs, [{ type: "leave" }]);
});

Deno.test("a plain view into a pipe holds no escape and no carriage return", async () => {
  const { tty, view } = open("plain", false);
  view.show({ ...MESSAGE, text: "\x1b[31m\r\x07\x9b" });
  await tty.type("hi\n");
  assert.doesNotMatch(tty.output, /(?!\n)\p{Cc}/u);
});

/** A pace that lets nothing through until it is told to. */
function heldPace(): { pace: Pace; release: () => void } {
  const held: (() => void)[] = [];
  const release = () => {
    for (let work = held.shift(); work !== undefined; work = held.shift()) work();
  };
  return { pace: { run: (work) => void held.push(work), flush: release }, release };
}

Deno.test("a screen view acts on keys and shows notices when its pace says so, in order; a panic key waits for nothing", async () => {
  const { pace, release } = heldPace();
  const { tty, view, inputs } = open("screen", true, { pace });
  const shown: string[] = [];
  view.show(MESSAGE, () => shown.push("message"));
  await tty.type("hi\r");
  assert.deepEqual([inputs, shown], [[], []]);
  release();
  await tty.type(""); // a painting is asked for after the step
  release();
  await tty.type("");
  assert.deepEqual([inputs, shown], [[{ type: "line", text: "hi" }], ["message"]]);
  await tty.type("never sent\r\x1c");
  assert.deepEqual(inputs.slice(1), [{ type: "panic" }]);
});

Deno.test("a friend who comes while Enter waits for its turn is asked about, and gets nothing before", async () => {
  const { pace, release } = heldPace();
  const { tty, view, lines } = open("screen", true, { pace });
  await tty.type("hello");
  release();
  await tty.type("\r");
  view.show({ event: "connected", peer: A, direction: "in", address: "192.0.2.7:40112" });
  release();
  assert.deepEqual(lines(), []);
  await tty.type("\r");
  release();
  assert.deepEqual(lines(), ["hello"]);
});

Deno.test("a screen view that stops shows what its pace still holds; one that panics takes nothing in", async () => {
  for (const end of ["stop", "panic"] as const) {
    const { pace, release } = heldPace();
    const { tty, view } = open("screen", true, { pace });
    release();
    let shown = false;
    view.show(MESSAGE, () => shown = true);
    await view[end]();
    release();
    await tty.type("");
    assert.equal(shown, end === "stop", end);
  }
});

for (const [input, output] of [[true, true], [true, false], [false, true], [false, false]] as const) {
  const where = `${input ? "keys" : "a pipe"} in, ${output ? "a terminal" : "a pipe, perhaps tee"} out`;
  Deno.test(`--plain: no friend can make a row look like one of the program, whatever they pad with (${where})`, async () => {
    const tty = new MemoryTty({ inputIsTerminal: input, outputIsTerminal: output });
    const view = openView("plain", tty, VIEW_OPTIONS, () => {});
    view.start();
    for (const [id, pad] of [" ", "\t", "\u3000", ".", "-"].entries()) {
      for (let length = 40; length <= 100; length++) {
        const text = `${pad.repeat(length)}Left: bob said goodbye.`;
        view.show({ ...MESSAGE, id: `${id} ${length}`, text });
      }
    }
    await tty.type("");
    // As the terminal behind `tee` would show it, 80 columns wide. What nobody may read on a terminal may be long.
    const rows = tty.output.split(/\r?\n/).flatMap((line) => line.match(/.{1,80}/gsu) ?? []);
    const forged = rows.filter((row) => /^Left: bob/.test(row));
    if (input || output) assert.deepEqual(forged, []);
    assert.doesNotMatch(tty.output, /[ \t\u3000]{9}/);
  });
}

Deno.test("a message rings or notifies only when asked to, and never with its text", async () => {
  for (const kind of ["screen", "plain"] as const) {
    for (const [options, called] of [[{}, false], [{ notify: true }, true]] as const) {
      const { tty, view } = open(kind, true, options);
      await tty.type("");
      const before = tty.output.length;
      view.show(MESSAGE);
      await tty.type("");
      const said = tty.output.slice(before);
      const call = "\x1b]9;Sesame: a message\x1b\\\x1b]777;notify;Sesame;A message\x1b\\";
      assert.equal(said.includes(call), called, kind);
      assert.equal(said.replace(call, "").includes("\x1b]"), false, kind);
      view.show({ event: "left", peer: MESSAGE.peer, reason: "bye" });
      await tty.type("");
      assert.equal(tty.output.split("\x1b]9;").length, called ? 2 : 1, kind);
    }
  }
});

Deno.test("a plain view says one thing of a call that ended: the problem, or what is told when the view has stopped", async () => {
  const refused: Notice = {
    event: "refused",
    address: "192.0.2.7:7373",
    reason: "unreachable",
    failure: { at: "connect", why: "refused" },
  };
  const problem: Notice = {
    event: "problem",
    doing: "Could not connect to 192.0.2.7:7373.",
    wrong: "No.",
    next: "Wait.",
  };
  const clock = new Clock();
  const { after } = clock;
  const said = ({ tty }: { tty: MemoryTty }) =>
    tty.output.split("\n").map((line) => line.split(/[.:] /)[0]).slice(0, -1);
  const ended = open("plain", false, { after });
  ended.view.show(refused);
  ended.view.show(problem);
  assert.deepEqual([said(ended), clock.timers], [["Could not connect to 192.0.2.7:7373"], 0]);

  // Of one that goes on there is no problem, and nothing overtakes its line.
  const goesOn = open("plain", false, { after });
  goesOn.view.show(refused);
  assert.deepEqual(said(goesOn), []);
  clock.pass(60_000);
  goesOn.view.show(refused);
  goesOn.view.show({ ...problem, doing: "Could not do something else." });
  assert.deepEqual(said(goesOn), [
    "No connection with 192.0.2.7:7373",
    "No connection with 192.0.2.7:7373",
    "Could not do something else",
  ]);

  for (const next of ["told", "asks", undefined] as const) {
    const stopped = open("plain", false, { after });
    stopped.view.show(refused);
    await stopped.view.stop(next);
    assert.equal(said(stopped).length, next === undefined ? 1 : 0, `${next}`);
    assert.equal(clock.timers, 0);
  }
});
