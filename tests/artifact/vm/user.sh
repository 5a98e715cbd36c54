#!/bin/sh
# What the ordinary user of the machine of tests/artifact/vm.ts does to a Sesame of their own that runs: looks in, and kills it.
export PATH=/bin
cd /home/anna || exit 1

refused() { # PID: what of it may not be opened
  for what in environ maps mem; do (exec < "/proc/$1/$what") 2> /dev/null || printf " %s" $what; done
}

sleep 100 &
echo "control refused:$(refused $!)."
kill -ABRT $!
wait $!
echo "control ended $?"

rm -f in
mkfifo in
sleep 1000 > in & # holds its input open
holder=$!
/opt/sesame listen 127.0.0.1:0 --json --phrase-fd 0 < in > out 2>&1 &
sesame=$!
echo "correct horse battery staple" > in
waited=0
until grep -q '"listening"' out; do
  sleep 1
  waited=$((waited + 1))
  [ $waited -lt 120 ] || { cat out; break; }
done

echo "name: $(cat /proc/$sesame/comm); typed: $(tr '\0' ' ' < /proc/$sesame/cmdline)"
echo "sesame refused:$(refused $sesame)."
gdb -nx -batch -p $sesame -ex "generate-core-file /tmp/gcore" 2>&1 | grep ptrace
[ -e /tmp/gcore ] || echo "no gcore"
kill -ABRT $sesame
wait $sesame
echo "sesame ended $?"
kill $holder
