// What the tmux suite runs inside the terminal: prompt and chat of `src/terminal`, with notices as the core would send
// them, and no network. First argument: the view; the rest: scenarios. Not a test itself.

import { Arena, arenaSize } from "../../src/secrets/locked.ts";
import { hostileStrings } from "../../src/terminal/testdata/hostile.ts";
import { askHidden, readFirstLine } from "../../src/terminal/prompt.ts";
import { Tty } from "../../src/terminal/tty.ts";
import { VIEW_OPTIONS } from "../../src/terminal/testdata/view_options.ts";
import { after } from "../../src/system.ts";
import type { Hearing, Notice } from "../../src/notice.ts";
import type { View } from "../../src/terminal/view.ts";
import { hearingText, type Labels, whoHearsWhom } from "../../src/words/circle.ts";
import { PROMPT_TEXT } from "../../src/words/start.ts";

const A = "3f2a91bc".padEnd(64, "0");
const B = "b0b00000".padEnd(64, "1");
const C = "ca401000".padEnd(64, "2");
/** 12:00 UTC, always: captures are compared with files. */
const NOON = 12 * 3600_000;

const [kind = "screen", ...scenarios] = Deno.args;
const tty = new Tty(undefined, scenarios.includes("dumb"));
// deno-lint-ignore prefer-const -- panic may come before it is set
let view: View | undefined;

const panic = (): never => {
  if (view === undefined) tty.restore();
  else view.panic();
  Deno.exit(0);
};
const leave = async (): Promise<never> => {
  await view?.stop();
  await tty.restoreWithin();
  await tty.writeError("left\n");
  Deno.exit(0);
};

if (scenarios.includes("prompt")) {
  const classes = [[1026, 1]] as const;
  using phrase = new Arena(new Uint8Array(arenaSize(classes)), 0, classes).bytes(1026);
  const outcome = await askHidden(tty, PROMPT_TEXT, phrase, panic);
  if (outcome.type !== "done") await leave();
  // Only what the screen may show: the same for both modes.
  if (!scenarios.includes("chat")) {
    await tty.write("next\r\n");
    await new Promise(() => setInterval(() => {}, 1000));
  }
}

if (scenarios.includes("first-line")) {
  const classes = [[1026, 1]] as const;
  using phrase = new Arena(new Uint8Array(arenaSize(classes)), 0, classes).bytes(1026);
  await tty.writeError(`first line: ${JSON.stringify(await readFirstLine(tty, phrase))}\n`);
}

