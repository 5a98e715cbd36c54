// The mutants of a room, and its blocks, as the linter finds them (plugin.ts). Out of scope: running anything on them.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DIST, ROOT, runDeno } from "./deno.ts";
import type { Block, Site } from "./plugin.ts";
import { type MutatedRoom, NOT_MUTATED } from "./rooms.ts";

export interface Mutant extends Site {
  readonly file: string;
  /** The file as it is. */
  readonly source: string;
  readonly line: number;
  /** The same for the same mutant of another text of the file, as long as its line is the same. */
  readonly id: string;
}

export interface Found {
  readonly mutants: readonly Mutant[];
  readonly blocks: ReadonlyMap<string, readonly Block[]>;
}

/** The room's files, each from the project's root. */
export function sourcesOf(room: MutatedRoom): string[] {
  return room.sources.flatMap((source) => {
    if (source.endsWith(".ts")) return [source];
    const names = readdirSync(`${ROOT}${source}`).filter((name) => name.endsWith(".ts") && !NOT_MUTATED.test(name));
    return names.sort().map((name) => `${source}/${name}`);
  });
}

export async function find(room: MutatedRoom): Promise<Found> {
  const files = sourcesOf(room);
  const config = `${DIST}/lint.json`;
  const plugins = [`${ROOT}tests/mutation/plugin.ts`];
  const rules = { tags: [], include: ["mutate/sites", "mutate/blocks"] };
  await Deno.writeTextFile(config, JSON.stringify({ lint: { plugins, rules } }));
  const { stdout } = await runDeno(["lint", "-c", config, "--json", ...files], ROOT);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { filename: string; message: string; code: string }[] };
  const sources = new Map(files.map((file) => [file, readFileSync(`${ROOT}${file}`, "utf8")]));
  const blocks = new Map<string, Block[]>(files.map((file) => [file, []]));
  const mutants: Mutant[] = [];
  const seen = new Map<string, number>();
  const texts = new Set<string>();
  for (const { filename, message, code } of diagnostics) {
    const file = fileURLToPath(filename).slice(ROOT.length);
    if (code === "mutate/blocks") {
      blocks.get(file)!.push(JSON.parse(message));
      continue;
    }
    const site = JSON.parse(message) as Site;
    const source = sources.get(file)!;
    const line = source.slice(0, site.from).split("\n").length;
    const mutant = { ...site, file, source, line, id: "" };
    const text = `${file}\n${mutated(mutant)}`;
    if (texts.has(text)) continue;
    texts.add(text);
    const name = [file, lineOf(mutant), was(mutant), site.text].join("\n");
    const nth = seen.get(name) ?? 0;
    seen.set(name, nth + 1);
    mutants.push({ ...mutant, id: `${name}\n${nth}` });
  }
  return { mutants, blocks };
}

/** The file with the mutant in it. */
export function mutated({ source, from, to, text }: Mutant): string {
  return source.slice(0, from) + text + source.slice(to);
}

export function lineOf({ source, line }: Mutant): string {
  return source.split("\n")[line - 1]!.trim();
}

export function was({ source, from, to }: Mutant): string {
  return source.slice(from, to).replace(/\s+/g, " ");
}

export function shown(mutant: Mutant): string {
  const short = (code: string) => code.length > 60 ? `${code.slice(0, 57)}...` : code;
  return `${mutant.file}:${mutant.line} ${mutant.kind}: ${short(was(mutant))} → ${short(mutant.text)}`;
}
