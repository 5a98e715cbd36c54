// Everything that a person can get wrong: a three-part error on standard error, the exit code of the contract, no stack
// trace, no phrase. And messages at their limit.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { portOfNobody } from "../harness/tcp.ts";
import { addressOf, deliver, dial, FAST, listen, Pair, PHRASE, scripted } from "../harness/process_pair.ts";
import { Sesame } from "../harness/process.ts";
import { threeParts } from "../harness/process_errors.ts";

const LISTEN = ["listen", "127.0.0.1:0", "--json", "--phrase-fd", "0"];
const bytes = (text: string) => new TextEncoder().encode(text);

const PHRASES: readonly (readonly [string, Uint8Array, RegExp])[] = [
  ["an empty phrase", bytes("\n"), /empty/],
  ["no phrase at all", bytes(""), /empty/],
  ["a phrase of 7 bytes", bytes("sevenby\n"), /shorter than 8/],
  ["a phrase of 1025 bytes", bytes("x".repeat(1025) + "\n"), /longer than 1024/],
  ["a phrase of a megabyte", bytes("x".repeat(1 << 20)), /longer than 1024/],
  ["a phrase that is not UTF-8", Uint8Array.of(...bytes("secret words "), 0xff, 0xfe, 0x0a), /UTF-8/],
  ["a phrase of a lone surrogate", Uint8Array.of(...bytes("secret words "), 0xed, 0xa0, 0x80, 0x0a), /UTF-8/],
  ["a phrase with a tab", bytes("secret\twords\n"), /control character/],
  ["a phrase with a NUL", bytes("secret\0words\n"), /control character/],
  ["a phrase with an escape", bytes("secret\x1b[2Jwords\n"), /control character/],
  ["a phrase with an unassigned character", bytes("secret words \u{50000}\n"), /Unicode/],
];
for (const [what, input, says] of PHRASES) {
  Deno.test(`${what} is refused with exit code 2`, async () => {
    await using sesame = await Sesame.start(LISTEN);
    await sesame.write(input).catch(() => {});
    await sesame.endInput();
    equal((await sesame.ended()).code, 2, sesame.transcript());
    threeParts(sesame.stderr, says);
    ok(!/secret|words|sevenby|xxx/.test(sesame.stderr));
    deepEqual(sesame.all("listening"), []);
  });
}

Deno.test("phrases of 8 and of 1024 bytes are taken, also of other scripts", async () => {
  for (const phrase of ["eightbyt", "x".repeat(1024), "пароль дня", "合言葉は胡麻です"]) {
    await using sesame = await Sesame.start(LISTEN, { phrase });
    await sesame.event("listening");
  }
});

/** Arguments behind `--json --phrase-fd 0`, the code, and a word of the message. */
const USAGE: readonly (readonly [string, readonly string[], number, RegExp])[] = [
  ["an unknown flag", ["listen", "--frobnicate"], 2, /--frobnicate/],
  ["an unknown short flag", ["listen", "-z"], 2, /-z/],
  ["a flag of another command", ["listen", "--listen", "1234"], 2, /--listen/],
  ["a flag twice", ["listen", "--name", "a", "--name", "b"], 2, /more than once/],
  ["an unknown command", ["frobnicate"], 2, /frobnicate/],
  ["nobody to call", ["connect"], 2, /nobody to call/i],
  ["two addresses to listen on", ["listen", "1234", "1235"], 2, /one address/],
  ["--plain with --json", ["listen", "--plain"], 2, /--plain/],
  ["a port of 0 to call", ["connect", "127.0.0.1:0"], 2, /port/i],
  ["a port of 65536 to call", ["connect", "127.0.0.1:65536"], 2, /port/i],
  ["a port of 65536 to listen on", ["listen", "127.0.0.1:65536"], 2, /port/i],
  ["a port of -1", ["connect", "127.0.0.1:-1"], 2, /port/i],
  ["a port of words", ["connect", "127.0.0.1:seven"], 2, /port/i],
  ["an interval of 49", ["listen", "127.0.0.1:0", "--interval", "49"], 2, /50 to 1000/],
  ["an interval of 1001", ["listen", "127.0.0.1:0", "--interval", "1001"], 2, /50 to 1000/],
  ["an interval of words", ["listen", "127.0.0.1:0", "--interval", "fast"], 2, /--interval/],
  ["a cover of words", ["listen", "127.0.0.1:0", "--cover", "some"], 2, /--cover/],
  ["no friends", ["listen", "127.0.0.1:0", "--friends", "0"], 2, /--friends/],
  ["65 friends", ["listen", "127.0.0.1:0", "--friends", "65"], 2, /--friends/],
  ["an empty name", ["listen", "127.0.0.1:0", "--name", ""], 2, /name/],
  ["a name of 33 letters", ["listen", "127.0.0.1:0", "--name", "n".repeat(33)], 2, /name/],
  ["a name with an escape", ["listen", "127.0.0.1:0", "--name", "\x1b[2J"], 2, /name/],
  ["a switch with a value", ["listen", "127.0.0.1:0", "--once=yes"], 2, /--once/],
  ["an unknown host", ["connect", "no-such-host.invalid:7373", "--once"], 3, /no such name|cannot be looked up/],
  ["an address that is none of ours", ["listen", "192.0.2.1:7373"], 3, /does not have that address/],
  ["a port to listen on that is none", ["listen", "99999"], 2, /for example: sesame listen 7373/],
  ["a port for --listen that is none", ["connect", "192.0.2.7", "--listen", "99999"], 2, /for example: --listen 7373/],
  ["a host of spaces", ["connect", "a b:7373"], 2, /host/i],
];
for (const [what, args, code, says] of USAGE) {
  Deno.test(`${what} ends with ${code} and three parts`, async () => {
    const [command = "", ...rest] = args;
    await using sesame = await scripted([command, ...rest]);
    equal((await sesame.ended()).code, code, sesame.transcript());
    threeParts(sesame.stderr, says);
    ok(!sesame.stderr.includes(PHRASE) && !sesame.stderr.includes("\x1b"));
  });
}

