// Who may connect and who stays (docs/PROTOCOL.md section 8): places, rates, guesses, duplicates, glare, calls to
// oneself. Most of these use up the victim's limits, so they have a separate victim.

import assert from "node:assert/strict";
import { addressOf, dial, FAST, listen, PHRASE } from "../harness/process_pair.ts";
import { authenticateAsDialer, makeAnswer, newIdentity, parseOffer, stretched, Wire } from "../reference/reference.ts";
import { AT_ONCE_MS, RawPeer, type Row, type World } from "./world.ts";

const ADMISSION = "protocol 8: before authentication";

export const LIMIT_ROWS: readonly Row[] = [
  {
    row: "self",
    where: "model: self-connection: reject",
    sent: "the victim calls its own address",
    promised: "refused: self",
    refusals: 0,
    async run(world) {
      await world.victim.say(`/connect ${world.address}`);
      await world.refused(world.address, "self");
      return "refused: self";
    },
  },
  {
    row: "duplicate, same direction",
    where: "model: duplicate session: keep existing and reject new; protocol 8",
    sent: "a second connection with a certificate that has a session",
    promised: "closed before the offer, the first goes on",
    refusals: 0,
    async run(world) {
      const first = await world.session();
      await first.stillTalks("first");
      const second = await world.dial({ identity: first.wire.identity });
      await second.closedWithin(AT_ONCE_MS);
      assert.equal(second.received, 0);
      await world.refused(second.localAddress, "duplicate");
      await first.stillTalks("still the first");
      assert.equal(world.victim.all("connected").filter((e) => e.peer === first.wire.identity.id.toHex()).length, 1);
      return "closed before the offer, refused: duplicate, the first goes on";
    },
  },
  {
    row: "duplicate, dialled",
    where: "model: duplicate session; protocol 8: closes a further connection before its answer",
    sent: "a second address where the same certificate answers",
    promised: "closed before the answer, the first goes on",
    refusals: 0,
    async run(world) {
      const identity = newIdentity();
      const first = await world.calledSession(identity);
      await first.stillTalks("first");
      const { wire, target } = await world.offered({}, identity);
      await wire.closedWithin(AT_ONCE_MS);
      assert.equal(wire.received, 0);
      await world.refused(target, "duplicate");
      await first.stillTalks("still the first");
      return "closed before the answer, refused: duplicate, the first goes on";
    },
  },
  ...(["smaller", "larger"] as const).map((which): Row => ({
    row: `glare with a ${which} PeerId`,
    where: "protocol 8 [m]: kept is one dialled by the smaller PeerId",
    sent: "both call each other, and both connections authenticate",
    promised: "one `connected`, one link left, the right one, no `left`, messages go on",
    refusals: 0,
    async run(world) {
      let identity = newIdentity();
      while ((identity.id.toHex() < world.victimId) !== (which === "smaller")) identity = newIdentity();
      const ours = await world.session({ identity });
      await ours.stillTalks("on our call");
      const theirs = await world.calledSession(identity);
      const [kept, other] = which === "smaller" ? [ours, theirs] : [theirs, ours];
      // Our side of the rule: cells on each, as every tick brings them.
      const ticks = setInterval(() => [ours, theirs].forEach((session) => session.send(session.dummy())), 50);
      await other.wire.closedWithin(4000).finally(() => clearInterval(ticks));
      await kept.stillTalks("on the one that is kept");
      await world.victim.say("back on it");
      await kept.heard((m) => m.text === "back on it");
      const mine = (event: string) => world.victim.all(event).filter((e) => e.peer === identity.id.toHex()).length;
      assert.equal(mine("connected"), 1);
      assert.equal(mine("left"), 0);
      return "settled on the right one";
    },
  })),
  {
    row: "four places of one address",
    where: ADMISSION,
    sent: "seven connections from one address that say nothing",
    promised: "four get an offer, two wait without a byte, the last is closed before TLS; other addresses get in",
    world: {},
    async run(world) {
      const from = world.stranger();
      for (let i = 0; i < 4; i++) await (await world.dial({ from })).frame();
      const waiting = [world.raw(from), world.raw(from)];
      for (const peer of waiting) await peer.connected;
      await turnedAway(world, from);
      await (await world.session()).stillTalks("from elsewhere");
      assert.deepEqual(waiting.map(({ received, closed }) => [received, closed]), [[0, false], [0, false]]);
      return "four offers, two wait, the seventh closed before TLS, another address got in";
    },
  },
  {
    row: "silent strangers in all places",
    where: `${ADMISSION}: strangers in turn`,
    sent: "80 silent TLS connections from 20 addresses, each of its own network",
    promised: "a newcomer with the right phrase gets in within 8 s, and an address that authenticated at once",
    world: {},
    async run(world) {
      const froms = Array.from({ length: 20 }, () => world.stranger());
      for (const from of froms) {
        for (let i = 0; i < 4; i++) world.raw(from).send(Uint8Array.of(22, 3, 1)); // half a record
      }
      await until(performance.now() + 4_500); // 64 places at 20 a second
      const known = performance.now();
      await (await authenticateAsDialer(await world.dial({ from: "127.0.0.1" }), PHRASE)).stillTalks(
        "from a known address",
      );
      const took = performance.now() - known;
      assert(took < 2_000, `the known address took ${Math.round(took)} ms`);
      const began = performance.now();
      await (await world.session()).stillTalks("from a new one");
      const ms = performance.now() - began;
      assert(ms < 8_000, `the newcomer took ${Math.round(ms)} ms`);
      return `the newcomer got in after ${Math.round(ms)} ms`;
    },
  },
  {
    row: "silent strangers while the phrase is stretched",
    where: `${ADMISSION}: strangers in turn`,
    sent: "to a victim that has just opened its port: 40 connections from one network that say nothing",
    promised: "somebody who calls from elsewhere at the same moment gets in",
    refusals: 0,
    async run(world) {
      const victim = world.own(await listen(FAST));
      const address = await addressOf(victim);
      const silent = Array.from({ length: 40 }, (_, i) => world.own(new RawPeer(address, `127.250.0.${1 + i % 4}`)));
      await Promise.all(silent.map(({ connected }) => connected));
      const wire = world.own(await Wire.dial(address, { from: world.stranger() }));
      await (await authenticateAsDialer(wire, PHRASE)).stillTalks("beside them");
      return "got in";
    },
  },
  {
    row: "30 connections a minute",
    where: ADMISSION,
    sent: "31 connections from one address, closed at the offer",
    promised: "the 31st is closed before TLS",
    world: {},
    async run(world) {
      const from = world.stranger();
      for (let i = 0; i < 30; i++) {
        const wire = await Wire.dial(world.address, { from });
        await wire.frame();
        wire[Symbol.dispose]();
      }
      await turnedAway(world, from);
      await (await world.session()).stillTalks("from elsewhere");
      return "30 offers, the 31st closed before TLS";
    },
  },
  {
    row: "three guesses, then a wait",
    where: "protocol 8: 2^(k-3) seconds after the third guess",
    sent: "wrong phrases from one address: three, then a fourth after its wait",
    promised: "turned away for 1 s after the third, for 2 s after the fourth; others get in",
    world: {},
    refusals: 5,
    async run(world) {
      const from = world.stranger();
      for (let i = 0; i < 3; i++) await guess(world, from);
      const third = performance.now();
      await turnedAway(world, from);
      await (await world.session()).stillTalks("from elsewhere");
      await until(third + 1100);
      await guess(world, from);
      const fourth = performance.now();
      await until(fourth + 1100);
      await turnedAway(world, from);
      await until(fourth + 2100);
      await (await world.dial({ from })).frame();
      return "waits of 1 s and 2 s, other addresses not affected";
    },
  },
  {
    row: "guesses of connections opened before the wait",
    where: "protocol 8: after the third guess and each further one an address waits",
    sent: "four offers taken from one address, then four wrong answers at once",
    promised: "three are checked, the fourth is refused unchecked",
    world: {},
    refusals: 4,
    async run(world) {
      const from = world.stranger();
      const waiting = [];
      for (let i = 0; i < 4; i++) {
        const wire = await world.dial({ from });
        waiting.push({ wire, offer: parseOffer(await wire.frame()) });
      }
      const phrase = await stretched("another phrase altogether", waiting[0]!.offer.salt);
      for (const [i, { wire, offer }] of waiting.entries()) {
        wire.send(makeAnswer(wire, offer, phrase).frame);
        await world.refusedAfterOffer(wire, i < 3 ? "phrase" : "busy");
      }
      return "refused: phrase, phrase, phrase, busy";
    },
  },
  {
    row: "connections without end of a friend who is silent",
    where: "model: malformed network input attempting panics, OOM, or unbounded CPU/memory use",
    sent: "a session that falls silent, then twenty connections with its certificate that answer no offer",
    promised: "at most four connections of one PeerId; the others are closed before the offer",
    refusals: 0,
    world: {},
    async run(world) {
      const first = await world.session();
      for (let i = 0; i < 10; i++) first.send(first.dummy());
      await until(performance.now() + 5500);
      const { identity } = first.wire;
      for (let i = 0; i < 20; i++) {
        const wire = await world.dial({ identity });
        if (i < 3) parseOffer(await wire.frame());
        else {
          await wire.closedWithin(AT_ONCE_MS);
          assert.equal(wire.received, 0, `bytes of connection ${i}`);
          await world.refused(wire.localAddress, "duplicate");
        }
      }
      return "3 offers, 17 refused: duplicate";
    },
  },
  {
    row: "a friend's duplicates without end",
    where: "model: unbounded CPU/memory; protocol 8: the user sees counts",
    sent: "fifty further connections with a certificate that has a session",
    promised: "twenty are told one by one, the rest are counted; the first goes on",
    refusals: 0,
    world: {},
    async run(world) {
      const first = await world.session();
      await first.stillTalks("first");
      const before = world.victim.all("refused").length;
      for (let i = 0; i < 50; i++) {
        const wire = await world.dial({ identity: first.wire.identity });
        await wire.closedWithin(AT_ONCE_MS);
      }
      await first.stillTalks("still the first");
      assert.equal(world.victim.all("refused").length - before, 20);
      return "20 refusals told of 50, the first goes on";
    },
  },
  {
    row: "other failures cause no wait",
    where: "protocol 8: other failures cause no wait",
    sent: "six answers with a share that is none, from one address",
    promised: "each gets an offer",
    world: {},
    refusals: 6,
    async run(world) {
      const from = world.stranger();
      for (let i = 0; i < 6; i++) {
        const wire = await world.answered({ from, bend: { shareA: new Uint8Array(32) } });
        await wire.closedWithin(AT_ONCE_MS);
      }
      await (await world.session({ from })).stillTalks("the phrase after all");
      return "six refused, the seventh got in";
    },
  },
  {
    row: "wrong guesses of 21 addresses",
    where: "protocol 8: guesses of all strangers",
    sent: "three wrong phrases from each of 21 addresses, 63 in all",
    promised: "a newcomer with the right phrase gets in at once",
    world: {},
    async run(world) {
      const froms = Array.from({ length: 21 }, () => world.stranger());
      let guesses = 0;
      for (let round = 0; round < 3; round++) {
        for (const from of froms) {
          const wire = await world.answered({ from, phrase: "another phrase altogether" });
          await wire.closedWithin(AT_ONCE_MS);
          guesses++;
        }
      }
      const began = performance.now();
      await (await world.session()).stillTalks("a newcomer");
      const ms = performance.now() - began;
      assert(ms < 3_000, `the newcomer took ${Math.round(ms)} ms`);
      return `${guesses} guesses, the newcomer got in after ${Math.round(ms)} ms`;
    },
  },
  {
    row: "a 65th friend",
    where: "protocol 0 and 8: MAX_SESSIONS, decided before the offer",
    sent: "64 sessions, then one more that knows the phrase",
    promised: "closed before the offer; those who are in stay; one of them may come again",
    world: { intervalMs: 1000 },
    async run(world) {
      const sessions = [];
      for (let i = 0; i < 63; i++) sessions.push(await world.session());
      const late = await world.dial();
      await late.closedWithin(AT_ONCE_MS);
      assert.equal(late.received, 0);
      await world.refused(late.localAddress, "busy");
      await sessions[0]!.stillTalks("first of many");
      await sessions[62]!.stillTalks("last of many");
      return "closed before the offer, refused: busy";
    },
  },
  {
    row: "wrong mode, decoy victim",
    where: "protocol 3: mode byte",
    sent: "to a victim in decoy mode: an answer in real mode, one in decoy mode",
    promised: "refused: phrase; let in",
    world: { victim: ["--decoy"], friend: ["--decoy"] },
    async run(world) {
      const observed = await world.refusedAfterOffer(await world.answered({ mode: "real" }), "phrase");
      await (await authenticateAsDialer(await world.dial(), PHRASE, "decoy")).stillTalks("in the same mode");
      return observed;
    },
  },
  {
    row: "closed door",
    where: "protocol 8, cli: --friends N",
    sent: "with --friends 1: another who knows the phrase, and one who does not",
    promised: "both turned away, the first announced, no accept",
    world: { victim: ["--friends", "1"] },
    refusals: 2,
    async run(world) {
      const observed = await world.refusedAfterOffer(await world.answered(), "busy");
      await world.victim.event((e) => e.event === "hint" && /knows the phrase/.test(String(e.text)));
      await guess(world, world.stranger());
      return `${observed}, announced`;
    },
  },
  {
    row: "several callers at one address",
    where: "protocol 8",
    sent: "four real friends call at the same moment",
    promised: "all get in",
    world: {},
    refusals: 0,
    async run(world) {
      const friends = await Promise.all(Array.from({ length: 4 }, () => dial(world.address)));
      for (const friend of friends) world.own(friend);
      await Promise.all(friends.map((friend) => friend.event("connected", 30_000)));
      return "all four connected";
    },
  },
];

/** A connection from there gets no TLS: closed without a byte. */
async function turnedAway(world: World, from: string): Promise<void> {
  const peer = world.raw(from);
  await peer.closedWithin(AT_ONCE_MS);
  assert.equal(peer.received, 0);
}

async function guess(world: World, from: string): Promise<void> {
  await world.refusedAfterOffer(await world.answered({ from, phrase: "another phrase altogether" }), "phrase");
}

/** The victim's waits are real time; there is no event at their end. */
function until(moment: number): Promise<void> {
  return new Promise((done) => setTimeout(done, Math.max(0, moment - performance.now())));
}
