// How files are made: the same bytes from any folder, the same permissions everywhere, and docs/ contains what the
// tables give. Out of scope: what a finished file does (e2e_test.ts).

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { deepStrictEqual as deepEqual, match, ok, rejects, strictEqual as equal, throws } from "node:assert/strict";
import { join } from "node:path";
import { chosen, PERMISSIONS } from "../../scripts/compile.ts";
import { COMPLETIONS } from "../../scripts/completions.ts";
import { MAN } from "../../scripts/man.ts";
import { PRODUCT } from "../harness/product.ts";
import { newest, notes } from "../../scripts/release/notes.ts";
import { compileLauncher, COMPILER_VERSION, COMPILERS, launcherOf } from "../../scripts/release/launcher.ts";
import { link } from "../../scripts/release/program.ts";
import { readSource, ROOT } from "../../scripts/release/stage.ts";
import { targetHere } from "../../scripts/release/targets.ts";
import { ran } from "../harness/command.ts";
import { needs } from "./subject.ts";

const read = (path: string) => Deno.readTextFile(join(ROOT, path));

Deno.test("every way to start the product gives it the same permissions", async () => {
  const flags = (words: readonly string[]) =>
    words.filter((word) => word.startsWith("--allow") || word === "--no-prompt").sort();
  // What the bytes say, whatever the source of them says.
  const launcher = flags(new TextDecoder("latin1").decode(launcherOf("linux-x64")).split("\0"));
  deepEqual(flags(new TextDecoder("latin1").decode(launcherOf("linux-arm64")).split("\0")), launcher);
  const task = flags(
    String((JSON.parse(await read("deno.json")) as { tasks: { sesame: string } }).tasks.sesame).split(" "),
  );
  deepEqual(
    flags((await read("scripts/release/npm/sesame.cjs")).match(/"--[\w-]+"/g)!.map((w) => w.slice(1, -1))),
    launcher,
  );
  deepEqual(launcher, flags(PERMISSIONS));
  deepEqual(task, flags(PERMISSIONS));
  deepEqual(flags(PRODUCT), flags(PERMISSIONS));
});

for (const [target, [compiler = ""]] of Object.entries(COMPILERS)) {
  Deno.test({
    name: `the launcher for ${target} is what the compiler makes of launcher.c`,
    ignore: !needsCompiler(compiler),
    fn: async () =>
      equal((await compileLauncher(target)).toHex(), launcherOf(target).toHex(), "Run: deno task check launcher"),
  });
}

Deno.test("man page and completions in docs/ are what their tables give", async () => {
  for (const [path, make] of Object.entries({ ...MAN, ...COMPLETIONS })) {
    equal(await read(path).catch(() => ""), make(), `${path} is old. Run: deno task papers`);
  }
});

Deno.test({
  name: "the man page shows without a warning",
  ignore: !needs("man"),
  fn: async () => {
    for (
      const command of [["man", "--warnings", "-E", "UTF-8", "-l"], ["mandoc", "-Tlint"], [
        "groff",
        "-ww",
        "-man",
        "-Tutf8",
      ]]
    ) {
      const [program = "", ...args] = command;
      if (!needs(program)) continue;
      const { stdout, stderr, code } = await ran([program, ...args, "docs/sesame.1"], { cwd: ROOT });
      equal(code, 0, stderr + stdout);
      equal(stderr + (program === "mandoc" ? stdout : ""), "", program);
    }
  },
});

for (
  const [shell, check] of [
    ["bash", ["-n", "docs/completions/sesame.bash"]],
    ["zsh", ["-n", "docs/completions/_sesame"]],
    ["fish", ["--no-execute", "docs/completions/sesame.fish"]],
  ] as const
) {
  Deno.test({
    name: `${shell} can read its completions`,
    ignore: !needs(shell),
    fn: async () => {
      const { success, stderr } = await new Deno.Command(shell, { args: [...check], cwd: ROOT }).output();
      equal(success, true, new TextDecoder().decode(stderr));
    },
  });
}

Deno.test({
  name: "bash completes commands, options of the command, and choices",
  ignore: !needs("bash"),
  fn: async () => {
    const complete = async (...words: string[]) => {
      const script =
        `source docs/completions/sesame.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sesame; echo "\${COMPREPLY[*]}"`;
      return (await ran(["bash", "--norc", "-c", script, "bash", ...words], { cwd: ROOT })).stdout.trim();
    };
    equal(await complete("sesame", "co"), "connect");
    equal(await complete("sesame", "connect", "--re"), "--require-locked-memory");
    equal(await complete("sesame", "--cover", ""), "constant off");
    equal(await complete("sesame", "--cover", "=", "o"), "off");
    equal(await complete("sesame", "phrase", "--"), "--words --help --version");
    equal(await complete("sesame", "connect", "--phrase", ""), "", "a phrase is never completed");
  },
});

