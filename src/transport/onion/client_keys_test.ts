import { deepStrictEqual as deepEqual, rejects, strictEqual as equal } from "node:assert/strict";
import { testArena } from "../../../tests/harness/arena.ts";
import { after } from "../../system.ts";
import { ClientKeys, type ClientKeysOptions } from "./client_keys.ts";
import { bareName } from "./key_text.ts";
import { type Answer, FakeTor, isFault, NAMES, OPTIONS, tor } from "./control_test_tor.ts";

await testArena(); // HMAC is libsodium's

const [NAME = "", OTHER = ""] = NAMES;
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i);
const ADD = `ONION_CLIENT_AUTH_ADD ${NAME} x25519:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=`;
const REMOVE = `ONION_CLIENT_AUTH_REMOVE ${NAME}`;

async function keysOf(
  answer: Answer,
  more: Partial<ClientKeysOptions> = {},
): Promise<{ fake: FakeTor; keys: ClientKeys; heard: () => string[] } & AsyncDisposable> {
  const fake = await FakeTor.start(answer);
  const options = { ...OPTIONS, controls: [fake.address], distrusts: () => undefined, socksPort: 9050, key: KEY };
  return {
    fake,
    keys: new ClientKeys({ ...options, ...more }),
    heard: () => fake.heard.filter((line) => line.startsWith("ONION_CLIENT_AUTH")),
    [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
  };
}

Deno.test("ClientKeys lends Tor the key for a call, and takes it back when the last call of that name has been made", async () => {
  await using tried = await keysOf(tor("NULL"));
  const { keys, heard } = tried;
  const [one, two] = await Promise.all([keys.lend(`${NAME}.onion`), keys.lend(`www.${NAME.toUpperCase()}.onion`)]);
  deepEqual(heard(), [ADD]);
  await one();
  await one();
  deepEqual(heard(), [ADD]);
  await two();
  deepEqual(heard(), [ADD, REMOVE]);
  // The next call need not fear that the key is still being taken back.
  const third = await keys.lend(`${NAME}.onion`);
  const returning = third();
  await (await keys.lend(`${NAME}.onion`))();
  await returning;
  deepEqual(heard(), [ADD, REMOVE, ADD, REMOVE, ADD, REMOVE]);
  deepEqual(KEY, Uint8Array.from({ length: 32 }, (_, i) => i));
});

Deno.test("a call that comes while the key is being taken back waits until Tor has let go of it, and then gives it anew", async () => {
  const order: string[] = [];
  await using tried = await keysOf(tor("NULL", (line, socket) => {
    if (line === ADD) order.push("given");
    if (line !== REMOVE) return undefined;
    // Tor may take its time.
    setTimeout(() => {
      order.push("taken back");
      socket.write("250 OK\r\n");
    }, 50);
    return "";
  }));
  const first = await tried.keys.lend(`${NAME}.onion`);
  const returning = first();
  const second = await tried.keys.lend(`${NAME}.onion`);
  await returning;
  deepEqual(order, ["given", "taken back", "given"]);
  await second();
});

Deno.test("ClientKeys gives nobody a key for anything but an onion name of version 3", async () => {
  await using tried = await keysOf(tor("NULL"));
  for (
    const host of [
      "192.0.2.7",
      "friend.example",
      `${NAME}.example`,
      `${NAME.slice(1)}.onion`,
      `1${NAME.slice(1)}.onion`,
    ]
  ) {
    equal(bareName(host), undefined, host);
    await (await tried.keys.lend(host))();
  }
  deepEqual(tried.fake.heard, []);
});

Deno.test("ClientKeys gives the key to no Tor but the one that calls go through, and to nobody whom it does not trust", async () => {
  await using other = await keysOf(tor("NULL"), { socksPort: 9051 });
  await rejects(other.keys.lend(`${NAME}.onion`), isFault("other-tor"));
  await using foreign = await keysOf(tor("NULL"), { distrusts: () => "untrusted" });
  await rejects(foreign.keys.lend(`${NAME}.onion`), isFault("untrusted"));
  await using refuses = await keysOf(tor("NULL", (line) => line.startsWith("ONION_C") ? "512 no\r\n" : undefined));
  await rejects(refuses.keys.lend(`${NAME}.onion`), isFault("refused"));
  deepEqual([other.heard(), foreign.heard(), refuses.heard()], [[], [], [ADD]]);
  // Of two Tors it finds the right one.
  await using right = await FakeTor.start(tor("NULL"));
  await using wrong = await FakeTor.start(
    tor("NULL", (line) => line.endsWith("/socks") ? '250-net/listeners/socks="127.0.0.1:1"\r\n250 OK\r\n' : undefined),
  );
  await using both = await keysOf(tor("NULL"), { controls: [wrong.address, right.address] });
  await both.keys.lend(`${NAME}.onion`);
  await both.keys.end(after);
  deepEqual([wrong.heard.includes(ADD), right.heard.includes(ADD)], [false, true]);
});

Deno.test("ClientKeys takes back at the end what is lent, waits a second at most, and a Tor that has gone does no harm", async () => {
  await using tried = await keysOf(tor("NULL"));
  await tried.keys.lend(`${NAME}.onion`);
  const late = await tried.keys.lend(`${OTHER}.onion`);
  await tried.keys.end(after);
  deepEqual(tried.heard().slice(2).sort(), [REMOVE, REMOVE.replace(NAME, OTHER)]);
  await late();
  // It is over: no call that comes late puts the key back.
  await rejects(tried.keys.lend(`${NAME}.onion`), isFault("lost"));
  equal(tried.heard().length, 4);
  await using silent = await keysOf(tor("NULL", (line) => line.includes("_REMOVE") ? "" : undefined), {
    answerMs: 30_000,
  });
  await silent.keys.lend(`${NAME}.onion`);
  const waits: number[] = [];
  await silent.keys.end((ms, run) => {
    waits.push(ms);
    queueMicrotask(run);
    return () => {};
  });
  deepEqual(waits, [1_000]);
  await using gone = await keysOf(tor("NULL"));
  const lent = await gone.keys.lend(`${NAME}.onion`);
  for (const socket of gone.fake.sockets) socket.destroy();
  await lent();
  await (await gone.keys.lend(`${NAME}.onion`))();
  equal(gone.heard().filter((line) => line === ADD).length, 2);
});

Deno.test("ClientKeys takes a key back once, also when the last call ends while the end is waiting for Tor", async () => {
  const takes = Promise.withResolvers<() => void>();
  await using tried = await keysOf(tor("NULL", (line, socket) => {
    if (line !== REMOVE) return undefined;
    takes.resolve(() => socket.write("250 OK\r\n"));
    return "";
  }));
  const lent = await tried.keys.lend(`${NAME}.onion`);
  const ending = tried.keys.end(after);
  const answer = await takes.promise;
  const late = lent();
  answer();
  await Promise.all([ending, late]);
  deepEqual(tried.heard(), [ADD, REMOVE]);
});
