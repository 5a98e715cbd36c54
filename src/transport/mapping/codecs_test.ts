// The bytes of PCP, NAT-PMP and UPnP: what is asked, and that nothing but the answer to it counts.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { ipBytes } from "../address.ts";
import { Lease, LIFETIME_S } from "./lease.ts";
import { encodeAddressQuestion, encodeNatPmp, parseAddressAnswer, parseNatPmp } from "./nat_pmp.ts";
import { encodePcp, NONCE_SIZE, parsePcp, type PcpWish, ROUTER_PORT } from "./pcp.ts";
import { controlIn, errorIn, fieldIn, HTTP_MAX_BYTES, httpAnswer, locationIn, searches, soap } from "./upnp.ts";

const NONCE = Uint8Array.from({ length: 12 }, (_, i) => i + 1);
const WISH: PcpWish = {
  own: ipBytes("192.168.1.10"),
  nonce: NONCE,
  innerPort: 7373,
  outerPort: 7373,
  outer: ipBytes("0.0.0.0"),
  lifetime: 1200,
};
const ascii = (text: string) => new TextEncoder().encode(text);

/** A router's answer to WISH: granted as 203.0.113.1:7373 for 1200 s. */
function pcpAnswer(): Uint8Array {
  const bytes = encodePcp({ ...WISH, outer: ipBytes("203.0.113.1") });
  bytes[1] = 0x81;
  bytes.fill(0, 8, 24);
  new DataView(bytes.buffer).setUint32(8, 77);
  return bytes;
}

Deno.test("a PCP wish is the 60 bytes of RFC 6887", () => {
  equal(
    encodePcp(WISH).toHex(),
    "02010000" + "000004b0" + "00000000000000000000ffffc0a8010a" + "0102030405060708090a0b0c" + "06000000" +
      "1ccd1ccd" +
      "00000000000000000000ffff00000000",
  );
  const back = encodePcp({ ...WISH, lifetime: 0, outerPort: 0 });
  deepEqual([back.slice(4, 8).toHex(), back.slice(24, 36).toHex()], ["00000000", NONCE.toHex()]);
});

Deno.test("a PCP answer counts only for its own wish: version, opcode, nonce, protocol, inner port and length", () => {
  deepEqual(parsePcp(pcpAnswer(), WISH), {
    outer: ipBytes("203.0.113.1"),
    port: 7373,
    lifetime: 1200,
  });
  // 0: another version, unless it says so; 1: a question; 24 to 35: the nonce; 36: UDP; 40: another port.
  for (const at of [0, 1, 24, 29, 35, 36, 40, 41]) {
    const changed = pcpAnswer();
    changed[at]! ^= 0x10;
    equal(parsePcp(changed, WISH), undefined, `byte ${at}`);
  }
  for (const length of [0, 1, 24, 56, 59]) {
    equal(parsePcp(pcpAnswer().subarray(0, length), WISH), undefined, `${length} bytes`);
  }
  for (const [length, counts] of [[60, true], [62, false], [64, true], [1100, true], [1104, false]] as const) {
    const longer = new Uint8Array(length);
    longer.set(pcpAnswer());
    equal(parsePcp(longer, WISH) !== undefined, counts, `${length} bytes; options behind it are not looked at`);
  }
  const none = pcpAnswer();
  none.fill(0, 42, 44);
  equal(parsePcp(none, WISH), undefined, "no port");
});

Deno.test("a PCP error counts only with the nonce too, so that a neighbour cannot say no; a version may be short", () => {
  const refused = pcpAnswer();
  refused[3] = 2;
  equal(parsePcp(refused, WISH), 2);
  refused[30]! ^= 1;
  equal(parsePcp(refused, WISH), undefined);
  equal(parsePcp(refused.subarray(0, 24), WISH), undefined);
  equal(parsePcp(Uint8Array.of(0, 0x81, 0, 1, 0, 0, 0, 9), WISH), 1);
  const short = pcpAnswer().slice(0, 24);
  short[3] = 1;
  equal(parsePcp(short, WISH), 1);
  equal(parsePcp(Uint8Array.of(0, 0x81, 0, 2, 0, 0, 0, 9), WISH), undefined);
  equal(parsePcp(Uint8Array.of(0, 0x01, 0, 1, 0, 0, 0, 9), WISH), undefined);
});

