// What the line shows of a few real sessions, from SYN to FIN: sizes, records and segments, counts, the close. Without
// statistics: what is promised here holds for every session (docs/PROTOCOL.md section 7; tests/traffic/traffic.ts does the rest).
//
// tcpdump is needed, and the right to use it; where tshark is too, it has to agree with our own reading.

import assert from "node:assert/strict";
import { pause } from "../harness/child.ts";
import { OPENING_CELLS, OPENING_GAP_MS } from "../../src/constants.ts";
import { captureProblem, PORTS, Tcpdump } from "./capture.ts";
import { type Flow, flowsOf, type TlsRecord } from "./flow.ts";
import { gridOf } from "./grid.ts";
import { FRAME_RECORD } from "./sessions.ts";
import { Sesame } from "../harness/process.ts";
import { hasProgram } from "../harness/product.ts";

const problem = await captureProblem();
if (problem !== undefined) console.warn(`SKIPPED: no traffic can be captured: ${problem}.`);
const test = (sentence: string, body: () => Promise<void>) =>
  Deno.test({ name: sentence, ignore: problem !== undefined, fn: body });

/** Of the default: a machine would have to stall for that long to miss a tick. */
const INTERVAL_MS = 250;
const TALK_MS = 4_000;
/** The last of the range, which the gate does not come to. */
let port: number = PORTS.last - 100;

interface Session {
  readonly phrase: string;
  readonly decoy: boolean;
  /** The dialer stands still for so long in the middle, as if its machine slept. */
  readonly stopMs?: number;
  /** The dialer's, where it is another one: it will be refused. */
  readonly dialerPhrase?: string;
  readonly dialerDecoy?: boolean;
  readonly lines: readonly string[];
}

/** Of one session: what our own reading makes of it, and what tshark's does where it is there. */
interface Observed {
  readonly flow: Flow;
  /** Lengths of the TCP payloads and of the TLS records (without their headers). */
  readonly tshark: { readonly segments: readonly number[]; readonly records: readonly number[] } | undefined;
}

/** Plays the sessions one after the other under one tcpdump. */
async function observe(sessions: readonly Session[]): Promise<Observed[]> {
  await using tcpdump = await Tcpdump.start(PORTS.last - 100, PORTS.last);
  const ports: number[] = [];
  for (const session of sessions) {
    ports.push(++port);
    await playOne(session, port);
  }
  const flows = flowsOf((await tcpdump.read()).segments);
  const second = hasProgram("tshark");
  return ports.map((p) => {
    const flow = flows.find(({ listener }) => listener.endsWith(`:${p}`));
    assert.ok(flow, `nothing was captured of port ${p}`);
    return {
      flow,
      tshark: second
        ? {
          segments: tshark(tcpdump.path, `tcp.port==${p} && tcp.len>0`, "tcp.len"),
          records: tshark(tcpdump.path, `tcp.port==${p} && tls`, "tls.record.length"),
        }
        : undefined,
    };
  });
}

async function playOne(session: Session, port: number): Promise<void> {
  const { phrase, decoy, stopMs, dialerPhrase, dialerDecoy, lines } = session;
  const mode = (on: boolean) => on ? ["--decoy"] : [];
  const options = ["--json", "--phrase-fd", "0"];
  await using listener = await Sesame.start(["listen", `127.0.0.1:${port}`, ...options, ...mode(decoy)], { phrase });
  await listener.event("listening");
  await using dialer = await Sesame.start(
    ["connect", `127.0.0.1:${port}`, ...options, ...mode(dialerDecoy ?? decoy)],
    { phrase: dialerPhrase ?? phrase },
  );
  if (dialerPhrase !== undefined || dialerDecoy !== undefined) return void await dialer.ended();
  await Promise.all([dialer.event("connected"), listener.event("connected")]);
  for (const line of lines) await dialer.say(line);
  await pause(TALK_MS);
  if (stopMs !== undefined) {
    dialer.signal("SIGSTOP");
    await pause(stopMs);
    dialer.signal("SIGCONT");
    await pause(TALK_MS);
  }
  await dialer.say("/quit");
  await dialer.ended();
  await listener.event("left");
}

