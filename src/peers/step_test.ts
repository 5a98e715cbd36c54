// Who may connect, who stays connected, which message is for whom: docs/PROTOCOL.md sections 6 and 8 as stories between a
// few processes. Every process here is whole, keys and all; the network and the clock are the test's.

import { deepStrictEqual as deepEqual, ok, strictEqual as equal } from "node:assert/strict";
import { fixedPhrase } from "../../tests/simulation/session_pair.ts";
import { Bench, type Person, storiesIn } from "../../tests/simulation/bench.ts";
import type { Source } from "./addresses.ts";
import { sourceOf } from "../../tests/simulation/node.ts";
import {
  DIAL_GUESSES_PER_HOUR,
  GUESS_BURST,
  MAX_CONNECTIONS,
  MAX_CONNECTIONS_PER_PEER,
  MAX_SESSIONS,
  MAX_STRETCHED,
  MAX_UNCONFIRMED,
  NAME_CHANGE_PAUSE_MS,
  SETTLE_TIMEOUT_MS,
  SILENCE_GRACE_MS,
  TURNED_AWAY_REPORT_MS,
  WAITING_FOR_SCREEN_MAX,
} from "../constants.ts";
import { loadSodium } from "../crypto/sodium.ts";
import type { CallFailure } from "../call.ts";
import type { Frame, PeerId, Role } from "../ports.ts";
import { Session } from "../session/step.ts";
import { FrameType } from "../wire/frame.ts";
import { Peers } from "./step.ts";

const arena = await loadSodium([[32, 12_000], [64, 512], [256, 512], [1280, 8]]);

const SMALL: Person = { name: "a", rank: 1 };
const LARGE: Person = { name: "b", rank: 2 };
/** Sends a cell when there is something to say, and once in half a minute. */
const QUIET: Person = { ...SMALL, shape: { cover: "off", intervalMs: 250 } };
const STRANGER: Person = { name: "s", rank: 3, stranger: true };
const BOTH: readonly Role[] = ["dialer", "listener"];

const test = storiesIn(arena);

/** Somebody opens a TCP connection to `who`: whether their turn has come within 60 ms, and under which number. */
function knock(bench: Bench, who: string, from: string | Source): { said: "start" | "shut" | "waits"; caller: number } {
  const answer: { said: "start" | "shut" | "waits"; caller: number } = { said: "waits", caller: 0 };
  bench.node(who).arrive(typeof from === "string" ? sourceOf(from) : from, {
    start: (caller) => Object.assign(answer, { said: "start", caller }),
    shut: () => Object.assign(answer, { said: "shut" }),
  });
  bench.run(60);
  return answer;
}

/** Both call at the same moment, and both connections authenticate before either settles. */
function glare(bench: Bench): void {
  bench.call("a", "b").call("b", "a").run(1_500);
  equal(bench.joined.length, 2);
}

// --- Two people ---

test("two people connect, talk, and each message is delivered once", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(1_000);
  deepEqual(bench.notices("a", "connecting"), [{ event: "connecting", address: "b" }]);
  deepEqual([bench.story("a"), bench.story("b")], [["connected out"], ["connected in"]]);
  bench.say("a", "Guten Abend");
  bench.say("b", "Good evening");
  bench.run(2_000);
  deepEqual([bench.texts("a"), bench.texts("b")], [["Good evening"], ["Guten Abend"]]);
  equal(bench.notices("a", "delivered").length, 1);
  deepEqual(bench.notices("a", "delivered")[0], {
    event: "delivered",
    id: bench.notices("a", "sent")[0]!.id,
    peer: bench.id("b"),
  });
  equal(bench.node("a").peers.settled, true);
});

test("a call that ends at ourselves goes on: somebody on the line can connect it to our own listener", [
  SMALL,
], (bench) => {
  bench.call("a", "a", true).run(60_000);
  ok(bench.dials.length > 3);
  equal(bench.node("a").peers.calling, true);
  deepEqual(bench.effects.filter(({ effect }) => effect.type === "callEnded"), []);
});

test("a call to ourselves is refused on the dialling side, once, and is over", [SMALL], (bench) => {
  bench.call("a", "a").run(5_000);
  deepEqual(bench.story("a"), ["refused self"]);
  deepEqual(bench.handshakeOf("a", 0), []);
  deepEqual(bench.effects.flatMap(({ effect }) => effect.type === "callEnded" ? [effect.failure.why] : []), ["self"]);
  equal(bench.dials.length, 1);
});

test("a delivered ack comes only after the text is on the screen", [SMALL, LARGE], (bench) => {
  bench.showTakesMs = undefined;
  bench.call("a", "b").run(1_000);
  bench.say("a", "seen?");
  bench.run(20_000);
  deepEqual(bench.texts("b"), ["seen?"]);
  equal(bench.notices("a", "delivered").length, 0);
  bench.showAll();
  bench.run(1_000);
  equal(bench.notices("a", "delivered").length, 1);
});

test(
  "a friend who forgets what is unconfirmed cannot make us keep more than 64 for the screen",
  [SMALL, LARGE],
  (bench) => {
    bench.showTakesMs = undefined;
    bench.call("a", "b").run(1_000);
    for (let n = 0; n < MAX_UNCONFIRMED; n++) bench.say("a", `line ${n}`);
    bench.run(30_000);
    const id = bench.id("a");
    bench.kill("a");
    bench.start(SMALL, id);
    bench.call("a", "b").run(1_000).say("a", "one more");
    bench.run(2_000);
    equal(bench.texts("b").length, MAX_UNCONFIRMED);
    deepEqual(bench.story("b"), ["connected in", "left closed", "connected in", "left protocol"]);
  },
);

test("while too much waits for the screen nobody new is let in", [SMALL, LARGE], (bench) => {
  bench.showTakesMs = undefined;
  for (let waiting = 0; waiting < WAITING_FOR_SCREEN_MAX; waiting += MAX_UNCONFIRMED) {
    bench.call("a", "b").run(1_000);
    for (let n = 0; n < MAX_UNCONFIRMED; n++) bench.say("a", `line ${n}`);
    bench.run(30_000).kill("a");
    bench.run(90_000).start(SMALL);
  }
  equal(bench.texts("b").length, WAITING_FOR_SCREEN_MAX);
  bench.call("a", "b").run(1_000);
  equal(bench.story("b").at(-1), "refused busy");
  bench.showAll();
  bench.run(90_000).call("a", "b").run(1_000);
  equal(bench.story("b").at(-1), "connected in");
});

test("64 unconfirmed are the most for one peer: what is more is not sent", [SMALL, LARGE], (bench) => {
  bench.showTakesMs = undefined;
  bench.call("a", "b").run(1_000);
  for (let n = 0; n < MAX_UNCONFIRMED + 3; n++) bench.say("a", `line ${n}`);
  const counts = bench.notices("a", "sent").map(({ peers }) => peers);
  deepEqual(counts, [...Array(MAX_UNCONFIRMED).fill(1), 0, 0, 0]);
  equal(bench.node("a").peers.full, true);
  bench.run(30_000);
  equal(bench.texts("b").length, MAX_UNCONFIRMED);
  bench.showAll();
  bench.run(30_000);
  equal(bench.node("a").peers.full, false);
  bench.say("a", "one more");
  bench.run(2_000);
  equal(bench.texts("b").at(-1), "one more");
});

test(
  "one friend who is full keeps nobody from talking to the others",
  [SMALL, LARGE, { name: "c", rank: 3 }],
  (bench) => {
    equal(bench.node("a").peers.full, false);
    bench.showTakesMs = undefined;
    bench.call("a", "b").run(1_000);
    for (let n = 0; n < MAX_UNCONFIRMED; n++) bench.say("a", `line ${n}`);
    equal(bench.node("a").peers.full, true);
    bench.call("a", "c").run(1_000);
    equal(bench.node("a").peers.full, false);
    bench.say("a", "to c alone");
    bench.run(1_000);
    deepEqual(bench.texts("c"), ["to c alone"]);
    equal(bench.notices("a", "sent").at(-1)?.peers, 1);
  },
);

test(
  "names are shown, and a change within 10 s is ignored, across connections too",
  [{ ...SMALL, displayName: "Anna" }, { ...LARGE, displayName: "Bea" }],
  (bench) => {
    bench.call("a", "b", true).run(2_000);
    deepEqual(bench.notices("a", "named"), [{ event: "named", peer: bench.id("b"), name: "Bea" }]);
    // The connection breaks, and comes back with the same names: nothing new.
    bench.joined[0]!.pair.die(BOTH, BOTH);
    bench.run(NAME_CHANGE_PAUSE_MS + 5_000);
    deepEqual(bench.story("a"), ["connected out", "left closed", "connected out"]);
    equal(bench.notices("a", "named").length, 1);
    equal(bench.friend("b", "a")?.name, "Anna");
  },
);