Deno.test("another version is heard in a header alone up to the length of an answer, and no further", () => {
  const fault = (version: number, opcode: number, length: number) => {
    const bytes = new Uint8Array(length);
    bytes.set([version, opcode, 0, 1]);
    return parsePcp(bytes, WISH);
  };
  const CASES = [
    [2, 0x81, 23, undefined],
    [2, 0x81, 24, 1],
    [2, 0x81, 60, 1],
    [2, 0x81, 64, undefined],
    [2, 0x80, 24, undefined],
    [2, 0x01, 24, undefined],
    [0, 0x81, 7, undefined],
    [0, 0x81, 8, 1],
    [0, 0x80, 60, 1],
    [0, 0x81, 61, undefined],
    [0, 0x01, 8, undefined],
    [1, 0x81, 24, undefined],
  ] as const;
  for (const [version, opcode, length, code] of CASES) {
    equal(fault(version, opcode, length), code, `${version} ${opcode} ${length}`);
  }
  equal(parsePcp(Uint8Array.of(0, 0x81, 1, 1, 0, 0, 0, 9), WISH), undefined, "a code of 257");
});

Deno.test("PCP and NAT-PMP are asked on port 5351, and a wish's nonce has 96 bits", () => {
  deepEqual([ROUTER_PORT, 8 * NONCE_SIZE], [5351, 96]);
});

Deno.test("NAT-PMP: questions of 2 and 12 bytes, answers of 12 and 16 that name the inner port", () => {
  equal(encodeAddressQuestion().toHex(), "0000");
  equal(encodeNatPmp(7373, 7373, 1200).toHex(), "000200001ccd1ccd000004b0");
  equal(encodeNatPmp(7373, 0, 0).toHex(), "000200001ccd000000000000");
  const mapped = Uint8Array.fromHex("00820000000000091ccd4e21000004b0");
  deepEqual(parseNatPmp(mapped, 7373), { port: 20001, lifetime: 1200 });
  equal(parseNatPmp(mapped, 7374), undefined);
  equal(parseNatPmp(Uint8Array.fromHex("00820003000000091ccd000000000000"), 7373), 3);
  equal(parseNatPmp(Uint8Array.fromHex("0082000100000009"), 7373), 1);
  for (
    const hex of [
      "0082000300000009",
      "00810000000000091ccd4e21000004b0",
      "02820000000000091ccd4e21000004b0",
      "00020000000000091ccd4e21000004b0",
      "00820000000000091ccd4e21000004b000",
      "00820000000000091ccd0000000004b0",
      "",
    ]
  ) {
    equal(parseNatPmp(Uint8Array.fromHex(hex), 7373), undefined, hex);
  }
  deepEqual(parseAddressAnswer(Uint8Array.fromHex("0080000000000009cb007101")), Uint8Array.of(203, 0, 113, 1));
  equal(parseAddressAnswer(Uint8Array.fromHex("008000030000000900000000")), 3);
  for (const hex of ["008000000000000900", "0082000000000009cb007101", "0080000000000009cb00710100"]) {
    equal(parseAddressAnswer(Uint8Array.fromHex(hex)), undefined, hex);
  }
});

Deno.test("a lease is renewed at half of it, within 30 s and 600 s; after silence every 30 s until it is over", () => {
  equal(LIFETIME_S, 1200);
  deepEqual([20, 120, 1200, 7200].map((seconds) => new Lease(seconds, 1000).askAt), [31_000, 61_000, 601_000, 601_000]);
  const lease = new Lease(120, 0);
  equal(lease.silent(61_000), false);
  equal(lease.askAt, 91_000);
  equal(lease.silent(119_999), false);
  equal(lease.silent(120_000), true);
});

Deno.test("SSDP: a gateway of version 1 and 2 is searched for", () => {
  const texts = searches().map((bytes) => new TextDecoder().decode(bytes));
  for (const [i, text] of texts.entries()) {
    ok(text.startsWith("M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n") && text.endsWith("\r\n\r\n"));
    ok(text.includes(`ST: urn:schemas-upnp-org:device:InternetGatewayDevice:${i + 1}\r\n`));
  }
});

