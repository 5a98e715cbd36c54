// What a link says next: the message being sent, acks, then the rest in order, and the bye last of all.

import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { chat, messageId } from "../../tests/simulation/session_pair.ts";
import { INTRODUCTIONS_QUEUED_MAX } from "../constants.ts";
import { Outgoing } from "./outgoing.ts";

/** The next cell in a word: what begins, how far it is, what it is. */
function word(outgoing: Outgoing): string {
  const { cell, ended } = outgoing.next();
  if (cell.kind === "dummy") return "dummy";
  const json = new TextDecoder().decode(cell.data);
  const [, type, text] = /"type":"(\w+)"(?:.*"text":"(.))?/.exec(json) ?? [];
  const chat = ended?.type === "chat" ? ended.text.slice(0, 1) : text;
  const what = chat ?? type ?? "more";
  return `${what} ${cell.messageId}.${cell.index}/${cell.count}`;
}

/** Of the next cells what each is, whose ever it is. */
function kinds(outgoing: Outgoing, count: number): string {
  return Array.from({ length: count }, () => word(outgoing).split(" ")[0]).join(" ");
}

const LONG = "L".repeat(3000);

Deno.test("Outgoing gives dummies while there is nothing to say", () => {
  using outgoing = new Outgoing();
  equal(outgoing.empty, true);
  deepEqual([word(outgoing), word(outgoing)], ["dummy", "dummy"]);
});

Deno.test("Outgoing sends acks before messages not begun, and never inside one that is", () => {
  using outgoing = new Outgoing();
  outgoing.add(chat(1, LONG));
  outgoing.add(chat(2, "b"));
  equal(word(outgoing), "L 0.0/3");
  outgoing.add({ type: "ack", id: messageId(9) });
  outgoing.add({ type: "name", name: "x" });
  outgoing.add({ type: "ack", id: messageId(8) });
  deepEqual(Array.from({ length: 7 }, () => word(outgoing)), [
    "more 0.1/3",
    "L 0.2/3",
    "ack 1.0/1",
    "ack 2.0/1",
    "b 3.0/1",
    "name 4.0/1",
    "dummy",
  ]);
  equal(outgoing.empty, true);
});

Deno.test("Outgoing lets a message go after eight acks in a row, and a long one whole", () => {
  using outgoing = new Outgoing();
  for (let i = 0; i < 30; i++) outgoing.add({ type: "ack", id: messageId(100 + i) });
  outgoing.add(chat(1, LONG));
  outgoing.add(chat(2, "b"));
  const acks = (n: number) => Array(n).fill("ack").join(" ");
  equal(kinds(outgoing, 34), `${acks(8)} L more L ${acks(8)} b ${acks(14)}`);
});

Deno.test("Outgoing.leave lets the message being sent end, drops what is queued, and says bye once", () => {
  using outgoing = new Outgoing();
  outgoing.add(chat(1, LONG));
  outgoing.add(chat(2, "b"));
  outgoing.add({ type: "ack", id: messageId(9) });
  word(outgoing); // the ack, which goes first
  word(outgoing);
  outgoing.add({ type: "ack", id: messageId(8) });
  outgoing.leave();
  outgoing.add(chat(3, "c"));
  outgoing.leave();
  equal(outgoing.empty, false);
  deepEqual(Array.from({ length: 5 }, () => word(outgoing)), ["more 1.1/3", "L 1.2/3", "bye 2.0/1", "dummy", "dummy"]);
  outgoing.leave();
  equal(outgoing.empty, true);
  equal(word(outgoing), "dummy");
});

Deno.test("Outgoing forgets everything when it is disposed, and wipes what is left of a message", () => {
  const outgoing = new Outgoing();
  outgoing.add(chat(1, LONG));
  const { cell } = outgoing.next();
  outgoing.add(chat(2, "b"));
  outgoing.add({ type: "ack", id: messageId(9) });
  outgoing[Symbol.dispose]();
  equal(cell.kind === "fragment" && cell.data.every((byte) => byte === 0), true);
  equal(word(outgoing), "dummy");
});

const B32 = "A".repeat(43);
const circle = (n: number) => ({ type: "circle" as const, you: `192.0.2.${n}:7373`, with: [] });
const about = (type: "meet" | "introduce", n: number, from = "") => ({
  type,
  peer: n.toString(16).padStart(64, "0"),
  addresses: [],
  from,
});
const meet = (n: number) => about("meet", n);

Deno.test("Outgoing sends verify before everything else, acks included, then acks, the circle, and the rest in turn", () => {
  using outgoing = new Outgoing();
  for (const text of ["a", "b", "c"]) outgoing.add(chat(1, text));
  for (const n of [1, 2]) outgoing.add(meet(n));
  outgoing.add(circle(1));
  outgoing.add({ type: "ack", id: messageId(9) });
  outgoing.add({ type: "verify", commit: B32, reveal: "" });
  equal(kinds(outgoing, 9), "verify ack circle meet a meet b c dummy");
  equal(outgoing.empty, true);
});

Deno.test("Outgoing alternates from where it was: after an introduction what is said goes first", () => {
  using outgoing = new Outgoing();
  outgoing.add(meet(1));
  equal(kinds(outgoing, 1), "meet");
  outgoing.add(meet(1));
  outgoing.add(chat(1, "a"));
  equal(kinds(outgoing, 2), "a meet");
});

Deno.test("Outgoing keeps the newest verify and circle that have not begun, and a circle can be withdrawn", () => {
  using outgoing = new Outgoing();
  outgoing.add({ type: "verify", commit: B32, reveal: "" });
  outgoing.add({ type: "verify", commit: B32, reveal: B32 });
  outgoing.add(circle(1));
  outgoing.add(circle(2));
  const begun = [outgoing.next(), outgoing.next()].map(({ begun }) => begun?.message);
  deepEqual(begun, [{ type: "verify", commit: B32, reveal: B32 }, circle(2)]);
  outgoing.add(circle(3));
  equal(outgoing.empty, false);
  outgoing.withdrawCircle();
  equal(outgoing.empty, true);
  deepEqual(word(outgoing), "dummy");
});

Deno.test("Outgoing keeps the newest meet and the newest introduce about each PeerId, each in its first one's turn", () => {
  using outgoing = new Outgoing();
  outgoing.add(about("meet", 1));
  outgoing.add(about("introduce", 1));
  outgoing.add(about("introduce", 2));
  const newest = [about("meet", 1, "192.0.2.1:7373"), about("introduce", 1, "192.0.2.2:7373"), about("introduce", 2)];
  outgoing.add(newest[1]!);
  outgoing.add(newest[0]!);
  deepEqual([1, 2, 3].map(() => outgoing.next().begun?.message), newest);
  equal(outgoing.empty, true);
});

Deno.test("Outgoing keeps so many introductions as there can be people to introduce, the latest", () => {
  using outgoing = new Outgoing();
  for (let n = 0; n < INTRODUCTIONS_QUEUED_MAX + 2; n++) outgoing.add(meet(n));
  deepEqual(outgoing.next().begun?.message, meet(2));
  for (let n = 1; n < INTRODUCTIONS_QUEUED_MAX; n++) equal(outgoing.next().begun?.message.type, "meet");
  equal(outgoing.empty, true);
});

Deno.test("Outgoing lets a circle or an introduction go after eight acks in a row", () => {
  for (const [message, name] of [[circle(1), "circle"], [meet(1), "meet"]] as const) {
    using outgoing = new Outgoing();
    for (let i = 0; i < 10; i++) outgoing.add({ type: "ack", id: messageId(100 + i) });
    outgoing.add(message);
    equal(kinds(outgoing, 9), `${"ack ".repeat(8)}${name}`);
  }
});

Deno.test("Outgoing says after a goodbye nothing about others either", () => {
  using outgoing = new Outgoing();
  outgoing.add({ type: "verify", commit: B32, reveal: "" });
  outgoing.add(circle(1));
  outgoing.add(meet(1));
  outgoing.leave();
  outgoing.add(circle(2));
  equal(kinds(outgoing, 2), "bye dummy");
});
