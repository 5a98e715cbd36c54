// Every sentence that the program can say, from `src/words/`, as a page that an editor can read from top to bottom.
//
//   deno task check words
//
// Braces mark what is filled in. Scope: finding the texts in the source. Out of scope: the texts.

const WORDS = new URL("../src/words/", import.meta.url);

export interface Said {
  readonly line: number;
  readonly text: string;
}

/** The texts of one source file, in order; those that `+` joins are one. Names that only code reads are left out. */
export function textsOf(source: string): Said[] {
  const said: Said[] = [];
  let end = 0;
  for (const { at, to, text } of literals(source)) {
    const last = said.at(-1);
    if (last !== undefined && end > 0 && /^\s*\+\s*$/.test(source.slice(end, at))) {
      said[said.length - 1] = { line: last.line, text: last.text + text };
    } else if (!isImport(source, at)) said.push({ line: source.slice(0, at).split("\n").length, text });
    end = to;
  }
  return said.filter(({ text }) => /\s/.test(text.trim()) || /[.?:]$/.test(text));
}

function isImport(source: string, at: number): boolean {
  return /(from|import) ?\(?$/.test(source.slice(Math.max(0, at - 8), at).trimEnd());
}

/** String literals and templates outside of comments; `${x}` becomes `{x}`. */
function* literals(source: string): Generator<{ at: number; to: number; text: string }> {
  for (let at = 0; at < source.length;) {
    if (source.startsWith("//", at)) at = after(source, "\n", at);
    else if (source.startsWith("/*", at)) at = after(source, "*/", at);
    else if (source[at] === "/" && /[(,=:?!&|]\s*$/.test(source.slice(Math.max(0, at - 3), at))) {
      at = pastPattern(source, at);
    } else if (source[at] === '"' || source[at] === "'" || source[at] === "`") {
      const { to, text } = literal(source, at);
      yield { at, to, text };
      at = to;
    } else at++;
  }
}

function literal(source: string, at: number): { to: number; text: string } {
  const quote = source[at];
  let text = "";
  let to = at + 1;
  while (source[to] !== quote) {
    if (source[to] === "\\") {
      text += source[to + 1] === "n" ? "\n" : source[to + 1];
      to += 2;
    } else if (quote === "`" && source.startsWith("${", to)) {
      const close = hole(source, to + 2);
      text += `{${source.slice(to + 2, close).replace(/\s+/g, " ")}}`;
      to = close + 1;
    } else text += source[to++];
  }
  return { to: to + 1, text };
}

/** Where the hole that begins at `at` is closed; other literals and braces may stand in it. */
function hole(source: string, at: number): number {
  while (source[at] !== "}") {
    if (source[at] === "{") at = hole(source, at + 1) + 1;
    else if (source[at] === '"' || source[at] === "`") at = literal(source, at).to;
    else at++;
  }
  return at;
}

function pastPattern(source: string, at: number): number {
  for (at++; source[at] !== "/" && source[at] !== "\n"; at++) if (source[at] === "\\") at++;
  return at + 1;
}

function after(source: string, what: string, at: number): number {
  const found = source.indexOf(what, at);
  return found < 0 ? source.length : found + what.length;
}

if (import.meta.main) {
  const names = [...Deno.readDirSync(WORDS)].map(({ name }) => name).filter((name) => !name.endsWith("_test.ts"))
    .sort();
  for (const name of names) {
    console.log(`\n## src/words/${name}\n`);
    for (const { line, text } of textsOf(Deno.readTextFileSync(new URL(name, WORDS)))) {
      console.log(`${String(line).padStart(4)}  ${text.replaceAll("\n", "\n      ")}`);
    }
  }
}
