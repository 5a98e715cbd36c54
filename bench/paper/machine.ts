// What a run was made on, and beside what: neither the machine's name nor a path.

import { LIBSIGNAL } from "../libsignal.ts";
import { NOISE } from "../noise.ts";
import type { Machine } from "./page.ts";
import { pathOf } from "./program.ts";

/** `others`: versions that are known already. */
export async function machineHere(others: readonly string[]): Promise<Machine> {
  const cpu = /^model name\s*: (.*)$/m.exec(await Deno.readTextFile("/proc/cpuinfo").catch(() => ""))?.[1];
  // What is measured, so that a word changed on the page makes no other run of it.
  const product = ["--", "src", "main.ts", "deno.lock"];
  const hash = (await said("git", "log", "-1", "--format=%h", ...product)) || "no commit";
  const changed = await said("git", "status", "--porcelain", "--untracked-files=no", ...product);
  const argon2 = await said("dpkg-query", "-W", "-f", "argon2 ${Version}", "argon2");
  const tools = [...others];
  if (await pathOf("argon2") !== undefined) tools.push(argon2 || "argon2");
  return {
    cpu: cpu ?? "a CPU that does not say which",
    cores: navigator.hardwareConcurrency,
    memoryGib: Math.round(Deno.systemMemoryInfo().total / 2 ** 30),
    system: `${Deno.build.os} ${Deno.osRelease()}`,
    deno: Deno.version.deno,
    commit: changed === "" ? hash : `${hash}+`,
    tools: [...tools, ...[LIBSIGNAL, NOISE].map((name) => name.slice("npm:".length))],
  };
}

/** What a program says; nothing where it is not there or fails. */
async function said(program: string, ...args: readonly string[]): Promise<string> {
  try {
    const cwd = new URL("../..", import.meta.url);
    const { success, stdout } = await new Deno.Command(program, { args: [...args], cwd, stderr: "null" }).output();
    return success ? new TextDecoder().decode(stdout).trim() : "";
  } catch {
    return "";
  }
}
