// `openssl s_client` and `s_server` as hostile peers: for what node:tls will not do, such as TLS 1.2, a certificate
// without its key, a resumed session, key updates. Out of scope: the certificates (forged_certificate.ts).

import { Child } from "../harness/child.ts";
import type { Forged } from "./forged_certificate.ts";

/** Owns the process, and the folder that it runs in, with its certificate and key. */
export class OpenSsl extends Child {
  readonly folder: string;

  /** `who` absent: no certificate. */
  constructor(args: readonly string[], who?: Forged, keyPem = who?.keyPem) {
    const cwd = Deno.makeTempDirSync({ prefix: "sesame-openssl-" });
    const identity = who === undefined ? [] : ["-cert", "certificate.pem", "-key", "key.pem"];
    if (who !== undefined && keyPem !== undefined) {
      Deno.writeTextFileSync(`${cwd}/certificate.pem`, who.certificatePem);
      Deno.writeTextFileSync(`${cwd}/key.pem`, keyPem);
    }
    super(["openssl", ...args, ...identity], { cwd });
    this.folder = cwd;
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

  /** A client's session, by which another could resume it, in a file of its own: of `-sess_out session.pem`. */
  async session(): Promise<string> {
    const path = `${this.folder}/session.pem`;
    for (;;) {
      const size = await Deno.stat(path).then(({ size }) => size, () => 0);
      if (size > 0) return path;
      await this.until(/[^]/, this.said.length);
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}
