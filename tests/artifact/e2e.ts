// `deno task check e2e`: the end-to-end suite of tests/artifact, against one form of Sesame.
//
//   deno task check e2e                        the source
//   deno task check e2e --artifact FILE        a file that was built, or downloaded
//   deno task check e2e --build                a file that is built for it, into a folder that goes away (for scripts/test.ts)
//   deno task check e2e --npm                  the npm package, made and installed for it, into a folder that goes away
//
// The last lines are deno's own summary.

import { join, resolve } from "node:path";
import { build } from "../../scripts/compile.ts";
import { BuildFailure, run } from "../../scripts/release/failure.ts";
import { makeNpmPackage } from "../../scripts/release/npm.ts";
import { readSource } from "../../scripts/release/stage.ts";
import { targetHere } from "../../scripts/release/targets.ts";

async function main(args: readonly string[]): Promise<number> {
  const at = args.indexOf("--artifact");
  const given = at < 0 ? undefined : args[at + 1];
  if (at >= 0 && (given === undefined || !await isFile(given))) {
    console.error(
      `Could not try ${given ?? "nothing"}. There is no such file. Type: deno task check e2e --artifact FILE`,
    );
    return 2;
  }
  if (given !== undefined) return await suite(resolve(given));
  const npm = args.includes("--npm");
  if (!npm && !args.includes("--build")) return await suite(undefined);
  const folder = await Deno.makeTempDir({ prefix: "sesame-e2e-" });
  try {
    // Others than its maker have to be able to read it.
    await Deno.chmod(folder, 0o755);
    if (npm) return await suite(await installed(folder));
    const target = targetHere();
    if (target?.runtime === undefined) {
      console.warn("SKIPPED: there is no portable file for this machine; the source is tried instead.");
      return await suite(undefined);
    }
    const options = { out: folder, portable: true, say: (line: string) => console.log(line) };
    return await suite((await build(target, await readSource(), options)).path);
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** `sesame` as npm puts it there from the package that this source gives; Deno comes from npm's registry. */
async function installed(folder: string): Promise<string> {
  const { path } = await makeNpmPackage(await readSource(), folder);
  const prefix = join(folder, "installed");
  await Deno.mkdir(prefix);
  const { success, stderr } = await run("npm", ["install", "--global", "--prefix", prefix, "--ignore-scripts", path]);
  if (!success) throw new BuildFailure("Could not install the npm package.", stderr.trim(), "Look at npm's words.");
  return join(prefix, "bin/sesame");
}

async function isFile(path: string): Promise<boolean> {
  return (await Deno.stat(path).catch(() => undefined))?.isFile === true;
}

async function suite(artifact: string | undefined): Promise<number> {
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--no-check", "--no-prompt", "--allow-all", "tests/artifact/e2e_test.ts"],
    cwd: new URL("../..", import.meta.url),
    env: { DENO_NO_UPDATE_CHECK: "1", ...(artifact === undefined ? {} : { SESAME_ARTIFACT: artifact }) },
    stdin: "null",
  }).spawn().status;
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