const { openView } = await import("../../src/terminal/open_view.ts");
let sent = 0;
view = openView(
  kind === "plain" || kind === "json" ? kind : "screen",
  tty,
  { ...VIEW_OPTIONS, wall: () => NOON, name: "me", after },
  (input) => {
    if (input.type === "panic") panic();
    if (input.type === "leave" || input.type === "end") void leave();
    if (input.type !== "line") return;
    if (scenarios.includes("slow")) {
      // As the chat does while too much is unconfirmed.
      view?.hold(true);
      queueMicrotask(() => setTimeout(() => view?.hold(false), 0));
    }
    const id = `mine ${sent++}`;
    view?.show({ event: "sent", id, peers: 2, to: [], unheard: [], without: [], private: false, text: input.text });
    view?.show({ event: "delivered", id, peer: A });
    if (input.text === "hostile") {
      for (const [i, text] of hostileStrings().entries()) view?.show({ event: "message", peer: B, id: `h${i}`, text });
      view?.show({ event: "message", peer: B, id: "end", text: "the corpus is over" });
    }
    if (input.text === "flood") {
      // A new painting at each turn: what F12 has to get through.
      let i = 0;
      setInterval(() => view?.show({ event: "message", peer: A, id: `f${i++}`, text: `flood ${i} `.repeat(50) }), 1);
    }
  },
);
/** What the person says, to whom, and who does not get it. */
function mine(id: string, to: readonly string[], text: string, unheard: Hearing["others"] = []): Notice {
  return { event: "sent", id, peers: to.length, to, unheard, without: [], private: false, text };
}
const NOTHING_HEARD: Hearing = { everyone: false, settling: false, others: [], apart: [], disputed: [] };
const CAROL: Hearing["others"] = [{ peer: C, name: "Carol", by: [A] }];
const LABELS: Labels = {
  who: () => "Bob [3f2a-91bc]",
  reported: ({ name }) => `${name} [ca40-1000]`,
  name: () => "Bob",
  reportedName: () => "Carol",
};
/** Screens for the golden files and README, by scenario. */
const SCREENS: Readonly<Record<string, readonly Notice[]>> = {
  unicode: [
    { event: "connected", peer: A, direction: "in", address: "192.0.2.7:40112" },
    { event: "named", peer: A, name: "Zoë 日本" },
    { event: "message", peer: A, id: "1", text: "e\u0301 is one letter, and so is g\u0308; 한국어, ﾊﾝｶｸ, ｆｕｌｌ" },
    { event: "message", peer: A, id: "2", text: "👋🏽 👩‍🚀 🇩🇪 ❤️ 1️⃣ then text again" },
    { event: "message", peer: A, id: "3", text: "שלום, this is (right) to left: العربية 12:30" },
    { event: "message", peer: A, id: "4", text: "本日は晴天なり".repeat(7) },
    { event: "message", peer: A, id: "5", text: `one word: ${"abcdefghij".repeat(24)}` },
    { event: "message", peer: A, id: "6", text: "\x1b[2J\u202eevil\u200b a\u0301\u0302\u0303\u0304\u0305\u0306 \t|" },
    { event: "message", peer: A, id: "7", text: "the last" },
  ],
  crowd: [
    ...Array.from({ length: 32 }, (_, i): Notice[] => {
      const peer = (0x10 + i).toString(16).repeat(4).padEnd(64, "0");
      return [
        { event: "connected", peer, direction: "in", address: `192.0.2.${i + 1}:7373` },
        { event: "named", peer, name: `friend ${i + 1}` },
        { event: "message", peer, id: `m${i}`, text: `the word of number ${i + 1}` },
      ];
    }).flat(),
    { event: "sent", id: "all", peers: 32, to: [], unheard: [], without: [], private: false, text: "hello you all" },
    { event: "delivered", id: "all", peer: "10".repeat(4).padEnd(64, "0") },
  ],
  // The pictures of README, as Alice sees them. The start has scrolled away.
  "picture-two": [
    { event: "self", peer: B, name: "Alice" },
    { event: "connected", peer: A, direction: "in", address: "192.0.2.7:40112" },
    { event: "named", peer: A, name: "Bob" },
    { event: "message", peer: A, id: "1", text: "did the phrase arrive in one piece?" },
    mine("2", [A], "it did, and the paper is gone 🎉"),
    { event: "delivered", id: "2", peer: A },
    { event: "message", peer: A, id: "3", text: "the source can meet on Thursday\nsame place, an hour later" },
    mine("4", [A], "I'll be there, with the photographs"),
    { event: "delivered", id: "4", peer: A },
  ],
  "picture-three": [
    { event: "connected", peer: A, direction: "in", address: "192.0.2.7:40112" },
    { event: "named", peer: A, name: "Bob" },
    { event: "hearing", hearing: { ...NOTHING_HEARD, others: CAROL } },
    { event: "hint", text: whoHearsWhom(hearingText({ ...NOTHING_HEARD, others: CAROL }, LABELS)) },
    mine("1", [A], "Bob, who is that?", CAROL),
    { event: "delivered", id: "1", peer: A },
    { event: "message", peer: A, id: "2", text: "my editor. You type /introduce Carol, she types yours" },
    { event: "connected", peer: C, direction: "out", address: "192.0.2.9:7373" },
    { event: "named", peer: C, name: "Carol" },
    { event: "hearing", hearing: { ...NOTHING_HEARD, everyone: true } },
    { event: "hint", text: whoHearsWhom(hearingText({ ...NOTHING_HEARD, everyone: true }, LABELS)) },
    mine("4", [A, C], "hello Carol! I'll phone you, to compare words"),
    { event: "delivered", id: "4", peer: A },
    { event: "delivered", id: "4", peer: C },
  ],
  errors: [
    { event: "connecting", address: "192.0.2.9:7373" },
    { event: "refused", address: "192.0.2.9:7373", reason: "timeout" },
    { event: "refused", address: "192.0.2.9:7373", reason: "phrase" },
    { event: "turned-away", count: 3, guesses: 2 },
    { event: "problem", doing: "Could not send that message.", wrong: "Nobody is here.", next: "Wait for a friend." },
    { event: "connected", peer: A, direction: "in", address: "192.0.2.7:40112" },
    { event: "named", peer: A, name: "alice" },
    { event: "connected", peer: B, direction: "in", address: "192.0.2.8:40112" },
    { event: "named", peer: B, name: "аlice" },
    { event: "sent", id: "2", peers: 1, to: [], unheard: [], without: [], private: false, text: "did you get this?" },
    { event: "unconfirmed", id: "2", peer: A },
    { event: "connected", peer: C, direction: "in", address: "192.0.2.9:40112" },
    { event: "left", peer: C, reason: "timeout" },
    { event: "problem", doing: "The end.", wrong: "", next: "" },
  ],
};

view.start();
const screen = scenarios.map((name) => SCREENS[name]).find((notices) => notices !== undefined);
if (screen !== undefined) { for (const notice of screen) view.show(notice); }
else {
  view.show({ event: "listening", address: "0.0.0.0:7373" });
  view.show({ event: "connected", peer: A, direction: "in", address: "192.0.2.7:40112" });
  view.show({ event: "named", peer: A, name: "alice" });
  view.show({ event: "connected", peer: B, direction: "out", address: "192.0.2.8:7373" });
  view.show({ event: "named", peer: B, name: "bob" });
  view.show({ event: "message", peer: A, id: "1", text: "hello, are you there? こんにちは 👋 שלום" });
}
