// The one voice for what goes wrong: three parts, what was being done, what went wrong, what to do next.
// No phrase, key, message text or transcript is ever a part of one: nothing here takes such a thing.

import { asTyped } from "./command.ts";
import type { PhraseProblem } from "../auth/phrase.ts";
import { DEFAULT_PORT, NAME_MAX_CODE_POINTS, PHRASE_MAX_BYTES, PHRASE_MIN_BYTES } from "../constants.ts";
import { parseListen } from "../transport/address.ts";
import type { ProxyAddressFault } from "../transport/proxy_address.ts";

/** Exit codes: docs/SCRIPTS.md. */
export const EXIT = { left: 0, unexpected: 1, usage: 2, connection: 3, phrase: 4, protection: 5 } as const;

export interface Problem {
  readonly doing: string;
  readonly wrong: string;
  readonly next: string;
}

export function sentence({ doing, wrong, next }: Problem): string {
  return asTyped(`${doing} ${wrong} ${next}`);
}

export function phraseProblem(problem: PhraseProblem | "too-long" | "end"): Problem {
  const doing = "Could not take the phrase.";
  if (typeof problem === "object") {
    const wrong = `Word ${problem.typo} is not on the word list.`;
    return { doing, wrong, next: "Check that word; nothing has been sent." };
  }
  const next = 'Use the phrase that your friend has; "sesame phrase" prints a fresh one for both of you.';
  switch (problem) {
    case "empty":
    case "end":
      return { doing, wrong: "It is empty.", next };
    case "checksum":
      return {
        doing,
        wrong: "All words are on the list, but one is wrong, missing or misplaced.",
        next: "Compare it with your friend's, word by word; nothing has been sent.",
      };
    case "too short":
      return { doing, wrong: `It is shorter than ${PHRASE_MIN_BYTES} bytes.`, next };
    case "too long":
    case "too-long":
      return { doing, wrong: `It is longer than ${PHRASE_MAX_BYTES} bytes.`, next };
    case "not UTF-8":
      return { doing, wrong: "It is not UTF-8 text.", next: "Set the terminal to UTF-8, or save the file as UTF-8." };
    case "control character":
      return { doing, wrong: "It contains a control character.", next: "Type it as one line of text, without tabs." };
    case "unassigned":
      return {
        doing,
        wrong: "It contains a character that this program's version of Unicode does not know.",
        next: "Use letters that have been in Unicode for some years, so that both sides agree on them.",
      };
  }
}

export const NAME_PROBLEM: Problem = {
  doing: "Could not take the name.",
  wrong: `A name has 1 to ${NAME_MAX_CODE_POINTS} characters, none of them a control character.`,
  next: "Choose a shorter or plainer one.",
};

export const DESCRIPTOR_PROBLEM: Problem = {
  doing: "Could not take the phrase.",
  wrong: "The descriptor is not open for reading, or cannot be read without FFI permission.",
  next: "Open it in the shell, for example: sesame --phrase-fd 3 3< FILE; or use --phrase-fd 0.",
};

/** Nothing of the phrase is in it but that. The phrase is taken all the same. */
export const WEAK_PHRASE =
  "This phrase is weak: somebody who keeps calling (10 guesses a minute) has a real chance of finding it, and somebody between " +
  'you and your friend gets one guess at each call. Make a strong one with "sesame phrase".';

/** What a person types to listen: to the shell alone or with `connect`, and in a chat. */
export type ListenWay = "sesame listen" | "--listen" | "/listen";

/** Of a command line that calls these. */
export function listenWay(targets: readonly string[]): ListenWay {
  return targets.length > 0 ? "--listen" : "sesame listen";
}

/** Of the operating system's code. */
export function listenProblem(address: string, code: string | undefined, way: ListenWay): Problem {
  const doing = `Could not listen on ${address}.`;
  const parsed = parseListen(address);
  const port = typeof parsed === "string" || parsed.port === 0 ? DEFAULT_PORT : parsed.port;
  switch (code) {
    case "EADDRINUSE":
      return {
        doing,
        wrong: "Another program has that port.",
        next: `Close it, or choose another: ${way} ${port === 65_535 ? port - 1 : port + 1}.`,
      };
    case "EACCES":
      return {
        doing,
        wrong: "This user may not use that port.",
        next: `Choose one above 1023: ${way} ${DEFAULT_PORT}.`,
      };
    case "EADDRNOTAVAIL":
      return {
        doing,
        wrong: "This machine does not have that address.",
        next: `Leave the host out to listen on every interface: ${way} ${port}.`,
      };
    default:
      return {
        doing,
        wrong: "The system refused.",
        next: "Try another port, or raise the limit on open files (ulimit -n).",
      };
  }
}

/** Of a proxy that cannot be one. Nothing of what was typed is in it, since that may hold a password. */
export function proxyProblem(fault: ProxyAddressFault): Problem {
  const doing = "Could not take the proxy.";
  switch (fault) {
    case "local names":
      return {
        doing,
        wrong:
          "With socks4 or socks5 this machine would resolve names itself, and its resolver would learn whom you call.",
        next: "Type socks5h instead: then the proxy resolves the name.",
      };
    case "scheme":
      return {
        doing,
        wrong: "It is not a SOCKS5 proxy.",
        next: "Type --proxy socks5h://HOST:PORT, for Tor socks5h://127.0.0.1:9050.",
      };
    case "login":
      return {
        doing,
        wrong: "The part before its @ is not a user name and password of 1 to 255 bytes each.",
        next: "Type --proxy socks5h://USER:PASSWORD@HOST:PORT, with %40 for an @ in one of them.",
      };
    case "address":
      return {
        doing,
        wrong: "Its address is not HOST:PORT.",
        next: "Type --proxy socks5h://HOST:PORT, for Tor socks5h://127.0.0.1:9050.",
      };
  }
}

/** For whatever nobody foresaw. The error's own text stays out: it may hold anything. */
export function unexpectedProblem(error: unknown): Problem {
  const kind = error instanceof Error ? error.name : typeof error;
  return {
    doing: "Sesame ended itself.",
    wrong: `Something happened that should not (${kind}), and everything was wiped.`,
    next: "Start it again; if it comes back, tell the authors what you did.",
  };
}
