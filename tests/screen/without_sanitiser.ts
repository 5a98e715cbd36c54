// Proof that the tests of hostile text can fail: a copy of the project, in a folder of its own, whose sanitiser lets
// everything through. Both tests must go red there. The product has no switch for it.
//
//   deno run -A tests/screen/without_sanitiser.ts

import { cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const COPIED = ["main.ts", "deno.json", "deno.lock", "src", "tests", "scripts"];
const SANITISE = /export function sanitise\([^)]*\): string \{\n/g;
const TESTS = ["tests/screen/screen_test.ts", "tests/screen/hostile_test.ts"];

const copy = await Deno.makeTempDir({ prefix: "sesame-unsanitised-" });
let green = 0;
try {
  for (const part of COPIED) cpSync(`${ROOT}${part}`, `${copy}/${part}`, { recursive: true });
  const file = `${copy}/src/terminal/text/sanitise.ts`;
  const source = await Deno.readTextFile(file);
  if (source.match(SANITISE)?.length !== 1) throw new Error("sanitise() does not begin as this script expects");
  await Deno.writeTextFile(file, source.replace(SANITISE, (begin) => `${begin}  if (text !== "") return text;\n`));
  for (const test of TESTS) {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["test", "--no-check", "--allow-all", test, "--filter", "hostile peer"],
      cwd: copy,
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    }).output();
    const said = new TextDecoder().decode(stdout);
    const red = code !== 0 && /^a hostile peer.*FAILED|^hostile peers.*FAILED/m.test(said);
    if (!red) green++;
    const why = /^error: .*$/m.exec(said)?.[0].slice(0, 100) ?? "";
    console.log(`${red ? "red, as it must be" : "NOT RED"}: ${test}  ${JSON.stringify(why)}`);
  }
} finally {
  await Deno.remove(copy, { recursive: true });
}
Deno.exit(green > 0 ? 1 : 0);
