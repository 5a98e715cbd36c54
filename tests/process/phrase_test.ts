// Phrases between real processes: wrong ones and wrong modes, where they may come from, and that they go nowhere.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { parseOffer, Wire } from "../reference/reference.ts";
import { addressOf, deliver, dial, FAST, listen, PHRASE } from "../harness/process_pair.ts";
import { Sesame, type StartOptions } from "../harness/process.ts";
import { threeParts } from "../harness/process_errors.ts";

/** Argon2id on a slow machine is not the point: the time between is. Of so many tries one has to be so quick. */
const BESIDE_ARGON2_MS = 1000;
const TRIES = 3;

for (
  const [what, options, phrase] of [
    ["another phrase", [], "correct horse battery stable"],
    ["the other mode", ["--decoy"], PHRASE],
  ] as const
) {
  Deno.test(`${what} ends the dialer with 4, within one Argon2id and a second, and the listener says phrase`, async () => {
    const besides: number[] = [];
    while (besides.length < TRIES && !besides.some((ms) => ms < BESIDE_ARGON2_MS)) {
      besides.push(await refused(options, phrase));
    }
    ok(besides.some((ms) => ms < BESIDE_ARGON2_MS), `${besides} ms beside Argon2id's`);
  });
}

/** What a refused call took beside Argon2id, in milliseconds. */
async function refused(options: readonly string[], phrase: string): Promise<number> {
  await using listener = await listen();
  await using dialer = await dial(await addressOf(listener), options, phrase);
  const { code } = await dialer.ended();
  const ended = Date.now();
  equal(code, 4, dialer.transcript());
  const [connecting] = dialer.all("connecting");
  const [begun, done] = dialer.all("stretching");
  ok(connecting && begun && done);
  equal((await dialer.event("refused").catch(() => dialer.all("refused")[0]))?.reason, "phrase");
  equal((await listener.event("refused")).reason, "phrase");
  equal(listener.all("connected").length, 0);
  threeParts(dialer.stderr);
  nowhere(dialer, phrase);
  nowhere(listener, PHRASE);
  return ended - connecting.at - (done.at - begun.at);
}

Deno.test("a script that pipes a wrong phrase and nothing else ends with 4, and not because its input has ended", async () => {
  await using listener = await listen();
  await using dialer = await dial(await addressOf(listener), [], "correct horse battery stable");
  await dialer.endInput();
  const { code } = await dialer.ended();
  equal(code, 4, dialer.transcript());
  equal((await listener.event("refused")).reason, "phrase");
});

Deno.test("a process offers every caller one salt, and no other process has it", async () => {
  const salts: string[] = [];
  for (let i = 0; i < 3; i++) {
    await using listener = await listen();
    const address = await addressOf(listener);
    const offers: string[] = [];
    for (let call = 0; call < 2; call++) {
      using wire = await Wire.dial(address);
      offers.push(parseOffer(await wire.frame()).salt.toHex());
    }
    equal(offers[0], offers[1]);
    salts.push(...offers);
  }
  equal(new Set(salts).size, 3, `${salts}`);
  ok(!salts.includes("00".repeat(16)));
});

Deno.test("a decoy listener and a decoy dialer find each other", async () => {
  await using listener = await listen(["--decoy", "--interval", "50"]);
  await using dialer = await dial(await addressOf(listener), ["--decoy", "--interval", "50"]);
  await Promise.all([listener.event("connected"), dialer.event("connected")]);
  // Nothing in the events tells the mode.
  ok(!/decoy/i.test(JSON.stringify([...listener.events, ...dialer.events])));
});

Deno.test("a weak phrase is taken and called weak, once, in the same words in both modes; others are not called so", async () => {
  const said = async (phrase: string, options: readonly string[] = []) => {
    await using listener = await listen(options, phrase);
    await addressOf(listener);
    nowhere(listener, phrase);
    return listener.all("hint").map(({ text }) => String(text)).filter((text) => /weak/i.test(text));
  };
  const [weak, ...more] = await said("Michael1987");
  ok(weak !== undefined && more.length === 0 && /sesame phrase/.test(weak));
  deepEqual(await said("Michael1987", ["--decoy"]), [weak]);
  deepEqual(await said("\u00c4rger2024"), [weak]);
  deepEqual(await said(PHRASE), []);
});

