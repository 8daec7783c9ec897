#!/usr/bin/env bash
# Unpacks the Debian source package that installed PACKAGE was built from, once, and prints the folder it is in:
#   tests/debian_source.sh PACKAGE
#
# The folder stands in a cache outside the tree, named for the source's version. The package comes from where the
# system's own packages come from: each of apt's sources is asked for source packages, too, with lists and archives kept
# apart from the system's, so that nothing of the machine changes.
set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/work_folder.sh"

cache=${TOLLGATE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tollgate}/sources

fail() {
  echo "tests/debian_source.sh: $*" >&2
  exit 1
}

# Prints apt's own sources as sources of source packages, in whichever of the two formats they are.
write_sources() { # FILE: its name gets the format's ending
  local file
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && sed -E 's/^Types:.*/Types: deb-src/' "$file" && echo
  done >"$1.sources" || true
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] && sed -nE 's/^deb /deb-src /p' "$file"
  done >"$1.list" || true
  [ -s "$1.sources" ] || [ -s "$1.list" ] || fail "apt has no source of packages"
}

# Into a folder of its own first: what stands under the final name is whole.
unpack() { # SOURCE VERSION TARGET
  local list
  make_work_folder "$cache"
  write_sources "$work/src"
  list=$work/src.sources
  [ -s "$list" ] || list=$work/src.list
  local apt=(apt-get -qq -o "Dir::Etc::sourcelist=$list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/source"
  (cd "$work" && "${apt[@]}" update && cd source && "${apt[@]}" source "$1=$2") >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log" >&2; fail "the source of $1 $2 could not be had"; }
  mv -T "$(find "$work/source" -mindepth 1 -maxdepth 1 -type d)" "$3"
}

[ $# -eq 1 ] || fail "usage: debian_source.sh PACKAGE"
source=$(dpkg-query -W -f '${source:Package}' "$1") || fail "$1 is not installed"
version=$(dpkg-query -W -f '${source:Version}' "$1")
mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
target=$cache/$source-$version
[ -d "$target" ] || unpack "$source" "$version" "$target"
printf '%s\n' "$target"
