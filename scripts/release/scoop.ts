// A manifest for Scoop, the package manager for Windows: npm's package of ours and Deno's own for the machine, each fetched
// and compared with its hash, put where npm would have put them, and a `sesame.exe` of Scoop's that starts Node with the
// launcher. Made only where the address of our package is known, as a PKGBUILD is (pkgbuild.ts).
//
//   scoop install ADDRESS/sesame-chat.json

import { ABOUT, NPM_COMMAND, NPM_NAME } from "./npm.ts";
import type { Published } from "./pkgbuild.ts";
import { DENO_VERSION, RUNTIMES } from "./targets.ts";

export const SCOOP_MANIFEST = `${NPM_NAME}.json`;

/** What Scoop calls the machines, and npm the Deno for each. */
const MACHINES = { "64bit": "@deno/win32-x64", "arm64": "@deno/win32-arm64" } as const;

/**
 * Where Deno's package is unpacked. Scoop knows one such place for all machines, and the launcher looks under a name for
 * each, so it is renamed before anything is run.
 */
const UNPACKED = "node_modules\\@deno\\runtime";

/** `address`: the folder that the files are published in, without a slash at the end. Undefined: npm's package is not among them. */
export function scoop(version: string, address: string, files: readonly Published[]): string | undefined {
  const ours = files.find(({ name }) => name === `${NPM_NAME}-${version}.tgz`);
  if (ours === undefined) return undefined;
  const manifest = {
    "##": "Made by scripts/release/scoop.ts; not edited by hand. Not tried on Windows.",
    version,
    description: ABOUT,
    homepage: address,
    license: "MIT",
    depends: "nodejs",
    architecture: Object.fromEntries(
      Object.entries(MACHINES).map(([machine, name]) => [machine, machineOf(name, `${address}/${ours.name}`, ours)]),
    ),
    // In the order of the addresses: ours into the application's folder, Deno's beside it.
    extract_dir: ["package", "package"],
    extract_to: ["", UNPACKED],
    bin: [["node.exe", NPM_COMMAND, '"$dir\\bin\\sesame.cjs"']],
  };
  return `${JSON.stringify(manifest, null, 4)}\n`;
}

function machineOf(name: string, url: string, { sha256 }: Published) {
  const { integrity } = RUNTIMES.find((runtime) => runtime.package === name)!;
  const short = name.replace("@deno/", "");
  return {
    url: [url, `https://registry.npmjs.org/${name}/-/${short}-${DENO_VERSION}.tgz`],
    hash: [sha256, `sha512:${Uint8Array.fromBase64(integrity.replace("sha512-", "")).toHex()}`],
    pre_install: `Rename-Item -LiteralPath "$dir\\${UNPACKED}" -NewName "${short}"`,
  };
}
