// Two ends of TLS that both began as clients, over sockets of this machine; and what else may answer there.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { connect as tcpConnect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect, TLSSocket } from "node:tls";
import { TcpServer, tlsServer } from "../../../tests/harness/tcp.ts";
import type { Role } from "../../ports.ts";
import { makeIdentity } from "../certificate.ts";
import { checkHandshake } from "../handshake_check.ts";
import { secureContextOf, TLS_SETTINGS } from "../tls_handshake.ts";
import { meet } from "./meet.ts";

const random = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
const [anna, bert] = [makeIdentity(random), makeIdentity(random)];

interface Met {
  readonly role: Role;
  readonly peer: string;
  readonly binding: string;
  readonly socket: TLSSocket;
}
type Outcome = Met | string;

/** Meets over this socket; what became of it, and which role was asked about. */
function met(
  raw: Socket,
  identity = anna,
  admits = true,
): { outcome: Promise<Outcome>; asked: Role[]; giveUp(): void } {
  const secured = { ...TLS_SETTINGS, secureContext: secureContextOf(identity) };
  const asked: Role[] = [];
  let giveUp = () => {};
  let clientOver: Duplex | undefined;
  const outcome = new Promise<Outcome>((done) => {
    raw.on("error", () => {});
    raw.on("close", () => queueMicrotask(() => done("gone")));
    giveUp = meet(raw, {
      client: (over) => connect({ ...secured, socket: clientOver = over }),
      server: (over) => {
        // As a library may that says goodbye when it is ended.
        clientOver?.write("the client's last word");
        return new TLSSocket(over, { ...secured, isServer: true, requestCert: true });
      },
      decided: (role) => (asked.push(role), admits),
      begun: (socket, role) => {
        socket.on("error", () => done("no TLS"));
        socket.on("close", () => done("no TLS"));
        socket.once(role === "dialer" ? "secureConnect" : "secure", () => {
          const checked = checkHandshake(socket, role);
          if (checked === undefined) return done("not ours");
          done({ role, peer: checked.peer, binding: checked.channelBinding.toHex(), socket });
        });
      },
      failed: done,
    });
  });
  return { outcome, asked, giveUp };
}

/** Two ends of one TCP connection; `between` may change or cut what goes from the first to the second and back. */
async function pair(between?: Between): Promise<{ ends: [Socket, Socket] } & AsyncDisposable> {
  const servers: TcpServer[] = [];
  const callers: Socket[] = [];
  const accepted = async () => {
    const server = await TcpServer.of((socket) => void socket.setNoDelay(true));
    servers.push(server);
    const opened = tcpConnect({ port: server.port, host: "127.0.0.1", noDelay: true }).on("error", () => {});
    callers.push(opened);
    await server.callers(1);
    return [opened, server.sockets[0]!] as const;
  };
  const [first, near] = await accepted();
  let second = near;
  if (between !== undefined) {
    const [far, end] = await accepted();
    const [there, back] = [between(), between()];
    near.on("data", (chunk: Uint8Array) => there(chunk).forEach((part) => far.write(part)));
    far.on("data", (chunk: Uint8Array) => back(chunk).forEach((part) => near.write(part)));
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    second = end;
  }
  return {
    ends: [first, second],
    async [Symbol.asyncDispose]() {
      for (const socket of callers) socket.destroy();
      for (const server of servers) await server[Symbol.asyncDispose]();
    },
  };
}

/** What becomes of one direction's chunks. */
type Between = () => (chunk: Uint8Array) => Uint8Array[];

/** Anna's outcome and Bert's: one is the client, one the server, and the connection is the same. */
function agreed([one, other]: readonly [Outcome, Outcome]): [Met, Met] {
  ok(typeof one === "object" && typeof other === "object", String(one) + String(other));
  deepEqual([one.role, other.role].sort(), ["dialer", "listener"]);
  equal(one.binding, other.binding);
  deepEqual([one.peer, other.peer], [bert.peerId, anna.peerId]);
  return [one, other];
}

Deno.test("two who both began as clients agree on who is who, each time, and are one TLS connection", async () => {
  const roles = new Set<Role>();
  for (let i = 0; i < 20; i++) {
    await using wire = await pair();
    const [one, other] = [met(wire.ends[0]), met(wire.ends[1], bert)];
    const outcomes = agreed(await Promise.all([one.outcome, other.outcome]));
    deepEqual([one.asked, other.asked], outcomes.map(({ role }) => [role]));
    roles.add(outcomes[0].role);
    const [a, b] = [outcomes[0].socket, outcomes[1].socket];
    const heard = Promise.all(
      [a, b].map((socket) => new Promise((done) => socket.once("data", (d) => done(String(d))))),
    );
    a.write("from a");
    b.write("from b");
    deepEqual(await heard, ["from b", "from a"]);
  }
  equal(roles.size, 2, "each was each");
});

Deno.test("both sides also agree when every byte arrives alone", async () => {
  await using wire = await pair(() => (chunk) => Array.from(chunk, (byte) => Uint8Array.of(byte)));
  agreed(await Promise.all([met(wire.ends[0]).outcome, met(wire.ends[1], bert).outcome]));
});

