import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { loadSodium } from "../crypto/sodium.ts";
import type { Notice } from "../notice.ts";
import { StretchedPhrase } from "../auth/stretched.ts";
import { SALT_SIZE, STRETCHED_SIZE } from "../constants.ts";
import { ChatScreen } from "../terminal/screen.ts";
import type { View } from "../terminal/view.ts";
import { type ChatArgs, parse } from "./args.ts";
import { Chat, type Outcome } from "./chat.ts";
import { commandHelp } from "./commands.ts";
import type { Stretcher } from "./stretcher.ts";

const arena = await loadSodium([[32, 300], [64, 64], [256, 16], [1280, 4]]);

Deno.test("leaving while the phrase is being stretched does not wait for it, and nothing is opened afterwards", async () => {
  const shown: Notice[] = [];
  const view = { show: (notice: Notice) => void shown.push(notice), hold() {}, tick() {} } as unknown as View;
  let finish = () => {};
  const stretcher = {
    stretch: (salt: Uint8Array) =>
      new Promise<StretchedPhrase>((done) =>
        finish = () => {
          using stretched = arena.bytes(STRETCHED_SIZE);
          stretched.bytes.fill(1);
          done(StretchedPhrase.from(arena, salt.subarray(0, SALT_SIZE), stretched));
        }
      ),
    [Symbol.dispose]() {},
  } as unknown as Stretcher;
  let opened = 0;
  const chat = new Chat({
    args: parse(["listen", "127.0.0.1:0"]) as ChatArgs,
    arena,
    self: "3f2a91bc".padEnd(64, "0"),
    transport: { dial: () => Promise.reject(), listen: () => (opened++, Promise.reject()) },
    stretcher,
    view,
    entropy: (into) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>),
    scripted: false,
    doctor: () => "",
    addresses: () => undefined,
    onPanic: () => {
      throw new Error("panic");
    },
    onFault: (error) => {
      throw error;
    },
  });
  let outcome: Outcome | undefined;
  const running = chat.run().then((its) => outcome = its);
  const turns = () => new Promise((done) => setTimeout(done, 0));
  await turns();
  deepEqual(shown.at(-1), { event: "stretching", done: false });
  chat.input({ type: "leave" });
  await turns();
  const before = outcome;
  finish();
  await running;
  await turns();
  deepEqual([before?.code, before?.stopped], [0, "quit"]);
  equal(opened, 0);
  equal(arena.used, 0);
});

Deno.test("/help fits a screen of 80 by 24 in one piece, below what was there", () => {
  const screen = new ChatScreen({ colour: false, clock: () => "12:00" }, 80, 24);
  screen.notice({ event: "hint", text: "before" }, 0);
  screen.notice({ event: "hint", text: commandHelp() }, 0);
  const out = screen.render(0);
  for (const line of commandHelp().split("\n")) ok(out.includes(line.slice(0, 60)), line);
  match(out, /before/);
});
