// Below the frames (docs/PROTOCOL.md section 1): no TLS, certificates that prove nothing, a resumed session, and floods of
// what TLS itself allows. Some need OpenSSL, since node:tls will not do them. Old TLS, and another's certificate without
// its key: tests/transport/hostile_tls_test.ts.

import assert from "node:assert/strict";
import { connect, type ConnectionOptions } from "node:tls";
import { makeCertificate } from "../transport/forged_certificate.ts";
import { OpenSsl } from "../transport/openssl.ts";
import { newIdentity, random, split, utf8, Wire } from "../reference/reference.ts";
import { AT_ONCE_MS, type Row, type World } from "./world.ts";

export const TLS_ROWS: readonly Row[] = [
  rawRow("HTTP", "protocol 1: TLS 1.3 only", () => utf8("GET / HTTP/1.1\r\nHost: sesame\r\n\r\n")),
  rawRow("garbage", "model: malformed network input", () => random(4096)),
  rawRow("SSH", "model: malformed network input", () => utf8("SSH-2.0-OpenSSH_9.9\r\n")),
  rawRow("TLS record of the largest length", "model: malformed network input", () => {
    const record = new Uint8Array(5 + 0xffff).fill(0xaa);
    record.set([0x16, 3, 1, 0xff, 0xff]);
    return record;
  }),
  rawRow("flood of alerts in the clear", "model: alert floods", () => {
    const alerts = new Uint8Array(7 * 20_000);
    for (let at = 0; at < alerts.length; at += 7) alerts.set([0x15, 3, 3, 0, 2, 1, 90], at);
    return alerts;
  }),
  rawRow("flood of empty records", "model: unbounded CPU/memory", () => {
    const records = new Uint8Array(5 * 20_000);
    for (let at = 0; at < records.length; at += 5) records.set([0x16, 3, 1, 0, 0], at);
    return records;
  }),
  {
    row: "64 MB before TLS",
    where: "model: OOM",
    sent: "64 MB of zeros on a TCP connection",
    promised: "closed, memory bounded",
    async run(world) {
      const peer = world.raw();
      await peer.connected;
      const chunk = new Uint8Array(1 << 20);
      let sent = 0;
      const sending = (async () => {
        for (; sent < 64; sent++) await peer.send(chunk);
      })();
      await Promise.race([sending, peer.gone]);
      await peer.closedWithin(AT_ONCE_MS);
      await world.refused(peer.localAddress, "protocol").catch(() => world.refused(peer.localAddress, "closed"));
      return "closed";
    },
  },
  {
    row: "frames without TLS",
    where: "protocol 1",
    sent: "a frame on a bare TCP connection",
    promised: "closed",
    async run(world) {
      const peer = world.raw();
      await peer.connected;
      const frame = new Uint8Array(1280);
      frame.set([1, 2]);
      await peer.send(frame);
      await peer.closedWithin(6000);
      return "closed";
    },
  },
  {
    row: "silence before TLS",
    where: "protocol 0: TLS_HANDSHAKE_TIMEOUT",
    sent: "nothing on a TCP connection",
    promised: "closed after 5 s",
    slow: true,
    run: (world) => tlsTimeout(world, () => {}),
  },
  {
    row: "slow TLS",
    where: "protocol 0: TLS_HANDSHAKE_TIMEOUT",
    sent: "a record's header, then a byte each 100 ms",
    promised: "closed after 5 s, however much has come",
    slow: true,
    run: (world) =>
      tlsTimeout(world, (peer) => {
        void peer.send(Uint8Array.of(0x16, 3, 1, 0x10, 0, 1, 0, 0x0f, 0xfc));
        const timer = setInterval(() => void peer.send(Uint8Array.of(0)), 100);
        void peer.gone.then(() => clearInterval(timer));
      }),
  },
  {
    row: "silent TLS server",
    where: "protocol 0: a dialer waits 20 s for TLS",
    sent: "as listener: TCP, no TLS",
    promised: "closed after 20 s, refused: timeout",
    slow: true,
    async run(world) {
      const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const target = `127.0.0.1:${server.addr.port}`;
      await world.victim.say(`/connect ${target}`);
      const conn = await server.accept();
      const began = performance.now();
      // The ClientHello comes; then nothing until the end.
      const bytes = new Uint8Array(4096);
      while (await conn.read(bytes).catch(() => null) !== null);
      conn.close();
      server.close();
      const took = performance.now() - began;
      assert(took > 18_500 && took < 25_000, `closed after ${took} ms`);
      await world.refused(target, "timeout");
      return `closed after ${(took / 1000).toFixed(1)} s, refused: timeout`;
    },
  },
  {
    row: "no certificate",
    where: "protocol 1: a peer certificate; platform 0.7",
    sent: "TLS 1.3 without a client certificate",
    promised: "closed, no offer",
    async run(world) {
      const from = world.stranger();
      const socket = connect(
        { ...split(world.address), localAddress: from, rejectUnauthorized: false } as ConnectionOptions & {
          localAddress: string;
        },
      );
      let received = 0;
      socket.on("data", (chunk: Uint8Array) => received += chunk.length);
      socket.on("error", () => {});
      await new Promise<void>((done) => socket.once("close", () => done()));
      assert.equal(received, 0);
      await world.refusedFrom(from, "protocol");
      return "closed, refused: protocol, no byte after TLS";
    },
  },
  certificateRow("X.509 v1 certificate", "v1, with its own key", makeCertificate({ version: undefined })),
  certificateRow("X.509 v2 certificate", "v2, with its own key", makeCertificate({ version: 1 })),
  certificateRow("issuer that is not the subject", "v3, another issuer", makeCertificate({ issuer: "b" })),
  certificateRow(
    "certificate that does not verify",
    "v3, signed with another key",
    makeCertificate({ signWith: makeCertificate().keys.privateKey }),
  ),
  {
    row: "storm of connections",
    where: "model: unbounded CPU/memory; issue: connect-and-close storms",
    sent: "600 TCP connections from 60 addresses, closed at once, some half-way into TLS",
    promised: "alive, the friend talks on",
    world: {},
    async run(world) {
      const hello = Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0);
      for (let round = 0; round < 10; round++) {
        const peers = Array.from({ length: 60 }, (_, i) => world.raw(`127.200.${i}.1`));
        await Promise.all(peers.map((peer) => peer.connected));
        for (const [i, peer] of peers.entries()) {
          if (i % 3 === 0) void peer.send(hello);
          if (i % 3 === 1) peer.socket.resetAndDestroy();
          else peer.socket.destroy();
        }
        await Promise.all(peers.map((peer) => peer.gone));
      }
      // A newcomer still gets in, at the latest once the listener has noticed that the last of them are gone.
      const began = Date.now();
      for (;;) {
        const session = await world.session().catch(() => undefined);
        if (session !== undefined) {
          await session.stillTalks("through the storm");
          break;
        }
        if (Date.now() - began > 3_000) throw new Error("3 s after the storm nobody gets in");
        await new Promise((done) => setTimeout(done, 50));
      }
      return "600 opened and closed; a newcomer got in within 3 s";
    },
  },
  {
    row: "stream of connections that go half-way",
    where: "issue: connect-and-close storms",
    sent: "60 whole TLS handshakes from 20 addresses, closed at the offer",
    promised: "alive, the friend talks on, a newcomer gets in",
    world: {},
    async run(world) {
      for (let i = 0; i < 60; i++) {
        const wire = await Wire.dial(world.address, { from: `127.201.${i % 20}.1` });
        await wire.frame();
        wire[Symbol.dispose]();
      }
      await (await world.session()).stillTalks("through the storm");
      return "a newcomer got in after them";
    },
  },

  {
    row: "resumed session",
    where: "protocol 1: a resumed TLS session is rejected",
    sent: "a session that the victim's own ticket resumes",
    promised: "refused: protocol",
    needs: "openssl",
    async run(world) {
      const identity = makeCertificate();
      const [first, second] = [world.stranger(), world.stranger()];
      const one = world.own(OpenSsl.client(world.address, first, ["-sess_out", "session.pem"], identity));
      const two = world.own(OpenSsl.client(world.address, second, ["-sess_in", await one.session()], identity));
      await world.refusedFrom(second, "protocol");
      await two.until(/Reused, TLSv1\.3/);
      return "the TLS session was resumed, and refused: protocol";
    },
  },
  {
    row: "flood of key updates",
    where: "issue: TLS key-update floods",
    sent: "1000 key updates, each asking for one back, after TLS",
    promised: "alive, memory bounded, the friend talks on meanwhile",
    needs: "openssl",
    async run(world) {
      const from = world.stranger();
      const client = world.own(OpenSsl.client(world.address, from, [], makeCertificate()));
      await client.until(/read R BLOCK|Verify return code|Post-Handshake/);
      let updates = 0;
      // One line is one command only if it is read by itself, which what it prints shows.
      while (updates < 1000) {
        const before = client.said.length;
        await client.write("K\n");
        if (await client.until(/KEYUPDATE/, before).catch(() => undefined) === undefined) break;
        if (++updates % 250 === 0) await world.stillWell();
      }
      assert(updates >= 500, `only ${updates} key updates`);
      return `${updates} key updates`;
    },
    refusals: 1,
  },
];