Deno.test("from one who became the server no byte of the client leaves: a ServerHello follows the ClientHello", async () => {
  const sent: Uint8Array[][] = [];
  await using wire = await pair(() => {
    const mine: Uint8Array[] = [];
    sent.push(mine);
    return (chunk) => [(mine.push(chunk.slice()), chunk)];
  });
  const outcomes = agreed(await Promise.all([met(wire.ends[0]).outcome, met(wire.ends[1], bert).outcome]));
  const kinds = sent.map((chunks) => {
    const all = Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
    const second = 5 + (all[3]! << 8 | all[4]!);
    return [all[0], all[5], all[second], all[second + 5]];
  });
  const server = outcomes[0].role === "listener" ? 0 : 1;
  deepEqual(kinds[server], [22, 1, 22, 2]);
  // The client's second record is a change_cipher_spec or what is encrypted, never another ClientHello.
  deepEqual([kinds[1 - server]![0], kinds[1 - server]![1]], [22, 1]);
  ok(kinds[1 - server]![2] !== 22);
});

Deno.test("a listener that only ever answers is met as by any client", async () => {
  const { keyPem: key, certificatePem: cert } = bert;
  await using server = await tlsServer({ key, cert, requestCert: true, ...TLS_SETTINGS });
  const { outcome, asked } = met(tcpConnect({ port: server.port, host: "127.0.0.1" }));
  const came = await outcome;
  ok(typeof came === "object");
  deepEqual([came.role, came.peer, asked], ["dialer", bert.peerId, ["dialer"]]);
  came.socket.destroy();
});

Deno.test("a mirror is found out, and nobody is asked to let it in", async () => {
  await using wire = await pair();
  wire.ends[1].on("data", (chunk) => wire.ends[1].write(chunk));
  const { outcome, asked } = met(wire.ends[0]);
  deepEqual([await outcome, asked], ["mirror", []]);
  ok(wire.ends[0].destroyed);
});

Deno.test("forged randoms make two servers or two clients: no TLS comes of it", async () => {
  for (const forged of [0xff, 0x00]) {
    await using wire = await pair(() => {
      let at = 0;
      return (chunk) => {
        const changed = chunk.slice();
        for (let i = 0; i < changed.length; i++, at++) if (at >= 11 && at < 43) changed[i] = forged;
        return [changed];
      };
    });
    const [one, other] = [met(wire.ends[0]), met(wire.ends[1], bert)];
    if (forged === 0xff) {
      const outcomes = await Promise.all([one.outcome, other.outcome]);
      ok(outcomes.every((outcome) => typeof outcome === "string"), "two servers");
      deepEqual([one.asked, other.asked], [["listener"], ["listener"]]);
    } else {
      // Each waits for the other's ServerHello, and the transport's time-out ends that.
      const early = await Promise.race([
        one.outcome,
        other.outcome,
        new Promise((done) => setTimeout(() => done("silence"), 300)),
      ]);
      equal(early, "silence");
      deepEqual([one.asked, other.asked], [["dialer"], ["dialer"]]);
    }
  }
});

Deno.test("an oversize hello, noise, a close before the hello and after half of it all end it", async () => {
  const oversize = Uint8Array.of(22, 3, 1, 0x20, 0, 1, 0, 0x1f, 0xfc, 3, 3);
  const noise = crypto.getRandomValues(new Uint8Array(64)).with(0, 0x48);
  for (const [bytes, expected] of [[oversize, "broken"], [noise, "no TLS"]] as const) {
    await using wire = await pair();
    const { outcome } = met(wire.ends[0]);
    wire.ends[1].write(bytes);
    equal(await outcome, expected);
  }
  for (const bytes of [[], [22, 3, 1]]) {
    await using wire = await pair();
    const { outcome, asked } = met(wire.ends[0]);
    if (bytes.length > 0) wire.ends[1].write(Uint8Array.from(bytes));
    wire.ends[1].end();
    deepEqual([await outcome, asked], ["closed", []]);
  }
});

Deno.test("a hello with the larger random that TLS cannot make sense of ends that connection and nothing else", async () => {
  // Of the right form for the roles, and of nothing more: version, random, no session, one suite, no extensions.
  const body = Uint8Array.of(3, 3, ...Array(32).fill(255), 0, 0, 2, 0x13, 1, 1, 0, 0, 0);
  const hello = Uint8Array.of(22, 3, 1, 0, body.length + 4, 1, 0, 0, body.length, ...body);
  await using joint = await pair();
  const [ours, theirs] = joint.ends;
  theirs.once("data", () => theirs.write(hello));
  const { outcome, asked } = met(ours);
  ok(["no TLS", "gone"].includes(String(await outcome)), String(await outcome));
  deepEqual(asked, ["listener"]);
});

Deno.test("a caller who is not admitted is closed before TLS goes on, and sees only our ClientHello", async () => {
  await using wire = await pair();
  const seen: Uint8Array[] = [];
  wire.ends[1].on("data", (chunk: Uint8Array) => void seen.push(chunk.slice()));
  const { outcome, asked } = met(wire.ends[0], anna, false);
  // The largest random of all: we are to be the listener.
  const hello = new Uint8Array(214).fill(0xff);
  hello.set([22, 3, 1, 0, 209, 1, 0, 0, 205, 3, 3]);
  wire.ends[1].write(hello);
  deepEqual([await outcome, asked], ["refused", ["listener"]]);
  await new Promise((done) => wire.ends[1].once("close", done));
  const all = Uint8Array.from(seen.flatMap((chunk) => [...chunk]));
  equal(all.length, 5 + (all[3]! << 8 | all[4]!));
});

Deno.test("given up, it says nothing and closes the connection", async () => {
  await using wire = await pair();
  const { outcome, giveUp } = met(wire.ends[0]);
  giveUp();
  equal(await outcome, "gone");
});
