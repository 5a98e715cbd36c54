// The words of a UPnP Internet Gateway Device (UPnP IGD 1 and 2; SSDP of UPnP Device Architecture 1.1 section 1.3; SOAP
// 1.1): requests, and a strict reading of what comes back. The answer may come from a stranger: nothing here looks at
// more than it was given, and each pattern takes time in proportion to its text. Pure. Out of scope: sockets (ask.ts).

export const SSDP_ADDRESS = "239.255.255.250";
export const SSDP_PORT = 1900;
/** Of a whole HTTP answer. */
export const HTTP_MAX_BYTES = 65_536;
const SSDP_MAX_BYTES = 2048;

/** A place on the device that answered, and nowhere else. */
export interface Place {
  readonly port: number;
  readonly path: string;
}

export interface Control extends Place {
  /** The service's type, which each SOAP call names. */
  readonly service: string;
}

const SERVICES: readonly string[] = ["WANIPConnection:2", "WANIPConnection:1", "WANPPPConnection:1"].map((name) =>
  `urn:schemas-upnp-org:service:${name}`
);

/** Searches for a gateway, of both versions. */
export function searches(): Uint8Array<ArrayBuffer>[] {
  return [1, 2].map((version) =>
    new TextEncoder().encode([
      "M-SEARCH * HTTP/1.1",
      `HOST: ${SSDP_ADDRESS}:${SSDP_PORT}`,
      'MAN: "ssdp:discover"',
      "MX: 1",
      `ST: urn:schemas-upnp-org:device:InternetGatewayDevice:${version}`,
      "",
      "",
    ].join("\r\n"))
  );
}

/** Where the description of the device stands that answered from `host`; undefined: not on that device, or no such answer. */
export function locationIn(datagram: Uint8Array, host: string): Place | undefined {
  if (datagram.length > SSDP_MAX_BYTES) return undefined;
  const text = ascii(datagram);
  const lines = text?.split("\r\n");
  if (lines === undefined || !/^HTTP\/1\.[01] 200/.test(lines[0]!)) return undefined;
  const header = lines.find((line) => line.slice(0, 9).toLowerCase() === "location:");
  return header === undefined ? undefined : placeOn(header.slice(9).trim(), host);
}

/** A URL on this very host; or, in a description that stood at `base`, a path. */
function placeOn(url: string, host: string, base?: Place): Place | undefined {
  if (url.length > 512 || !/^[!-~]+$/.test(url)) return undefined;
  const [, port, path] = /^(?::(\d{1,5}))?(\/[!-~]*)?$/.exec(after(`http://${host}`, url) ?? "-") ?? [];
  if (port !== undefined || path !== undefined) {
    const number = Number(port ?? 80);
    return number < 1 || number > 65_535 ? undefined : { port: number, path: path ?? "/" };
  }
  if (base === undefined || url.startsWith("//") || url.includes(":")) return undefined;
  return { port: base.port, path: url.startsWith("/") ? url : `/${url}` };
}

/** What follows `start`; undefined: the text begins otherwise. */
function after(start: string, text: string): string | undefined {
  return text.startsWith(start) ? text.slice(start.length) : undefined;
}

/** The service that forwards ports, from the description found at `at`; undefined: there is none on that host and port. */
export function controlIn(description: string, host: string, at: Place): Control | undefined {
  const found = new Map<string, Place>();
  for (const service of elements(description, "service")) {
    const type = first(service, "serviceType")?.trim();
    const place = placeOn(first(service, "controlURL")?.trim() ?? "", host, at);
    if (type !== undefined && place?.port === at.port) found.set(type, place);
  }
  for (const service of SERVICES) {
    const place = found.get(service);
    if (place !== undefined) return { service, ...place };
  }
  return undefined;
}

/** A SOAP call: its HTTP head's own lines, and its body. */
export interface Soap {
  readonly head: readonly string[];
  readonly body: string;
}

export function soap(service: string, action: string, fields: Readonly<Record<string, string | number>>): Soap {
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`).join("");
  return {
    head: ['Content-Type: text/xml; charset="utf-8"', `SOAPAction: "${service}#${action}"`],
    body: '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
      's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
      `<u:${action} xmlns:u="${service}">${inner}</u:${action}></s:Body></s:Envelope>`,
  };
}

/** A UPnP error code in a SOAP fault. */
export function errorIn(body: string): number | undefined {
  const code = first(body, "errorCode")?.trim() ?? "";
  return /^\d{3}$/.test(code) ? Number(code) : undefined;
}

/** What an element of an answer holds: at most 64 characters. */
export function fieldIn(body: string, name: string): string | undefined {
  const text = first(body, name)?.trim();
  return text === undefined || text.length > 64 ? undefined : text;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * An HTTP answer that has come to its end: status and body. Redirects are an answer like another, which nobody follows.
 * Undefined if it is not one, or longer than HTTP_MAX_BYTES.
 */
export function httpAnswer(bytes: Uint8Array): HttpAnswer | undefined {
  // A byte is a character.
  const end = new TextDecoder("latin1").decode(bytes).indexOf("\r\n\r\n");
  if (bytes.length > HTTP_MAX_BYTES || end === -1) return undefined;
  const head = ascii(bytes.subarray(0, end)) ?? "";
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r\n|$)/.exec(head)?.[1];
  if (status === undefined) return undefined;
  const chunked = head.split("\r\n").some((line) => {
    const [name, value] = line.toLowerCase().split(":");
    return name === "transfer-encoding" && value?.trim() === "chunked";
  });
  const rest = bytes.subarray(end + 4);
  const body = chunked ? joinedChunks(rest) : rest;
  return body === undefined ? undefined : { status: Number(status), body: new TextDecoder().decode(body) };
}

/** RFC 9112 section 7.1. Undefined: cut off, or no chunks. */
function joinedChunks(bytes: Uint8Array): Uint8Array | undefined {
  const joined: number[] = [];
  for (let at = 0;;) {
    const line = bytes.indexOf(0x0a, at);
    if (line === -1 || line - at > 64) return undefined;
    const size = ascii(bytes.subarray(at, line))?.split(";")[0]?.trim() ?? "";
    if (!/^[0-9a-f]{1,4}$/i.test(size)) return undefined;
    const length = Number.parseInt(size, 16);
    if (length === 0) return Uint8Array.from(joined);
    at = line + 1 + length + 2;
    for (const byte of bytes.subarray(line + 1, line + 1 + length)) joined.push(byte);
  }
}

/** The texts between `<name>` and `</name>`, in order; no attributes, no nesting, a few dozen at most. */
function elements(xml: string, name: string): string[] {
  const [open, close] = [`<${name}>`, `</${name}>`];
  const found: string[] = [];
  for (let at = xml.indexOf(open); at !== -1 && found.length < 64; at = xml.indexOf(open, at)) {
    const end = xml.indexOf(close, at);
    if (end === -1) break;
    found.push(xml.slice(at + open.length, end));
    at = end;
  }
  return found;
}

function first(xml: string, name: string): string | undefined {
  const [open, close] = [`<${name}>`, `</${name}>`];
  const at = xml.indexOf(open);
  const end = xml.indexOf(close, at);
  return at === -1 || end === -1 ? undefined : xml.slice(at + open.length, end);
}

/** Undefined where a byte is not ASCII. */
function ascii(bytes: Uint8Array): string | undefined {
  return bytes.every((byte) => byte < 0x80) ? new TextDecoder().decode(bytes) : undefined;
}
