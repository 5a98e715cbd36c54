# bash completion for sesame. Made by scripts/completions.ts from src/words/options.ts; not edited by hand.
_sesame() {
  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" command="" i
  COMPREPLY=()
  # bash breaks --cover=off into three words
  if [[ $before == "=" ]]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi
  if [[ $word == "=" ]]; then word=""; fi
  case $before in
    --cover) COMPREPLY=($(compgen -W "constant off" -- "$word")); return ;;
    --introductions) COMPREPLY=($(compgen -W "ask yes no" -- "$word")); return ;;
    --listen|--phrase-fd|--phrase|--name|--interval|--friends|--proxy|--onion-password-fd|--words) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      listen|connect|phrase|doctor|help) command="${COMP_WORDS[i]}"; break ;;
    esac
  done
  case $command in
    listen) COMPREPLY=($(compgen -W "--phrase-fd --phrase --decoy --name --cover --interval --plain --json --no-commands --bell --notify --friends --introductions --once --proxy --map-port --onion --onion-password-fd --require-locked-memory --help --version" -- "$word")) ;;
    connect) COMPREPLY=($(compgen -W "--listen --phrase-fd --phrase --decoy --name --cover --interval --plain --json --no-commands --bell --notify --friends --introductions --once --proxy --map-port --require-locked-memory --help --version" -- "$word")) ;;
    phrase) COMPREPLY=($(compgen -W "--words --help --version" -- "$word")) ;;
    doctor) COMPREPLY=($(compgen -W "--phrase-fd --with-phrase --decoy --json --proxy --map-port --help --version" -- "$word")) ;;
    help) COMPREPLY=($(compgen -W "listen connect phrase doctor" -- "$word")) ;;
    *)
      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "--phrase-fd --phrase --decoy --name --cover --interval --plain --json --no-commands --bell --notify --friends --introductions --once --proxy --map-port --onion --onion-password-fd --require-locked-memory --help --version" -- "$word"))
      else COMPREPLY=($(compgen -W "listen connect phrase doctor help" -- "$word")); fi ;;
  esac
}
complete -F _sesame sesame
