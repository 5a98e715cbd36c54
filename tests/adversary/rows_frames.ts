// Frames that no honest peer sends, before and after authentication (docs/PROTOCOL.md section 2). Each is otherwise right
// and comes from somebody who knows the phrase, so that only the check in question can refuse it.

import assert from "node:assert/strict";
import { PHRASE } from "../harness/process_pair.ts";
import {
  finishAsDialer,
  FRAME,
  frameOf,
  makeAnswer,
  makeOffer,
  parseOffer,
  random,
  readAnswer,
  stretched,
  TYPE,
  type Wire,
} from "../reference/reference.ts";
import type { Row, World } from "./world.ts";

const FRAMES = "protocol 2, model: unknown frame flag, oversized frame: reject";
const CLOSED = "closed at once, not a byte beyond the offer";

export const FRAME_ROWS: readonly Row[] = [
  ...headerRows("version", FRAMES.replace("unknown frame flag", "unknown protocol version"), 0, [0, 2, 255]),
  ...headerRows("type", FRAMES, 1, [0x00, 0x04, 0x11, 0xff]),
  ...headerRows("flag", FRAMES, 2, [1, 0x80]),
  ...headerRows("reserved byte", FRAMES, 3, [1, 0x80]),
  answerRow("accept in place of an answer", (frame) => void (frame[1] = TYPE.accept)),
  answerRow("offer in place of an answer", (frame) => void (frame[1] = TYPE.offer)),
  answerRow("cell in place of an answer", (frame) => void (frame[1] = TYPE.cell)),
  answerRow("padding behind an answer", (frame) => void (frame[FRAME - 1] = 1)),
  answerRow("padding right behind the answer's fields", (frame) => void (frame[4 + 1196] = 0x80)),
  {
    row: "second answer",
    where: "protocol 2",
    sent: "the same right answer again, after the accept",
    promised: "closed at once",
    async run(world) {
      const wire = await world.dial();
      const answered = await rightAnswer(wire);
      wire.send(answered.frame);
      const session = await finishAsDialer(wire, answered);
      wire.send(answered.frame);
      return await world.left(session, "protocol");
    },
    refusals: 0,
  },
  {
    row: "padding behind an accept",
    where: "protocol 2",
    sent: "as listener: a right accept with its last byte 1",
    promised: "closed, no cell",
    async run(world) {
      const { wire, target } = await world.called();
      const phrase = await world.phrase();
      const offered = makeOffer(phrase);
      wire.send(offered.frame);
      const { secrets, right } = readAnswer(wire, offered, phrase, await wire.frame());
      assert(right);
      const accept = frameOf(TYPE.accept, secrets.confirmB);
      accept[FRAME - 1] = 1;
      wire.send(accept);
      return await world.hungUp(wire, target, "protocol", 1);
    },
  },
  ...([["answer", TYPE.answer], ["accept", TYPE.accept], ["cell", TYPE.cell]] as const).map(([name, type]): Row => ({
    row: `${name} in place of an offer`,
    where: "protocol 2",
    sent: `as listener: an offer's body in a frame of type ${name}`,
    promised: "closed, no answer",
    async run(world) {
      const { wire, target } = await world.called();
      const { frame } = makeOffer(await world.phrase());
      frame[1] = type;
      wire.send(frame);
      return await world.hungUp(wire, target, "protocol", 0);
    },
  })),
  ...([["version", 0, 2], ["flag", 2, 1], ["reserved byte", 3, 1]] as const).map(([name, at, value]): Row => ({
    row: `offer with unknown ${name}`,
    where: "protocol 2",
    sent: `as listener: a right offer but for its ${name}`,
    promised: "closed, no answer",
    async run(world) {
      const { wire, target } = await world.called();
      const { frame } = makeOffer(await world.phrase());
      frame[at] = value;
      wire.send(frame);
      return await world.hungUp(wire, target, "protocol", 0);
    },
  })),
  {
    row: "two offers",
    where: "protocol 2",
    sent: "as listener: a right offer twice in one write",
    promised: "closed, no answer: no frame is expected while the phrase is stretched",
    async run(world) {
      const { wire, target } = await world.called();
      // A salt that it has not stretched for, so that the second offer comes while it is waiting.
      const { frame } = makeOffer({ ...await world.phrase(), salt: random(16) });
      wire.send(frame, frame);
      return await world.hungUp(wire, target, "protocol", 0);
    },
  },
  {
    row: "offer and a flood",
    where: "protocol 2, model: OOM",
    sent: "as listener: an offer, then 64 MB of frames while the phrase is stretched",
    promised: "closed at once, memory bounded",
    async run(world) {
      const { wire, target } = await world.called();
      const { frame } = makeOffer({ ...await world.phrase(), salt: random(16) });
      const flood = new Uint8Array(1 << 20);
      for (let at = 0; at + FRAME <= flood.length; at += FRAME) flood[at] = 1, flood[at + 1] = TYPE.cell;
      wire.send(frame);
      for (let i = 0; i < 64 && !wire.closed; i++) {
        await Promise.race([new Promise((done) => wire.socket.write(flood, done)), wire.gone]);
      }
      return await world.hungUp(wire, target, "protocol", 0);
    },
  },
  {
    row: "part frame then end",
    where: "protocol 2",
    sent: "1279 bytes of a right answer, then the end of the connection",
    promised: "discarded, closed",
    async run(world) {
      const wire = await world.dial();
      const { frame } = await rightAnswer(wire);
      wire.send(frame.subarray(0, FRAME - 1));
      wire.end();
      return await world.refusedAfterOffer(wire, "closed");
    },
  },
  {
    row: "record per byte",
    where: "protocol 2: frames, not records",
    sent: "a right answer and a message, one TLS record for each byte",
    promised: "it works",
    async run(world) {
      const wire = await world.dial();
      const answered = await rightAnswer(wire);
      for (const byte of answered.frame) wire.send(Uint8Array.of(byte));
      const session = await finishAsDialer(wire, answered);
      const frames = session.message(JSON.stringify({ type: "chat", id: "AAAAAAAAAAAAAAAAAAAAAA", text: "bytewise" }));
      for (const frame of frames) for (const byte of frame) session.send(Uint8Array.of(byte));
      await session.heard((m) => m.type === "ack");
      await world.victim.like("message", { text: "bytewise" });
      assert.deepEqual(world.shownFrom(wire.identity), ["bytewise"]);
      return "authenticated, shown, acknowledged";
    },
    refusals: 0,
  },
  {
    row: "silence after TLS",
    where: "protocol 0: AUTH_TIMEOUT",
    sent: "nothing after TLS",
    promised: "closed 15 s after TLS",
    slow: true,
    run: (world) => authTimeout(world, () => {}),
  },
  {
    row: "short frame then silence",
    where: "protocol 0, model: short frame",
    sent: "600 bytes of a right answer, then nothing",
    promised: "closed 15 s after TLS",
    slow: true,
    run: (world) => authTimeout(world, (wire, frame) => wire.send(frame.subarray(0, 600))),
  },
  {
    row: "slow bytes",
    where: "protocol 0, model: unbounded CPU/memory",
    sent: "a right answer, one byte each 100 ms",
    promised: "closed 15 s after TLS, however much has come",
    slow: true,
    run: (world) =>
      authTimeout(world, (wire, frame) => {
        let at = 0;
        const timer = setInterval(() => wire.send(frame.subarray(at, ++at)), 100);
        void wire.gone.then(() => clearInterval(timer));
      }),
  },
  {
    row: "silent false listener",
    where: "protocol 0: AUTH_TIMEOUT",
    sent: "as listener: nothing after TLS",
    promised: "closed 15 s after TLS, and the person is told",
    slow: true,
    async run(world) {
      const { wire, target } = await world.called();
      const began = performance.now();
      await wire.closedWithin(20_000);
      await world.refused(target, "timeout");
      return `closed after ${seconds(began)} s, refused: timeout`;
    },
  },
  {
    row: "false listener without an accept",
    where: "protocol 8: a possible guess",
    sent: "as listener: a right offer, then nothing after the answer",
    promised: "closed 15 s after TLS, and the person is told",
    slow: true,
    async run(world) {
      const { wire, target } = await world.offered();
      const began = performance.now();
      await wire.closedWithin(20_000);
      assert.equal(wire.received, FRAME);
      await world.refused(target, "timeout");
      return `closed after ${seconds(began)} s, refused: timeout`;
    },
  },
];

