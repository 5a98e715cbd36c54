// The manifest for Scoop, without Windows and without a network: what it names is what was made, and once its archives are
// unpacked as it says, the launcher finds in the place for each machine the Deno that it wants. Out of scope: Scoop itself,
// which runs on Windows alone; the launcher under Wine (tests/windows).

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { join } from "node:path";
import { sha256 } from "../../scripts/release/failure.ts";
import { makeNpmPackage } from "../../scripts/release/npm.ts";
import { scoop, SCOOP_MANIFEST } from "../../scripts/release/scoop.ts";
import { readSource, versionOf } from "../../scripts/release/stage.ts";
import { DENO_VERSION, RUNTIMES } from "../../scripts/release/targets.ts";
import { ran } from "../harness/command.ts";
import { needs } from "./subject.ts";

interface Machine {
  readonly url: readonly [string, string];
  readonly hash: readonly [string, string];
  readonly pre_install: string;
}

interface Manifest {
  readonly version: string;
  readonly homepage: string;
  readonly license: string;
  readonly depends: string;
  readonly architecture: Readonly<Record<string, Machine>>;
  readonly extract_dir: readonly string[];
  readonly extract_to: readonly string[];
  readonly bin: readonly (readonly [string, string, string])[];
}

const ADDRESS = "https://example.org/sesame/0.2.0";
const here = Deno.build.os === "linux" && needs("npm", "node", "tar");
const folder = here ? await Deno.makeTempDir({ prefix: "sesame-scoop-test-" }) : "";
addEventListener("unload", () => here && Deno.removeSync(folder, { recursive: true }));
const version = here ? await versionOf() : "";
const packed = here ? await makeNpmPackage(await readSource(), folder) : { path: "", bytes: 0, sha256: "" };
const published = [{ name: `sesame-chat-${version}.tgz`, sha256: packed.sha256 }];
const manifest: Manifest = here ? JSON.parse(scoop(version, ADDRESS, published)!) : undefined!;

/** What Node calls the machine, by Scoop's word for it. */
const MACHINES = { "64bit": "x64", "arm64": "arm64" };

Deno.test({
  name:
    "Scoop's manifest names the package that was made and npm's own Deno, each with its hash, and nothing without a package",
  ignore: !here,
  fn: async () => {
    equal(SCOOP_MANIFEST, "sesame-chat.json", "Scoop calls a program by its manifest's name");
    equal(scoop(version, ADDRESS, []), undefined);
    equal(scoop(version, ADDRESS, published), scoop(version, ADDRESS, published));
    const { homepage, license, depends } = manifest;
    deepEqual([manifest.version, homepage, license, depends], [version, ADDRESS, "MIT", "nodejs"]);
    deepEqual(Object.keys(manifest.architecture), Object.keys(MACHINES));
    const made = await sha256(await Deno.readFile(packed.path));
    for (const [machine, cpu] of Object.entries(MACHINES)) {
      const { url, hash } = manifest.architecture[machine]!;
      deepEqual(url, [
        `${ADDRESS}/${packed.path.slice(folder.length + 1)}`,
        `https://registry.npmjs.org/@deno/win32-${cpu}/-/win32-${cpu}-${DENO_VERSION}.tgz`,
      ]);
      equal(hash[0], made);
      match(hash[1], /^sha512:[0-9a-f]{128}$/);
      // The same number that npm and deno.lock write in base64.
      const [, pinned = ""] = RUNTIMES.find(({ package: name }) => name === `@deno/win32-${cpu}`)!.integrity.split("-");
      deepEqual(Uint8Array.fromHex(hash[1].slice(7)), Uint8Array.fromBase64(pinned));
    }
  },
});

Deno.test({
  name: "unpacked and renamed as Scoop's manifest says, the launcher finds the Deno of each machine and starts it",
  ignore: !here,
  fn: async () => {
    for (const [machine, cpu] of Object.entries(MACHINES)) {
      const deno = await runtimePackage(cpu);
      const dir = join(folder, `installed ${cpu}`);
      await install(manifest, machine, dir, [packed.path, deno]);
      const [[program, name, argument]] = manifest.bin as [[string, string, string]];
      deepEqual([program, name], ["node.exe", "sesame"]);
      const launcher = posix(argument.replaceAll('"', "").replace("$dir", dir));
      const pretend = join(folder, `${cpu}.cjs`);
      await Deno.writeTextFile(
        pretend,
        `Object.defineProperties(process, { platform: { value: "win32" }, arch: { value: "${cpu}" } });\n`,
      );
      const { code, stdout, stderr } = await ran(["node", "--require", pretend, launcher, "--version"]);
      deepEqual([code, stderr], [0, ""], stderr);
      const words = stdout.trim().split(" ");
      deepEqual([words[0], words.at(-1)], [`win32-${cpu}:`, "--version"]);
      ok(stdout.includes(join(dir, "lib/program.mjs")), stdout);
    }
  },
});

/** As npm's package of Deno, with a program in the place of deno.exe that says what it is given. */
async function runtimePackage(cpu: string): Promise<string> {
  const at = join(folder, `deno-${cpu}`), tarball = `${at}.tgz`;
  await Deno.mkdir(join(at, "package"), { recursive: true });
  await Deno.writeTextFile(join(at, "package/package.json"), JSON.stringify({ version: DENO_VERSION }));
  await Deno.writeTextFile(join(at, "package/deno.exe"), `#!/bin/sh\necho win32-${cpu}: "$@"\n`, { mode: 0o755 });
  equal((await ran(["tar", "-czf", tarball, "-C", at, "package"])).code, 0);
  return tarball;
}

/** What Scoop does with archives: each is unpacked into its place without its `extract_dir`; then `pre_install` runs. */
async function install(what: Manifest, machine: string, dir: string, archives: readonly string[]): Promise<void> {
  for (const [i, archive] of archives.entries()) {
    const into = join(dir, posix(what.extract_to[i]!)), inside = what.extract_dir[i]!;
    await Deno.mkdir(into, { recursive: true });
    equal((await ran(["tar", "-xzf", archive, "-C", into, "--strip-components=1", inside])).code, 0);
  }
  const rename = /^Rename-Item -LiteralPath "\$dir\\([\w\\@]+)" -NewName "([\w-]+)"$/;
  const [, from = "", to = ""] = rename.exec(what.architecture[machine]!.pre_install) ?? [];
  ok(from !== "", what.architecture[machine]!.pre_install);
  await Deno.rename(join(dir, posix(from)), join(dir, posix(from), "..", to));
}

function posix(path: string): string {
  return path.replaceAll("\\", "/");
}
