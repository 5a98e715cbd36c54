// docs/SCRIPTS.md holds what scripts rely on: every option, exit code, event, field, reason and cause of the code.

import { ok, strictEqual as equal, throws } from "node:assert/strict";
import { CODES } from "../../scripts/man.ts";
import { filled } from "../../scripts/scripts_page.ts";
import { COMMANDS, OPTIONS, synopsis } from "../../src/words/options.ts";
import { EXIT } from "../../src/words/problems.ts";

const ROOT = new URL("../..", import.meta.url);
const read = (path: string) => Deno.readTextFileSync(new URL(path, ROOT));
const PAGE = read("docs/SCRIPTS.md");

Deno.test("SCRIPTS has the tables that the code gives (deno task papers), and a place for each", () => {
  equal(filled(PAGE), PAGE);
  throws(() => filled(PAGE.replace("<!-- made: options -->", "")), /no place for options/);
  throws(() => filled(`${PAGE}\n<!-- made: others -->\n\n`), /no table is called others/);
});

Deno.test("SCRIPTS lists every command, option and exit code", () => {
  for (const { name } of COMMANDS) ok(PAGE.includes(`sesame ${name}`), name);
  for (const option of OPTIONS) ok(PAGE.includes(`| \`${synopsis(option).replaceAll("|", "\\|")}\` |`), option.name);
  for (const [name, code] of Object.entries(EXIT)) {
    ok(PAGE.includes(`| ${code} | ${CODES[name as keyof typeof EXIT]} |`), name);
  }
});

/** The rows of the tables of events: name and the cell of fields. */
const EVENTS = new Map(
  [
    ...PAGE.slice(PAGE.indexOf("## Events"), PAGE.indexOf("## Messages")).matchAll(
      /^\| `([a-z-]+)` \| (.*?) \| .* \|$/gm,
    ),
  ].map((m) => [m[1]!, m[2]!]),
);

Deno.test("SCRIPTS lists every event that --json prints, with every field, and no other event", () => {
  const source = read("src/terminal/json.ts");
  const forPeople = [...source.matchAll(/notice\.event === "([a-z-]+)"/g)].map((m) => m[1]!);
  const body = source.slice(source.indexOf("switch (notice.event)"), source.indexOf("function escape"));
  const seen = new Set<string>();
  // Each group of cases, and what stands up to the next: a literal of the fields.
  for (const [, cases = "", code = ""] of body.matchAll(/((?:\s*case "[a-z-]+":)+)([^]*?)(?=\n {4}case |\n {2}\})/g)) {
    const kind = /\{\s*event: "([a-z-]+)"/.exec(code)?.[1];
    const literal = code.slice(code.indexOf("return {"));
    const fields = [...literal.replace(/\.\.\.\(.*?\)(?= \})/, "reason").matchAll(/[{,]\s*([a-zA-Z]+)(?=[:,\s}])/g)]
      .map((m) => m[1]!);
    ok(fields.includes("event"), code);
    for (const [, event = ""] of cases.matchAll(/"([a-z-]+)"/g)) {
      if (forPeople.includes(event)) continue;
      const shown = kind ?? event;
      const row = EVENTS.get(shown);
      ok(row !== undefined, `the page has no event ${shown}`);
      for (const field of fields) ok(field === "event" || row.includes(`\`${field}`), `${shown} has no field ${field}`);
      seen.add(shown);
    }
  }
  ok(seen.size > 20, `only ${seen.size} events were read`);
  for (const event of EVENTS.keys()) ok(seen.has(event), `--json prints no event ${event}`);
});

Deno.test("SCRIPTS lists every reason of a refused call and every cause of a diagnosis", () => {
  const source = read("src/call.ts");
  const table = source.slice(source.indexOf("const REASONS"));
  const rows = [...table.matchAll(/^ {2}"?([a-z-]+)"?: "([a-z-]+)",$/gm)];
  ok(rows.length > 20);
  for (const [, cause, reason] of rows) {
    ok(PAGE.includes(`\`${cause}\``), `no cause ${cause}`);
    ok(PAGE.includes(`\`${reason}\``), `no reason ${reason}`);
  }
  for (const [, cause] of read("src/notice.ts").match(/type MapFault = .*;/)![0].matchAll(/"([a-z-]+)"/g)) {
    ok(PAGE.includes(`\`${cause}\``), `no cause ${cause}`);
  }
});
