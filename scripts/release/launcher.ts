// The bytes of launcher.c for each machine. They are in the source (launcher.generated.ts), so that nobody who builds
// Sesame needs a C compiler and everybody gets the same file; anybody with this compiler can make them again and
// compare.
//
//   deno task check launcher             writes them again
//   deno task check launcher --check     compares, and exits 1 where one is another
//
// Both print the sums. Out of scope: what follows the launcher in the file (portable.ts).

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BuildFailure, run, sha256 } from "./failure.ts";
import { LAUNCHERS } from "./launcher.generated.ts";

/** Debian 13's. Another version may give other bytes that do the same. */
export const COMPILER_VERSION = "14.2.0";

export const COMPILERS: Readonly<Record<string, readonly string[]>> = {
  "linux-x64": ["gcc-14", "-fcf-protection=none"],
  "linux-arm64": ["aarch64-linux-gnu-gcc-14"],
};

const FLAGS = ["-std=c17", "-Wall", "-Wextra", "-Werror", "-Os"]
  // Nothing of a library, nothing that a library would have to set up first.
  .concat("-ffreestanding", "-nostdlib", "-fno-stack-protector", "-fno-tree-loop-distribute-patterns")
  // At any address, in one segment, without what only debuggers read.
  .concat("-fPIE", "-pie", "-fno-asynchronous-unwind-tables", "-s", "-Wl,--build-id=none,--no-dynamic-linker")
  .concat("-Wl,-z,max-page-size=65536,-T,launcher.ld");

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const GENERATED = join(FOLDER, "launcher.generated.ts");

/** The bytes that stand in the source. */
export function launcherOf(target: string): Uint8Array<ArrayBuffer> {
  const text = LAUNCHERS[target];
  if (text === undefined) {
    throw new BuildFailure(`Could not build for ${target}.`, "It has no launcher.", "Give it one in launcher.ts.");
  }
  return Uint8Array.fromBase64(text);
}

/** The bytes that the compiler makes. */
export async function compileLauncher(target: string): Promise<Uint8Array<ArrayBuffer>> {
  const [compiler = "", ...flags] = COMPILERS[target] ?? [];
  const out = await Deno.makeTempFile();
  try {
    const made = await run(compiler, [...FLAGS, ...flags, "-o", out, "launcher.c"], FOLDER);
    if (!made.success) {
      throw new BuildFailure(
        `Could not compile launcher.c for ${target}.`,
        made.stderr.trim().replace(/[^.]$/, "$&."),
        `Install ${compiler}.`,
      );
    }
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(out);
  }
}

async function main(check: boolean): Promise<number> {
  const lines = ["// Made by scripts/release/launcher.ts from launcher.c; not edited by hand."];
  lines.push("export const LAUNCHERS: Readonly<Record<string, string>> = {");
  let other = 0;
  for (const target of Object.keys(COMPILERS)) {
    const bytes = await compileLauncher(target);
    lines.push(`  "${target}": "${bytes.toBase64()}",`);
    console.log(`launcher ${target}  ${bytes.length} bytes  SHA-256 ${await sha256(bytes)}`);
    if (check && bytes.toBase64() !== LAUNCHERS[target]) {
      console.error(`launcher.generated.ts has another one for ${target}. Is the compiler ${COMPILER_VERSION}?`);
      other++;
    }
  }
  if (!check) await Deno.writeTextFile(GENERATED, [...lines, "};", ""].join("\n"));
  return other === 0 ? 0 : 1;
}

if (import.meta.main) {
  try {
    Deno.exit(await main(Deno.args.includes("--check")));
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    console.error(error.message);
    Deno.exit(1);
  }
}
