// `deno task release`: the files and the papers beside them, in dist/.
//
//   deno task release                   for this machine; or TARGET ..., or `all`, as with `deno task compile`
//     --out DIR                         instead of dist/
//
// The papers: SHA256SUMS, a list of what is inside (CycloneDX, by npm), licences of third parties, notes from CHANGELOG.md,
// the man page and the completions. Nothing is signed here: docs/VERIFY.md says how the person who releases does that.
// A target that cannot be made here is said and left out; the exit code is 1 then, with everything else in place.

import { basename, join, resolve } from "node:path";
import { build, type Built, chosen, describe } from "../compile.ts";
import { COMPLETIONS } from "../completions.ts";
import { MAN } from "../man.ts";
import { BuildFailure, run, sha256 } from "./failure.ts";
import { licences } from "./licences.ts";
import { notes } from "./notes.ts";
import { sbom } from "./sbom.ts";
import { readSource, ROOT, short } from "./stage.ts";

async function main(argv: readonly string[]): Promise<number> {
  const args = [...argv];
  const outAt = args.indexOf("--out");
  const out = resolve(outAt < 0 ? join(ROOT, "dist") : args.splice(outAt, 2)[1] ?? "dist");
  try {
    const source = await readSource();
    console.log(`source   ${source.files.length} files, SHA-256 ${source.hash}, build ${short(source)}`);
    const built: Built[] = [];
    let failed = 0;
    for (const target of chosen(args)) {
      try {
        built.push(await build(target, source, { out, portable: false, say: console.error }));
        console.log(describe(built.at(-1)!));
      } catch (error) {
        if (!(error instanceof BuildFailure)) throw error;
        console.error(error.message);
        failed++;
      }
    }
    const papers: Record<string, string> = {
      "sbom.cdx.json": await sbom(source),
      "THIRD-PARTY-LICENCES.txt": await licences(source),
      "RELEASE-NOTES.md": notes(await Deno.readTextFile(join(ROOT, "CHANGELOG.md")), built, source, await commit()),
    };
    for (const [path, make] of Object.entries({ ...MAN, ...COMPLETIONS })) papers[basename(path)] = make();
    for (const [name, text] of Object.entries(papers)) await Deno.writeTextFile(join(out, name), text);
    await Deno.writeTextFile(
      join(out, "SHA256SUMS"),
      await sums(out, [...built.map((b) => basename(b.path)), ...Object.keys(papers)]),
    );
    console.log(`papers   ${Object.keys(papers).join(", ")}, SHA256SUMS`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    console.error(error.message);
    return 1;
  }
}

/** As `sha256sum -c` reads it, in the order of names. */
async function sums(folder: string, names: readonly string[]): Promise<string> {
  const lines: string[] = [];
  for (const name of [...names].sort()) {
    lines.push(`${await sha256(await Deno.readFile(join(folder, name)))}  ${name}\n`);
  }
  return lines.join("");
}

/** What git calls this state, if it is one and nothing was changed since. */
async function commit(): Promise<string | undefined> {
  const status = await run("git", ["status", "--porcelain"], ROOT);
  const head = await run("git", ["rev-parse", "HEAD"], ROOT);
  return status.success && head.success && status.stdout === "" ? head.stdout.trim() : undefined;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
