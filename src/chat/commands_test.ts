import { deepStrictEqual as deepEqual, match, strictEqual as equal } from "node:assert/strict";
import {
  asText,
  CHAT_COMMANDS,
  commandHelp,
  costText,
  isCommand,
  megabytesAnHour,
  wireText,
} from "../words/commands.ts";
import { fullTarget, parseCommand, shownProxy, targetProblem, targetsProblem } from "./commands.ts";

Deno.test("parseCommand() reads every command that /help lists", () => {
  for (const name of ["peers", "invite", "clear", "wire", "doctor", "help", "quit"]) {
    deepEqual(parseCommand(`/${name} `), { name });
  }
  deepEqual(parseCommand("/connect  a [::1]:2"), { name: "connect", targets: ["a:7373", "[::1]:2"] });
  for (const name of ["introduce", "decline", "msg", "verify", "bye", "name", "listen"]) {
    deepEqual(parseCommand(`/${name}`), { name, text: "" });
    deepEqual(parseCommand(`/${name}  Bob Lee  two words `), { name, text: "Bob Lee  two words" });
  }
  const listed = [...new Set([...commandHelp().matchAll(/^\/([a-z]+)/gm)].map(([, name]) => name))];
  deepEqual(listed, [
    "peers",
    "connect",
    "listen",
    "invite",
    "msg",
    "introduce",
    "decline",
    "verify",
    "bye",
    "name",
    "clear",
    "wire",
    "doctor",
    "help",
    "quit",
  ]);
  deepEqual(CHAT_COMMANDS, listed.map((name) => `/${name}`).sort(), "what Tab completes");
});

Deno.test("targetProblem() has a sentence for every fault and none for an address", () => {
  for (const target of ["192.0.2.7", "friend.example:1", "[2001:db8::1]:7373", "::1"]) {
    equal(targetProblem(target), undefined);
  }
  for (const target of ["", "a b", "a:0", "[::1", "x_y!"]) equal(typeof targetProblem(target)?.wrong, "string", target);
});

Deno.test("a target is completed by the default port, and anything that is not a target stays as it is", () => {
  const CASES = [
    ["192.0.2.7", "192.0.2.7:7373"],
    ["friend.example:1,[2001:db8::1]", "friend.example:1,[2001:db8::1]:7373"],
    ["a b", "a b"],
  ] as const;
  for (const [typed, full] of CASES) equal(fullTarget(typed), full);
});

Deno.test("a proxy is shown by its address, and never with its login", () => {
  const CASES = [
    ["socks5h://127.0.0.1:9050", "127.0.0.1:9050"],
    ["socks5h://user:secret@[::1]:1080", "[::1]:1080"],
    ["http://127.0.0.1:1", undefined],
    [undefined, undefined],
  ] as const;
  for (const [typed, shown] of CASES) equal(shownProxy(typed), shown);
});

Deno.test("/connect takes an invitation that was pasted, and says what is wrong with any address of it", () => {
  deepEqual(parseCommand("/connect Your friend types: sesame connect '192.0.2.7:1, [::1]:2'"), {
    name: "connect",
    targets: ["192.0.2.7:1,[::1]:2"],
  });
  const CASES = [
    ["/", /no such command/i],
    ["/frob", /no such command/i],
    ["/PEERS", /no such command/i],
    ["/connect", /HOST\[:PORT\]/],
    ["/connect a:99999", /port/i],
    ["/connect a b:c", /^Address 2 of 2: The port/],
  ] as const;
  for (const [line, wrong] of CASES) {
    const command = parseCommand(line);
    match(command.name === "unknown" ? `${command.problem.wrong} ${command.problem.next}` : "", wrong, line);
  }
});

Deno.test("the price tag grows with the rate and the friends, and cover off says what it gives away", () => {
  equal(Math.round(megabytesAnHour(250)), 40);
  equal(Math.round(megabytesAnHour(50)), 202);
  match(costText({ cover: "constant", intervalMs: 250 }, 3), /40 MB an hour for each friend, 121 MB for 3/);
  match(costText({ cover: "off", intervalMs: 250 }), /sees when you write/);
  match(wireText({ cover: "constant", intervalMs: 250 }, 2, undefined, false), /one cell of 1280 bytes every 250 ms/);
});

Deno.test("of several addresses, the wrong one is named by its position, and never repeated", () => {
  const problem = targetsProblem(["foo", "bar:baz"]);
  match(problem?.wrong ?? "", /^Address 2 of 2: The port is not a number/);
  equal(JSON.stringify(problem).includes("baz"), false);
  match(targetsProblem(["bar:baz"])?.wrong ?? "", /^The port is not a number/);
});

Deno.test("/help names the keys that nobody would find", () => {
  for (const key of ["PgUp", "Tab", "Up arrow", "undoes", "/clear"]) equal(commandHelp().includes(key), true, key);
});

Deno.test("blanks in front make no message of a command; two slashes say a line that begins with one", () => {
  for (const line of ["/msg Bob secret", " /msg Bob secret", "\t/x", "\n\u00a0/msg", "/"]) {
    equal(isCommand(line), true, line);
  }
  for (const line of ["//msg", "  //msg", "a /msg", "", " "]) equal(isCommand(line), false, line);
  deepEqual(["//etc", " //etc", "a //etc", "hello "].map(asText), ["/etc", " /etc", "a //etc", "hello "]);
});
