// The licences of what a file holds besides Sesame, taken word for word from the packages themselves. A package without
// one stops the release.

import { TemporaryFolder } from "./files.ts";
import { join } from "node:path";
import { BuildFailure, run } from "./failure.ts";
import { ROOT, type Source } from "./stage.ts";
import { DENO_VERSION } from "./targets.ts";

const HEAD = `What a file of Sesame holds besides Sesame itself, whose licence is MIT, and the licence of each.

The Deno runtime is itself built of many parts (V8, ICU, SQLite, rustls and hundreds of Rust crates), each under a licence
of its own. Deno's packages name them not one by one; its source does: https://github.com/denoland/deno
`;

/** The runtime keeps packages in a folder named after the registry that they came from, whichever that is. */
export function registryFolder(npmCache: string): string {
  const folders = [...Deno.readDirSync(npmCache)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  return folders.find((name) => name.startsWith("registry.")) ?? folders[0] ?? "";
}

/** One text: each package, its licence. */
export async function licences(source: Source): Promise<string> {
  const parts = [HEAD];
  const info = await run(Deno.execPath(), ["info", "--json"], ROOT);
  const { npmCache } = JSON.parse(info.stdout) as { npmCache: string };
  const packages = join(npmCache, registryFolder(npmCache));
  for (const name of source.packages) {
    const at = name.lastIndexOf("@");
    parts.push(
      section(name, await licenceIn(join(packages, name.slice(0, at), name.slice(at + 1)), name)),
    );
  }
  using folder = new TemporaryFolder("licence");
  // The package of the runtime's file has no licence text; the one that installs it has.
  const name = `deno@${DENO_VERSION}`;
  const pack = await run("npm", ["pack", "--json", name], folder.path);
  if (!pack.success) {
    throw new BuildFailure(`Could not get the licence of ${name}.`, "npm could not fetch it.", "Try again.");
  }
  const [{ filename }] = JSON.parse(pack.stdout) as [{ filename: string }];
  await run("tar", ["-xzf", filename], folder.path);
  parts.push(section(name, await licenceIn(join(folder.path, "package"), name)));
  return parts.join("\n");
}

async function licenceIn(folder: string, name: string): Promise<string> {
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isFile && /^(licen[cs]e|copying)(\.\w+)?$/i.test(entry.name)) {
      return await Deno.readTextFile(join(folder, entry.name));
    }
  }
  throw new BuildFailure(`Could not bundle the licence of ${name}.`, "Its package has none.", "Ask its authors.");
}

function section(name: string, text: string): string {
  return `${"=".repeat(80)}\n${name}\n${"=".repeat(80)}\n\n${text.replaceAll("\r\n", "\n").trim()}\n`;
}
