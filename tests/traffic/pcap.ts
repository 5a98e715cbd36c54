// Captures of tcpdump (the classic pcap format, draft-ietf-opsawg-pcap) down to TCP: who sent what to whom, and when.
// Scope: bytes to segments. Anything that is not TCP over IPv4 or IPv6, or was cut short, is left out and counted. Out
// of scope: connections and TLS (flow.ts). A library would bring more than the hundred lines that this takes.

/** One TCP segment as it was seen on the line. */
export interface Segment {
  /** Milliseconds; the origin is the epoch's. */
  readonly at: number;
  /** `address:port`. */
  readonly from: string;
  readonly to: string;
  readonly seq: number;
  readonly ack: number;
  readonly syn: boolean;
  readonly fin: boolean;
  readonly rst: boolean;
  readonly payload: Uint8Array;
}

export interface Capture {
  readonly segments: readonly Segment[];
  /** Packets that are no whole TCP segment. */
  readonly others: number;
}

/** Throws a RangeError if this is no pcap file. What stands behind a packet that is cut off at the end is ignored. */
export function parsePcap(file: Uint8Array): Capture {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const { littleEndian, nanoseconds } = kindOf(view);
  const linkHeader = LINK_HEADERS.get(view.getUint32(20, littleEndian) & 0xffff);
  if (linkHeader === undefined) throw new RangeError("a pcap file of a link type that is not known here");
  const segments: Segment[] = [];
  let others = 0;
  for (let at = FILE_HEADER; at + PACKET_HEADER <= file.length;) {
    const seconds = view.getUint32(at, littleEndian);
    const fraction = view.getUint32(at + 4, littleEndian);
    const kept = view.getUint32(at + 8, littleEndian);
    const start = at + PACKET_HEADER;
    at = start + kept;
    if (at > file.length) break;
    const time = seconds * 1000 + fraction / (nanoseconds ? 1e6 : 1e3);
    const segment = segmentOf(file.subarray(start + linkHeader, at), time);
    if (segment === undefined) others++;
    else segments.push(segment);
  }
  return { segments, others };
}

const FILE_HEADER = 24;
const PACKET_HEADER = 16;
/** Ethernet, raw IP, the two of "any": the length of what stands before the IP header. */
const LINK_HEADERS = new Map([[1, 14], [101, 0], [113, 16], [276, 20]]);

function kindOf(view: DataView): { littleEndian: boolean; nanoseconds: boolean } {
  for (const littleEndian of [true, false]) {
    const magic = view.byteLength < FILE_HEADER ? 0 : view.getUint32(0, littleEndian);
    if (magic === 0xa1b2c3d4) return { littleEndian, nanoseconds: false };
    if (magic === 0xa1b23c4d) return { littleEndian, nanoseconds: true };
  }
  throw new RangeError("no pcap file");
}

function segmentOf(ip: Uint8Array, at: number): Segment | undefined {
  const version = (ip[0] ?? 0) >> 4;
  if (version === 4 && ip.length >= 20 && ip[9] === TCP) {
    const view = new DataView(ip.buffer, ip.byteOffset, ip.length);
    const whole = view.getUint16(2);
    if (whole > ip.length) return undefined;
    return tcp(ip.subarray((ip[0]! & 15) * 4, whole), at, dotted(ip.subarray(12, 16)), dotted(ip.subarray(16, 20)));
  }
  if (version === 6 && ip.length >= 40 && ip[6] === TCP) {
    const whole = 40 + new DataView(ip.buffer, ip.byteOffset, ip.length).getUint16(4);
    if (whole > ip.length) return undefined;
    return tcp(ip.subarray(40, whole), at, ip.subarray(8, 24).toHex(), ip.subarray(24, 40).toHex());
  }
  return undefined;
}

const TCP = 6;

function tcp(bytes: Uint8Array, at: number, from: string, to: string): Segment | undefined {
  const header = ((bytes[12] ?? 0) >> 4) * 4;
  if (header < 20 || bytes.length < header) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const flags = bytes[13]!;
  return {
    at,
    from: `${from}:${view.getUint16(0)}`,
    to: `${to}:${view.getUint16(2)}`,
    seq: view.getUint32(4),
    ack: view.getUint32(8),
    syn: (flags & 2) !== 0,
    fin: (flags & 1) !== 0,
    rst: (flags & 4) !== 0,
    payload: bytes.subarray(header),
  };
}

function dotted(bytes: Uint8Array): string {
  return bytes.join(".");
}
