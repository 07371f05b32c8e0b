#!/bin/sh
# Installs the peers that the tests talk to, as far as they are missing: Debian packages, by apt.
# Says nothing and does nothing when all are there. They are installed as programs: a service that one of them
# brings along is neither started nor left enabled.
set -eu
PATH="$PATH:/usr/sbin:/sbin"

missing=''
need() { # command package
  command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}
need sipp sip-tester
need baresip baresip-core
need sipsak sipsak
need chromium chromium
need kamailio kamailio
need redis-server redis-server
need knotd knot
# SCTP needs a kernel that has it, and insmod to load its modules.
need linux.uml user-mode-linux
need insmod kmod
# The bench compiles its relay, makes certificates, and lets phones connect to Kamailio.
need gcc gcc
need openssl openssl
need_module() { # file package
  ls /usr/lib/*/kamailio/modules/"$1" >/dev/null 2>&1 || missing="$missing $2"
}
need_module tls.so kamailio-tls-modules
need_module websocket.so kamailio-websocket-modules
[ -n "$missing" ] || exit 0

fail() {
  echo "tests/setup.sh: $1" >&2
  exit 1
}
command -v apt-get >/dev/null 2>&1 || fail "these Debian packages are needed, and there is no apt-get to install them:$missing"
if [ "$(id -u)" -eq 0 ]; then
  as_root=''
elif command -v sudo >/dev/null 2>&1; then
  as_root='sudo'
else
  fail "these packages are missing, and installing them takes root or sudo:$missing"
fi

log=$(mktemp)
policy=/usr/sbin/policy-rc.d
wrote_policy=''
clean_up() {
  rm -f "$log"
  [ -z "$wrote_policy" ] || $as_root rm -f "$policy"
}
trap clean_up EXIT
trap 'exit 1' INT TERM
if [ ! -e "$policy" ]; then # 101: "do not start it", the answer package scripts ask for
  wrote_policy=yes
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
fi

echo "Installing for the tests:$missing"
apt() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq "$@" >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "apt-get $* failed"
  }
}
apt update
# shellcheck disable=SC2086 # one word a package
apt install -y --no-install-recommends $missing
if [ -d /run/systemd/system ]; then
  for service in kamailio redis-server knot; do
    case "$missing " in *" $service "*) $as_root systemctl disable --quiet "$service" ;; esac
  done
fi
