// Bugs to plant, one or more within reach of each target: a line of a copy of the project is changed, and the fuzzer
// must find that within a minute. `deno task fuzz --planted` proves it. Out of scope: running them.

export interface Planted {
  readonly target: string;
  /** What is wrong then, in a few words. */
  readonly bug: string;
  readonly file: string;
  /** Stands there once. */
  readonly text: string;
  readonly without: string;
}

export const PLANTED: readonly Planted[] = [
  {
    target: "frame",
    bug: "a reserved byte of 0x80 passes",
    file: "src/wire/frame.ts",
    text: "if (reserved !== 0)",
    without: "if ((reserved! & 0x7f) !== 0)",
  },
  {
    target: "handshake",
    bug: "the last two bytes of padding are not looked at",
    file: "src/wire/handshake_body.ts",
    text: "for (; at < body.length; at++)",
    without: "for (; at < body.length - 2; at++)",
  },
  {
    target: "point",
    bug: "a point is on the curve, but outside the subgroup",
    file: "src/crypto/ed25519.ts",
    text: "return use((raw, scratch) => raw._crypto_core_ed25519_is_valid_point!(scratch.in(point))) === 1;",
    without: "return addPoints(new Uint8Array(32), point, point);",
  },
  {
    target: "certificate",
    bug: "what stands behind the key is not looked at",
    file: "src/transport/certificate.ts",
    text: "must(rest.length === 0);",
    without: "must(rest.length <= 1);",
  },
  {
    target: "ratchet",
    bug: "a cell that does not open leaves its skipped keys behind",
    file: "src/ratchet/ratchet.ts",
    text: "    if (!opens(candidate.messageKey)) return undefined;\n    // The ciphertext was the last of its chain.",
    without:
      "    if (!opens(candidate.messageKey)) return void this.#skipped.add(candidate.release());\n    // The ciphertext was the last of its chain.",
  },
  {
    target: "cell",
    bug: "a fragment of another count goes on with the message",
    file: "src/wire/fragment.ts",
    text: "cell.messageId === partial.messageId && cell.count === partial.count &&",
    without: "cell.messageId === partial.messageId &&",
  },
  {
    target: "message",
    bug: "a key may come twice",
    file: "src/wire/message.ts",
    text: "message === undefined || JSON.stringify(fieldsOf(message)) !== text",
    without: "message === undefined",
  },
  {
    target: "keys",
    bug: "an unfinished character is lost where two reads meet",
    file: "src/terminal/keys.ts",
    text: "const text = this.#utf8.decode(bytes, { stream: more });",
    without: "const text = newDecoder().decode(bytes, { stream: more });",
  },
  {
    target: "prompt",
    bug: "what backspace takes back stays in memory",
    file: "src/terminal/prompt.ts",
    text: "      bytes[this.#length] = 0;\n",
    without: "",
  },
  {
    target: "sanitise",
    bug: "one bidi control passes",
    file: "src/terminal/text/sanitise.ts",
    text: "else if (INVISIBLE.test(char)) continue;",
    without: "else if (code !== 0x202e && INVISIBLE.test(char)) continue;",
  },
  {
    target: "phrase",
    bug: "C0 controls pass in a phrase that is not ASCII",
    file: "src/auth/nfkc.ts",
    text: 'return code < 0x20 || code >= 0x7f ? "control character" : undefined;',
    without: 'return code >= 0x7f ? "control character" : undefined;',
  },
  {
    target: "options",
    bug: "descriptor 2 is taken for a phrase",
    file: "src/cli/args.ts",
    text: "if (fd !== undefined && (fd > 2 ||",
    without: "if (fd !== undefined && (fd > 1 ||",
  },
  {
    target: "address",
    bug: "an IPv4 number with a leading zero passes",
    file: "src/ip.ts",
    text: 'bytes.every((byte) => byte <= 255) && bytes.join(".") === text ? bytes : undefined;',
    without: "bytes.every((byte) => byte <= 255) ? bytes : undefined;",
  },
  {
    target: "conversation",
    bug: "a link that is silent is looked at again at once, for ever",
    file: "src/session/silence.ts",
    text: "this.#noticed = true;",
    without: "this.#noticed = false;",
  },
  {
    target: "peers",
    bug: "a message that is on its way to the screen is shown again",
    file: "src/peers/messages.ts",
    text: "if (friend === undefined || friend.showing.has(id)) return;",
    without: "if (friend === undefined) return;",
  },
  {
    target: "company",
    bug: "who was declined is called after all when somebody names them again",
    file: "src/peers/introductions.ts",
    text: 'if (known?.state === "declined" || situation.full) return;',
    without: "if (situation.full) return;",
  },
  {
    target: "company",
    bug: "everyone hears everyone although some hear somebody else",
    file: "src/peers/circle.ts",
    text: "silent === 0 && others.size === 0 && apart.length === 0",
    without: "silent === 0 && apart.length === 0",
  },
  {
    target: "roles",
    bug: "a ClientHello may be shorter than its record",
    file: "src/transport/two_sided/roles.ts",
    text: "if (fragment !== HANDSHAKE_HEADER_SIZE + body)",
    without: "if (fragment < HANDSHAKE_HEADER_SIZE + body)",
  },
  {
    target: "roles",
    bug: "the randoms are compared as signed bytes",
    file: "src/transport/two_sided/roles.ts",
    text: "const difference = a[i]! - b[i]!;",
    without: "const difference = (a[i]! << 24) - (b[i]! << 24);",
  },
  {
    target: "router",
    bug: "the last byte of a PCP nonce is not looked at",
    file: "src/transport/mapping/pcp.ts",
    text: "if (!nonce.every((byte, i) => bytes[24 + i] === byte))",
    without: "if (!nonce.subarray(0, 11).every((byte, i) => bytes[24 + i] === byte))",
  },
  {
    target: "router",
    bug: "a NAT-PMP answer for another port counts",
    file: "src/transport/mapping/nat_pmp.ts",
    text: "if (view.getUint16(8) !== innerPort) return undefined;",
    without: "if (bytes[9] !== (innerPort & 255)) return undefined;",
  },
  {
    target: "upnp",
    bug: "a description leads to another port of its host",
    file: "src/transport/mapping/upnp.ts",
    text: "if (type !== undefined && place?.port === at.port)",
    without: "if (type !== undefined && place !== undefined)",
  },
  {
    target: "upnp",
    bug: "an answer to SSDP leads to port 0",
    file: "src/transport/mapping/upnp.ts",
    text: "return number < 1 || number > 65_535 ?",
    without: "return number > 65_535 ?",
  },
  {
    target: "upnp",
    bug: "one bit of an error's code in SOAP is lost",
    file: "src/transport/mapping/upnp.ts",
    text: "? Number(code) : undefined;",
    without: "? Number(code) & 0x2ff : undefined;",
  },
  {
    target: "onion",
    bug: "lines of two codes make one reply",
    file: "src/transport/onion/lines.ts",
    text: "this.#lines.length > LINES_MAX || this.#lines.some((one) => one.slice(0, 3) !== code)",
    without: "this.#lines.length > LINES_MAX",
  },
  {
    target: "onion",
    bug: "an octal character takes two digits of three",
    file: "src/transport/onion/lines.ts",
    text: "[0-3][0-7]{2}",
    without: "[0-3][0-7]",
  },
];
