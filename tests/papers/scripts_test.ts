// docs/SCRIPTS.md holds what scripts rely on: every option, exit code, event, field, reason and cause of the code.

import { ok, strictEqual as equal, throws } from "node:assert/strict";
import { CODES } from "../../scripts/man.ts";
import { filled } from "../../scripts/scripts_page.ts";
import type { Notice } from "../../src/notice.ts";
import { FIELDS, jsonLine } from "../../src/terminal/json.ts";
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

/** Of those that are made of more than a notice's own fields. */
const MADE: readonly Notice[] = [
  {
    event: "protection",
    protection: { memoryLocked: true, locked: "all", coreDumps: "off", permissions: ["net"] },
  },
  { event: "diagnosis", address: "a", failure: { at: "connect", why: "refused" }, proxy: undefined },
  { event: "unmapped", address: "a", why: "no-router", lost: "b" },
  { event: "onion-gone", why: undefined },
];

Deno.test("SCRIPTS lists every event that --json prints, with every field, and no other event", () => {
  const forPeople = ["self", "hearing"];
  const told: (readonly [event: string, fields: readonly string[]])[] = [
    ...Object.entries(FIELDS).filter(([event]) => !forPeople.includes(event)),
    ...MADE.map((notice) => JSON.parse(jsonLine(notice, 0))).map(({ event, at: _, ...fields }) =>
      [event, Object.keys(fields)] as const
    ),
  ];
  const seen = new Set(told.map(([event]) => event));
  for (const [event, fields] of told) {
    const row = EVENTS.get(event);
    ok(row !== undefined, `the page has no event ${event}`);
    for (const field of fields) ok(row.includes(`\`${field}`), `${event} has no field ${field}`);
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
