import { deepStrictEqual as deepEqual, match, ok, strictEqual as equal } from "node:assert/strict";
import { ALTERNATIVES_MAX, parseAlternatives } from "../transport/address.ts";
import { invitedTargets } from "../chat/chat_args.ts";
import { parse } from "../cli/args.ts";
import { parseCommand } from "../chat/commands.ts";
import { calledAt, invitation } from "./invitation.ts";

const LOOPBACK_4 = Uint8Array.of(127, 0, 0, 1);
const LOOPBACK_6 = Uint8Array.fromHex("00000000000000000000000000000001");
const HOME = Uint8Array.of(192, 168, 1, 5);
const VPN = Uint8Array.of(100, 100, 3, 4);
const SELF_ASSIGNED = Uint8Array.of(169, 254, 9, 9);
const PUBLIC_4 = Uint8Array.of(203, 0, 113, 9);
const PUBLIC_6 = Uint8Array.fromHex("20010db8000000000000000000000005");
const UNIQUE_LOCAL = Uint8Array.fromHex("fd120000000000000000000000000007");
const LINK_LOCAL = Uint8Array.fromHex("fe80000000000000000000fffe000001");
const ALL = [LOOPBACK_4, HOME, VPN, SELF_ASSIGNED, LOOPBACK_6, UNIQUE_LOCAL, PUBLIC_6, LINK_LOCAL];

Deno.test("invitation() has every address that can be called, as alternatives of one friend, and says from where", () => {
  equal(
    invitation("[::]:7373", ALL),
    [
      "192.168.1.5:7373 100.100.3.4:7373 169.254.9.9:7373 [fd12::7]:7373: within your own network (or VPN).",
      "[2001:db8::5]:7373: from the internet, unless a firewall or router blocks it.",
      "127.0.0.1:7373 [::1]:7373: on this computer only.",
      "Link-local addresses are left out: they need the name of the friend's own interface.",
      "Your friend types:",
      "sesame connect '[2001:db8::5]:7373, 192.168.1.5:7373, 100.100.3.4:7373, 169.254.9.9:7373, [fd12::7]:7373'",
    ].join("\n"),
  );
});

Deno.test("invitation() offers what is listened on: IPv4 alone, one address, the port that the system chose", () => {
  const four = invitation("0.0.0.0:40123", ALL);
  match(
    four,
    /^Your friend types:\nsesame connect '192\.168\.1\.5:40123, 100\.100\.3\.4:40123, 169\.254\.9\.9:40123'$/m,
  );
  match(four, /forward port 40123 on your router/);
  ok(!four.includes("[2001"));
  equal(
    invitation("127.0.0.1:7373", ALL),
    "127.0.0.1:7373: on this computer only.\nYour friend types:\nsesame connect 127.0.0.1:7373",
  );
  match(invitation("[2001:db8::5]:7373", ALL), /\nYour friend types:\nsesame connect '\[2001:db8::5\]:7373'$/);
  match(
    invitation("203.0.113.9:7373", [PUBLIC_4]),
    /from the internet.*\n(.*\n)*sesame connect 203\.0\.113\.9:7373$/,
  );
});

Deno.test("invitation() of a machine without a network, with too many addresses, or that may not ask", () => {
  match(invitation("[::]:7373", [LOOPBACK_4, LOOPBACK_6]), /\nsesame connect 127\.0\.0\.1:7373$/);
  const many = Array.from({ length: 20 }, (_, i) => Uint8Array.of(10, 0, 0, i + 1));
  const target = /'(.*)'/.exec(invitation("[::]:7373", many))?.[1]?.split(", ") ?? [];
  equal(target.length, ALTERNATIVES_MAX);
  for (const own of [undefined, []]) {
    match(
      invitation("[::]:1", own),
      /"ip address" \(on macOS ifconfig, on Windows ipconfig\) shows it\.\n.*\nsesame connect YOUR-ADDRESS:1$/,
    );
  }
});

Deno.test("invitation() has a hint where one is needed, and nowhere else", () => {
  const mapped = [{ host: "203.0.113.1", port: 7400 }];
  const CASES: readonly (readonly [string, string])[] = [
    // What the router lets through leads, once; then nothing has to be forwarded.
    [
      invitation("[::]:7373", [PUBLIC_4, HOME, LINK_LOCAL], [{ host: "203.0.113.9", port: 7373 }]),
      "203.0.113.9:7373: from the internet, since your router lets it through until you leave.\n" +
      "192.168.1.5:7373: within your own network (or VPN).\n" +
      "Link-local addresses are left out: they need the name of the friend's own interface.\n" +
      "Your friend types:\nsesame connect '203.0.113.9:7373, 192.168.1.5:7373'",
    ],
    [
      invitation("[::]:7373", [PUBLIC_6], mapped),
      "203.0.113.1:7400: from the internet, since your router lets it through until you leave.\n" +
      "[2001:db8::5]:7373: from the internet, unless a firewall or router blocks it.\n" +
      "Your friend types:\nsesame connect '203.0.113.1:7400, [2001:db8::5]:7373'",
    ],
    [
      invitation("[::]:7373", undefined, mapped),
      "203.0.113.1:7400: from the internet, since your router lets it through until you leave.\n" +
      "Your friend types:\nsesame connect 203.0.113.1:7400",
    ],
    [
      invitation("[::]:7373", [HOME]),
      "192.168.1.5:7373: within your own network (or VPN).\n" +
      "Over the internet, forward port 7373 on your router; your friend then types the router's public address.\n" +
      "Your friend types:\nsesame connect 192.168.1.5:7373",
    ],
    [
      invitation("[::]:7373", [PUBLIC_4]),
      "203.0.113.9:7373: from the internet, unless a firewall or router blocks it.\n" +
      "Your friend types:\nsesame connect 203.0.113.9:7373",
    ],
    [
      invitation("192.168.1.5:7373", ALL),
      "192.168.1.5:7373: within your own network (or VPN).\nYour friend types:\nsesame connect 192.168.1.5:7373",
    ],
    [
      invitation("[::]:7373", [LOOPBACK_6, LOOPBACK_4]),
      "[::1]:7373 127.0.0.1:7373: on this computer only.\n" +
      "Over the internet, forward port 7373 on your router; your friend then types the router's public address.\n" +
      "Your friend types:\nsesame connect '[::1]:7373'",
    ],
    [
      invitation("[fe80::1%eth0]:7373", ALL),
      "[fe80::1%eth0]:7373: on the same cable or Wi-Fi; behind %, the friend types the name of their own interface.\n" +
      "Your friend types:\nsesame connect '[fe80::1%eth0]:7373'",
    ],
    [invitation("no address", [HOME]), "Your friend types:\nsesame connect no address"],
  ];
  for (const [text, wanted] of CASES) equal(text, wanted);
});

