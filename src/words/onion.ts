// What a person reads of `--onion`, and of calls to an onion name.

import { ONION_CONTROL_PORTS } from "../constants.ts";
import type { ControlFault } from "../notice.ts";
import type { Problem } from "./problems.ts";

const DOING = "Could not get an onion name.";
const [SYSTEM, BROWSER] = ONION_CONTROL_PORTS;

/** `at`: the control port that the person named, or that answered; undefined: nobody did at the usual ones. */
export function onionProblem(fault: OnionFault, at: string | undefined): Problem {
  if (fault === "nobody" && at === undefined) {
    return {
      doing: DOING,
      wrong: `Nothing answers on 127.0.0.1:${SYSTEM} or ${BROWSER}.`,
      next: `Start Tor with "ControlPort ${SYSTEM}" and "CookieAuthentication 1" in its torrc.`,
    };
  }
  const [wrong, next] = PROBLEMS[fault];
  return { doing: DOING, wrong: wrong.replace("HERE", () => at ?? `127.0.0.1:${SYSTEM}`), next };
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
  refused: [
    "Tor refused to make an onion service.",
    "Look at Tor's log. Tor 0.4.0 or later is needed.",
  ],
  silent: ["HERE takes the call but says nothing.", "Restart Tor, and try again."],
  lost: ["Tor hung up.", "Look at Tor's log, and try again."],
};

export const ONION_PORT_PROBLEM: Problem = {
  doing: DOING,
  wrong: "The value of --onion= is not HOST:PORT of Tor's control port.",
  next: `Type it as --onion=127.0.0.1:${SYSTEM}, or leave it out.`,
};

/** Why the password of Tor's control port cannot be taken. */
export const PASSWORD_PROBLEMS = {
  shown: {
    doing: "Could not take Tor's password.",
    wrong: "That descriptor is a terminal, which would show what is typed.",
    next: "Use --onion-password-fd 3 with 3< in the shell, or leave it out.",
  },
  unread: {
    doing: "Could not take Tor's password.",
    wrong: "Nothing can be read from that descriptor.",
    next: "Use --onion-password-fd 3 with 3< in the shell.",
  },
} satisfies Readonly<Record<string, Problem>>;

export function onionStarting(percent: number): string {
  return `Tor is still connecting to its network (${percent} %). The onion name comes after that.`;
}

/** As long as friends cannot call: Tor may be connecting, publishing, or away. */
export const ONION_PUBLISHING = "The onion name is shown as soon as Tor has published it.";

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

/** `why`: what the last try for a new name came to. `at`: the control port, if somebody answered or it was typed. */
export function onionGone(why: ControlFault | undefined, at?: string): string {
  if (why === undefined) {
    return "Tor has ended, and the onion name with it. Connected friends may be cut off; a new name is made once " +
      "Tor is back.";
  }
  const { wrong, next } = onionProblem(why, at);
  return `Still no new onion name. ${wrong} ${next}`;
}

/** Said before what `--proxy` says of itself. */
export const LOCAL_TOR = "You are calling an onion name, and Tor was found on this machine.";
