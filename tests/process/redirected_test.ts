// The person sits at a terminal while the output goes to a file: what is meant for the person is on standard error, and
// the file contains only the output. The terminal is made by script(1), or by pty.ts where its modes are examined.

// deno-lint-ignore-file no-control-regex -- escape sequences are what this is about
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { type Ending, Pty } from "../harness/pty.ts";
import { PHRASE } from "../harness/process_pair.ts";
import { hasProgram, PRODUCT, productEnvironment, productLine } from "../harness/product.ts";
import { Child, settles } from "../harness/child.ts";
import { existsSync } from "node:fs";

const script = hasProgram("script");
const python = hasProgram("python3");

for (const error of ["on the terminal", "in a file too"]) {
  test(`--json > FILE asks on the terminal, and each line of the file is JSON; standard error ${error}`, async (at) => {
    const { begin, file } = at;
    const program = begin(["listen", "127.0.0.1:0", "--json"], error === "on the terminal" ? "" : " 2>errors");
    const asked = error === "on the terminal" ? program.until(/Phrase/) : file("errors", /Phrase/);
    await asked;
    await program.write(`${PHRASE}\r`);
    await file("out", /"listening"/);
    await program.write("\x03");
    equal(await program.ended, 0);
    const lines = (await file("out", /stopped/)).trimEnd().split("\n").map((line) => JSON.parse(line));
    equal(lines.at(-1).event, "stopped");
    if (error === "on the terminal") match(program.said, /^\x1b\[\?2004hPhrase[^]*\r\n[^]*\x1b\[\?2004l/);
  });
}

test("--plain > FILE holds sentences alone", async ({ begin, file }) => {
  const program = begin(["listen", "127.0.0.1:0", "--plain"]);
  await program.until(/Phrase/);
  await program.write(`${PHRASE}\r`);
  await file("out", /Waiting|friend/);
  await program.write("\x03");
  equal(await program.ended, 0);
  const said = await file("out", /./);
  ok(!/Phrase|\x1b|\r/.test(said), JSON.stringify(said));
});

test("doctor --json --with-phrase > FILE asks on the terminal, and the file is JSON", async ({ begin, file }) => {
  const program = begin(["doctor", "127.0.0.1:1", "--json", "--with-phrase"]);
  await program.until(/Phrase/);
  await program.write(`${PHRASE}\r`);
  await program.ended;
  equal(JSON.parse(await file("out", /./)).event, "diagnosis");
  match(program.said, /\x1b\[\?2004l/);
});

test("F12 at the prompt of --json > FILE puts the terminal back, and the file stays empty", async ({ begin, file }) => {
  const program = begin(["listen", "127.0.0.1:0", "--json"]);
  await program.until(/Phrase/);
  await program.write("\x1b[24~");
  equal(await program.ended, 0);
  equal(await file("out", /^/), "");
  match(program.said, /: \r+\n\x1b\[\?2004l$/);
});

test("a phrase is taken from no descriptor that is a terminal, which would show it", async ({ begin, file }) => {
  const program = begin(["listen", "127.0.0.1:0", "--json", "--phrase-fd", "3"], " 3</dev/tty");
  await program.until(/Could not take the phrase\. Descriptor 3 is a terminal, which would show it\./);
  equal(await program.ended, 2);
  equal(await file("out", /^/), "");
});

for (const [what, how, value] of [["F12", "bytes", "\x1b[24~"], ["SIGINT", "signal", "SIGINT"]] as const) {
  Deno.test({
    name: `${what} at the prompt puts the terminal back and ends the line, so that the shell's own prompt begins one`,
    ignore: !python,
    async fn() {
      await using pty = new Pty();
      for (const args of [["listen", "127.0.0.1:0"], ["doctor", "127.0.0.1:1", "--with-phrase"]]) {
        await pty.open(
          [Deno.execPath(), ...PRODUCT, ...args],
          { ...productEnvironment(), TERM: "screen-256color" },
          "/",
        );
        await pty.until("Phrase");
        await pty.write("half a phr");
        await pty.rest(1000); // TLS is made ready meanwhile, which keeps the thread
        const { gone, code, sameModes, after } = await pty.end({ how, value } as Ending);
        // A signal found nothing out for the doctor, whose caller must not take that for an open way.
        const ended = how === "signal" && args[0] === "doctor" ? 1 : 0;
        deepEqual({ gone, code, sameModes }, { gone: true, code: ended, sameModes: true });
        match(after, /^\r+\n\x1b\[\?2004l$/);
      }
    },
  });
}

interface Place {
  /** Starts the product with standard output in the file `out`; `redirects` come behind. */
  begin(args: readonly string[], redirects?: string): Child;
  /** What the file holds, as soon as it matches. */
  file(name: string, what: RegExp): Promise<string>;
}

function test(name: string, body: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !script,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "sesame-redirected-" });
      const programs: Child[] = [];
      try {
        await body({
          begin(args, redirects = "") {
            const program = Child.onTerminal(`exec ${productLine(args)} >out${redirects}`, folder);
            programs.push(program);
            return program;
          },
          async file(name, what) {
            let text = "";
            const written = () => {
              text = existsSync(`${folder}/${name}`) ? Deno.readTextFileSync(`${folder}/${name}`) : "";
              return what.test(text);
            };
            ok(await settles(written, 30_000), `${what} did not come in ${name}:\n${text}`);
            return text;
          },
        });
      } finally {
        for (const program of programs) await program[Symbol.asyncDispose]();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
