// Invitations between real processes, in a network namespace with several addresses: the list is right, the line works when
// it is pasted whole, and several addresses are one friend. Needs root, unshare, nsenter and ip.

import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { addressOf, deliver, dial, FAST, listen, PHRASE, scripted } from "../harness/process_pair.ts";
import type { Sesame } from "../harness/process.ts";
import { hasProgram, PRODUCT } from "../harness/product.ts";

const namespaces = Deno.uid() === 0 && ["unshare", "nsenter", "ip"].every(hasProgram);
if (!namespaces) console.warn("SKIPPED: invitations in a network namespace need root, unshare, nsenter and ip.");

/** Two cables with both ends here, and one whose far end is down. */
const WORLD = `
  ip link set lo up
  for name in near far off; do ip link add $name type veth peer name $name-end; ip link set $name up; done
  ip link set near-end up; ip link set far-end up
  ip addr add 10.7.0.2/24 dev near
  ip addr add 10.7.0.3/24 dev near
  ip addr add fd07::7/64 dev near nodad
  ip addr add fe80::7/64 dev near nodad
  ip addr add 198.51.100.7/24 dev far
  ip addr add 2001:db8::7/64 dev far nodad
  ip addr add 2001:db8::dead/64 dev far nodad preferred_lft 0
  ip addr add 10.99.0.1/24 dev off
  until ip link show near | grep -q "state UP" && ip link show far | grep -q "state UP"; do sleep 0.05; done
`;

/** A listener on every interface of a network of its own. */
function host(args: readonly string[] = [], command = PRODUCT): Promise<Sesame> {
  return scripted(["listen", "--interval", "50", ...args], {
    command,
    shell: `exec unshare -n -- sh -c '${WORLD} exec "$@"' sh "$@"`,
  });
}

async function invitationOf(sesame: Sesame): Promise<string> {
  const { text } = await sesame.event((e) => e.event === "hint" && /^Your friend types/m.test(String(e.text)));
  return String(text);
}

Deno.test({
  name: "a listener tells every address of its running interfaces, and /invite repeats them",
  ignore: !namespaces,
  async fn() {
    await using sesame = await host();
    const told = await invitationOf(sesame);
    const where = told.split("\n");
    const line = where.at(-1) ?? "";
    const target = /^sesame connect '(.*)'$/.exec(line)?.[1] ?? "";
    const all = ["10.7.0.2:7373", "10.7.0.3:7373", "198.51.100.7:7373", "[2001:db8::7]:7373", "[fd07::7]:7373"];
    deepEqual(target.split(", ").toSorted(), all, told);
    ok(where.includes("127.0.0.1:7373 [::1]:7373: on this computer only."), told);
    ok(where.some((text) => text.startsWith("Link-local addresses are left out")), told);
    await sesame.say("/invite");
    await sesame.event((e) =>
      e.event === "hint" && e.text === told && e !== sesame.events.find((f) => f.text === told)
    );
    ok(!told.includes(PHRASE));
  },
});

Deno.test({
  name: "the line works pasted whole, from a shell's word and in the chat, and brings one connection with one friend",
  ignore: !namespaces,
  async fn() {
    await using sesame = await host();
    const line = (await invitationOf(sesame)).split("\n").at(-1) ?? "";
    const inside = { shell: `exec nsenter -t ${sesame.pid} -n -- "$@"` };
    await using pasted = await scripted(["connect", line, ...FAST], inside);
    await pasted.event("connected");
    await deliver(pasted, sesame, "by the line");
    await using chatting = await scripted(["listen", "127.0.0.1:0", ...FAST], inside);
    await addressOf(chatting);
    await chatting.say(`/connect ${line}`);
    await chatting.event("connected");
    await deliver(chatting, sesame, "from the chat");
    for (const caller of [pasted, chatting]) {
      equal(caller.all("connecting").length, 1, caller.transcript());
      equal(caller.all("refused").length, 0, caller.transcript());
    }
    equal(sesame.all("connected").length, 2);
    equal(sesame.all("refused").length, 0, sesame.transcript());
  },
});

Deno.test({
  name: "without FFI permission the friend's line has a place to fill in, and how to find what belongs there",
  ignore: !namespaces,
  async fn() {
    await using sesame = await host([], PRODUCT.filter((arg) => arg !== "--allow-ffi"));
    match(await invitationOf(sesame), /"ip address"[^]*\nsesame connect YOUR-ADDRESS:7373$/);
  },
});

Deno.test("of a friend's addresses the first that answers is taken, without a word about the others", async () => {
  await using listener = await listen(FAST);
  const address = await addressOf(listener);
  await using dialer = await dial(`127.0.0.1:1,${address}`, FAST);
  equal((await dialer.event("connecting")).address, `127.0.0.1:1,${address}`);
  equal((await dialer.event("connected")).address, address);
  await deliver(dialer, listener, "hello");
  equal(dialer.all("refused").length, 0);
});

Deno.test("when none of a friend's addresses answers, that is said once", async () => {
  await using dialer = await dial("127.0.0.1:1,127.0.0.1:2", ["--once"]);
  equal((await dialer.ended()).code, 3, dialer.transcript());
  equal(dialer.all("refused").length, 1);
  match(dialer.stderr, /^Could not connect to 127\.0\.0\.1:1,127\.0\.0\.1:2\. /);
});
