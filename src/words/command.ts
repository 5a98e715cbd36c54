// What the person types to start this program: `sesame`, or `npx sesame-chat` where that is how it was started. Every text
// that tells them to type something goes through here once. Out of scope: who was told how (host).

/** How a person may have started it; what else is in the environment does not concern us. */
export type StartedAs = "sesame" | "npx sesame-chat";

let command: StartedAs = "sesame";

/** Once, at the start. */
export function startedAs(name: StartedAs): void {
  command = name;
}

export function commandName(): StartedAs {
  return command;
}

/** The text with `sesame COMMAND` and `sesame --OPTION` as this person types them. `name`: in place of how it was started. */
export function asTyped(text: string, name: StartedAs = command): string {
  return name === "sesame" ? text : text.replace(TYPED, (found) => name + found.slice("sesame".length));
}

/** `sesame` as a command, neither in another word nor as the program's name in a sentence. */
const TYPED = /(?<![\w./-])sesame(?= {1,3}(?:(?:listen|connect|phrase|doctor|help)\b|--[a-z]))/g;
