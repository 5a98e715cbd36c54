// What a person reads of `--onion`, and of calls to an onion name.

import { ONION_CONTROL_PORTS } from "../constants.ts";
import type { ControlFault } from "../notice.ts";
import type { Problem } from "./problems.ts";

const DOING = "Could not get an onion name.";
const [SYSTEM, BROWSER] = ONION_CONTROL_PORTS;

/** `typed`: the control port that the person named; undefined: the usual ones were tried. */
export function onionProblem(fault: OnionFault, typed: string | undefined): Problem {
  if (fault === "nobody" && typed === undefined) {
    return {
      doing: DOING,
      wrong: `Nothing answers on 127.0.0.1:${SYSTEM} or ${BROWSER}.`,
      next: `Start Tor with "ControlPort ${SYSTEM}" and "CookieAuthentication 1" in its torrc.`,
    };
  }
  const [wrong, next] = PROBLEMS[fault];
  return { doing: DOING, wrong: wrong.replace("HERE", () => typed ?? `127.0.0.1:${SYSTEM}`), next };
}

type OnionFault = ControlFault | "elsewhere";

/** What went wrong, and what to do. `HERE` stands for the control port. */
const PROBLEMS: Readonly<Record<OnionFault, readonly [wrong: string, next: string]>> = {
  nobody: ["Nothing answers on HERE.", "Look up ControlPort in Tor's torrc, and start Tor."],
  socks: ["HERE is Tor's SOCKS port.", `Type its control port, usually ${SYSTEM}: --onion=127.0.0.1:${SYSTEM}`],
  "not-tor": [
    "What answers on HERE is not Tor's control port.",
    "Look up ControlPort in Tor's torrc, and type it: --onion=127.0.0.1:PORT",
  ],
  cookie: [
    "Tor's cookie cannot be read.",
    "Join the group of Tor's files (on Debian: debian-tor), or use --onion-password-fd.",
  ],
  "no-method": [
    "Tor admits only those who send its cookie in plain, which Sesame does not.",
    'Put "CookieAuthentication 1" or a HashedControlPassword into its torrc.',
  ],
  password: ["Tor wants a password there, or a different one.", "Give it with --onion-password-fd N."],
  "false-tor": [
    "What answers on HERE does not know Tor's cookie, or names a file that is not a cookie.",
    "Find out which program listens there: it may be somebody else's.",
  ],
  untrusted: [
    "Another user's program listens on HERE, or nobody can tell whose it is.",
    `If that is your Tor, type its control port: --onion=127.0.0.1:${SYSTEM}`,
  ],
  elsewhere: ["The control port is not on this machine's loopback.", `Type one such as --onion=127.0.0.1:${SYSTEM}`],
  refused: ["Tor refused to make an onion service.", "Look at Tor's log. Tor 0.4.0 or later is needed."],
  silent: ["HERE takes the call but says nothing.", "Restart Tor, and try again."],
  lost: ["Tor hung up.", "Look at Tor's log, and try again."],
};

export const ONION_FAR_PORT_PROBLEM: Problem = {
  doing: DOING,
  wrong: "The value of --onion= is not HOST:PORT of Tor's control port.",
  next: `Type it as --onion=127.0.0.1:${SYSTEM}, or leave it out.`,
};

export function onionStarting(percent: number): string {
  return `Tor is still connecting to its network (${percent} %). The onion name comes after that.`;
}

export const ONION_PUBLISHING = "Tor is publishing the onion name.";

/** With what the friend types. */
export function onionReady(address: string, confirmed: boolean): string {
  return [
    confirmed
      ? "The name is published. It lasts until you leave; each start makes a new one."
      : "Tor did not confirm within a minute that the name is published. Your friend may have to try more than once.",
    "All callers come through Tor and count as one: docs/ONION.md says what that means.",
    `Your friend types:\nsesame connect ${address}`,
  ].join("\n");
}

/** `why`: what the last try for a new name came to. */
export function onionGone(why: ControlFault | undefined): string {
  if (why === undefined) {
    return "Tor has ended, and the onion name with it. Connected friends may be cut off; a new name is made once " +
      "Tor is back.";
  }
  const { wrong, next } = onionProblem(why, undefined);
  return `Still no new onion name. ${wrong} ${next}`;
}

/** Said before what `--proxy` says of itself. */
export const LOCAL_TOR = "You are calling an onion name, and Tor was found on this machine.";
