// Shell completions made from the option table in src/words/options.ts, into docs/completions/.
//
//   deno run --allow-read --allow-write=docs scripts/completions.ts            writes them
//   deno run --allow-read scripts/completions.ts --check                       exits 1 if one is not what the table gives
//
// They complete commands, options of the command, and values that are a choice. Never an address or a phrase: a shell
// that knew them would have to keep them somewhere. Out of scope: the man page (man.ts).

import { type Command, COMMANDS, type Option, OPTIONS } from "../src/words/options.ts";
import { writeOrCheck } from "./release/generated.ts";

const MADE = "Made by scripts/completions.ts from src/words/options.ts; not edited by hand.";
const GENERAL: readonly (readonly [string, string])[] = [["help", "the options on one page"], [
  "version",
  "the version",
]];
const HELP: readonly [string, string] = ["help", "explain a command"];
/** Bare `sesame` is `sesame listen`, so options without a command are its. */
const BARE: Command = "listen";

/** The values of an option that takes one of a few: `constant|off`. */
function choices({ value }: Option): string[] {
  return value?.includes("|") ? value.split("|") : [];
}

function optionsOf(command: Command): Option[] {
  return OPTIONS.filter(({ of }) => of.includes(command));
}

export function bash(): string {
  const words = (command: Command) =>
    [...optionsOf(command).map(({ name }) => `--${name}`), ...GENERAL.map(([name]) => `--${name}`)].join(" ");
  const valued = OPTIONS.filter(({ value, optional }) => value !== undefined && optional !== true);
  const lines = [
    `# bash completion for sesame. ${MADE}`,
    "_sesame() {",
    '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="" i',
    "  COMPREPLY=()",
    "  # bash breaks --cover=off into three words",
    '  if [[ $before == "=" ]]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi',
    '  if [[ $word == "=" ]]; then word=""; fi',
    "  case $before in",
    ...valued.filter((o) => choices(o).length > 0).map((o) =>
      `    --${o.name}) COMPREPLY=($(compgen -W "${choices(o).join(" ")}" -- "$word")); return ;;`
    ),
    `    ${valued.filter((o) => choices(o).length === 0).map(({ name }) => `--${name}`).join("|")}) return ;;`,
    "  esac",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    "    case ${COMP_WORDS[i]} in",
    `      ${[...COMMANDS.map(({ name }) => name), HELP[0]].join("|")}) command="\${COMP_WORDS[i]}"; break ;;`,
    "    esac",
    "  done",
    "  case $command in",
    ...COMMANDS.map(({ name }) => `    ${name}) COMPREPLY=($(compgen -W "${words(name)}" -- "$word")) ;;`),
    `    ${HELP[0]}) COMPREPLY=($(compgen -W "${COMMANDS.map(({ name }) => name).join(" ")}" -- "$word")) ;;`,
    "    *)",
    '      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "' + words(BARE) + '" -- "$word"))',
    `      else COMPREPLY=($(compgen -W "${
      [...COMMANDS.map(({ name }) => name), HELP[0]].join(" ")
    }" -- "$word")); fi ;;`,
    "  esac",
    "}",
    "complete -F _sesame sesame",
  ];
  return lines.join("\n") + "\n";
}

export function zsh(): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  // In an argument's specification brackets and colons mean something.
  const plain = (text: string) => text.replace(/[\[\]:\\]/g, (c) => `\\${c}`);
  const specification = (option: Option) => {
    const value = option.value === undefined
      ? ""
      : choices(option).length > 0
      ? `:${option.name}:(${choices(option).join(" ")})`
      : `:${plain(option.value)}: `;
    const [sign, more] = option.optional === true ? ["=-", ":"] : ["=", ""];
    return quoted(
      `--${option.name}${value === "" ? "" : sign}[${plain(option.help)}]${value === "" ? "" : more + value}`,
    );
  };
  const general = GENERAL.map(([name, help]) => quoted(`--${name}[${plain(help)}]`));
  // Nothing to choose from, said so: with a message in its place the shell would not complete an option either.
  const argument: Readonly<Record<string, string>> = {
    listen: "'::[HOST\\:]PORT:()'",
    connect: "'*:HOST[\\:PORT]:()'",
    doctor: "'::HOST[\\:PORT]:()'",
  };
  const lines = [
    "#compdef sesame",
    `# zsh completion for sesame. ${MADE}`,
    "_sesame() {",
    "  local curcontext=$curcontext state line",
    "  local -a commands=(",
    ...COMMANDS.map(({ name, help }) => `    ${quoted(`${name}:${plain(help)}`)}`),
    `    ${quoted(HELP.join(":"))}`,
    "  )",
    "  if (( CURRENT == 2 )) && [[ $words[CURRENT] != -* ]]; then _describe command commands; return; fi",
    "  local command=$words[2]",
    `  if [[ $command == -* ]]; then command=${BARE}; else shift words; (( CURRENT-- )); fi`,
    "  case $command in",
    ...COMMANDS.flatMap(({ name }) => [
      `    ${name})`,
      "      _arguments \\",
      ...[...optionsOf(name).map(specification), ...general, ...(argument[name] === undefined ? [] : [argument[name]])]
        .map((line, i, all) => `        ${line}${i === all.length - 1 ? " ;;" : " \\"}`),
    ]),
    `    ${HELP[0]}) _describe command commands ;;`,
    "  esac",
    "}",
    '_sesame "$@"',
  ];
  return lines.join("\n") + "\n";
}

export function fish(): string {
  const quoted = (text: string) => `'${text.replace(/['\\]/g, (c) => `\\${c}`)}'`;
  const names = COMMANDS.map(({ name }) => name).join(" ");
  const others = COMMANDS.map(({ name }) => name).filter((name) => name !== BARE);
  const lines = [
    `# fish completion for sesame. ${MADE}`,
    "complete -c sesame -f",
    ...[...COMMANDS.map(({ name, help }) => [name, help] as const), HELP].map(([name, help]) =>
      `complete -c sesame -n __fish_use_subcommand -a ${name} -d ${quoted(help)}`
    ),
    `complete -c sesame -n '__fish_seen_subcommand_from ${HELP[0]}' -a ${quoted(names)}`,
    ...GENERAL.map(([name, help]) => `complete -c sesame -l ${name} -d ${quoted(help)}`),
    ...OPTIONS.map((option) => {
      const { name, value, optional, help, of } = option;
      const seen = `__fish_seen_subcommand_from ${of.join(" ")}`;
      // Without a command it is as with `listen`: where none of the others was seen.
      const when = of.includes(BARE)
        ? `${seen}; or not __fish_seen_subcommand_from ${[...others, HELP[0]].join(" ")}`
        : seen;
      const takes = value === undefined || optional === true
        ? ""
        : choices(option).length > 0
        ? ` -x -a ${quoted(choices(option).join(" "))}`
        : " -x";
      return `complete -c sesame -n ${quoted(when)} -l ${name}${takes} -d ${quoted(help)}`;
    }),
  ];
  return lines.join("\n") + "\n";
}

export const COMPLETIONS: Readonly<Record<string, () => string>> = {
  "docs/completions/sesame.bash": bash,
  "docs/completions/_sesame": zsh,
  "docs/completions/sesame.fish": fish,
};

if (import.meta.main) Deno.exit(await writeOrCheck(COMPLETIONS, "deno task papers"));