const LONG = "x".repeat(16_000);
const SESSIONS: readonly Session[] = [
  { phrase: "eight ch", decoy: false, lines: [] },
  { phrase: "a phrase that is a good deal longer than eight characters ".repeat(15), decoy: false, lines: [LONG] },
  { phrase: "eight ch", decoy: true, lines: ["hello", LONG] },
  { phrase: "Wörter, die kein ASCII sind: ключ 鍵", decoy: true, lines: [] },
];

/** Played once, looked at by several tests. */
let played: Promise<Observed[]> | undefined;
const theSessions = () => played ??= observe(SESSIONS);

test("after the accept each direction shows one size, a record a segment, an opening of ten, and then as many as there were ticks", async () => {
  for (const { flow, tshark } of await theSessions()) {
    for (const way of ["up", "down"] as const) {
      const cells = cellsOf(flow, way);
      assert.deepEqual([...new Set(cells.map(({ size }) => size))], [FRAME_RECORD]);
      assert.ok(cells.every(({ alone, type }) => alone && type === APPLICATION_DATA));
      const opening = cells.splice(0, OPENING_CELLS).map(({ at }) => at);
      const due = opening.map((at, k) => at - k * OPENING_GAP_MS);
      // The first leaves in the busiest moment of a process. A late one stays before the next, and moves no other.
      const late = due.map((at) => at - Math.min(...due));
      assert.ok(late.every((ms) => ms < OPENING_GAP_MS), `the opening ${way}: ${late.map(Math.round)} ms late`);
      const begins = cells[0]!.at - opening.at(-1)!;
      assert.ok(begins > 0 && begins < INTERVAL_MS + OPENING_GAP_MS / 2, `the grid begins after ${begins} ms`);
      const ticks = (cells.at(-1)!.at - cells[0]!.at) / INTERVAL_MS + 1;
      assert.ok(Math.abs(cells.length - ticks) <= 1, `${cells.length} cells ${way} in ${ticks} ticks`);
    }
    assert.equal(flow.stray, 0);
    if (tshark === undefined) continue;
    assert.deepEqual(tshark.segments, flow.sent.filter(({ size }) => size > 0).map(({ size }) => size));
    assert.deepEqual(tshark.records, flow.records.map(({ size }) => size - RECORD_HEADER));
  }
});

test("until the accept each session shows the same records in the same order, whatever phrase and mode", async () => {
  for (const { flow } of await theSessions()) {
    assert.deepEqual(beginningOf(flow).map(nameOf), BEGINNING);
    // Tickets come once, with the offer, and nothing but cells ever after: no ticket and no key update at a telling time.
    const rest = flow.records.slice(BEGINNING.length);
    assert.ok(rest.every(({ size, type }) => size === FRAME_RECORD && type === APPLICATION_DATA));
  }
});

test("a quit looks the same in real and in decoy mode: a last cell, then one FIN from each side, and not a word more", async () => {
  // Who is told goodbye closes first, so the line shows who said it.
  for (const { flow } of await theSessions()) assert.deepEqual(closeOf(flow), ["down FIN", "up FIN"]);
});

test("a caller with another phrase and one in another mode are refused alike, and that shows", async () => {
  const refused = await observe([
    { phrase: "eight ch", decoy: false, dialerPhrase: "another eight", lines: [] },
    { phrase: "eight ch", decoy: false, dialerDecoy: true, lines: [] },
    { phrase: "eight ch", decoy: true, dialerDecoy: false, lines: [] },
  ]);
  for (const { flow } of refused) {
    assert.deepEqual(flow.records.map(nameOf), BEGINNING.slice(0, -1)); // all but the accept
    assert.deepEqual(closeOf(flow), ["down FIN", "up FIN"]);
  }
});

