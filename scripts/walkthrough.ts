// The bytes in docs/WALKTHROUGH.md, taken from the pinned exchange: each block that follows a line `<!-- bytes: NAME
// -->`. `--check` compares instead of writing, and exits 1 if a block is not what the exchange gives. The sentences are
// the page's own.

const PAGE = new URL("../docs/WALKTHROUGH.md", import.meta.url);
const VECTORS = new URL("../tests/vectors/exchange-v1.json", import.meta.url);

/** As much of a long value as fits on a line. */
const SHOWN_BYTES = 32;

type Hex = string;

interface Cell {
  readonly from: "A" | "B";
  readonly kind: string;
  readonly plaintext: Hex;
  readonly header: { readonly epoch: number; readonly pn: number; readonly n: number; readonly bytes: Hex };
  readonly aad: Hex;
  readonly ckBefore: Hex;
  readonly mk: Hex;
  readonly ckAfter: Hex;
  readonly ciphertext: Hex;
  readonly tag: Hex;
  readonly frame: Hex;
}

interface Exchange {
  readonly inputs: Readonly<Record<string, Hex>>;
  readonly derived: Readonly<Record<string, Hex>>;
  readonly frames: Readonly<Record<"offer" | "answer" | "accept", Hex>>;
  readonly epoch0: Readonly<Record<string, Hex>>;
  readonly renewals: readonly Readonly<Record<string, Hex>>[];
  readonly cells: readonly Cell[];
}

/** A name, a value, and what it is. */
type Row = readonly [name: string, value: Hex, note?: string];

function cut(value: Hex): string {
  return value.length <= 2 * SHOWN_BYTES ? value : `${value.slice(0, 2 * SHOWN_BYTES)}… ${value.length / 2} bytes`;
}

function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value, note]) => {
    const line = `${name.padEnd(width)}  ${cut(value)}`;
    return note === undefined ? line : `${line}   ${note}`;
  }).join("\n");
}

/** The frame's header and fields, in their order. */
function frame(bytes: Hex, fields: readonly (readonly [name: string, size: number, note?: string])[]): string {
  let at = 8;
  const rows: Row[] = [["header", bytes.slice(0, 8), "version 1, type, flags, reserved"]];
  for (const [name, size, note] of fields) {
    const value = bytes.slice(at, at + 2 * size);
    rows.push(note === undefined ? [name, value] : [name, value, note]);
    at += 2 * size;
  }
  const rest = (bytes.length - at) / 2;
  if (rest > 0) rows.push(["zeros", bytes.slice(at)]);
  return table(rows);
}

/** Every block by its name. */
function blocks({ inputs, derived, frames, epoch0, renewals, cells }: Exchange): Record<string, string> {
  const hallo = "Hallo";
  const cell = cells.find(({ kind, plaintext }) => kind === "fragment" && textOf(plaintext).includes(hallo));
  const key = cells.find(({ kind }) => kind === "key");
  const answer = cells.find(({ kind }) => kind === "ciphertext");
  const renewal = renewals[0];
  if (cell === undefined || key === undefined || answer === undefined || renewal === undefined) {
    throw new Error("the exchange has no cell or renewal to show");
  }
  const value = (from: Readonly<Record<string, Hex>>, name: string): Row => {
    const found = from[name];
    if (found === undefined) throw new Error(`the exchange has no ${name}`);
    return [name, found];
  };
  const from = (source: Readonly<Record<string, Hex>>, ...names: string[]) => names.map((name) => value(source, name));
  return {
    tls: table(from(inputs, "peerIdA", "peerIdB", "cb")),
    phrase: table([
      ...from(derived, "phraseBytes"),
      ...from(inputs, "salt"),
      ...from(derived, "saltPrime", "wBytes", "w"),
    ]),
    offer: frame(frames.offer, [["salt", 16], ["nonceB", 12], ["shareB", 32], ["ratchetB", 32], ["kem", 1184]]),
    answer: table(from(derived, "K", "ss", "ctx", "KcA")) + "\n\n" +
      frame(frames.answer, [["nonceA", 12], ["shareA", 32], ["ratchetA", 32], ["ciphertext", 1088], ["confirmA", 32]]),
    accept: frame(frames.accept, [["confirmB", 32]]) + "\n\n" + table(from(derived, "RK", "sessionId")),
    epoch0: table(from(epoch0, "dh", "rk", "ckA", "ckB")),
    cell: table([
      ["kind", cell.plaintext.slice(0, 2), "fragment"],
      ["messageId", cell.plaintext.slice(2, 10)],
      ["index", cell.plaintext.slice(10, 14)],
      ["count", cell.plaintext.slice(14, 18)],
      ["length", cell.plaintext.slice(18, 22)],
      ["data", cell.plaintext.slice(22, 22 + 2 * lengthOf(cell.plaintext))],
    ]) + `\n\ndata reads  ${textOf(cell.plaintext)}`,
    seal: table([
      ["header", cell.header.bytes, `epoch ${cell.header.epoch}, pn ${cell.header.pn}, n ${cell.header.n}`],
      ["AAD", cell.aad],
      ["CK before", cell.ckBefore],
      ["mk", cell.mk],
      ["CK after", cell.ckAfter],
      ["ciphertext", cell.ciphertext],
      ["tag", cell.tag],
      ["frame", cell.frame],
    ]),
    renewal: table([
      ["key", renewal.keyBody!, `in Anna's cell ${key.header.n} of epoch ${key.header.epoch}`],
      ["ciphertext", renewal.ciphertextBody!, `in Berta's cell ${answer.header.n}`],
      ...from(renewal, "ss", "dh", "th", "rk", "ckA", "ckB"),
    ]),
  };
}

function lengthOf(plaintext: Hex): number {
  return Number.parseInt(plaintext.slice(18, 22), 16);
}

/** The text of a fragment's data. */
function textOf(plaintext: Hex): string {
  return new TextDecoder().decode(Uint8Array.fromHex(plaintext.slice(22, 22 + 2 * lengthOf(plaintext))));
}

/** The page with every block written again. Throws an Error for a block that the exchange does not give. */
export function filled(page: string, exchange: Exchange): string {
  const all = blocks(exchange);
  const used = new Set<string>();
  const text = page.replace(/<!-- bytes: (\w+) -->\n(?:\n?```\n[^`]*```\n)?/g, (_, name: string) => {
    const block = all[name];
    if (block === undefined) throw new Error(`no block is called ${name}`);
    used.add(name);
    return `<!-- bytes: ${name} -->\n\n\`\`\`\n${block}\n\`\`\`\n`;
  });
  const unused = Object.keys(all).filter((name) => !used.has(name));
  if (unused.length > 0) throw new Error(`the page has no place for ${unused.join(", ")}`);
  return text;
}

if (import.meta.main) {
  const [page, vectors] = await Promise.all([PAGE, VECTORS].map((file) => Deno.readTextFile(file)));
  const text = filled(page!, JSON.parse(vectors!).exchanges[0]);
  if (!Deno.args.includes("--check")) await Deno.writeTextFile(PAGE, text);
  else if (text !== page) {
    console.error("docs/WALKTHROUGH.md is not what the pinned exchange gives. Run: deno task papers");
    Deno.exit(1);
  }
}
