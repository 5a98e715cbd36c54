// Proof that the tests of hostile text can fail: a copy of the project, in a separate folder, whose sanitiser lets
// everything through. Both tests must fail there. The product has no switch for it.
//
//   deno run -A tests/screen/without_sanitiser.ts

import { ran } from "../harness/command.ts";
import { ProjectCopy } from "../harness/project_copy.ts";

const SANITISE = /export function sanitise\([^)]*\): string \{\n/g;
const TESTS = ["tests/screen/screen_test.ts", "tests/screen/hostile_test.ts"];

let green = 0;
{
  using copy = new ProjectCopy("tests", "scripts");
  copy.plant("src/terminal/text/sanitise.ts", SANITISE, (begin) => `${begin}  if (text !== "") return text;\n`);
  for (const test of TESTS) {
    const command = [Deno.execPath(), "test", "--no-check", "--allow-all", test, "--filter", "hostile peer"];
    const options = { cwd: copy.folder, env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" } };
    const { code, stdout } = await ran(command, options);
    const red = code !== 0 && /^a hostile peer.*FAILED|^hostile peers.*FAILED/m.test(stdout);
    if (!red) green++;
    const why = /^error: .*$/m.exec(stdout)?.[0].slice(0, 100) ?? "";
    console.log(`${red ? "red, as it must be" : "NOT RED"}: ${test}  ${JSON.stringify(why)}`);
  }
}
Deno.exit(green > 0 ? 1 : 0);
