// The rules of scripts/rooms.ts can fail: forbidden imports and names are planted in files that exist only for the
// linter, and once in a real folder that `deno lint` is run on. And docs/ARCHITECTURE.md says the same as the table.

import { TemporaryFolder } from "../../scripts/release/files.ts";
import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import plugin from "../../scripts/lint_plugin.ts";
import { SUITES } from "../../scripts/suites.ts";
import { BEFORE_PROMPT, LEAVES, LONGER, PHRASE_READERS, ROOMS } from "../../scripts/rooms.ts";
import { textsOf } from "../../scripts/words.ts";

const ROOT = new URL("../..", import.meta.url);

/** What the rules say about a file of that name with that content. */
function lint(file: string, source: string): string[] {
  const name = decodeURIComponent(new URL(file, ROOT).pathname);
  return Deno.lint.runPlugin(plugin, name, source).map((d) => `${d.id}: ${d.message}`);
}

function red(file: string, source: string, message: RegExp): void {
  const said = lint(file, source);
  equal(said.length > 0, true, `${file} may not have ${source}, but the lint said nothing`);
  match(said.join("\n"), message, `${file}: ${source}`);
}

function green(file: string, source: string): void {
  deepEqual(lint(file, source), [], `${file}: ${source}`);
}

Deno.test("rooms: each import that the table does not list is refused, and each that it lists is not", () => {
  for (const from of ROOMS) {
    for (const to of ROOMS) {
      const source = `import { x } from "../${to.name}/x.ts"; x();`;
      const types = `import type { X } from "../${to.name}/x.ts"; export type Y = X;`;
      const file = `src/${from.name}/planted.ts`;
      if (from === to || from.mayImport.includes(to.name)) green(file, source);
      else red(file, source, new RegExp(`src/${from.name}/ may (not|only) import|may import only types`));
      if (from === to || from.mayImport.includes(to.name) || from.typesOf?.includes(to.name)) green(file, types);
      else red(file, types, /may not import/);
    }
  }
});

Deno.test("rooms: nobody may import upward", () => {
  for (const [at, room] of ROOMS.entries()) {
    const below = ROOMS.slice(0, at).map((r) => r.name);
    for (const imported of [...room.mayImport, ...(room.typesOf ?? [])]) {
      equal(below.includes(imported), true, imported);
    }
  }
});

Deno.test("rooms: every way to import is judged", () => {
  const ways = [
    `import "../peers/step.ts";`,
    `import x from "../peers/step.ts";`,
    `import * as x from "../peers/step.ts";`,
    `import { x } from "../peers/step.ts";`,
    `import type { X } from "../peers/step.ts";`,
    `import { type X } from "../peers/step.ts";`,
    `export * from "../peers/step.ts";`,
    `export * as x from "../peers/step.ts";`,
    `export { x } from "../peers/step.ts";`,
    `export type { X } from "../peers/step.ts";`,
    `export type * from "../peers/step.ts";`,
    `await import("../peers/step.ts");`,
    "await import(`../peers/step.ts`);",
    `type X = import("../peers/step.ts").X;`,
    `let x: typeof import("../peers/step.ts");`,
    `import x = require("../peers/step.ts");`,
    `import { x } from "./../peers/step.ts";`,
    `import { x } from "../wire/../peers/step.ts";`,
  ];
  for (const source of ways) {
    red(
      "src/wire/planted.ts",
      source,
      /^sesame\/rooms: src\/wire\/ may not import src\/peers\/: only src\/chat\/, src\/cli\/ may/,
    );
  }
});

Deno.test("rooms: an import with a computed name is refused", () => {
  red("src/cli/planted.ts", `await import(name);`, /literal name/);
  red("src/cli/planted.ts", "await import(`./${name}.ts`);", /literal name/);
});

Deno.test("rooms: of a room of which only types may be imported, no value may", () => {
  const types = /src\/ratchet\/ may import only types of src\/auth\//;
  green("src/ratchet/x.ts", `import { type A, type B } from "../auth/handshake.ts";`);
  green("src/ratchet/x.ts", `type A = import("../auth/handshake.ts").A;`);
  red("src/ratchet/x.ts", `import { type A, b } from "../auth/handshake.ts";`, types);
  red("src/ratchet/x.ts", `import "../auth/handshake.ts";`, types);
  red("src/ratchet/x.ts", `import {} from "../auth/handshake.ts";`, types);
  red("src/ratchet/x.ts", `export * from "../auth/handshake.ts";`, types);
  red("src/ratchet/x.ts", `await import("../auth/handshake.ts");`, types);
});

