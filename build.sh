#!/bin/sh
# Builds dist/routr, one executable that needs neither Deno nor Node on the host it is copied to.
set -eu

usage() {
  cat <<'END'
Usage: ./build.sh [--target TRIPLE] [--output FILE]

  --target TRIPLE   system to build for, aarch64-unknown-linux-gnu for a Raspberry Pi; this one unless said
  --output FILE     executable to write; dist/routr, or dist/routr-TRIPLE with --target

Environment:
  DENO              Deno to build with; "deno" from PATH, else "npx -y deno@2.9.6", unless set
  DENORT_BIN        base runtime to build on; downloaded by Deno unless set
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
# Relative to where the caller stands, before the script goes to its own folder.
case "$output" in '' | /*) ;; *) output="$PWD/$output" ;; esac
cd "$(dirname "$0")"
[ -n "$output" ] || output="dist/routr${target:+-$target}"

# One argument a word: `DENO` may be a path with spaces, `npx` needs two words more.
if [ -n "${DENO:-}" ]; then
  set -- "$DENO"
elif command -v deno >/dev/null 2>&1; then
  set -- deno
elif command -v npx >/dev/null 2>&1; then
  set -- npx -y deno@2.9.6
else
  fail "neither deno nor npx is installed; see https://docs.deno.com/runtime/getting_started/installation"
fi

# The permissions are those of `deno task start`.
# One bundle instead of a tree of modules: ready in 75 ms instead of 140, 67 MB resident instead of 83. With more room for
# young objects it would take 50 MB more under load, and no less CPU.
# Programs of threads have to be named, since no module imports them.
mkdir -p "$(dirname "$output")"
"$@" compile --no-check --quiet --bundle --v8-flags=--max-semi-space-size=8 --permission-set=start --no-prompt ${target:+--target "$target"} \
  --include src/location/registration_database_worker.ts --include src/rest/front/front_worker.ts \
  --include src/rest/http/document_worker.ts --output "$output" main.ts ||
  fail "deno compile failed; where Deno's download host is out of reach, set DENORT_BIN to a denort of its version"
echo "$output: $(($(wc -c <"$output") / 1000000)) MB"

# A binary for another system cannot be tried here.
if [ -z "$target" ] || [ "$target" = "$(uname -m)-unknown-linux-gnu" ]; then
  case "$output" in /*) "$output" --version ;; *) "./$output" --version ;; esac
fi
