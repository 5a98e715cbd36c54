// The painter against a terminal in memory. Golden screens: testdata/*.golden, one screen each, to be read as text; written
// anew by `deno test -A src/terminal/screen/screen_test.ts -- --update` and then reviewed in the diff.

// deno-lint-ignore-file no-control-regex -- escape sequences are what this is about
import assert from "node:assert/strict";
import type { Notice } from "../../notice.ts";
import type { KeyName } from "../keys.ts";
import type { Input } from "../view.ts";
import { NameColours } from "./colours.ts";
import { ChatScreen, type ScreenOptions } from "./screen.ts";
import { Emulator } from "../testdata/emulator.ts";
import { hostileStrings } from "../testdata/hostile.ts";
import { A, B, came, delivered, hearing, message, named, sent, unconfirmed } from "../testdata/notices.ts";

const NOON = 12 * 3600_000;

const clock = (at: number) => new Date(at).toISOString().slice(11, 16);

/** A screen and the terminal that it is painted on. */
class Trial {
  readonly screen: ChatScreen;
  terminal: Emulator;
  now = NOON;
  /** Bytes of the last painting. */
  painted = 0;

  constructor(columns = 80, rows = 24, options: Partial<ScreenOptions> = {}, wide = false) {
    this.screen = new ChatScreen({ clock, ...options }, columns, rows);
    this.terminal = new Emulator(columns, rows, wide);
    this.terminal.write("\x1b[?1049h\x1b[?7l");
  }
  tell(...notices: Notice[]): this {
    for (const notice of notices) this.screen.notice(notice, this.now);
    return this.paint();
  }
  type(text: string): this {
    for (const char of text) this.screen.key({ type: "text", text: char });
    return this.paint();
  }
  paste(text: string): this {
    this.screen.key({ type: "paste", text, cut: false });
    return this.paint();
  }
  key(...names: KeyName[]): Input | undefined {
    let action: Input | undefined;
    for (const name of names) action = this.screen.key({ type: "key", name }) ?? action;
    this.paint();
    return action;
  }
  paint(): this {
    const out = this.screen.render(this.now);
    this.painted = out.length;
    this.terminal.write(out);
    return this;
  }
  /** What the last paintings showed counts as shown. */
  shown(): void {
    for (const tell of this.screen.takeShown()) tell();
  }
  resize(columns: number, rows: number): this {
    this.terminal = new Emulator(columns, rows);
    this.terminal.write("\x1b[?7l");
    this.screen.resize(columns, rows);
    return this.paint();
  }
  chat(): this {
    return this.tell(
      { event: "listening", address: "0.0.0.0:7373" },
      ...[came(A), named(A, "alice"), came(B, "192.0.2.8:7373", "out"), named(B, "bob")],
      message(A, "1", "hello, are you there?"),
      sent("2", "yes, both of you", { peers: 2 }),
      delivered("2", A),
    );
  }
}

function golden(name: string, trial: Trial): void {
  const { terminal } = trial;
  assert.deepEqual(terminal.unexpected, []);
  const rows = terminal.text().map((row) => `|${row}`);
  const text = `cursor at row ${terminal.row + 1}, column ${terminal.column + 1}\n${rows.join("\n")}\n`;
  const file = new URL(`../testdata/${name}.golden`, import.meta.url);
  if (Deno.args.includes("--update")) Deno.writeTextFileSync(file, text);
  assert.equal(text, Deno.readTextFileSync(file));
}

