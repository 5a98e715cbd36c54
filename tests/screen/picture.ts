// Draws the pictures of README from a real terminal: two people and three, each light, dark and as text. `deno run -A
// tests/screen/picture.ts FOLDER` writes two-light.svg, two-dark.svg, two.txt and so on. Scope: SGR to SVG, as much as
// the screen uses.

import { codePointWidth } from "../../src/terminal/text/width.ts";
import { openDriver } from "./driver_terminal.ts";

interface Theme {
  readonly back: string;
  readonly front: string;
  readonly dim: string;
  readonly colours: Readonly<Record<string, string>>;
}

const THEMES: Readonly<Record<string, Theme>> = {
  light: {
    back: "#ffffff",
    front: "#24292f",
    dim: "#6e7781",
    colours: { "31": "#cf222e", "32": "#116329", "35": "#8250df", "36": "#1b7c83" },
  },
  dark: {
    back: "#0d1117",
    front: "#e6edf3",
    dim: "#8b949e",
    colours: { "31": "#ff7b72", "32": "#3fb950", "35": "#bc8cff", "36": "#39c5cf" },
  },
};
const COLUMNS = 80;
const CELL = 8.4;
const LINE = 19;
const MARGIN = 12;

/** One SVG, the same bytes for the same capture. `rows` hold SGR sequences. */
function svg(rows: readonly string[], theme: Theme, title: string): string {
  const width = Math.round(COLUMNS * CELL + 2 * MARGIN);
  const height = rows.length * LINE + 2 * MARGIN;
  const parts = [
    "<!-- deno-fmt-ignore-file: drawn by tests/screen/picture.ts; spaces are cells -->",
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">`,
    `<rect width="${width}" height="${height}" rx="8" fill="${theme.back}" stroke="${theme.dim}" stroke-opacity="0.4"/>`,
    `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" xml:space="preserve">`,
  ];
  for (const [y, row] of rows.entries()) {
    let column = 0;
    let codes = new Set<string>();
    // deno-lint-ignore no-control-regex -- SGR is what this reads
    for (const [, sgr, text = ""] of row.matchAll(/(?:\x1b\[([\d;]*)m)?([^\x1b]*)/g)) {
      for (const code of sgr?.split(";") ?? []) {
        if (code === "" || code === "0") codes = new Set();
        else if (code === "39") { for (const old of [...codes]) if (/^3\d$/.test(old)) codes.delete(old); }
        codes.add(code);
      }
      const cells = Array.from(text).reduce(
        (sum, c) => sum + (/\p{M}|\p{Cf}/u.test(c) ? 0 : codePointWidth(c.codePointAt(0) ?? 0)),
        0,
      );
      if (cells === 0) continue;
      const reverse = codes.has("7");
      const colour = [...codes].map((code) => theme.colours[code]).find((c) => c !== undefined);
      const front = reverse ? theme.back : colour ?? (codes.has("2") ? theme.dim : theme.front);
      const left = MARGIN + column * CELL;
      const top = MARGIN + y * LINE;
      if (reverse) {
        parts.push(
          `<rect x="${left.toFixed(1)}" y="${top}" width="${
            (cells * CELL).toFixed(1)
          }" height="${LINE}" fill="${theme.front}"/>`,
        );
      }
      if (text.trim() !== "") {
        const bold = codes.has("1") ? ' font-weight="bold"' : "";
        parts.push(
          `<text x="${left.toFixed(1)}" y="${top + 14}" textLength="${
            (cells * CELL).toFixed(1)
          }" lengthAdjust="spacing" fill="${front}"${bold}>${escape(text)}</text>`,
        );
      }
      column += cells;
    }
  }
  parts.push("</g>", "</svg>", "");
  return parts.join("\n");
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

interface Picture {
  readonly name: string;
  readonly rows: number;
  /** What is half typed. */
  readonly typed: string;
  /** The end of the last line that was said. */
  readonly last: string;
  readonly title: string;
}

/** So few rows that the lines of the start have scrolled away. */
const PICTURES: readonly Picture[] = [
  { name: "two", rows: 8, typed: "until Thurs", last: "photographs  ✓", title: "Alice talks with Bob" },
  {
    name: "three",
    rows: 10,
    typed: "/verify Carol",
    last: "words  ✓ Bob, Carol",
    title: "Alice talks with Bob and Carol; the header says who hears whom",
  },
];

if (import.meta.main) {
  const [folder = "tests/screen/picture"] = Deno.args;
  await Deno.mkdir(folder, { recursive: true });
  for (const { name, rows, typed, last, title } of PICTURES) {
    await using terminal = await openDriver({ columns: COLUMNS, rows, driver: ["screen", `picture-${name}`] });
    await terminal.until(last);
    await terminal.text(typed);
    const text = await terminal.until(typed);
    const styled = (await terminal.captureStyled()).split("\n").slice(0, rows);
    for (const [theme, colours] of Object.entries(THEMES)) {
      await Deno.writeTextFile(`${folder}/${name}-${theme}.svg`, svg(styled, colours, title));
    }
    await Deno.writeTextFile(`${folder}/${name}.txt`, text + "\n");
  }
}