test("another PeerId where we called before is told, the same one that comes back is not", [SMALL, LARGE], (bench) => {
  bench.call("a", "b", true).run(1_000);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(3_000);
  deepEqual(bench.story("a"), ["connected out", "left closed", "connected out"]);
  deepEqual(bench.notices("a", "new-session"), []);
  const before = bench.id("b");
  bench.kill("b");
  bench.start(LARGE);
  bench.run(5_000);
  const told = { event: "new-session", address: "b", peer: bench.id("b"), before };
  deepEqual(bench.notices("a", "new-session"), [told]);
});

test("another PeerId that came by its own call is told when our call finds it there", [SMALL, LARGE], (bench) => {
  bench.call("a", "b", true).run(1_000);
  const before = bench.id("b");
  bench.kill("b");
  bench.start(LARGE);
  bench.call("b", "a").run(5_000);
  equal(bench.story("a").includes("connected in"), true);
  const told = { event: "new-session", address: "b", peer: bench.id("b"), before };
  deepEqual(bench.notices("a", "new-session"), [told]);
});

// --- Duplicates ---

test("a listener closes a second connection of the same direction before its offer", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(1_000).call("a", "b.alt").run(1_000);
  equal(bench.joined.length, 2);
  deepEqual(bench.handshakeOf("b", 1), []);
  deepEqual(bench.story("a"), ["connected out", "refused duplicate"]);
  deepEqual(bench.story("b"), ["connected in", "refused duplicate"]);
  deepEqual(bench.open(), [0]);
  equal(bench.notices("b", "turned-away").length, 0);
});

test("of two calls that are not answered yet the second goes on when the first breaks", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").call("a", "b.alt").run(100);
  equal(bench.joined.length, 2);
  deepEqual([bench.handshakeOf("a", 0), bench.handshakeOf("a", 1)], [[], []]);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(2_000);
  equal(bench.friend("a", "b")?.links, 1);
  deepEqual(bench.open(), [1]);
});

test("a caller who comes before there is a phrase to offer is turned away, and counts as no guess", [
  SMALL,
  { ...LARGE, early: true },
], (bench) => {
  bench.call("a", "b").run(1_000);
  deepEqual(bench.handshakeOf("b", 0), []);
  deepEqual(bench.open(), []);
  deepEqual([bench.story("a"), bench.story("b")], [["refused closed"], ["refused busy"]]);
});

test("a dialer with an answer out closes a further connection before its answer", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").call("a", "b.alt").run(3_000);
  equal(bench.joined.length, 2);
  deepEqual(bench.handshakeOf("b", 0), [FrameType.offer, FrameType.accept]);
  deepEqual(bench.handshakeOf("b", 1), [FrameType.offer]);
  deepEqual(bench.handshakeOf("a", 1), []);
  deepEqual(bench.open(), [0]);
  equal(bench.story("a").filter((line) => line.startsWith("connected")).length, 1);
});

test(
  "a duplicate is nobody's guess: the dialer may go on, and goes on, as often as it likes",
  [SMALL, LARGE],
  (bench) => {
    bench.call("a", "b").run(1_000);
    for (let n = 0; n < 12; n++) bench.call("a", `b.${n}`).run(500);
    equal(bench.joined.length, 13);
    bench.joined[0]!.pair.die(BOTH, BOTH);
    bench.run(1_000).call("a", "b").run(1_000);
    equal(bench.friend("a", "b")?.links, 1);
  },
);

test(
  "a silent connection is replaced by its successor: no `left`, no second `connected`, messages move",
  [SMALL, LARGE],
  (bench) => {
    bench.call("a", "b", true).run(5_000);
    bench.say("b", "into the void");
    // Only the dialer is told.
    bench.joined[0]!.pair.die(["dialer"], BOTH);
    bench.run(3_000);
    // Not silent yet: refused before the offer.
    deepEqual(bench.handshakeOf("b", 1), []);
    deepEqual(bench.story("b"), ["connected in", "refused duplicate"]);
    bench.run(8_000);
    equal(bench.friend("b", "a")?.links, 1);
    equal(bench.friend("a", "b")?.links, 1);
    deepEqual(bench.story("a").filter((line) => !line.startsWith("refused")), [
      "connected out",
      "left closed",
      "connected out",
    ]);
    equal(bench.story("b").filter((line) => line.startsWith("connected")).length, 1);
    equal(bench.notices("b", "left").length, 0);
    deepEqual(bench.texts("a"), ["into the void"]);
    equal(bench.notices("b", "delivered").length, 1);
    equal(bench.notices("b", "unconfirmed").length, 0);
  },
);

test("a silent one of the same direction is closed when its successor authenticates, before that brings anything", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b").run(5_000);
  bench.joined[0]!.pair.die(["dialer"], BOTH);
  bench.run(6_000).call("a", "b").run(1);
  const { pair } = bench.joined[0]!;
  while (!bench.handshakeOf("b", 1).includes(FrameType.accept)) {
    equal(pair.listener.open, true, "a call alone closes nothing");
    bench.run(1);
  }
  equal(bench.friend("b", "a")?.links, 1);
  equal(pair.listener.open, false);
  deepEqual(bench.story("b"), ["connected in"]);
});

test("a silent one of the other direction is not closed by a newcomer, and is kept if it brings something in time", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b").run(5_000);
  for (const end of BOTH) bench.joined[0]!.pair.stall(end, 15_000);
  bench.run(6_000);
  bench.say("a", "into the silence");
  bench.call("b", "a").run(1_500);
  equal(bench.joined.length, 2);
  deepEqual(bench.open(), [0, 1]);
  deepEqual([bench.friend("a", "b")?.links, bench.friend("b", "a")?.links], [2, 2]);
  bench.run(5_000);
  deepEqual(bench.open(), [0], "the one that the smaller PeerId dialled");
  deepEqual(bench.texts("b"), ["into the silence"]);
  deepEqual([bench.story("a"), bench.story("b")], [["connected out"], ["connected in"]]);
});

// --- Glare ---

for (
  const [sentence, people, kept] of [
    ["the smaller calls and is called", [SMALL, LARGE], 0],
    ["the other way round", [{ ...SMALL, rank: 200 }, { ...LARGE, rank: 100 }], 1],
  ] as const
) {
  test(`both dialled each other, ${sentence}: both keep the one that the smaller PeerId dialled`, people, (bench) => {
    glare(bench);
    deepEqual(bench.handshakeOf("a", 0), [FrameType.answer]);
    deepEqual(bench.handshakeOf("a", 1), [FrameType.offer, FrameType.accept]);
    bench.run(2_000);
    deepEqual(bench.open(), [kept]);
    for (const who of ["a", "b"]) {
      deepEqual(bench.story(who).filter((line) => !line.startsWith("refused")).length, 1, "one `connected`, no `left`");
      equal(bench.friend(who, who === "a" ? "b" : "a")?.links, 1);
    }
    bench.say("a", "one");
    bench.say("b", "two");
    bench.run(2_000);
    deepEqual([bench.texts("a"), bench.texts("b")], [["two"], ["one"]]);
  });
}

test(
  "messages said while there are two connections arrive once and in order, under their ids",
  [SMALL, LARGE],
  (bench) => {
    // b's call connects first and is in use; what b says goes into a stalled connection.
    bench.call("b", "a").run(1_000);
    bench.joined[0]!.pair.stall("listener", 60_000);
    const said = Array.from({ length: 10 }, (_, n) => `line ${n}`);
    for (const line of said) bench.say("b", line);
    bench.run(1_500);
    deepEqual(bench.texts("a"), []);
    bench.call("a", "b").run(10_000);
    deepEqual(bench.open(), [1]);
    deepEqual(bench.texts("a"), said);
    deepEqual(bench.notices("a", "message").map(({ id }) => id), bench.notices("b", "sent").map(({ id }) => id));
    equal(bench.notices("b", "delivered").length, 10);
    deepEqual(bench.story("b").filter((line) => !line.startsWith("refused")), ["connected out"]);
  },
);

test(
  "a message that was shown and whose ack was lost is confirmed again, and not shown again",
  [SMALL, LARGE],
  (bench) => {
    bench.call("a", "b", true).run(1_000);
    bench.joined[0]!.pair.stall("dialer", 60_000);
    bench.say("a", "once");
    bench.run(2_000);
    deepEqual(bench.texts("b"), ["once"]);
    bench.joined[0]!.pair.die(BOTH, BOTH);
    bench.run(10);
    equal(bench.notices("a", "unconfirmed").length, 1);
    bench.run(5_000);
    deepEqual(bench.texts("b"), ["once"]);
    deepEqual(
      bench.notices("a", "delivered").map(({ id }) => id),
      bench.notices("a", "unconfirmed").map(({ id }) => id),
    );
  },
);

