// The package for npm, `sesame-chat`: the program in one file, the launcher (npm/sesame.cjs), and Deno's own packages for
// each system as optional dependencies, of which npm installs the one that fits. An npm-shrinkwrap.json would pin their
// hashes too, and was tried: npm 11 then installs all six, 250 MB. docs/VERIFY.md says how to compare the one that came.
//
//   deno task check npm                       dist/sesame-chat-VERSION.tgz, for: npm install -g FILE
//     --out DIR                         instead of dist/
//
// Out of scope: what the launcher does, what the program is (program.ts).

import { type Measured, measured, TemporaryFolder } from "./files.ts";
import { join, resolve } from "node:path";
import { MAN } from "../man.ts";
import { BuildFailure, run } from "./failure.ts";
import { licences } from "./licences.ts";
import { makeProgram } from "./program.ts";
import { readSource, ROOT, short, type Source, stage, versionOf } from "./stage.ts";
import { DENO_VERSION, RUNTIMES } from "./targets.ts";

export const NPM_NAME = "sesame-chat";
export const NPM_COMMAND = "sesame";
export const ABOUT = "A private conversation in the terminal that leaves nothing behind";

/** The two that Node can be: it is kept for years, and `process.execve` came in between. */
const NODE = ">=20";

/** Writes the package's files into an empty folder. */
export async function writePackage(source: Source, into: string): Promise<void> {
  const version = await versionOf();
  using staged = new TemporaryFolder("npm");
  await stage(source, `npm package, Deno ${DENO_VERSION}, build ${short(source)}`, staged.path);
  const files: Record<string, string> = {
    "package.json": json(description(version)),
    "README.md": readme(),
    "LICENSE": await Deno.readTextFile(join(ROOT, "LICENSE")),
    "THIRD-PARTY-LICENCES.txt": await licences(source),
    "bin/sesame.cjs": await Deno.readTextFile(join(ROOT, "scripts/release/npm/sesame.cjs")),
    "lib/program.mjs": await makeProgram(staged.path),
    "man/sesame.1": MAN["docs/sesame.1"]?.() ?? "",
  };
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(join(into, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(into, name), text);
  }
  await Deno.chmod(join(into, "bin/sesame.cjs"), 0o755);
}

/** Makes `sesame-chat-VERSION.tgz` in `out`, by npm. The same source and npm give the same bytes. */
export async function makeNpmPackage(source: Source, out: string): Promise<Measured> {
  using folder = new TemporaryFolder("npm");
  await writePackage(source, folder.path);
  const packed = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", out], folder.path);
  if (!packed.success) throw new BuildFailure("Could not pack for npm.", packed.stderr.trim(), "Install Node's npm.");
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  const path = join(out, filename);
  return await measured(path);
}

function description(version: string) {
  return {
    name: NPM_NAME,
    version,
    description: ABOUT,
    license: "MIT",
    bin: { [NPM_COMMAND]: "bin/sesame.cjs" },
    man: ["man/sesame.1"],
    files: ["bin", "lib", "man", "LICENSE", "THIRD-PARTY-LICENCES.txt"],
    engines: { node: NODE },
    optionalDependencies: Object.fromEntries(RUNTIMES.map((runtime) => [runtime.package, DENO_VERSION])),
  };
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function readme(): string {
  return `# Sesame

A private conversation in the terminal that leaves nothing behind, for people who share a secret phrase and can reach each
other by IP: no server, no account, no history. **Nobody outside has reviewed it yet.**

    npm install -g ${NPM_NAME}
    sesame phrase               # once, together: a fresh phrase, told face to face
    sesame listen               # one of you
    sesame connect HOST         # the other, with the first one's address

F12 ends everything at once. \`sesame --help\` has the rest, and \`man sesame\`.

The program runs in Deno ${DENO_VERSION}, which npm installs with it from Deno's own packages for this system; another Deno on your
machine is neither used nor changed. It starts with leave for the network and for a few calls of the system, gives the latter
back before anything else is loaded, and writes no file. Nothing is run when it is installed: \`--ignore-scripts\` is fine.

| system | state |
|---|---|
| Linux with the GNU C library, x64 and ARM64 | tested (ARM64 under emulation) |
| Linux with musl (Alpine) | no: npm has no Deno for it |
| Windows | runs under Wine; not yet tried on Windows |
| macOS | written from the headers; not yet tried on a Mac |
`;
}

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--out");
  const out = resolve(at < 0 ? join(ROOT, "dist") : args[at + 1] ?? "dist");
  try {
    await Deno.mkdir(out, { recursive: true });
    const { path, bytes, sha256 } = await makeNpmPackage(await readSource(), out);
    console.log(`npm      ${path}  ${(bytes / 1e6).toFixed(1)} MB  SHA-256 ${sha256}`);
    console.log(`Install it: npm install -g ${path}`);
    return 0;
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    console.error(error.message);
    return 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