Deno.test("rooms: the leaf files may be imported by all, and import only each other", () => {
  for (const leaf of LEAVES) {
    for (const room of ROOMS) green(`src/${room.name}/x.ts`, `import { x } from "../${leaf}"; x;`);
    green("src/ports.ts", `import type { X } from "./${leaf}"; export type Y = X;`);
    red(`src/${leaf}`, `import type { X } from "./secrets/locked.ts";`, /may import only its like/);
    red(`src/${leaf}`, `import { x } from "npm:x";`, /not in the table/);
  }
});

Deno.test("rooms: a private file stays in its room", () => {
  green("src/terminal/screen/screen.ts", `import { x } from "./_sequences.ts"; x;`);
  red(
    "src/cli/run.ts",
    `import { x } from "../terminal/_sequences.ts"; x;`,
    /_sequences.ts is private: only src\/terminal\//,
  );
});

Deno.test("rooms: what does not belong to the program is refused", () => {
  const no = /no part of the program/;
  red("src/cli/x.ts", `import { x } from "../../tests/harness/link_contract.ts"; x;`, no);
  red("src/cli/x.ts", `import { x } from "../../scripts/rooms.ts"; x;`, no);
  red("src/cli/x.ts", `import { x } from "../wire/frame_test.ts"; x;`, no);
  red("src/wire/x.ts", `import { x } from "./frame_test.ts"; x;`, no);
  red("src/host/x.ts", `import { x } from "./_hardened_child.ts"; x;`, no);
  red("src/cli/x.ts", `import { x } from "../new_leaf.ts"; x;`, no);
  red("src/cli/x.ts", `import { x } from "../newroom/x.ts"; x;`, no);
  red("src/newroom/x.ts", `import { x } from "../wire/frame.ts"; x;`, /in no room/);
  red("src/cli/x.ts", `import { x } from "../../main.ts"; x;`, /nobody may import it/);
});

Deno.test("rooms: a module from outside is imported in its one place, by the name that deno.json pins", () => {
  const places: [specifier: string, file: string, wrong: string][] = [
    ["node:tls", "src/transport/tls.ts", "src/cli/run.ts"],
    ["node:net", "src/transport/socks.ts", "src/session/step.ts"],
    ["node:crypto", "src/transport/certificate.ts", "src/transport/tls.ts"],
    ["node:crypto", "src/transport/certificate.ts", "src/crypto/sha256.ts"],
    ["libsodium-sumo", "src/crypto/sodium.ts", "src/crypto/aead.ts"],
    ["hash-wasm", "src/crypto/argon2id_worker.ts", "src/chat/stretcher.ts"],
    ["get-east-asian-width", "src/terminal/text/width.ts", "src/terminal/screen/screen.ts"],
  ];
  for (const [specifier, file, wrong] of places) {
    green(file, `import * as x from "${specifier}"; x;`);
    red(wrong, `import * as x from "${specifier}"; x;`, new RegExp(`${specifier}: only in src/`));
    red(wrong, `await import("${specifier}");`, new RegExp(`${specifier}: only in src/`));
  }
  const unknown = [
    "node:util",
    "@noble/curves/ed25519.js",
    "@noble/hashes/sha2.js",
    "@noble/ciphers/chacha.js",
    "@noble/post-quantum/ml-kem.js",
    "fast-check",
    "node:fs",
    "node:process",
    "node:timers/promises",
    "npm:libsodium-sumo@0.8.4",
    "npm:tls",
    "tls",
    "jsr:@std/path",
    "https://example.invalid/x.ts",
    "file:///x.ts",
    "/x.ts",
    "data:text/javascript,1",
  ];
  for (const specifier of unknown) {
    for (const room of ROOMS) red(`src/${room.name}/x.ts`, `import "${specifier}";`, /not in the table/);
  }
  red("src/crypto/x.ts", `import "@noble/hashes/sha2.js";`, /tests and bench/);
});

