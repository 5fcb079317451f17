#!/bin/sh
# demo.sh SERVER: starts the tenant server on a free port of the loopback, calls it with curl, puts
# it under load, and checks whatever it says. Ends with 0 if everything held; leaves nothing behind.
set -u

server=${1:?usage: demo.sh path/to/tenant_server}
command -v curl >/dev/null || { echo "demo.sh: curl is missing: apt-get install curl" >&2; exit 1; }
[ -x "$server" ] || { echo "demo.sh: $server: not a program" >&2; exit 1; }

# ---- leaving nothing behind ---------------------------------------------------------------------

dir='' pid='' workers='' failed=0

finish() {
    status=$?
    trap '' INT TERM HUP
    # shellcheck disable=SC2086 # a list of process ids
    [ -z "$workers$pid" ] || kill $workers $pid 2>/dev/null
    wait
    [ -z "$dir" ] || rm -rf "$dir"
    exit "$status"
}
trap '' INT TERM HUP
dir=$(mktemp -d) || exit 1
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# ---- saying and checking ------------------------------------------------------------------------

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi

section() {
    printf '\n%s%s%s\n' "$bold" "$*" "$plain"
}

# holds WHAT COMMAND...: the claim, and the command that shows it.
holds() {
    what=$1
    shift
    if "$@"; then
        printf '  ok     %s\n' "$what"
    else
        printf '  WRONG  %s\n' "$what"
        failed=1
    fi
}

# The background requests.
await_workers() {
    # shellcheck disable=SC2086 # a list of process ids
    wait $workers
    workers=''
}

same() { [ "$1" = "$2" ]; }
differ() { ! cmp -s "$1" "$2"; }
body_has() { grep -qF -- "$1" "$dir/body"; }

# ask METHOD PATH [HEADER...]: body, code, x_cache and ms of one request, on a new connection.
ask() {
    method=$1 path=$2
    shift 2
    for field; do
        shift
        set -- "$@" -H "$field"
    done
    # shellcheck disable=SC2046 # two words, the code and the time
    set -- $(curl -s -m 20 -X "$method" "$@" -D "$dir/head" -o "$dir/body" \
        -w '%{http_code} %{time_total}' "$url$path")
    code=$1
    ms=$(awk -v s="$2" 'BEGIN { printf "%.1f", s * 1000 }')
    x_cache=$(tr -d '\r' <"$dir/head" | sed -n 's/^X-Cache: //p')
}

tell() {
    printf '  %-31s %-35s %6s ms   HTTP %s\n' "$1" "${x_cache:+X-Cache: $x_cache}" "$ms" "$code"
}

# ---- the server ---------------------------------------------------------------------------------

start() {
    mkdir "$dir/tmp"
    TMPDIR=$dir/tmp "$server" --seconds 55 >"$dir/log" 2>&1 &
    pid=$!
    url=''
    while [ -z "$url" ] && kill -0 "$pid" 2>/dev/null; do
        sleep 0.1
        url=$(sed -n 's/^listening on //p' "$dir/log")
    done
    [ -n "$url" ] && return
    echo "demo.sh: the server did not start:" >&2
    cat "$dir/log" >&2
    exit 1
}

show_first_and_cached() {
    section "1. The first answer, and the same one from the cache"
    ask GET "$report" 'X-Tenant: acme'
    tell "acme asks for 2025"
    cp "$dir/body" "$dir/acme"
    holds "the first answer was computed" same "$x_cache" miss
    holds "it is acme's" body_has '"tenant":"acme"'
    for again in 1 2 3; do
        ask GET "$report" 'X-Tenant: acme'
        tell "acme asks again ($again)"
    done
    holds "the later ones came from the cache" same "$x_cache" hit
    holds "they are the same, byte for byte" cmp -s "$dir/body" "$dir/acme"
}

show_tenants() {
    section "2. The same request by another tenant, and in another currency"
    ask GET "$report" 'X-Tenant: globex'
    tell "globex asks for 2025"
    holds "it was computed, not taken from acme" same "$x_cache" miss
    holds "it is globex's" body_has '"tenant":"globex"'
    holds "it differs from acme's" differ "$dir/body" "$dir/acme"
    ask GET "$report" 'X-Tenant: acme' 'X-Currency: USD'
    tell "acme asks in USD"
    holds "USD is a partition of its own" same "$x_cache" miss
    holds "it is in USD" body_has '"currency":"USD"'
}

