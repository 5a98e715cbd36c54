// A line as long as the input takes, in the program as it runs on a real pseudo-terminal: no key may keep the panic key
// waiting. Linux with python3 (pty.py). Each pattern by itself, measured at two sizes: src/terminal/linear_test.ts.

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { ok, strictEqual as equal } from "node:assert/strict";
import { hasProgram, PRODUCT, productEnvironment } from "../harness/product.ts";
import { Pty } from "../harness/pty.ts";

const LETTERS = 60_000;
/** Before the patterns were linear: more than 10 s each, for the tokens 4 s. A busy one takes some 100 ms to end a process. */
const F12_MS = 1500;

const PASTED: readonly [what: string, text: string, key: string][] = [
  ["letters, Ctrl-W", `${"a".repeat(LETTERS)} b`, "\x17"],
  ["letters, Alt-B", `${"a".repeat(LETTERS)} b`, "\x1bb"],
  ["letters, Ctrl-Left", `${"a".repeat(LETTERS)} b`, "\x1b[1;5D"],
  ["letters, Tab", `${"a".repeat(LETTERS)} b`, "\t"],
  ["what looks like tokens, Enter", "-eyJ".repeat(LETTERS / 4), "\r"],
];

for (const [what, text, key] of PASTED) {
  Deno.test({
    name: `60,000 characters pasted, ${what}: F12 is answered at once`,
    ignore: Deno.build.os !== "linux" || !hasProgram("python3"),
    async fn() {
      using home = new TemporaryFolder("pty");
      await using pty = new Pty();
      await pty.open([Deno.execPath(), ...PRODUCT, "listen", "127.0.0.1:0"], productEnvironment(), home.path);
      await pty.until("nothing shows while you type");
      await pty.write("correct horse battery staple\r");
      await pty.until("waiting on 127");
      await pty.write(`\x1b[200~${text}\x1b[201~`);
      await pty.until("one message of \\d+ rows");
      await pty.write(key);
      await pty.rest(200); // the panic key in the same read would be seen first
      const { code, ms } = await pty.end({ how: "bytes", value: "\x1b[24~" });
      equal(code, 0);
      ok(ms < F12_MS, `F12 took ${Math.round(ms)} ms`);
    },
  });
}
