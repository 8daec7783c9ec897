#!/usr/bin/env bash
# What the scripts that fill the tests' cache leave there when they fail, or are told to end: nothing half-done.
#   cache_is_clean.sh SOURCE_DIR
#
# Each runs over a cache of its own with a program it needs replaced by one that fails, and by one that waits.
set -euo pipefail

tests=$1/tests
box=$(mktemp -d)
waiting=
trap 'kill $waiting 2>/dev/null || true; rm -rf "$box"' EXIT
passed=0

fail() {
  echo "cache_is_clean: $*" >&2
  exit 1
}

# Puts a program of this name before all others.
replace() { # NAME SCRIPT
  rm -rf "$box/bin"
  mkdir -p "$box/bin"
  printf '#!/bin/sh\n%s\n' "$2" >"$box/bin/$1"
  chmod +x "$box/bin/$1"
}

# Whether FOLDER of the cache holds nothing but its lock, and what a killed run left is gone, too.
check_clean() { # NAME FOLDER
  local found
  found=$(find "$box/cache/$2" -mindepth 1 -maxdepth 1 ! -name lock ! -name 'protobuf-*')
  [ -z "$found" ] || fail "$1 leaves $found"
  passed=$((passed + 1))
}

environment=(env "PATH=$box/bin:$PATH" "TOLLGATE_CACHE=$box/cache")

check() { # FOLDER PROGRAM COMMAND...: of the cache, to replace
  local folder=$1 program=$2
  shift 2
  mkdir -p "$box/cache/$folder/new.killed"
  replace "$program" 'exit 1'
  if "${environment[@]}" "$@" >"$box/log" 2>&1; then fail "$1 passes without $program"; fi
  check_clean "$1, which failed," "$folder"

  replace "$program" "echo \$\$ >$box/pid; exec sleep 60"
  rm -f "$box/pid"
  "${environment[@]}" "$@" >"$box/log" 2>&1 &
  local script=$!
  for _ in $(seq 100); do
    [ -s "$box/pid" ] && break
    sleep 0.1
  done
  [ -s "$box/pid" ] || fail "$1 does not come to call $program: $(cat "$box/log")"
  waiting=$(cat "$box/pid")
  kill -TERM "$script"
  kill -TERM "$waiting"
  if wait "$script"; then fail "$1 passes when it is ended"; fi
  check_clean "$1, which was ended," "$folder"
}

check npm npm "$tests/npm_modules.sh" "$tests/differential"
check sources apt-get "$tests/debian_source.sh" libprotobuf-dev
# The suite's source is there; it cannot be compiled.
source=$(dpkg-query -W -f '${source:Package}-${source:Version}' libprotobuf-dev)
mkdir -p "$box/cache/sources/$source/conformance/third_party"
touch "$box/cache/sources/$source/conformance/"{a.h,conformance_cpp.cc}
check conformance protoc "$tests/conformance/runner.sh" --prepare
echo "$passed passed, 0 failed"
