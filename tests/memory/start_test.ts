// The start in real processes: what is refused, what brings a warning, what is weaker without FFI, which permissions
// are left, and which files are touched. Tests that must become an ordinary user, or trace, say so where they cannot.

import { TemporaryFolder } from "../../scripts/release/files.ts";
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { addressOf, deliver, dial, listen, PHRASE, scripted } from "../harness/process_pair.ts";
import type { Sesame } from "../harness/process.ts";
import { denoDir, hasProgram, PRODUCT } from "../harness/product.ts";
import { cannotBeOrdinary, OrdinaryUser } from "./ordinary.ts";
import { Tmux } from "../harness/tmux.ts";

const LISTEN = ["listen", "127.0.0.1:0"];
const SCRIPTED = ["--json", "--phrase-fd", "0"];
const WITHOUT_FFI = PRODUCT.filter((arg) => arg !== "--allow-ffi");
const linux = Deno.build.os === "linux";
const notOrdinary = cannotBeOrdinary();
if (notOrdinary !== undefined) console.warn(`SKIPPED: the tests as an ordinary user: ${notOrdinary}.`);
const strace = linux && hasProgram("strace");

const tmux = linux && hasProgram("tmux");

/** Hints as far as they have come. */
const hints = (sesame: Sesame) => sesame.all("hint").map((event) => String(event.text));

Deno.test("without FFI it works, and says that nothing is locked and what to do", async () => {
  await using listener = await scripted(LISTEN, { command: WITHOUT_FFI });
  const protection = await listener.event("protection");
  assert.equal(protection.memoryLocked, false);
  assert.equal(protection.coreDumps, "on");
  assert.deepEqual(protection.permissions, ["net"]);
  await using dialer = await dial(await addressOf(listener));
  await listener.event("connected");
  assert.match(hints(listener).join("\n"), /Without FFI permission .*--allow-ffi/);
  await deliver(listener, dialer, "from the weaker one");
  await deliver(dialer, listener, "to the weaker one");
});

Deno.test("without FFI --require-locked-memory ends it with code 5 before anything is listened on", async () => {
  await using sesame = await scripted([...LISTEN, "--require-locked-memory"], { command: WITHOUT_FFI });
  assert.equal((await sesame.ended()).code, 5);
  assert.match(sesame.stderr, /^Refused to start\. Memory cannot be locked here .*sesame doctor/);
  assert.equal(sesame.all("listening").length, 0);
});

Deno.test("with FFI there is no word of warning", async () => {
  await using sesame = await listen();
  await addressOf(sesame);
  assert.equal(sesame.stderr, "");
  assert.equal(hints(sesame).some((hint) => /FFI|debugger|library/.test(hint)), false);
});

Deno.test("SSLKEYLOGFILE: it refuses to start with code 5, and no key is written", async () => {
  using folder = new TemporaryFolder("keylog");
  const file = `${folder.path}/keys`;
  await using sesame = await scripted(LISTEN, { shell: `SSLKEYLOGFILE=${file}; export SSLKEYLOGFILE; exec "$@"` });
  assert.equal((await sesame.ended()).code, 5);
  assert.match(sesame.stderr, /SSLKEYLOGFILE is set/);
  assert.equal(sesame.events.length, 0);
  // The runtime itself opens the file before any code of ours runs.
  assert.equal(existsSync(file) ? (await Deno.stat(file)).size : 0, 0, "bytes of keys");
});

Deno.test("a variable that has the runtime write files about it: it refuses to start with code 5", async () => {
  using folder = new TemporaryFolder("written");
  for (const name of ["DENO_AUDIT_PERMISSIONS", "DENO_COVERAGE_DIR"]) {
    const shell = `${name}=${folder.path}/${name}; export ${name}; exec "$@"`;
    await using sesame = await scripted(LISTEN, { shell });
    assert.equal((await sesame.ended()).code, 5);
    assert.match(sesame.stderr, /DENO_AUDIT_PERMISSIONS or DENO_COVERAGE_DIR is set/);
    assert.equal(sesame.events.length, 0);
  }
});

Deno.test({
  name: "it warns of LD_PRELOAD in one line before the phrase, and goes on",
  ignore: !linux,
  async fn() {
    await using sesame = await scripted(LISTEN, { shell: 'LD_PRELOAD=libc.so.6; export LD_PRELOAD; exec "$@"' });
    await addressOf(sesame);
    assert.match(sesame.stderr, /^Warning: a library was preloaded into this program .*\n$/);
  },
});

Deno.test({
  name: "it warns of a tracer in one line before the phrase, and goes on",
  ignore: !strace,
  async fn() {
    await using sesame = await scripted(LISTEN, { shell: 'exec strace -f -o /dev/null -e trace=none "$@"' });
    await addressOf(sesame);
    assert.match(sesame.stderr, /^Warning: a debugger is attached .*\n$/);
    // strace goes, and takes what it started with it.
    await sesame.endInput();
    await sesame.ended();
  },
});

