// What devices on a LAN say about themselves: answers to SSDP, the UPnP description, HTTP and SOAP. The answer may come
// from a stranger. Input: which of them, then its text; for HTTP, how a body is cut into chunks, then the body.

import { controlIn, errorIn, fieldIn, httpAnswer, locationIn, type Place } from "../../src/transport/mapping/upnp.ts";
import { Input, joined, must, type Target, utf8 } from "../target.ts";

const HOST = "192.0.2.1";
const AT: Place = { port: 5000, path: "/rootDesc.xml" };
const KNOWN = ["WANIPConnection:2", "WANIPConnection:1", "WANPPPConnection:1"];
const SERVICE = "urn:schemas-upnp-org:service:";

const block = (name: string, url: string) =>
  `<service><serviceType>${SERVICE}${name}</serviceType><controlURL>${url}</controlURL></service>`;

export const target: Target = {
  name: "upnp",
  maxLength: 2200,
  dictionary: [
    "HTTP/1.1 200 OK\r\n",
    "LOCATION: ",
    `http://${HOST}`,
    ":0/",
    ":5000/",
    ":5001/",
    "//",
    "@",
    "<service>",
    "</service>",
    "<serviceType>",
    "</serviceType>",
    "<controlURL>",
    "</controlURL>",
    `${SERVICE}${KNOWN[1]}`,
    "<errorCode>",
    "</errorCode>",
    "transfer-encoding: chunked\r\n",
    "\r\n\r\n",
    "\r\n0\r\n",
  ],
  seeds: () => [
    joined([0], utf8(`HTTP/1.1 200 OK\r\nST: x\r\nLOCATION: http://${HOST}:5000/rootDesc.xml\r\n\r\n`)),
    joined([0], utf8(`HTTP/1.1 200 OK\r\nLocation:http://${HOST}:0/\r\n`)),
    joined([0], utf8(`HTTP/1.0 200\r\nlocation: http://${HOST}@198.51.100.1/\r\n`)),
    joined([1], utf8(`<root>${block(KNOWN[1]!, "/ctl/IPConn")}${block(KNOWN[2]!, `http://${HOST}:5000/ppp`)}</root>`)),
    joined([1], utf8(block(KNOWN[0]!, `http://${HOST}:5001/a`) + block("Layer3Forwarding:1", "l3"))),
    joined([2], utf8("HTTP/1.1 500 Error\r\nServer: x\r\n\r\n<s:Fault><errorCode>718</errorCode></s:Fault>")),
    joined([2], utf8(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`)),
    joined([2], utf8(`HTTP/1.0 200 OK\r\n\r\n<NewExternalIPAddress>203.0.113.1</NewExternalIPAddress>`)),
    joined([3, 3, 5, 0, 20], utf8("abcdefghijklmnopqrstuvwxyz")),
  ],
  make: () => Promise.resolve(run),
};

function run(data: Uint8Array): void {
  const input = new Input(data);
  const kind = input.pick(4);
  if (kind === 0) return ssdp(input.rest());
  if (kind === 1) return description(new TextDecoder().decode(input.rest()));
  if (kind === 2) return answer(input.rest());
  chunks(input);
}

/** It goes into a request as it is: on that host, one word, and what a URL parser of the runtime makes of it as well. */
function safe({ port, path }: Place): void {
  must(Number.isInteger(port) && port >= 1 && port <= 65_535, "a port");
  must(path.length <= 512 && /^\/[!-~]*$/.test(path), "a path is one word of ASCII");
  const url = new URL(`http://${HOST}:${port}${path}`);
  must(url.hostname === HOST && url.username === "" && Number(url.port || 80) === port, "nowhere but on that host");
}

function ssdp(datagram: Uint8Array): void {
  const got = locationIn(datagram, HOST);
  const text = String.fromCharCode(...datagram);
  if (got !== undefined) {
    safe(got);
    must(datagram.length <= 2048 && /^[\0-\x7f]*$/.test(text), "short, and ASCII");
    must(text.toLowerCase().includes(`\r\nlocation:`) && text.includes(`http://${HOST}`), "it says so itself");
  }
  const plain = /^HTTP\/1\.1 200 OK\r\nLOCATION: http:\/\/192\.0\.2\.1:([1-9]\d{0,3})(\/[a-z]{1,40})\r\n$/.exec(text);
  if (plain !== null) must(got?.port === Number(plain[1]) && got.path === plain[2], "an honest answer counts");
}

function description(xml: string): void {
  const got = controlIn(xml, HOST, AT);
  const inner = (text: string, name: string) => new RegExp(`<${name}>([^]*?)</${name}>`).exec(text)?.[1]?.trim() ?? "";
  const services = [...xml.matchAll(/<service>([^]*?)<\/service>/g)].slice(0, 64).map(([, text = ""]) => ({
    type: inner(text, "serviceType"),
    url: inner(text, "controlURL"),
  }));
  const plain = services.find(({ type, url }) =>
    KNOWN.some((name) => type === SERVICE + name) && /^\/[a-z]{1,40}$/.test(url)
  );
  if (got === undefined) return must(plain === undefined, "an honest description counts");
  safe(got);
  must(got.port === AT.port, "on the port that gave the description");
  const ours = services.filter(({ type }) => type === got.service);
  must(
    KNOWN.some((name) => got.service === SERVICE + name) && ours.length > 0,
    "a service that was named and is known",
  );
  // The one that stands last. Where a URL parser reads a backslash as a slash we do not.
  const fits = ours.filter(({ url }) => !url.includes("\\")).some(({ url }) => {
    const full = URL.parse(url, `http://${HOST}:${AT.port}/`);
    return full !== null && full.hostname === HOST && Number(full.port || 80) === AT.port;
  });
  must(fits || ours.some(({ url }) => url.includes("\\")), "its URL leads to that host for a URL parser as well");
}

function answer(bytes: Uint8Array): void {
  const got = httpAnswer(bytes);
  if (got !== undefined) {
    must(/^HTTP\/1\.[01] \d{3}/.test(String.fromCharCode(...bytes.subarray(0, 12))), "it begins as HTTP");
    must(got.status >= 0 && got.status <= 999 && got.body.length <= bytes.length, "no more than came");
  }
  const body = got?.body ?? new TextDecoder().decode(bytes);
  const said = /<errorCode>([^]*?)<\/errorCode>/.exec(body)?.[1]?.trim();
  must(errorIn(body) === (said !== undefined && /^[0-9]{3}$/.test(said) ? Number(said) : undefined), "an error's code");
  const field = /<NewExternalIPAddress>([^]*?)<\/NewExternalIPAddress>/.exec(body)?.[1]?.trim();
  const short = field !== undefined && field.length <= 64 ? field : undefined;
  must(fieldIn(body, "NewExternalIPAddress") === short, "a field as it stands");
}

/** The other way round: a body that is cut into chunks comes out whole, and not at all if its end is missing. */
function chunks(input: Input): void {
  const sizes = Array.from({ length: input.pick(6) + 1 }, () => input.pick(600) + 1);
  const body = Uint8Array.from(input.rest(), (byte) => byte & 0x7f);
  const parts: Uint8Array[] = [utf8("HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n")];
  for (let at = 0, n = 0; at < body.length; n++) {
    const part = body.subarray(at, at + sizes[n % sizes.length]!);
    at += part.length;
    parts.push(joined(utf8(`${part.length.toString(16)}\r\n`), part, utf8("\r\n")));
  }
  const wire = joined(...parts, utf8("0\r\n\r\n"));
  const text = String.fromCharCode(...body);
  must(httpAnswer(wire)?.body === text, "chunks come together as they were");
  for (const missing of [3, 4, 5, 6, sizes[0]! + 5]) {
    const end = wire.length - missing;
    if (end > parts[0]!.length) must(httpAnswer(wire.subarray(0, end)) === undefined, "no end, no answer");
  }
}
