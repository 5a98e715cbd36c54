// Sesame as people on Windows start it, under Wine: the host's real calls, keys of a console, talk with Linux each way. What
// passes here runs under Wine; it has not been tried on Windows.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import type { Sesame } from "../harness/process.ts";
import { deliver } from "../harness/process_pair.ts";
import { needs, PHRASE, talker } from "../artifact/subject.ts";
import { consoleOf, echoes, Windows } from "./wine.ts";

const here = Deno.build.target === "x86_64-unknown-linux-gnu" && needs("wine", "wineserver", "npm", "tar");
const windows = here ? await Windows.start() : undefined;
if (!here) console.warn("SKIPPED: nothing of Windows is tried.");

function test(name: string, fn: (windows: Windows) => Promise<void>, ...tools: readonly string[]): void {
  Deno.test({ name, ignore: windows === undefined || !needs(...tools), fn: () => fn(windows!) });
}

Deno.test.afterAll(async () => await windows?.[Symbol.asyncDispose]());

test("the host's calls work: memory is locked, entropy comes, permissions are gone, and what is weaker is said", async (w) => {
  const program = w.script("_host_child.ts", "--allow-net", "--allow-ffi");
  const { code, stdout, stderr } = await w.run(program, "", { NO_COLOR: "" });
  equal(code, 7, stderr);
  const said = JSON.parse(stdout);
  const facts = {
    system: "windows",
    hardened: true,
    coreDumps: "off",
    // G11 says so: a program of the same user can read this one's memory.
    dumpable: true,
    tracer: false,
    keyLog: false,
    writesDown: false,
    inspector: "closed",
    lockLimitBytes: 33_554_432,
    permissions: ["net"],
  };
  deepEqual(said, {
    facts,
    locked: true,
    blankInRandom: false,
    noColour: false,
    refused: "NotCapable",
    console: false,
  });
  const coloured = await w.run(program, "", { NO_COLOR: "1", SSLKEYLOGFILE: "NUL" });
  equal(JSON.parse(coloured.stdout).noColour, true);
  equal(JSON.parse(coloured.stdout).facts.keyLog, true);
});

test(
  "keys of the console come as bytes: an umlaut, an emoji, Ctrl-C, Alt+Enter, F12; timers go on, its mode comes back",
  async (w) => {
    await using console = await consoleOf(w, w.script("_console_child.ts", "--allow-net", "--allow-ffi"));
    const shown = await console.until(/"got".*\}/, false, WAIT_MS);
    const said = JSON.parse(/\{"got".*\}/.exec(shown)![0]);
    ok(said.ticks >= 3);
    deepEqual({ ...said, ticks: 0 }, {
      got: "<e9><1f600>\x03\x1b\r\x1b[24~",
      raw: true,
      same: true,
      ticks: 0,
      permissions: ["net"],
    });
  },
  "tmux",
);

test("it listens in both families where every interface is meant, and only where it was told otherwise", async (w) => {
  for (const [address, ...families] of [["0", "127.0.0.1", "::1"], ["127.0.0.1:0", "127.0.0.1"]] as const) {
    await using anna = await talker(["listen", address], { command: ["wine", ...w.sesame], env: w.env });
    const { address: listening } = await anna.event("listening", WAIT_MS);
    const port = Number(/:(\d+)$/.exec(String(listening))?.[1]);
    for (const hostname of ["127.0.0.1", "::1"]) {
      const connected = await Deno.connect({ hostname, port }).then((c) => (c.close(), true), () => false);
      equal(connected, (families as readonly string[]).includes(hostname), `${address}: ${hostname}`);
    }
    equal(await leave(anna), 0);
  }
});

for (const listens of ["Windows", "Linux"] as const) {
  test(`a process under Wine and one of Linux talk, ${listens} listening: a message each way, each confirmed`, async (w) => {
    const there = { command: ["wine", ...w.sesame], env: w.env };
    const of = (system: string) => system === "Windows" ? there : {};
    await using anna = await talker(["listen", "127.0.0.1:0"], of(listens));
    const { address } = await anna.event("listening", WAIT_MS);
    await using ben = await talker(["connect", String(address)], of(listens === "Windows" ? "Linux" : "Windows"));
    await Promise.all([anna.event("connected", WAIT_MS), ben.event("connected", WAIT_MS)]);
    await deliver(ben, anna, "von ben: grüße 🎉", WAIT_MS);
    await deliver(anna, ben, "von anna: ja ✓", WAIT_MS);
    deepEqual([await leave(ben), await leave(anna)], [0, 0]);
  });
}

test(
  "at the prompt a phrase with an umlaut and an emoji is typed unseen and fits; F12 ends all, and the console is as before",
  async (w) => {
    const phrase = "schöne grüße 🎉 aus wien";
    await using anna = await talker(["listen", "127.0.0.1:0"], { phrase });
    const { address } = await anna.event("listening", WAIT_MS);
    const program = [...w.script("_mode_child.ts", "--allow-all"), ...w.sesame, "connect", String(address)];
    await using console = await consoleOf(w, program);
    await console.until(/Phrase/, false, WAIT_MS);
    while (await echoes(console)) await new Promise((done) => setTimeout(done, 20));
    await console.text(phrase);
    // Nothing tells that keys have arrived and show nothing, so they get a moment.
    await new Promise((done) => setTimeout(done, 300));
    const prompt = await console.until(/Phrase/, false, WAIT_MS);
    ok(!prompt.includes("wien"), prompt);
    await console.keys("Enter");
    await anna.event("connected", WAIT_MS);
    await console.line("hallo 👋");
    equal((await anna.event("message", WAIT_MS)).text, "hallo 👋");
    await console.keys("F12");
    // Wine breaks the line anywhere.
    const shown = await console.until(/ended[^]*b\s*e\s*f\s*o\s*r\s*e/, false, WAIT_MS);
    match(shown.replace(/\s/g, ""), /ended0,modeasbefore$/);
    ok(!shown.includes("hallo"), "the message stays on the screen");
    // Nothing says goodbye after F12.
    equal((await anna.event("left", WAIT_MS)).reason, "closed");
  },
  "tmux",
);

test("a wrong phrase, an unknown option and a key log end with the codes that they have elsewhere", async (w) => {
  await using anna = await talker(["listen", "127.0.0.1:0"]);
  const { address } = await anna.event("listening", WAIT_MS);
  const args = [...w.sesame, "connect", String(address), "--json", "--phrase-fd", "0"];
  equal((await w.run(args, `${PHRASE} not\n`)).code, 4);
  equal((await w.run([...w.sesame, "--no-such"])).code, 2);
  const logged = await w.run(args, `${PHRASE}\n`, { SSLKEYLOGFILE: "C:\\keys" });
  equal(logged.code, 5);
  match(logged.stderr, /SSLKEYLOGFILE is set/);
  equal(await Deno.stat(`${w.env.WINEPREFIX}/drive_c/keys`).catch(() => undefined), undefined);
});

async function leave(sesame: Sesame): Promise<number | null> {
  await sesame.endInput();
  return (await sesame.ended()).code;
}

/** A machine under Wine and load is slow. */
const WAIT_MS = 60_000;