Deno.test("rooms: nothing heavy is loaded before the prompt", () => {
  // Words and chat may not import what the others here do: one heavy thing that they may is enough to see the rule.
  const isLow = (file: string) => /^src\/(words|chat)\//.test(file);
  for (const file of BEFORE_PROMPT.files.filter(isLow)) {
    red(file, `import { x } from "../transport/tls.ts"; x;`, /runs before the prompt.*await import/);
  }
  for (const file of BEFORE_PROMPT.files.filter((file) => !isLow(file))) {
    const up = file === "main.ts" ? "./src" : "..";
    green(file, `import { x } from "${up}/host/harden.ts"; x;`);
    if (file !== "main.ts") green(file, `import { x } from "${up}/terminal/prompt.ts"; x;`);
    green(file, `import type { X } from "${up}/crypto/sodium.ts"; export type Y = X;`);
    green(file, `await import("${up}/crypto/sodium.ts"); await import("${up}/cli/run.ts");`);
    for (const heavy of ["crypto/sodium.ts", "transport/tls.ts", "cli/run.ts", "session/step.ts"]) {
      const said = file === "main.ts" ? /before the process is hardened/ : /runs before the prompt.*await import/;
      red(file, `import { x } from "${up}/${heavy}"; x;`, said);
    }
  }
});

Deno.test("main.ts loads nothing but the room host before it hardens the process", async () => {
  for (const other of ["src/cli/boot.ts", "src/terminal/prompt.ts", "src/constants.ts"]) {
    red("main.ts", `import { x } from "./${other}"; x;`, /before the process is hardened/);
  }
  const source = await Deno.readTextFile(new URL("main.ts", ROOT));
  deepEqual(lint("main.ts", source), []);
  const [first, second] = ["const host = harden();", "await import("].map((call) => source.indexOf(call));
  equal(first! > 0 && first! < second! && source.indexOf("import(") === second! + "await ".length, true, source);
  // What the room loads along is its own and node's nothing: values of other rooms would come before it, too.
  const room = ROOMS.find(({ name }) => name === "host");
  deepEqual(room?.mayImport, []);
});

