// IP addresses as text and as numbers, for the room that calls them (transport) and the one that reads them in messages
// (wire). Pure. Out of scope: names, ports and what a person may type (transport/address.ts).

/** Four decimal numbers without leading zeros, which some systems read as octal. */
export function parseIpv4(text: string): number[] | undefined {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) return undefined;
  const bytes = text.split(".").map(Number);
  return bytes.every((byte) => byte <= 255) && bytes.join(".") === text ? bytes : undefined;
}

export interface Ipv6 {
  /** Eight numbers of 16 bits. */
  readonly groups: readonly number[];
  /** The interface of a link-local address, or empty. */
  readonly zone: string;
}

/** RFC 4291 section 2.2, all three forms, with a zone (RFC 4007 section 11) where it means something: on link-local. */
export function parseIpv6(text: string): Ipv6 | undefined {
  const [, written, zone = ""] = /^([0-9a-fA-F:.]{2,45})(?:%([0-9A-Za-z._~-]{1,32}))?$/s.exec(text) ?? [];
  if (written === undefined) return undefined;
  const halves = written.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => parseGroups(half, i === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  // A `::` stands for at least one group.
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])];
  const ip = { groups, zone };
  return zone !== "" && !isLinkLocal(ip) ? undefined : ip;
}

function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    const ipv4 = last && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (ipv4 !== undefined) groups.push(ipv4[0]! * 256 + ipv4[1]!, ipv4[2]! * 256 + ipv4[3]!);
    else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

/** RFC 5952: lower case, no leading zeros, `::` for the first longest run of two zero groups or more. */
export function formatIpv6({ groups, zone }: Ipv6): string {
  let start = 0;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && groups[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const hex = (some: readonly number[]) => some.map((group) => group.toString(16)).join(":");
  const written = length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
  return zone === "" ? written : `${written}%${zone}`;
}

/** fe80::/10. */
export function isLinkLocal(ip: Ipv6): boolean {
  return (ip.groups[0]! & 0xffc0) === 0xfe80;
}
