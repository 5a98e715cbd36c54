// The words for a call's course: a line for each step, and the three parts of what is wrong and what to do about it.
// Pure. Not in here: finding out (checkup.ts, loop.ts), which cause it is (course.ts).

import { parseAlternatives } from "../transport/address.ts";
import { type CallProgress, type Cause, isLoopback, type Step, STEPS } from "../transport/call_progress.ts";
import type { RefusedReason } from "../notice.ts";
import { connectProblem, type Problem } from "./errors.ts";

/** One step as it is told. */
export interface StepReport {
  readonly step: Step;
  readonly state: "ok" | "failed" | "not tried";
  readonly found: string;
}

export interface Diagnosis extends Problem {
  readonly address: string;
  readonly cause: Cause;
  /** Where it fails; absent: it does not. */
  readonly step?: Step;
}

/** `target` as HOST:PORT. */
export function diagnose(target: string, course: CallProgress): Diagnosis {
  const { cause, at, proxy } = course;
  const { wrong, next } = words(cause, target, course);
  const good = cause === "none" || cause === "own-address";
  return {
    address: target,
    cause,
    ...(at === undefined ? {} : { step: at }),
    doing: `${good ? "Called" : "Could not connect to"} ${target}${proxy === undefined ? "" : ` through ${proxy}`}.`,
    wrong,
    next,
  };
}

/** A line for each step, in order, those that were not come to included. `tried`: the phrase was to be tried as well. */
export function stepReports(course: CallProgress, tried: { readonly phrase: boolean }): StepReport[] {
  const at = course.at === undefined ? STEPS.length : STEPS.indexOf(course.at);
  // A proxy looks the name up itself.
  const none: Step = course.proxy === undefined ? "proxy" : "name";
  return STEPS.filter((step) => step !== none).map((step) => {
    const index = STEPS.indexOf(step);
    if (index > at || (step === "phrase" && !tried.phrase)) {
      return { step, state: "not tried", found: step === "phrase" && index <= at ? "--with-phrase tries it too" : "" };
    }
    return { step, state: index < at ? "ok" : "failed", found: found(step, index < at, course) };
  });
}

function found(step: Step, ok: boolean, course: CallProgress): string {
  const { addresses, attempts, reached, cause } = course;
  switch (step) {
    case "name":
      return ok ? addresses.join(", ") : NAME_FOUND[cause] ?? "no such name";
    case "proxy":
      return ok ? `${course.proxy} takes the connection` : "no answer";
    case "connect": {
      if (course.proxy !== undefined) return ok ? "made by the proxy" : PROXY_FOUND[cause] ?? cause;
      const failed = [...attempts].map(([address, fault]) => `${address}: ${fault ?? "silent"}`);
      return [...(ok && reached !== undefined ? [`${reached} takes the connection`] : []), ...failed].join("; ");
    }
    case "tls":
      if (!ok) return TLS_FOUND[cause] ?? "";
      return `TLS 1.3, with ${
        course.familiar ? "a certificate as Sesame makes them" : "a certificate of another kind"
      }`;
    case "offer":
      return ok ? "a Sesame of this version" : cause === "busy" ? "closed without one" : OFFER_FOUND[cause] ?? "";
    case "phrase":
      return ok ? "right, and in the same mode" : cause === "phrase" ? "did not match" : "no answer";
  }
}

/** Of a step, for people. */
export const LABELS: Readonly<Record<Step, string>> = {
  name: "name",
  proxy: "proxy",
  connect: "TCP connection",
  tls: "TLS",
  offer: "Sesame's offer",
  phrase: "phrase",
};

const NAME_FOUND: Partial<Record<Cause, string>> = { "no-resolver": "no answer", "onion-name": "not asked for" };
const PROXY_FOUND: Partial<Record<Cause, string>> = {
  "proxy-login": "the proxy wants a login",
  "proxy-refused": "the proxy made none",
  "proxy-protocol": "what answers is no SOCKS5 proxy",
  filtered: "no answer",
};
const TLS_FOUND: Partial<Record<Cause, string>> = {
  silent: "no answer",
  "turned-away": "closed at once",
  "not-tls": "the answer is no TLS",
  "not-sesame": "another kind of TLS",
};
const OFFER_FOUND: Partial<Record<Cause, string>> = {
  "large-packets-lost": "does not arrive",
  "not-sesame": "something else, or nothing",
};

/** What a proxy says of whom it called. */
const PROXY_SAYS: Partial<Record<Cause, RefusedReason>> = {
  refused: "unreachable",
  unreachable: "unreachable",
  filtered: "timeout",
};

