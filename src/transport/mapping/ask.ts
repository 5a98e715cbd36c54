// Requests to our own router, each over a separate socket: a datagram that is sent again until it is answered, a search
// of the LAN, one HTTP request. Each ends by itself, or with its signal. Out of scope: what the bytes mean (pcp.ts,
// nat_pmp.ts, upnp.ts), what is asked when (mapper.ts).
//
// `fetch` is not used, because it would follow redirects and use the proxy that the environment names.

import { Buffer } from "node:buffer";
import { createSocket, type Socket as Datagrams } from "node:dgram";
import type { Socket } from "node:net";
import { bareHost } from "../address.ts";
import { connectAny, openBy, TimeLimit } from "../connect.ts";
import { ROUTER_PORT } from "./pcp.ts";
import {
  HTTP_MAX_BYTES,
  type HttpAnswer,
  httpAnswer,
  type Place,
  searches,
  type Soap,
  SSDP_ADDRESS,
  SSDP_PORT,
} from "./upnp.ts";

/** From the first datagram to each further one. */
const AGAIN_MS = [250, 750, 1750];
const SILENT_MS = 3_000;
const SEARCH_MS = 1_500;
const HTTP_MS = 3_000;
const FOUND_MAX = 32;
/** Datagrams of others that are looked at while one waits for one's own. */
const LOOKS_MAX = 1000;

/**
 * Sends to `router` at ROUTER_PORT from our address `own`, and gives the first answer from there that `parse` takes.
 * Undefined: silence, or no way.
 */
export async function askRouter<T>(
  router: string,
  own: string,
  question: Uint8Array,
  parse: (answer: Uint8Array) => T | undefined,
  signal: AbortSignal,
  limitMs = SILENT_MS,
): Promise<T | undefined> {
  const again: ReturnType<typeof setTimeout>[] = [];
  try {
    return await byDatagrams<T>(own, limitMs, signal, (socket, end) => {
      let looks = 0;
      socket.on("message", (bytes, from) => {
        if (++looks > LOOKS_MAX) return end();
        if (from.port !== ROUTER_PORT || withoutZone(from.address) !== withoutZone(router)) return;
        const answer = parse(new Uint8Array(bytes));
        if (answer !== undefined) end(answer);
      });
      const send = () => socket.send(question, ROUTER_PORT, router, (error) => error && end());
      socket.bind(0, own, () => {
        send();
        for (const ms of AGAIN_MS) if (ms < limitMs) again.push(setTimeout(send, ms));
      });
    });
  } finally {
    for (const timer of again) clearTimeout(timer);
  }
}

/** Devices that say they are a gateway, in the order of their answers. `own`: where the question leaves from. */
export async function search(own: string, signal: AbortSignal): Promise<{ host: string; answer: Uint8Array }[]> {
  const found: { host: string; answer: Uint8Array }[] = [];
  await byDatagrams(own, SEARCH_MS, signal, (socket) => {
    socket.on("message", (bytes, from) => {
      if (found.length < FOUND_MAX) found.push({ host: from.address, answer: new Uint8Array(bytes) });
    });
    socket.bind(0, own, () => {
      for (const question of searches()) socket.send(question, SSDP_PORT, SSDP_ADDRESS, () => {});
    });
  });
  return found;
}

/** A socket for as long as `end` is not called, `ms` are not over and the signal does not come; undefined for the last two. */
function byDatagrams<T>(
  own: string,
  ms: number,
  signal: AbortSignal,
  begin: (socket: Datagrams, end: (answer?: T) => void) => void,
): Promise<T | undefined> {
  return new Promise((done) => {
    const limit = new TimeLimit(ms, signal);
    const socket = createSocket(own.includes(":") ? "udp6" : "udp4");
    const end = (answer?: T) => {
      limit[Symbol.dispose]();
      close(socket);
      done(answer);
    };
    socket.on("error", () => end());
    limit.onOver(() => end());
    if (limit.over === undefined) begin(socket, end);
    else end();
  });
}

/** One request, its answer read to its end. Undefined: none in time, none that makes sense, or too long a one. */
export async function request(
  host: string,
  place: Place,
  own: string,
  signal: AbortSignal,
  soap?: Soap,
  limitMs = HTTP_MS,
): Promise<HttpAnswer | undefined> {
  using limit = new TimeLimit(limitMs, signal);
  const reached = await connectAny([{ host, port: place.port }], limit, undefined, openBy(own));
  return typeof reached === "string"
    ? undefined
    : await answerOf(reached.socket, requestText(host, place, soap), limit);
}

function answerOf(socket: Socket, question: string, limit: TimeLimit): Promise<HttpAnswer | undefined> {
  return new Promise((done) => {
    const parts: Uint8Array[] = [];
    let size = 0;
    const end = (answered = false) => {
      socket.destroy();
      done(answered ? httpAnswer(Buffer.concat(parts)) : undefined);
    };
    limit.onOver(() => end());
    socket.on("data", (chunk: Uint8Array) => {
      size += chunk.length;
      if (size > HTTP_MAX_BYTES) return end();
      parts.push(chunk.slice());
    });
    socket.once("end", () => end(true)).once("close", () => end());
    socket.write(question);
  });
}

/** HTTP/1.0, so that the answer ends with the connection; some send chunks all the same. */
function requestText(host: string, { port, path }: Place, soap?: Soap): string {
  const lines = [
    `${soap === undefined ? "GET" : "POST"} ${path} HTTP/1.0`,
    `Host: ${host}:${port}`,
    "Connection: close",
    ...soap === undefined ? [] : [...soap.head, `Content-Length: ${soap.body.length}`],
  ];
  return `${lines.join("\r\n")}\r\n\r\n${soap?.body ?? ""}`;
}

function withoutZone(host: string): string {
  return bareHost(host).split("%")[0]!;
}

function close(socket: Datagrams): void {
  try {
    socket.close();
  } catch {
    // It never opened.
  }
}
