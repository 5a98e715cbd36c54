// The gate's own proof: bugs put into a copy of the project on purpose. The gate runs there and must fail.

import { readFileSync } from "node:fs";
import { ProjectCopy } from "../harness/project_copy.ts";

/** By name: after each of these places, which must be there exactly once, the text is put in. */
const PLANTS: Readonly<Record<string, readonly { readonly after: RegExp; readonly put: string }[]>> = {
  // No dummies for a second after each line that is finished: silence tells that somebody writes.
  dummies: [
    { after: /^ {2}#promised: Millis;\n/gm, put: "  #plantedUntil: Millis = 0;\n" },
    { after: /^ {8}this\.#outgoing\.add\(event\.message\);\n/gm, put: "        this.#plantedUntil = now + 1000;\n" },
    {
      after: /^ {4}if \(!phase\.pacer\.take\(.*\)\) \{\n.*\n {4}\}\n/gm,
      put: "    if (this.#outgoing.empty && now < this.#plantedUntil) return [];\n",
    },
  ],
  // A cell with something in it leaves three milliseconds later than a dummy: nothing but its time tells.
  late: [{
    after: /^ {4}const \{ cell.*\} = .*this\.#outgoing\.next\(\).*;\n/gm,
    put: '    for (const began = performance.now(); cell.kind === "fragment" && performance.now() < began + 3;);\n',
  }],
};

export const PLANT_NAMES: readonly string[] = Object.keys(PLANTS);

const PLANTED_IN = "src/session/step.ts";

/** How often the place of each of its bugs stands in the file, by the gate's way of looking: once is right. */
export function placesOf(name: string): readonly number[] {
  const text = readFileSync(new URL(`../../${PLANTED_IN}`, import.meta.url), "utf8");
  return (PLANTS[name] ?? []).map(({ after }) => text.match(after)?.length ?? 0);
}

/** Runs the gate over the sabotaged copy with these arguments; its exit code. Throws Unplantable. */
export async function runPlanted(name: string, args: readonly string[]): Promise<number> {
  using copy = new ProjectCopy("scripts", "tests");
  for (const { after, put } of PLANTS[name] ?? []) copy.plant(PLANTED_IN, after, (place) => place + put);
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", `${copy.folder}/tests/traffic/traffic.ts`, ...args],
    stdin: "null",
  }).spawn().status;
  return code;
}