show_refusal() {
    section "3. A request that names no tenant"
    ask GET "$report"
    tell "nobody asks for 2025"
    sed 's/^/  /' "$dir/body"
    holds "it was refused" same "$code" 400
    holds "the library says which variable is missing" same "$x_cache" refused/unset:tenant
}

show_invalidation() {
    section "4. Invalidating one tenant"
    ask POST /invalidate 'X-Tenant: acme'
    tell "acme invalidates"
    ask GET "$report" 'X-Tenant: acme'
    tell "acme asks for 2025"
    holds "acme's answer was computed again" same "$x_cache" miss
    ask GET "$report" 'X-Tenant: globex'
    tell "globex asks for 2025"
    holds "globex's was still there" same "$x_cache" hit
}

# Which of the four readers got a title.
readers_of() {
    (cd "$dir" && grep -l "\"title\":\"$1" reader.*) | sed 's/^reader\.//' | tr '\n' ' '
}

show_audit() {
    section "5. The read audit: a report that reads the locale, on which the cache does not vary"
    ask GET '/summary?year=2025' 'X-Tenant: acme' 'X-Locale: de'
    tell "acme reads a summary in German"
    holds "it is in German" body_has '"title":"Umsatz"'
    holds "the cache named the variable and did not store" same "$x_cache" miss/undeclared:locale
    ask GET '/summary?year=2025' 'X-Tenant: acme' 'X-Locale: fr'
    tell "acme reads it in French"
    holds "it is in French" body_has "\"title\":\"Chiffre d'affaires\""
    for reader in 1.de 2.fr 3.de 4.fr; do
        curl -s -m 20 -o "$dir/reader.$reader" -H 'X-Tenant: acme' -H "X-Locale: ${reader#*.}" \
            "$url/summary?year=2025" &
        workers="$workers $!"
    done
    await_workers
    holds "of four at once, who reads German got German" same "$(readers_of Umsatz)" "1.de 3.de "
    holds "and who reads French got French" same "$(readers_of Chiffre)" "2.fr 4.fr "
}

show_single_flight() {
    section "6. Eight requests at once for an answer that nobody has yet"
    for caller in 1 2 3 4 5 6 7 8; do
        curl -s -m 20 -o /dev/null -D "$dir/flight.$caller" -H 'X-Tenant: initech' "$url$report" &
        workers="$workers $!"
    done
    await_workers
    cat "$dir"/flight.* | tr -d '\r' | sed -n 's/^X-Cache: /  /p' | sort | uniq -c
    holds "the query ran once" same "$(cat "$dir"/flight.* | grep -c '^X-Cache: miss')" 1
    holds "all eight were answered" same "$(cat "$dir"/flight.* | grep -c '^HTTP/1.1 200')" 8
}

# ---- load ---------------------------------------------------------------------------------------

load_with_wrk() {
    wrk -t2 -c8 -d2s -H 'X-Tenant: acme' "$url$1" >"$dir/load"
    ! grep -q 'Non-2xx\|Socket errors' "$dir/load" &&
        awk '/^ *Latency/ { latency = $2 } /^Requests\/sec/ { rate = $2 }
            END { printf "%.0f requests/s, mean latency %s\n", rate, latency; exit !rate }' \
            "$dir/load"
}

load_with_ab() {
    ab -q -k -c 8 -t 2 -n 1000000 -H 'X-Tenant: acme' "$url$1" >"$dir/load" 2>&1
    ! grep -q '^Non-2xx' "$dir/load" &&
        awk '/^Requests per second/ { rate = $4 } /^Time per request/ && !ms { ms = $4 }
            END { printf "%.0f requests/s, mean latency %sms\n", rate, ms; exit !rate }' \
            "$dir/load"
}

load_with_curl() {
    curl -s -m 20 -H 'X-Tenant: acme' -w '%{http_code} %{time_total}\n' -o /dev/null \
        "$url$1&n=[1-200]" >"$dir/load"
    awk '$1 != 200 { bad = 1 } { sum += $2 }
        END { printf "%.0f requests/s, mean latency %.2fms\n", NR / sum, sum / NR * 1000
              exit bad || NR != 200 }' "$dir/load"
}

show_load() {
    if command -v wrk >/dev/null; then
        tool=wrk with="wrk, 8 connections, 2 s each"
    elif command -v ab >/dev/null; then
        tool=ab with="ab, 8 connections, 2 s each"
    else
        tool=curl with="curl, 1 connection, 200 requests each; install wrk or ab for more"
    fi
    section "7. Under load ($with)"
    for path in "$report" '/summary?year=2025'; do
        if figures=$("load_with_$tool" "$path"); then
            printf '  %-20s %s\n' "${path%\?*}" "$figures"
        else
            holds "$path answered every request" false
        fi
    done
    printf '  (both are the same query, one stored and one never; the summary is the one that is never stored)\n'
}

