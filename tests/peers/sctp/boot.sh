#!/bin/sh
# First process of the guest: gives it SCTP and loopback, runs job.sh beside this file for at most SECONDS, and powers
# off. The root file system is the host's, read-only; only the folder `state` beside this file can be written, and it
# is in memory.
here=${0%/*}
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs state "$here/state"

# In the order in which they need each other; SCTP signs its cookies with hmac. What has no file is part of the kernel.
modules=/usr/lib/uml/modules/$(uname -r)/kernel
for module in lib/crc-ccitt lib/libcrc32c crypto/crc32c_generic crypto/hmac crypto/sha1_generic \
  net/ipv4/udp_tunnel net/ipv6/ipv6 net/ipv6/ip6_udp_tunnel net/sctp/sctp; do
  [ ! -e "$modules/$module.ko" ] || insmod "$modules/$module.ko"
done
ip link set lo up

cd "$here/state" || exit
export HOME="$PWD" TMPDIR="$PWD"
timeout "$SECONDS_TO_LIVE" sh "$here/job.sh"
echo "The job ended with $?"
halt -f -p