Deno.test("docs/REVIEW.md sends its reader to files and names that exist", async () => {
  const page = await read("docs/REVIEW.md");
  const rows = [...page.matchAll(/`((?:src|tests|docs)\/[\w./-]+)`((?:,? `#?\w+`)*)/g)];
  ok(rows.length > 20, `only ${rows.length} places were found`);
  for (const [, path = "", names = ""] of rows) {
    const there = await Deno.stat(join(ROOT, path)).catch(() => undefined);
    ok(there !== undefined, `there is no ${path}`);
    if (there.isDirectory) continue;
    const source = await read(path);
    for (const [, name = ""] of names.matchAll(/`(#?\w+)`/g)) ok(source.includes(name), `${path} has no ${name}`);
  }
});

Deno.test("link() starts the entry first, and each other part once, when it is first wanted", async () => {
  const files = new Map([
    [
      "main.js",
      'import{a}from"./chunk-A.js";import"./chunk-R.js";globalThis.told=["main",a];export const later=async()=>{await import("./late-B.js");await import("./late-B.js")};globalThis.later=later;',
    ],
    ["chunk-A.js", 'const a="shared";export{a};'],
    ["chunk-R.js", 'import{createRequire as c} from "node:module";var r=c(import.meta.url);export{r as a};'],
    ["late-B.js", `import{a}from"./chunk-A.js";globalThis.told.push("late "+a);/*${"x".repeat(40_000)}*/`],
  ]);
  const text = await link(files, "main.js");
  ok(!text.includes("xxxxxxxx"), "a long part is packed");
  ok(!text.includes("node:module"), "what only the bundler asked for is not loaded");
  const world = globalThis as unknown as { told: string[]; later: () => Promise<void> };
  await import(`data:text/javascript;base64,${new TextEncoder().encode(text).toBase64()}`);
  deepEqual(world.told, ["main", "shared"]);
  await world.later();
  deepEqual(world.told, ["main", "shared", "late shared"]);
});

Deno.test("link() refuses an import that it does not know, rather than ship a file that breaks later", async () => {
  await rejects(
    link(new Map([["main.js", 'const x=import(`./late.js`);import("./x.js",{})']]), "main.js"),
    /Could not link/,
  );
  await rejects(link(new Map([["main.js", 'import"./gone.js";']]), "main.js"), /Could not link/);
  await rejects(link(new Map([["main.js", "import.meta.dirname"]]), "main.js"), /Could not link/);
});

Deno.test("link() leaves the bundler's `require` away from the prompt, alone or among its other helpers, or refuses", async () => {
  const made = 'import{createRequire as q} from "node:module";var r=q(import.meta.url);';
  const late = 'import{a}from"./chunk-R.js";globalThis.required=typeof a;';
  for (const maker of [`${made}export{r as a};`, `var c=Object.create;${made}var o=()=>c({});export{r as a,o as b};`]) {
    const files = new Map([
      ["main.js", 'import"./chunk-R.js";await import("./boot.js");'],
      ["boot.js", 'import"./chunk-R.js";globalThis.load=()=>import("./late-B.js");'],
      ["chunk-R.js", maker],
      ["late-B.js", late],
    ]);
    const text = await link(files, "main.js");
    const world = globalThis as unknown as { required?: string; load: () => Promise<void> };
    delete world.required;
    await import(`data:text/javascript;base64,${new TextEncoder().encode(text).toBase64()}`);
    await world.load();
    equal(world.required, "function", "a part that uses it has it");
    // A part's text is cut into pieces where it imports: one piece is one that does not.
    const parts = JSON.parse(text.slice(text.indexOf("["), text.indexOf(",urls="))) as unknown[][];
    deepEqual(parts.filter((part) => String(part).includes("globalThis.load")).map(({ length }) => length), [1]);
  }
  const user = 'import{a}from"./chunk-R.js";a("x");';
  const parts: [string, string][] = [["user.js", user], ["chunk-R.js", `${made}export{r as a};`]];
  await rejects(link(new Map([["main.js", user], ...parts]), "main.js"), /before the prompt/);
  await rejects(link(new Map([["main.js", 'await import("./user.js");'], ...parts]), "main.js"), /before the prompt/);
});

