// The source of one build: a copy of exactly those files that make up the program, in a separate folder, with
// version.ts saying what kind of file it is. Both kinds of file are made from it, so nothing else in the checkout can
// get in. Scope: which files, their hash, the copy. Out of scope: what is made of them.

import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { BuildFailure, run, sha256 } from "./failure.ts";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CONFIGURATION = ["deno.json", "deno.lock"];
const VERSION_FILE = "src/cli/version.ts";

export interface Source {
  /** Of the project: main.ts and what it imports, in order. */
  readonly files: readonly string[];
  /** npm packages that it imports, `name@version`, in order. */
  readonly packages: readonly string[];
  /** SHA-256 of the lines `HASH  PATH` of `files` and deno.lock: as `sha256sum FILES | sha256sum` says it. */
  readonly hash: string;
}

/** Sixteen digits of it are enough for people. */
export function short(source: Source): string {
  return source.hash.slice(0, 16);
}

interface InfoModule {
  readonly specifier: string;
  readonly npmPackage?: string;
}

/** Asks Deno what main.ts imports, so that no list has to be kept. */
export async function readSource(root = ROOT): Promise<Source> {
  const info = await run(Deno.execPath(), ["info", "--json", "main.ts"], root);
  if (!info.success) {
    throw new BuildFailure("Could not list the source.", info.stderr.trim(), "Mend that, then build again.");
  }
  const { modules } = JSON.parse(info.stdout) as { modules: InfoModule[] };
  const files = modules.filter(({ specifier }) => specifier.startsWith("file:"))
    .map(({ specifier }) => relative(root, fileURLToPath(specifier)).replaceAll("\\", "/")).sort();
  // The worker is text inside the program, and text does not import: what it is made of is added by name.
  const worker = await run(Deno.execPath(), ["info", "--json", "src/crypto/argon2id_worker.ts"], root);
  const inWorker = (JSON.parse(worker.stdout || '{"modules":[]}') as { modules: InfoModule[] }).modules;
  const packages = [...modules, ...inWorker].flatMap(({ npmPackage }) => npmPackage === undefined ? [] : [npmPackage]);
  const lines: string[] = [];
  for (const file of [...files, "deno.lock"]) {
    lines.push(`${await sha256(await Deno.readFile(join(root, file)))}  ${file}\n`);
  }
  return {
    files,
    packages: [...new Set(packages)].sort(),
    hash: await sha256(new TextEncoder().encode(lines.join(""))),
  };
}

/** Sesame's version, `1.2.3`. */
export async function versionOf(root = ROOT): Promise<string> {
  const version = /const VERSION: string = `sesame ([\d.]+)/.exec(await Deno.readTextFile(join(root, VERSION_FILE)))
    ?.[1];
  if (version === undefined) throw new BuildFailure("Could not build.", "version.ts has no version.", "Give it one.");
  return version;
}

/** Copies the source into an empty folder and writes `form` into its version. */
export async function stage(source: Source, form: string, into: string, root = ROOT): Promise<void> {
  for (const file of [...source.files, ...CONFIGURATION]) {
    await Deno.mkdir(join(into, dirname(file)), { recursive: true });
    await Deno.copyFile(join(root, file), join(into, file));
  }
  const version = await Deno.readTextFile(join(into, VERSION_FILE));
  const marked = version.replace('const FORM = "from source";', `const FORM = ${JSON.stringify(form)};`);
  if (marked === version) {
    throw new BuildFailure("Could not mark the build.", `${VERSION_FILE} has no FORM.`, "Compare it with stage.ts.");
  }
  await Deno.writeTextFile(join(into, VERSION_FILE), marked);
}