test("a message on its way to the screen when it comes again is shown once, and confirmed where it came", [
  SMALL,
  LARGE,
], (bench) => {
  bench.showTakesMs = undefined;
  bench.call("a", "b", true).run(1_000);
  bench.say("a", "slow screen");
  bench.run(1_000);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(4_000);
  deepEqual(bench.texts("b"), ["slow screen"]);
  bench.showAll();
  bench.run(1_000);
  equal(bench.notices("a", "delivered").length, 1);
});

test("the one to be kept that brings nothing for 5 s is dropped, and the other stays", [SMALL, LARGE], (bench) => {
  bench.call("b", "a").run(3_000);
  // The smaller one's connection carries the handshake and then nothing more.
  bench.onJoined = ({ pair }) => {
    const { send } = pair.listener;
    let frames = 0;
    pair.listener.send = (frame) => {
      if (++frames <= 2) send.call(pair.listener, frame);
      else pair.die([], BOTH);
    };
  };
  bench.call("a", "b").run(1_000);
  equal(bench.friend("b", "a")?.links, 2);
  const authenticated = bench.effects.find(({ effect }) =>
    effect.type === "send" && effect.link === 2 && effect.frame[1] === FrameType.accept
  )!.at;
  bench.timeline.runUntil(authenticated + SETTLE_TIMEOUT_MS + SILENCE_GRACE_MS - 1);
  equal(bench.friend("b", "a")?.links, 2);
  bench.timeline.runUntil(authenticated + SETTLE_TIMEOUT_MS + SILENCE_GRACE_MS + 100);
  deepEqual(bench.open(), [0]);
  equal(bench.friend("b", "a")?.links, 1);
  bench.run(3_000);
  deepEqual([bench.notices("a", "left").length, bench.notices("b", "left").length], [0, 0]);
  bench.say("a", "still here");
  bench.run(2_000);
  deepEqual(bench.texts("b"), ["still here"]);
});

test("a process that was late itself reads its sockets before it drops the one to be kept", [SMALL, LARGE], (bench) => {
  bench.call("b", "a").run(3_000);
  bench.call("a", "b");
  // b stops once it has admitted the second connection and before anything came over it.
  bench.untilTwoLinks("b", "a");
  bench.node("b").pause();
  bench.run(SETTLE_TIMEOUT_MS + 20);
  bench.node("b").resume(true);
  bench.run(3_000);
  deepEqual(bench.open(), [1], "the one that the smaller PeerId dialled");
  deepEqual([bench.notices("a", "left").length, bench.notices("b", "left").length], [0, 0]);
});

test("what came before an authentication settles nothing after it", [SMALL, LARGE], (bench) => {
  bench.call("b", "a").run(3_000);
  bench.joined[0]!.pair.stall("listener", 30_000);
  bench.call("a", "b").run(4_000);
  // The kept one brought cells since: settled. The old one had brought plenty, and counts for nothing.
  deepEqual(bench.open(), [1]);
});

test(
  "frames right behind the accept wait until the others have been read, and none is lost",
  [SMALL, LARGE],
  (bench) => {
    bench.readTakesMs = 2_000;
    bench.call("b", "a").run(1_000);
    bench.call("a", "b").run(1_500);
    // b has admitted, after its own reading, and its first cells are with a, who still reads.
    bench.say("b", "early");
    bench.run(6_000);
    deepEqual(bench.open(), [1]);
    deepEqual(bench.texts("a"), ["early"]);
    equal(bench.notices("b", "delivered").length, 1);
  },
);

test("when the one in use ends, messages move to the other, and nobody has left", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(1_000);
  bench.say("a", "in flight");
  // The other connection is there; the first breaks before anything has settled.
  bench.call("b", "a").untilTwoLinks("b", "a");
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(3_000);
  deepEqual(bench.texts("b"), ["in flight"]);
  deepEqual([bench.notices("a", "left").length, bench.notices("b", "left").length], [0, 0]);
});

test("a further connection that breaks before it has authenticated affects nobody", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(1_000).call("b", "a").run(50);
  bench.joined[1]!.pair.die(BOTH, BOTH);
  bench.run(TURNED_AWAY_REPORT_MS);
  deepEqual(bench.story("a"), ["connected out", "refused duplicate"]);
  deepEqual(bench.story("b"), ["connected in", "refused duplicate"]);
  deepEqual(bench.notices("a", "turned-away"), []);
});

test("the one to be kept may be in use already: what is unconfirmed on it does not go on it a second time", [
  SMALL,
  LARGE,
], (bench) => {
  bench.showTakesMs = undefined;
  bench.call("a", "b").run(1_000);
  bench.say("a", "waits for the screen");
  bench.run(1_000).call("b", "a").run(3_000);
  deepEqual(bench.open(), [0]);
  bench.showAll();
  bench.run(1_000);
  deepEqual([bench.story("a")[0], bench.notices("a", "left"), bench.notices("b", "left")], ["connected out", [], []]);
  deepEqual(bench.texts("b"), ["waits for the screen"]);
  equal(bench.notices("a", "delivered").length, 1);
});

test("with cover off a cell goes at once on each of several connections, so that an old idle one can be kept", [
  QUIET,
  { ...LARGE, shape: QUIET.shape! },
], (bench) => {
  bench.call("a", "b").run(3_000).call("b", "a").run(1_000);
  equal(bench.joined.length, 2);
  deepEqual(bench.open(), [0]);
  deepEqual([bench.notices("a", "left"), bench.notices("b", "left")], [[], []]);
});

test("with one connection only nothing has to settle, and nobody wakes up for it", [
  QUIET,
  { ...LARGE, shape: QUIET.shape! },
], (bench) => {
  bench.call("a", "b").run(1_000);
  for (const who of ["a", "b"]) {
    const { peers, now } = bench.node(who);
    ok(peers.deadline > now + 2 * SETTLE_TIMEOUT_MS, `${who} has nothing to do before its next dummy`);
  }
});

test("a message right behind the accept is shown, although the connection it was first said on breaks meanwhile", [
  SMALL,
  LARGE,
], (bench) => {
  bench.readTakesMs = 2_000;
  bench.call("b", "a").run(1_000).call("a", "b");
  bench.untilTwoLinks("b", "a");
  // b, which has done its reading, has only the new one from here on; a still reads.
  bench.joined[0]!.pair.die(["dialer"], BOTH);
  bench.say("b", "early");
  bench.run(1_000);
  equal(bench.friend("a", "b")?.links, 1);
  deepEqual(bench.texts("a"), []);
  bench.run(5_000);
  deepEqual(bench.open(), [1]);
  deepEqual(bench.texts("a"), ["early"]);
  equal(bench.notices("b", "delivered").length, 1);
  deepEqual([bench.notices("a", "left"), bench.notices("b", "left")], [[], []]);
});

test("what the one to be kept brought for an earlier settling does not count when a further one authenticates", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("b", "a").run(1_000).call("a", "b").run(3_000);
  deepEqual(bench.open(), [1]);
  // It dies, and nobody is told.
  bench.joined[1]!.pair.die([], BOTH);
  bench.say("b", "into the void");
  bench.call("b", "a.alt").run(SETTLE_TIMEOUT_MS - 500);
  deepEqual([bench.friend("a", "b")?.links, bench.friend("b", "a")?.links], [2, 2]);
  bench.run(3_000);
  deepEqual(bench.open(), [2]);
  deepEqual(bench.texts("a"), ["into the void"]);
  deepEqual([bench.notices("a", "left"), bench.notices("b", "left")], [[], []]);
});

test("of three connections each that is to be kept and brings nothing gets 5 s and its moment of grace, one by one", [
  SMALL,
  { ...LARGE, shape: { cover: "off", intervalMs: 250 } },
], (bench) => {
  bench.call("b", "a").run(3_000);
  // Both calls of a break for a behind its answer, and b hears nothing of that; the second offer comes when the first is gone.
  bench.onJoined = ({ pair, to }) => {
    const fromA = pair.dialer.send;
    pair.dialer.send = (frame) => {
      fromA.call(pair.dialer, frame);
      pair.die(["dialer"], ["dialer"]);
    };
    if (to !== "b" || bench.joined.length !== 3) return;
    const fromB = pair.listener.send;
    pair.listener.send = (frame) => bench.timeline.after(600, () => fromB.call(pair.listener, frame));
  };
  bench.call("a", "b").call("a", "b.alt").run(1_000);
  equal(bench.joined.length, 3);
  equal(bench.friend("b", "a")?.links, 3);
  const accepted = bench.effects.findLast(({ who, effect }) =>
    who === "b" && effect.type === "send" && effect.frame[1] === FrameType.accept
  )!.at;
  for (const [links, kept] of [[3, 2], [2, 1]] as const) {
    const dropped = accepted + (3 - kept) * (SETTLE_TIMEOUT_MS + SILENCE_GRACE_MS);
    bench.timeline.runUntil(dropped - 1);
    equal(bench.friend("b", "a")?.links, links);
    equal(bench.joined[kept]!.pair.listener.open, true);
    bench.timeline.runUntil(dropped + 1);
    equal(bench.friend("b", "a")?.links, links - 1, `${kept} has brought nothing`);
    equal(bench.joined[kept]!.pair.listener.open, false);
  }
  deepEqual(bench.open(), [0]);
  deepEqual([bench.notices("a", "left"), bench.notices("b", "left")], [[], []]);
  const { peers, now } = bench.node("b");
  ok(peers.deadline > now + SETTLE_TIMEOUT_MS, "with one left there is nothing to settle");
  bench.say("b", "still here");
  bench.run(1_000);
  deepEqual(bench.texts("a"), ["still here"]);
});

