// A whole connection as the program makes one, both sides in this process over loopback: TCP, TLS, the checks of the peer's
// certificate, offer, answer, accept, and the first cell each way. Argon2id is left out (the phrase is stretched already),
// and so is the wait for the first tick: the sessions get a clock that is set to their deadline.
//
// The peer is the bare handshake under it: node:tls, mutual TLS 1.3, the same kind of certificates. With self-signed
// certificates TLS itself judges nobody, so each end does what makes it mutual: it takes the other's certificate and
// verifies it (curve, issuer, signature) with the runtime's X509Certificate. The second comparison leaves that out as
// well; there the peer has authenticated nobody, and no goal is set. In the third the peer is Noise XX over TCP
// (noise.ts), which recognises the other side by its keys, has no phrase, no post-quantum part and no certificates, and
// does the rest natively. All are warm: connections are made and closed before any is counted. They are made in
// batches, one after another, and closed after each: on a busy machine the system interrupts whichever process has
// worked for some milliseconds, and with single handshakes that would be our side only.

import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { connect, TLSSocket } from "node:tls";
import type { StretchedPhrase } from "../src/auth/stretched.ts";
import type { Link, Listener } from "../src/ports.ts";
import type { Arena } from "../src/secrets/locked.ts";
import type { Shape } from "../src/session/pacer.ts";
import { type Event, Session } from "../src/session/step.ts";
import { makeIdentity } from "../src/transport/certificate.ts";
import { TlsTransport } from "../src/transport/tls.ts";
import { secureContextOf, TLS_SETTINGS } from "../src/transport/tls_handshake.ts";
import { destroyAll, noise, settled } from "./noise.ts";
import { compare, type Side } from "./ratio.ts";
import { benchArena, entropy, stretchedAlready } from "./setup.ts";

compare("handshake", async () => {
  const arena = await benchArena();
  return { goal: { atMost: 2.2 }, rounds: 40, batch: BATCH, ours: await ours(arena), peer: await bare(verified) };
});

compare("handshake, against TLS without a look at the certificates", async () => {
  const arena = await benchArena();
  return { goal: undefined, rounds: 40, batch: BATCH, ours: await ours(arena), peer: await bare(() => true) };
});

compare("handshake, against Noise XX", async () => {
  const arena = await benchArena();
  return { goal: undefined, rounds: 40, batch: BATCH, ours: await ours(arena), peer: await noise() };
});

// --- Ours -----------------------------------------------------------------------------------------------------------

const BATCH = 10;
const SHAPE: Shape = { cover: "constant", intervalMs: 250 };

async function ours(arena: Arena): Promise<Side> {
  const phrase = stretchedAlready(arena);
  const dialing = new TlsTransport(makeIdentity(entropy));
  const listening = new TlsTransport(makeIdentity(entropy));
  let accepted: (link: Link) => void = () => {};
  const listener: Listener = await listening.listen("127.0.0.1:0", {
    called: (caller) =>
      caller.start({
        linked: (link) => accepted(link),
        failed: (why) => {
          throw new Error(`a connection failed: ${why}`);
        },
      }),
  });
  let links: Link[] = [];
  let ends: Promise<void>[] = [];
  return {
    run: async () => {
      const answered = new Promise<Link>((done) => accepted = done);
      const begin = (link: Link) => {
        links.push(link);
        const { opened, ended } = firstCell(arena, phrase, link);
        if (link.role === "listener") ends.push(ended);
        return opened;
      };
      await Promise.all([
        answered.then(begin),
        dialing.dial(listener.address, new AbortController().signal).then(begin),
      ]);
    },
    after: async () => {
      for (const link of links) if (link.role === "dialer") link.close();
      await Promise.all(ends);
      [links, ends] = [[], []];
      await settled();
    },
  };
}

/** `opened`: the session on this link has sent a cell and opened one. `ended`: the other side has closed it. */
function firstCell(
  arena: Arena,
  phrase: StretchedPhrase,
  link: Link,
): { opened: Promise<void>; ended: Promise<void> } {
  const { role, self, peer, channelBinding } = link;
  const session = new Session(arena, { role, self, peer, channelBinding }, SHAPE, 0);
  const opened = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const step = (event: Event, now = 0): void => {
    for (const effect of session.step(event, now, entropy)) {
      switch (effect.type) {
        case "send":
          link.send(effect.frame);
          break;
        case "stretch":
          step({ type: "stretched", phrase });
          break;
        case "verified":
          step({ type: "admit" });
          step({ type: "time", unsent: 0 }, session.deadline);
          break;
        case "opened":
          session[Symbol.dispose]();
          opened.resolve();
          break;
        case "close":
          opened.reject(new Error(`a session ended: ${effect.reason}`));
      }
    }
  };
  link.receive((frame) => step({ type: "frame", frame }), () => ended.resolve());
  if (role === "listener") step({ type: "opened", phrase });
  return { opened: opened.promise, ended: ended.promise };
}

// --- The bare handshake ---------------------------------------------------------------------------------------------

type Judge = (socket: TLSSocket) => boolean;

function verified(socket: TLSSocket): boolean {
  const { raw } = socket.getPeerCertificate(true);
  const certificate = new X509Certificate(raw);
  const { publicKey } = certificate;
  return socket.getProtocol() === "TLSv1.3" && publicKey.asymmetricKeyDetails?.namedCurve === "prime256v1" &&
    certificate.checkIssued(certificate) && certificate.verify(publicKey);
}

async function bare(judge: Judge): Promise<Side> {
  const [dialing, listening] = [secureContextOf(makeIdentity(entropy)), secureContextOf(makeIdentity(entropy))];
  let accepted: (socket: TLSSocket) => void = () => {};
  const server: Server = createServer({ noDelay: true }, (raw) => {
    accepted(
      new TLSSocket(raw, { ...TLS_SETTINGS, isServer: true, requestCert: true, secureContext: listening } as never),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  let sockets: TLSSocket[] = [];
  return {
    run: async () => {
      const answered = new Promise<TLSSocket>((done) => accepted = done).then(async (socket) => {
        sockets.push(socket);
        await once(socket, "secure");
        if (!judge(socket)) throw new Error("a good client does not pass");
      });
      const socket = connect({ ...TLS_SETTINGS, host: "127.0.0.1", port, secureContext: dialing });
      sockets.push(socket);
      await once(socket, "secureConnect");
      if (!judge(socket)) throw new Error("a good server does not pass");
      await answered;
    },
    after: async () => {
      await destroyAll(sockets);
      sockets = [];
    },
  };
}