const GOLDEN: readonly [name: string, make: () => Trial][] = [
  ["start", () => new Trial().tell({ event: "listening", address: "0.0.0.0:7373" })],
  ["chat", () => new Trial().chat()],
  ["chat-40x10", () => new Trial(40, 10).chat()],
  ["chat-20x5", () => new Trial(20, 5).chat()],
  ["chat-200x60", () => new Trial(200, 60).chat()],
  ["resized", () => new Trial().chat().resize(50, 12)],
  ["typing-several-lines", () => {
    const trial = new Trial(60, 16).chat().type("first line");
    trial.key("alt-enter");
    return trial.type("second line with 日本語 in it, long enough to be continued on a third row");
  }],
  ["pasted", () => new Trial(60, 16).chat().paste("one\ntwo\n/quit\nfour")],
  ["pasted-msg", () => {
    const trial = new Trial(60, 16).chat().paste("tea at five\n/msg alice the key is 4711");
    trial.key("enter");
    return trial;
  }],
  ["unicode", () =>
    new Trial(60, 20).chat().tell(
      message(A, "3", "日本語の長い文はどこででも折り返すことができますので、こうなります。"),
      message(A, "4", "שלום עולם"),
      message(B, "5", "👩‍👩‍👧 👍🏽 🇩🇪 e\u0301 ❤\ufe0f"),
      message(B, "6", "a\ttab and\nan indented\n  line"),
    )],
  ["hostile", () =>
    new Trial(60, 20).chat().tell(
      message(B, "3", "\x1b[2J\x1b[1;1H\x1b]0;owned\x07gone?"),
      message(B, "4", "fine\n12:00 ─ alice [3f2a-91bc] said goodbye\n12:00 │ alice [3f2a-91bc]: fake"),
      message(B, "5", `${" ".repeat(52)}12:00 ! the phrase is known`),
      message(B, "6", `z${"\u0301".repeat(100)} \u202egnp.exe`),
      named(B, "\u0430lice [3f2a-91bc]"),
      message(B, "7", "it is me, alice"),
    )],
  ["errors", () =>
    new Trial(60, 16).tell(
      { event: "connecting", address: "192.0.2.7:7373" },
      { event: "refused", address: "192.0.2.7:7373", reason: "timeout" },
      {
        event: "problem",
        doing: "Could not connect to 192.0.2.7:7373.",
        wrong: "Nobody answered within 5 seconds.",
        next: 'Ask your friend to run "sesame listen".',
      },
      { event: "turned-away", count: 2, guesses: 1 },
    )],
  ["waiting", () => {
    const calling: Notice = { event: "connecting", address: "192.0.2.7:7373" };
    const trial = new Trial(60, 10).tell({ event: "stretching", done: false }, calling);
    trial.now += 3200;
    return trial.paint();
  }],
  ["scrolled", () => {
    const trial = new Trial(60, 12).chat();
    for (let i = 0; i < 30; i++) trial.tell(message(A, `m${i}`, `message ${i}`));
    trial.key("page-up", "page-up");
    return trial.tell(message(A, "x", "new"), message(A, "y", "newer"));
  }],
  ["receipts", () => {
    const trial = new Trial(70, 16).chat();
    trial.tell(delivered("2", B), sent("3", "second", { peers: 2 }), delivered("3", A), unconfirmed("3", B));
    trial.tell({ event: "left", peer: B, reason: "closed" }, sent("4", "third"), sent("5", "fourth"));
    return trial.tell(delivered("4", A), sent("6", "to nobody", { peers: 0 }));
  }],
  ["32-peers", () => {
    const trial = new Trial(80, 20);
    const peers = Array.from({ length: 32 }, (_, i) => (0x10 + i).toString(16).repeat(4).padEnd(64, "0"));
    for (const [i, peer] of peers.entries()) {
      trial.tell(came(peer, "192.0.2.1:1"), named(peer, `friend number ${i}`));
    }
    trial.tell(sent("1", "hello everybody", { peers: 32 }));
    return trial.tell(...peers.slice(0, 7).map((peer) => delivered("1", peer)));
  }],
  ["leave", () => {
    const trial = new Trial(60, 10).chat();
    trial.key("ctrl-c");
    return trial;
  }],
];
for (const [name, make] of GOLDEN) {
  Deno.test(`ChatScreen paints ${name}.golden`, () => golden(name, make()));
}

Deno.test("ChatScreen leaves the last column free, unless the screen is very narrow", () => {
  for (const [name, make] of GOLDEN) {
    const { terminal } = make();
    if (terminal.columns <= 20) continue;
    for (const row of terminal.cells) assert.match(row.at(-1) ?? "", /^ ?$/, `${name}: ${row.join("")}`);
  }
  for (const text of ["e\u0301".repeat(300), "👩‍👩‍👧".repeat(100), "🇩🇪".repeat(100), "x".repeat(300), "日".repeat(100)]) {
    for (const columns of [21, 31, 32, 33, 79, 80]) {
      const trial = new Trial(columns, 24).chat().tell(message(A, "9", text)).paste(text);
      for (const row of trial.terminal.cells) assert.match(row.at(-1) ?? "", /^ ?$/, row.join(""));
    }
  }
});