function rawRow(row: string, where: string, bytes: () => Uint8Array): Row {
  return {
    row,
    where,
    sent: "those bytes on a TCP connection",
    promised: "closed, nothing said but a TLS alert",
    async run(world) {
      const peer = world.raw();
      await peer.connected;
      void peer.send(bytes());
      await peer.closedWithin(AT_ONCE_MS);
      assert(peer.received <= 64, `${peer.received} bytes came back`);
      const { reason } = await world.victim.like("refused", { address: peer.localAddress });
      assert(reason === "protocol" || reason === "closed", String(reason));
      return `closed, refused: ${reason}, ${peer.received} bytes came back`;
    },
  };
}

function certificateRow(row: string, sent: string, certificate: ReturnType<typeof makeCertificate>): Row {
  return {
    row,
    where: "protocol 1: v3, P-256, issuer and subject equal, self-signed",
    sent,
    promised: "refused: protocol, no offer; as listener: no answer",
    refusals: 2,
    async run(world) {
      const identity = newIdentity(certificate);
      const from = world.stranger();
      const wire = await world.dial({ from, identity }).catch(() => undefined);
      await wire?.closedWithin(AT_ONCE_MS);
      assert.equal(wire?.received ?? 0, 0);
      await world.refusedFrom(from, "protocol");
      const { target } = await world.called(identity).catch(() => ({ target: "" }));
      if (target !== "") await world.refused(target, "protocol");
      return "refused: protocol, in both roles";
    },
  };
}

async function tlsTimeout(world: World, send: (peer: ReturnType<World["raw"]>) => void): Promise<string> {
  const peer = world.raw();
  await peer.connected;
  const began = performance.now();
  send(peer);
  await peer.closedWithin(9000);
  const took = performance.now() - began;
  assert(took > 3500 && took < 8000, `closed after ${took} ms`);
  assert.equal(peer.received, 0);
  await world.refused(peer.localAddress, "timeout");
  return `closed after ${(took / 1000).toFixed(1)} s, refused: timeout`;
}
