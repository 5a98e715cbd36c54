// Hand-made TLS 1.3 records under the keys of a real connection: what no library sends. OpenSSL makes the connection
// and tells its keys; it goes through a tap here, which adds any record in the caller's name (RFC 8446 section 5.2).

import { connect, createServer, type Server, type Socket } from "node:net";
import { makeCertificate } from "./forged_certificate.ts";

export const CONTENT = { alert: 21, handshake: 22, data: 23 } as const;

/** A TLS connection of OpenSSL's to a listener, with a good certificate. It sends nothing of its own. */
export class Tap implements AsyncDisposable {
  readonly #server: Server;
  readonly #openssl: Deno.ChildProcess;
  readonly #folder: string;
  #far: Socket | undefined;
  #records = 0;

  private constructor(server: Server, openssl: Deno.ChildProcess, folder: string) {
    this.#server = server;
    this.#openssl = openssl;
    this.#folder = folder;
  }

  /** Calls the listener at this address. */
  static async open(to: string): Promise<Tap> {
    const far = split(to);
    const joined = { with: (_: Socket) => {} };
    const server = createServer((near) => {
      const socket = connect({ ...far, noDelay: true });
      joined.with(socket);
      near.on("data", (chunk: Uint8Array) => socket.write(chunk));
      socket.on("data", (chunk: Uint8Array) => near.write(chunk));
      for (const one of [near, socket]) one.on("error", () => {});
      near.on("close", () => socket.destroy());
      socket.on("close", () => near.destroy());
    });
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as { port: number };
    const folder = Deno.makeTempDirSync({ prefix: "sesame-records-" });
    const { certificatePem, keyPem } = makeCertificate();
    Deno.writeTextFileSync(`${folder}/cert.pem`, certificatePem);
    Deno.writeTextFileSync(`${folder}/key.pem`, keyPem);
    const openssl = new Deno.Command("openssl", {
      args: ["s_client", "-connect", `127.0.0.1:${port}`, "-tls1_3", "-noservername", "-quiet", "-ign_eof"]
        .concat(["-cert", `${folder}/cert.pem`, "-key", `${folder}/key.pem`, "-keylogfile", `${folder}/keys`]),
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const tap = new Tap(server, openssl, folder);
    joined.with = (socket) => tap.#far = socket;
    return tap;
  }

  /** Bytes as they are, in the caller's name. */
  raw(bytes: Uint8Array): void {
    this.#far!.write(bytes);
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
    for (let tries = 0; tries < 500; tries++) {
      const found = /^CLIENT_TRAFFIC_SECRET_0 \S+ (\S+)/m.exec(this.#keys());
      if (found !== null) return Uint8Array.fromHex(found[1]!);
      await new Promise((done) => setTimeout(done, 10));
    }
    throw new Error("OpenSSL told no keys");
  }

  #keys(): string {
    try {
      return Deno.readTextFileSync(`${this.#folder}/keys`);
    } catch {
      return ""; // not yet
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#far?.destroy();
    try {
      this.#openssl.kill();
    } catch {
      // It has ended by itself.
    }
    await this.#openssl.stdin.close().catch(() => {});
    await this.#openssl.status;
    await new Promise<void>((done) => void this.#server.close(() => done()));
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function split(address: string): { host: string; port: number } {
  const at = address.lastIndexOf(":");
  return { host: address.slice(0, at), port: Number(address.slice(at + 1)) };
}

/** HKDF-Expand-Label (RFC 8446 section 7.1), for one block. */
async function expand(hash: string, secret: Uint8Array<ArrayBuffer>, label: string, length: number) {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash }, false, ["sign"]);
  const name = new TextEncoder().encode(`tls13 ${label}`);
  const info = Uint8Array.of(0, length, name.length, ...name, 0, 1);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, info)).slice(0, length);
}