const NAMES: [source: string, allowed: readonly string[], message: RegExp][] = [
  [`console.log(1)`, ["src/terminal/tty.ts"], /console: only in src\/terminal\/tty.ts/],
  [`Deno.stdin.read(b)`, ["src/terminal/tty.ts"], /Deno.stdin: only in src\/terminal\/tty.ts/],
  [`Deno.stdout.write(b)`, ["src/terminal/tty.ts"], /Deno.stdout: only/],
  [`Deno.stderr.write(b)`, ["src/terminal/tty.ts"], /Deno.stderr: only/],
  [`Deno.connect({ port })`, ["src/transport/"], /Deno.connect: only in src\/transport\//],
  [`Deno.connectTls({ port })`, ["src/transport/"], /Deno.connectTls: only/],
  [`Deno.listen({ port })`, ["src/transport/"], /Deno.listen: only/],
  [`Deno.listenDatagram(o)`, ["src/transport/"], /Deno.listenDatagram: only/],
  [`Deno.dlopen("x", {})`, ["src/host/", "main.ts"], /Deno.dlopen: only in src\/host\/, main.ts/],
  [`Deno.permissions.querySync(d)`, ["src/host/", "main.ts"], /Deno.permissions: only/],
  [`Deno.UnsafePointer.of(b)`, ["src/host/", "main.ts"], /Deno.UnsafePointer: only/],
  [`new Deno.UnsafePointerView(p)`, ["src/host/", "main.ts"], /Deno.UnsafePointerView: only/],
  [`new Date()`, ["src/system.ts"], /Date: only in src\/system.ts/],
  [`Date.now()`, ["src/system.ts"], /Date: only/],
  [`performance.now()`, ["src/system.ts"], /performance: only/],
  [`Temporal.Now.instant()`, ["src/system.ts"], /Temporal: only/],
  [`setTimeout(f, 1)`, ["src/system.ts", "src/transport/", "src/terminal/tty.ts"], /setTimeout: only/],
  [`setInterval(f, 1)`, ["src/system.ts"], /setInterval: only/],
  [`AbortSignal.timeout(1)`, ["src/system.ts"], /AbortSignal.timeout: only/],
  [`crypto.getRandomValues(b)`, ["src/system.ts", "src/host/fallback.ts"], /getRandomValues: only/],
  [`crypto.randomUUID()`, ["src/system.ts", "src/host/fallback.ts"], /randomUUID: only/],
  [`Math.random()`, [], /Math.random: nowhere/],
  [`secret.pointer`, ["src/crypto/"], /\.pointer: only in src\/crypto\//],
  [`raw._crypto_verify_32(a, b)`, ["src/crypto/"], /_crypto_verify_32: only in src\/crypto\//],
  [`Deno.exit(0)`, ["src/chat/", "src/cli/", "main.ts", "src/host/fallback.ts"], /Deno.exit: only/],
  [`new Worker(u)`, ["src/chat/", "src/cli/", "main.ts"], /Worker: only/],
  [`Deno.addSignalListener("SIGINT", f)`, ["src/chat/", "src/cli/", "main.ts"], /addSignalListener: only/],
  [`Deno.addSignalListener("SIGUSR1", f)`, ["src/chat/", "src/cli/", "main.ts", "src/host/"], /addSignalListener/],
  [
    `Deno.removeSignalListener("SIGWINCH", f)`,
    ["src/chat/", "src/cli/", "main.ts", "src/terminal/tty.ts"],
    /SignalListener/,
  ],
  [`fetch("x")`, [], /fetch: nowhere/],
  [`eval("x")`, [], /eval: nowhere/],
  [`new Function("x")`, [], /Function: nowhere/],
  [`process.exit()`, [], /process: nowhere/],
  [`Deno.readTextFileSync("x")`, [], /Deno.readTextFileSync is not in the table/],
  [`new Deno.Command("x")`, [], /Deno.Command is not in the table/],
  [`Deno.env.get("x")`, [], /Deno.env is not in the table/],
];
const EVERYWHERE = [
  "main.ts",
  ...LEAVES.map((leaf) => `src/${leaf}`),
  ...ROOMS.map((room) => `src/${room.name}/planted.ts`),
  "src/system.ts",
  "src/host/fallback.ts",
  "src/terminal/tty.ts",
];

Deno.test("names: each dangerous name is refused in every file but its own", () => {
  for (const [source, allowed, message] of NAMES) {
    for (const file of EVERYWHERE) {
      if (allowed.some((place) => place.endsWith("/") ? file.startsWith(place) : file === place)) green(file, source);
      else red(file, source, message);
    }
  }
});

Deno.test("names: no detour reaches a dangerous name", () => {
  const detours: [source: string, message: RegExp][] = [
    [`globalThis.setTimeout(f, 1)`, /setTimeout: only/],
    [`globalThis["setTimeout"](f, 1)`, /setTimeout: only/],
    [`self.setTimeout(f, 1)`, /setTimeout: only/],
    [`globalThis[name]()`, /one thing at a time/],
    [`const { setTimeout: later } = globalThis;`, /one thing at a time/],
    [`Reflect.get(globalThis, name)`, /one thing at a time/],
    [`globalThis.self.setTimeout(f, 1)`, /one thing at a time/],
    [`globalThis.globalThis.setTimeout(f, 1)`, /one thing at a time/],
    [`globalThis.console.log(1)`, /console: only/],
    [`globalThis.Deno.dlopen("x", {})`, /Deno.dlopen: only/],
    [`Deno["dlopen"]("x", {})`, /Deno.dlopen: only/],
    ["Deno[`dlopen`]('x', {})", /Deno.dlopen: only/],
    [`Deno?.dlopen("x", {})`, /Deno.dlopen: only/],
    [`Deno[name]("x", {})`, /one thing at a time/],
    [`const d = Deno;`, /one thing at a time/],
    [`const { dlopen } = Deno;`, /one thing at a time/],
    [`f(Deno)`, /one thing at a time/],
    [`const { random } = Math;`, /one thing at a time/],
    [`const m = { Math };`, /one thing at a time/],
    [`const later = setTimeout;`, /setTimeout: only/],
    [`const t = { setTimeout };`, /setTimeout: only/],
    [`f(setTimeout)`, /setTimeout: only/],
    [`const { log } = console;`, /console: only/],
    [`export { setTimeout as later };`, /setTimeout: only/],
    [`class D extends Date {}`, /Date: only/],
    [`const { getRandomValues } = crypto;`, /getRandomValues: only/],
    [`const { getRandomValues: fill } = crypto;`, /getRandomValues: only/],
    [`crypto["getRandomValues"](b)`, /getRandomValues: only/],
    [`const { pointer } = secret;`, /\.pointer: only/],
    [`function f({ pointer }) {}`, /\.pointer: only/],
    [`const p = secret["pointer"];`, /\.pointer: only/],
    [`Deno.addSignalListener(name, f)`, /addSignalListener: only/],
    [`const f = Deno.addSignalListener;`, /addSignalListener: only/],
  ];
  for (const [source, message] of detours) red("src/session/planted.ts", source, message);
});

Deno.test("names: a signal that is not the file's own is refused", () => {
  red("src/host/harden.ts", `Deno.addSignalListener("SIGINT", f)`, /addSignalListener: only/);
  red("src/terminal/tty.ts", `Deno.addSignalListener("SIGUSR1", f)`, /addSignalListener: only/);
  red("src/terminal/screen/screen.ts", `Deno.addSignalListener("SIGWINCH", f)`, /addSignalListener: only/);
});

Deno.test("names: what only looks like a dangerous name is left alone", () => {
  const harmless = [
    `const o = { console: 1, performance: 2, setTimeout() {} }; o.console; o.performance; o.setTimeout();`,
    `interface I { Date: string; performance(): void } class C { Worker = 1; console() {} get exit() { return 1; } }`,
    `let d: Date; let t: ReturnType<typeof setTimeout>; let l: Deno.ForeignLibraryInterface;`,
    `const s = "console.log Deno.dlopen Math.random"; // console`,
    `Math.max(1, 2); Deno.build.os; x.Deno; x.Math;`,
    `const { self, peer } = ids; f(self); self.length; globalThis.addEventListener("error", f);`,
    `import { fetch as get } from "./x.ts"; get();`,
  ];
  for (const source of harmless) green("src/session/planted.ts", source);
});

Deno.test("the rules are for the program, not for tests, scripts, bench and fuzz", () => {
  const source = `import "node:tls"; import "../cli/run.ts"; console.log(Math.random(), Deno.readTextFileSync("x"));`;
  for (
    const file of [
      "src/wire/x_test.ts",
      "src/host/_x_child.ts",
      "src/auth/p256_test_group.ts",
      "src/terminal/testdata/x.ts",
      "tests/x.ts",
      "scripts/x.ts",
      "bench/x.ts",
      "fuzz/x.ts",
    ]
  ) {
    green(file, source);
  }
  green("../elsewhere/src/wire/x.ts", source);
});

Deno.test("arrays: code that reads a phrase puts nothing of it into an array only to take it apart", () => {
  for (const file of PHRASE_READERS) {
    red(file, "const [a, b] = [raw[0]!, raw[1]!];", /sesame\/arrays: This file reads a phrase/);
    red(file, "let a = 1, b = 2; [a, b] = [b, a];", /sesame\/arrays/);
    green(file, "const a = raw[0]!; const b = raw[1]!; const [low, high] = bounds;");
  }
  green("src/wire/frame.ts", "const [a, b] = [1, 2];");
});

Deno.test("deno lint itself fails on a forbidden import and a forbidden name, and passes without them", async () => {
  using folder = new TemporaryFolder("rooms");
  await Deno.mkdir(`${folder.path}/scripts`);
  await Deno.mkdir(`${folder.path}/src/wire`, { recursive: true });
  for (const script of ["lint_plugin.ts", "rooms.ts", "slow_pattern.ts"]) {
    await Deno.copyFile(new URL(`scripts/${script}`, ROOT), `${folder.path}/scripts/${script}`);
  }
  await Deno.writeTextFile(`${folder.path}/deno.json`, `{ "lint": { "plugins": ["./scripts/lint_plugin.ts"] } }`);
  const planted = `${folder.path}/src/wire/planted.ts`;
  const run = async () => {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["lint"],
      cwd: folder.path,
      env: { NO_COLOR: "1" },
    }).output();
    return { code, said: new TextDecoder().decode(stderr) };
  };
  await Deno.writeTextFile(planted, `import { x } from "../peers/step.ts";\n\nexport const y = x(Math.random());\n`);
  const { code, said } = await run();
  equal(code, 1);
  match(said, /error\[sesame\/rooms\]: src\/wire\/ may not import src\/peers\/: only src\/chat\/, src\/cli\/ may/);
  match(said, /planted\.ts:1:1/);
  match(said, /error\[sesame\/names\]: Math\.random: nowhere in the program/);
  match(said, /planted\.ts:3:/);
  await Deno.writeTextFile(planted, `export const y = 1;\n`);
  deepEqual((await run()).code, 0);
});

Deno.test("no file of the program switches off a rule of the house", async () => {
  for (const file of ["main.ts", ...sources("src")]) {
    const ignored = (await Deno.readTextFile(new URL(file, ROOT))).match(/deno-lint-ignore(-file)?( +sesame\/.*| *$)/m);
    equal(ignored, null, file);
  }
});

/** Of a folder and all below. */
function sources(folder: string): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return sources(path);
    return name.endsWith(".ts") ? [path] : [];
  });
}

