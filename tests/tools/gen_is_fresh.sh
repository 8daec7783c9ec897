#!/bin/sh
# Fails where gen/ is not what the generator makes of proto/: gen_is_fresh.sh SOURCE_DIR PLUGIN
set -eu
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$1/tools/gen.sh" "$2" "$out"
if ! diff -r --exclude=CMakeLists.txt "$out" "$1/gen"; then
    echo 'gen/ is stale: run "./dev gen" and commit what it changes' >&2
    exit 1
fi
