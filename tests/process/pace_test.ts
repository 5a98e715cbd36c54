// What the screen shows is worked on between cells (docs/SECURITY.md, "Typing"), in the program as it runs: the system's
// calls of a chat on a terminal while somebody types fast. That work waits is of app/between_ticks_test.ts.

import { ok } from "node:assert/strict";
import { authenticateAsDialer, Wire } from "../adversary/peer.ts";
import { PHRASE } from "../support/process_pair.ts";
import { hasProgram, PRODUCT } from "../support/process.ts";

const INTERVAL_MS = 50;
const CELLS = 80;
const KEY_EACH_MS = 3;
/** No work begins within 4 ms before a cell. Seen with it: 0 or 1 cell of 81; where work did not wait, 20. */
const BEFORE_CELL_MS = 3;

Deno.test({
  name: "the screen of a chat is written between its cells, not just before one, however fast somebody types",
  ignore: !hasProgram("strace") || !hasProgram("script"),
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "sesame-pace-" });
    const args = [...PRODUCT, "listen", "127.0.0.1:0", "--interval", `${INTERVAL_MS}`];
    const product = [Deno.execPath(), ...args].map((word) => `'${word}'`).join(" ");
    const child = new Deno.Command("strace", {
      args: [
        ...["-ff", "-ttt", "-e", "trace=execve,write,writev,sendto,sendmsg", "-o", `${folder}/log`],
        ...["script", "-q", "-e", "-c", `stty rows 24 cols 80; exec ${product}`, "/dev/null"],
      ],
      env: { TERM: "screen-256color", DENO_NO_UPDATE_CHECK: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    try {
      const keys = child.stdin.getWriter();
      const type = (text: string) => keys.write(new TextEncoder().encode(text));
      const screen = screenOf(child.stdout);
      await screen(/Phrase/);
      await type(`${PHRASE}\r`);
      const [address] = await screen(/127\.0\.0\.1:\d+/);
      using session = await authenticateAsDialer(await Wire.dial(address), PHRASE);
      const end = session.cells + CELLS;
      for (let n = 0; session.cells < end; n++) {
        await type(n % 40 === 39 ? "\x15" : "a"); // Ctrl-U empties the line
        await new Promise((done) => setTimeout(done, KEY_EACH_MS));
      }
      await type("\x1b[24~"); // F12
      await child.status;
      const { cells, screens } = await callsIn(folder);
      const just = cells.filter((cell) => screens.some((at) => at < cell && at > cell - BEFORE_CELL_MS));
      ok(cells.length >= CELLS && screens.length > 3 * CELLS, `${cells.length} cells, ${screens.length} writes`);
      ok(
        just.length < 0.05 * cells.length,
        `${just.length} of ${cells.length} cells had the screen written just before`,
      );
    } finally {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself, as it should.
      }
      await child.status;
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

/** Reads all that comes; the function waits for a pattern in it. */
function screenOf(stream: ReadableStream<Uint8Array>): (what: RegExp) => Promise<RegExpExecArray> {
  let said = "";
  let wake = () => {};
  const over = (async () => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      said += text;
      wake();
    }
  })();
  return async (what) => {
    for (let open = true; open;) {
      const match = what.exec(said);
      if (match !== null) return match;
      const more = new Promise<boolean>((done) => wake = () => done(true));
      open = await Promise.race([more, over.then(() => false)]);
    }
    throw new Error(`${what} did not come:\n${said}`);
  };
}
