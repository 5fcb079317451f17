#!/bin/sh
# What `make bench` does: made-up traces, and recorded ones where there are any, through every command, in
# short, with a page for each; then single operations beside their competitors. A few minutes.
#
#   bench/run.sh PATH-OF-CTXBENCH FOLDER
#
# Pages and made-up traces go into FOLDER. The page to begin with is report.html.
#
# CTX_TRACES      a folder with recorded traces, those that tests/README.md names (../shared/traces)
# BENCH_REQUESTS  of each trace that is made up (1000000)
# BENCH_SECONDS   for single operations (60)
set -eu

bench=$1
folder=$2
recorded=${CTX_TRACES:-../shared/traces}
requests=${BENCH_REQUESTS:-1000000}
seconds=${BENCH_SECONDS:-60}

mkdir -p "$folder"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP

# show SED-SCRIPT ARGUMENT...: ctxbench, and of what it prints what the script leaves. Progress and notes go
# where they always go.
show()
{
    filter=$1
    shift
    "$bench" "$@" >"$scratch/out"
    sed -n "$filter" "$scratch/out"
}

# ---- a trace ----

# knee ARGUMENT...: capacity, requests, hits and ratio at the knee of a trace.
knee()
{
    "$bench" advise "$@" --csv >"$scratch/out"
    awk -F , '$1 == "knee" { print $3, $4, $5, $6 }' "$scratch/out"
}

# examine NAME TRACE [OPTION...]: every command in turn, the drawing first.
examine()
{
    name=$1
    shift
    printf '\n== %s: %s\n\n' "$name" "$1"
    show '/capacity  *hits/q; p' curve "$@" # the drawing
    show '/^Set /,/^$/p; / of objects/,/^  tenant / { /^  tenant /!p; }' advise "$@"
    echo
    show "3,\$p" compare "$@"
    echo
    found=$(knee "$@")
    if [ "${found%% *}" -gt 0 ]; then
        echo "The library itself, with as many entries as the knee has:"
        show '3,4p' replay "$@" --capacity "${found%% *}"
    fi
    "$bench" report "$@" -o "$folder/report-$name.html"
    echo "$name $found" >>"$scratch/index"
    echo "Page: $folder/report-$name.html"
}

# made_up NAME OPTION...: a trace from a seed.
made_up()
{
    "$bench" generate --kind "$1" --requests "$requests" --output "$folder/$1.csv"
    examine "$1" "$folder/$1.csv"
}

# with_recorded NAME FILE [OPTION...]: a recorded trace, if it is there.
with_recorded()
{
    name=$1 file=$recorded/$2
    shift 2
    if [ -r "$file" ]; then
        examine "$name" "$file" "$@"
    else
        absent="$absent ${file##*/}"
    fi
}

# ---- the index ----

index_rows()
{
    awk 'function thousands(n) {
        while (match(n, /[0-9][0-9][0-9][0-9]($|,)/))
            n = substr(n, 1, RSTART) "," substr(n, RSTART + 1)
        return n
    }
    {
        printf "<tr><td><a href=\"report-%s.html\">%s</a></td>", $1, $1
        printf "<td>%s</td><td>%s</td><td>%s</td>", thousands($3), thousands($2), thousands($4)
        printf "<td>%.2f</td></tr>\n", 100 * $5
    }' "$scratch/index"
}

write_index()
{
    cat <<'END'
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>ctxbench: traces</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 720px; margin: 40px auto; padding: 0 16px }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: 6px 0 6px 12px; text-align: right; border-bottom: 1px solid #8884 }
th { font-weight: 400; font-size: 13px }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
</style>
<h1>Traces</h1>
<p>Each trace has a knee: with more entries than that, a further one is worth less than the average one. The
table says what an LRU cache of so many entries hits; a trace's page says what others do.</p>
<table>
<tr><th>trace</th><th>gets</th><th>entries at the knee</th><th>hits</th><th>hit %</th></tr>
END
    index_rows
    echo '</table>'
}

# ---- all of it ----

absent=
: >"$scratch/index"
made_up zipf
made_up mixed
with_recorded sprite sprite.trace.gz
with_recorded orm-busy orm-busy.trace.xz
with_recorded p3 p3.lis.gz
key=predict_type+checkpoint_model_version_id+num_lora+num_inference_steps+num_images_per_prompt
with_recorded lora-a lora-a.csv.gz \
    --columns "tenant=groupId,time=gmt_create,load=exec_time_seconds,key=$key"
[ -z "$absent" ] || printf '\nNot there, so left out:%s (CTX_TRACES names their folder)\n' "$absent"
write_index >"$scratch/index.html"
mv "$scratch/index.html" "$folder/report.html"

printf '\n== single operations, about %s seconds (all of them: ctxbench throughput)\n\n' "$seconds"
"$bench" throughput --workload W1,W3,get/1,set-reset/1 --seconds "$seconds" \
    --competitor floor,ctxcache,uthash+mutex

printf '\nPages of %s traces: %s\n' "$(wc -l <"$scratch/index")" "$(cd "$folder" && pwd)/report.html"
