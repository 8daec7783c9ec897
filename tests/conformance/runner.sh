#!/usr/bin/env bash
# Runs the protobuf project's own conformance suite against a testee:  tests/conformance/runner.sh TESTEE
#
# The suite is built from the sources of Debian's protobuf, in the version that is installed, once, into a cache outside
# the tree. No failure is expected, recommended cases count like required ones, and of binary and JSON none may be
# skipped; text format, which a gateway does not speak, is. With --prepare nothing is run: everything is fetched and
# built, so that the test does not wait for it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../work_folder.sh"
cache=${TOLLGATE_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/tollgate}/conformance
protos=(conformance.proto google/protobuf/test_messages_proto2.proto google/protobuf/test_messages_proto3.proto)

fail() {
  echo "tests/conformance: $*" >&2
  exit 1
}

# Builds the runner and the descriptor set of the messages it sends. The suite's own headers come first, the installed
# library's next; of the source's, only those that are not installed.
build() { # SOURCE TARGET
  make_work_folder "$cache"
  mkdir "$work/suite"
  (
    cd "$work/suite"
    cp -r "$1"/conformance/*.{h,cc} "$1/conformance/third_party" .
    rm conformance_cpp.cc # a testee
    protoc -I "$1/conformance" -I "$1/src" --cpp_out=. "${protos[@]}"
    protoc -I "$1/conformance" -I "$1/src" --include_imports --descriptor_set_out=messages.binpb "${protos[@]}"
    find . \( -name '*.cc' -o -name 'jsoncpp.cpp' \) -printf '%P\n' |
      xargs -P "$(nproc)" -I '{}' sh -c \
        'g++ -std=c++14 -O1 -w -I. -idirafter "$1/src" -c "$2" -o "$(echo "$2" | tr / _).o"' build "$1" '{}'
    g++ -o runner *.o -lprotobuf -lpthread
  ) >"$work/log" 2>&1 || { tail -n 30 "$work/log" >&2; fail "the suite could not be built"; }
  mv -T "$work/suite" "$2"
}

prepare() { # sets `suite`
  local source
  source=$("$here/../debian_source.sh" libprotobuf-dev)
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9
  suite=$cache/$(basename "$source")-$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-16)
  [ -d "$suite" ] || build "$source" "$suite"
  flock -u 9
  exec 9>&-
}

[ $# -eq 1 ] || fail "usage: runner.sh TESTEE | runner.sh --prepare"
prepare
[ "$1" != --prepare ] || exit 0
lists=$(mktemp -d) # the runner leaves the names of what failed in files
trap 'rm -rf "$lists" "${work:-}"' EXIT
status=0
report=$("$suite/runner" --enforce_recommended --output_dir "$lists/" "$(realpath "$1")" "$suite/messages.binpb" 2>&1) ||
  status=$?
printf '%s\n' "$report" | grep -v '^$' | tail -n 200
[ $status = 0 ] || fail "the suite failed"
# The first summary is that of binary and JSON.
summary=$(grep '^CONFORMANCE SUITE ' <<<"$report" | head -n 1)
[[ $summary =~ ^CONFORMANCE\ SUITE\ PASSED:\ ([0-9]+)\ successes,\ 0\ skipped,\ 0\ expected\ failures ]] ||
  fail "not every case was run: $summary"
echo "Ran ${BASH_REMATCH[1]} tests in protobuf's conformance suite"