# mixed WORKER: 150 requests of one connection, each by another tenant and currency than the last;
# their answers go to files that are named after what was asked. Every 30th one invalidates. Replaces
# the (background) shell, so that what is killed at an early end is curl itself.
mixed() {
    awk -v dir="$dir/mixed" -v url="$url" -v worker="$1" 'BEGIN {
        split("acme globex initech umbrella tenant-07 tenant-19 tenant-33", tenants)
        split("EUR USD GBP JPY", currencies)
        for (i = 1; i <= 150; i++) {
            tenant = tenants[(i * (worker + 2)) % 7 + 1]
            currency = currencies[(i + worker) % 4 + 1]
            if (i > 1) print "next"
            printf "silent\nmax-time = 20\nheader = \"X-Tenant: %s\"\n", tenant
            printf "header = \"X-Currency: %s\"\n", currency
            if (i % 30 == 0)
                printf "url = \"%s/invalidate\"\nrequest = POST\noutput = /dev/null\n", url
            else
                printf "url = \"%s/revenue?year=%d\"\noutput = \"%s/%d.%d.%s.%s\"\n",
                    url, 2023 + i % 3, dir, worker, i, tenant, currency
        } }' >"$dir/config.$1"
    exec curl -K "$dir/config.$1"
}

# How many answers of show_mixed() name the tenant and the currency that the request named.
count_own() {
    for file in "$dir"/mixed/*; do
        asked=${file##*/} asked=${asked#*.} asked=${asked#*.}
        grep -F "\"tenant\":\"${asked%.*}\"" "$file" | grep -cF "\"currency\":\"${asked#*.}\""
    done | grep -c '^1$'
}

show_mixed() {
    section "8. Seven tenants and four currencies mixed, four connections at once, invalidating"
    mkdir "$dir/mixed"
    for worker in 1 2 3 4; do
        mixed "$worker" &
        workers="$workers $!"
    done
    await_workers
    holds "580 answers" same "$(find "$dir/mixed" -type f | wc -l)" 580
    holds "each carries the tenant and the currency that its request named" same "$(count_own)" 580
}

# ---- statistics, and the end --------------------------------------------------------------------

# The fields NAME... of the lines of /stats, in columns.
columns() {
    awk -v names="$*" '{
        n = split(names, name, " ")
        for (i = 1; i <= n; i++) {
            value = ""
            if (match($0, "\"" name[i] "\":[^,}]*"))
                value = substr($0, RSTART + length(name[i]) + 3, RLENGTH - length(name[i]) - 3)
            gsub("\"", "", value)
            line = (i > 1 ? line " " : "") sprintf(i < 3 ? "%-10s" : "%9s", value)
        }
        print "  " line }' "$dir/body"
}

show_statistics() {
    section "9. The statistics"
    ask GET /stats
    holds "the server tells them" same "$code" 200
    tr -d '{}' <"$dir/body" | sed -n '1s/,"partitions.*//p' | sed 's/"cache"://; s/"//g; s/:/ /g' |
        tr ',' '\n' | awk '{ printf "  %-22s %s\n", $1, $2 }
            $1 == "calls" { calls = $2 }
            $1 ~ /^(hits|misses|joined|bypasses|refused)$/ { sum += $2 }
            END { exit calls == 0 || calls != sum }'
    holds "calls = hits + misses + joined + bypasses + refused" same "$?" 0
    printf '  %-10s %-10s %9s %9s %9s %9s\n' tenant currency calls hits entries invalidated
    sed 1d "$dir/body" | grep '^{' >"$dir/partitions"
    cp "$dir/partitions" "$dir/body"
    columns tenant currency calls hits entries invalidated | sort
}

stop() {
    section "10. The end"
    kill -TERM "$pid"
    wait "$pid"
    holds "the server ended well" same "$?" 0
    pid=''
    holds "and left nothing behind" same "$(ls -A "$dir/tmp")" ''
    sed '/^making\|^listening/d' "$dir/log"
}

report='/revenue?year=2025'
start
printf '%s (%s)\n' "$url" "$(sed -n 's/^making/an SQLite database of/p' "$dir/log")"
show_first_and_cached
show_tenants
show_refusal
show_invalidation
show_audit
show_single_flight
show_load
show_mixed
show_statistics
stop
[ "$failed" -eq 0 ] || { printf '\nNot everything held.\n'; exit 1; }
printf '\nEverything held.\n'