/** Each way to hand a phrase over, against a listener that has it from standard input. */
const WAYS: readonly (readonly [string, readonly string[], StartOptions])[] = [
  ["--phrase-fd 0", ["--phrase-fd", "0"], { phrase: PHRASE }],
  ["--phrase-fd 3, a file", ["--phrase-fd", "3"], {
    shell: `printf '%s\\nnot the phrase\\n' '${PHRASE}' > phrase; exec "$@" 3< phrase`,
  }],
  ["--phrase-fd 3, a file without a line end", ["--phrase-fd", "3"], {
    shell: `printf '%s' '${PHRASE}' > phrase; exec "$@" 3< phrase`,
  }],
  ["--phrase-fd 3, a pipe", ["--phrase-fd", "3"], {
    shell: `{ printf '%s\\n' '${PHRASE}' | { exec "$@" 3<&0 0<&4 4<&-; }; } 4<&0`,
  }],
  ["--phrase-fd 3, CRLF", ["--phrase-fd", "3"], {
    shell: `printf '%s\\r\\n' '${PHRASE}' > phrase; exec "$@" 3< phrase`,
  }],
  ["--phrase", ["--phrase", PHRASE], {}],
];
for (const [what, args, options] of WAYS) {
  Deno.test(`the phrase is taken from ${what}, and standard input is left for messages`, async () => {
    await using listener = await listen(FAST);
    await using dialer = await Sesame.start(
      ["connect", await addressOf(listener), "--json", "--interval", "50", ...args],
      options,
    );
    await dialer.event("connected");
    await deliver(dialer, listener, "a message, no phrase");
    if (what === "--phrase") match(dialer.stderr, /^Warning: process lists .*\n$/);
    else equal(dialer.stderr, "");
    nowhere(dialer, PHRASE);
    await dialer.endInput();
    await dialer.event("stopped");
  });
}

const BAD: readonly (readonly [string, readonly string[], StartOptions])[] = [
  ["descriptor 1", ["--phrase-fd", "1"], {}],
  ["descriptor 2", ["--phrase-fd", "2"], {}],
  ["a descriptor that is not open", ["--phrase-fd", "999"], {}],
  ["a descriptor open for writing only", ["--phrase-fd", "3"], { shell: 'exec "$@" 3> phrase' }],
  ["a descriptor at its end", ["--phrase-fd", "3"], { shell: 'exec "$@" 3< /dev/null' }],
  ["a directory", ["--phrase-fd", "3"], { shell: 'exec "$@" 3< /' }],
  ["a negative number", ["--phrase-fd=-1"], {}],
  ["a word", ["--phrase-fd", "three"], {}],
  ["a huge number", ["--phrase-fd", "99999999999"], {}],
  ["two sources", ["--phrase-fd", "0", "--phrase", PHRASE], { phrase: PHRASE }],
  ["a prompt without a terminal", [], { phrase: PHRASE }],
];
for (const [what, args, options] of BAD) {
  Deno.test(`a phrase from ${what} is refused with exit code 2 and three parts`, async () => {
    await using sesame = await Sesame.start(["listen", "127.0.0.1:0", "--json", ...args], { ...options, closed: true });
    equal((await sesame.ended()).code, 2, sesame.transcript());
    threeParts(sesame.stderr);
    nowhere(sesame, PHRASE);
    deepEqual(sesame.all("listening"), []);
  });
}

// What the runtime opens for itself has low numbers as well: some of it would never say anything, and some say too much.
// Which numbers these are differs from one version to another.
for (const fd of [3, 4, 5, 6, 7, 8, 9]) {
  Deno.test(`descriptor ${fd}, which nobody opened for Sesame, is refused as one that is not open`, async () => {
    await using sesame = await Sesame.start(["listen", "127.0.0.1:0", "--json", "--phrase-fd", `${fd}`], {
      closed: true,
      shell: `exec "$@" ${fd}<&-`, // whoever runs the tests may leave some open
    });
    equal((await sesame.ended()).code, 2, sesame.transcript());
    threeParts(sesame.stderr, /The descriptor is not open for reading/);
  });
}

function nowhere(sesame: Sesame, phrase: string): void {
  const said = JSON.stringify([...sesame.events, ...sesame.lines]) + sesame.stderr;
  ok(!said.includes(phrase), "the phrase was said");
}
