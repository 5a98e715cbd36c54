// The channel binding against a second opinion: what Deno calls getFinished() must be the exporter of RFC 8446 section 7.5
// that OpenSSL computes for the same connection, label by label, in both roles (docs/PROTOCOL.md section 1). Everything
// else in this suite takes the binding from the same runtime as the program does.

import { strictEqual as equal } from "node:assert/strict";
import { connect, createServer, type TLSSocket } from "node:tls";
import { channelBindingOf } from "../../src/transport/handshake_check.ts";
import { hasProgram } from "../harness/product.ts";
import { makeCertificate } from "../transport/forged_certificate.ts";
import { OpenSsl } from "../transport/openssl.ts";

const openssl = hasProgram("openssl");
const MATERIAL = /Keying material: ([0-9A-F]{64})/;

for (const [half, label] of ["EXPORTER_DENO_TLS_FINISHED_CLIENT", "EXPORTER_DENO_TLS_FINISHED_SERVER"].entries()) {
  const exported = ["-keymatexport", label, "-keymatexportlen", "32"];

  Deno.test({
    name: `half ${half + 1} of the listener's channel binding is OpenSSL's ${label}`,
    ignore: !openssl,
    async fn() {
      const me = makeCertificate();
      const { promise, resolve } = Promise.withResolvers<TLSSocket>();
      const server = createServer(
        { key: me.keyPem, cert: me.certificatePem, requestCert: true, rejectUnauthorized: false },
        (socket) => {
          socket.on("error", () => {});
          resolve(socket);
        },
      );
      await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
      const { port } = server.address() as { port: number };
      try {
        await using client = OpenSsl.client(`127.0.0.1:${port}`, "127.0.0.1", exported, makeCertificate());
        const socket = await promise;
        const binding = channelBindingOf(socket, "listener");
        equal(binding?.slice(32 * half, 32 * half + 32).toHex().toUpperCase(), (await client.until(MATERIAL))[1]);
        socket.destroy();
      } finally {
        await new Promise<void>((done) => void server.close(() => done()));
      }
    },
  });

  Deno.test({
    name: `half ${half + 1} of the dialer's channel binding is OpenSSL's ${label}`,
    ignore: !openssl,
    async fn() {
      await using server = OpenSsl.server(exported, makeCertificate());
      const port = Number((await server.address()).split(":").at(-1));
      const me = makeCertificate();
      const socket = connect({
        host: "127.0.0.1",
        port,
        key: me.keyPem,
        cert: me.certificatePem,
        rejectUnauthorized: false,
      });
      const closed = new Promise((done) => socket.once("close", done));
      socket.on("error", () => {});
      await new Promise<void>((done) => socket.once("secureConnect", () => done()));
      const binding = channelBindingOf(socket, "dialer");
      equal(binding?.slice(32 * half, 32 * half + 32).toHex().toUpperCase(), (await server.until(MATERIAL))[1]);
      socket.destroy();
      await closed;
    },
  });
}
