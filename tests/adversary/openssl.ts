// `openssl s_client` and `s_server` as hostile peers: for what node:tls will not do, such as TLS 1.2, a certificate
// without its key, a resumed session, key updates. Not in here: the certificates (tests/transport/forged_certificate.ts).

import type { Forged } from "../transport/forged_certificate.ts";

/** Owns the process and a folder with its certificate and key. */
export class OpenSsl implements AsyncDisposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "sesame-openssl-" });
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  /** Everything that it printed. */
  said = "";
  #wake = () => {};
  #ended = false;

  /** `who` absent: no certificate. `folder/` in an argument is this one's folder. */
  constructor(args: readonly string[], who?: Forged, keyPem = who?.keyPem) {
    const identity = who === undefined ? [] : ["-cert", "folder/certificate.pem", "-key", "folder/key.pem"];
    if (who !== undefined && keyPem !== undefined) {
      Deno.writeTextFileSync(`${this.folder}/certificate.pem`, who.certificatePem);
      Deno.writeTextFileSync(`${this.folder}/key.pem`, keyPem);
    }
    this.#process = new Deno.Command("openssl", {
      args: [...args, ...identity].map((arg) => arg.replace(/^folder\//, `${this.folder}/`)),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#input.closed.catch(() => {});
    this.#reading = Promise.all([this.#read(this.#process.stdout), this.#read(this.#process.stderr)]).then(() => {
      this.#ended = true;
      this.#wake();
    });
  }

  static client(address: string, from: string, args: readonly string[], who?: Forged, keyPem?: string): OpenSsl {
    return new OpenSsl(["s_client", "-connect", address, "-bind", `${from}:0`, ...args], who, keyPem);
  }

  static server(args: readonly string[], who: Forged, keyPem?: string): OpenSsl {
    return new OpenSsl(["s_server", "-accept", "127.0.0.1:0", "-Verify", "1", ...args], who, keyPem);
  }

  /** Where `s_server` listens. */
  async address(): Promise<string> {
    return (await this.until(/^ACCEPT (\S+:\d+)\s/m))[1]!;
  }

  until(pattern: RegExp): Promise<RegExpExecArray> {
    return this.told(() => pattern.exec(this.said) ?? undefined);
  }

  /** What `look` finds in `said`, asked again after each piece of it. */
  async told<T>(look: () => T | undefined): Promise<T> {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`openssl has ended: ${this.said.slice(-200)}`);
      await new Promise<void>((done) => this.#wake = done);
    }
  }

  /** False once it has ended. */
  async type(text: string): Promise<boolean> {
    try {
      await this.#input.write(new TextEncoder().encode(text));
      return !this.#ended;
    } catch {
      return false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended by itself.
    }
    await this.#input.abort().catch(() => {});
    await this.#reading;
    await this.#process.status;
    await Deno.remove(this.folder, { recursive: true });
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.said += decoder.decode(bytes, { stream: true });
      this.#wake();
    }
  }
}
