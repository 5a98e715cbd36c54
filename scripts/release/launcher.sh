#!/bin/sh
# Sesame @VERSION@ for @TARGET@, the portable file: this text, the program, and the Deno runtime, one behind the other.
# How to check it: docs/VERIFY.md. Build @BUILD@.
#
# It copies the two into a private folder, in memory if it can, opens both, removes the folder, and becomes the runtime. When the
# program starts nothing of it has a name in any file system any more, and the kernel frees the memory when it ends.
set -eu
umask 077
PATH="/usr/bin:/bin:${PATH:-}" # the system's own tools first

BLOCK=65536            # the three parts begin at multiples of this
PROGRAM_AT=@PROGRAM_AT@
PROGRAM_BLOCKS=@PROGRAM_BLOCKS@
RUNTIME_AT=@RUNTIME_AT@
SIZE=@SIZE@            # of this whole file, in bytes
LOADER=@LOADER@

fail() { # what went wrong; what to do next
  printf 'Could not start Sesame. %s %s\n' "$1" "$2" >&2
  exit 1
}

[ -r "$0" ] || fail "It cannot read its own file." "Start it by its path, as in ./sesame, and let yourself read it."
[ -e "$LOADER" ] || fail "This file is for @TARGET@ with the GNU C library, and this machine has another." \
  "Get the file for this machine, or run Sesame from its source with Deno."
[ "$(wc -c < "$0")" -eq "$SIZE" ] || fail "The file is not whole." "Download it again and check it by SHA256SUMS."
[ -e /proc/self/fd ] || fail "/proc is not mounted." "Mount it, or run Sesame from its source with Deno."

# mktemp makes the folder, under a name that nobody can know before, or fails: it never takes one that is there. So
# whatever another user has put into /dev/shm beforehand does not matter. The tests behind it are belt and braces.
# The last place may be a disk, and is for machines (containers) that have no room in memory: what passes through it is
# the runtime and the program, the same for everybody and in this file anyway.
d=""
trap '[ -z "$d" ] || rm -rf -- "$d"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
for base in "${XDG_RUNTIME_DIR:-}" /dev/shm "${TMPDIR:-/tmp}"; do
  [ -n "$base" ] && [ -d "$base" ] && [ -w "$base" ] || continue
  d="$(mktemp -d -- "$base/sesame.XXXXXXXXXXXX" 2> /dev/null)" || { d=""; continue; }
  if [ -d "$d" ] && [ ! -L "$d" ] && [ -O "$d" ]; then
    if dd if="$0" of="$d/runtime" bs="$BLOCK" skip="$RUNTIME_AT" 2> /dev/null && chmod 500 "$d/runtime" &&
      dd if="$0" of="$d/program" bs="$BLOCK" skip="$PROGRAM_AT" count="$PROGRAM_BLOCKS" 2> /dev/null &&
      [ -x "$d/runtime" ]; then # not executable although it has the bit: mounted noexec
      break
    fi
  fi
  rm -rf -- "$d"
  d=""
done
[ -n "$d" ] || fail "None of XDG_RUNTIME_DIR, /dev/shm and TMPDIR has @RUNTIME_MB@ MB left and lets programs run." \
  "Set TMPDIR to a folder of yours that does, or run Sesame from its source with Deno."

# Two descriptors that nobody uses: one of them may be the phrase's (--phrase-fd). A shell can name 3 to 9.
program="" runtime=""
for n in 9 8 7 6 5 4 3; do
  [ ! -e "/proc/self/fd/$n" ] || continue
  if [ -z "$runtime" ]; then
    runtime="$n"
    eval "exec $n< \"\$d/runtime\""
  elif [ -z "$program" ]; then
    program="$n"
    eval "exec $n< \"\$d/program\""
  fi
done
[ -n "$program" ] || fail "Too many descriptors are open." "Leave two of the descriptors 3 to 9 free."
rm -rf -- "$d"
d=""

# The permissions of the product, and nothing else: no question, no configuration, no cache, no code from anywhere.
set -- "/proc/self/fd/$runtime" run --quiet --no-prompt --no-config --no-lock --no-npm --no-remote --cached-only \
  --no-code-cache --ext=js --allow-net --allow-ffi "/proc/self/fd/$program" "$@"
# A clean environment: the runtime obeys many variables (DENO_V8_FLAGS, DENO_COVERAGE_DIR, OTEL_DENO ...). Of the last row
# Sesame wants to know whether they are set: it warns, or refuses to start.
for v in TERM COLORTERM NO_COLOR LANG LC_ALL LC_CTYPE TZ \
  SSLKEYLOGFILE LD_PRELOAD LD_AUDIT; do
  eval "[ -z \"\${$v+set}\" ] || set -- \"$v=\$$v\" \"\$@\""
done
exec env -i DENO_DIR=/dev/null/none DENO_NO_UPDATE_CHECK=1 "$@"
