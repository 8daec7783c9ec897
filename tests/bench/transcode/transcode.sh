#!/usr/bin/env bash
# Measures build/release's transcoder beside C++ protobuf, and what it allocates. With --check the exit status says
# whether every target was reached. BIN is where the programs stand.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

BIN=${BIN:-$PWD/build/release/bin}
[ -x "$BIN/bench_transcode" ] || { echo "bench: $BIN/bench_transcode was not built" >&2; exit 1; }

counters=$(mktemp)
trap 'rm -f "$counters"' EXIT
missed=0
printf 'The transcoder alone, nanoseconds a message, beside C++ protobuf:\n'
"$BIN/bench_transcode" "$BIN/bench_transcode.binpb" --check || missed=1
printf '\nAllocations a message, as seen by LD_PRELOAD:\n'
LD_PRELOAD="$BIN/malloc_count.so" MALLOC_COUNT_FILE="$counters" \
    "$BIN/bench_transcode" "$BIN/bench_transcode.binpb" --count || missed=1
[ "${1:-}" != --check ] || exit $missed
