import { match, ok, strictEqual as equal } from "node:assert/strict";
import type { ControlFault } from "../notice.ts";
import { ONION_PORT_PROBLEM, onionGone, onionProblem, onionReady } from "./onion.ts";

const FAULTS: Readonly<Record<ControlFault | "elsewhere", true>> = {
  nobody: true,
  socks: true,
  "not-tor": true,
  cookie: true,
  "no-method": true,
  password: true,
  "false-tor": true,
  refused: true,
  silent: true,
  lost: true,
  untrusted: true,
  elsewhere: true,
};
const faults = Object.keys(FAULTS) as (keyof typeof FAULTS)[];

Deno.test("what keeps Tor from publishing is told in three parts, with the port that was typed or the usual one", () => {
  for (const typed of [undefined, "127.0.0.1:9999"]) {
    const told = faults.map((fault) => onionProblem(fault, typed));
    for (const { doing, wrong, next } of told) {
      equal(doing, "Could not get an onion name.");
      match(wrong, /^[A-Z1].*\.$/);
      match(next, /^[A-Z]/);
      ok(!/HERE|undefined/.test(wrong + next), wrong);
      const [port] = /127\.0\.0\.1:\d+/.exec(wrong) ?? [];
      ok(port === undefined || port === (typed ?? "127.0.0.1:9051"), wrong);
    }
    equal(new Set(told.map(({ wrong }) => wrong)).size, faults.length, "two faults have the same words");
  }
});

Deno.test("a name is told with what the friend types; a name that is gone says what the last try came to", () => {
  equal(ONION_PORT_PROBLEM.wrong.includes("--onion="), true);
  match(onionReady("abc.onion", false), /^Tor did not confirm.*\n.*count as one.*\n.*\nsesame connect abc\.onion$/);
  match(onionGone("silent", "127.0.0.1:9151"), /^Still no new onion name\. 127\.0\.0\.1:9151 takes the call/);
  match(onionGone("cookie"), /^Still no new onion name\. Tor's cookie cannot be read\. Join the group/);
});