/** Before authentication and after it, as somebody who knows the phrase. */
function headerRows(name: string, where: string, at: number, values: readonly number[]): Row[] {
  return [
    {
      row: `unknown ${name} before authentication`,
      where,
      sent: `a right answer but for its ${name}: ${values.map(hex)}`,
      promised: CLOSED,
      refusals: values.length,
      async run(world) {
        let observed = "";
        for (const value of values) {
          const wire = await world.dial();
          const { frame } = await rightAnswer(wire);
          frame[at] = value;
          wire.send(frame);
          observed = await world.refusedAfterOffer(wire, "protocol");
        }
        return observed;
      },
    },
    {
      row: `unknown ${name} after authentication`,
      where,
      sent: `a cell whose tag covers its ${name}: ${values.map(hex)}`,
      promised: "closed at once",
      refusals: 0,
      async run(world) {
        let observed = "";
        for (const value of values) {
          const session = await world.session();
          await session.stillTalks("good so far");
          const header = { version: { version: value }, flag: { flags: value }, "reserved byte": { reserved: value } };
          const frame = session.dummy(name in header ? { header: header[name as keyof typeof header] } : {});
          frame[at] = value;
          session.send(frame);
          observed = await world.left(session, "protocol");
        }
        return observed;
      },
    },
  ];
}

function answerRow(row: string, change: (frame: Uint8Array) => void): Row {
  return {
    row,
    where: "protocol 2",
    sent: "a right answer, so changed",
    promised: CLOSED,
    async run(world) {
      const wire = await world.dial();
      const { frame } = await rightAnswer(wire);
      change(frame);
      wire.send(frame);
      return await world.refusedAfterOffer(wire, "protocol");
    },
  };
}

async function rightAnswer(wire: Wire) {
  const offer = parseOffer(await wire.frame());
  return makeAnswer(wire, offer, await stretched(PHRASE, offer.salt));
}

async function authTimeout(
  world: World,
  send: (wire: Wire, frame: Uint8Array) => void,
): Promise<string> {
  const wire = await world.dial();
  const began = performance.now();
  send(wire, (await rightAnswer(wire)).frame);
  await wire.closedWithin(20_000);
  const took = performance.now() - began;
  assert(took > 13_000 && took < 18_000, `closed after ${took} ms`);
  assert.equal(wire.received, FRAME);
  await world.refused(wire.localAddress, "timeout");
  return `closed after ${seconds(began)} s, refused: timeout`;
}

function seconds(since: number): string {
  return ((performance.now() - since) / 1000).toFixed(1);
}

function hex(value: number): string {
  return ` 0x${value.toString(16).padStart(2, "0")}`;
}
