// What the screen shows is worked on between cells (docs/MEASUREMENTS.md, "Typing"), in the program as it runs: the
// system calls of a chat on a terminal while somebody types fast. chat/quiet_window_test.ts tests that work waits.

import { ok } from "node:assert/strict";
import { authenticateAsDialer, Wire } from "../reference/reference.ts";
import { PHRASE } from "../harness/process_pair.ts";
import { hasProgram, productLine } from "../harness/product.ts";
import { Child } from "../harness/child.ts";

const INTERVAL_MS = 50;
const CELLS = 80;
const KEY_EACH_MS = 3;
/** No work begins within 4 ms before a cell. Seen with it: 0 or 1 cell of 81; where work did not wait, 37 to 46. */
const BEFORE_CELL_MS = 3;

Deno.test({
  name: "the screen of a chat is written between its cells, not just before one, however fast somebody types",
  ignore: !hasProgram("strace") || !hasProgram("script"),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "sesame-pace-" });
    const product = productLine(["listen", "127.0.0.1:0", "--interval", `${INTERVAL_MS}`]);
    const calls = "trace=execve,write,writev,sendto,sendmsg";
    const strace = ["strace", "-ff", "-ttt", "-e", calls, "-o", `${folder}/log`];
    try {
      await using program = Child.onTerminal(`stty rows 24 cols 80; exec ${product}`, folder, strace);
      await program.until(/Phrase/);
      await program.write(`${PHRASE}\r`);
      const [address] = await program.until(/127\.0\.0\.1:\d+/);
      using session = await authenticateAsDialer(await Wire.dial(address), PHRASE);
      const end = session.cells + CELLS;
      for (let n = 0; session.cells < end; n++) {
        await program.write(n % 40 === 39 ? "\x15" : "a"); // Ctrl-U empties the line
        await new Promise((done) => setTimeout(done, KEY_EACH_MS));
      }
      await program.write("\x1b[24~"); // F12
      await program.ended;
      const { cells, screens } = await callsIn(folder);
      const just = cells.filter((cell) => screens.some((at) => at < cell && at > cell - BEFORE_CELL_MS));
      ok(cells.length >= CELLS && screens.length > 3 * CELLS, `${cells.length} cells, ${screens.length} writes`);
      ok(
        just.length < 0.05 * cells.length,
        `${just.length} of ${cells.length} cells had the screen written just before`,
      );
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

/** When, in ms, a cell was sent and when the terminal was written. */
async function callsIn(folder: string): Promise<{ cells: number[]; screens: number[] }> {
  const cells: number[] = [], screens: number[] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    const log = await Deno.readTextFile(`${folder}/${name}`);
    if (log.includes('execve("/usr/bin/script"')) continue;
    for (const [, at = "", call = ""] of log.matchAll(/^(\d+\.\d+) (.*)$/gm)) {
      if (/^\w+\((?!1,)\d+, .*= 1302$/.test(call)) cells.push(Number(at) * 1000);
      else if (/^write\(1, /.test(call)) screens.push(Number(at) * 1000);
    }
  }
  return { cells, screens };
}
