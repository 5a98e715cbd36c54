// A SOCKS5 proxy as a person types it: socks5h://[USER:PASSWORD@]HOST:PORT. Pure: nothing is resolved or asked here.
// Out of scope: talking to one (socks.ts), sentences for the person (words).

import type { Entropy } from "../ports.ts";
import { type Address, parseTarget } from "./address.ts";

/** Whom a proxy may take us for. As told on the command line, so nothing of it is a secret of ours. */
export interface Login {
  readonly user: string;
  readonly password: string;
}

export interface Proxy {
  readonly address: Address;
  /** Undefined: none was given. */
  readonly login: Login | undefined;
}

/**
 * What is wrong with a typed proxy. `local names`: a scheme whose names would be resolved on this machine, where the
 * resolver then learns whom we call.
 */
export type ProxyAddressFault = "local names" | "scheme" | "login" | "address";

export function parseProxy(text: string): Proxy | ProxyAddressFault {
  const [scheme = "", authority] = splitAt(text, text.indexOf("://"), 3);
  if (authority === undefined || !/^[A-Za-z][A-Za-z0-9+.-]*$/.test(scheme)) return "scheme";
  const [loginText, behind = authority] = splitAt(authority, authority.lastIndexOf("@"), 1);
  const rest = behind.endsWith("/") ? behind.slice(0, -1) : behind;
  if (rest.includes("/")) return "scheme";
  if (["socks", "socks4", "socks4a", "socks5"].includes(scheme.toLowerCase())) return "local names";
  if (scheme.toLowerCase() !== "socks5h") return "scheme";
  const login = loginText === undefined ? undefined : parseLogin(loginText);
  if (loginText !== undefined && login === undefined) return "login";
  // A proxy has no usual port: Tor's is 9050, Tor Browser's 9150, others' 1080.
  const port = rest.slice(rest.lastIndexOf(":") + 1);
  const address = /^\d+$/.test(port) && (rest.startsWith("[") || rest.split(":").length === 2)
    ? parseTarget(rest)
    : "port";
  return typeof address === "string" ? "address" : { address, login };
}

/** What is before `at` and what is behind the `length` characters there; nothing where `at` is -1. */
function splitAt(text: string, at: number, length: number): [string, string] | [] {
  return at < 0 ? [] : [text.slice(0, at), text.slice(at + length)];
}

/**
 * For one connection of a proxy that was given no login: a name that nobody has used. Tor gives each login circuits of its
 * own, so that calls cannot be linked by them (its IsolateSOCKSAuth); a proxy that asks for no login never sees it.
 */
export function freshLogin(entropy: Entropy): Login {
  const bytes = new Uint8Array(32);
  entropy(bytes);
  return { user: bytes.subarray(0, 16).toHex(), password: bytes.subarray(16).toHex() };
}

/** RFC 1929: 1 to 255 bytes each. `%40` and the like stand for characters that a URL keeps for itself. */
function parseLogin(text: string): Login | undefined {
  const colon = text.indexOf(":");
  if (colon < 0) return undefined;
  try {
    const [user, password] = [text.slice(0, colon), text.slice(colon + 1)].map(decodeURIComponent);
    const fits = (part: string | undefined): part is string => {
      const size = new TextEncoder().encode(part).length;
      return size >= 1 && size <= 255;
    };
    return fits(user) && fits(password) ? { user, password } : undefined;
  } catch {
    return undefined; // no percent encoding
  }
}
