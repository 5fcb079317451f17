#!/bin/sh
# Requests a second of the tenant server on libuv, with the cache and without, by 1, 8 and 64 connections; and,
# if there is one, of the tenant server with threads. All of them run at the same time, and wrk goes round from
# one to the next. Prints a table in Markdown: medians, with the least and the most.
#
#   bench/server.sh PATH-OF-TENANT_SERVER_UV [PATH-OF-TENANT_SERVER]
#
# BENCH_ROUNDS       how often each is measured (5)
# BENCH_SECONDS      how long each time (2)
# BENCH_ROWS         orders in the databases (300000 3000)
# BENCH_CONNECTIONS  (1 8 64)
set -eu

server_uv=$1
server=${2:-}
rounds=${BENCH_ROUNDS:-5}
seconds=${BENCH_SECONDS:-2}
all_connections=${BENCH_CONNECTIONS:-1 8 64}
here=${0%/*}

command -v wrk >/dev/null || { echo "bench/server.sh: wrk is missing: apt-get install wrk" >&2; exit 1; }
scratch=$(mktemp -d)
pids=''
finish()
{
    status=$?
    trap '' INT TERM HUP
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "$pids" ] || kill $pids 2>/dev/null || true
    wait
    rm -rf "$scratch"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# start NAME COMMAND...: a server; its address goes to the file NAME.
start()
{
    name=$1
    shift
    rm -f "$scratch/$name.out"
    "$@" >"$scratch/$name.out" &
    pids="$pids $!"
    while ! sed -n 's/^listening on //p' "$scratch/$name.out" 2>/dev/null | grep . >"$scratch/$name"; do
        sleep 0.1
        kill -0 "$!"
    done
}

start_all()
{
    database=$scratch/$1.db
    start on "$server_uv" --rows "$1" --path "$database"
    start off "$server_uv" --cache 0 --path "$database"
    [ -z "$server" ] || start threads "$server" --path "$database"
}

stop_all()
{
    # shellcheck disable=SC2086 # a list of process ids
    kill $pids
    wait
    pids=''
}

# load NAME CONNECTIONS SECONDS: an answer that is not 2xx, or none, ends it all.
load()
{
    wrk -t1 -c"$2" -d"${3}s" --timeout 60s -s "$here/server.lua" "$(cat "$scratch/$1")" >"$scratch/wrk"
    if grep 'Non-2xx\|Socket errors' "$scratch/wrk" >&2; then exit 1; fi
}

# measure NAME CONNECTIONS: appends "NAME CONNECTIONS requests/s", after a second by 8 connections that loads
# what has expired.
measure()
{
    load "$1" 8 1
    load "$1" "$2" "$seconds"
    awk -v name="$1" -v connections="$2" '/^Requests\/sec/ { print name, connections, $2 }' \
        "$scratch/wrk" >>"$scratch/results"
}

# The rows of the table for one database.
rows()
{
    sort -k1,1 -k2,2n -k3,3n "$scratch/results" | awk -v rows="$1" -v all="$all_connections" '
        function thousands(n,    text) {
            text = sprintf("%.0f", n)
            while (match(text, /[0-9][0-9][0-9][0-9]($|,)/))
                text = substr(text, 1, RSTART) "," substr(text, RSTART + 1)
            return text
        }
        function times(ratio) { return ratio < 100 ? sprintf("%.1f", ratio) : thousands(ratio) }
        function median(key,    n) {
            n = count[key]
            return (value[key, int((n + 1) / 2)] + value[key, int(n / 2) + 1]) / 2
        }
        function cell(key) {
            if (!count[key]) return "not measured"
            return thousands(median(key)) " (" thousands(value[key, 1]) "–" thousands(value[key, count[key]]) ")"
        }
        { key = $1 " " $2; value[key, ++count[key]] = $3 }
        END {
            n = split(all, connections)
            for (i = 1; i <= n; i++) {
                c = connections[i]
                printf "| %s | %s | %s | %s | %s | %s |\n", thousands(rows), c, cell("on " c), cell("off " c),
                    times(median("on " c) / median("off " c)), cell("threads " c)
            }
        }'
}

echo "| orders | connections | cache on | cache off | on / off | with threads, cache on |"
echo "| --- | --- | --- | --- | --- | --- |"
for orders in ${BENCH_ROWS:-300000 3000}; do
    : >"$scratch/results"
    start_all "$orders"
    round=0
    while [ "$round" -lt "$rounds" ]; do
        for connections in $all_connections; do
            for name in on off ${server:+threads}; do
                measure "$name" "$connections"
            done
        done
        round=$((round + 1))
    done
    stop_all
    rows "$orders"
done
