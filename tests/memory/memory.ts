// Another process's memory, as root sees it: /proc/PID/maps, smaps, pagemap and mem. Linux only.
// Scope: which pages are there, what stands in them, where the arena is. Out of scope: what is looked for (needles.ts).

/** Pages that are present, one after the other, of one mapping. */
export interface Run {
  readonly start: number;
  readonly length: number;
}

/** The mapping that libsodium computes in: 4 MiB, anonymous, locked or at least kept out of dumps. */
export interface Region {
  readonly start: number;
  readonly end: number;
}

/** Owns the open files. Without the right to trace the process, opening throws PermissionDenied. */
export class ProcessMemory implements Disposable {
  readonly #mem: Deno.FsFile;
  readonly #pagemap: Deno.FsFile;

  constructor(readonly pid: number) {
    this.#mem = Deno.openSync(`/proc/${pid}/mem`);
    this.#pagemap = Deno.openSync(`/proc/${pid}/pagemap`);
  }

  [Symbol.dispose](): void {
    this.#mem.close();
    this.#pagemap.close();
  }

  /** Every readable page that is in memory or in swap; the program's own code and libraries too. */
  *runs(): Generator<Run> {
    for (const line of Deno.readTextFileSync(`/proc/${this.pid}/maps`).split("\n")) {
      const match = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)$/.exec(line);
      // The last two belong to the kernel and cannot be read from outside.
      if (match === null || match[3] === "[vvar]" || match[3] === "[vsyscall]" || match[3]!.startsWith("[vvar_")) {
        continue;
      }
      yield* this.#present(parseInt(match[1]!, 16), parseInt(match[2]!, 16));
    }
  }

  /** What stands there; shorter than asked for where the mapping has gone meanwhile. */
  read(start: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    return bytes.subarray(0, this.readInto(start, bytes));
  }

  readInto(start: number, into: Uint8Array): number {
    let filled = 0;
    try {
      this.#mem.seekSync(start, Deno.SeekMode.Start);
      while (filled < into.length) {
        const got = this.#mem.readSync(into.subarray(filled));
        if (got === null || got === 0) break;
        filled += got;
      }
    } catch {
      // EIO: a device's page, or one that is gone.
    }
    return filled;
  }

  /** Undefined before the arena has been made. */
  arena(): Region | undefined {
    return arenaIn(Deno.readTextFileSync(`/proc/${this.pid}/smaps`));
  }

  *#present(start: number, end: number): Generator<Run> {
    const entries = new BigUint64Array(ENTRIES);
    const bytes = new Uint8Array(entries.buffer);
    let from: number | undefined;
    for (let at = start; at < end;) {
      const count = Math.min(ENTRIES, (end - at) / PAGE);
      this.#pagemap.seekSync(at / PAGE * 8, Deno.SeekMode.Start);
      const got = (this.#pagemap.readSync(bytes.subarray(0, count * 8)) ?? 0) >> 3;
      if (got === 0) break;
      for (let i = 0; i < got; i++, at += PAGE) {
        const there = entries[i]! >> 62n !== 0n; // present, or swapped
        if (there) from ??= at;
        else if (from !== undefined) {
          yield { start: from, length: at - from };
          from = undefined;
        }
      }
    }
    if (from !== undefined) yield { start: from, length: end - from };
  }
}

/** The arena in the text of a smaps file. Exactly its size, since V8 maps each Wasm memory by itself. */
export function arenaIn(smaps: string): Region | undefined {
  let region: Region | undefined;
  let locked = false;
  for (const line of smaps.split("\n")) {
    const head = /^([0-9a-f]+)-([0-9a-f]+) rw-p 00000000 00:00 0\s*$/.exec(line);
    if (/^[0-9a-f]+-/.test(line)) {
      region = head === null ? undefined : { start: parseInt(head[1]!, 16), end: parseInt(head[2]!, 16) };
      locked = false;
    } else if (/^Locked:\s+4096 kB/.test(line)) locked = true;
    else if (region !== undefined && line.startsWith("VmFlags:")) {
      if (region.end - region.start === ARENA_SIZE && (locked || / (dd|lo)( |$)/.test(line))) return region;
    }
  }
  return undefined;
}

/** Bytes of what is locked in all, in KiB. */
export function lockedKib(pid: number): number {
  return Number(/^VmLck:\s+(\d+)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))?.[1] ?? 0);
}

const PAGE = 4096;
const ENTRIES = 4096;
export const ARENA_SIZE: number = 4 * 1024 * 1024;