// --- Doors ---

test(
  "--friends 1 lets one in, announces the next who knows the phrase, and never refuses the one who is here",
  [SMALL, { ...LARGE, friends: 1 }, { name: "c", rank: 3 }],
  (bench) => {
    bench.call("a", "b").run(1_000).call("c", "b").run(1_000);
    deepEqual(bench.story("b"), ["connected in", "refused busy"]);
    equal(bench.notices("b", "door-closed").length, 1);
    equal(bench.friend("b", "c"), undefined);
    // Another connection with the one who is here is no further friend.
    bench.call("b", "a").run(3_000);
    equal(bench.friend("b", "a")?.links, 1);
    equal(bench.notices("b", "left").length, 0);
    bench.joined[0]!.pair.die(BOTH, BOTH);
    bench.joined[2]?.pair.die(BOTH, BOTH);
    bench.run(100).call("c", "b.alt").run(1_000);
    equal(bench.friend("b", "c")?.links, 1);
  },
);

test(
  "--friends 1 holds when two arrive at the same moment",
  [SMALL, { ...LARGE, friends: 1 }, { name: "c", rank: 3 }],
  (bench) => {
    bench.call("a", "b").call("c", "b").run(2_000);
    equal(bench.node("b").peers.present().length, 1);
  },
);

test(
  "--friends 1 closes the door for our own calls as well: before anything is stretched for them",
  [{ ...SMALL, friends: 1 }, LARGE, { name: "c", rank: 3 }],
  (bench) => {
    // The offer of c is on its way while b comes in.
    bench.onJoined = ({ pair, to }) => {
      const { send } = pair.listener;
      if (to === "c") pair.listener.send = (frame) => bench.timeline.after(600, () => send.call(pair.listener, frame));
    };
    const stretched = () => bench.effects.filter(({ who, effect }) => who === "a" && effect.type === "stretch").length;
    bench.call("a", "b").call("a", "c").run(2_000);
    deepEqual(bench.story("a"), ["connected out", "refused busy"]);
    deepEqual([bench.handshakeOf("a", 1), stretched()], [[], 1]);
    bench.call("a", "c").run(1_000);
    deepEqual(bench.story("a").slice(2), ["refused busy"]);
    deepEqual([bench.handshakeOf("a", 2), stretched()], [[], 1]);
  },
);

test(
  "a friend who was turned away at a closed door has been right: that call counts as no guess",
  [{ ...SMALL, friends: 1 }, LARGE, { name: "c", rank: 3 }],
  (bench) => {
    bench.call("a", "b").call("a", "c", true).run(500);
    deepEqual(bench.story("a"), ["connected out", "refused busy"]);
    deepEqual(bench.handshakeOf("a", 1), [FrameType.answer]);
    bench.kill("b");
    // From here on the connection dies after each answer.
    bench.onJoined = ({ pair }) => {
      pair.dialer.send = () => pair.die(BOTH, BOTH);
    };
    bench.run(600_000);
    const answers = bench.effects.filter(({ who, effect }) =>
      who === "a" && effect.type === "send" && effect.frame[1] === FrameType.answer
    );
    equal(answers.length, 2 + 1);
    equal(bench.node("a").peers.calling, false);
  },
);

Deno.test(`a ${MAX_SESSIONS + 1}th PeerId is closed before its offer; one who is here is not`, () => {
  const crowd = Array.from({ length: MAX_SESSIONS + 1 }, (_, i): Person => ({
    name: `p${i}`,
    rank: i + 2,
    shape: { cover: "off", intervalMs: 250 },
  }));
  {
    using bench = new Bench(arena, { name: "hub", rank: 1, shape: { cover: "off", intervalMs: 250 } }, ...crowd);
    for (const { name } of crowd.slice(0, MAX_SESSIONS)) bench.call(name, "hub").run(300);
    bench.run(1_000);
    equal(bench.node("hub").peers.present().length, MAX_SESSIONS);
    bench.call(`p${MAX_SESSIONS}`, "hub").run(1_000);
    deepEqual(bench.handshakeOf("hub", MAX_SESSIONS), []);
    equal(bench.story("hub").at(-1), "refused busy");
    bench.call("hub", "p0").run(3_000);
    equal(bench.friend("hub", "p0")?.links, 1);
    equal(bench.open().includes(MAX_SESSIONS + 1), true, "the hub's PeerId is the smallest, so its own call is kept");
    // Two for the last place: both got an offer, one gets in.
    bench.kill("p1");
    bench.run(100);
    bench.call(`p${MAX_SESSIONS}`, "hub.alt").run(1);
    bench.start({ name: "late", rank: 250, shape: { cover: "off", intervalMs: 250 } });
    bench.call("late", "hub").run(3_000);
    equal(bench.node("hub").peers.present().length, MAX_SESSIONS);
  }
  equal(arena.used, 0);
});

test("what a friend opens in vain is told twenty times a minute, and counted beyond that", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(1_000);
  const b = bench.node("b");
  const facts = {
    role: "listener" as const,
    self: bench.id("b"),
    peer: bench.id("a"),
    channelBinding: new Uint8Array(64),
  };
  let link = 1_000;
  const told = (times: number) => {
    const before = bench.story("b").length;
    for (let i = 0; i < times; i++) {
      const { said, caller } = knock(bench, "b", "192.0.2.1");
      equal(said, "start");
      const effects = b.peers.step(
        { type: "linked", link: link++, facts, address: "x", local: "", caller },
        b.now,
        bench.entropy,
      );
      equal(effects.some(({ type }) => type === "close"), true);
      for (const effect of effects) {
        if (effect.type === "notice") bench.told.push({ at: 0, who: "b", notice: effect.notice });
      }
    }
    return bench.story("b").slice(before);
  };
  const refused = (times: number) => Array(times).fill("refused duplicate");
  deepEqual(told(20), refused(20));
  bench.run(TURNED_AWAY_REPORT_MS - 20 * 60 - 1_000);
  deepEqual(bench.notices("b", "turned-away"), [], "none was counted");
  deepEqual(told(3), [], "still the same minute");
  bench.run(1_000);
  deepEqual(told(21), refused(20));
  bench.run(TURNED_AWAY_REPORT_MS);
  deepEqual(bench.notices("b", "turned-away"), [{ event: "turned-away", count: 4, guesses: 0 }]);
  equal(bench.friend("b", "a")?.links, 1);
});

Deno.test(`a PeerId has at most ${MAX_CONNECTIONS_PER_PEER} connections, whatever their state`, () => {
  const [self, peer] = ["0".repeat(64), "1".repeat(64)] as const;
  {
    using peers = new Peers(arena, {
      self,
      shape: QUIET.shape!,
      name: undefined,
      friends: undefined,
      introductions: "no",
      hidden: false,
    });
    const facts = { role: "dialer" as const, self, peer, channelBinding: new Uint8Array(64) };
    const open = (link: number) =>
      peers.step({ type: "linked", link, facts, address: "x", local: "" }, 0, crypto.getRandomValues.bind(crypto));
    for (let link = 1; link <= MAX_CONNECTIONS_PER_PEER; link++) deepEqual(open(link), []);
    // Nobody with this certificate has authenticated, so it is not a friend's.
    const refused = { event: "refused" as const, address: "x", reason: "busy" as const };
    const failure = { at: "offer", why: "full" } as const;
    deepEqual(open(9), [{ type: "close", link: 9, lost: false }, { type: "notice", notice: { ...refused, failure } }]);
    peers.step({ type: "ended", link: 1 }, 0, () => {});
    deepEqual(open(10), [], "one has ended");
  }
  equal(arena.used, 0);
});

Deno.test(`more than ${MAX_CONNECTIONS} connections, of however many PeerIds, are refused: memory is measured for these`, () => {
  const id = (n: number) => n.toString(16).padStart(64, "0") as PeerId;
  {
    using peers = new Peers(arena, {
      self: id(0),
      shape: QUIET.shape!,
      name: undefined,
      friends: undefined,
      introductions: "no",
      hidden: false,
    });
    const refused: number[] = [];
    for (let link = 1; link <= MAX_CONNECTIONS + 2; link++) {
      // Four of each PeerId, which none may have more of.
      const facts = {
        role: "dialer" as const,
        self: id(0),
        peer: id(1 + (link >> 2)),
        channelBinding: new Uint8Array(64),
      };
      const effects = peers.step(
        { type: "linked", link, facts, address: "x", local: "" },
        0,
        crypto.getRandomValues.bind(crypto),
      );
      if (effects.some(({ type }) => type === "close")) refused.push(link);
    }
    deepEqual(refused, [MAX_CONNECTIONS + 1, MAX_CONNECTIONS + 2]);
  }
  equal(arena.used, 0);
});

