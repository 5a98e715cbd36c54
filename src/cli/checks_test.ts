import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";

/** What a module has loaded by the time it runs, of a graph as `deno info --json` gives it. */
interface Graph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly { readonly code?: { readonly specifier: string }; readonly isDynamic?: true }[];
  }[];
}

Deno.test("checks.ts, which the prompt waits for, loads no node: module and no package", async () => {
  const entry = new URL("./checks.ts", import.meta.url).href;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry] }).output();
  equal(success, true);
  const { modules }: Graph = JSON.parse(new TextDecoder().decode(stdout));
  const loaded = [entry];
  for (const specifier of loaded) {
    const { dependencies = [] } = modules.find((module) => module.specifier === specifier) ?? {};
    for (const { code, isDynamic } of dependencies) {
      if (code !== undefined && isDynamic !== true && !loaded.includes(code.specifier)) loaded.push(code.specifier);
    }
  }
  equal(loaded.length > 5, true, "it loads some of our own");
  deepEqual(loaded.filter((specifier) => !specifier.startsWith("file:")), []);
});