Deno.test("a busy port ends with 3 and three parts", async () => {
  await using first = await listen();
  const address = await addressOf(first);
  await using second = await scripted(["listen", address]);
  equal((await second.ended()).code, 3, second.transcript());
  threeParts(second.stderr, /Another program has that port/);
});

Deno.test("nobody at the address ends with 3 and three parts", async () => {
  await using sesame = await dial(`127.0.0.1:${portOfNobody()}`, ["--once"]);
  equal((await sesame.ended()).code, 3, sesame.transcript());
  equal(sesame.all("refused")[0]?.reason, "unreachable");
  threeParts(sesame.stderr, /nothing listens on port/);
});

for (
  const [what, greeting] of [
    ["speaks first", "220 mail.example ESMTP\r\n"],
    ["waits and hangs up", ""],
  ] as const
) {
  Deno.test(`a peer that is not Sesame and ${what} ends with 3 and three parts`, async () => {
    const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      await using sesame = await dial(`127.0.0.1:${server.addr.port}`, ["--once"]);
      const conn = await server.accept();
      if (greeting !== "") await conn.write(bytes(greeting));
      else await conn.read(new Uint8Array(4096));
      conn.close();
      equal((await sesame.ended()).code, 3, sesame.transcript());
      ok(["protocol", "closed"].includes(String(sesame.all("refused")[0]?.reason)));
      threeParts(sesame.stderr, /./);
    } finally {
      server.close();
    }
  });
}

Deno.test("a message of 16 KiB of mixed scripts and emoji arrives whole; a byte more is refused with its size", async () => {
  await using pair = await Pair.connect({ dialer: FAST, listener: FAST });
  const fits = ofJsonSize(16384);
  await deliver(pair.dialer, pair.listener, fits);
  await deliver(pair.listener, pair.dialer, fits);
  const before = pair.dialer.all("sent").length;
  await pair.dialer.say(fits + "x");
  const problem = await pair.dialer.event("problem");
  match(String(problem.wrong), /16385/);
  match(String(problem.wrong), /16384/);
  ok(String(problem.doing) !== "" && String(problem.next) !== "");
  equal(pair.dialer.all("sent").length, before);
  await deliver(pair.dialer, pair.listener, "still here");
});

Deno.test("hostile lines on standard input: control characters, half characters, a line of a megabyte", async () => {
  await using pair = await Pair.connect({ dialer: FAST, listener: FAST });
  const { dialer, listener } = pair;
  for (
    const line of [
      bytes("bell\x07\n"),
      bytes("escape\x1b[2J\n"),
      Uint8Array.of(...bytes("half "), 0xc3, 0x0a),
      bytes("y".repeat(1 << 20) + "\n"),
    ]
  ) {
    const before = dialer.all("problem").length;
    await dialer.write(line);
    await dialer.counted("problem", before + 1);
  }
  await deliver(dialer, listener, "after all that");
  deepEqual(listener.all("message").map((e) => e.text), ["after all that"]);
});

/** A chat text of many scripts whose message has this many bytes of JSON. */
function ofJsonSize(size: number): string {
  const overhead = JSON.stringify({ type: "chat", id: "A".repeat(22), text: "" }).length;
  const sample = 'Grüße שלום мир 世界 नमस्ते مرحبا ☕️👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 "quoted" \\ ';
  const cost = (text: string) => bytes(JSON.stringify(text)).length - 2;
  let text = "";
  while (overhead + cost(text + sample) <= size) text += sample;
  return text + "x".repeat(size - overhead - cost(text));
}