// --- Wrong phrases ---

test(
  "a wrong phrase is told as such on both sides, and the third makes the address wait",
  [LARGE, STRANGER],
  (bench) => {
    for (let n = 0; n < 3; n++) bench.call("s", `b.${n}`).run(400);
    deepEqual(bench.story("b"), ["refused phrase", "refused phrase", "refused phrase"]);
    deepEqual(bench.story("s"), ["refused phrase", "refused phrase", "refused phrase"]);
    const third = bench.told.findLast(({ who }) => who === "b")!.at;
    equal(knock(bench, "b", "10.0.0.e").said, "start", "another address waits for nothing");
    bench.run(third + 999 - bench.timeline.now);
    equal(knock(bench, "b", bench.node("s").host).said, "shut");
    equal(knock(bench, "b", bench.node("s").host).said, "start");
  },
);

test("a connection whose PeerId has a session counts as nothing, even with a wrong phrase", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(1_000);
  // From here on, what b answers is wrong.
  bench.onJoined = ({ pair }) => {
    const { send } = pair.dialer;
    pair.dialer.send = (frame) => send.call(pair.dialer, spoilt(frame, FrameType.answer));
  };
  for (let n = 0; n < 8; n++) bench.call("b", `a.${n}`).run(700);
  equal(bench.joined.length, 9);
  equal(bench.notices("a", "refused").every(({ reason }) => reason === "phrase"), true);
  equal(bench.notices("a", "refused").length, 8);
  equal(bench.friend("a", "b")?.links, 1);
  equal(knock(bench, "a", bench.node("b").host).said, "start");
  bench.run(TURNED_AWAY_REPORT_MS + 1_000);
  equal(bench.notices("a", "turned-away").length, 0);
});

/** Strangers of as many networks guess at `who`, with an answer that is well made, until fewer guesses than this are left. */
function guessUntil(bench: Bench, who: string, answer: Frame, count: number): void {
  const { peers } = bench.node(who);
  for (let n = 0; n < count; n++) {
    const name = `stranger ${bench.timeline.now}`;
    const { said, caller } = knock(bench, who, { address: name, network: name, wide: name });
    if (said !== "start") return;
    const facts = {
      role: "listener" as const,
      self: bench.id(who),
      peer: "ee".repeat(32),
      channelBinding: new Uint8Array(64),
    };
    const link = 1_000_000 + bench.timeline.now;
    peers.step({ type: "linked", link, facts, address: name, local: "", caller }, bench.timeline.now, bench.entropy);
    peers.step({ type: "frame", link, frame: answer.slice() }, bench.timeline.now, bench.entropy);
  }
}

test(
  "a right phrase gets in although strangers use up all guesses between its offer and its answer, and friends come and go",
  [SMALL, LARGE, { name: "c", rank: 3 }, { name: "d", rank: 3 }, { name: "e", rank: 4 }],
  (bench) => {
    let answer: Frame | undefined;
    bench.onJoined = ({ pair, from }) => {
      const { send } = pair.dialer;
      pair.dialer.send = (frame) => {
        if (frame[1] === FrameType.answer) answer ??= frame.slice();
        if (from === "c" && frame[1] === FrameType.answer) {
          bench.timeline.after(13_000, () => send.call(pair.dialer, frame));
        } else send.call(pair.dialer, frame);
      };
    };
    bench.call("a", "b").run(1_000);
    guessUntil(bench, "b", answer!, GUESS_BURST - 100);
    bench.call("c", "b").run(500);
    guessUntil(bench, "b", answer!, 200);
    bench.call("d", "b").run(100);
    equal(bench.joined.length, 2, "for a newcomer no guess is left");
    bench.run(8_000);
    deepEqual(bench.story("c"), ["connected out"]);
    // An address that has been right before needs none.
    bench.kill("a");
    bench.start(SMALL);
    bench.call("a", "b").run(400);
    deepEqual(bench.story("a").slice(-1), ["connected out"]);
  },
);

test("an event of a connection or a person that is not there is nothing", [SMALL], (bench) => {
  const { peers } = bench.node("a");
  const nothing = [
    { type: "frame", link: 99, frame: new Uint8Array(4) },
    { type: "ended", link: 99 },
    { type: "shown", peer: "99".repeat(32), id: "of nobody" },
  ] as const;
  for (const event of nothing) deepEqual(peers.step(event, bench.timeline.now, bench.entropy), []);
});

test("each connection gives its place back once, however it ends: four of one address wait at most", [
  SMALL,
  { ...LARGE, friends: 1 },
  { name: "c", rank: 3 },
], (bench) => {
  const from = (name: string) => () => knock(bench, "b", bench.node(name).host).said;
  const [admit, admitC] = [from("a"), from("c")];
  deepEqual([admit(), admit(), admitC(), admitC()], Array(4).fill("start")); // who never get any further
  for (let n = 0; n < 3; n++) {
    bench.call("a", `b.${n}`).run(1_000);
    bench.joined.at(-1)!.pair.die(BOTH, BOTH);
    bench.run(100);
  }
  // One whose PeerId is here gave it back when that was known.
  bench.call("b", "a").run(1_000).call("a", "b").run(5_000);
  deepEqual([admit(), admit(), admit()], ["start", "start", "shut"]);
  // One that was right and found the door closed.
  bench.call("c", "b").run(1_000);
  equal(bench.story("b").at(-1), "refused busy");
  deepEqual([admitC(), admitC(), admitC()], ["start", "start", "shut"]);
});

test("a second call that found the same person is not made again while they are here, and is when they have left", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b", true).run(1_000).call("a", "b.alt", true).run(300_000);
  deepEqual(bench.story("a"), ["connected out", "refused duplicate"]);
  equal(bench.dials.length, 2);
  equal(bench.node("a").peers.calling, false);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(3_000);
  deepEqual(bench.dials.slice(2).map(({ target }) => target).toSorted(), ["b", "b.alt"]);
});

/** A frame of that type with one wrong byte in its confirmation. */
function spoilt(frame: Frame, type: FrameType): Frame {
  if (frame[1] !== type) return frame;
  const changed = frame.slice();
  changed[type === FrameType.answer ? 4 + 12 + 32 + 32 + 1088 : 4]! ^= 1;
  return changed;
}

test("strangers turned away are counted up once a minute", [LARGE, STRANGER], (bench) => {
  for (let n = 0; n < 2; n++) bench.call("s", `b.${n}`).run(400);
  bench.run(TURNED_AWAY_REPORT_MS);
  deepEqual(bench.notices("b", "turned-away"), [{ event: "turned-away", count: 2, guesses: 2 }]);
  bench.run(5 * TURNED_AWAY_REPORT_MS);
  equal(bench.notices("b", "turned-away").length, 1);
  bench.call("s", "b.2").run(400 + TURNED_AWAY_REPORT_MS);
  deepEqual(bench.notices("b", "turned-away").slice(1), [{ event: "turned-away", count: 1, guesses: 1 }]);
});

test("a dialer whom nobody has answered stops at the first possible guess, and goes on when the person says so", [
  SMALL,
  STRANGER,
], (bench) => {
  bench.call("a", "s", true).run(120_000);
  equal(bench.dials.length, 1);
  deepEqual(bench.story("a"), ["refused phrase"]);
  deepEqual(bench.effects.flatMap(({ effect }) => effect.type === "callEnded" ? [effect.failure.why] : []), [
    "unanswered",
  ]);
  bench.call("a", "s", true).run(500);
  equal(bench.dials.length, 2);
  bench.run(120_000);
  equal(bench.story("a").filter((line) => line === "refused phrase").length, 2, "one more is possible");
});

test(`${DIAL_GUESSES_PER_HOUR} possible guesses in an hour stop all calling, also of those who were not there`, [
  SMALL,
  STRANGER,
], (bench) => {
  bench.call("a", "nobody", true);
  // Each target may take one.
  const targets = Array.from({ length: DIAL_GUESSES_PER_HOUR }, (_, i) => `s.${i}`);
  for (const target of targets) bench.node("a").step({ type: "call", target, retry: true });
  bench.run(600_000);
  const answered = bench.effects.filter(({ who, effect }) =>
    who === "a" && effect.type === "send" && effect.frame[1] === FrameType.answer
  );
  equal(answered.length, DIAL_GUESSES_PER_HOUR);
  const stopped = bench.effects.flatMap(({ effect }) => effect.type === "callEnded" ? [effect.target] : []);
  deepEqual(stopped.toSorted(), ["nobody", ...targets]);
  equal(bench.node("a").peers.calling, false);
  const dials = bench.dials.length;
  bench.run(600_000);
  equal(bench.dials.length, dials);
  bench.call("a", "s.5").run(600_000);
  equal(bench.dials.length, dials + 1, "the person says so");
  bench.run(3_600_000);
  equal(bench.dials.length, dials + 1);
});

