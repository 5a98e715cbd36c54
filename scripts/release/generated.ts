// Files of the checkout that come from tables in the code: written, or, with `--check`, compared.

import { dirname } from "node:path";

/** Paths from the project's root, and what stands in them. Returns the exit code. */
export async function writeOrCheck(files: Readonly<Record<string, () => string>>, how: string): Promise<number> {
  let stale = 0;
  for (const [path, make] of Object.entries(files)) {
    const url = new URL(`../../${path}`, import.meta.url);
    if (!Deno.args.includes("--check")) {
      await Deno.mkdir(dirname(url.pathname), { recursive: true });
      await Deno.writeTextFile(url, make());
    } else if (await Deno.readTextFile(url).catch(() => "") !== make()) {
      console.error(`${path} is not what its tables give. Run: ${how}`);
      stale++;
    }
  }
  return stale === 0 ? 0 : 1;
}
