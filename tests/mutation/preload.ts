// Loaded before a test file in a copy of the project: only those of its tests that plan.json names are run, in that
// order. With `hits` it also writes down which blocks of the mutated room were entered until the end of the test. Out
// of scope: plans.

interface Plan {
  /** Nothing is run, and result.json says which tests there are. */
  readonly list?: true;
  readonly hits?: true;
  readonly names: readonly string[];
}

type Fn = (t: Deno.TestContext) => void | Promise<void>;

interface Found {
  readonly name: string;
  readonly fn: Fn;
  readonly ignore?: boolean;
}

const plan: Plan = JSON.parse(Deno.readTextFileSync(new URL("plan.json", import.meta.url)));
const result = new URL("result.json", import.meta.url);
const test = Deno.test;
const found: Found[] = [];
const entered = new Set<number>();

Object.assign(globalThis, { __entered: (block: number) => void entered.add(block) });
Object.assign(Deno, {
  test(what: string | Found, fn?: Fn): void {
    const one = typeof what === "string" ? { name: what, fn: fn! } : what;
    if (one.ignore !== true) found.push(one);
  },
});

addEventListener("load", () => {
  if (plan.list === true) Deno.writeTextFileSync(result, JSON.stringify(found.map(({ name }) => name)));
  for (const name of plan.names) {
    for (const { fn } of found.filter((one) => one.name === name)) {
      test(name, plan.hits === true ? (t) => writingHits(fn, t) : fn);
    }
  }
});

async function writingHits(fn: Fn, t: Deno.TestContext): Promise<void> {
  await fn(t);
  Deno.writeTextFileSync(result, JSON.stringify([...entered]));
}