Deno.test("a LOCATION counts on the device that answered and nowhere else", () => {
  const said = (location: string, line = "HTTP/1.1 200 OK") =>
    locationIn(ascii(`${line}\r\nST: x\r\nLocation:  ${location}\r\n\r\n`), "192.168.1.1");
  deepEqual(said("http://192.168.1.1:5000/rootDesc.xml"), { port: 5000, path: "/rootDesc.xml" });
  deepEqual(said("http://192.168.1.1/"), { port: 80, path: "/" });
  deepEqual(said("http://192.168.1.1"), undefined);
  deepEqual(said("http://192.168.1.1:1"), { port: 1, path: "/" });
  deepEqual(said("http://192.168.1.1:65535/a"), { port: 65535, path: "/a" });
  equal(said(`http://192.168.1.1/${"a".repeat(512 - 19)}`)?.path.length, 512 - 18, "a URL of 512 characters");
  equal(said(`http://192.168.1.1/${"a".repeat(513 - 19)}`), undefined);
  for (
    const forged of [
      "http://127.0.0.1:9999/secret",
      "http://192.168.1.10:5000/",
      "http://192.168.1.1.evil.example:5000/",
      "http://192.168.1.1@evil.example/",
      "http://192.168.1.1:5000@evil.example/",
      "https://192.168.1.1/",
      "http://192.168.1.1:0/",
      "http://192.168.1.1:65536/",
      "http://192.168.1.1:5000/a b",
      "http://192.168.1.1:5000/\u0000",
      `http://192.168.1.1:5000/${"a".repeat(600)}`,
      "//192.168.1.1/",
      "/rootDesc.xml",
      "",
    ]
  ) equal(said(forged), undefined, forged);
  equal(said("http://192.168.1.1:5000/", "NOTIFY * HTTP/1.1"), undefined);
  equal(locationIn(ascii("HTTP/1.1 200 OK\r\n\r\n"), "192.168.1.1"), undefined);
  equal(locationIn(new Uint8Array(3000).fill(0x41), "192.168.1.1"), undefined);
  const head = "HTTP/1.1 200 OK\r\nLOCATION:http://192.168.1.1/x\r\nST: ";
  const long = (length: number) => locationIn(ascii(head.padEnd(length - 2, "x") + "\r\n"), "192.168.1.1");
  deepEqual(long(2048), { port: 80, path: "/x" }, "the first line behind the status, and without a space");
  equal(long(2049), undefined);
  equal(locationIn(crypto.getRandomValues(new Uint8Array(300)), "192.168.1.1"), undefined);
});

Deno.test("the control path is on the same host and port; the newest known service is taken", () => {
  const service = (type: string, control: string) =>
    `<service><serviceType>urn:schemas-upnp-org:service:${type}</serviceType><controlURL>${control}</controlURL></service>`;
  const at = { port: 5000, path: "/rootDesc.xml" };
  const found = (...services: string[]) => controlIn(`<root>${services.join("")}</root>`, "192.168.1.1", at);
  deepEqual(
    found(
      service("Layer3Forwarding:1", "/l3"),
      service("WANIPConnection:1", "/ctl"),
      service("WANIPConnection:2", "/ctl2"),
    ),
    {
      service: "urn:schemas-upnp-org:service:WANIPConnection:2",
      port: 5000,
      path: "/ctl2",
    },
  );
  equal(found(service("WANPPPConnection:1", "ctl/ppp"))?.path, "/ctl/ppp");
  equal(found(service("WANIPConnection:1", "http://192.168.1.1:5000/ctl"))?.path, "/ctl");
  for (const forged of ["http://127.0.0.1/x", "http://192.168.1.1:22/", "//evil.example/", "javascript:x", ""]) {
    equal(found(service("WANIPConnection:1", forged)), undefined, forged);
  }
  equal(found(service("WANIPConnection:9", "/ctl")), undefined);
  const [known, other] = [service("WANIPConnection:1", "/ctl"), service("Layer3Forwarding:1", "/l3")];
  equal(controlIn(known, "192.168.1.1", at)?.path, "/ctl", "the description begins with it");
  equal(found(...Array<string>(63).fill(other), known)?.path, "/ctl");
  equal(found(...Array<string>(64).fill(other), known), undefined, "nobody has so many services");
  equal(controlIn("<service>".repeat(7000), "192.168.1.1", at), undefined);
  equal(controlIn("<service><serviceType>".repeat(3000), "192.168.1.1", at), undefined);
});

