// `sesame help COMMAND`: one command with its own options and examples. Like `--help` it comes from the tables of options.ts;
// the man page (scripts/man.ts) shows the same examples. Loaded only when somebody asks.

import { asTyped } from "./command.ts";
import { type Command, COMMANDS, optionLines, OPTIONS, synopsis } from "./options.ts";
import { wrap } from "./wrap.ts";

/** What people do with each command: what to type, and what it is for. */
export const EXAMPLES: Readonly<Record<string, readonly (readonly [type: string, why: string])[]>> = {
  listen: [
    ["sesame listen", "wait on port 7373 of every interface"],
    ["sesame listen 127.0.0.1:7373", "take calls from this machine only, for example behind a tunnel"],
    ["sesame listen --onion", "be called through Tor, by a name that it makes for this run"],
    ["sesame listen --map-port", "be called from the internet: the router forwards the port meanwhile"],
    ["sesame listen --friends 1", "close the door after the first friend"],
  ],
  connect: [
    ["sesame connect 192.0.2.7", "call a friend, who best calls you as well"],
    ["sesame connect 192.0.2.7 198.51.100.4:7400", "call two friends at once"],
    ["sesame connect 192.0.2.7,198.51.100.4", "call one friend who has two addresses"],
    ["sesame connect 192.0.2.7 --once", "call once, and end with code 3 if nobody is there"],
    [
      "sesame connect NAME.onion",
      "call a friend behind an onion service, through Tor",
    ],
    ["sesame connect 192.0.2.7 --json --phrase-fd 3 3< FILE", "from a script; standard input is what is said"],
  ],
  phrase: [
    ["sesame phrase", "8 words; tell them to your friend face to face"],
    ["sesame phrase --words 12", "a longer one"],
  ],
  doctor: [
    ["sesame doctor", "what protects you on this machine"],
    ["sesame doctor 192.0.2.7", "why a call to a friend fails; no phrase is needed"],
    ["sesame doctor 192.0.2.7 --with-phrase", "whether the phrase is right, too"],
  ],
};

/** At most 80 columns wide and two screens high; it begins with the examples. */
export function topicText(topic: Command): string {
  const command = COMMANDS.find(({ name }) => name === topic);
  const options = OPTIONS.filter(({ of }) => of.includes(topic));
  const lines = ["Examples:"];
  for (const [type, why] of EXAMPLES[topic] ?? []) lines.push(`  ${type}`, `      ${why}`);
  const usage = command?.usage.replace(/ {2,}/g, " ") ?? topic;
  lines.push("", ...wrap(`${usage}: `, command?.help ?? "", 80, 4), "", "Options:");
  for (const option of options) lines.push(...optionLines(synopsis(option), option.help));
  return asTyped([...lines, "", "Everything else: sesame --help."].join("\n") + "\n");
}
