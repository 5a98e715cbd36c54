// `deno task compile [TARGET ...]`: one file that people download and run, in dist/.
//
//   deno task compile                   for this machine
//   deno task compile linux-x64 ...     for these; `all` for every one of scripts/release/targets.ts
//     --out DIR                         instead of dist/
//     --portable                        does not try `deno compile` first
//
// The real `deno compile` where its runtime (denort) can be had; where it cannot, it says so and makes the portable file
// (scripts/release/portable.ts). Both are made from the same staged source, with the same permissions.
// Out of scope: the papers beside a release (scripts/release/release.ts).

import { type Measured, measured, TemporaryFolder } from "./release/files.ts";
import { join, resolve } from "node:path";
import { BuildFailure, run } from "./release/failure.ts";
import { makePortable } from "./release/portable.ts";
import { makeProgram } from "./release/program.ts";
import { readSource, ROOT, short, type Source, stage, versionOf } from "./release/stage.ts";
import { DENO_VERSION, type Runtime, type Target, targetHere, TARGETS } from "./release/targets.ts";

/** The product's permissions: as in the task "sesame", tests/harness/product.ts and launcher.c. A test compares them. */
export const PERMISSIONS: readonly string[] = ["--no-prompt", "--allow-net", "--allow-ffi"];

export interface Made extends Measured {
  readonly kind: "compiled" | "portable" | "Debian" | "npm";
}

export interface Built extends Made {
  readonly kind: "compiled" | "portable";
}

export interface BuildOptions {
  readonly out: string;
  /** Does not try `deno compile`. */
  readonly portable: boolean;
  readonly say: (line: string) => void;
}

/** Makes the file for one target. Throws a BuildFailure where neither kind can be made. */
export async function build(target: Target, source: Source, options: BuildOptions): Promise<Built> {
  await Deno.mkdir(options.out, { recursive: true });
  const built = options.portable ? undefined : await compile(target, source, options);
  return built ?? await portable(target, source, options);
}

/** `undefined` where denort cannot be had. */
async function compile(target: Target, source: Source, { out, say }: BuildOptions): Promise<Built | undefined> {
  using folder = new TemporaryFolder("build");
  await stage(source, `compiled for ${target.name}, Deno ${Deno.version.deno}, build ${short(source)}`, folder.path);
  const path = join(out, `sesame-${target.name}${target.extension}`);
  const args = ["compile", "--quiet", "--no-check", ...PERMISSIONS, "--target", target.triple, "--output", path];
  const { success, stderr } = await run(Deno.execPath(), [...args, "main.ts"], folder.path);
  if (success) return { kind: "compiled", ...await measured(path) };
  if (!/denort/.test(stderr)) {
    throw new BuildFailure(`Could not compile for ${target.name}.`, stderr.trim(), "Mend that, then build again.");
  }
  say(
    `Could not compile for ${target.name}. Its runtime, denort ${Deno.version.deno}, cannot be fetched from dl.deno.land. ` +
      (target.runtime === undefined
        ? "Build it where that host can be reached; there is no portable file for it."
        : "Making the portable file instead; for the compiled one, build where that host can be reached."),
  );
  return undefined;
}

async function portable(target: Target, source: Source, { out }: BuildOptions): Promise<Built> {
  const { runtime } = target;
  if (runtime === undefined) {
    throw new BuildFailure(
      `Could not make a file for ${target.name}.`,
      "Only `deno compile` makes one, and its runtime cannot be had.",
      "Run Sesame from its source there, as README says.",
    );
  }
  using folder = new TemporaryFolder("build");
  await stage(source, `portable for ${target.name}, Deno ${DENO_VERSION}, build ${short(source)}`, folder.path);
  const program = await makeProgram(folder.path);
  const names = { version: await versionOf(), build: short(source) };
  const file = await makePortable(withRuntime(target, runtime), program, names);
  const path = join(out, `sesame-${target.name}-portable`);
  // Beside it first: a file that is being replaced may be running.
  await Deno.writeFile(`${path}.new`, file, { mode: 0o755 });
  await Deno.chmod(`${path}.new`, 0o755);
  await Deno.rename(`${path}.new`, path);
  return { kind: "portable", ...await measured(path) };
}

function withRuntime(target: Target, runtime: Runtime): Target & { readonly runtime: Runtime } {
  return { ...target, runtime };
}

export function describe({ kind, path, bytes, sha256 }: Made): string {
  return `${kind.padEnd(8)} ${path}  ${(bytes / 1e6).toFixed(1)} MB  SHA-256 ${sha256}`;
}

/** The targets that are named, or this machine's. */
export function chosen(names: readonly string[]): Target[] {
  if (names.includes("all")) return [...TARGETS];
  const here = targetHere();
  if (names.length === 0 && here !== undefined) return [here];
  return names.map((name) => {
    const target = TARGETS.find((t) => t.name === name || t.triple === name);
    if (target !== undefined) return target;
    const known = TARGETS.map((t) => t.name).join(", ");
    throw new BuildFailure(`Could not build for ${name}.`, "There is no such target.", `There are: ${known}.`);
  });
}

async function main(argv: readonly string[]): Promise<number> {
  const args = [...argv];
  const outAt = args.indexOf("--out");
  const out = resolve(outAt < 0 ? join(ROOT, "dist") : args.splice(outAt, 2)[1] ?? "dist");
  const names = args.filter((arg) => !arg.startsWith("--"));
  try {
    const source = await readSource();
    console.log(`source   ${source.files.length} files, SHA-256 ${source.hash}, build ${short(source)}`);
    let failed = 0;
    for (const target of chosen(names)) {
      try {
        console.log(
          describe(await build(target, source, { out, portable: args.includes("--portable"), say: console.error })),
        );
      } catch (error) {
        if (!(error instanceof BuildFailure)) throw error;
        console.error(error.message);
        failed++;
      }
    }
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    console.error(error.message);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
