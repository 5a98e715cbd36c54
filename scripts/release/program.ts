// The program as one text that can be started from a descriptor without a name: a bundle split by Deno, its parts
// joined again as texts, each of which becomes a separate module when it is first needed. Why parts: the prompt waits
// only for a small one. Why not files: they would have to stay in a folder for as long as the program runs, since the
// parts after the prompt are read later. Out of scope: the runtime, the file that is shipped.

import { join } from "node:path";
import { BuildFailure, run } from "./failure.ts";

/** A module's text, cut where the URL of another (its number) belongs. */
type Part = (string | number)[];

/** Bundles the staged source in `folder`. The same source gives the same text, wherever the folder is. */
export async function makeProgram(folder: string): Promise<string> {
  const out = join(folder, "bundle");
  const args = ["bundle", "--quiet", "--minify", "--platform", "deno", "--code-splitting", "--outdir", out, "main.ts"];
  const bundle = await run(Deno.execPath(), args, folder);
  if (!bundle.success) {
    throw new BuildFailure("Could not bundle the program.", bundle.stderr.trim(), "Mend that, then build again.");
  }
  const texts = new Map<string, string>();
  for await (const { name } of Deno.readDir(out)) texts.set(name, await Deno.readTextFile(join(out, name)));
  return await link(texts, "main.js");
}

/** One text out of the bundle's files. */
export async function link(files: ReadonlyMap<string, string>, entry: string): Promise<string> {
  const texts = withoutRequire(files);
  const order = inOrder(texts, entry);
  if (beforePrompt(texts, entry).some((name) => texts.get(name)?.includes('"node:module"'))) {
    throw new BuildFailure(
      "Could not link the program.",
      "node:module would load before the prompt.",
      "Look at program.ts.",
    );
  }
  const number = (name: string) => order.indexOf(name);
  const parts = await Promise.all(order.map((name) => packed(cut(texts.get(name) ?? "", number))));
  return LOADER.replace("@PARTS@", () => JSON.stringify(parts)).replace("@ENTRY@", String(number(entry)));
}

/**
 * What runs. `open` is called in place of `import()`. A part is an array of texts and numbers, or, where it is long, that
 * as packed JSON: the runtime reads the whole text before the prompt stands, and base64 is quicker to read over.
 */
const LOADER = `const parts=@PARTS@,urls=[];
const unpack=async(t)=>JSON.parse(await new Response(new Blob([Uint8Array.fromBase64(t)]).stream().pipeThrough(new DecompressionStream("gzip"))).text());
const url=(i)=>urls[i]??=(async()=>{let p=parts[i];if(typeof p==="string")p=await unpack(p);const t=await Promise.all(p.map((x)=>typeof x==="number"?url(x):x));parts[i]=undefined;return URL.createObjectURL(new Blob(t,{type:"text/javascript"}))})();
const open=globalThis.openPart=async(i)=>import(await url(i));
await open(@ENTRY@);
`;

const STATIC = /((?:^|[;}\s])(?:import|export)(?:[^"'();]*?\bfrom)?")\.\/([^"]+)(")/g;
const DYNAMIC = /\bimport\("\.\/([^"]+)"\)/g;
const REQUIRE = /\bimport\{createRequire as \w+\} from "node:module";/;

/**
 * The bundler gives every part a `require` for CommonJS that might ask for it, and so loads node:module before the prompt:
 * 50 ms. The part that makes it (nothing of ours imports node:module) is imported only where one of its values is used, and
 * gets an address, since a part has none of its own.
 */
function withoutRequire(files: ReadonlyMap<string, string>): Map<string, string> {
  const maker = [...files].find(([, text]) => REQUIRE.test(text))?.[0];
  const texts = new Map<string, string>();
  for (const [name, text] of files) {
    const kept = maker === undefined ? text : text.replaceAll(`import"./${maker}";`, "");
    texts.set(name, kept.replaceAll("import.meta.url", '"file:///"'));
  }
  for (const [name, text] of texts) {
    if (/\bimport\.meta\b/.test(text)) {
      throw new BuildFailure("Could not link the program.", `${name} asks for its own address.`, "Look at program.ts.");
    }
  }
  return texts;
}

/** Every part behind those that it imports, so that numbers do not depend on the names, which hold hashes. */
function inOrder(texts: ReadonlyMap<string, string>, entry: string): string[] {
  const order: string[] = [];
  const visit = (name: string, path: readonly string[]) => {
    if (order.includes(name)) return;
    const text = texts.get(name);
    if (text === undefined || path.includes(name)) {
      throw new BuildFailure("Could not link the program.", `${[...path, name].join(" → ")}.`, "Look at program.ts.");
    }
    for (const [, , other = ""] of text.matchAll(STATIC)) visit(other, [...path, name]);
    order.push(name);
    for (const [, other = ""] of text.matchAll(DYNAMIC)) visit(other, []);
  };
  visit(entry, []);
  return order;
}

/** The entry, what it opens itself once the process is hardened, and every part that is loaded with these. */
function beforePrompt(texts: ReadonlyMap<string, string>, entry: string): string[] {
  const names = [entry, ...[...(texts.get(entry) ?? "").matchAll(DYNAMIC)].map(([, other = ""]) => other)];
  for (const name of names) {
    for (const [, , other = ""] of (texts.get(name) ?? "").matchAll(STATIC)) {
      if (!names.includes(other)) names.push(other);
    }
  }
  return names;
}

function cut(text: string, number: (name: string) => number): Part {
  const opened = text.replace(DYNAMIC, (_, name: string) => `globalThis.openPart(${number(name)})`);
  const part: Part = [];
  let at = 0;
  for (const match of opened.matchAll(STATIC)) {
    const [whole, before = "", name = "", quote = ""] = match;
    part.push(opened.slice(at, match.index) + before, number(name));
    at = match.index + whole.length - quote.length;
  }
  part.push(opened.slice(at));
  if (part.some((piece) => typeof piece === "string" && /"\.\/[\w-]+\.js"/.test(piece))) {
    throw new BuildFailure("Could not link the program.", "An import has a form unknown to it.", "Look at program.ts.");
  }
  return part;
}

/** The runtime's gzip writes no time into its header, so the same text gives the same bytes. */
async function packed(part: Part): Promise<Part | string> {
  const json = JSON.stringify(part);
  if (json.length < PACKED_FROM) return part;
  const stream = new Blob([json]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer()).toBase64();
}

const PACKED_FROM = 32_768;
