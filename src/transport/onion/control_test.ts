// Against a Tor that is played (control_test_tor.ts); the real one is asked by `deno task check onion`.

import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { testArena } from "../../../tests/harness/arena.ts";
import { portOfNobody } from "../../../tests/harness/tcp.ts";
import type { ControlFault } from "../../notice.ts";
import { ControlError, type ControlOptions, TorControl } from "./control.ts";
import { type Answer, COOKIE, FakeTor, isFault, NAMES, OPTIONS, tor } from "./control_test_tor.ts";
import { type OnionEvent, OnionService } from "./service.ts";

await testArena(); // HMAC is libsodium's

async function faultOf(answer: Answer, options: Partial<ControlOptions> = {}): Promise<[ControlFault, string[]]> {
  await using fake = await FakeTor.start(answer);
  let fault: ControlFault | undefined;
  await rejects(TorControl.open(fake.address, { ...OPTIONS, ...options }), (error) => {
    fault = (error as ControlError).fault;
    return error instanceof ControlError;
  });
  return [fault!, fake.heard];
}

Deno.test("TorControl is let in by a cookie that neither side sends", async () => {
  await using fake = await FakeTor.start(tor("COOKIE,SAFECOOKIE"));
  const control = await TorControl.open(fake.address, OPTIONS);
  equal(await control.bootstrapped(), 100);
  equal(await control.addOnion({ port: 40001, virtualPort: 7373 }), `${NAMES[0]}.onion`);
  control.close();
  equal(fake.heard.some((line) => line.toLowerCase().includes(COOKIE.toHex())), false);
  equal(fake.heard.filter((line) => line === "PROTOCOLINFO 1").length, 1);
  const asked = "ADD_ONION NEW:ED25519-V3 Flags=DiscardPK,MaxStreamsCloseCircuit MaxStreams=4 PoWDefensesEnabled=1 " +
    "Port=7373,127.0.0.1:40001";
  deepEqual(fake.heard.slice(-2), ["SETEVENTS HS_DESC", asked]);
});

Deno.test("TorControl says nothing more to a Tor that does not know its own cookie", async () => {
  const [fault, heard] = await faultOf(tor("SAFECOOKIE", (line) => {
    if (!line.startsWith("AUTHCHALLENGE")) return undefined;
    return `250 AUTHCHALLENGE SERVERHASH=${"00".repeat(32)} SERVERNONCE=${"11".repeat(32)}\r\n`;
  }));
  equal(fault, "false-tor");
  equal(heard.at(-1)?.startsWith("AUTHCHALLENGE"), true);
});

Deno.test("TorControl refuses a cookie of another length, and says so of one that cannot be read", async () => {
  const other = await faultOf(tor("SAFECOOKIE"), { readCookie: () => 33 });
  deepEqual([other[0], other[1].length], ["false-tor", 1]);
  const none = await faultOf(tor("SAFECOOKIE"), { readCookie: () => -1 });
  deepEqual([none[0], none[1].length], ["cookie", 1]);
});

Deno.test("TorControl gives a password where one is wanted, and nothing where nothing is", async () => {
  const password = new TextEncoder().encode("hi");
  for (const [methods, given] of [["HASHEDPASSWORD", password], ["NULL", undefined]] as const) {
    await using fake = await FakeTor.start(tor(methods));
    (await TorControl.open(fake.address, { ...OPTIONS, password: given })).close();
  }
  equal((await faultOf(tor("HASHEDPASSWORD")))[0], "password");
  equal((await faultOf(tor("HASHEDPASSWORD"), { password: new TextEncoder().encode("ho") }))[0], "password");
  // The plain cookie would be told to whoever listens there.
  const [fault, heard] = await faultOf(tor("COOKIE"));
  deepEqual([fault, heard], ["no-method", ["PROTOCOLINFO 1"]]);
});

Deno.test("TorControl recognises what is not a control port, and what stays silent", async () => {
  const cases: [string | undefined, ControlFault][] = [
    ["HTTP/1.0 501 Tor is not an HTTP Proxy\r\n\r\n", "socks"],
    ["SSH-2.0-OpenSSH_10\r\n", "not-tor"],
    ["220 mail ESMTP\r\n", "not-tor"],
    ["x".repeat(70_000), "not-tor"],
    ["510 Unrecognized command\r\n", "not-tor"],
    [undefined, "silent"],
  ];
  for (const [said, fault] of cases) {
    const answerMs = said === undefined ? 300 : 5_000;
    equal((await faultOf(() => said, { answerMs }))[0], fault, `${said}`.slice(0, 20));
  }
  await using fake = await FakeTor.start(() => undefined);
  const { address } = fake;
  await fake[Symbol.asyncDispose]();
  await rejects(TorControl.open(address, OPTIONS), isFault("nobody"));
  equal((await faultOf((_, socket) => void socket.destroy()))[0], "lost");
});