Deno.test("an HTTP answer: chunks are joined, a redirect is not followed, one that is cut off or too long is refused", () => {
  const parse = (text: string) => httpAnswer(ascii(text));
  deepEqual(parse("HTTP/1.1 200 OK\r\nX: y\r\n\r\nbody"), { status: 200, body: "body" });
  deepEqual(parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n3;x=y\r\n!!!\r\n0\r\n\r\n"), {
    status: 200,
    body: "body!!!",
  });
  deepEqual(parse("HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n"), { status: 302, body: "" });
  for (
    const bad of [
      "",
      "HTTP/1.1 200 OK\r\n",
      "HTTP/2 200\r\n\r\n",
      "SSH-2.0-x\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\nbody\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nbody\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n123456789\r\nbody",
    ]
  ) equal(parse(bad), undefined, bad);
  equal(parse(`HTTP/1.1 200 OK\r\n\r\n${"a".repeat(HTTP_MAX_BYTES)}`), undefined);
  equal(parse(`HTTP/1.1 200 OK\r\n\r\n${"a".repeat(HTTP_MAX_BYTES - 19)}`)?.body.length, HTTP_MAX_BYTES - 19);
  // Chunks only by the header that says so, and only in whole hexadecimal sizes.
  const chunk = (size: string, header = "Transfer-Encoding: chunked") =>
    parse(`HTTP/1.1 200 OK\r\n${header}\r\n\r\n${size}\r\nbody\r\n0\r\n\r\n`)?.body;
  equal(chunk("4"), "body");
  equal(chunk(`4;${"x".repeat(61)}`), "body", "a line of 64 bytes");
  equal(chunk(`4;${"x".repeat(62)}`), undefined);
  for (const size of ["4x", "+4", "0x4", "", "4 4"]) equal(chunk(size), undefined, size);
  for (const header of ["X: chunked", "Transfer-Encoding: identity", "Transfer-Encoding"]) {
    equal(chunk("4", header), "4\r\nbody\r\n0\r\n\r\n", header);
  }
  // The head ends with the first empty line, and is ASCII.
  equal(parse("HTTP/1.1 200 OK\r\nX: \u007f\r\r\n\r\nbody\r\n\r\n")?.body, "body\r\n\r\n");
  equal(httpAnswer(Uint8Array.from("HTTP/1.1 200 \x80\r\n\r\nbody", (c) => c.charCodeAt(0))), undefined);
});

Deno.test("SOAP: the call names its service, an error and a field are read strictly", () => {
  const { head, body } = soap("urn:x:WANIPConnection:1", "AddPortMapping", {
    NewExternalPort: 7373,
    NewRemoteHost: "",
  });
  deepEqual(head[1], 'SOAPAction: "urn:x:WANIPConnection:1#AddPortMapping"');
  equal(
    body,
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" ' +
      's:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>' +
      '<u:AddPortMapping xmlns:u="urn:x:WANIPConnection:1"><NewExternalPort>7373</NewExternalPort>' +
      "<NewRemoteHost></NewRemoteHost></u:AddPortMapping></s:Body></s:Envelope>",
  );
  equal(errorIn("<errorCode>718</errorCode>"), 718);
  for (const bad of ["<errorCode>7180</errorCode>", "<errorCode></errorCode>", "<errorCode>718", "718"]) {
    equal(errorIn(bad), undefined);
  }
  equal(fieldIn("<NewExternalIPAddress> 203.0.113.1 </NewExternalIPAddress>", "NewExternalIPAddress"), "203.0.113.1");
  equal(fieldIn(`<a>${"1".repeat(65)}</a>`, "a"), undefined);
  equal(fieldIn(`<a>${"1".repeat(64)}</a>`, "a"), "1".repeat(64));
  for (const none of ["", "<a>1", "1</a>", "</a>1<a>"]) equal(fieldIn(none, "a"), undefined, none);
});
