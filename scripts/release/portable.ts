// The portable file: launcher.sh, the program, and the Deno runtime from npm, each at a multiple of one block, so that a
// shell cuts them out with nothing but `dd`. The runtime is not compressed: unpacking it would cost each start most of a
// second, and keeping it unpacked would leave it behind. Not in here: the launcher itself, the bundle.

import { join } from "node:path";
import { BuildFailure, run, sha256 } from "./failure.ts";
import { DENO_VERSION, type Runtime, type Target } from "./targets.ts";

const BLOCK = 65_536;

/** The bytes of the file. */
export async function makePortable(
  target: Target & { readonly runtime: Runtime },
  program: string,
  names: { readonly version: string; readonly build: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const runtime = await fetchRuntime(target.runtime);
  const body = padded(new TextEncoder().encode(program));
  const runtimeAt = BLOCK + body.length;
  const values: Record<string, string> = {
    VERSION: names.version,
    BUILD: names.build,
    TARGET: target.name,
    PROGRAM_AT: "1",
    PROGRAM_BLOCKS: String(body.length / BLOCK),
    RUNTIME_AT: String(runtimeAt / BLOCK),
    RUNTIME_MB: String(Math.ceil(runtime.length / 1e6)),
    SIZE: String(runtimeAt + runtime.length),
    LOADER: target.runtime.loader,
  };
  const text = await Deno.readTextFile(new URL("launcher.sh", import.meta.url));
  const launcher = text.replace(/@([A-Z_]+)@/g, (_, name: string) => values[name] ?? missing(name));
  const head = padded(new TextEncoder().encode(launcher));
  if (head.length !== BLOCK) throw new BuildFailure("Could not build.", "launcher.sh is too long.", "Shorten it.");
  const file = new Uint8Array(runtimeAt + runtime.length);
  file.set(head);
  file.set(body, BLOCK);
  file.set(runtime, runtimeAt);
  return file;
}

function missing(name: string): never {
  throw new BuildFailure("Could not build.", `launcher.sh asks for ${name}.`, "Give it a value in portable.ts.");
}

/** Line ends up to the next multiple of BLOCK: they mean nothing, neither to a shell nor to JavaScript. */
function padded(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / BLOCK) * BLOCK).fill(0x0a);
  whole.set(bytes);
  return whole;
}

/** The running Deno where it is the very same file, else the one of npm's package, through npm. */
async function fetchRuntime(runtime: Runtime): Promise<Uint8Array<ArrayBuffer>> {
  const here = await Deno.readFile(await Deno.realPath(Deno.execPath()));
  if (await sha256(here) === runtime.sha256) return here;
  const folder = await Deno.makeTempDir({ prefix: "sesame-runtime-" });
  try {
    const name = `${runtime.package}@${DENO_VERSION}`;
    const pack = await run("npm", ["pack", "--json", name], folder);
    if (!pack.success) {
      throw new BuildFailure(
        `Could not get the runtime ${name}.`,
        /npm error notarget (No matching version.*)/.exec(pack.stderr)?.[1] ?? "npm could not fetch it.",
        "Build this target where npm has it.",
      );
    }
    const [{ filename }] = JSON.parse(pack.stdout) as [{ filename: string }];
    const unpacked = await run("tar", ["-xzf", filename, "package/deno"], folder);
    if (!unpacked.success) throw new BuildFailure("Could not unpack the runtime.", unpacked.stderr, "Install tar.");
    const bytes = await Deno.readFile(join(folder, "package", "deno"));
    if (await sha256(bytes) !== runtime.sha256) {
      throw new BuildFailure("Refused the runtime.", `${name} is not the file of targets.ts.`, "Find out why.");
    }
    return bytes;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
