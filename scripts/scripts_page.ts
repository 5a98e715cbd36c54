// The tables of docs/SCRIPTS.md, made from tables in the code: each follows a line `<!-- made: NAME -->`. Out of scope:
// the page's own sentences.
//
//   deno run --allow-read --allow-write=docs scripts/scripts_page.ts            writes docs/SCRIPTS.md
//   deno run --allow-read scripts/scripts_page.ts --check                       exits 1 if it is not what the tables give

import { HELP } from "../src/words/commands.ts";
import { COMMANDS, OPTIONS, synopsis } from "../src/words/options.ts";
import { EXIT } from "../src/words/problems.ts";
import { CODES } from "./man.ts";
import { writeOrCheck } from "./release/generated.ts";

const PATH = "docs/SCRIPTS.md";
const PAGE = new URL(`../${PATH}`, import.meta.url);

/** Every table by its name, in Markdown. */
function tables(): Readonly<Record<string, string>> {
  const names = COMMANDS.map(({ name }) => name).filter((name) => OPTIONS.some(({ of }) => of.includes(name)));
  const options = OPTIONS.map((option) => [
    `\`${synopsis(option).replaceAll("|", "\\|")}\``,
    option.help,
    names.filter((name) => option.of.includes(name)).join(", "),
  ]);
  const codes = Object.entries(EXIT).map(([name, code]) => [`${code}`, CODES[name as keyof typeof EXIT]]);
  return {
    options: table(["option", "what it does", "with"], options),
    commands: table(["type", "to"], HELP.map(([type, does]) => [`\`${type}\``, does])),
    "exit codes": table(["code", "meaning"], codes),
  };
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return line(head) + `|${"---|".repeat(head.length)}\n` + rows.map(line).join("");
}

/** The page with each table made again. Throws an Error for a place without a table, and for a table without a place. */
export function filled(page: string): string {
  const all = tables();
  const used = new Set<string>();
  const text = page.replace(/<!-- made: ([a-z ]+) -->\n\n(?:\|[^\n]*\n)*\n?/g, (_, name: string) => {
    const made = all[name];
    if (made === undefined) throw new Error(`no table is called ${name}`);
    used.add(name);
    return `<!-- made: ${name} -->\n\n${made}\n`;
  });
  const unused = Object.keys(all).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`the page has no place for ${unused.join(", ")}`);
  return text;
}

export const SCRIPTS_PAGE: Readonly<Record<string, () => string>> = {
  [PATH]: () => filled(Deno.readTextFileSync(PAGE)),
};

if (import.meta.main) Deno.exit(await writeOrCheck(SCRIPTS_PAGE, "deno task papers"));
