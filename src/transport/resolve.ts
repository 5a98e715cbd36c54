// From a host as typed to the addresses to try. TLS is opened to an address and never to a name, because the runtime
// sends a name in the clear (SNI). Scope: the system's own resolver. Out of scope: connecting (connect.ts), and names
// called through a proxy, which are never looked up here (socks.ts).

import { lookup } from "node:dns";
import { ADDRESSES_PER_NAME_MAX, NAME_TIMEOUT_MS, OTHER_FAMILY_MS } from "../constants.ts";
import type { NameFault } from "../call.ts";
import { isIpAddress } from "./address.ts";

/**
 * The addresses of a host, IPv6 and IPv4 in turns (RFC 8305 section 4), at most ADDRESSES_PER_NAME_MAX. Both families are
 * asked for at once and apart, so that a resolver that loses the question for one of them holds nobody up for long.
 * Never throws. Whoever loses patience leaves the look-up behind: the system's resolver cannot be stopped.
 */
export async function resolve(host: string, look: Look = lookUp): Promise<readonly string[] | NameFault> {
  if (isIpAddress(host)) return [host];
  // RFC 7686: asking for it would tell the resolver whom we call.
  if (host === "onion" || host.endsWith(".onion")) return "onion-name";
  const answers = await inTime([look(host, 6), look(host, 4)]);
  const [six, four] = answers.map((answer) => Array.isArray(answer) ? answer : []);
  const addresses = interleaved(six ?? [], four ?? []);
  if (addresses.length > 0) return addresses.slice(0, ADDRESSES_PER_NAME_MAX);
  return FAULTS.find((fault) => answers.includes(fault)) ?? "name-not-found";
}

/** Asks for one family. */
export type Look = (host: string, family: 4 | 6) => Promise<Answer>;

type Answer = readonly string[] | NameFault;

function lookUp(host: string, family: 4 | 6): Promise<Answer> {
  return new Promise((done) => {
    lookup(host, { all: true, verbatim: true, family }, (error, found) => {
      if (error === null) done([...new Set(found.map(({ address }) => address))]);
      else done(error.code === "ENOTFOUND" ? "name-not-found" : "no-resolver");
    });
  });
}

/** What has been answered within NAME_TIMEOUT_MS, and OTHER_FAMILY_MS after the first addresses; "no-resolver" for the rest. */
function inTime(looks: readonly Promise<Answer>[]): Promise<readonly Answer[]> {
  const answers: Answer[] = looks.map(() => "no-resolver");
  return new Promise((done) => {
    let missing = looks.length;
    const end = () => {
      clearTimeout(timer);
      done(answers);
    };
    let timer = setTimeout(end, NAME_TIMEOUT_MS);
    for (const [i, look] of looks.entries()) {
      void look.then((answer) => {
        answers[i] = answer;
        if (--missing === 0) return end();
        if (!Array.isArray(answer)) return;
        clearTimeout(timer);
        timer = setTimeout(end, OTHER_FAMILY_MS);
      });
    }
  });
}

/** One of each in turns, the first of `first` first. */
function interleaved(first: readonly string[], second: readonly string[]): string[] {
  const longest = Math.max(first.length, second.length);
  return Array.from({ length: longest }, (_, i) => [first.slice(i, i + 1), second.slice(i, i + 1)].flat()).flat();
}

/** Of both families: the fault that tells most, first. */
const FAULTS: readonly NameFault[] = ["no-resolver", "name-not-found"];
