// What Tor's control port says (control-spec), and what is read from it. Input: how the stream is cut, then the stream; the
// same bytes are also the path of a cookie file, which an honest Tor would quote.

import {
  bootstrapPercent,
  challenge,
  onionName,
  protocolInfo,
  type Reply,
  ReplyReader,
  uploaded,
} from "../../src/transport/onion/lines.ts";
import { Input, joined, must, type Target, utf8 } from "../target.ts";

const NAME = "a234567b".repeat(7);

export const target: Target = {
  name: "onion",
  maxLength: 5000,
  dictionary: [
    "250-PROTOCOLINFO 1\r\n",
    "250-AUTH METHODS=COOKIE,SAFECOOKIE",
    ' COOKIEFILE="/run/tor"\r\n',
    '250-VERSION Tor="0.4.8.1"\r\n',
    "250 OK\r\n",
    "251 ",
    "650 HS_DESC UPLOADED ",
    "250-ServiceID=",
    NAME,
    "250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 ",
    "\\177",
    "\r\n",
  ],
  seeds: () => [
    joined(
      [9],
      utf8('250-PROTOCOLINFO 1\r\n250-AUTH METHODS=COOKIE,NULL COOKIEFILE="/a\\\\b\\"c\\101"\r\n'),
      utf8('250-VERSION Tor="0.4.8.16"\r\n250 OK\r\n'),
    ),
    joined([200], utf8(`250 AUTHCHALLENGE SERVERHASH=${"aB".repeat(32)} SERVERNONCE=${"09".repeat(32)}\r\n`)),
    joined([40], utf8(`250-ServiceID=${NAME}\r\n250 OK\r\n650 HS_DESC UPLOADED ${NAME} UNKNOWN $x\r\n`)),
    joined([1], utf8('250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=45 TAG=x SUMMARY="y"\r\n250 OK\r\n')),
    joined([3], utf8("250-one\r\n251 other\r\n")),
    joined([3], utf8("515 Bad\r\n250+data\r\n.\r\n250 OK\r\n")),
    joined([255], utf8(`250 ${"x".repeat(4092)}\r\n250 OK\r\n`)),
    joined([0], [0x2f, 0x22, 0x5c, 0, 0x0d, 0xff, 0x31]),
  ],
  make: () => Promise.resolve(run),
};

interface Heard {
  readonly replies: readonly Reply[];
  readonly broken: boolean;
}

function run(data: Uint8Array): void {
  const input = new Input(data);
  const size = input.u8() + 1;
  const stream = input.rest();
  const wanted = secondReading(String.fromCharCode(...stream));
  const cut = heard(stream, size);
  must(JSON.stringify(cut) === JSON.stringify(wanted), "a second reading of the lines agrees, however they are cut");
  for (const reply of cut.replies) read(reply);
  quoted(stream.subarray(0, 400));
}

function heard(stream: Uint8Array, size: number): Heard {
  const reader = new ReplyReader();
  const replies: Reply[] = [];
  let broken = false;
  for (let at = 0; at < stream.length; at += 1) {
    // The first few bytes in one, then one by one: what was whole before a line that breaks is heard.
    const end = at === 0 && replyFree(stream.subarray(0, size)) ? size : at + 1;
    const whole = reader.read(stream.subarray(at, end));
    must(!broken || whole === undefined, "broken once, broken for good");
    broken = whole === undefined;
    replies.push(...whole ?? []);
    at = end - 1;
  }
  return { replies, broken };
}

/** No line ends in it. */
function replyFree(bytes: Uint8Array): boolean {
  return !bytes.includes(0x0a);
}

function secondReading(text: string): Heard {
  const replies: Reply[] = [];
  let group: string[] = [];
  const lines = text.split("\r\n");
  const rest = lines.pop()!;
  for (const line of lines) {
    const good = line.length <= 4096 && /^[2-6][0-9][0-9][ -]/.test(line) && group.length < 64 &&
      (group.length === 0 || group[0]!.startsWith(line.slice(0, 3)));
    if (!good) return { replies, broken: true };
    group.push(line);
    if (line.charAt(3) === "-") continue;
    replies.push({ code: Number(line.slice(0, 3)), lines: group.map((one) => one.slice(4)) });
    group = [];
  }
  return { replies, broken: rest.length > 4097 };
}

/** None of them throws, whatever the reply is. */
function read(reply: Reply): void {
  const said = reply.lines.join("\n");
  const info = protocolInfo(reply);
  must(info === undefined || info.methods.every((method) => /^[A-Z]*$/.test(method)), "methods are words");
  must((info?.cookieFile?.length ?? 0) <= 4096, "no more than came");
  const both = challenge(reply);
  must(both === undefined || (both.serverHash.length === 32 && both.serverNonce.length === 32), "32 bytes each");
  const name = onionName(reply) ?? uploaded(reply);
  must(name === undefined || (/^[a-z2-7]{56}(\.onion)?$/.test(name) && said.includes(name.slice(0, 56))), "a name");
  const percent = bootstrapPercent(reply);
  must(percent === undefined || (percent >= 0 && percent <= 100), "a share of a hundred");
  if (reply.code === 250) return must(uploaded(reply) === undefined, "an answer is no event");
  must(info === undefined && both === undefined && onionName(reply) === undefined, "no other code is a yes");
  must(percent === undefined, "nor tells how far it is");
}

/** The other way round: any path, quoted by the page, is read as it was. */
function quoted(path: Uint8Array): void {
  const text = [...path].map((byte) => {
    const character = String.fromCharCode(byte);
    if (byte < 0x20 || byte > 0x7e) return `\\${byte.toString(8).padStart(3, "0")}`;
    return character === '"' || character === "\\" ? `\\${character}` : character;
  }).join("");
  const auth = `AUTH METHODS=SAFECOOKIE COOKIEFILE="${text}"`;
  const reply = { code: 250, lines: ["PROTOCOLINFO 1", auth, "OK"] };
  must(protocolInfo(reply)?.cookieFile === String.fromCharCode(...path), "a path comes out as it was quoted");
}
