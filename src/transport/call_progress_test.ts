// Every cause has the steps that lead to it, and no step is forgotten by the next.

import { strictEqual as equal } from "node:assert/strict";
import type { CallCause, CallStep } from "../call.ts";
import {
  answered,
  asked,
  calling,
  closed,
  connected,
  failed,
  offered,
  proxied,
  secured,
  strange,
} from "../../tests/harness/call_steps.ts";
import { CallProgress } from "./call_progress.ts";

type Cause = CallCause | "none" | "own-address";

const causeOf = ({ failure, isOwn }: CallProgress): Cause => failure?.why ?? (isOwn ? "own-address" : "none");

function after(...steps: readonly CallStep[]): CallProgress {
  const made = new CallProgress();
  for (const step of steps) made.follow(step);
  return made;
}

const named: CallStep = { step: "resolved", addresses: [{ host: "192.0.2.7", port: 7373 }] };

const CASES: readonly (readonly [Cause, ...CallStep[]])[] = [
  ["no-resolver"],
  ["no-resolver", { step: "lost", why: "no-resolver" }],
  ["name-not-found", { step: "lost", why: "name-not-found" }],
  ["onion-name", { step: "lost", why: "onion-name" }],
  ["filtered", named],
  ["filtered", named, calling],
  ["filtered", named, calling, failed("filtered")],
  ["refused", named, calling, failed("refused")],
  ["unreachable", named, calling, failed("unreachable")],
  ["forbidden", named, calling, failed("forbidden")],
  ["turned-away", named, calling, failed("turned-away")],
  ["proxy-unreachable", proxied],
  ["proxy-unreachable", proxied, { step: "lost", why: "proxy-unreachable" }],
  ["proxy-login", proxied, asked, { step: "lost", why: "proxy-login" }],
  ["proxy-refused", proxied, asked, { step: "lost", why: "proxy-refused" }],
  ["proxy-protocol", proxied, asked, { step: "lost", why: "proxy-protocol" }],
  ["refused", proxied, asked, { step: "lost", why: "refused" }],
  ["unreachable", proxied, asked, { step: "lost", why: "unreachable" }],
  ["filtered", proxied, asked, { step: "lost", why: "filtered" }],
  ["filtered", proxied, asked],
  ["silent", proxied, asked, connected],
  ["silent", named, calling, connected],
  ["silent", named, calling, connected, { step: "lost", why: "silent" }],
  ["turned-away", named, calling, connected, { step: "lost", why: "turned-away" }],
  ["not-tls", named, calling, connected, { step: "lost", why: "not-tls" }],
  ["not-sesame", named, calling, connected, { step: "lost", why: "not-sesame" }],
  ["large-packets-lost", named, calling, connected, secured],
  ["busy", named, calling, connected, secured, closed],
  ["not-sesame", named, calling, connected, secured, { step: "ended", why: "protocol" }],
  ["not-sesame", named, calling, connected, strange],
  ["not-sesame", named, calling, connected, strange, closed],
  ["busy", named, calling, connected, secured, offered, closed],
  ["large-packets-lost", named, calling, connected, secured, offered, answered],
  ["unanswered", named, calling, connected, secured, offered, answered, closed],
  ["phrase", named, calling, connected, secured, offered, answered, { step: "ended", why: "phrase" }],
  ["not-sesame", named, calling, connected, secured, offered, answered, { step: "ended", why: "protocol" }],
  ["none", named, calling, connected, secured, offered, answered, { step: "accepted" }],
  ["none", named, calling, connected, secured, offered, answered, { step: "accepted" }, closed],
  ["own-address", named, calling, connected, { step: "own" }, secured, offered, answered, { step: "accepted" }],
];

Deno.test("CallProgress names the cause of each way in which a call ends", () => {
  for (const [cause, ...steps] of CASES) equal(causeOf(after(...steps)), cause, JSON.stringify(steps));
});

Deno.test("CallProgress: of several addresses the failure that tells most counts, and silence is one", () => {
  const other: CallStep = { step: "connecting", address: "2001:db8::7" };
  const unreachable: CallStep = { step: "failed", address: "2001:db8::7", why: "unreachable" };
  equal(causeOf(after(named, other, unreachable, calling)), "filtered");
  equal(causeOf(after(named, other, unreachable, calling, failed("refused"))), "refused");
  equal(causeOf(after(named, other, calling, failed("refused"))), "refused");
});

Deno.test("CallProgress: what took the connection says more than the addresses that are tried after it", () => {
  const first: CallStep = { step: "lost", why: "not-tls" };
  const again: CallStep = { step: "connecting", address: "2001:db8::7" };
  equal(causeOf(after(named, calling, connected, first, again)), "not-tls");
  equal(
    causeOf(after(named, calling, connected, first, again, { ...connected, address: "2001:db8::7" }, secured)),
    "large-packets-lost",
  );
});

Deno.test("CallProgress: loopback is no address to warn of, and an offer alone is enough where no more is wanted", () => {
  const here: CallStep = { step: "connected", address: "127.0.0.1" };
  const local = after(named, here, { step: "own" }, secured, offered);
  local.done();
  equal(causeOf(local), "none");
});

Deno.test("CallProgress: while the phrase is stretched the other side keeps nobody waiting", () => {
  equal(after(named, calling, connected, secured, offered).waitsForUs, true);
  equal(after(named, calling, connected, secured, offered, answered).waitsForUs, false);
  equal(after(named, calling, connected, secured, offered, closed).waitsForUs, false);
  equal(after(named, calling, connected, secured).waitsForUs, false);
});
