import { deepStrictEqual as deepEqual, strictEqual as equal } from "node:assert/strict";
import { base32, BASE64_KEY_SIZE, base64Key, CLIENT_KEY_LETTERS, keyFromBase32 } from "./key_text.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("base32() writes what RFC 4648 section 10 has, without its padding", () => {
  const vectors = { f: "MY", fo: "MZXQ", foo: "MZXW6", foob: "MZXW6YQ", fooba: "MZXW6YTB", foobar: "MZXW6YTBOI" };
  for (const [text, letters] of Object.entries(vectors)) equal(base32(bytes(text)), letters);
});

Deno.test("keyFromBase32() reads what base32() wrote, in either case and with blanks around, and base64Key() is base64", () => {
  for (let round = 0; round < 64; round++) {
    const key = crypto.getRandomValues(new Uint8Array(32));
    const letters = base32(key);
    equal(letters.length, CLIENT_KEY_LETTERS);
    for (const typed of [letters, letters.toLowerCase(), ` ${letters}\r\n`, `\t${letters} `]) {
      const out = new Uint8Array(32).fill(round);
      equal(keyFromBase32(out, bytes(typed)), true);
      deepEqual(out, key);
    }
    const line = new Uint8Array(BASE64_KEY_SIZE + 2);
    base64Key(line, 1, key);
    equal(new TextDecoder().decode(line), `\0${key.toBase64()}\0`);
  }
});

Deno.test("keyFromBase32() takes no other text, and leaves nothing of it", () => {
  const good = base32(new Uint8Array(32).fill(0xa5));
  const wrong = [
    "",
    good.slice(1),
    `${good}A`,
    `${good.slice(0, 20)} ${good.slice(20)}`,
    good.replace(/.$/, "B"), // another spelling of the same bits
    good.replace(/^./, "1"),
    good.replace(/^./, "="),
    `x25519:${good}`,
    "\u00c4".repeat(26),
  ];
  for (const text of wrong) {
    const out = new Uint8Array(32).fill(9);
    equal(keyFromBase32(out, bytes(text)), false, text);
    deepEqual(out, new Uint8Array(32), text);
  }
});
