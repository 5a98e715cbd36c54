// The gate's own proof: bugs put into a copy of the project on purpose. The gate runs there and must go red.

/** What is put in, by name: each replacement must find its text exactly once. */
const PLANTS: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  // No dummies for a second after each line that is finished: silence tells that somebody writes.
  dummies: [
    ["  #promised: Millis;\n", "  #promised: Millis;\n  #plantedUntil: Millis = 0;\n"],
    [
      "        this.#outgoing.add(event.message);\n",
      "        this.#outgoing.add(event.message);\n        this.#plantedUntil = now + 1000;\n",
    ],
    [
      "    if (!phase.pacer.take(now, !this.#outgoing.empty)) return [];\n",
      "    if (!phase.pacer.take(now, !this.#outgoing.empty)) return [];\n    if (this.#outgoing.empty && now < this.#plantedUntil) return [];\n",
    ],
  ],
  // A cell with something in it leaves three milliseconds later than a dummy: nothing but its time tells.
  late: [
    [
      "    const { cell, begun, ended } = this.#outgoing.next();\n",
      '    const { cell, begun, ended } = this.#outgoing.next();\n    // deno-lint-ignore no-empty\n    for (const t = performance.now(); cell.kind === "fragment" && performance.now() < t + 3;) {}\n',
    ],
  ],
};

export const PLANT_NAMES: readonly string[] = Object.keys(PLANTS);

const COPIED = ["main.ts", "deno.json", "deno.lock", "src", "scripts", "tests"];
const PLANTED_IN = "src/session/step.ts";

/** Runs the gate over the sabotaged copy with these arguments; its exit code. */
export async function runPlanted(name: string, args: readonly string[]): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "sesame-planted-" });
  try {
    const root = new URL("../../", import.meta.url);
    for (const entry of COPIED) {
      const { success } = await new Deno.Command("cp", { args: ["-r", new URL(entry, root).pathname, folder] })
        .output();
      if (!success) throw new Error(`${entry} could not be copied`);
    }
    const path = `${folder}/${PLANTED_IN}`;
    let source = await Deno.readTextFile(path);
    for (const [from, to] of PLANTS[name] ?? []) {
      if (source.split(from).length !== 2) {
        throw new Error(`${PLANTED_IN} has changed: the bug "${name}" cannot be planted`);
      }
      source = source.replace(from, () => to);
    }
    await Deno.writeTextFile(path, source);
    const { code } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-all", `${folder}/scripts/wire.ts`, ...args],
      stdin: "null",
    }).spawn().status;
    return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
