#!/usr/bin/env bash
# Measures build/release against two limits, a bare h2o reply and a bare C-core echo, on this machine and in this run.
# The server under test stands on core 0, the load on core 1; ours and the limit take turns, and the medians of the
# rounds are set against each other. On MongoDB the limit is the driver alone.
#
#     tests/bench/bench.sh [--check] [PART...]
#
# PART is one of the parts named below; without one, all run. With --check the exit status says whether every target was
# reached.
#
# ROUNDS, ROUND_SECONDS and PAIRS set how long it takes, BIN where the programs stand, WORK where files go.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

PARTS=(embedded keys allocations mongodb transcode) # bench_PART each

ROUNDS=${ROUNDS:-5}
ROUND_SECONDS=${ROUND_SECONDS:-2}
PAIRS=${PAIRS:-25} # of rounds of one second, where two are close
MEMORY_REQUESTS=${MEMORY_REQUESTS:-1000000}
COUNTED_REQUESTS=10000
LIST_NOTES=100
BIN=${BIN:-$PWD/build/release/bin}
WORK=${WORK:-$PWD/build/bench}
METHOD=/notes.v1.Notes/GetNote
CONTENT="Two bottles of milk, a loaf of bread, and what else there is to eat on a long evening."

PIDS=()
MISSED=0
API_KEY= # for servers that ask for one

stop_all() {
    local pid
    for pid in "${PIDS[@]}"; do
        kill "$pid" 2>/dev/null || true
    done
    wait 2>/dev/null || true
}
trap stop_all EXIT

die() {
    printf 'bench: %s\n' "$*" >&2
    exit 1
}

# --- servers --------------------------------------------------------------------------------------------------------

wait_for() { # FILE PATTERN: prints the first line that matches, once there is one
    local line
    for _ in $(seq 200); do
        line=$(grep -m 1 -- "$2" "$1" 2>/dev/null) && { printf '%s\n' "$line"; return; }
        sleep 0.05
    done
    cat "$1" >&2
    die "no \"$2\" in $1"
}

start_tollgate() { # NAME [VARIABLE=VALUE...]: sets PID, HTTP and GRPC
    local name=$1
    shift
    rm -f "$WORK/$name".*
    env TOLLGATE_STORE="sqlite:$WORK/$name.db" TOLLGATE_ADMIN=none TOLLGATE_NO_KEYS=true "$@" taskset -c 0 "$BIN/tollgate" serve --threads 1 \
        --listen 127.0.0.1:0 --grpc 127.0.0.1:0 --log-level info 2>"$WORK/$name.log" &
    PID=$!
    PIDS+=("$PID")
    HTTP=$(wait_for "$WORK/$name.log" 'protocol=http' | sed 's/.*address=\([^ ]*\).*/\1/')
    GRPC=$(wait_for "$WORK/$name.log" 'protocol=grpc' | sed 's/.*address=\([^ ]*\).*/\1/')
}

start_limit() { # NAME PROGRAM ARGUMENT...: sets LIMIT
    local out=$WORK/$1.out
    shift
    taskset -c 0 "$@" >"$out" &
    PIDS+=($!)
    LIMIT=$(wait_for "$out" 127.0.0.1)
}

fill() { # ADDRESS: makes the notes; sets NOTE_ID
    local i
    for i in $(seq "$LIST_NOTES"); do
        [ "$i" = 1 ] || echo next
        printf 'url = "http://%s/notes"\nfail\nsilent\noutput = "%s"\n' "$1" "$WORK/note.json"
        [ -z "$API_KEY" ] || printf 'header = "x-api-key: %s"\n' "$API_KEY"
        printf 'json = "{\\"title\\":\\"Note %d\\",\\"content\\":\\"%s\\"}"\n' "$i" "$CONTENT"
    done >"$WORK/fill.curl"
    curl --config "$WORK/fill.curl"
    NOTE_ID=$(sed 's/.*"noteId":"\([^"]*\)".*/\1/' "$WORK/note.json")
}

# --- load: each prints one rate -------------------------------------------------------------------------------------