test("a side that stood still sends one late cell and goes on by its old grid; the other never changes its pace", async () => {
  const stopMs = 3_000;
  const [observed] = await observe([{ phrase: "eight ch", decoy: false, stopMs, lines: [LONG] }]);
  const times = (way: TlsRecord["way"]) => cellsOf(observed!.flow, way).slice(OPENING_CELLS).map(({ at }) => at);
  const up = times("up");
  const pauses = up.slice(1).map((at, i) => at - up[i]!);
  const gap = pauses.findIndex((ms) => ms > stopMs - INTERVAL_MS);
  assert.ok(gap > 0, `${pauses}`);
  // What was missed is not made up for: after the gap one cell at once, then the grid of before.
  const after = up.slice(gap + 2).map((at) => (at - up[0]!) / INTERVAL_MS);
  assert.ok(after.length > 8);
  for (const tick of after) assert.ok(Math.abs(tick - Math.round(tick)) < 0.2, `${tick}`);
  assert.equal(pauses.filter((ms) => ms < INTERVAL_MS / 2).length <= 1, true, `${pauses}`);
  const down = gridOf(times("down"), INTERVAL_MS);
  assert.ok(down.ticks - down.onTime <= 1, `${down.onTime} of ${down.ticks}`);
});

// --- Reading a flow -------------------------------------------------------------------------------------------------

const APPLICATION_DATA = 23;
const RECORD_HEADER = 5;

/**
 * TLS 1.3 with certificates on both sides, then Sesame's three frames. Certificates and their signatures have a DER
 * encoding whose length varies by a few bytes, by chance; tickets are two in one record.
 */
const BEGINNING = [
  "up hello 214",
  "down hello 127",
  "down change cipher 6",
  "down certificate",
  "up change cipher 6",
  "up certificate",
  "down tickets 984",
  `down frame ${FRAME_RECORD}`,
  `up frame ${FRAME_RECORD}`,
  `down frame ${FRAME_RECORD}`,
];

function nameOf({ way, type, size }: TlsRecord): string {
  if (type === 22) return `${way} hello ${size}`;
  if (type === 20) return `${way} change cipher ${size}`;
  if (size === FRAME_RECORD) return `${way} frame ${size}`;
  const [least, most] = CERTIFICATE_SIZES[way];
  return size >= least && size <= most ? `${way} certificate` : `${way} tickets ${size}`;
}

/** A listener's flight has the certificate request as well. Two signatures of 70 to 72 bytes, seldom less, in each. */
const CERTIFICATE_SIZES = { up: [436, 450], down: [474, 488] } as const;

function beginningOf(flow: Flow): TlsRecord[] {
  return flow.records.slice(0, BEGINNING.length);
}

function cellsOf(flow: Flow, way: TlsRecord["way"]): TlsRecord[] {
  return flow.records.slice(BEGINNING.length).filter((record) => record.way === way);
}

/** What comes after the last cell, other than bare acknowledgements. */
function closeOf(flow: Flow): string[] {
  const last = flow.sent.findLastIndex(({ size }) => size > 0);
  return flow.sent.slice(last + 1).filter(({ fin, rst, size }) => fin || rst || size > 0)
    .map(({ way, fin, rst }) => `${way} ${fin ? "FIN" : rst ? "RST" : "data"}`);
}

function tshark(path: string, filter: string, field: string): number[] {
  const { stdout } = new Deno.Command("tshark", {
    args: ["-r", path, "-d", `tcp.port==${PORTS.first}-${PORTS.last},tls`, "-Y", filter, "-T", "fields", "-e", field],
    stderr: "null",
  }).outputSync();
  return new TextDecoder().decode(stdout).split(/[\s,]+/).filter((word) => word !== "").map(Number);
}