test("a wrong confirmB ends the calling of that target at once", [SMALL, LARGE], (bench) => {
  bench.onJoined = ({ pair }) => {
    const { send } = pair.listener;
    pair.listener.send = (frame) => send.call(pair.listener, spoilt(frame, FrameType.accept));
  };
  bench.call("a", "b", true).run(60_000);
  equal(bench.dials.length, 1);
  deepEqual(bench.story("a"), ["refused phrase"]);
});

test("with a PeerId that it has had a session with, a dialer counts no guess", [SMALL, LARGE], (bench) => {
  bench.call("a", "b", true).run(1_000);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  // From here on the connection dies after each answer.
  bench.onJoined = ({ pair }) => {
    pair.dialer.send = () => pair.die(BOTH, BOTH);
  };
  bench.run(60_000);
  ok(bench.dials.length > 5);
  equal(bench.node("a").peers.calling, true);
});

test(
  "a friend who restarts often is answered each time: a valid accept takes its salt from the three",
  [SMALL, LARGE],
  (bench) => {
    bench.call("a", "b", true).run(1_000);
    for (let n = 2; n <= 7; n++) {
      bench.kill("b");
      bench.start(LARGE);
      bench.run(70_000);
      equal(bench.friend("a", "b")?.links, 1, `life ${n}`);
    }
    ok(bench.timeline.now < 600_000);
  },
);

test(
  "a fourth salt of a target in ten minutes that no accept has followed is closed before the answer, and is no guess",
  [
    SMALL,
    LARGE,
  ],
  (bench) => {
    bench.stretchMs = 200_000;
    bench.onJoined = ({ pair }) => bench.timeline.after(200, () => pair.die(BOTH, BOTH)); // between offer and answer
    bench.call("a", "b", true).run(1_000);
    for (let n = 2; n <= 4; n++) {
      bench.kill("b");
      bench.start(LARGE);
      bench.run(40_000);
    }
    equal(bench.effects.filter(({ effect }) => effect.type === "stretch").length, 3);
    const last = bench.notices("a", "refused").at(-1);
    deepEqual([last?.failure?.why, last?.reason], ["restarts", "busy"]);
    equal(bench.node("a").peers.calling, true);
    bench.onJoined = () => {};
    bench.run(900_000);
    equal(bench.friend("a", "b")?.links, 1, "ten minutes later the first salt no longer counts");
  },
);

// --- Calling again ---

test(
  "a call that nobody answers is made again after 1, 2, 4 ... 60 s, each up to half as long again",
  [SMALL],
  (bench) => {
    bench.call("a", "nobody", true).run(4_000_000);
    const pauses = bench.dials.map(({ at }) => at).map((at, i, all) => at - (all[i - 1] ?? at)).slice(1);
    const longest = pauses.slice(6);
    ok(Math.min(...longest) < 65_000 && Math.max(...longest) > 85_000, "any length between");
    for (const [i, expected] of [1, 2, 4, 8, 16, 32, 60, 60].entries()) {
      const pause = pauses[i]!;
      ok(pause >= expected * 1_000 && pause <= expected * 1_500 + 2, `pause ${i} is ${pause}`);
    }
  },
);

test("a friend who is lost is called again, and unconfirmed messages go again in order", [SMALL, LARGE], (bench) => {
  bench.call("a", "b", true).run(1_000);
  const { pair } = bench.joined[0]!;
  pair.stall("listener", 60_000);
  for (const text of ["one", "two", "three"]) bench.say("a", text);
  bench.run(1_000);
  pair.die(BOTH, BOTH);
  bench.run(5_000);
  deepEqual(bench.texts("b"), ["one", "two", "three"]);
  deepEqual(bench.story("a"), ["connected out", "left closed", "connected out"]);
  equal(bench.notices("a", "unconfirmed").length, 3);
  equal(bench.notices("a", "delivered").length, 3);
});

test(
  "a new PeerId at an old address is a new person: nothing queued for the old one goes to it",
  [SMALL, LARGE],
  (bench) => {
    bench.call("a", "b", true).run(1_000);
    bench.joined[0]!.pair.stall("listener", 60_000);
    bench.say("a", "for the old one");
    bench.run(500);
    bench.kill("b");
    bench.start(LARGE);
    bench.run(10_000);
    equal(bench.friend("a", "b")?.links, 1);
    deepEqual(bench.texts("b"), []);
    equal(bench.notices("a", "unconfirmed").length, 1);
    equal(bench.node("a").peers.unconfirmed().length, 1);
  },
);

test("one stretch is asked for a salt, however many connections wait for it, and none for a known one", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b").call("a", "b.alt").run(3_000);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(100).call("a", "b").run(3_000);
  equal(bench.friend("a", "b")?.links, 1);
  equal(bench.effects.filter(({ who, effect }) => who === "a" && effect.type === "stretch").length, 1);
});

test("a salt whose stretched phrase has been forgotten is stretched again", [SMALL, LARGE], (bench) => {
  const asked = () => bench.effects.filter(({ who, effect }) => who === "a" && effect.type === "stretch").length;
  bench.call("a", "b").run(1_000);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(100);
  for (let salt = 100; salt < 100 + MAX_STRETCHED; salt++) {
    const phrase = Object.assign(fixedPhrase(arena), { salt: new Uint8Array(16).fill(salt) });
    bench.node("a").step({ type: "stretched", phrase, tookMs: 200 });
  }
  equal(asked(), 1);
  bench.call("a", "b").run(1_000);
  equal(asked(), 2);
  deepEqual(bench.story("a"), ["connected out", "left closed", "connected out"]);
});

test("a salt that is stretched once more is no matter of those who have answered it already", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b").run(1_000);
  const salt = bench.effects.flatMap(({ who, effect }) =>
    who === "a" && effect.type === "stretch" ? [effect.salt] : []
  );
  equal(salt.length, 1);
  const phrase = Object.assign(fixedPhrase(arena), { salt: salt[0]!.slice() });
  bench.node("a").step({ type: "stretched", phrase, tookMs: 200 });
  bench.say("a", "still here");
  bench.run(1_000);
  deepEqual([bench.story("a"), bench.story("b")], [["connected out"], ["connected in"]]);
  deepEqual(bench.texts("b"), ["still here"]);
});

test("the last 32 stretched phrases are kept, and one for the same salt takes the other's place", [SMALL], (bench) => {
  const node = bench.node("a");
  const stretched = (salt: number) => {
    const made = fixedPhrase(arena);
    const phrase = Object.assign(made, { salt: new Uint8Array(16).fill(salt) });
    node.step({ type: "stretched", phrase, tookMs: 200 });
    return phrase;
  };
  const before = arena.used;
  stretched(200);
  const each = arena.used - before;
  for (let salt = 1; salt < MAX_STRETCHED; salt++) stretched(salt);
  equal(arena.used - before, MAX_STRETCHED * each);
  stretched(7);
  equal(arena.used - before, MAX_STRETCHED * each);
  stretched(201);
  equal(arena.used - before, MAX_STRETCHED * each);
});

test("as many calls are under way as the last stretch lets begin within 5 s", [SMALL], (bench) => {
  bench.node("a").step({ type: "stretched", phrase: fixedPhrase(arena), tookMs: 2_400 });
  for (const n of [1, 2, 3]) bench.call("a", `nobody.${n}`);
  equal(bench.dials.length, 2);
  bench.run(100);
  equal(bench.dials.length, 3, "when one has failed");
});

test("a call that fails is told with its reason, and over unless it is to be made again", [SMALL], (bench) => {
  bench.call("a", "nobody").run(100);
  const refused = bench.notices("a", "refused");
  const refusal = { at: "connect", why: "refused" } as const;
  deepEqual(refused, [{ event: "refused", address: "nobody", reason: "unreachable", failure: refusal }]);
  const callsEnded = () => bench.effects.flatMap(({ effect }) => effect.type === "callEnded" ? [effect] : []);
  deepEqual(callsEnded(), [{ type: "callEnded", target: "nobody", failure: refusal }]);
  equal(bench.node("a").peers.calling, false);

  const { peers } = bench.node("a");
  peers.step({ type: "call", target: "unknown", retry: true }, bench.timeline.now, bench.entropy);
  equal(peers.calling, true);
  const fails = (call: number, failure: CallFailure) =>
    peers.step({ type: "dialFailed", call, failure }, bench.timeline.now, bench.entropy);
  const nameless = { at: "name", why: "name-not-found" } as const;
  deepEqual(fails(2, nameless), [
    { type: "notice", notice: { event: "refused", address: "unknown", reason: "unreachable", failure: nameless } },
  ]);
  equal(peers.calling, true, "it waits for its pause");
  const silent = { at: "connect", why: "filtered" } as const;
  deepEqual(fails(99, silent), []);
  peers.step({ type: "call", target: "slow", retry: true }, bench.timeline.now, bench.entropy);
  deepEqual(fails(3, silent), [
    { type: "notice", notice: { event: "refused", address: "slow", reason: "timeout", failure: silent } },
  ]);
});

