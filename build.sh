#!/bin/sh
# Builds dist/routr, one executable that needs neither Deno nor Node on the host it is copied to.
set -eu

usage() {
  cat <<'END'
Usage: ./build.sh [--target TRIPLE] [--output FILE]

  --target TRIPLE   system to build for, aarch64-unknown-linux-gnu for a Raspberry Pi; default: this one
  --output FILE     executable to write; default: dist/routr, or dist/routr-TRIPLE with --target

Environment:
  DENO              Deno to build with; default: "deno" from PATH, else "npx -y deno@2.9.6"
  DENORT_BIN        base runtime to build on; default: downloaded by Deno
END
}

fail() {
  echo "build.sh: $1" >&2
  exit "${2:-1}"
}

target=''
output=''
while [ $# -gt 0 ]; do
  case "$1" in
    --help | -h)
      usage
      exit 0
      ;;
    --target | --output)
      [ $# -ge 2 ] && [ -n "$2" ] || fail "$1 needs a value; see ./build.sh --help" 2
      if [ "$1" = --target ]; then target=$2; else output=$2; fi
      shift 2
      ;;
    *) fail "unknown argument \"$1\"; see ./build.sh --help" 2 ;;
  esac
done
# A relative path is one from the caller's folder.
case "$output" in '' | /*) ;; *) output="$PWD/$output" ;; esac
cd "$(dirname "$0")"
[ -n "$output" ] || output="dist/routr${target:+-$target}"

# The command as arguments: `DENO` may contain spaces, `npx` needs two more.
if [ -n "${DENO:-}" ]; then
  set -- "$DENO"
elif command -v deno >/dev/null 2>&1; then
  set -- deno
elif command -v npx >/dev/null 2>&1; then
  set -- npx -y deno@2.9.6
else
  fail "neither deno nor npx is installed; see https://docs.deno.com/runtime/getting_started/installation"
fi

# With the permissions of `deno task start`.
# A bundle is ready in 75 ms instead of 140 and takes 16 MB less, a minified one 14 MB less than that: its text stays in
# memory, with two bytes a character if a comment has one that is not Latin-1. A larger young generation takes 50 MB more under
# load, and no less CPU. src/runtime/spare_memory.ts calls the collector. Programs of threads are named here, since no module
# imports them.
mkdir -p "$(dirname "$output")"
"$@" compile --no-check --quiet --bundle --minify --v8-flags=--max-semi-space-size=8,--expose-gc --permission-set=start --no-prompt ${target:+--target "$target"} \
  --include src/location/registration_database_worker.ts --include src/rest/front/front_worker.ts \
  --include src/rest/http/document_worker.ts --output "$output" main.ts ||
  fail "deno compile failed; where Deno's download host is out of reach, set DENORT_BIN to a denort of its version"
echo "$output: $(($(wc -c <"$output") / 1000000)) MB"

# A binary for another system cannot be tried here.
if [ -z "$target" ] || [ "$target" = "$(uname -m)-unknown-linux-gnu" ]; then
  case "$output" in /*) "$output" --version ;; *) "./$output" --version ;; esac
fi
