#!/usr/bin/env node
// The command `sesame` of the npm package: becomes Deno, from npm's package for this system, with the product's permissions
// and an environment of a few variables. Where Node cannot become another program (Windows, Node before 22.15) it stays as
// a parent that reads nothing and passes signals and the exit code on. It opens no file for writing and no connection.
// As in launcher.c, which does the same for the portable file. Not in here: anything about Sesame itself.
"use strict";

const process = require("node:process");

/** With a listener of ours this signal does not open Node's debugger, through which the prompt could be read. */
process.on("SIGUSR1", () => {});

const { accessSync, constants, existsSync, fstatSync } = require("node:fs");
const { signals: SIGNALS } = require("node:os").constants;
const { dirname, join } = require("node:path");

/** The permissions of the product, and nothing else: no question, no configuration, no cache, no code from anywhere. */
const RUN = ["run", "--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-npm", "--no-remote", "--cached-only"]
  .concat("--no-code-cache", "--allow-net", "--allow-ffi");

/**
 * The runtime obeys many variables, so few get through. Sesame has to know of those that put a library into it, to warn;
 * Windows starts no socket without SystemRoot.
 */
const KEPT = ["TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SystemRoot", "SystemDrive"]
  .concat("LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH");

/** What the GNU C library's loader is called. Node for musl runs without it, and Deno does not. */
const LOADERS = { x64: "/lib64/ld-linux-x86-64.so.2", arm64: "/lib/ld-linux-aarch64.so.1" };

/** What ends Sesame: what somebody sends to this process is passed on (END_SIGNALS in src/cli/signals.ts). */
const PASSED = ["SIGHUP", "SIGTERM", "SIGQUIT", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU", "SIGXFSZ"]
  .concat("SIGIO", "SIGPWR");

const windows = process.platform === "win32";

function fail(wrong, next) {
  process.stderr.write(`Could not start Sesame. ${wrong} ${next}\n`);
  process.exit(1);
}

/** The path of the runtime: of exactly the version that this package was made and tested with. */
function runtime() {
  const { platform, arch } = process;
  const name = `@deno/${platform}-${arch}${platform === "linux" ? "-glibc" : ""}`;
  const wanted = require("../package.json").optionalDependencies[name];
  const source = "run Sesame from its source with a Deno for this machine";
  if (wanted === undefined) fail(`There is no Deno for ${platform} on ${arch}.`, `There, ${source}, if there is one.`);
  if (platform === "linux" && !existsSync(LOADERS[arch])) {
    fail("This Linux has no GNU C library (musl, perhaps), and npm has no Deno for it.", `There, ${source}.`);
  }
  let file;
  try {
    file = require.resolve(`${name}/package.json`);
  } catch {
    fail(`The package ${name} is missing.`, "Install sesame-chat again, without --omit=optional or --no-optional.");
  }
  const { version } = require(file);
  if (version !== wanted) {
    fail(
      `${name} is version ${version}, and ${wanted} is wanted.`,
      "Install sesame-chat again, in a place of its own.",
    );
  }
  const path = join(dirname(file), windows ? "deno.exe" : "deno");
  try {
    accessSync(path, constants.X_OK);
  } catch {
    fail(`${path} cannot be run.`, "Install sesame-chat again.");
  }
  return path;
}

function environment() {
  const env = {
    // No cache; no message on a terminal that there is none; no question to its maker's server; nobody else's package.json.
    DENO_DIR: windows ? "NUL\\none" : "/dev/null/none",
    DENO_LOG: "off",
    DENO_NO_UPDATE_CHECK: "1",
    DENO_NO_PACKAGE_JSON: "1",
    // So that Sesame's own hints say what the person typed. npx keeps what it runs in a folder of this name; its variables
    // would not do, since whatever runs under it inherits them.
    SESAME_STARTED_AS: /[\\/]_npx[\\/]/.test(__dirname) ? "npx sesame-chat" : "sesame",
  };
  for (const name of KEPT) if (process.env[name] !== undefined) env[name] = process.env[name];
  // Sesame refuses to start where this is set. The runtime would make the file that it names before it can.
  if (process.env.SSLKEYLOGFILE !== undefined) env.SSLKEYLOGFILE = windows ? "NUL" : "/dev/null";
  return env;
}

/** The descriptors that the arguments name, besides the standard ones: Node hands these on only to a child. */
function descriptors(args) {
  const numbers = args.flatMap((arg, i) => {
    const [, value] = /^--(?:phrase|onion-password)-fd(?:=(.*))?$/.exec(arg) ?? [undefined, ""];
    const number = value ?? args[i + 1];
    return /^\d{1,3}$/.test(number ?? "") && Number(number) > 2 && isOpen(Number(number)) ? [Number(number)] : [];
  });
  return [...new Set(numbers)];
}

/** Whether somebody may have opened it for the program. Node's own have other kinds, as a rule. */
function isOpen(fd) {
  try {
    const about = fstatSync(fd);
    return about.isFile() || about.isFIFO() || about.isSocket() || about.isCharacterDevice();
  } catch {
    return false;
  }
}

function start(deno, args, env, inherited) {
  if (require("node:inspector").url() !== undefined) {
    fail("Node's debugger is open: it could read what you type.", "Start it without a debugger.");
  }
  const stdio = ["inherit", "inherit", "inherit"];
  for (let fd = 3; fd <= Math.max(2, ...inherited); fd++) stdio.push(inherited.includes(fd) ? fd : "ignore");
  const child = require("node:child_process").spawn(deno, args, {
    stdio,
    // So that it ends when this process does, however that happens.
    env: { ...env, SESAME_PARENT: String(process.pid) },
    argv0: "sesame",
  });
  // The terminal sends SIGINT to both.
  const passed = PASSED.filter((signal) => signal in SIGNALS);
  for (const signal of passed) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {});
  child.on("error", ({ code }) => fail(`The system says ${code}.`, "Install sesame-chat again."));
  child.on("exit", (code, signal) => {
    for (const name of [...passed, "SIGINT"]) process.removeAllListeners(name);
    if (signal === null) process.exit(code);
    process.kill(process.pid, signal);
  });
}

const deno = runtime();
const typed = process.argv.slice(2);
const args = [...RUN, join(__dirname, "..", "lib", "program.mjs"), ...typed];
const inherited = windows ? [] : descriptors(typed);
if (typeof process.execve === "function" && !windows && inherited.length === 0) {
  process.execve(deno, ["sesame", ...args], environment());
}
start(deno, args, environment(), inherited);