Deno.test("deno.json loads the rules", async () => {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT))) as { lint?: { plugins?: string[] } };
  equal(config.lint?.plugins?.includes("./scripts/lint_plugin.ts"), true);
});

/** A room's last cell as the page writes it: `secrets crypto, types of auth`, `–` for nothing, `all`. */
function cellOf({ name, mayImport, typesOf }: typeof ROOMS[number]): string {
  const below = ROOMS.slice(0, ROOMS.findIndex((r) => r.name === name));
  const all = below.length > 1 && below.every((r) => mayImport.includes(r.name));
  const values = all ? "all" : mayImport.join(" ");
  return [values, typesOf === undefined ? "" : `types of ${typesOf.join(" ")}`].filter(Boolean).join(", ") || "–";
}

Deno.test("docs/ARCHITECTURE.md has the rooms of scripts/rooms.ts in their order, with what each may import", async () => {
  const page = await Deno.readTextFile(new URL("docs/ARCHITECTURE.md", ROOT));
  const rows = [...page.matchAll(/^\| `([a-z]+)` \|.*\| *([^|]*?) *\|$/gm)].map(([, room, cell]) => [room, cell]);
  deepEqual(rows, ROOMS.map((room) => [room.name, cellOf(room)]));
});

Deno.test("every folder of src is a room, and every file of src itself a leaf", async () => {
  const folders: string[] = [];
  const files: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(new URL("src", ROOT))) {
    if (isDirectory) folders.push(name);
    else if (!name.endsWith("_test.ts")) files.push(name);
  }
  deepEqual(folders.filter((f) => !ROOMS.some((r) => r.name === f)), []);
  deepEqual(files.filter((f) => !LEAVES.includes(f)), []);
});