Deno.test({
  name: "after the start a request for a permission is refused, without a question on the terminal",
  ignore: !tmux,
  async fn() {
    const child = new URL("_asking_child.ts", import.meta.url).pathname;
    await using terminal = await Tmux.product([], [...PRODUCT.slice(0, -1), child], { columns: 120, rows: 30 });
    const text = (await terminal.until("granted.")).trim();
    const answers = ["ffi", "read", "write", "env", "run", "sys"].map((name) => `${name} (denied|prompt)`).join(", ");
    assert.match(text.replaceAll("\n", ""), new RegExp(`^answers: ${answers}, net granted\\.$`));
  },
});

for (
  const { bytes, locked } of [
    { bytes: 0, locked: "none" },
    { bytes: 64 * 1024, locked: "part" },
    { bytes: 8192 * 1024, locked: "all" },
  ]
) {
  Deno.test({
    name: `an ordinary user who may lock ${bytes / 1024} KiB has ${locked} of it locked, and doctor says what to do`,
    ignore: notOrdinary !== undefined,
    async fn() {
      using user = new OrdinaryUser();
      const chat = await user.run(bytes, [...LISTEN, ...SCRIPTED], {}, `${PHRASE}\n`);
      const protection = chat.stdout.split("\n").filter((line) => line.startsWith('{"event":"protection"'));
      assert.equal(JSON.parse(protection[0]!).locked, locked);
      const strict = await user.run(bytes, [...LISTEN, ...SCRIPTED, "--require-locked-memory"], {}, `${PHRASE}\n`);
      assert.equal(strict.code, locked === "all" ? 0 : 5);
      const doctor = await user.run(bytes, ["doctor", "--json"], {});
      const memory = doctor.stdout.trim().split("\n").map((line) => JSON.parse(line))
        .find(({ check }) => check === "locked memory");
      assert.equal(memory.state, locked === "all" ? "protected" : "weaker");
      if (locked !== "all") {
        assert.ok(memory.advice.includes(`the limit is ${bytes / 1024} KiB`), memory.advice);
        assert.match(memory.advice, /ulimit -l 8192/);
        assert.match(memory.advice, /LimitMEMLOCK=8192K/);
      }
    },
  });
}

Deno.test({
  name: "a whole session opens files to read only, makes none, and every one is accounted for",
  ignore: !strace,
  async fn() {
    using folder = new TemporaryFolder("strace");
    const log = `${folder.path}/log`;
    const calls = "trace=open,openat,openat2,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link," +
      "linkat,symlink,symlinkat,truncate,mknod,mknodat,memfd_create";
    await using listener = await scripted(LISTEN, { shell: `exec strace -ff -s 4096 -o ${log} -e ${calls} "$@"` });
    await using dialer = await dial(await addressOf(listener));
    await dialer.event("connected");
    await deliver(dialer, listener, "one there");
    await deliver(listener, dialer, "one back");
    await listener.endInput();
    await listener.ended();
    // A file for each thread: in a common one, calls of several threads are written in pieces.
    const logs = [...Deno.readDirSync(folder.path)].map(({ name }) => Deno.readTextFileSync(`${folder.path}/${name}`));
    const said = logs.join("\n").split("\n").filter((line) => /^[a-z]/.test(line));
    assert.equal(said.some((line) => line.includes("<unfinished")), false);
    const lines = said.filter((line) => /\) += (?!-1)/.test(line));
    assert.ok(lines.some((line) => line.includes("/main.ts")), "strace saw the program being opened");
    const made = lines.filter((line) => /O_CREAT|O_WRONLY|O_RDWR|\b(mkdir|rename|unlink|link|symlink|creat)/.test(line))
      .filter((line) => !WRITTEN_TO.some((known) => known.test(line)));
    assert.deepEqual(made, [], "made or opened for writing");
    const opened = lines.map((line) => /"([^"]*)"/.exec(line)?.[1] ?? line);
    const others = opened.filter((file) => file !== Deno.execPath() && !READ.some((known) => known.test(file)));
    assert.deepEqual([...new Set(others)], []);
    const all = lines.join("\n");
    assert.equal(all.includes(PHRASE) || all.includes("one there"), false);
    assert.deepEqual(listener.leftBehind(), []);
  },
});

/** The runtime's own folder, whatever its name. */
const CACHE = denoDir().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** Opened for writing by the runtime run from source, which keeps its caches; the released file is started without them. */
const WRITTEN_TO: readonly RegExp[] = [
  /"\/dev\/(null|tty)"/,
  new RegExp(`"${CACHE}/([a-z0-9_]*cache_v2|gen/|dl/|npm/)`),
];

const READ: readonly RegExp[] = [
  /^\/(lib|lib64|usr\/lib|usr\/lib64)\//, // libraries
  /^\/etc\/(ld\.so\.(cache|preload)|localtime|resolv\.conf|nsswitch\.conf|hosts|host\.conf|gai\.conf|ssl\/.*)$/,
  /^\/(proc|sys)\//, // the facts of host/linux.ts and of the runtime
  /^\/dev\/(null|tty|urandom)$/,
  new RegExp(`^${CACHE}/(npm|gen|dl)\\b`), // packages, and what was compiled before
  new RegExp(`^${CACHE}/[a-z0-9_]*cache_v2(-wal|-shm|-journal)?$`),
  new RegExp(`^${CACHE}$`), // the folder itself, to have what was written there kept; in the first run after a change
  /\/(main\.ts|deno\.jsonc?|deno\.lock|package\.json|src\/.*\.ts)$/, // the program itself
];
