// Noise XX over node:net with `noise-handshake`, a peer of the handshake's benchmark: Noise_XX_25519_ChaChaPoly_BLAKE2b, both
// sides in this process over loopback, messages behind two bytes of length, complete when both sides have their keys.
//
// It was chosen from npm's packages because it is maintained by the people whose peer-to-peer network runs on it, and
// because it is XX and nothing more. `@libp2p/noise` adds signed identities in protocol buffers and needs libp2p's
// streams; `noise-protocol` is no longer maintained by its author. Its arithmetic is native (sodium-native, 18 MB), so
// it is not a dependency of the project: only this file names it, and only `bench/deno.lock` pins it (libsignal.ts says
// how).

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Side } from "./ratio.ts";

export const NOISE = "npm:noise-handshake@4.2.0";

/** What is used of it. */
interface Noise {
  readonly complete: boolean;
  initialise(prologue: Uint8Array): void;
  send(): Uint8Array;
  recv(message: Uint8Array): void;
}
type NoiseClass = new (pattern: "XX", initiator: boolean, keys: unknown) => Noise;

/** Both have one static key for all their handshakes, as our two have one certificate. */
export async function noise(): Promise<Side> {
  const { default: Noise } = await import(NOISE) as { default: NoiseClass };
  const keys = [true, false].map((first) => (new Noise("XX", first, undefined) as unknown as { s: unknown }).s);
  const begin = (initiator: boolean): Noise => {
    const state = new Noise("XX", initiator, keys[initiator ? 0 : 1]);
    state.initialise(new Uint8Array(0));
    return state;
  };
  let accepted: (socket: Socket) => void = () => {};
  const server = createServer({ noDelay: true }, (socket) => accepted(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  let sockets: Socket[] = [];
  return {
    run: async () => {
      const answered = new Promise<Socket>((done) => accepted = done).then((socket) => {
        sockets.push(socket);
        return complete(socket, begin(false));
      });
      const socket = connect({ host: "127.0.0.1", port, noDelay: true });
      sockets.push(socket);
      await once(socket, "connect");
      const state = begin(true);
      const done = complete(socket, state);
      socket.write(framed(state.send()));
      await Promise.all([done, answered]);
    },
    after: async () => {
      await destroyAll(sockets);
      sockets = [];
    },
  };
}

/** Takes a message and answers it, until the handshake is complete on this side. */
function complete(socket: Socket, state: Noise): Promise<void> {
  return new Promise((done, fail) => {
    let rest = new Uint8Array(0);
    socket.on("error", fail);
    socket.on("data", (chunk: Uint8Array) => {
      rest = new Uint8Array([...rest, ...chunk]);
      while (rest.length >= 2 && rest.length >= 2 + (rest[0]! << 8 | rest[1]!)) {
        const end = 2 + (rest[0]! << 8 | rest[1]!);
        state.recv(rest.subarray(2, end));
        rest = rest.slice(end);
        if (!state.complete) socket.write(framed(state.send()));
        if (state.complete) done();
      }
    });
  });
}

function framed(message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(2 + message.length);
  frame.set([message.length >> 8, message.length & 0xff]);
  frame.set(message, 2);
  return frame;
}

export async function destroyAll(sockets: readonly Socket[]): Promise<void> {
  const closed = sockets.map((socket) => once(socket, "close"));
  for (const socket of sockets) {
    socket.on("error", () => {});
    socket.destroy();
  }
  await Promise.all(closed);
  await settled();
}

/** Leaves the event loop to what closing still has to do. */
export function settled(): Promise<void> {
  return new Promise((done) => setTimeout(done, 2));
}
