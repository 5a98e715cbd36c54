// What somebody on the line can make of segments: connections, their two directions, TLS records.
// Scope: putting a direction's bytes in order, and where records begin and end. Nothing is decrypted.
// Out of scope: reading a capture (pcap.ts), what the sizes and times may tell (features.ts).

import type { Segment } from "./pcap.ts";

/** "up" is from the dialer (who sent the first SYN) to the listener. */
export type Way = "up" | "down";

/** A segment of one connection. */
export interface Sent {
  readonly at: number;
  readonly way: Way;
  /** Bytes of payload; 0 is a bare acknowledgement, SYN, FIN or RST. */
  readonly size: number;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly syn: boolean;
  /** It brings bytes that were sent before. */
  readonly again: boolean;
}

/** A TLS record, with its header of five bytes. */
export interface TlsRecord {
  /** When its last byte, and everything before it, had been seen. */
  readonly at: number;
  readonly way: Way;
  /** 20 to 23, as it stands in the clear. */
  readonly type: number;
  readonly size: number;
  /** It is exactly one segment: neither shares one nor is spread over several. */
  readonly alone: boolean;
}

export interface Flow {
  readonly dialer: string;
  readonly listener: string;
  readonly sent: readonly Sent[];
  readonly records: readonly TlsRecord[];
  /** Bytes of a direction that are part of no whole record, or of none at all. */
  readonly stray: number;
}

/** Connections whose beginning is in the capture, in the order of their beginnings. */
export function flowsOf(segments: readonly Segment[]): Flow[] {
  const open = new Map<string, Building>();
  const all: Building[] = [];
  for (const segment of segments) {
    const key = [segment.from, segment.to].sort().join(" ");
    if (segment.syn && !open.get(key)?.opening(segment)) {
      const building = new Building(segment.from, segment.to);
      open.set(key, building);
      all.push(building);
    }
    open.get(key)?.add(segment);
  }
  return all.map((building) => building.flow());
}

class Building {
  readonly #dialer: string;
  readonly #listener: string;
  readonly #sent: Sent[] = [];
  readonly #streams = { up: new RecordReader("up"), down: new RecordReader("down") };

  constructor(dialer: string, listener: string) {
    this.#dialer = dialer;
    this.#listener = listener;
  }

  /** Whether this SYN is a further one of this connection and not the first of the next with the same ports. */
  opening(segment: Segment): boolean {
    return segment.from === this.#listener || this.#sent.every(({ size }) => size === 0);
  }

  add(segment: Segment): void {
    const way: Way = segment.from === this.#dialer ? "up" : "down";
    const { at, syn, fin, rst, payload } = segment;
    const again = this.#streams[way].read(segment);
    this.#sent.push({ at, way, size: payload.length, syn, fin, rst, again });
  }

  flow(): Flow {
    const { up, down } = this.#streams;
    return {
      dialer: this.#dialer,
      listener: this.#listener,
      sent: this.#sent,
      records: [...up.records, ...down.records].sort((a, b) => a.at - b.at),
      stray: up.stray + down.stray,
    };
  }
}

const RECORD_HEADER = 5;

/** One direction's bytes, in order: what comes early waits, what comes again is left out. */
class RecordReader {
  readonly records: TlsRecord[] = [];
  readonly #way: Way;
  #next: number | undefined;
  #latest = -Infinity;
  /** Of the record being read. */
  #part = new Uint8Array(0);
  readonly #early: Segment[] = [];

  constructor(way: Way) {
    this.#way = way;
  }

  get stray(): number {
    return this.#part.length + this.#early.reduce((sum, { payload }) => sum + payload.length, 0);
  }

  /** True if nothing in it is new. */
  read(segment: Segment): boolean {
    if (segment.syn) {
      this.#next = (segment.seq + 1) >>> 0;
      return false;
    }
    if (segment.payload.length === 0 || this.#next === undefined) return false;
    const known = (this.#next - segment.seq) | 0; // a difference of 32-bit numbers that wrap
    if (known >= segment.payload.length) return true;
    if (known < 0) {
      this.#early.push(segment);
      return false;
    }
    this.#take(segment.payload.subarray(known), segment.at);
    const next = this.#early.findIndex(({ seq }) => ((this.#next! - seq) | 0) >= 0);
    if (next >= 0) this.read(this.#early.splice(next, 1)[0]!);
    return known > 0;
  }

  #take(bytes: Uint8Array, at: number): void {
    this.#next = (this.#next! + bytes.length) >>> 0;
    this.#latest = Math.max(this.#latest, at);
    const fresh = this.#part.length === 0;
    const all = new Uint8Array(this.#part.length + bytes.length);
    all.set(this.#part);
    all.set(bytes, this.#part.length);
    let from = 0;
    while (all.length - from >= RECORD_HEADER) {
      const size = RECORD_HEADER + all[from + 3]! * 256 + all[from + 4]!;
      if (all.length - from < size) break;
      const alone = fresh && from === 0 && size === bytes.length;
      this.records.push({ at: this.#latest, way: this.#way, type: all[from]!, size, alone });
      from += size;
    }
    this.#part = all.slice(from);
  }
}
