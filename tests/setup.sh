#!/bin/sh
# Installs the peers that the tests talk to, as far as they are missing: Debian packages, by apt.
# Says nothing and does nothing when all are there; waits while another process uses apt. They are installed as programs: a service that one of them
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
need nft nftables
need fail2ban-regex fail2ban
need redis-server redis-server
need knotd knot
# SCTP needs a kernel that has it, and insmod to load its modules.
need linux.uml user-mode-linux
need insmod kmod
# Phones behind NAT live in network namespaces.
need ip iproute2
need nft nftables
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
keep_services_off() {
  [ ! -e "$policy" ] || return 0
  wrote_policy=yes # 101: "do not start it", the answer package scripts ask for
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod 755 "$policy"
}

echo "Installing for the tests:$missing"
# What others do with apt meanwhile (another test run, automatic updates) is waited for, with a word every half minute.
lock_patience_seconds=${APT_PATIENCE_SECONDS:-900}
lock_pause_seconds=10
apt() {
  waited=0
  until keep_services_off && $as_root env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -qq "$@" >"$log" 2>&1; do
    if ! grep -Eq 'Could not get lock|Unable to (acquire|lock)|Could not open lock' "$log"; then
      tail -n 20 "$log" >&2
      fail "apt-get $* failed"
    fi
    holder=$(sed -n 's/.* \(held by process [0-9]* ([^)]*)\).*/, \1/p' "$log" | head -n 1)
    [ "$waited" -lt "$lock_patience_seconds" ] || fail "apt is still locked${holder} after $((waited / 60)) minutes"
    [ $((waited % 30)) -ne 0 ] || echo "Waiting for apt, which is locked${holder}"
    sleep "$lock_pause_seconds"
    waited=$((waited + lock_pause_seconds))
  done
}
apt update
# shellcheck disable=SC2086 # one word a package
apt install -y --no-install-recommends $missing
if [ -d /run/systemd/system ]; then
  for service in kamailio redis-server knot; do
    case "$missing " in *" $service "*) $as_root systemctl disable --quiet "$service" ;; esac
  done
fi