Deno.test("every test file is in a suite", () => {
  const under = (paths: readonly string[], file: string) => paths.some((p) => file === p || file.startsWith(`${p}/`));
  const suites = SUITES.filter(({ args }) => args[0] === "test").map(({ args }) => ({
    paths: args.filter((a) => /^(src|tests|scripts|fuzz|bench)\b/.test(a)),
    ignored: args.filter((a) => a.startsWith("--ignore=")).flatMap((a) => a.slice("--ignore=".length).split(",")),
  }));
  const inSuite = (file: string) => suites.some((s) => under(s.paths, file) && !under(s.ignored, file));
  const tests = ["src", "tests", "scripts", "fuzz"].flatMap(sources).filter((file) => file.endsWith("_test.ts"));
  const outside = tests.filter((file) => !inSuite(file));
  // Run by tests/artifact/e2e.ts, against the source and against a file.
  deepEqual(outside, ["tests/artifact/e2e_test.ts"]);
});

Deno.test("no test compares loosely: in this runtime the bare names of node:assert/strict do", () => {
  const loose = ["src", "tests", "scripts", "fuzz", "bench"].flatMap(sources).filter((file) => {
    const source = Deno.readTextFileSync(new URL(file, ROOT));
    return [...source.matchAll(/import \{([^}]*)\} from "node:assert[^"]*"/g)].some(([, names = ""]) =>
      names.split(",").some((n) => /^\s*(not)?(deep)?equal\s*$/i.test(n))
    );
  });
  deepEqual(loose, []);
});

