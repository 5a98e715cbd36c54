// What is at the other end in `deno task check doctor`: services that are not Sesame, a Sesame that is full, a DNS
// server. A child process, started in a network namespace. Scope: what each says. Out of scope: firewalls (world.ts).
//
//   services.ts there ADDRESS      the services, each on its port; "ready" once all listen
//   services.ts names ADDRESS      the DNS server on 127.0.0.1; ADDRESS: IPv4 and IPv6 of the other end, by a comma

import { createSocket } from "node:dgram";
import { createServer, type Socket } from "node:net";
import { makeIdentity } from "../../src/transport/certificate.ts";
import { TlsTransport } from "../../src/transport/tls.ts";

/** Ports of the other end. On CLOSED nobody listens; HTTPS and OLD_TLS are OpenSSL's, the proxies microsocks. */
export const PORT = {
  SESAME: 7373,
  CLOSED: 7400,
  ECHO: 7401,
  MUTE: 7402,
  HTTP: 7403,
  SSH: 7404,
  SMTP: 7405,
  HANGS_UP: 7406,
  FULL: 7407,
  LOOPBACK: 7408,
  HTTPS: 7409,
  OLD_TLS: 7410,
  PROXY: 7411,
  PROXY_LOGIN: 7412,
} as const;

function serve(host: string, port: number, talk: (socket: Socket) => void): Promise<void> {
  return new Promise((done) => {
    createServer((socket) => {
      socket.on("error", () => {});
      talk(socket);
    }).listen({ host, port }, () => done());
  });
}

async function there(host: string): Promise<void> {
  const answering = (first: string, answer: string) => (socket: Socket) => {
    if (first !== "") socket.write(first);
    socket.on("data", () => socket.write(answer));
  };
  await serve(host, PORT.ECHO, (socket) => socket.on("data", (bytes) => socket.write(bytes)));
  await serve(host, PORT.MUTE, (socket) => socket.on("data", () => {}));
  await serve(host, PORT.HTTP, answering("", "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
  await serve(host, PORT.SSH, answering("SSH-2.0-OpenSSH_10.0\r\n", "Invalid SSH identification string.\r\n"));
  await serve(host, PORT.SMTP, answering("220 mail.test ESMTP\r\n", "500 5.5.2 Syntax error\r\n"));
  await serve(host, PORT.HANGS_UP, (socket) => socket.destroy());
  await serve("127.0.0.1", PORT.LOOPBACK, (socket) => socket.on("data", () => {}));
  // Closes where a Sesame with MAX_SESSIONS friends does: after TLS, instead of its offer.
  await new TlsTransport(identity()).listen(`${host}:${PORT.FULL}`, {
    called: (caller) => caller.start({ linked: (link) => link.close(), failed: () => {} }),
  });
}

/** Answers by the first label of a name; whoever asks for a name that begins with "mute" waits. */
function names([four = "", six = ""]: readonly string[]): Promise<void> {
  const server = createSocket("udp4");
  server.on("message", (question, from) => {
    const { labels, type, end } = asked(question);
    const [first = ""] = labels;
    if (first === "mute") return;
    const [code, addresses] = ANSWERS[first]?.(four, six) ?? [NO_SUCH_NAME, []];
    const records = addresses.filter((address) => address.includes(":") === (type === AAAA)).map(record);
    const head = Uint8Array.of(question[0]!, question[1]!, 0x81, 0x80 | code, 0, 1, 0, records.length, 0, 0, 0, 0);
    server.send(join(head, question.subarray(12, end), ...records), from.port, from.address);
  });
  return new Promise((done) => server.bind(53, "127.0.0.1", () => done()));
}

const AAAA = 28;
const NO_SUCH_NAME = 3;
const ANSWERS: Readonly<Record<string, (four: string, six: string) => [code: number, addresses: string[]]>> = {
  friend: (four) => [0, [four]],
  broken: () => [2, []],
  // One family leads to the friend, the other into nothing.
  six: (_, six) => [0, [six, "10.73.0.200"]],
  four: (four) => [0, [four, "fd73::200"]],
};

function asked(question: Uint8Array): { labels: string[]; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = question[at]!; length > 0; length = question[at]!) {
    labels.push(new TextDecoder().decode(question.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return { labels, type: question[at + 1]! * 256 + question[at + 2]!, end: at + 5 };
}

/** An answer for the name that was asked for, with a time to live of a minute. */
function record(address: string): Uint8Array {
  const bytes = address.includes(":") ? sixteen(address) : Uint8Array.from(address.split(".").map(Number));
  const type = address.includes(":") ? AAAA : 1;
  return join(Uint8Array.of(0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, bytes.length), bytes);
}

/** Of an address with one `::`. */
function sixteen(address: string): Uint8Array {
  const [head = [], tail = []] = address.split("::").map((half) => half.split(":").filter((group) => group !== ""));
  const groups = [...head, ...Array<string>(8 - head.length - tail.length).fill("0"), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff]));
}

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function identity() {
  return makeIdentity((into) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>));
}

if (import.meta.main) {
  const [what, address = ""] = Deno.args;
  if (what === "there") await there(address);
  else await names(address.split(","));
  console.log("ready");
}
