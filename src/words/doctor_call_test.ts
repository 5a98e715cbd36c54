// What is said of each step of a doctor's call.

import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import { CallProgress } from "../transport/call_progress.ts";
import { diagnose, stepReports } from "./doctor_call.ts";

Deno.test("stepReports() has a line for each step: what went well, what failed, what was not tried", () => {
  const progress = new CallProgress();
  progress.follow({ step: "resolved", addresses: ["2001:db8::7", "192.0.2.7"].map((host) => ({ host, port: 7373 })) });
  progress.follow({ step: "connecting", address: "2001:db8::7" });
  progress.follow({ step: "failed", address: "2001:db8::7", why: "unreachable" });
  progress.follow({ step: "connecting", address: "192.0.2.7" });
  deepEqual(stepReports(progress, { phrase: false }), [
    { step: "name", state: "ok", found: "2001:db8::7, 192.0.2.7" },
    { step: "connect", state: "failed", found: "2001:db8::7: unreachable; 192.0.2.7: silent" },
    { step: "tls", state: "not tried", found: "" },
    { step: "offer", state: "not tried", found: "" },
    { step: "phrase", state: "not tried", found: "" },
  ]);
  progress.follow({ step: "connected", address: "192.0.2.7" });
  progress.follow({ step: "secured", familiar: true });
  progress.follow({ step: "offered" });
  progress.done();
  const states = (phrase: boolean) => stepReports(progress, { phrase }).map(({ state }) => state);
  deepEqual(states(false), ["ok", "ok", "ok", "ok", "not tried"]);
  deepEqual(states(true), ["ok", "ok", "ok", "ok", "ok"]);
});

Deno.test("through a proxy diagnose() speaks of it, and stepReports() of no name that was looked up here", () => {
  const progress = new CallProgress();
  progress.follow({ step: "proxy", address: { host: "127.0.0.1", port: 9050 } });
  const states = () => stepReports(progress, { phrase: false }).map(({ step, state }) => `${step} ${state}`);
  deepEqual(states().slice(0, 2), ["proxy failed", "connect not tried"]);
  equal(diagnose("abc.onion:7373", progress).doing, "Could not connect to abc.onion:7373 through 127.0.0.1:9050.");
  progress.follow({ step: "asked" });
  progress.follow({ step: "lost", why: "refused" });
  deepEqual(states().slice(0, 2), ["proxy ok", "connect failed"]);
  for (const why of ["proxy-login", "proxy-refused", "proxy-protocol"] as const) {
    progress.follow({ step: "lost", why });
    match(diagnose("abc.onion:7373", progress).wrong, /proxy/);
  }
});

Deno.test("diagnose() of a call that went well says so, and warns of this machine's own address", () => {
  const progress = new CallProgress();
  progress.follow({ step: "connected", address: "192.0.2.7" });
  progress.follow({ step: "own" });
  progress.follow({ step: "secured", familiar: true });
  progress.done();
  equal(diagnose("192.0.2.7:7373", progress).cause, "own-address");
  progress.follow({ step: "connected", address: "127.0.0.1" });
  progress.done();
  match(diagnose("127.0.0.1:7373", progress).wrong, /on this machine/);
});
