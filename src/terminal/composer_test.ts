// Whom a line goes to: nobody gets one who came while it was written, before the person has been told.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import type { PeerId } from "../ports.ts";
import { Composer } from "./composer.ts";
import type { KeyName, PlainKey } from "./keys.ts";
import { newRoster } from "./text/roster.ts";
import type { Input } from "./view.ts";

const roster = newRoster();
const composer = new Composer({ roster: () => roster, label: (peer) => peer, holdsPhrase: () => false });

const text = (text: string): PlainKey => ({ type: "text", text });
const named = (name: KeyName): PlainKey => ({ type: "key", name });

function here(...peers: PeerId[]): void {
  roster.here.clear();
  for (const peer of peers) roster.here.set(peer, { address: "" });
}

/** What Enter does: a line goes, or the person is told who is here now too. */
function enter(): Input | string | undefined {
  const input = composer.key(named("enter"));
  return composer.remark === "" ? input : composer.remark;
}

Deno.test("somebody who joined while a line was typed is named once, and then counts as meant", () => {
  here("bob");
  composer.key(text("h"));
  here("bob", "carol");
  composer.key(text("i"));
  equal(enter(), "Here now too: carol. Enter sends to bob, carol.");
  here("bob", "carol", "dora");
  equal(enter(), "Here now too: dora. Enter sends to bob, carol, dora.");
  deepEqual(enter(), { type: "line", text: "hi" });
});

Deno.test("somebody who left meanwhile is not named, and an emptied line starts afresh", () => {
  here("bob", "carol");
  composer.key(text("h"));
  here("bob");
  deepEqual(enter(), { type: "line", text: "h" });
  composer.key(text("x"));
  composer.key(named("backspace"));
  here("bob", "dora");
  composer.key(text("y"));
  deepEqual(enter(), { type: "line", text: "y" });
});

Deno.test("a command goes to nobody, a line that begins with two slashes does", () => {
  for (const line of ["/peers", "/msg Bob psst", "//peers"]) {
    here();
    composer.key(text(line));
    here("bob");
    const told = enter();
    if (line.startsWith("//")) match(`${told}`, /Here now too: bob/);
    else deepEqual(told, { type: "line", text: line });
    composer.clear();
  }
});

Deno.test("a line is full at 64 Ki, and says so, whether it is typed or pasted", () => {
  composer.key({ type: "paste", text: "x".repeat(65_536), cut: false });
  for (const more of [text("y"), { type: "paste", text: "yy", cut: false } as const]) {
    composer.key(more);
    equal(composer.remark, "The line is full.");
  }
  composer.clear();
});

Deno.test("a /msg below the first line is asked about, as it would go to everybody; one behind blanks goes to nobody new", () => {
  here("bob");
  composer.key({ type: "paste", text: "tea at five\n  /msg bob the key is 4711", cut: false });
  equal(enter(), undefined);
  match(composer.asks?.[0] ?? "", /a hidden \/msg/);
  composer.key(named("escape"));
  composer.clear();
  composer.key(text("  /msg bob hi"));
  here("bob", "carol");
  deepEqual(enter(), { type: "line", text: "  /msg bob hi" });
  for (const said of ["one\n/quit", "one\n//msg bob", "/msg bob one\ntwo"]) {
    composer.key({ type: "paste", text: said, cut: false });
    deepEqual(enter(), { type: "line", text: said });
  }
});
