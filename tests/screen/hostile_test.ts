// Hostile friends, real ones: processes that know the phrase send everything in the corpus that the protocol lets
// through (what it forbids closes the link: tests/adversary), and the reader's screen is examined, with all of its
// scroll-back. The whole corpus, past the protocol, is in screen_test.ts. That both fail without the sanitiser: `deno
// run -A tests/screen/without_sanitiser.ts`.

import { doesNotMatch, match, ok, strictEqual as equal } from "node:assert/strict";
import { hostileStrings } from "../../src/terminal/testdata/hostile.ts";
import { messageProblem } from "../../src/wire/message.ts";
import { hasProgram } from "../harness/product.ts";
import { addressOf, listen, PHRASE } from "../harness/process_pair.ts";
import { Tmux } from "../harness/tmux.ts";

/** They share the corpus, since each sends a cell in 50 ms and no more. */
const NAMES = ["alice", "\u202ebob\u200b", "you: sesame"];

Deno.test({
  name: "hostile peers, real ones, change nothing but their rows, and the terminal answers nothing",
  ignore: !hasProgram("tmux"),
  async fn() {
    const texts = hostileStrings().filter((text) => messageProblem(text) === undefined && !/[\r\n]/.test(text));
    ok(texts.length >= 300, `only ${texts.length} get through`);
    await using ends = new AsyncDisposableStack();
    const peers = await Promise.all(
      NAMES.map(async (name) => ends.use(await listen(["--interval", "50", "--name", name]))),
    );
    const addresses = await Promise.all(peers.map(addressOf));
    const terminal = ends.use(await Tmux.product(["connect", ...addresses, "--interval", "50"]));
    await terminal.until(/phrase/i);
    await terminal.line(PHRASE);
    for (const peer of peers) await peer.event("connected");
    await terminal.text("typed");
    for (const [i, peer] of peers.entries()) {
      for (const text of texts.filter((_, n) => n % peers.length === i)) await peer.say(text);
      await peer.say(`the end of ${i}`);
    }
    // Confirmed is what the terminal has taken.
    for (const [i, peer] of peers.entries()) {
      const { id } = await peer.until(() => peer.all("sent").at(texts.filter((_, n) => n % 3 === i).length), "the end");
      await peer.like("delivered", { id }, 30_000);
    }
    await terminal.until(/\n> typed$/);
    let text = "";
    for (let page = 0; page < 200; page++) {
      text = await next(terminal, text);
      const rows = text.split("\n");
      match(rows[0] ?? "", /^ Sesame {2}/);
      match(rows.at(-2) ?? "", /^──/);
      equal(rows.at(-1), "> typed");
      // The protocol lets these through, and tmux shows what turns around, hides or piles up as it came.
      doesNotMatch(text, /[\u061c\u200b\u200e\u200f\u202a-\u202e\u2066\u2067\ufeff\u{e0000}-\u{e007f}]|\p{M}{8}/u);
      for (const row of rows.slice(1, -2)) {
        match(row, /^(?:\d\d:\d\d| {5}) [─│!](?: |$)/u, row);
        // What a friend says stands behind its name and tag, or goes on below.
        if (/^\d\d:\d\d │/.test(row)) match(row, /^\d\d:\d\d │ .* \[[0-9a-f]{4}-[0-9a-f]{4}\]:/u);
      }
      if (/Memory for secrets/.test(text)) {
        return equal(await terminal.ask("#{alternate_on},#{cursor_flag},#{wrap_flag}"), "1,1,0");
      }
      await terminal.keys("PPage");
    }
    throw new Error("the first row never came");
  },
});

/** The screen once it is another one than `before`, and painted to the end. A page of one letter may look like the next. */
async function next(terminal: Tmux, before: string): Promise<string> {
  for (let look = 1, last = before; look < 300; look++) {
    const text = await terminal.capture();
    if (text !== before && text === last) return text;
    if (look % 8 === 0) await terminal.keys("PPage");
    last = text;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`the screen stays as it is:\n${before}`);
}
