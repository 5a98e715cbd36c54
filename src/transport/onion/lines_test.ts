import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { bootstrapPercent, challenge, onionName, protocolInfo, type Reply, ReplyReader, uploaded } from "./lines.ts";

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const NAME = "a2".repeat(28);

function replies(text: string): readonly Reply[] | undefined {
  return new ReplyReader().read(bytes(text));
}

Deno.test("ReplyReader puts a reply together however its bytes are cut", () => {
  const text = "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250 OK\r\n650 HS_DESC CREATED x\r\n";
  const whole = replies(text);
  deepEqual(whole, [
    { code: 250, lines: ["PROTOCOLINFO 1", "AUTH METHODS=NULL", "OK"] },
    { code: 650, lines: ["HS_DESC CREATED x"] },
  ]);
  for (let size = 1; size < text.length; size++) {
    const reader = new ReplyReader();
    const got: Reply[] = [];
    for (let at = 0; at < text.length; at += size) got.push(...reader.read(bytes(text.slice(at, at + size))) ?? []);
    deepEqual(got, whole, `${size}`);
  }
});

Deno.test("ReplyReader accepts the longest line even if its end comes byte by byte", () => {
  const reader = new ReplyReader();
  const line = "250 " + "x".repeat(4092);
  for (const byte of bytes(`${line}\r`)) deepEqual(reader.read(Uint8Array.of(byte)), []);
  deepEqual(reader.read(bytes("\n")), [{ code: 250, lines: [line.slice(4)] }]);
});

Deno.test("ReplyReader refuses what no control port sends, and everything after it", () => {
  const wrong = [
    "HTTP/1.1 400 Bad Request\r\n",
    "\x05\xff\r\n",
    "250+config-text=\r\nx\r\n.\r\n250 OK\r\n",
    "250\r\n",
    "199 x\r\n",
    "700 x\r\n",
    "250-x\r\n251 y\r\n",
    "250-x\r\n".repeat(65),
    "250 " + "x".repeat(4096) + "\r\n",
    "x".repeat(4098),
  ];
  for (const text of wrong) {
    const reader = new ReplyReader();
    equal(reader.read(bytes(text)), undefined, text.slice(0, 40));
    equal(reader.read(bytes("250 OK\r\n")), undefined, text.slice(0, 40));
  }
  deepEqual(replies("250 " + "x".repeat(4000) + "\r\n")?.length, 1);
  deepEqual(replies("250-x\r\n".repeat(63) + "250 OK\r\n")?.[0]?.lines.length, 64);
});

Deno.test("protocolInfo() reads methods and the cookie's path", () => {
  const info = (auth: string, ...more: string[]) =>
    protocolInfo({ code: 250, lines: ["PROTOCOLINFO 1", auth, ...more, "OK"] });
  deepEqual(info('AUTH METHODS=COOKIE,SAFECOOKIE COOKIEFILE="/run/tor/control.authcookie"', 'VERSION Tor="0.4.9.15"'), {
    methods: ["COOKIE", "SAFECOOKIE"],
    cookieFile: "/run/tor/control.authcookie",
  });
  deepEqual(info("AUTH METHODS=NULL"), { methods: ["NULL"], cookieFile: undefined });
  equal(info(String.raw`AUTH METHODS=SAFECOOKIE COOKIEFILE="/a \"b\" \\ \303\274"`)?.cookieFile, '/a "b" \\ \xc3\xbc');
  const path = (quoted: string) => info(`AUTH METHODS=SAFECOOKIE COOKIEFILE=${quoted}`)?.cookieFile;
  equal(path('""'), "");
  equal(path(String.raw`"\n\r\t\x\000\377\400\08"`), "\n\r\tx\x00\xff40008");
  equal(path(String.raw`"\1234"`), "S4", "three digits and no more");
  equal(path('"/a COOKIEFILE=\\"b\\""'), '/a COOKIEFILE="b"', "the first counts");
  for (const none of ['"', '"/a', '"/a\\"', '"\\', '"/a" x', '"a""b"', '"a"b"']) equal(path(none), undefined, none);
  equal(info('AUTH METHODS=SAFECOOKIE COOKIEFILE="/a'), undefined);
  equal(info('AUTH METHODS=SAFECOOKIE COOKIEFILE="/a" x'), undefined);
  equal(info("AUTH METHODS="), undefined);
  equal(protocolInfo({ code: 250, lines: ["PROTOCOLINFO 1", "OK"] }), undefined);
  equal(protocolInfo({ code: 250, lines: ["PROTOCOLINFO 2", "AUTH METHODS=NULL", "OK"] }), undefined);
  equal(protocolInfo({ code: 514, lines: ["Authentication required."] }), undefined);
});

Deno.test("challenge(), onionName(), uploaded() and bootstrapPercent() take their own form and no other", () => {
  const [hash, nonce] = ["AB".repeat(32), "cd".repeat(32)];
  const line = `AUTHCHALLENGE SERVERHASH=${hash} SERVERNONCE=${nonce}`;
  deepEqual(challenge({ code: 250, lines: [line] }), {
    serverHash: new Uint8Array(32).fill(0xab),
    serverNonce: new Uint8Array(32).fill(0xcd),
  });
  for (const wrong of [line.slice(1), `${line}0`, line.replace(hash, hash.slice(2)), line.replace("AB", "GG")]) {
    equal(challenge({ code: 250, lines: [wrong] }), undefined, wrong);
  }
  equal(challenge({ code: 513, lines: [line] }), undefined);
  equal(onionName({ code: 250, lines: [`ServiceID=${NAME}`, "OK"] }), `${NAME}.onion`);
  equal(onionName({ code: 512, lines: [`ServiceID=${NAME}`] }), undefined);
  equal(onionName({ code: 250, lines: [`ServiceID=${NAME}2`, "OK"] }), undefined);
  equal(onionName({ code: 250, lines: [`ServiceID=${NAME.slice(1)}1`, "OK"] }), undefined);
  equal(uploaded({ code: 650, lines: [`HS_DESC UPLOADED ${NAME} UNKNOWN $AA~b`] }), NAME);
  equal(uploaded({ code: 650, lines: [`HS_DESC UPLOAD ${NAME} UNKNOWN $AA~b`] }), undefined);
  equal(uploaded({ code: 250, lines: [`HS_DESC UPLOADED ${NAME} UNKNOWN $AA~b`] }), undefined);
  const phase = 'status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=85 TAG=x SUMMARY="y"';
  equal(bootstrapPercent({ code: 250, lines: [phase, "OK"] }), 85);
  equal(bootstrapPercent({ code: 250, lines: [phase.replace("85", "100"), "OK"] }), 100);
  equal(bootstrapPercent({ code: 250, lines: [phase.replace("85", "101"), "OK"] }), undefined);
});
