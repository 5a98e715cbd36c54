// `deno task release`: everything that is published, in dist/.
//
//   deno task release                   for every machine that there is a portable file for; or TARGET ..., or `all`
//     --out DIR                         instead of dist/
//     --address URL                     where the files will be published: makes a PKGBUILD and a manifest for Scoop too
//
// The files: portable ones, a Debian package of each, the package for npm. The papers: SHA256SUMS, a list of what is inside
// (CycloneDX, by npm), licences, notes from CHANGELOG.md, the man page and the completions. Nothing is signed here:
// docs/VERIFY.md says how the person who releases does that. What cannot be made here is said and left out; the exit code
// is 1 then, with everything else in place.

import { basename, join, resolve } from "node:path";
import { build, chosen, describe, type Made } from "../compile.ts";
import { COMPLETIONS } from "../completions.ts";
import { MAN } from "../man.ts";
import { makeDeb } from "./deb.ts";
import { BuildFailure, run, sha256 } from "./failure.ts";
import { licences } from "./licences.ts";
import { notes } from "./notes.ts";
import { makeNpmPackage } from "./npm.ts";
import { pkgbuild, type Published } from "./pkgbuild.ts";
import { sbom } from "./sbom.ts";
import { scoop, SCOOP_MANIFEST } from "./scoop.ts";
import { readSource, ROOT, short, versionOf } from "./stage.ts";
import { TARGETS } from "./targets.ts";

interface Asked {
  readonly out: string;
  readonly address: string | undefined;
  readonly targets: readonly string[];
}

function asked(argv: readonly string[]): Asked {
  const args = [...argv];
  const value = (name: string) => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args.splice(at, 2)[1];
  };
  const out = resolve(value("--out") ?? join(ROOT, "dist"));
  const address = value("--address")?.replace(/\/$/, "");
  return { out, address, targets: args.length > 0 ? args : PORTABLE };
}

const PORTABLE: readonly string[] = TARGETS.filter(({ runtime }) => runtime !== undefined).map(({ name }) => name);

async function main({ out, address, targets }: Asked): Promise<number> {
  try {
    const source = await readSource();
    console.log(`source   ${source.files.length} files, SHA-256 ${source.hash}, build ${short(source)}`);
    const thirdParties = await licences(source);
    const built: Made[] = [];
    let failed = 0;
    const attempt = async (make: () => Promise<Made>): Promise<Made | undefined> => {
      try {
        const made = await make();
        built.push(made);
        console.log(describe(made));
        return made;
      } catch (error) {
        if (!(error instanceof BuildFailure)) throw error;
        console.error(error.message);
        failed++;
        return undefined;
      }
    };
    for (const target of chosen(targets)) {
      const options = { out, portable: target.runtime !== undefined, say: console.error };
      const file = await attempt(() => build(target, source, options));
      if (file?.kind !== "portable") continue;
      await attempt(async () => ({ kind: "Debian", ...await makeDeb(file.path, target.name, thirdParties, out) }));
    }
    await attempt(async () => ({ kind: "npm", ...await makeNpmPackage(source, out) }));
    const papers: Record<string, string> = {
      "sbom.cdx.json": await sbom(source),
      "LICENSE": await Deno.readTextFile(join(ROOT, "LICENSE")),
      "THIRD-PARTY-LICENCES.txt": thirdParties,
      "RELEASE-NOTES.md": notes(await Deno.readTextFile(join(ROOT, "CHANGELOG.md")), built, source, await commit()),
    };
    for (const [path, make] of Object.entries({ ...MAN, ...COMPLETIONS })) papers[basename(path)] = make();
    for (const [name, text] of Object.entries(papers)) await Deno.writeTextFile(join(out, name), text);
    const files = await Promise.all([...built.map(({ path }) => basename(path)), ...Object.keys(papers)].map(
      async (name) => ({ name, sha256: await sha256(await Deno.readFile(join(out, name))) }),
    ));
    if (address !== undefined) {
      const version = await versionOf();
      const recipes = { PKGBUILD: pkgbuild(version, address, files), [SCOOP_MANIFEST]: scoop(version, address, files) };
      for (const [name, text] of Object.entries(recipes)) {
        if (text === undefined) continue;
        await Deno.writeTextFile(join(out, name), text);
        files.push({ name, sha256: await sha256(new TextEncoder().encode(text)) });
      }
    }
    await Deno.writeTextFile(join(out, "SHA256SUMS"), sums(files));
    console.log(`papers   ${files.slice(built.length).map(({ name }) => name).join(", ")}, SHA256SUMS`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    console.error(error.message);
    return 1;
  }
}

/** As `sha256sum -c` reads it, in the order of names. */
function sums(files: readonly Published[]): string {
  return files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).sort((a, b) => a.slice(66) < b.slice(66) ? -1 : 1)
    .join("");
}

/** What git calls this state, if it is one and nothing was changed since. */
async function commit(): Promise<string | undefined> {
  const status = await run("git", ["status", "--porcelain"], ROOT);
  const head = await run("git", ["rev-parse", "HEAD"], ROOT);
  return status.success && head.success && status.stdout === "" ? head.stdout.trim() : undefined;
}

if (import.meta.main) Deno.exit(await main(asked(Deno.args)));