Deno.test("TorControl asks once more without proof of work, and no third time", async () => {
  await using old = await FakeTor.start(tor("NULL", (line) => {
    if (!line.includes("PoWDefensesEnabled")) return undefined;
    return '512 Unrecognized argument "PoWDefensesEnabled=1"\r\n';
  }));
  const control = await TorControl.open(old.address, OPTIONS);
  equal(await control.addOnion({ port: 1, virtualPort: 7373 }), `${NAMES[0]}.onion`);
  control.close();
  const asked = old.heard.filter((line) => line.startsWith("ADD_ONION"));
  deepEqual(asked.map((line) => line.includes(" PoWDefensesEnabled=1 ")), [true, false]);
  await using never = await FakeTor.start(
    tor("NULL", (line) => line.startsWith("ADD_ONION") ? "512 no\r\n" : undefined),
  );
  const other = await TorControl.open(never.address, OPTIONS);
  await rejects(other.addOnion({ port: 1, virtualPort: 7373 }), isFault("refused"));
  other.close();
  equal(never.heard.filter((line) => line.startsWith("ADD_ONION")).length, 2);
});

/** A service over a fake Tor, with timers that the test fires. */
function service(fake: FakeTor, more: Partial<ConstructorParameters<typeof OnionService>[0]> = {}) {
  const told: OnionEvent[] = [];
  const timers: { ms: number; run: () => void }[] = [];
  let wake = () => {};
  const onion = new OnionService({
    ...OPTIONS,
    controls: [fake.address],
    distrusts: () => undefined,
    port: 40001,
    virtualPort: 7373,
    tell: (event) => (told.push(event), wake()),
    after: (ms, run) => {
      const timer = { ms, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), timers.includes(timer) ? 1 : 0);
    },
    ...more,
  });
  const next = () => new Promise<void>((done) => wake = done);
  return { onion, told, timers, next };
}

Deno.test("OnionService tells a name once its descriptor is up, and one that never is after a minute", async () => {
  await using fake = await FakeTor.start(tor("NULL"));
  const { onion, told, timers, next } = service(fake);
  await onion.start();
  deepEqual(told, []);
  deepEqual(timers.map(({ ms }) => ms), [60_000]);
  const heard = next();
  fake.sockets[0]!.write(
    `650 HS_DESC UPLOADED ${NAMES[2]} UNKNOWN $A~b\r\n650 HS_DESC UPLOADED ${NAMES[0]} UNKNOWN $A~b\r\n`,
  );
  await heard;
  fake.sockets[0]!.write(`650 HS_DESC UPLOADED ${NAMES[0]} UNKNOWN $C~d\r\n`);
  deepEqual(told, [{ type: "ready", name: `${NAMES[0]}.onion`, confirmed: true }]);
  equal(timers.length, 0);
  onion.close();

  await using quiet = await FakeTor.start(tor("NULL"));
  const silent = service(quiet);
  await silent.onion.start();
  silent.timers[0]!.run();
  deepEqual(silent.told, [{ type: "ready", name: `${NAMES[0]}.onion`, confirmed: false }]);
  silent.onion.close();
});

Deno.test("OnionService says that its name is gone, and makes a new one with pauses that grow to a minute", async () => {
  await using fake = await FakeTor.start(tor("NULL"));
  const { onion, told, timers, next } = service(fake);
  await onion.start();
  let heard = next();
  fake.sockets[0]!.destroy();
  await heard;
  deepEqual(told, [{ type: "gone", name: `${NAMES[0]}.onion` }]);
  const good = fake.answer;
  fake.answer = () => "510 no\r\n";
  const pauses: number[] = [];
  for (let k = 0; k < 8; k++) {
    pauses.push(timers[0]!.ms);
    heard = next();
    timers.shift()!.run();
    await heard;
    deepEqual(told.at(-1), { type: "failed", fault: "not-tor", at: fake.address, again: true });
  }
  deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  fake.answer = good;
  const { run } = timers.shift()!;
  run();
  while (timers.length === 0) await new Promise((done) => setTimeout(done, 5));
  timers[0]!.run();
  deepEqual(told.at(-1), { type: "ready", name: `${NAMES[1]}.onion`, confirmed: false });
  onion.close();
  equal(timers.length, 0);
});

Deno.test("OnionService asks nobody whom it does not trust, and a first failure is not tried again", async () => {
  await using fake = await FakeTor.start(tor("NULL"));
  const { onion, told, timers } = service(fake, { distrusts: () => "untrusted" });
  await onion.start();
  deepEqual(told, [{ type: "failed", fault: "untrusted", at: fake.address, again: false }]);
  deepEqual([fake.sockets.length, timers.length], [0, 0]);
  onion.close();
});

Deno.test("OnionService tells at which of several control ports it was turned away, and of none where nobody answers", async () => {
  const nobody = { host: "127.0.0.1", port: portOfNobody() };
  await using fake = await FakeTor.start(() => "510 no\r\n");
  for (
    const [controls, said] of [
      [[nobody, fake.address], { fault: "not-tor", at: fake.address }],
      [[fake.address, nobody], { fault: "not-tor", at: fake.address }],
      [[nobody], { fault: "nobody", at: undefined }],
    ] as const
  ) {
    const { onion, told } = service(fake, { controls });
    await onion.start();
    deepEqual(told, [{ type: "failed", ...said, again: false }]);
    onion.close();
  }
});
