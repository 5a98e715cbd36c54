// Messages about other friends that no honest peer sends (docs/PROTOCOL.md sections 6 and 8), from somebody who is in.

import assert from "node:assert/strict";
import { ONION_PUBLISHING } from "../../src/words/onion.ts";
import { FakeTor, tor } from "../../src/transport/onion/control_test_tor.ts";
import { addressOf, dial, FAST, PHRASE, scripted } from "../harness/process_pair.ts";
import { socksProxy } from "../harness/socks.ts";
import {
  authenticateAsDialer,
  authenticateAsListener,
  FalseListener,
  FRAME,
  makeOffer,
  newIdentity,
  type Session,
  utf8,
  Wire,
} from "../reference/reference.ts";
import { createHash } from "node:crypto";
import { AT_ONCE_MS, type Row, type World } from "./world.ts";

const MIDDLE = "protocol 8: introductions";
const b32 = (bytes: Uint8Array) => bytes.toBase64({ alphabet: "base64url", omitPadding: true });
const PEER = b32(new Uint8Array(32).fill(0x77));
/** In the order of their spelling. */
const PEERS = Array.from({ length: 64 }, (_, i) => b32(new Uint8Array(32).fill(i * 4))).sort();
const member = (peer: string, name = "") => `{"peer":"${peer}","name":"${name}"}`;
const circle = (members: readonly string[]) => `{"type":"circle","you":"","with":[${members.join()}]}`;
const introduce = (peer: string, ...addresses: string[]) =>
  JSON.stringify({ type: "introduce", peer, addresses, from: "" });

/** Somebody who can be called, and agrees to all who are named. */
const REACHABLE = ["--introductions", "yes", "--listen", "0.0.0.0:0"];

/** `open`: a victim whose address is to stay hidden, and our session with it. */
function hidden(row: string, open: (world: World) => Promise<{ session: Session; victim: Victim }>): Row {
  return {
    row,
    where: `${MIDDLE}: a hidden process sends no meet and ignores introduce`,
    sent:
      "a circle that names a PeerId, and an introduction with an address that answers, to a victim that agrees to all",
    promised: "no meet, no call; its circle does not say where we are; the person is told why",
    refusals: 0,
    async run(world) {
      const { session, victim } = await open(world);
      const circleMessage = await session.heard((m) => m.type === "circle");
      assert.equal(circleMessage.you, "");
      const trap = world.own(await FalseListener.open(newIdentity()));
      session.send(...session.message(circle([member(PEER, "Bob")])));
      session.send(...session.message(introduce(PEER, trap.address)));
      await victim.event("hidden");
      await assert.rejects(trap.accept(1500), "a call to the trap");
      assert.equal(session.messages.some(({ type }) => type === "meet"), false);
      await session.stillTalks("after it");
      return "told why, and nothing else";
    },
  };
}

/** A victim that only calls, with us in the middle of its circle. */
async function inTheMiddle(world: World, more: readonly string[]): Promise<{ session: Session; victim: Victim }> {
  const listener = world.own(await FalseListener.open(newIdentity()));
  const victim = world.own(await dial(listener.address, ["--interval", "50", ...more]));
  const session = await authenticateAsListener(await listener.accept(), await world.phrase());
  await victim.event("connected");
  return { session, victim };
}
type Victim = Awaited<ReturnType<typeof dial>>;

/** Names somebody to a victim that agrees to all, which asks for them at once. */
async function namesBob(session: Session): Promise<void> {
  session.send(...session.message(circle([member(PEER, "Bob")])));
  await session.heard((m) => m.type === "meet");
}

