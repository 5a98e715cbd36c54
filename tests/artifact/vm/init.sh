#!/bin/sh
# The first and only service of the machine of tests/artifact/vm.ts. Each part of what it says begins with a line `=== NAME`.
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
chmod 1777 /tmp
chown anna:anna /home/anna
for n in 0 1 2 3 4 5 6 7; do insmod "/modules/$n.ko"; done

as_user() { # LIMIT COMMAND: as the user, who may lock LIMIT KiB; `unlimited` is more than the user could set
  (ulimit -l "$1"; exec su anna -s /bin/sh -c "$2")
}
for limit in 64 8192 unlimited; do
  echo "=== limit $limit"
  as_user $limit "/opt/sesame doctor" < /dev/null
  echo "correct horse battery staple" |
    as_user $limit "/opt/sesame listen 127.0.0.1:0 --json --phrase-fd 0 --require-locked-memory"
  echo "code $?"
done

swap() { # NAME DEVICE
  echo "=== swap $1"
  mkswap "$2" > /dev/null
  swapon "$2"
  as_user 8192 "/opt/sesame doctor" < /dev/null | grep swap:
  swapoff "$2"
}
swap plain /dev/vda
key="$(head -c 64 /dev/urandom | od -An -tx1 | tr -d ' \n')"
dmsetup create swap --uuid CRYPT-PLAIN-swap --table "0 $(cat /sys/block/vda/size) crypt aes-xts-plain64 $key 0 /dev/vda 0"
swap encrypted /dev/dm-0
echo 64M > /sys/block/zram0/disksize
swap zram /dev/zram0

cores() { # NAME PATTERN
  echo "=== core $1"
  echo "$2" > /proc/sys/kernel/core_pattern
  (ulimit -c unlimited; ulimit -l 8192; exec su anna -s /bin/sh -c /user)
  echo "left: $(cd /tmp && echo *)"
  rm -f /tmp/*
}
cores file /tmp/core.%e
cores pipe "|/bin/dd of=/tmp/core.%e"
echo "=== end"
poweroff -f
