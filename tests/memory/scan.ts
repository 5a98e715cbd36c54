// One look at all of a process's memory: how often each known secret occurs in it, in any form, in the arena and
// outside. Scope: the search over a whole process, counting, the table. Out of scope: patterns (needles.ts), what
// should be where.

import type { Kind, Ledger, Secret } from "./ledger.ts";
import { KINDS } from "./ledger.ts";
import { lockedKib, type ProcessMemory, type Region } from "./memory.ts";
import { count, type Found, Needles } from "./needles.ts";

/** Of one kind at one point. */
export interface Tally {
  /** Secrets known that the product holds now, and those of them that are not found in its arena. */
  live: number;
  missing: number;
  /** Secrets known that it has disposed. */
  gone: number;
  /** Copies of disposed ones in the arena, halves included. */
  inside: number;
  /** Copies of any outside the arena: whole ones, and halves alone. */
  outside: number;
  parts: number;
  /** What was found where it should not be: form and mapping, with how often. */
  readonly places: Map<string, number>;
}

export interface Scan {
  readonly tallies: ReadonlyMap<Kind, Tally>;
  /** How many were looked for. */
  readonly secrets: number;
  readonly lockedKib: number;
  readonly megabytes: number;
  readonly ms: number;
  /** PEM texts of a private key, the certificate's, outside the runtime's own file. */
  readonly pemKeys: number;
}

/** The process should be stopped meanwhile. */
export function scan(memory: ProcessMemory, ledger: Ledger): Scan {
  const began = performance.now();
  const needles = new Needles();
  for (const { bytes, forms, text } of ledger.secrets) needles.add(bytes, forms, text);
  const pem = needles.add(PEM, "plain");
  const hits = new Map<string, Found>();
  let bytes = 0;
  const piece = new Uint8Array(PIECE);
  for (const { start, length } of memory.runs()) {
    bytes += length;
    for (let at = 0; at < length; at += PIECE - OVERLAP) {
      const part = piece.subarray(0, Math.min(PIECE, length - at));
      const got = memory.readInto(start + at, part);
      needles.search(part.subarray(0, got), start + at, (hit) => {
        const key = `${hit.secret} ${hit.form} ${hit.at}`;
        // In the overlap of two pieces a pattern may be seen as a half first, and then whole.
        if (hits.get(key)?.whole !== true) hits.set(key, hit);
      });
      if (at + part.length >= length) break;
    }
  }
  const { whole, parts } = count([...hits.values()]);
  const isPem = (hit: Found) => hit.secret === pem;
  return {
    tallies: tally(ledger.secrets, whole.filter((h) => !isPem(h)), parts.filter((h) => !isPem(h)), memory),
    secrets: ledger.secrets.length,
    lockedKib: lockedKib(memory.pid),
    megabytes: bytes / 2 ** 20,
    ms: performance.now() - began,
    pemKeys: whole.filter((hit) => isPem(hit) && hit.form === "raw" && standsBeforeKey(memory, hit.at)).length,
  };
}

/** Copies of each kind in a file, whole or half. */
export function searchFile(path: string, ledger: Ledger): Map<Kind, number> {
  const needles = new Needles();
  for (const { bytes, forms, text } of ledger.secrets) needles.add(bytes, forms, text);
  const hits = new Map<string, Found>();
  using file = Deno.openSync(path);
  const piece = new Uint8Array(PIECE);
  let kept = 0;
  for (let base = 0;;) {
    const got = file.readSync(piece.subarray(kept));
    if (got === null) break;
    const part = piece.subarray(0, kept + got);
    needles.search(part, base, (hit) => hits.set(`${hit.secret} ${hit.form} ${hit.at}`, hit));
    kept = Math.min(OVERLAP, part.length);
    base += part.length - kept;
    piece.copyWithin(0, part.length - kept, part.length);
  }
  const counts = new Map<Kind, number>();
  for (const { secret } of hits.values()) {
    const { kind } = ledger.secrets[secret]!;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}

function tally(secrets: readonly Secret[], whole: readonly Found[], parts: readonly Found[], memory: ProcessMemory) {
  const tallies = new Map<Kind, Tally>();
  const arena = memory.arena();
  const names = mappingNames(memory.pid);
  const of = (kind: Kind) => {
    const known = tallies.get(kind);
    if (known !== undefined) return known;
    const fresh = { live: 0, missing: 0, gone: 0, inside: 0, outside: 0, parts: 0, places: new Map<string, number>() };
    tallies.set(kind, fresh);
    return fresh;
  };
  const held = new Set(whole.filter((hit) => isIn(arena, hit.at) && hit.form === "raw").map((hit) => hit.secret));
  secrets.forEach(({ kind, state }, i) => {
    const row = of(kind);
    if (state === "gone") row.gone++;
    else row.live++;
    if (state === "live" && !held.has(i)) row.missing++;
  });
  for (const hit of [...whole, ...parts]) {
    const { kind, state } = secrets[hit.secret]!;
    const row = of(kind);
    const here = isIn(arena, hit.at);
    if (here && state !== "gone") continue;
    if (here) row.inside++;
    else if (hit.whole) row.outside++;
    else row.parts++;
    const place = `${hit.whole ? "" : "half "}${hit.form} in ${here ? "arena" : names(hit.at)}`;
    row.places.set(place, (row.places.get(place) ?? 0) + 1);
  }
  return tallies;
}

function isIn(region: Region | undefined, at: number): boolean {
  return region !== undefined && at >= region.start && at < region.end;
}

function mappingNames(pid: number): (at: number) => string {
  const mappings = Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n").flatMap((line) => {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s*(.*)$/.exec(line);
    if (match === null) return [];
    const [start, end] = [parseInt(match[1]!, 16), parseInt(match[2]!, 16)];
    const name = match[4]!.split("/").at(-1)! || `anonymous ${Math.round((end - start) / 1024)} KiB`;
    return [{ start, end, name }];
  });
  return (at) => mappings.find(({ start, end }) => at >= start && at < end)?.name ?? "?";
}

/** The heading alone also stands in the runtime, which looks for it. */
function standsBeforeKey(memory: ProcessMemory, at: number): boolean {
  return /^\r?\n?MIG/.test(new TextDecoder("latin1").decode(memory.read(at + PEM.length, 8)));
}

/** The rows of one point, as text. */
export function table(scan: Scan): string {
  const lines = [
    `    ${"secret".padEnd(28)}${"live".padStart(5)}${"unseen".padStart(8)}${"gone".padStart(6)}${
      "in arena".padStart(10)
    }` +
    `${"outside".padStart(9)}${"halves".padStart(8)}`,
  ];
  for (const kind of KINDS) {
    const row = scan.tallies.get(kind);
    if (row === undefined) continue;
    const places = [...row.places].map(([place, n]) => n > 1 ? `${n} ${place}` : place);
    lines.push(
      `    ${kind.padEnd(28)}${`${row.live}`.padStart(5)}${`${row.missing}`.padStart(8)}${`${row.gone}`.padStart(6)}` +
        `${`${row.inside}`.padStart(10)}${`${row.outside}`.padStart(9)}${`${row.parts}`.padStart(8)}` +
        (places.length > 0 ? `   ${places.slice(0, PLACES_SHOWN).join(", ")}` : ""),
    );
  }
  return lines.join("\n");
}

const PEM = new TextEncoder().encode("-----BEGIN PRIVATE KEY-----");
const PIECE = 4 * 1024 * 1024;
/** More than any pattern. */
const OVERLAP = 16 * 1024;
const PLACES_SHOWN = 6;
