import { strictEqual as equal } from "node:assert/strict";
import { loadSodium } from "../crypto/sodium.ts";
import { Stretcher, wipeStretching } from "./stretcher.ts";

const arena = await loadSodium([[256, 4]]);

function asking(phrase: string): { held: (text: string) => boolean } & Disposable {
  const bytes = new TextEncoder().encode(phrase);
  const locked = arena.bytes(bytes.length);
  locked.bytes.set(bytes);
  const stretcher = new Stretcher(arena, locked, "real", () => true);
  return {
    held: (text) => stretcher.heldIn(new TextEncoder().encode(text)),
    [Symbol.dispose]: () => stretcher[Symbol.dispose](),
  };
}

Deno.test("heldIn() finds the phrase in a message, in other case and with other marks between the words too", () => {
  using it = asking("correct horse battery-staple");
  for (
    const text of [
      "correct horse battery-staple",
      "the phrase is: Correct-Horse  battery, STAPLE!",
      "correcthorsebatterystaple",
      "correct horse correct horse battery staple",
    ]
  ) equal(it.held(text), true, text);
  for (const text of ["", "correct horse battery", "correct house battery staple", "staple battery horse correct"]) {
    equal(it.held(text), false, text);
  }
});

Deno.test("heldIn() compares a phrase of marks as it stands, and letters that are not ASCII too", () => {
  using marks = asking("?!?!-#-a-#-?!?!");
  equal(marks.held("so: ?!?!-#-a-#-?!?!"), true);
  equal(marks.held("a"), false);
  using other = asking("größe, ÄRGER und öl");
  equal(other.held("größe ÄRGER UND öl"), true);
  equal(other.held("größe ärger und öl"), false);
});

Deno.test("heldIn() finds nothing once the phrase is wiped", () => {
  const it = asking("correct horse battery staple");
  it[Symbol.dispose]();
  equal(it.held("correct horse battery staple"), false);
  equal(arena.used, 0);
});

Deno.test("the phrase that is asked for anew is stretched in the wiped page of the one before, and in no page of two", () => {
  const pages: Uint8Array[] = [];
  const start = () =>
    new Stretcher(arena, arena.bytes(8), "real", (view) => {
      pages.push(view);
      return true;
    });
  const first = start();
  pages[0]!.fill(7);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  const [next, other] = [start(), start()];
  equal(pages[1]!.buffer === pages[0]!.buffer, true, "another page is locked for each phrase");
  equal(pages[1]!.every((byte) => byte === 0), true);
  equal(pages[2]!.buffer === pages[1]!.buffer, false);
  next[Symbol.dispose]();
  other[Symbol.dispose]();
  equal(arena.used, 0);
});

Deno.test("the page of a stretch under way is wiped by panic, and by dispose()", () => {
  for (const wipe of [wipeStretching, (it: Stretcher) => it[Symbol.dispose]()]) {
    const phrase = arena.bytes(8);
    let page = new Uint8Array();
    const it = new Stretcher(arena, phrase, "real", (view) => {
      page = view as typeof page;
      return true;
    });
    equal(page.length, 4096);
    page.fill(7);
    wipe(it);
    equal(page.every((byte) => byte === 0), true);
    it[Symbol.dispose]();
  }
  equal(arena.used, 0);
});