test("a target that is being called already is told as such, and called at once if it only waits", [SMALL], (bench) => {
  bench.call("a", "nobody", true).run(100).call("a", "nobody");
  deepEqual(bench.notices("a", "already-called"), [{ event: "already-called", address: "nobody", state: "called" }]);
  equal(bench.dials.length, 2);
});

// --- Room ---

test("with more than 64 frames right behind the accept the others are waited for no longer", [SMALL, {
  ...LARGE,
  shape: { cover: "constant", intervalMs: 50 },
}], (bench) => {
  bench.call("b", "a").run(1_000);
  // a reads for long, and b, which has read before its accept, does not.
  let behind = 0;
  bench.onJoined = ({ pair }) => {
    const { send } = pair.listener;
    pair.listener.send = (frame) => {
      if (frame[1] === FrameType.accept) bench.readTakesMs = 60_000;
      else if (frame[1] === FrameType.cell) behind++;
      send.call(pair.listener, frame);
    };
  };
  bench.call("a", "b");
  while (behind < 64) bench.run(1);
  bench.run(20);
  deepEqual(bench.open(), [0, 1], "it waits");
  while (behind < 65) bench.run(1);
  bench.run(20); // the next one is 50 ms behind
  deepEqual(bench.open(), [1], "the one that the smaller PeerId dialled");
  equal(bench.story("a").some((told) => told.startsWith("refused") || told.startsWith("left")), false);
});

test("without room for a session's secrets nobody new gets an offer", [SMALL, LARGE], (bench) => {
  const keys = Array.from({ length: arena.available(32) - 159 }, () => arena.key());
  try {
    bench.call("a", "b").run(1_000);
    deepEqual(bench.story("b"), ["refused busy"]);
    deepEqual(bench.handshakeOf("b", 0), []);
    keys.pop()![Symbol.dispose]();
    bench.call("a", "b.again").run(1_000);
    deepEqual(bench.handshakeOf("b", 1), [FrameType.offer]);
  } finally {
    for (const key of keys) key[Symbol.dispose]();
  }
});

test(
  "a connection that never became a link gives its place back; 20 a minute are told one by one",
  [LARGE],
  (bench) => {
    const node = bench.node("b");
    for (let n = 0; n < 25; n++) {
      const { said, caller } = knock(bench, "b", `10.1.0.${n % 5}`);
      equal(said, "start");
      node.step({ type: "failed", caller, address: `10.1.0.${n % 5}:1`, why: "timeout" });
    }
    deepEqual(bench.story("b"), Array(20).fill("refused timeout"));
    const last = Array.from({ length: 6 }, () => knock(bench, "b", "10.1.0.9"));
    // Four have a place, two wait for 20 s and are closed then.
    deepEqual(last.map(({ said }) => said), [...Array(4).fill("start"), "waits", "waits"]);
    bench.run(TURNED_AWAY_REPORT_MS);
    deepEqual(bench.notices("b", "turned-away"), [{ event: "turned-away", count: 25 + 2, guesses: 0 }]);
    bench.run(TURNED_AWAY_REPORT_MS);
    node.step({ type: "failed", caller: last[0]!.caller, address: "10.1.0.9:1", why: "closed" });
    equal(bench.story("b").at(-1), "refused closed");
  },
);

test(
  "callers whom we hang up on ourselves keep no place, as when a port closes that was open for an introduction",
  [LARGE],
  (bench) => {
    const node = bench.node("b");
    for (let n = 0; n < 25; n++) {
      const { said, caller } = knock(bench, "b", "10.1.0.9");
      equal(said, "start");
      node.step({ type: "failed", caller, address: "", why: "stopped" });
    }
    bench.run(TURNED_AWAY_REPORT_MS);
    deepEqual(bench.story("b"), []);
  },
);

// --- What a person may ask ---

test("a friend who is here is shown with address, direction, time and what is unconfirmed", [
  SMALL,
  { ...LARGE, displayName: "Bea" },
], (bench) => {
  bench.showTakesMs = undefined;
  bench.run(1_000).call("a", "b").run(2_000);
  bench.say("a", "waits");
  bench.run(1_000);
  const [seen] = bench.node("a").peers.present();
  const { since, ...rest } = seen!;
  ok(since > 1_000 && since < 2_000);
  const expected = { peer: bench.id("b"), name: "Bea", address: "10.0.0.b:7373", direction: "out", unconfirmed: 1 };
  deepEqual(rest, { ...expected, direction: "out" as const, links: 1, verified: false });
  equal(bench.node("b").peers.present()[0]?.direction, "in");
  const id = bench.notices("a", "sent")[0]!.id;
  deepEqual(bench.node("a").peers.unconfirmed(), [{ peer: bench.id("b"), id, reported: false }]);
  deepEqual([bench.node("a").peers.settled, bench.node("b").peers.settled], [false, false]);
  bench.showAll();
  equal(bench.node("b").peers.settled, false, "the ack has not left");
  bench.run(1_000);
  deepEqual([bench.node("a").peers.settled, bench.node("b").peers.settled], [true, true]);
});

test("what is unconfirmed when a friend is lost is reported once, and stays unconfirmed", [SMALL, LARGE], (bench) => {
  bench.call("a", "b", true).run(1_000);
  bench.onJoined = ({ pair }) => pair.stall("dialer", 60_000);
  bench.joined[0]!.pair.stall("dialer", 60_000);
  bench.say("a", "lost");
  bench.run(500);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(500);
  const id = bench.notices("a", "sent")[0]!.id;
  deepEqual(bench.node("a").peers.unconfirmed(), [{ peer: bench.id("b"), id, reported: true }]);
  bench.onJoined = () => {};
  // Lost once more before it could be confirmed.
  while (bench.friend("a", "b") === undefined) bench.run(1);
  bench.joined.at(-1)!.pair.die(BOTH, BOTH);
  bench.run(20_000);
  equal(bench.notices("a", "left").length, 2);
  equal(bench.notices("a", "delivered").length, 1);
  equal(bench.notices("a", "unconfirmed").length, 1);
  deepEqual(bench.node("a").peers.unconfirmed(), []);
});

// --- Leaving ---

test("how many friends are here, and the most that one of them has not confirmed, is said at any time", [
  SMALL,
  LARGE,
  { name: "c", rank: 3 },
], (bench) => {
  const { peers } = bench.node("a");
  const said = () => [peers.here, peers.mostUnconfirmed];
  deepEqual(said(), [0, 0]);
  bench.showTakesMs = undefined;
  bench.call("a", "b").run(1_000);
  bench.say("a", "one");
  deepEqual(said(), [1, 1]);
  bench.call("a", "c").run(1_000);
  bench.say("a", "two");
  deepEqual(said(), [2, 2]);
  bench.run(2_000);
  bench.showAll();
  bench.run(2_000);
  deepEqual(said(), [2, 0]);
  bench.kill("b");
  bench.run(100);
  deepEqual(said(), [1, 0]);
});

test("a friend from whom nothing comes is said to be quiet, and for how long", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(5_000);
  const node = bench.node("a");
  deepEqual(node.peers.quiet(node.now), new Map());
  bench.joined[0]!.pair.stall("dialer", Infinity);
  bench.run(10_000);
  const quiet = node.peers.quiet(node.now);
  deepEqual([...quiet.keys()], [bench.id("b")]);
  const ms = quiet.get(bench.id("b"))!;
  ok(ms >= 10_000 - 250 && ms <= 10_000 + 250, `${ms} ms`);
});

test("leave says goodbye to everybody, and `gone` follows once all are closed", [SMALL, LARGE, {
  name: "c",
  rank: 3,
}], (bench) => {
  bench.call("a", "b").call("a", "c").run(2_000);
  bench.node("a").step({ type: "leave" });
  bench.run(1_000);
  equal(bench.effects.filter(({ who, effect }) => who === "a" && effect.type === "gone").length, 1);
  for (const who of ["b", "c"]) deepEqual(bench.story(who), ["connected in", "left bye"]);
  deepEqual(bench.story("a").filter((line) => line.startsWith("left")), []);
  equal(knock(bench, "a", "x").said, "shut");
});