Deno.test("calledAt() is what introductions tell: mapped addresses, then those of the internet, then the network's", () => {
  const mapped = [{ host: "203.0.113.1", port: 7400 }];
  const at = (addresses: readonly string[], loopback = false) => ({ addresses, loopback });
  const CASES: readonly (readonly [ReturnType<typeof calledAt>, ReturnType<typeof calledAt>])[] = [
    [
      calledAt("[::]:7373", ALL, mapped),
      at([
        "203.0.113.1:7400",
        "[2001:db8::5]:7373",
        "192.168.1.5:7373",
        "100.100.3.4:7373",
        "169.254.9.9:7373",
        "[fd12::7]:7373",
      ]),
    ],
    [calledAt("0.0.0.0:7373", ALL), at(["192.168.1.5:7373", "100.100.3.4:7373", "169.254.9.9:7373"])],
    [calledAt("[::]:7373", [PUBLIC_4], [{ host: "203.0.113.9", port: 7373 }]), at(["203.0.113.9:7373"])],
    [calledAt("[::]:7373", undefined), at([])],
    [calledAt("[::]:7373", [LOOPBACK_4, LOOPBACK_6, LINK_LOCAL]), at([])],
    [calledAt("192.168.1.5:7373", ALL), at(["192.168.1.5:7373"])],
    [calledAt("127.0.0.1:7373", ALL), at(["127.0.0.1:7373"], true)],
    [calledAt("[::1]:7373", undefined), at(["[::1]:7373"], true)],
    [calledAt("no address", ALL), at([])],
  ];
  for (const [got, wanted] of CASES) deepEqual(got, wanted);
  const many = Array.from({ length: 20 }, (_, i) => Uint8Array.of(10, 0, 0, i));
  deepEqual(calledAt("[::]:1", many).addresses, many.slice(0, ALTERNATIVES_MAX).map((ip) => `${ip.join(".")}:1`));
});

Deno.test("connect takes a pasted invitation, in one word or several, as one friend", () => {
  const line = invitation("[::]:7373", ALL).split("\n").slice(-2).join(" ");
  const one = "[2001:db8::5]:7373,192.168.1.5:7373,100.100.3.4:7373,169.254.9.9:7373,[fd12::7]:7373";
  ok(Array.isArray(parseAlternatives(one)));
  const lines = [
    line,
    `12:00 ─ ${line}`,
    line.replace("Your friend types: ", ""),
    `  ${line}\n`,
    line.replaceAll(", ", ",\n      ─ "),
  ];
  for (const pasted of lines) {
    for (const words of [[pasted], pasted.split(" ")]) {
      const args = parse(["connect", ...words]);
      ok("command" in args && args.command === "chat", JSON.stringify(args));
      equal(args.targets.join(" and "), one);
    }
    // What a shell makes of it.
    const [target = ""] = /(?<=').*(?=')/s.exec(pasted) ?? [];
    const typed = parse(["connect", target]);
    ok("command" in typed && typed.command === "chat");
    equal(typed.targets.join(" and "), one);
    const command = parseCommand(`/connect ${pasted}`);
    ok(command.name === "connect");
    equal(command.targets.join(" and "), one);
  }
  equal(
    invitedTargets(["sesame connect 192.0.2.7:7717 [2001:db8::1]:7717"]).join(" "),
    "192.0.2.7:7717,[2001:db8::1]:7717",
  );
  equal(invitedTargets(["sesame connect sesame connect 192.0.2.7"]).join(" "), "192.0.2.7");
  // White space and the marks of our rows may stand around commas, and so quotes around all.
  for (const typed of ["a,b", " a , b ", "a,\n ─ b", "'a, b'", '"a,b"', "─ a,b"]) {
    equal(invitedTargets([typed]).join(" and "), "a,b");
  }
  equal(invitedTargets(["'a", "b'"]).join(" and "), "'a and b'");
  // Without the words of an invitation, each is a friend of its own, as ever.
  equal(invitedTargets(["192.0.2.7", "sesame", "a.example:1"]).length, 3);
  ok("wrong" in parse(["connect", "sesame", "connect"]));
  equal(parseCommand("/connect sesame connect").name, "unknown");
});