function words(cause: Cause, target: string, course: CallProgress): Pick<Problem, "wrong" | "next"> {
  const parsed = parseAlternatives(target);
  if (course.proxy !== undefined && cause in PROXY_SAYS) {
    return connectProblem(target, PROXY_SAYS[cause]!, course.proxy);
  }
  const [first, ...others] = typeof parsed === "string" ? [] : parsed;
  const { host, port } = first !== undefined && others.length === 0 ? first : { host: target, port: first?.port ?? 0 };
  switch (cause) {
    case "none":
      return {
        wrong: isLoopback(course.reached ?? "")
          ? "All is well: a Sesame answers on this machine."
          : "All is well: a Sesame answers there.",
        next: `Type: sesame connect ${target}`,
      };
    case "own-address":
      return {
        wrong: "A Sesame answers, but that is this machine's own address.",
        next:
          "Give your friend's address, not your own; they can reach you at this one if they are on the same network.",
      };
    case "name-not-found":
      return {
        wrong: `There is no such name as ${host}.`,
        next: "Compare its spelling with your friend's, or use their IP address.",
      };
    case "no-resolver":
      return {
        wrong: "The name cannot be looked up: no resolver answers this machine.",
        next:
          "See whether this machine is on the network and which DNS server it asks, or use your friend's IP address.",
      };
    case "onion-name":
      return connectProblem(target, "unreachable");
    case "proxy-unreachable":
    case "proxy-login":
    case "proxy-refused":
    case "proxy-protocol":
    case "phrase":
      return connectProblem(target, cause, course.proxy);
    case "refused":
      return {
        wrong:
          `It is refused: the machine is there, but nobody listens on port ${port}, or a firewall turns calls away.`,
        next: 'Compare the port with your friend\'s, and ask them to run "sesame listen".',
      };
    case "other-interface":
      return {
        wrong:
          `That is this machine's own address, and a program waits on port ${port} for calls from this machine only.`,
        next: `End it and let it listen on every interface: sesame listen ${port}.`,
      };
    case "filtered":
      return {
        wrong: "Nothing comes back: a firewall or router on the way drops the call, or no machine has that address.",
        next: `Ask your friend to let TCP port ${port} through their firewall and to pass it on in their router; ` +
          "if nobody can be called from here, look at this machine's own firewall.",
      };
    case "unreachable":
      return course.addresses.length > 0 && course.addresses.every((address) => address.includes(":"))
        ? {
          wrong: "No way leads there: this machine has no IPv6, or the network knows no such address.",
          next: "Ask your friend for an IPv4 address, and see whether this machine is on the network.",
        }
        : {
          wrong:
            "The network says that no way leads there: no machine has that address, a firewall forbids it, or this " +
            "machine is on no network.",
          next: "Compare the address with your friend's, see whether both machines are on the network, and ask your " +
            `friend to let TCP port ${port} through their firewall.`,
        };
    case "forbidden":
      return {
        wrong: "The call is forbidden: by this machine's own rules, or by a firewall on the way that says so.",
        next: "Look at this machine's firewall and at what it lets programs do, then call again.",
      };
    case "turned-away":
      return {
        wrong: "The connection is taken and closed at once: a Sesame with no place left or too many calls from your " +
          "address, a relay with nobody behind it, or a firewall that lets no TLS through.",
        next:
          "Wait a minute and call again; if it stays so, ask your friend whether their Sesame runs and what it says.",
      };
    case "silent":
      return {
        wrong: "The connection is taken, and then nothing comes: another kind of service, a program that hangs, or " +
          "packets that get lost.",
        next: "Compare the port with your friend's, and ask them to start Sesame anew.",
      };
    case "not-tls":
      return {
        wrong: "Something answers that is no Sesame: it does not speak TLS.",
        next: "Compare the port with your friend's.",
      };
    case "not-sesame":
      return {
        wrong: "Something answers that speaks TLS and is no Sesame of this version, perhaps a web server.",
        next: "Compare the port with your friend's; both need a Sesame of protocol version 1.",
      };
    case "busy":
      return {
        wrong: "A Sesame answers and closes before its first word: it has no place left, or is just ending.",
        next: "Wait until somebody has left, then call again.",
      };
    case "large-packets-lost":
      return {
        wrong:
          "The connection stands, and the first large packet does not come: most likely a router or VPN on the way " +
          "drops large ones without a word (MTU).",
        next:
          "Set the MTU of this machine's network device to 1280 (Linux, as root: ip link set dev NAME mtu 1280), or " +
          "call without the VPN; if that changes nothing, ask your friend to start Sesame anew.",
      };
  }
}