test("who leaves shuts out those who wait at the door", [LARGE], (bench) => {
  const node = bench.node("b");
  const shut: string[] = [];
  for (const name of ["s", "t", "u"]) {
    node.arrive(sourceOf(`10.1.0.${name}`), { start: () => {}, shut: () => shut.push(name) });
  }
  node.step({ type: "leave" });
  deepEqual(shut, ["t", "u"], "the first has begun");
});

test("leave with nobody here is gone at once, and a call after it is never made", [SMALL, LARGE], (bench) => {
  bench.call("a", "b", true);
  const before = bench.dials.length;
  bench.node("a").step({ type: "leave" });
  equal(bench.effects.at(-1)?.effect.type, "gone");
  bench.node("a").step({ type: "time", unsent: () => 0 });
  equal(bench.effects.filter(({ effect }) => effect.type === "gone").length, 1);
  bench.call("a", "b.alt", true).run(10_000);
  equal(bench.dials.length, before);
  equal(bench.node("a").peers.deadline, Infinity, "or the loop would turn for nothing");
});

test("a goodbye to one friend ends their link alone, and they stay out until the person calls somebody", [
  SMALL,
  LARGE,
  {
    name: "c",
    rank: 3,
  },
], (bench) => {
  bench.call("a", "b", true).call("c", "a", true).call("b", "a", true).run(3_000);
  const kept = bench.notices("a", "connected").length;
  bench.node("a").step({ type: "bye", peer: bench.id("b") });
  bench.run(3_000);
  equal(bench.friend("a", "b"), undefined);
  equal(bench.friend("a", "c")?.links, 1);
  deepEqual(bench.notices("b", "left"), [{ event: "left", peer: bench.id("a"), reason: "bye" }]);
  deepEqual(bench.node("a").peers.callingWhom, []);
  // b goes on calling, and finds nobody.
  bench.run(120_000);
  equal(bench.notices("a", "connected").length, kept);
  bench.call("a", "b", true).run(5_000);
  equal(bench.friend("a", "b")?.links, 1);
});

test("a call that the person stops is made no more", [SMALL, LARGE], (bench) => {
  const [target] = bench.node("a").peers.callingWhom;
  equal(target, undefined);
  bench.node("a").step({ type: "call", target: "192.0.2.99:7373", retry: true });
  deepEqual(bench.node("a").peers.callingWhom, ["192.0.2.99:7373"]);
  bench.node("a").step({ type: "hang up", target: "192.0.2.99:7373" });
  deepEqual(bench.node("a").peers.callingWhom, []);
  bench.run(120_000);
  deepEqual(bench.notices("a", "connecting").length, 1);
});

test("the side that receives bye closes both connections, and says `left` once", [SMALL, LARGE, {
  name: "c",
  rank: 3,
}], (bench) => {
  bench.call("a", "b").run(1_000);
  bench.call("b", "a").untilTwoLinks("b", "a");
  bench.call("b", "c");
  bench.node("a").step({ type: "leave" });
  // One goodbye does for both.
  bench.joined[0]!.pair.stall("listener", 60_000);
  bench.run(1_000);
  equal(bench.friend("b", "a"), undefined);
  bench.run(2_000);
  deepEqual(bench.open(), [2], "c's connection is another's");
  deepEqual(bench.notices("b", "left"), [{ event: "left", peer: bench.id("a"), reason: "bye" }]);
  equal(bench.notices("b", "connected").filter(({ peer }) => peer === bench.id("a")).length, 1);
});

test("one connection that breaks the rules is closed, and the other with the same friend stays", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("b", "a").run(1_000);
  bench.call("a", "b");
  bench.untilTwoLinks("b", "a");
  bench.joined[1]!.pair.dialer.send(new Uint8Array(1280));
  bench.run(3_000);
  deepEqual(bench.open(), [0]);
  deepEqual([bench.notices("a", "left"), bench.notices("b", "left")], [[], []]);
});

test("a goodbye that waited for a tick when its link ended is taken, and the link is not closed a second time", [
  SMALL,
  LARGE,
], (bench) => {
  bench.call("a", "b").run(1_000);
  const { step } = Session.prototype;
  Session.prototype.step = function (event, now, entropy) {
    return event.type === "flush" ? [{ type: "close", reason: "bye" }] : step.call(this, event, now, entropy);
  };
  try {
    bench.kill("a");
    bench.run(100);
  } finally {
    Session.prototype.step = step;
  }
  deepEqual(bench.story("b"), ["connected in", "left bye"]);
  deepEqual(bench.effects.filter(({ who, effect }) => who === "b" && effect.type === "close"), []);
});

test("cells that wait for a tick are opened before a further connection counts, since they came before it", [
  SMALL,
  LARGE,
], (bench) => {
  const { step } = Session.prototype;
  const seen: string[] = [];
  const names = new Map<Session, number>();
  Session.prototype.step = function (event, now, entropy) {
    if (!names.has(this)) names.set(this, names.size);
    if (event.type === "flush" || event.type === "admit") seen.push(`${event.type} ${names.get(this)}`);
    return step.call(this, event, now, entropy);
  };
  try {
    bench.call("a", "b").run(3_000).call("b", "a").run(3_000);
  } finally {
    Session.prototype.step = step;
  }
  // Each side's first is admitted at once; before each side's second its first is flushed.
  deepEqual(seen.map((event) => event.split(" ")[0]).slice(0, 6), [
    "admit",
    "admit",
    "flush",
    "admit",
    "flush",
    "admit",
  ]);
});

test("a quiet moment is asked for while some dialer's key waits to be made, and makes one of them at a time", [
  SMALL,
  LARGE,
  { name: "c", rank: 3 },
], (bench) => {
  bench.call("a", "b").call("a", "c").run(10_000);
  const { peers } = bench.node("a");
  let most = 0;
  for (let ms = 0; ms < 5_000; ms += 10) {
    bench.run(10);
    let pieces = 0;
    for (; peers.wantsQuiet; pieces++) bench.node("a").step({ type: "quiet" });
    most = Math.max(most, pieces);
  }
  ok(most >= 1 && most <= 2, `${most}`);
  equal(bench.node("b").peers.wantsQuiet, false, "the listener asks for none");
});

test("a person who leaves while a call is under way is told nothing more about it", [SMALL, LARGE, {
  name: "c",
  rank: 3,
}], (bench) => {
  bench.call("a", "b", true).run(100).call("a", "nobody");
  bench.node("a").step({ type: "leave" });
  bench.run(10_000);
  deepEqual(bench.story("a"), []);
  const callsEnded = bench.effects.flatMap(({ effect }) => effect.type === "callEnded" ? [effect.failure.why] : []);
  deepEqual(callsEnded, ["busy", "refused"]);
  // Nor is who was called.
  bench.call("c", "b").run(100);
  bench.node("b").step({ type: "leave" });
  bench.run(1_000);
  deepEqual(bench.story("b").filter((line) => line !== "refused closed"), []);
  equal(bench.story("b").length, 1, "of the first call");
});

test(
  "a connection that is not admitted yet when the bye comes is closed, not admitted after it",
  [{ ...SMALL, rank: 200 }, LARGE],
  (bench) => {
    bench.readTakesMs = 1_000;
    bench.call("a", "b").run(1_000);
    bench.call("b", "a");
    // a has admitted it, and b still reads.
    bench.untilTwoLinks("a", "b");
    bench.run(50);
    bench.node("a").step({ type: "leave" });
    bench.run(10_000);
    deepEqual(bench.open(), []);
    deepEqual(bench.story("b").filter((line) => !line.startsWith("refused")), ["connected in", "left bye"]);
  },
);

test("what was shown is acknowledged and what was not is unconfirmed when a friend leaves", [SMALL, LARGE], (bench) => {
  bench.call("a", "b").run(1_000);
  bench.say("a", "read");
  bench.run(1_000);
  bench.showTakesMs = undefined;
  bench.say("a", "not read");
  bench.run(1_000);
  bench.node("b").step({ type: "leave" });
  bench.run(3_000);
  const sent = bench.notices("a", "sent").map(({ id }) => id);
  deepEqual(bench.notices("a", "delivered").map(({ id }) => id), [sent[0]]);
  deepEqual(bench.notices("a", "unconfirmed").map(({ id }) => id), [sent[1]]);
  deepEqual(bench.story("a").at(-1), "left bye");
});

test("what one friend does moves nothing on another friend's connection", [SMALL, LARGE, {
  name: "c",
  rank: 3,
}], (bench) => {
  bench.call("a", "b", true).call("a", "c", true).call("a", "nobody", true).run(2_000);
  bench.say("a", "to both");
  bench.run(500);
  bench.joined[0]!.pair.die(BOTH, BOTH);
  bench.run(2_000);
  deepEqual(bench.texts("c"), ["to both"]);
  equal(bench.friend("a", "c")?.links, 1);
  deepEqual(["b", "c"].map((who) => bench.dials.filter(({ target }) => target === who).length), [2, 1]);
  equal(bench.notices("a", "left").length, 1);
  equal(bench.notices("c", "left").length, 0);
});
