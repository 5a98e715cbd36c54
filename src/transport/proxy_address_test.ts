import {
  deepStrictEqual as deepEqual,
  notDeepStrictEqual as notDeepEqual,
  strictEqual as equal,
} from "node:assert/strict";
import { freshLogin, parseProxy } from "./proxy_address.ts";

Deno.test("parseProxy() reads socks5h with and without a login", () => {
  const forms: [string, string, number, [string, string]?][] = [
    ["socks5h://127.0.0.1:9050", "127.0.0.1", 9050],
    ["SOCKS5H://127.0.0.1:9050/", "127.0.0.1", 9050],
    ["socks5h://[::1]:9050", "::1", 9050],
    ["socks5h://Proxy.Example:1080", "proxy.example", 1080],
    ["socks5h://user:pass@127.0.0.1:9050", "127.0.0.1", 9050, ["user", "pass"]],
    ["socks5h://u%3As%40r:p:a@[::1]:1", "::1", 1, ["u:s@r", "p:a"]],
    ["socks5h://us@r:pass@127.0.0.1:1", "127.0.0.1", 1, ["us@r", "pass"]],
  ];
  for (const [text, host, port, login] of forms) {
    const expected = { address: { host, port }, login: login && { user: login[0], password: login[1] } };
    deepEqual(parseProxy(text), expected, text);
  }
});

Deno.test("parseProxy() refuses a scheme that resolves names on this machine", () => {
  for (const scheme of ["socks5", "socks4", "socks4a", "socks", "SOCKS5"]) {
    equal(parseProxy(`${scheme}://127.0.0.1:9050`), "local names");
  }
});

Deno.test("parseProxy() says what is wrong", () => {
  const wrong: Readonly<Record<string, readonly string[]>> = {
    scheme: ["", "127.0.0.1:9050", "http://127.0.0.1:8080", "socks5h:127.0.0.1:9050", "socks5h://h:1/path", "://h:1"],
    login: [
      "user@h:1",
      ":pass@h:1",
      "user:@h:1",
      "@h:1",
      "%ff:pass@h:1",
      `${"u".repeat(256)}:p@h:1`,
      `u:${"é".repeat(128)}@h:1`,
    ]
      .map((rest) => `socks5h://${rest}`),
    address: ["h", "h:", "h:0", "h:65536", "[::1]", "::1:9050", "a b:1", "", ":9050"].map((rest) =>
      `socks5h://${rest}`
    ),
  };
  for (const [fault, texts] of Object.entries(wrong)) for (const text of texts) equal(parseProxy(text), fault, text);
});

Deno.test("freshLogin() is a new one for each connection, of bytes that a proxy takes", () => {
  const random = (into: Uint8Array) => void crypto.getRandomValues(into as Uint8Array<ArrayBuffer>);
  const login = freshLogin(random);
  notDeepEqual(login, freshLogin(random));
  for (const part of [login.user, login.password]) equal(/^[0-9a-f]{32}$/.test(part), true);
});
