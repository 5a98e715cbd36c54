// Hand-made TLS 1.3 records under the keys of a real connection: what no library sends. OpenSSL makes the connection
// and tells its keys; it goes through a tap here, which adds any record in the caller's name (RFC 8446 section 5.2).

import { existsSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { settles } from "../harness/child.ts";
import { TcpServer } from "../harness/tcp.ts";
import { makeCertificate } from "./forged_certificate.ts";
import { OpenSsl } from "./openssl.ts";

export const CONTENT = { alert: 21, handshake: 22, data: 23 } as const;

/** A TLS connection of OpenSSL's to a listener, with a good certificate. It sends nothing of its own. */
export class Tap implements AsyncDisposable {
  readonly #middle: TcpServer;
  readonly #openssl: OpenSsl;
  readonly #far: () => Socket;
  #records = 0;

  private constructor(middle: TcpServer, openssl: OpenSsl, far: () => Socket) {
    this.#middle = middle;
    this.#openssl = openssl;
    this.#far = far;
  }

  /** Calls the listener at this address of loopback. */
  static async open(to: string): Promise<Tap> {
    const port = Number(to.slice(to.lastIndexOf(":") + 1));
    let far!: Socket;
    const middle = await TcpServer.of((near) => {
      far = connect({ host: "127.0.0.1", port, noDelay: true });
      far.on("error", () => {});
      far.on("close", () => near.destroy());
      near.on("close", () => far.destroy());
      near.pipe(far).pipe(near);
    });
    const args = ["-tls1_3", "-noservername", "-quiet", "-ign_eof", "-keylogfile", "keys"];
    const openssl = OpenSsl.client(middle.address, "127.0.0.1", args, makeCertificate());
    return new Tap(middle, openssl, () => far);
  }

  /** Bytes as they are, in the caller's name. */
  raw(bytes: Uint8Array): void {
    this.#far().write(bytes);
  }

  /** Records under the caller's key, the next in its order. */
  async send(...records: readonly { type: number; content: Uint8Array }[]): Promise<void> {
    const out: number[] = [];
    for (const { type, content } of records) out.push(...await this.#sealed(type, content));
    this.raw(Uint8Array.from(out));
  }

  async #sealed(type: number, content: Uint8Array): Promise<Uint8Array> {
    const secret = await this.#secret();
    const hash = secret.length === 48 ? "SHA-384" : "SHA-256";
    const key = await expand(hash, secret, "key", secret.length === 48 ? 32 : 16);
    const iv = await expand(hash, secret, "iv", 12);
    const sequence = this.#records++;
    for (let i = 0; i < 4; i++) iv[11 - i]! ^= sequence >>> (8 * i) & 255;
    const length = content.length + 17;
    const header = Uint8Array.of(CONTENT.data, 3, 3, length >> 8, length & 255);
    const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt"]);
    const plain = Uint8Array.of(...content, type);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: header }, aes, plain);
    return Uint8Array.of(...header, ...new Uint8Array(sealed));
  }

  async #secret(): Promise<Uint8Array<ArrayBuffer>> {
    const keys = `${this.#openssl.folder}/keys`;
    const found = () =>
      existsSync(keys) ? /^CLIENT_TRAFFIC_SECRET_0 \S+ (\S+)/m.exec(Deno.readTextFileSync(keys))?.[1] : undefined;
    if (!await settles(() => found() !== undefined, 10_000)) throw new Error("OpenSSL told no keys");
    return Uint8Array.fromHex(found()!);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#openssl[Symbol.asyncDispose]();
    await this.#middle[Symbol.asyncDispose]();
  }
}

/** HKDF-Expand-Label (RFC 8446 section 7.1), for one block. */
async function expand(hash: string, secret: Uint8Array<ArrayBuffer>, label: string, length: number) {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash }, false, ["sign"]);
  const name = new TextEncoder().encode(`tls13 ${label}`);
  const info = Uint8Array.of(0, length, name.length, ...name, 0, 1);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, info)).slice(0, length);
}
