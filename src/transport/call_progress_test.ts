// Every cause has the steps that lead to it, and no step is forgotten by the next.

import { strictEqual as equal } from "node:assert/strict";
import { CallProgress, type CallStep, type Cause } from "./call_progress.ts";

function course(...steps: readonly CallStep[]): CallProgress {
  const made = new CallProgress();
  for (const step of steps) made.follow(step);
  return made;
}

const named: CallStep = { step: "resolved", addresses: [{ host: "192.0.2.7", port: 7373 }] };
const calling: CallStep = { step: "connecting", address: "192.0.2.7" };
const connected: CallStep = { step: "connected", address: "192.0.2.7" };
const secured: CallStep = { step: "secured", familiar: true };
const strange: CallStep = { step: "secured", familiar: false };
const offered: CallStep = { step: "offered", valid: true };
const answered: CallStep = { step: "answered" };
const closed: CallStep = { step: "ended", why: "closed" };
const failed = (why: "refused" | "timeout" | "unreachable" | "forbidden" | "reset"): CallStep => ({
  step: "failed",
  address: "192.0.2.7",
  why,
});

const proxied: CallStep = { step: "proxy", address: { host: "127.0.0.1", port: 9050 } };
const asked: CallStep = { step: "asked" };

const CASES: readonly (readonly [Cause, ...CallStep[]])[] = [
  ["no-resolver", { step: "resolving", host: "friend.example" }],
  ["no-resolver", { step: "unresolved", why: "timeout" }],
  ["no-resolver", { step: "unresolved", why: "no resolver" }],
  ["name-not-found", { step: "unresolved", why: "not found" }],
  ["onion-name", { step: "unresolved", why: "onion" }],
  ["filtered", named],
  ["filtered", named, calling],
  ["filtered", named, calling, failed("timeout")],
  ["refused", named, calling, failed("refused")],
  ["unreachable", named, calling, failed("unreachable")],
  ["forbidden", named, calling, failed("forbidden")],
  ["turned-away", named, calling, failed("reset")],
  ["proxy-unreachable", proxied],
  ["proxy-unreachable", proxied, { step: "unproxied", why: "proxy-unreachable" }],
  ["proxy-login", proxied, asked, { step: "unproxied", why: "proxy-login" }],
  ["proxy-refused", proxied, asked, { step: "unproxied", why: "proxy-refused" }],
  ["proxy-protocol", proxied, asked, { step: "unproxied", why: "proxy-protocol" }],
  ["refused", proxied, asked, { step: "unproxied", why: "refused" }],
  ["unreachable", proxied, asked, { step: "unproxied", why: "unreachable" }],
  ["filtered", proxied, asked, { step: "unproxied", why: "timeout" }],
  ["filtered", proxied, asked],
  ["silent", proxied, asked, connected],
  ["silent", named, calling, connected],
  ["silent", named, calling, connected, { step: "tlsFailed", why: "timeout" }],
  ["turned-away", named, calling, connected, { step: "tlsFailed", why: "closed" }],
  ["not-tls", named, calling, connected, { step: "tlsFailed", why: "not tls" }],
  ["not-sesame", named, calling, connected, { step: "tlsFailed", why: "other tls" }],
  ["not-sesame", named, calling, connected, { step: "tlsFailed", why: "not ours" }],
  ["large-packets-lost", named, calling, connected, secured],
  ["busy", named, calling, connected, secured, closed],
  ["not-sesame", named, calling, connected, secured, { step: "offered", valid: false }],
  ["not-sesame", named, calling, connected, secured, { step: "ended", why: "protocol" }],
  ["not-sesame", named, calling, connected, strange],
  ["not-sesame", named, calling, connected, strange, closed],
  ["busy", named, calling, connected, secured, offered, closed],
  ["large-packets-lost", named, calling, connected, secured, offered, answered],
  ["phrase", named, calling, connected, secured, offered, answered, closed],
  ["phrase", named, calling, connected, secured, offered, answered, { step: "ended", why: "phrase" }],
  ["not-sesame", named, calling, connected, secured, offered, answered, { step: "ended", why: "protocol" }],
  ["none", named, calling, connected, secured, offered, answered, { step: "accepted" }],
  ["none", named, calling, connected, secured, offered, answered, { step: "accepted" }, closed],
  ["own-address", named, calling, connected, { step: "own" }, secured, offered, answered, { step: "accepted" }],
];

Deno.test("CallProgress names the cause of each way in which a call ends", () => {
  for (const [cause, ...steps] of CASES) equal(course(...steps).cause, cause, JSON.stringify(steps));
});

Deno.test("CallProgress: of several addresses the failure that tells most counts, and silence is one", () => {
  const other: CallStep = { step: "connecting", address: "2001:db8::7" };
  const unreachable: CallStep = { step: "failed", address: "2001:db8::7", why: "unreachable" };
  equal(course(named, other, unreachable, calling).cause, "filtered");
  equal(course(named, other, unreachable, calling, failed("refused")).cause, "refused");
  equal(course(named, other, calling, failed("refused")).cause, "refused");
});

Deno.test("CallProgress: what took the connection says more than the addresses that are tried after it", () => {
  const first: CallStep = { step: "tlsFailed", why: "not tls" };
  const again: CallStep = { step: "connecting", address: "2001:db8::7" };
  equal(course(named, calling, connected, first, again).cause, "not-tls");
  equal(
    course(named, calling, connected, first, again, { ...connected, address: "2001:db8::7" }, secured).cause,
    "large-packets-lost",
  );
});

Deno.test("CallProgress: loopback is no address to warn of, and an offer alone is enough where no more is wanted", () => {
  const here: CallStep = { step: "connected", address: "127.0.0.1" };
  const local = course(named, here, { step: "own" }, secured, offered);
  local.done();
  equal(local.cause, "none");
});

Deno.test("CallProgress: while the phrase is stretched the other side keeps nobody waiting", () => {
  equal(course(named, calling, connected, secured, offered).waitsForUs, true);
  equal(course(named, calling, connected, secured, offered, answered).waitsForUs, false);
  equal(course(named, calling, connected, secured, offered, closed).waitsForUs, false);
  equal(course(named, calling, connected, secured).waitsForUs, false);
});
