// The portable file: the launcher (launcher.c), the program, and the Deno runtime from npm, each at a multiple of one
// block, so that the kernel can map the runtime from where it is. It is not compressed, because each start would then
// have to unpack it. Out of scope: the launcher itself, the bundle.

import { TemporaryFolder } from "./files.ts";
import { join } from "node:path";
import { BuildFailure, run, sha256 } from "./failure.ts";
import { launcherOf } from "./launcher.ts";
import { DENO_VERSION, type Runtime, type Target } from "./targets.ts";

/** A multiple of every size of page (ARM64 has 4, 16 and 64 KiB). */
const BLOCK = 65_536;
/** As in launcher.c, which reads the first four numbers behind `=`. */
const PLAN_AT = 61_440;

/** The bytes of the file. */
export async function makePortable(
  target: Target & { readonly runtime: Runtime },
  program: string,
  names: { readonly version: string; readonly build: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const launcher = launcherOf(target.name);
  if (launcher.length > PLAN_AT) throw new BuildFailure("Could not build.", "launcher.c is too long.", "Shorten it.");
  const body = new TextEncoder().encode(program);
  const runtime = await fetchRuntime(target.runtime);
  const runtimeAt = Math.ceil((BLOCK + body.length) / BLOCK) * BLOCK;
  const size = runtimeAt + runtime.length;
  const plan = [
    `PROGRAM_AT=${BLOCK}`,
    `PROGRAM_SIZE=${body.length}`,
    `RUNTIME_AT=${runtimeAt}`,
    `SIZE=${size}`,
    `LAUNCHER_SIZE=${launcher.length}`,
    `Sesame ${names.version} for ${target.name}, the portable file, build ${names.build}. How to check it: docs/VERIFY.md`,
  ];
  const file = new Uint8Array(size);
  file.set(launcher);
  // Each on a line of its own, for grep.
  file.set(new TextEncoder().encode(`\n${plan.join("\n")}\n`), PLAN_AT);
  file.set(body, BLOCK);
  file.set(runtime, runtimeAt);
  return file;
}

/** The running Deno where it is the very same file, else the one of npm's package, through npm. */
async function fetchRuntime(runtime: Runtime): Promise<Uint8Array<ArrayBuffer>> {
  const here = await Deno.readFile(await Deno.realPath(Deno.execPath()));
  if (await sha256(here) === runtime.sha256) return here;
  using folder = new TemporaryFolder("runtime");
  const name = `${runtime.package}@${DENO_VERSION}`;
  const pack = await run("npm", ["pack", "--json", name], folder.path);
  if (!pack.success) {
    throw new BuildFailure(
      `Could not get the runtime ${name}.`,
      /npm error notarget (No matching version.*)/.exec(pack.stderr)?.[1] ?? "npm could not fetch it.",
      "Build this target where npm has it.",
    );
  }
  const [{ filename }] = JSON.parse(pack.stdout) as [{ filename: string }];
  const unpacked = await run("tar", ["-xzf", filename, "package/deno"], folder.path);
  if (!unpacked.success) throw new BuildFailure("Could not unpack the runtime.", unpacked.stderr, "Install tar.");
  const bytes = await Deno.readFile(join(folder.path, "package", "deno"));
  if (await sha256(bytes) !== runtime.sha256) {
    throw new BuildFailure("Refused the runtime.", `${name} is not the file of targets.ts.`, "Find out why.");
  }
  return bytes;
}