Deno.test("ChatScreen without colours sends none", () => {
  const screen = new ChatScreen({ colour: "none", clock }, 80, 24);
  screen.notice(came(A, "x"), NOON);
  screen.notice(message(A, "1", "hi"), NOON);
  assert.doesNotMatch(screen.render(NOON), /\x1b\[[\d;]*[34]\d[\d;]*m/);
});

Deno.test("ChatScreen paints only what changed", () => {
  const trial = new Trial().chat();
  trial.type("x");
  assert.ok(trial.painted < 100, `${trial.painted} for a letter`);
  assert.equal(trial.screen.render(NOON), "");
});

Deno.test("ChatScreen keeps what is being typed while messages arrive, and the cursor with it", () => {
  const trial = new Trial().chat().type("half a sen");
  const before = [trial.terminal.text().at(-1), trial.terminal.row, trial.terminal.column];
  for (let i = 0; i < 50; i++) trial.tell(message(B, `${i}`, "noise\n".repeat(i % 4)));
  assert.deepEqual([trial.terminal.text().at(-1), trial.terminal.row, trial.terminal.column], before);
  trial.type("tence");
  assert.deepEqual(trial.key("enter"), { type: "line", text: "half a sentence" });
});

Deno.test("ChatScreen takes a line back that could not be sent, unless another has been begun", () => {
  const trial = new Trial().chat().type("hello?");
  assert.deepEqual(trial.key("enter"), { type: "line", text: "hello?" });
  trial.screen.giveBack("hello?");
  assert.deepEqual(trial.key("enter"), { type: "line", text: "hello?" });
  trial.type("next");
  trial.screen.giveBack("hello?");
  assert.deepEqual(trial.key("enter"), { type: "line", text: "next" });
});

Deno.test("ChatScreen answers the leaving keys", () => {
  const trial = new Trial();
  assert.equal(trial.key("ctrl-c"), undefined);
  assert.deepEqual(trial.key("ctrl-c"), { type: "leave" });
  assert.equal(trial.key("ctrl-c", "left"), undefined);
  assert.equal(trial.screen.key({ type: "text", text: "y" }), undefined);
  assert.equal(trial.key("backspace"), undefined);
  assert.equal(trial.key("ctrl-c"), undefined);
  assert.deepEqual(trial.screen.key({ type: "text", text: "y" }), { type: "leave" });
  assert.deepEqual(trial.key("ctrl-d"), { type: "leave" });
  trial.type("x");
  assert.equal(trial.key("ctrl-d"), undefined);
});

Deno.test("ChatScreen never sends by a paste, nor answers a question by one", () => {
  const trial = new Trial().paste("/quit\n");
  assert.deepEqual(trial.key("enter"), { type: "line", text: "/quit\n" });
  trial.key("ctrl-c");
  assert.equal(trial.screen.key({ type: "paste", text: "y", cut: false }), undefined);
});

Deno.test("ChatScreen says how long a paste is if it cannot show it whole, and how to get rid of it", () => {
  const trial = new Trial().paste("short\n");
  assert.doesNotMatch(trial.terminal.text().join("\n"), /one message/);
  trial.paste("row\n".repeat(99));
  assert.match(trial.terminal.text().at(-9) ?? "", /^── one message of 101 rows: .* Ctrl-_ undoes ─*$/);
  trial.key("ctrl-_");
  assert.equal(trial.terminal.text().at(-2), "> short");
  assert.doesNotMatch(trial.terminal.text().join("\n"), /one message/);
});

Deno.test("ChatScreen goes through the rows of a long paste by arrows, and Ctrl-_ undoes it, also after the history", () => {
  const trial = new Trial(40, 24).type("said before");
  trial.key("enter");
  const text = Array.from({ length: 60 }, (_, i) => `word${i}`).join(" ").replaceAll(" ", "_");
  trial.paste(text);
  const seen = new Set<string>();
  const look = () => {
    for (const row of trial.terminal.text().slice(-8)) seen.add(row.slice(2));
  };
  look();
  const rows = Math.ceil(text.length / 37);
  for (let i = 1; i < rows; i++) {
    trial.key("up");
    look();
    assert.doesNotMatch(trial.terminal.text().join("\n"), /said before/);
  }
  for (let at = 0; at < text.length; at += 37) assert.ok(seen.has(text.slice(at, at + 37)), text.slice(at, at + 37));
  for (let i = 1; i < rows; i++) trial.key("down");
  trial.type("!");
  assert.match(trial.terminal.text().at(-1) ?? "", /59!$/);
  for (let i = 0; i <= rows; i++) trial.key("up");
  assert.equal(trial.terminal.text().at(-1), "> said before");
  trial.key("down");
  trial.key("ctrl-_", "ctrl-_");
  assert.match(trial.terminal.text().at(-1) ?? "", /^> Enter|^>$/);
});

Deno.test("ChatScreen's receipts distinguish friends with the same name", () => {
  const trial = new Trial(80, 10);
  for (const peer of [A, B]) trial.tell(came(peer, "x"));
  const row = () => trial.terminal.text().find((line) => line.includes("you: hello")) ?? "";
  const tell = (id: string) => trial.tell(sent(id, `hello ${id}`, { peers: 2 }), delivered(id, A), unconfirmed(id, B));
  tell("1");
  assert.match(row(), /✓ friend \[3f2a-91bc\] · \? friend \[b0b0-0000\] not confirmed/);
  for (const peer of [A, B]) trial.tell(named(peer, "alice"));
  tell("2");
  assert.match(trial.terminal.text().join(), /✓ alice \[3f2a-91bc\] · \? alice \[b0b0-0000\] not confirmed/);
  trial.tell(named(B, "bob"));
  tell("3");
  assert.match(trial.terminal.text().join(), /✓ alice · \? bob not confirmed/);
});

Deno.test("ChatScreen says on a narrow screen what the keys of a question do", () => {
  for (const columns of [20, 30, 40, 60, 80]) {
    const trial = new Trial(columns, 10, { holdsPhrase: () => true }).type("abc");
    trial.key("enter");
    const asked = trial.terminal.text().at(-2) ?? "";
    assert.match(asked, /y sends.*, (?:any )?other(?: key|s)/, `${columns}: ${asked}`);
    assert.doesNotMatch(asked, /…/);
    trial.key("escape", "ctrl-c");
    const leave = trial.terminal.text().at(-2) ?? "";
    assert.match(leave, /y (?:or Ctrl-C )?leaves, .*stay/, `${columns}: ${leave}`);
  }
});

Deno.test("ChatScreen asks before it sends the phrase, and about nothing else", () => {
  const holdsPhrase = (text: string) => text.includes("correct horse");
  for (const text of ["the phrase is correct horse"]) {
    const trial = new Trial(80, 24, { holdsPhrase }).type(text);
    assert.equal(trial.key("enter"), undefined, text);
    assert.equal(trial.screen.key({ type: "text", text: "n" }), undefined);
    assert.equal(trial.key("enter"), undefined);
    assert.deepEqual(trial.screen.key({ type: "text", text: "y" }), { type: "line", text });
  }
  // To send a secret safely is what the chat is for.
  const secrets = ["-----BEGIN RSA PRIVATE KEY-----", "ghp_abcdefghijklmnopqrstuvwxyz0123456789"];
  for (const text of ["hello", ...secrets]) {
    assert.deepEqual(new Trial(80, 24, { holdsPhrase }).type(text).key("enter"), { type: "line", text });
  }
});

Deno.test("ChatScreen scrolls to the first row and back to the last", () => {
  const trial = new Trial(60, 12);
  for (let i = 0; i < 100; i++) {
    trial.tell(message(A, `${i}`, `number ${i}${i % 3 === 0 ? "\nsecond row" : ""}`));
  }
  for (let i = 0; i < 40; i++) trial.key("page-up");
  assert.match(trial.terminal.text()[1] ?? "", /number 0$/);
  const seen = new Set<number>();
  for (let i = 0; i < 40; i++) {
    for (const row of trial.terminal.text()) {
      const number = /number (\d+)/.exec(row)?.[1];
      if (number !== undefined) seen.add(Number(number));
    }
    trial.key("page-down");
  }
  assert.equal(seen.size, 100);
  assert.match(trial.terminal.text().join("\n"), /number 99/);
  assert.doesNotMatch(trial.terminal.text().join("\n"), /PgDn/);
});

Deno.test("ChatScreen survives any size", () => {
  const trial = new Trial().chat().type("some text 日本\u0301 that is rather long");
  for (const columns of [1, 2, 3, 5, 8, 13, 33, 300]) {
    for (const rows of [1, 2, 3, 4, 7, 100]) {
      trial.resize(columns, rows);
      if (columns >= 5) assert.deepEqual(trial.terminal.unexpected, []);
      trial.key("page-up", "page-down", "ctrl-l");
    }
  }
});

Deno.test("ChatScreen paints anew after each resize, for the screen may have been smaller for a moment", () => {
  const trial = new Trial().chat();
  const before = trial.terminal.text();
  trial.resize(80, 24);
  assert.deepEqual(trial.terminal.text(), before);
});

Deno.test("ChatScreen forgets everything on clear", () => {
  const trial = new Trial().chat().type("secret words");
  trial.screen.clear();
  trial.screen.repaint();
  const terminal = new Emulator(80, 24);
  terminal.write(trial.screen.render(NOON));
  assert.doesNotMatch(terminal.text().join("\n"), /alice|hello|secret/);
});

Deno.test("ChatScreen bounds the scroll-back", () => {
  const screen = new ChatScreen({ clock }, 80, 24);
  for (let i = 0; i < 600; i++) {
    screen.notice(message(A, `${i}`, "x".repeat(16_000)), NOON);
  }
  for (let i = 0; i < 600; i++) screen.key({ type: "key", name: "page-up" });
  screen.render(NOON);
  assert.ok(Deno.inspect(screen).length < 10_000_000);
});

/** The rows that are not the log: who is here, the status, the input. */
function frameOf(terminal: Emulator): (string | undefined)[] {
  const rows = terminal.text();
  return [rows[0], rows.at(-2), rows.at(-1), `${terminal.row},${terminal.column}`];
}

for (const wide of [false, true]) {
  Deno.test(`no hostile message changes a cell outside its rows${wide ? " on a terminal that counts widths differently" : ""}`, () => {
    const strings = hostileStrings();
    assert.ok(strings.length >= 300);
    for (const text of strings) {
      const trial = new Trial(60, 14, {}, wide);
      trial.tell(came(A, "192.0.2.7:1")).type("typed");
      trial.tell(message(A, "0", "before"));
      const before = frameOf(trial.terminal);
      trial.terminal.unexpected.length = 0; // the frame itself has ── and ✓, which the odd terminal counts double
      trial.tell(message(A, "1", text), message(B, "2", "after"));
      const what = JSON.stringify(text.slice(0, 40));
      assert.deepEqual(trial.terminal.unexpected, [], what);
      assert.deepEqual(frameOf(trial.terminal), before, what);
      assert.equal(trial.terminal.bells, 0, what);
      const log = trial.terminal.text().slice(1, -2);
      for (const row of log) {
        // Each row of the log is marked as what it is, by the program.
        if (row !== "") assert.match(row, wide ? /^(?:12:00| {5}) [─│]/u : /^(?:12:00| {5}) [─│](?: |$)/u, what);
      }
      assert.match(log.findLast((row) => row !== "") ?? "", /friend \[b0b0-0000\]: ?after$/, what);
    }
  });
}

Deno.test("no hostile name changes a cell outside its rows, and the tag stays beside it", () => {
  for (const name of hostileStrings()) {
    const trial = new Trial(60, 14);
    trial.tell(came(A, "192.0.2.7:1"), named(A, name)).type("typed");
    trial.tell(message(A, "1", "words"));
    const what = JSON.stringify(name.slice(0, 40));
    assert.deepEqual(trial.terminal.unexpected, [], what);
    const rows = trial.terminal.text();
    assert.match(rows[0] ?? "", /^ Sesame {2}.+ \[3f2a-91bc\]/u, what);
    assert.match(rows.findLast((row) => row.includes("words")) ?? "", /\[3f2a-91bc\]: words$/u, what);
    assert.equal(rows.at(-1), "> typed", what);
  }
});

Deno.test("the terminal in memory would notice: the same strings raw do harm", () => {
  let harmed = 0;
  for (const text of hostileStrings()) {
    const terminal = new Emulator(60, 14);
    terminal.write(`\x1b[?7l\x1b[14;1H> typed\x1b[5;1H${text}`);
    if (terminal.unexpected.length > 0 || terminal.text()[13] !== "> typed") harmed++;
  }
  assert.ok(harmed > 200, `${harmed}`);
});

Deno.test("of several calls one is shown, with its place among them", () => {
  const trial = new Trial(60, 10);
  const status = () => trial.terminal.text().find((row) => row.includes("calling")) ?? "";
  for (const host of ["a", "b", "c"]) trial.tell({ event: "connecting", address: `${host}:1` });
  assert.match(status(), /calling a:1 \(1 of 3\)…/);
  trial.tell({ event: "refused", address: "a:1", reason: "unreachable" });
  assert.match(status(), /calling b:1 \(2 of 3\)…/);
  // Somebody who called us is no call of ours.
  trial.tell({ event: "refused", address: "192.0.2.9:5000", reason: "phrase" });
  assert.match(status(), /calling b:1 \(2 of 3\)…/);
  trial.tell(came(A, "b:1", "out"));
  assert.match(status(), /calling c:1 \(3 of 3\)…/);
  trial.tell({ event: "refused", address: "c:1", reason: "timeout" }, { event: "connecting", address: "d:1" });
  assert.match(status(), /calling d:1…/);
});

Deno.test("a pasted TAB that is wider than a row of the input line, and text behind it, are laid out", () => {
  const screen = new ChatScreen({ colour: "none", clock }, 5, 8);
  screen.key({ type: "paste", text: "\tab", cut: false });
  assert.match(screen.render(0), /ab/);
});

function far(count: number): Notice[] {
  return Array.from({ length: count }, (_, i) => message(A, `far ${i}`, `line ${i}`));
}

Deno.test("a message counts as shown once a row of it is in a painting: not while scrolled up, and with one row never", () => {
  const trial = new Trial(80, 24).chat().tell(...far(40));
  trial.screen.takeShown();
  const shown: string[] = [];
  const say = (id: string, text: string) => {
    trial.screen.notice(message(B, id, text), NOON, () => shown.push(id));
    trial.paint();
    trial.shown();
  };
  say("at the end", "hello");
  assert.deepEqual(shown, ["at the end"]);
  trial.key("page-up");
  say("below", "who sees this?");
  assert.deepEqual(shown, ["at the end"]);
  trial.key("ctrl-end");
  trial.shown();
  assert.deepEqual(shown, ["at the end", "below"]);
  trial.resize(80, 1);
  say("with one row", "and this?");
  assert.deepEqual(shown, ["at the end", "below"]);
  trial.resize(80, 24);
  trial.shown();
  assert.deepEqual(shown, ["at the end", "below", "with one row"]);
});

Deno.test("what went past in one painting is not shown until somebody scrolls up to it, and the status row says so", () => {
  const trial = new Trial(80, 24).chat();
  const shown: string[] = [];
  for (let i = 0; i < 30; i++) {
    trial.screen.notice(message(A, `${i}`, `line ${i}`), NOON, () => shown.push(`${i}`));
  }
  trial.paint().shown();
  assert.equal(shown.length, 21);
  assert.match(trial.terminal.text().join("\n"), /PgUp: 9 unread/);
  trial.key("page-up");
  trial.shown();
  assert.equal(shown.length, 30);
  trial.key("page-down");
  assert.doesNotMatch(trial.terminal.text().join("\n"), /PgUp/);
});

Deno.test("a line marks the first message that came while the person was reading further up, until they answer", () => {
  const trial = new Trial(60, 14).chat().tell(...far(20));
  trial.key("page-up");
  trial.tell(message(B, "new", "are you back?"), ...far(2));
  trial.key("ctrl-end");
  golden("unread-line", trial);
  trial.type("yes").key("enter");
  assert.doesNotMatch(trial.terminal.text().join("\n"), /unread/);
});

Deno.test("six friends have six colours, by arrival, whatever their ids are; a seventh gets one that is used once", () => {
  const colours = new NameColours();
  const peers = Array.from({ length: 12 }, (_, i) => `${i}`.padStart(4, "0").padEnd(64, "0"));
  const here = peers.slice(0, 6);
  const six = here.map((peer) => colours.of(peer, here));
  assert.equal(new Set(six).size, 6);
  assert.deepEqual(here.map((peer) => colours.of(peer, here)), six, "they keep them");
  assert.ok(six.includes(colours.of(peers[6]!, peers.slice(0, 7))));
  // The first has left: the next one gets what is free.
  const after = new NameColours();
  for (const peer of here) after.of(peer, here);
  assert.equal(after.of(peers[7]!, [...here.slice(1), peers[7]!]), six[0]);
});

Deno.test("/clear forgets what was said and typed, and keeps what nobody has seen", () => {
  const trial = new Trial(80, 24).chat();
  trial.type("typed before").key("enter");
  trial.tell(...far(40));
  trial.key("page-up");
  trial.tell(message(B, "new", "are you back?"));
  trial.screen.clearLog();
  trial.paint();
  const text = trial.terminal.text().join("\n");
  assert.match(text, /are you back/);
  assert.doesNotMatch(text, /hello, are you there|line \d|yes, both|unread/);
  trial.key("page-up", "up");
  assert.doesNotMatch(trial.terminal.text().join("\n"), /line \d|typed before/);
});

Deno.test("one line for one arrival, and one for a call that was refused", () => {
  const trial = new Trial().tell(
    ...[came(A), named(A, "alice"), named(A, "Alice L")],
    {
      event: "refused",
      address: "192.0.2.9:7373",
      reason: "unreachable",
      failure: { at: "connect", why: "refused" },
    },
    {
      event: "problem",
      doing: "Could not connect to 192.0.2.9:7373.",
      wrong: "Nothing listens there.",
      next: "Ask your friend.",
    },
  );
  const said = trial.terminal.text().filter((row) => row.startsWith("12:00"));
  assert.deepEqual(said.map((row) => row.slice(8)), [
    "Connected: alice [3f2a-91bc], calling from 192.0.2.7:40112.",
    "Name: alice [3f2a-91bc] is called Alice L.",
    "Could not connect to 192.0.2.9:7373. Nothing listens there. Ask your",
  ]);
});

Deno.test("a name that comes long after its friend, or after /clear, is told in a line of its own", () => {
  const late = new Trial();
  late.screen.notice(came(A), NOON);
  late.screen.notice(named(A, "alice"), NOON + 60_000);
  const cleared = new Trial();
  cleared.screen.notice(came(A), NOON);
  cleared.screen.clearLog();
  cleared.screen.notice(named(A, "alice"), NOON + 1_000);
  for (const trial of [late, cleared]) {
    trial.paint();
    assert.match(trial.terminal.text().join("\n"), /Name: friend \[3f2a-91bc\] is called alice\./);
  }
});

Deno.test("the header says who has been quiet and for how long, until something comes", () => {
  const trial = new Trial(100).chat();
  assert.equal(trial.screen.quiet(new Map([[A, 6_400], [B, 900]])), true);
  assert.match(trial.paint().terminal.text()[0] ?? "", /alice \[3f2a-91bc\] quiet 6 s, bob \[b0b0-0000\](?! quiet)/);
  assert.equal(trial.screen.quiet(new Map()), true);
  assert.doesNotMatch(trial.paint().terminal.text()[0] ?? "", /quiet/);
  assert.equal(trial.screen.quiet(new Map()), false);
});

Deno.test("a prepared id with a tag that was met before is pointed out, even when its owner has left, and so is their name", () => {
  const twin = "3f2a91bc".padEnd(64, "f");
  const trial = new Trial(100).tell(
    ...[came(A), named(A, "alice")],
    { event: "left", peer: A, reason: "bye" },
    ...[came(twin), came(B), named(B, "аlice")],
  );
  const text = trial.terminal.text().join("\n");
  assert.match(text, /! Careful: friend \[3f2a-91bc\] looks like alice \[3f2a-91bc\], someone else/);
  assert.match(text, /! Careful: аlice \[b0b0-0000\] uses the name of alice \[3f2a-91bc\], who left/);
  assert.match(text.split("\n")[0] ?? "", /!friend \[3f2a-91bc\]/);
});

Deno.test("the header names two friends without a name by their tags, and one of them as friend", () => {
  const trial = new Trial(200).tell(came(A), came(B), hearing({ apart: [[A, B]] }));
  assert.match(trial.terminal.text()[0]!, /friend \[3f2a-91bc\] and friend \[b0b0-0000\] do not hear each other/);
  trial.tell(named(A, "alice"));
  assert.match(trial.terminal.text()[0]!, /alice and friend do not hear each other/);
  trial.tell({ event: "named", peer: B, name: "\u0410lice" });
  assert.match(trial.terminal.text()[0]!, /alice \[3f2a-91bc\] and \u0410lice \[b0b0-0000\] do not hear each other/);
});

Deno.test("on a screen of 20 by 5 each row that stands says a whole thing", () => {
  const trial = new Trial(20, 5).chat().tell(hearing({ everyone: true }));
  assert.equal(trial.terminal.text()[0], " Sesame  2 here");
  trial.key("ctrl-c");
  assert.equal(trial.terminal.text()[3], " y leaves, n stays");
  trial.screen.key({ type: "text", text: "n" });
  assert.equal(trial.paint().terminal.text()[3], "── PgUp: 1 unread ──");
  const scrolled = new Trial(20, 5).tell({ event: "hint", text: "one two three four five six seven eight" });
  scrolled.key("page-up");
  assert.equal(scrolled.terminal.text()[3], "── PgDn goes down ──");
});

Deno.test("who comes between a question and its answer, or after a line was given back, is asked about like anybody else", () => {
  const trial = new Trial(100, 24, { holdsPhrase: (text) => text === "the phrase" }).tell(came(A)).type("the phrase");
  assert.equal(trial.key("enter"), undefined);
  trial.tell(came(B));
  assert.equal(trial.screen.key({ type: "text", text: "y" }), undefined, "sent to somebody who had just come");
  assert.match(trial.paint().terminal.text().join("\n"), /Here now too: friend \[b0b0-0000\]/);
  assert.equal(trial.key("enter"), undefined, "the question stands again");
  assert.deepEqual(trial.screen.key({ type: "text", text: "y" }), { type: "line", text: "the phrase" });

  const back = new Trial(100).tell(came(A));
  back.screen.giveBack("no room for it");
  back.tell(came(B));
  assert.equal(back.key("enter"), undefined);
  assert.deepEqual(back.key("enter"), { type: "line", text: "no room for it" });
});

const others = [{ peer: B, name: "Bob", by: [A] }];
const HEARD = hearing({ others });
/** Alice is here, and talks with Bob. */
const ALICE_AND_BOB: readonly Notice[] = [
  came(A, "a:1", "out"),
  named(A, "Alice"),
  { event: "circle", peer: A, you: "", with: [{ peer: B, name: "Bob" }] },
  HEARD,
];

Deno.test("the header says who you are, who is here and who hears whom, and drops you first where there is little room", () => {
  const wide = new Trial(140, 12).tell(
    { event: "self", peer: "c0c0ffee".padEnd(64, "2"), name: "Carol" },
    ...ALICE_AND_BOB,
  );
  const header = (trial: Trial) => trial.terminal.text()[0]!.trim();
  assert.equal(
    header(wide),
    "Sesame  you are Carol [c0c0-ffee]  ·  Alice [3f2a-91bc]  ·  Alice also talks with Bob [b0b0-0000], who does not hear you",
  );
  wide.tell(hearing({ others, everyone: true }));
  assert.match(header(wide), /· {2}everyone hears everyone$/);
  wide.resize(70, 12);
  assert.equal(header(wide).startsWith("Sesame  Alice [3f2a-91bc]  ·  everyone"), true, header(wide));
});

Deno.test("the header of many friends keeps room for who hears whom, and says in full how many are not named", () => {
  const trial = new Trial(80, 12);
  for (let n = 0; n < 5; n++) trial.tell(came(`${n}`.repeat(64)));
  const header = () => trial.terminal.text()[0]!.trim();
  assert.equal(header().endsWith("friend [2222-2222] and 2 more"), true, header());
  trial.tell(HEARD);
  assert.match(header(), /^Sesame {2}friend \[0000-0000\] and 4 more {2}· {2}\S.{30,}/);
});

Deno.test("a message that somebody on the other side did not get says so beside its tick, with the friend's name", () => {
  const trial = new Trial(100, 12).tell(
    ...ALICE_AND_BOB,
    sent("1", "hello you two!", { to: [A], unheard: others }),
    delivered("1", A),
    sent("2", "psst", { to: [A], private: true }),
    sent("3", "all of you?", { to: [A], unheard: others, without: [B] }),
    delivered("3", A),
  );
  const text = trial.terminal.text().join("\n");
  assert.match(text, /hello you two! {1,9}✓ Alice · Bob does not hear this/);
  assert.match(text, /psst .*to Alice alone/);
  assert.match(text, /✓ Alice · not sent to friend · Bob does not/, "a tick is not everybody's");
});

Deno.test("the first Enter does not send a line during which somebody joined, and says to whom the next one will", () => {
  const trial = new Trial(100, 12).tell(came(A), named(A, "Alice"));
  trial.type("for Alice");
  trial.tell(came(B, "b:1"), named(B, "Bob"));
  assert.equal(trial.key("enter"), undefined);
  assert.match(trial.terminal.text().join("\n"), /Here now too: Bob\. Enter sends to Alice, Bob/);
  assert.deepEqual(trial.key("enter"), { type: "line", text: "for Alice" });
  trial.type("/peers");
  trial.tell(came("dd".repeat(32), "c:1"));
  assert.deepEqual(trial.key("enter"), { type: "line", text: "/peers" }, "a command goes to nobody");
});