Deno.test("release notes are the newest chapter of CHANGELOG.md, the files with their sums, and what is not promised", async () => {
  const changelog = await read("CHANGELOG.md");
  const source = await readSource();
  const file = {
    kind: "portable",
    path: "/x/sesame-linux-x64-portable",
    bytes: 96_059_480,
    sha256: "ab".repeat(32),
  } as const;
  const text = notes(changelog, [file], source, undefined);
  match(text, /^# Sesame \d+\.\d+\.\d+/);
  match(text, /Nobody outside has reviewed Sesame yet/);
  ok(text.includes(`| \`sesame-linux-x64-portable\` | portable | 96.1 MB | \`${"ab".repeat(32)}\` |`));
  ok(text.includes(source.hash));
  deepEqual(newest("# C\n\n## 2.0.0\n\nnew\n\n## 1.0.0\n\nold\n"), { title: "2.0.0", text: "new" });
  deepEqual(newest("## 1.0.0\nonly"), { title: "1.0.0", text: "only" });
  throws(() => newest("# nothing\n"), /no chapter/);
});

Deno.test("a target that does not exist is named, with those that do", () => {
  throws(() => chosen(["linux-s390x"]), /no such target\. There are: linux-x64/);
  equal(chosen(["all"]).length, 5);
});

/** As `needs`, of that version and with the headers of the C library. */
function needsCompiler(compiler: string): boolean {
  if (!needs(compiler)) return false;
  const ask = (...args: string[]) => new Deno.Command(compiler, { args, stdin: "null" }).outputSync();
  const found = new TextDecoder().decode(ask("-dumpfullversion").stdout).trim();
  const headers = ask("-fsyntax-only", "-include", "elf.h", "-x", "c", "/dev/null").success;
  if (found === COMPILER_VERSION && headers) return true;
  console.warn(
    `SKIPPED: needs ${compiler} ${COMPILER_VERSION} and elf.h; here is ${found}, ${headers ? "with" : "without"} it.`,
  );
  return false;
}

/** Builds for this machine into a folder that goes away, and gives what was printed. */
async function compileHere(env: Record<string, string>, look: (folder: string) => Promise<void> = async () => {}) {
  using folder = new TemporaryFolder("compile");
  const made = await ran([Deno.execPath(), "run", "--allow-all", "scripts/compile.ts", "--out", folder.path], {
    cwd: ROOT,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...env },
  });
  await look(folder.path);
  return made;
}

Deno.test({
  name:
    "compile makes the real file if its runtime can be had; otherwise it says why, in three parts, and makes the portable one",
  ignore: targetHere()?.runtime === undefined,
  fn: async () => {
    const { stdout, stderr } = await compileHere({});
    if (/^compiled /m.test(stdout)) return;
    match(
      stderr,
      /^Could not compile for [\w-]+\. Its runtime, denort [\d.]+, cannot be fetched from .*\. Making the portable file/m,
    );
    match(stdout, /^portable .* MB {2}SHA-256 \w{64}$/m);
  },
});

Deno.test({
  name: "deno compile is asked for exactly the product's permissions",
  ignore: targetHere() === undefined,
  fn: async () => {
    // Deno takes itself for the runtime: the file would not run Sesame, but what it is told stands in it.
    const told = { text: "" };
    const { stdout } = await compileHere({ DENORT_BIN: await Deno.realPath(Deno.execPath()) }, async (folder) => {
      const [file] = [...Deno.readDirSync(folder)];
      const bytes = await Deno.readFile(join(folder, file?.name ?? ""));
      told.text = new TextDecoder("latin1").decode(bytes.subarray(-20_000_000));
    });
    match(stdout, /^compiled /m);
    const permissions = /"permissions":(\{[^{}]*\})/.exec(told.text)?.[1] ?? "{}";
    const { allow_import: _, ...given } = JSON.parse(permissions) as Record<string, unknown>;
    deepEqual(Object.keys(given).filter((name) => name.startsWith("allow_") && given[name] !== null).sort(), [
      "allow_ffi",
      "allow_net",
    ]);
  },
});

Deno.test({
  name: "two builds, of two copies in two folders, are the same file",
  ignore: targetHere()?.runtime === undefined,
  fn: async () => {
    const sums: string[] = [];
    for (const name of ["one", "another-with-a-longer-name"]) {
      using folder = new TemporaryFolder(`${name}`);
      await copyProject(folder.path);
      const command = [Deno.execPath(), "run", "--allow-all", "scripts/compile.ts", "--portable", "--out", "made"];
      const { code, stdout, stderr } = await ran(command, {
        cwd: folder.path,
        env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", TZ: name === "one" ? "UTC" : "Asia/Tokyo" },
      });
      equal(code, 0, stderr);
      sums.push(/SHA-256 (\w{64})$/m.exec(stdout.split("\n")[1] ?? "")?.[1] ?? stdout);
    }
    console.log(`figure: SHA-256 ${sums[0]}`);
    equal(sums[0], sums[1]);
    equal(sums[0]?.length, 64);
  },
});

/** What a build needs, and nothing else of this checkout. */
async function copyProject(folder: string): Promise<void> {
  const { files } = await readSource();
  const scripts = [...Deno.readDirSync(join(ROOT, "scripts/release"))].filter((entry) => entry.isFile)
    .map(({ name }) => `scripts/release/${name}`);
  for (
    const file of [
      ...files,
      "src/crypto/argon2id_worker.ts",
      ...scripts,
      "scripts/compile.ts",
      "deno.json",
      "deno.lock",
    ]
  ) {
    await Deno.mkdir(join(folder, file, ".."), { recursive: true });
    await Deno.copyFile(join(ROOT, file), join(folder, file));
  }
}

Deno.test("from source, as README starts it, nothing but the program's own words is printed", async () => {
  const [, words = ""] = /npx -y deno@[\d.]+ (task .*sesame) listen/.exec(await read("README.md")) ?? [];
  const { code, stdout, stderr } = await ran([Deno.execPath(), ...words.split(" "), "--version"], {
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  });
  deepEqual([code, stderr], [0, ""]);
  match(stdout, /^sesame [\d.]+, protocol \d+, from source\n$/);
});
