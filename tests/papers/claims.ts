// One claim of docs/CLAIMS.md from the design to the code: the rows of the models, the vectors, and the mutant with its test.
//
//   deno task check claims          lists the claims
//   deno task check claims N...     checks these
//
// Rows of a model whose tool is missing are skipped, and it says so. The last line is `suite: N passed, N failed, N skipped`.

import { NOTHING_CHECKED, tellCounts } from "../../scripts/suites.ts";

const ROOT = new URL("../..", import.meta.url);
/** The file of vectors that has a check of its own. */
const EXCHANGE = "exchange-v1.json";

/** A row of the page: its cells as they stand there. */
export interface Claim {
  readonly number: number;
  readonly claim: string;
  readonly models: string;
  readonly vectors: string;
  readonly test: string;
  readonly mutant: string;
}

/** What stands in backquotes. */
export function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text]) => text!);
}

/** The table of the page. Throws an Error for a row with more or fewer cells. */
export function claimsOf(page: string): Claim[] {
  return page.split("\n").filter((line) => /^\| \d+ \|/.test(line)).map((line) => {
    const [number, claim, models, vectors, test, mutant, ...more] = line.slice(2, -2).split(" | ");
    if (mutant === undefined || more.length > 0) throw new Error(`not a claim: ${line}`);
    return { number: Number(number), claim: claim!, models: models!, vectors: vectors!, test: test!, mutant };
  });
}

export interface Step {
  readonly what: string;
  /** What `deno` is called with. */
  readonly args: readonly string[];
}

/** What checks a claim; `testsOf` names the test files that read a file of vectors. */
export function stepsOf({ models, vectors, mutant }: Claim, testsOf: (vectors: string) => readonly string[]): Step[] {
  const run = ["run", "--quiet", "--no-check", "--allow-all"];
  const rows = quoted(models);
  const files = quoted(vectors).map((name): Step =>
    name === EXCHANGE
      ? { what: `the vectors ${name}`, args: [...run, "tests/vectors/check.ts", `tests/vectors/${name}`] }
      : {
        what: `the vectors ${name}`,
        args: ["test", "--quiet", "--no-check", "--no-prompt", "--allow-read", ...testsOf(name)],
      }
  );
  return [
    ...(rows.length === 0
      ? []
      : [{ what: "the models", args: [...run, "tests/models/models.ts", "--rows", rows.join("|")] }]),
    ...files,
    {
      what: `its test, and the mutant “${mutant}” that it catches`,
      args: [...run, "tests/mutation/mutate.ts", "--handmade", "--only", mutant],
    },
  ];
}

/** The test files under src that name a file of vectors. */
export function testsOf(vectors: string, folder = "src"): string[] {
  return [...Deno.readDirSync(new URL(folder, ROOT))].flatMap(({ name, isDirectory }) => {
    const path = `${folder}/${name}`;
    if (isDirectory) return testsOf(vectors, path);
    return name.endsWith("_test.ts") && Deno.readTextFileSync(new URL(path, ROOT)).includes(vectors) ? [path] : [];
  }).sort();
}

async function main(wanted: readonly string[]): Promise<number> {
  const claims = claimsOf(await Deno.readTextFile(new URL("docs/CLAIMS.md", ROOT)));
  if (wanted.length === 0) {
    for (const { number, claim } of claims) console.log(`${String(number).padStart(2)}  ${claim}`);
    return 0;
  }
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const text of wanted) {
    const claim = claims.find(({ number }) => String(number) === text);
    if (claim === undefined) {
      console.error(`Could not check claim ${text}. There are 1 to ${claims.length}.`);
      return 2;
    }
    console.log(`\n${claim.number}. ${claim.claim}`);
    for (const { what, args } of stepsOf(claim, testsOf)) {
      console.log(`-- ${what}: deno ${args.map((arg) => /[^\w./:=,-]/.test(arg) ? `'${arg}'` : arg).join(" ")}`);
      const { code } = await new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT }).spawn().status;
      sum[code === 0 ? "passed" : code === NOTHING_CHECKED ? "skipped" : "failed"]++;
    }
  }
  return tellCounts(sum);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