Deno.test("linear: a pattern that a long text could make slow is refused, by its shape", () => {
  const slow = [
    String.raw`/\S*\s*$/`,
    String.raw`/[a-z]+@/`,
    String.raw`/ +$/`,
    String.raw`/eyJ[\w-]{10,}\./`,
    String.raw`/(a|b*)c/`,
    String.raw`/^a|b*c/`,
    String.raw`/^a*b/m`,
    String.raw`/^a*(b*c)/`,
    String.raw`/^(a+)+$/`,
    String.raw`/(?:a*b)*/`,
    String.raw`/x*(?=y)/`,
    String.raw`/x*\b/`,
    String.raw`/(?:a*b){2}/`,
  ];
  for (const pattern of slow) red("src/terminal/planted.ts", `f(${pattern});`, /sesame\/linear/);
  const linear = [
    String.raw`/\S+/g`,
    String.raw`/[a-z]{32,}/g`,
    String.raw`/\s*,/`.replace("*", "{0,9}"),
    String.raw`/^\s*x/`,
    String.raw`/^(?:(a*))$/`,
    String.raw`/^(\d+|0x[0-9a-f]*)$/`,
    String.raw`/a[*+]$/`,
    String.raw`/a\*$/`,
    String.raw`/\p{L}+\d*x?/u`,
  ];
  for (const pattern of linear) green("src/terminal/planted.ts", `f(${pattern});`);
  green("src/host/planted.ts", `f(/ +$/);`);
  red("src/terminal/planted.ts", `new RegExp(text);`, /RegExp: nowhere/);
  green("src/terminal/planted.ts", `let r: RegExp;`);
});

Deno.test("sizes: a file, a function and a class are read in one go", () => {
  const lines = (n: number) => "  a();\n".repeat(n);
  const file = "src/chat/x.ts";
  green(file, `function f() {\n${lines(58)}}`);
  red(file, `function f() {\n${lines(59)}}`, /function f has 61 lines; 60 are the most/);
  red(file, `const f = () => {\n${lines(59)}};`, /function f has 61 lines/);
  red(file, `class C {\n  #m() {\n${lines(59)}  }\n}`, /function #m has 61 lines/);
  const methods = Array.from({ length: 30 }, (_, i) => `  m${i}() {\n${lines(8)}  }\n`).join("");
  red(file, `class C {\n${methods}}`, /class C has 302 lines; 300 are the most/);
  red(file, lines(451), /This file has 451 lines; 450 are the most/);
  for (const { file, why } of LONGER) {
    ok(Deno.statSync(new URL(file, ROOT)).isFile, file);
    ok(why.length > 5, file);
  }
});

Deno.test("words: what a person reads is worded in src/words/ alone", () => {
  const sentence = `const a = "Nobody is here yet.";`;
  green("src/words/x.ts", sentence);
  red("src/chat/x.ts", sentence, /worded in src\/words/);
  red("src/terminal/screen/x.ts", "const a = (n) => `there are ${n} of them now here`;", /worded in src\/words/);
  green("src/chat/x.ts", `throw new Error("the phrase could not be stretched");`);
  green("src/chat/x.ts", `type A = "this is a type"; const a = "not tried";`);
});

Deno.test("the page of words has each sentence once and verbatim, joined parts as one, and no names or comments", () => {
  const source = `import { a } from "./a file with words.ts"; // not this "one at all"
const A = "One sentence. " +
  \`and \${n === 1 ? "x" : \`{\${n}}\`} more.\`;
const B = { state: "closed", text: /"no text here/.test(a) ? "Two words" : 'Sure.' };`;
  deepEqual(textsOf(source).map(({ text }) => text), [
    'One sentence. and {n === 1 ? "x" : `{${n}}`} more.',
    "Two words",
    "Sure.",
  ]);
  const page = ["call_failures", "notices", "problems", "options"].map((name) =>
    textsOf(Deno.readTextFileSync(new URL(`src/words/${name}.ts`, ROOT))).map(({ text }) => text).join("\n")
  ).join("\n");
  for (const said of ["The proxy does not answer.", "Goodbye.", "It is empty.", "There is nobody to call."]) {
    ok(page.includes(said), said);
  }
});
