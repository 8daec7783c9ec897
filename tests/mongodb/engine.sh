#!/usr/bin/env bash
# Starts MongoDB's own engine for the tests:  tests/mongodb/engine.sh DATA_DIR PORT
#
# The process becomes the engine: it prints "listening PORT" when it serves, and its id is the one to stop or
# kill. PORT 0 picks a free one. A mongod on PATH is taken first; else npm's embedded engine, in the version that
# package.json pins (tests/npm_modules.sh). That engine needs glibc 2.38: where the system's is older, the C library of
# the next Debian is unpacked into a cache outside the tree and used by this process alone.
# With --prepare nothing is started: everything is fetched, so that a first test does not wait for it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../work_folder.sh"
cache=${TOLLGATE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tollgate}/mongodb
glibc_needed=2.38
next_suite=trixie
library_packages=(libc6 libstdc++6 libgcc-s1)

fail() {
  echo "tests/mongodb: $*" >&2
  exit 1
}

# Prints the machine's own Debian source with the suite renamed, whichever of apt's two formats it has.
next_suite_source() {
  local codename file
  codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] || continue
    awk -v RS= -v from="$codename" -v to="$next_suite" '
      $0 ~ "(^|\n)Suites:[^\n]*[ \t]" from "([ \t\n]|$)" && !/security/ {
        sub(/Suites:[^\n]*/, "Suites: " to); print; print ""
      }' "$file"
  done >"$1.sources"
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    sed -nE "s/^(deb .*)[[:space:]]$codename[[:space:]]+main.*/\1 $next_suite main/p" "$file"
  done >"$1.list"
  [ -s "$1.sources" ] || [ -s "$1.list" ] ||
    fail "no Debian source of $codename is configured to derive one of $next_suite from"
}

# Unpacks the next Debian's C library into $1, with lists and packages kept apart from the system's.
unpack_libraries() {
  local source
  make_work_folder "$cache"
  next_suite_source "$work/next"
  source=$work/next.sources
  [ -s "$source" ] || source=$work/next.list
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$source" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/root"
  (cd "$work" && "${apt[@]}" update && "${apt[@]}" download "${library_packages[@]}") >&2 ||
    fail "the C library of $next_suite could not be downloaded"
  for package in "$work"/*.deb; do dpkg -x "$package" "$work/root"; done
  mv -T "$work/root" "$1"
}

older_than() { # true when version $1 is older than $2
  [ "$1" != "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

prepare() {
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  modules=$("$here/../npm_modules.sh" "$here") || fail "the engine could not be installed"
  loader=()
  if older_than "$(getconf GNU_LIBC_VERSION | cut -d' ' -f2)" "$glibc_needed"; then
    local root=$cache/libraries-$next_suite triple
    [ -d "$root" ] || unpack_libraries "$root"
    triple=$(gcc -dumpmachine)
    loader=("$(find "$root/usr/lib" -name 'ld-linux-*.so.*' | head -n 1)" --library-path
      "$root/usr/lib/$triple:/usr/lib/$triple")
  fi
  flock -u 9
  exec 9>&-
}

# Becomes mongod on a port that nothing listens on; a child waits until it serves.
run_mongod() {
  while [ "$port" = 0 ]; do
    port=$((20000 + RANDOM))
    if (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then port=0; fi
  done
  (until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do sleep 0.1; done; echo "listening $port") &
  exec mongod --dbpath "$data_dir" --port "$port" --bind_ip 127.0.0.1 --quiet >"$data_dir/mongod.log"
}

if [ "${1:-}" = --prepare ]; then
  command -v mongod >/dev/null || prepare
  exit 0
fi
[ $# -eq 2 ] || fail "usage: engine.sh DATA_DIR PORT | engine.sh --prepare"
data_dir=$1 port=$2
mkdir -p "$data_dir"
if command -v mongod >/dev/null; then run_mongod; fi
prepare
TOLLGATE_MONGODB_MODULES=$modules exec "${loader[@]}" "$(command -v node)" "$here/engine.mjs" "$data_dir" "$port"