export const CIRCLE_ROWS: readonly Row[] = [
  {
    row: "verify: a copied commitment, and a third one",
    where: "protocol 6: a reveal that does not open its commitment, a third verify: violations",
    sent: "the victim's own commitment with its own number; three times the same",
    promised: "closed; two are allowed",
    refusals: 0,
    async run(world) {
      const copier = await world.session();
      const first = await copier.heard((m) => m.type === "verify");
      copier.send(...copier.message({ type: "verify", commit: first.commit, reveal: "" }));
      const second = await copier.heard((m) => m.type === "verify" && m.reveal !== "");
      copier.send(...copier.message({ type: "verify", commit: first.commit, reveal: second.reveal }));
      await world.left(copier, "protocol");
      const talker = await world.session();
      const n = new Uint8Array(32).fill(5);
      const [us, victim] = [talker.wire.identity.id, Uint8Array.fromHex(world.victimId)];
      const commit = b32(
        createHash("sha256").update(utf8("sesame/1 verify commit")).update(us).update(victim).update(n)
          .digest(),
      );
      talker.send(...talker.message({ type: "verify", commit, reveal: "" }));
      talker.send(...talker.message({ type: "verify", commit, reveal: b32(n) }));
      await talker.stillTalks("two are fine");
      talker.send(...talker.message({ type: "verify", commit, reveal: b32(n) }));
      await world.left(talker, "protocol");
      return "closed each time; two were taken";
    },
  },
  {
    row: "circles of 63 names, two hundred of them",
    where: "protocol 6: rates are never violations",
    sent: "200 circles of 63 names that change each time",
    promised: "taken, and told; nobody is thrown out",
    async run(world) {
      const session = await world.session();
      for (let i = 0; i < 200; i++) {
        const members = PEERS.slice(0, 63).map((peer) => member(peer, `name ${i}`.padEnd(32, "😀")));
        session.send(...session.message(circle(members)));
      }
      await session.stillTalks("after them all", 20_000);
      const last = world.victim.all("circle").findLast((e) => e.peer === session.wire.identity.id.toHex());
      assert.equal((last?.with as unknown[]).length, 63);
      return "the last one is what counts";
    },
  },
  {
    row: "somebody else's PeerId at the address of an introduction",
    where: `${MIDDLE}: another certificate is closed before stretch and answer`,
    sent: "a circle that names a PeerId, and an introduction with the address of another listener",
    promised: "called, and no byte is sent; the person is told once, with our name",
    refusals: 0,
    async run(world) {
      const { session, victim } = await inTheMiddle(world, ["--introductions", "yes"]);
      await namesBob(session);
      const mallory = world.own(await FalseListener.open(newIdentity()));
      session.send(...session.message(introduce(PEER, mallory.address)));
      const wire = await mallory.accept();
      wire.send(makeOffer(await world.phrase()).frame);
      await wire.closedWithin(AT_ONCE_MS);
      assert.equal(wire.received, 0, "bytes that the wrong one got");
      const told = await victim.event("wrong-peer");
      assert.equal(told.by, session.wire.identity.id.toHex());
      await victim.event((e) => e.event === "introduction" && e.reason === "wrong-peer");
      await session.stillTalks("still friends");
      return `closed without a byte of ${FRAME}; told with the name of the friend in the middle`;
    },
  },
  {
    row: "others at all the addresses of an introduction",
    where: `${MIDDLE}: called three times for a set; the person is told once, with F's name`,
    sent: "a circle that names a PeerId, and an introduction with eight addresses where others answer",
    promised: "three calls, no byte is sent; the person is told once",
    refusals: 0,
    async run(world) {
      const { session, victim } = await inTheMiddle(world, ["--introductions", "yes"]);
      await namesBob(session);
      const wires: Wire[] = [];
      const others = await Promise.all(Array.from({ length: 8 }, () => FalseListener.open(newIdentity())));
      for (const other of others) {
        world.own(other);
        void other.accept().then((wire) => wires.push(wire), () => {});
      }
      session.send(...session.message(introduce(PEER, ...others.map(({ address }) => address))));
      await victim.event((e) => e.event === "introduction" && e.reason === "wrong-peer");
      await session.stillTalks("still friends");
      assert.deepEqual(wires.map(({ received }) => received), [0, 0, 0]);
      assert.equal(victim.all("wrong-peer").length, 1);
      return "three calls without a byte, told once";
    },
  },
  {
    row: "somebody else where an introduction's two-sided call goes",
    where: `${MIDDLE}: another certificate is closed before stretch and answer`,
    sent: "a circle that names a PeerId, and an introduction whose two-sided calls come from where another listens",
    promised: "met, and no byte is sent; the person is told once, with our name",
    refusals: 0,
    async run(world) {
      const { session, victim } = await inTheMiddle(world, REACHABLE);
      await namesBob(session);
      // Nobody is met at an address where a friend is already.
      const other = world.own(await FalseListener.open(newIdentity(), "127.0.0.2"));
      session.send(
        ...session.message(JSON.stringify({ type: "introduce", peer: PEER, addresses: [], from: other.address })),
      );
      for (let n = 0; n < 2; n++) {
        const wire = await other.accept();
        wire.send(makeOffer(await world.phrase()).frame);
        await wire.closedWithin(AT_ONCE_MS);
        assert.equal(wire.received, 0, "bytes that the wrong one got");
      }
      await session.stillTalks("still friends");
      const told = victim.all("wrong-peer").map(({ by, address }) => [by, address]);
      assert.deepEqual(told, [[session.wire.identity.id.toHex(), other.address]]);
      return "closed without a byte, told once";
    },
  },
  {
    row: "an introduction that goes on: more addresses than one message holds",
    where: `${MIDDLE}: at most 16 addresses`,
    sent: "eight addresses where nobody listens, then one where the right one does",
    promised: "called",
    refusals: 0,
    async run(world) {
      const { session, victim } = await inTheMiddle(world, ["--introductions", "ask"]);
      const peer = newIdentity();
      const listener = world.own(await FalseListener.open(peer));
      const nobody = await Promise.all(Array.from({ length: 8 }, () => FalseListener.open(newIdentity())));
      for (const one of nobody) await one[Symbol.asyncDispose]();
      session.send(...session.message(circle([member(b32(peer.id), "Bob")])));
      session.send(...session.message(introduce(b32(peer.id), ...nobody.map(({ address }) => address))));
      session.send(...session.message(introduce(b32(peer.id), listener.address)));
      await session.stillTalks("both have come");
      await victim.say("/introduce Bob");
      const met = await authenticateAsListener(await listener.accept(), await world.phrase());
      await victim.event((e) => e.event === "introduction" && e.state === "met");
      await met.stillTalks("hello");
      return "called at the ninth, and met";
    },
  },
  {
    row: "introductions to forbidden addresses, and about somebody who is not named",
    where: `${MIDDLE}: which addresses may be called`,
    sent:
      "a port below 1024, private, NAT64, mapped, multicast and unspecified addresses; a PeerId that no circle names",
    promised: "nobody is called",
    refusals: 0,
    async run(world) {
      const { session, victim } = await inTheMiddle(world, ["--introductions", "yes"]);
      const trap = world.own(await FalseListener.open(newIdentity()));
      session.send(...session.message(introduce(PEERS[9]!, trap.address)));
      await namesBob(session);
      session.send(...session.message(introduce(
        PEER,
        "127.0.0.1:22",
        "192.168.1.1:7373",
        "[64:ff9b::7f00:1]:7373",
        "[::ffff:7f00:1]:7373",
        "224.0.0.1:7373",
        "0.0.0.0:7373",
      )));
      await session.stillTalks("after them");
      await assert.rejects(trap.accept(1500), "a call to the trap");
      const peer = Uint8Array.fromBase64(PEER, { alphabet: "base64url" }).toHex();
      assert.deepEqual(victim.all("introduction").filter((e) => e.peer !== peer), []);
      assert.deepEqual(victim.all("wrong-peer"), []);
      return "nobody was called";
    },
  },
  {
    row: "a circle that names somebody, to one who hides nothing",
    where: `${MIDDLE}: who agrees sends a meet`,
    sent: "a circle that names a PeerId, to a victim that agrees to all and can be called",
    promised: "a meet, at once",
    refusals: 0,
    async run(world) {
      const { session } = await inTheMiddle(world, REACHABLE);
      session.send(...session.message(circle([member(PEER, "Bob")])));
      const meet = await session.heard((m) => m.type === "meet");
      assert.equal(meet.peer, PEER);
      return "a meet";
    },
  },
  hidden("an introduction for somebody who listens on loopback only", async (world) => {
    return await inTheMiddle(world, ["--introductions", "yes", "--listen", "127.0.0.1:0"]);
  }),
  hidden("an introduction for somebody who calls through a proxy, and listens", async (world) => {
    const proxy = world.own(await socksProxy());
    return await inTheMiddle(world, [...REACHABLE, "--proxy", `socks5h://${proxy.address}`]);
  }),
  hidden("an introduction for somebody who is called through Tor", async (world) => {
    const played = world.own(await FakeTor.start(tor("NULL")));
    const onion = `--onion=127.0.0.1:${played.address.port}`;
    const victim = world.own(await scripted(["listen", onion, "--introductions", "yes", ...FAST]));
    const address = await addressOf(victim);
    await victim.like("hint", { text: ONION_PUBLISHING });
    // Tor's control port and we have one owner, as Tor and those whom it brings.
    const session = await authenticateAsDialer(world.own(await Wire.dial(address)), PHRASE);
    await victim.event("connected");
    return { session, victim };
  }),
  {
    row: "a flood of introductions and meets",
    where: `${MIDDLE}: what exceeds a bound is ignored`,
    sent: "1000 introductions of 63 people, 1000 meets about one who is here",
    promised: "one event for each PeerId that is named, and no more; all goes on",
    refusals: 0,
    async run(world) {
      const { session, victim } = await inTheMiddle(world, ["--introductions", "ask"]);
      session.send(...session.message(circle(PEERS.slice(0, 63).map((peer) => member(peer)))));
      for (let i = 0; i < 1000; i++) {
        session.send(...session.message(introduce(PEERS[i % 63]!, `203.0.113.${i % 250}:${2000 + i}`)));
        session.send(
          ...session.message(JSON.stringify({ type: "meet", peer: PEERS[i % 63]!, addresses: [], from: "" })),
        );
      }
      await session.stillTalks("after the flood", 20_000);
      assert(victim.all("introduction").length <= 63, "one event a PeerId");
      assert.equal(victim.all("left").length, 0);
      return `${victim.all("introduction").length} introductions told, nobody thrown out`;
    },
  },
];