load_h1() { # URL [CONNECTIONS [SCRIPT]]
    local out
    out=$(taskset -c 1 wrk -t1 -c"${2:-32}" -d"${ROUND_SECONDS}s" ${3:+-s "$3"} "$1")
    grep -q 'Non-2xx\|Socket errors' <<<"$out" && die "wrk $1: $out"
    awk '/^Requests\/sec/ { print $2 }' <<<"$out"
}

load_keyed() { # PID URL: prints the rate, and the processor's microseconds that the server PID took for each request
    local out before
    before=$(cpu_ticks "$1")
    out=$(taskset -c 1 wrk -t1 -c32 -d1s -H "x-api-key: $API_KEY" "$2")
    grep -q 'Non-2xx\|Socket errors' <<<"$out" && die "wrk $2: $out"
    awk -v ticks=$(($(cpu_ticks "$1") - before)) -v hz="$(getconf CLK_TCK)" \
        '/requests in/ { n = $1 } /^Requests\/sec/ { print $2, ticks / hz * 1e6 / n }' <<<"$out"
}

cpu_ticks() { # PID: of all its threads, in user space and in the kernel
    sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

load_h2() { # URL
    local out
    out=$(taskset -c 1 h2load -t1 -c8 -m16 -D "$ROUND_SECONDS" "$1")
    grep -q ' 0 failed, 0 errored' <<<"$out" || die "h2load $1: $out"
    sed -n 's/^finished in [^,]*, \([0-9.]*\) req.*/\1/p' <<<"$out"
}

load_grpc() { # ADDRESS
    taskset -c 1 "$BIN/bench_grpc_load" "$1" "$METHOD" "$NOTE_ID" "$ROUND_SECONDS" 64 2 | sed 's/ .*//'
}

# --- figures --------------------------------------------------------------------------------------------------------

median() { sort -n | awk '{ v[NR] = $0 } END { print v[int((NR + 1) / 2)] }'; }

take_turns() { # "COMMAND of ours" "COMMAND of the limit": sets OURS and BARE, medians
    local ours=() bare=()
    for _ in $(seq "$ROUNDS"); do
        ours+=("$($1)")
        bare+=("$($2)")
    done
    OURS=$(printf '%s\n' "${ours[@]}" | median)
    BARE=$(printf '%s\n' "${bare[@]}" | median)
}

verdict() { # EXPRESSION in awk: true is reached
    if awk "BEGIN { exit !($1) }"; then VERDICT=reached; else VERDICT=MISSED; MISSED=$((MISSED + 1)); fi
}

ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

row() { printf '%-34s %14s %14s %7s   %-28s %s\n' "$@"; }

compare() { # TITLE OURS-COMMAND LIMIT-COMMAND TARGET
    take_turns "$2" "$3"
    local r
    r=$(ratio "$OURS" "$BARE")
    verdict "$r >= $4"
    row "$1" "$(printf %.0f "$OURS")/s" "$(printf %.0f "$BARE")/s" "$r" "at least $4" "$VERDICT"
}

# Two that differ little: many short rounds, each beside one of the other, and what counts is the median of their
# ratios. So what else the machine does, which comes and goes, falls on both. Which of them goes first changes.
compare_closely() { # TITLE OURS-COMMAND LIMIT-COMMAND TARGET: the commands print a rate and a time
    local ours bare pairs r cpu
    pairs=$(for i in $(seq "$PAIRS"); do
        if ((i % 2)); then ours=$($2) bare=$($3); else bare=$($3) ours=$($2); fi
        printf '%s %s\n' "$ours" "$bare"
    done)
    column() { awk "{ printf \"%.6f\\n\", $1 }" <<<"$pairs" | median; }
    r=$(column '$1 / $3')
    cpu=$(column '$4 / $2')
    verdict "$r >= $4"
    row "$1" "$(printf %.0f "$(column '$1')")/s" "$(printf %.0f "$(column '$3')")/s" "$(printf %.3f "$r")" \
        "at least $4" "$VERDICT"
    row "  processor's time of a request" "$(printf %.2f "$(column '$2')") us" "$(printf %.2f "$(column '$4')") us" \
        "$(printf %.3f "$cpu")" "" ""
}

compare_list() {
    local bytes r mb bare_mb
    take_turns "load_h1 http://$OUR_HTTP/notes?page_size=$LIST_NOTES" "load_h1 http://$LIST_LIMIT/"
    bytes=$(stat -c %s "$WORK/list.json")
    mb=$(awk "BEGIN { printf \"%.0f\", $OURS * $bytes / 1e6 }")
    bare_mb=$(awk "BEGIN { printf \"%.0f\", $BARE * $bytes / 1e6 }")
    r=$(ratio "$OURS" "$BARE")
    verdict "$mb >= 400 || $r >= 0.5"
    row "list of $LIST_NOTES notes, $bytes bytes" "$mb MB/s" "$bare_mb MB/s" "$r" "400 MB/s or at least 0.5" "$VERDICT"
}

compare_writes() {
    local r
    take_turns "load_h1 http://$OUR_HTTP/notes 64 tests/bench/post_note.lua" \
        "load_h1 http://$OUR_HTTP/notes 1 tests/bench/post_note.lua"
    r=$(ratio "$OURS" "$BARE")
    verdict "$r >= 10"
    row "POST /notes, 64 connections to 1" "$(printf %.0f "$OURS")/s" "$(printf %.0f "$BARE")/s" "$r" "at least 10" "$VERDICT"
}

# --- MongoDB --------------------------------------------------------------------------------------------------------

MONGO_CONNECTIONS=${MONGO_CONNECTIONS:-32}

start_mongodb() { # NAME [VARIABLE=VALUE...]: sets MONGODB, a server without a database
    local name=$1
    shift
    if [ -n "${TOLLGATE_TEST_MONGODB_URI:-}" ]; then
        MONGODB=$TOLLGATE_TEST_MONGODB_URI
        return
    fi
    env "$@" tests/mongodb/engine.sh "$WORK/$name" 0 >"$WORK/$name.out" &
    PIDS+=($!)
    MONGODB=mongodb://127.0.0.1:$(wait_for "$WORK/$name.out" listening | cut -d' ' -f2)
}

load_p99() { # URL [SCRIPT]: prints the rate and the 99th percentile in milliseconds
    local out
    out=$(taskset -c 1 wrk -t1 -c"$MONGO_CONNECTIONS" -d"${ROUND_SECONDS}s" --latency ${2:+-s "$2"} "$1")
    grep -q 'Non-2xx\|Socket errors' <<<"$out" && die "wrk $1: $out"
    awk '$1 == "99%" { ms = $2 ~ /us$/ ? $2 / 1000 : $2 ~ /ms$/ ? $2 + 0 : $2 * 1000 }
         /^Requests\/sec/ { print $2, ms }' <<<"$out"
}

bare_mongo() { # find|insert
    taskset -c 0 "$BIN/bench_mongo" "$MONGODB/bench_limit" "$1" "$MONGO_CONNECTIONS" "$ROUND_SECONDS"
}

compare_mongo() { # TITLE OURS-COMMAND LIMIT-COMMAND
    local r
    take_turns "$2" "$3"
    r=$(ratio "${OURS% *}" "${BARE% *}")
    verdict "$r >= 0.85"
    row "$1" "$(printf %.0f "${OURS% *}")/s" "$(printf %.0f "${BARE% *}")/s" "$r" "at least 0.85" "$VERDICT"
    row "  99 of 100 within" "${OURS#* } ms" "${BARE#* } ms" "$(ratio "${OURS#* }" "${BARE#* }")" "" ""
}

# The engine shares the two cores with all the others and takes most of them. The driver alone sends a command a read;
# Tollgate sends one for all reads that wait, which is how it can be faster than its limit (server/read_groups.h).
# Writes go to an engine that answers them when they are in its journal, as a server does (tests/mongodb/engine.mjs).
bench_mongodb() {
    printf '\nOn MongoDB, %d connections, beside the driver alone with as many threads:\n' "$MONGO_CONNECTIONS"
    start_mongodb mongodb_read
    start_tollgate on_mongodb_read TOLLGATE_STORE="$MONGODB/bench_tollgate"
    fill "$HTTP"
    curl -sf "http://$HTTP/notes?page_size=$LIST_NOTES" | grep -o '"noteId":"[^"]*"' |
        sed 's/.*:"\(.*\)"/\/notes\/\1/' >"$WORK/note.paths"
    export NOTE_PATHS=$WORK/note.paths
    compare_mongo "GET /notes/{id} on MongoDB" "load_p99 http://$HTTP tests/bench/get_notes.lua" "bare_mongo find"
    start_mongodb mongodb_write TOLLGATE_MONGODB_JOURNAL=1
    start_tollgate on_mongodb_write TOLLGATE_STORE="$MONGODB/bench_tollgate"
    compare_mongo "POST /notes on MongoDB" "load_p99 http://$HTTP/notes tests/bench/post_note.lua" "bare_mongo insert"
}

rss_kb() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

many_requests() { # COUNT ADDRESS
    taskset -c 1 h2load -t1 -c8 -m16 -n "$1" "http://$2/notes/$NOTE_ID" >/dev/null
}

# Warm first: what a server holds after its first requests is not a leak.
measure_memory() { # PID ADDRESS
    local before after
    many_requests $((MEMORY_REQUESTS / 10)) "$2"
    before=$(rss_kb "$1")
    many_requests "$MEMORY_REQUESTS" "$2"
    after=$(rss_kb "$1")
    verdict "$after < 40 * 1024 && $after - $before < 512"
    row "RSS after $MEMORY_REQUESTS requests" "$after kB" "$before kB" "$(ratio "$after" "$before")" \
        "flat, below 40960 kB" "$VERDICT"
}

counters() { od -An -t u8 -w32 "$1"; }

# What one request allocates and copies, with h2o's own share: the second line is h2o's alone.
count_memory() { # TITLE COUNTER-FILE URL
    local before after
    taskset -c 1 h2load -t1 -c8 -m16 -n 1000 "$3" >/dev/null
    before=$(counters "$2")
    taskset -c 1 h2load -t1 -c8 -m16 -n "$COUNTED_REQUESTS" "$3" >/dev/null
    after=$(counters "$2")
    awk -v title="$1" -v n="$COUNTED_REQUESTS" -v a="$after" -v b="$before" 'BEGIN {
        split(a, x); split(b, y)
        printf "%-34s %6.1f allocations of %8.0f bytes, %6.1f copies of %8.0f bytes\n", title,
            (x[1] - y[1]) / n, (x[2] - y[2]) / n, (x[3] - y[3]) / n, (x[4] - y[4]) / n }'
}

# --- the embedded store ---------------------------------------------------------------------------------------------

bench_embedded() {
    start_tollgate ours
    OUR_PID=$PID OUR_HTTP=$HTTP OUR_GRPC=$GRPC
    fill "$OUR_HTTP"
    curl -sf "http://$OUR_HTTP/notes/$NOTE_ID" >"$WORK/note.json"
    curl -sf "http://$OUR_HTTP/notes?page_size=$LIST_NOTES" >"$WORK/list.json"
    start_limit note "$BIN/bench_h2o_static" "$WORK/note.json"
    NOTE_LIMIT=$LIMIT
    start_limit list "$BIN/bench_h2o_static" "$WORK/list.json"
    LIST_LIMIT=$LIMIT
    start_limit echo "$BIN/bench_grpc_echo" "$METHOD" "$(stat -c %s "$WORK/note.json")"
    ECHO_LIMIT=$LIMIT

    compare "GET /notes/{id}, HTTP/1.1" "load_h1 http://$OUR_HTTP/notes/$NOTE_ID" "load_h1 http://$NOTE_LIMIT/" 0.75
    compare "GET /notes/{id}, HTTP/2" "load_h2 http://$OUR_HTTP/notes/$NOTE_ID" "load_h2 http://$NOTE_LIMIT/" 0.5
    compare "gRPC GetNote" "load_grpc $OUR_GRPC" "load_grpc $ECHO_LIMIT" 0.8
    compare_list
    measure_memory "$OUR_PID" "$OUR_HTTP"
    compare_writes
}

# --- keys and limits ------------------------------------------------------------------------------------------------

make_key() { # ADMIN URL: a key in a plan whose throttle and quota are counted and never reached; sets API_KEY
    local plan
    plan=$("$BIN/tollgate" plans create bench --rate 10000000 --burst 10000000 --quota 2000000000 --period day \
        --for-stage '$default' --admin-url "$1" --json | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -n 1)
    API_KEY=benchbenchbenchbenchbench
    "$BIN/tollgate" keys create bench --plan "$plan" --value "$API_KEY" --admin-url "$1" --json >/dev/null
    sleep 1 # by then the gateway knows
}

# A request with a key, against the same one to the same program that asks nobody for keys: the same route without the
# option. Both get the same bytes; the answer of the one has a RateLimit header more, which is part of what keys cost.
bench_keys() {
    local keyless keyless_pid
    start_tollgate keyless
    keyless_pid=$PID
    fill "$HTTP"
    keyless=http://$HTTP/notes/$NOTE_ID
    start_tollgate keyed TOLLGATE_NO_KEYS=false TOLLGATE_ADMIN=127.0.0.1:0
    make_key "http://$(wait_for "$WORK/keyed.log" 'protocol=admin' | sed 's/.*address=\([^ ]*\).*/\1/')"
    fill "$HTTP"
    compare_closely "GET /notes/{id}, key and limits" "load_keyed $PID http://$HTTP/notes/$NOTE_ID" \
        "load_keyed $keyless_pid $keyless" 0.95
}

bench_allocations() {
    printf '\nPer request, over HTTP/2, as seen by LD_PRELOAD:\n'
    start_tollgate counted LD_PRELOAD="$BIN/malloc_count.so" MALLOC_COUNT_FILE="$WORK/counted.counters"
    fill "$HTTP"
    count_memory "GET /notes/{id}" "$WORK/counted.counters" "http://$HTTP/notes/$NOTE_ID"
    count_memory "list of $LIST_NOTES notes" "$WORK/counted.counters" "http://$HTTP/notes?page_size=$LIST_NOTES"
    curl -sf "http://$HTTP/notes/$NOTE_ID" >"$WORK/counted.json"
    start_limit bare env LD_PRELOAD="$BIN/malloc_count.so" MALLOC_COUNT_FILE="$WORK/bare.counters" \
        "$BIN/bench_h2o_static" "$WORK/counted.json"
    count_memory "bare h2o" "$WORK/bare.counters" "http://$LIMIT/"
}

bench_transcode() {
    printf '\n'
    tests/bench/transcode/transcode.sh --check || MISSED=$((MISSED + 1))
}

# --- the run --------------------------------------------------------------------------------------------------------

CHECK=no
CHOSEN=()
for argument in "$@"; do
    if [ "$argument" = --check ]; then
        CHECK=yes
    elif [[ " ${PARTS[*]} " == *" $argument "* ]]; then
        CHOSEN+=("$argument")
    else
        die "\"$argument\" is no part of this; there are: ${PARTS[*]}"
    fi
done
[ ${#CHOSEN[@]} -gt 0 ] || CHOSEN=("${PARTS[@]}")

[ "$(nproc)" -ge 2 ] || die "needs two cores, one for the server and one for the load"
rm -rf "$WORK"
mkdir -p "$WORK"

printf '%s, %d rounds of %s s, server on core 0, load on core 1\n\n' \
    "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)" "$ROUNDS" "$ROUND_SECONDS"
row "" Tollgate limit ratio target ""
for part in "${CHOSEN[@]}"; do
    "bench_$part"
done

if [ "$CHECK" = yes ] && [ "$MISSED" -gt 0 ]; then
    die "$MISSED targets missed"
fi
