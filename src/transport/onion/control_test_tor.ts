// A Tor that tests play with node:net and node's own HMAC, as far as its control port.

import { strictEqual as equal } from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { Socket } from "node:net";
import { TcpServer } from "../../../tests/harness/tcp.ts";
import type { ControlFault } from "../../notice.ts";
import { ControlError, type ControlOptions } from "./control.ts";

export const COOKIE = new Uint8Array(32).fill(7);
export const NAMES = ["a", "b", "c"].map((letter) => letter.repeat(56));

/** What a Tor does with each line; `undefined`: it stays silent. */
export type Answer = (line: string, socket: Socket) => string | undefined;

export class FakeTor implements AsyncDisposable {
  readonly heard: string[] = [];
  answer: Answer;
  #server: TcpServer | undefined;

  private constructor(answer: Answer) {
    this.answer = answer;
  }

  static async start(answer: Answer, host = "127.0.0.1"): Promise<FakeTor> {
    const tor = new FakeTor(answer);
    tor.#server = await TcpServer.of((socket) => {
      let rest = "";
      socket.on("data", (bytes: Uint8Array) => {
        const lines = (rest + new TextDecoder().decode(bytes)).split("\r\n");
        rest = lines.pop()!;
        for (const line of lines) {
          tor.heard.push(line);
          const said = tor.answer(line, socket);
          if (said !== undefined) socket.write(said);
        }
      });
    }, host);
    return tor;
  }

  get address() {
    return { host: "127.0.0.1", port: this.#server!.port };
  }

  get sockets(): readonly Socket[] {
    return this.#server!.sockets;
  }

  async [Symbol.asyncDispose]() {
    await this.#server![Symbol.asyncDispose]();
  }
}

function info(methods: string, cookie = true): string {
  const file = cookie ? ' COOKIEFILE="/c"' : "";
  return `250-PROTOCOLINFO 1\r\n250-AUTH METHODS=${methods}${file}\r\n250-VERSION Tor="0.4.9.15"\r\n250 OK\r\n`;
}

/** A good Tor with the given methods; `bend` answers first. */
export function tor(methods: string, bend: Answer = () => undefined): Answer {
  let made = 0;
  let proof = "";
  return (line, socket) => {
    const bent = bend(line, socket);
    if (bent !== undefined) return bent;
    const [word] = line.split(" ");
    switch (word) {
      case "PROTOCOLINFO":
        return info(methods, methods.includes("COOKIE"));
      case "AUTHCHALLENGE": {
        const nonces = [Uint8Array.fromHex(line.split(" ")[2]!), new Uint8Array(32).fill(9)];
        const mac = (key: string) => {
          const hmac = createHmac("sha256", key).update(COOKIE);
          for (const nonce of nonces) hmac.update(nonce);
          return hmac.digest("hex").toUpperCase();
        };
        proof = mac("Tor safe cookie authentication controller-to-server hash");
        const hash = mac("Tor safe cookie authentication server-to-controller hash");
        return `250 AUTHCHALLENGE SERVERHASH=${hash} SERVERNONCE=${nonces[1]!.toHex().toUpperCase()}\r\n`;
      }
      case "AUTHENTICATE": {
        const right = methods.includes("SAFECOOKIE") ? proof : methods === "NULL" ? "" : "6869";
        return (line.split(" ")[1] ?? "").toUpperCase() === right ? "250 OK\r\n" : "515 Bad authentication\r\n";
      }
      case "GETINFO":
        if (line.endsWith("net/listeners/socks")) {
          return '250-net/listeners/socks="127.0.0.1:9050" "unix:/run/tor/socks" "[::1]:9250"\r\n250 OK\r\n';
        }
        return '250-status/bootstrap-phase=NOTICE BOOTSTRAP PROGRESS=100 TAG=done SUMMARY="Done"\r\n250 OK\r\n';
      case "ADD_ONION":
        return `250-ServiceID=${NAMES[made++]}\r\n${clientAuth(line)}250 OK\r\n`;
      default:
        return "250 OK\r\n";
    }
  };
}

export const OPTIONS: ControlOptions = {
  entropy: (into) => void into.fill(5),
  readCookie: (path, into) => {
    equal(path, "/c");
    into.set(COOKIE);
    return COOKIE.length;
  },
  answerMs: 5_000,
};

/** Of what a Tor's refusal throws. */
export const isFault = (wanted: ControlFault) => (error: unknown): boolean =>
  error instanceof ControlError && error.fault === wanted;

function clientAuth(line: string): string {
  const key = line.split(" ").find((word) => word.startsWith("ClientAuthV3="));
  return key === undefined ? "" : `250-${key}\r\n`;
}
