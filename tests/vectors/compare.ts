// Compares a file of exchanges with what was computed, value by value, and names the first that differs. Out of scope:
// how anything is computed.

/** The first value that is not what it should be. `expected` is the file's, `got` is ours. */
export class Difference extends Error {
  override readonly name = "Difference";
  constructor(readonly field: string, readonly expected: unknown, readonly got: unknown) {
    super(`${field}: ${describe(expected, got)}`);
  }
}

/** The file is not of this format at all. */
export class Malformed extends Error {
  override readonly name = "Malformed";
}

/** Every leaf of `computed` against the same place in the file, in the order of `computed`. Returns how many. */
export function compare(file: unknown, computed: unknown, path: string): number {
  if (Array.isArray(computed)) {
    const list = asList(file, path);
    const compared = computed.map((item, i) => compare(list[i], item, `${path}[${i}]`)).reduce(sum, 0);
    if (list.length > computed.length) {
      throw new Difference(`${path}[${computed.length}]`, list[computed.length], undefined);
    }
    return compared;
  }
  if (isObject(computed)) {
    const object = asObject(file, path);
    const at = (key: string) => path === "" ? key : `${path}.${key}`;
    const compared = Object.entries(computed).map(([key, item]) => compare(object[key], item, at(key))).reduce(sum, 0);
    noneUnknown(Object.fromEntries(Object.entries(object).filter(([key]) => !Object.hasOwn(computed, key))), path);
    return compared;
  }
  compareLeaf(file, computed, path);
  return 1;
}

export function compareLeaf(file: unknown, computed: unknown, path: string) {
  if (file !== computed) throw new Difference(path, file, computed);
}

/** Two ways through our own code that must meet. If they do not, the file is not to blame. */
export function agree(what: string, one: unknown, other: unknown) {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
  if (a !== b) throw new Error(`two ways through the code give different values of ${what}: ${a} and ${b}`);
}

export function noneUnknown(rest: Record<string, unknown>, path: string) {
  for (const [key, value] of Object.entries(rest)) {
    throw new Difference(path === "" ? key : `${path}.${key}`, value, undefined);
  }
}

export function asObject(value: unknown, field: string): Record<string, unknown> {
  if (!isObject(value)) throw new Difference(field, value, "an object");
  return value;
}

export function asList(value: unknown, field: string): unknown[] {
  if (!Array.isArray(value)) throw new Difference(field, value, "a list");
  return value;
}

export function asHex(value: unknown, field: string, size: number): string {
  if (typeof value !== "string" || !isHex(value, size)) {
    throw new Difference(field, value, `${size} bytes as lower-case hex`);
  }
  return value;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isHex(text: string, size: number): boolean {
  return text.length === 2 * size && /^[0-9a-f]*$/.test(text);
}

function sum(a: number, b: number): number {
  return a + b;
}

/** `expected …, got …`, long values cut to where they begin to differ. */
function describe(expected: unknown, got: unknown): string {
  if (got === undefined) return `expected ${show(expected)}, got nothing: there is no such field`;
  if (expected === undefined) return `expected nothing: the field is missing, got ${show(got)}`;
  if (typeof expected !== "string" || typeof got !== "string" || expected.length <= SHOWN) {
    return `expected ${show(expected)}, got ${show(got)}`;
  }
  let at = 0;
  while (at < expected.length && expected[at] === got[at]) at++;
  const cut = (text: string) => `${at > 8 ? "…" : ""}${text.slice(Math.max(0, at - 8), at + 24)}…`;
  return `expected ${cut(expected)}, got ${cut(got)} (from digit ${at})`;
}

function show(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}…`;
}

const SHOWN = 160;
