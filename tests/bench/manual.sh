#!/bin/sh
# Checks that the manual has every command of ctxbench, and of each the options that its --help prints, and
# no others; and that it is laid out without a warning.
#
#   tests/bench/manual.sh PATH-OF-CTXBENCH PATH-OF-MANUAL
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"
manual=$2

# The lines of a section of the manual: section TITLE.
section()
{
    awk -v title="$1" '/^\.S[HS] / { inside = substr($0, 5) == title } inside' "$manual"
}

# Options that are tags in what is read.
tags()
{
    sed 's/\\-/-/g' | awk 'tag && $2 ~ /^-/ { print $2 } { tag = $0 == ".TP" }'
}

options_in_manual()
{
    section "ctxbench $1" | tags
    for shared in 'he options of a trace' 'he options of a result'; do
        if section "ctxbench $1" | grep -q "$shared"; then section "T$shared" | tags; fi
    done
}

options_in_help()
{
    "$bench" "$1" --help | awk '/^Options:$/ { on = 1 } /^$/ { on = 0 } on && $1 ~ /^-/ { print $1 }'
}

same()
{
    sort "$scratch/help" >"$scratch/left"
    sort "$scratch/manual" >"$scratch/right"
    [ -s "$scratch/left" ] || fail "$1: --help has none"
    diff "$scratch/left" "$scratch/right" || fail "$1: < --help, > $manual"
}

"$bench" --help | awk '/^Commands:$/ { on = 1; next } /^$/ { on = 0 } on { print $1 }' >"$scratch/help"
awk '/^\.SS ctxbench / { print $3 }' "$manual" >"$scratch/manual"
same "commands"
cp "$scratch/help" "$scratch/commands"
while read -r command; do
    options_in_help "$command" >"$scratch/help"
    options_in_manual "$command" >"$scratch/manual"
    same "$command"
done <"$scratch/commands"

for policy in $("$bench" compare --help | awk '/^Policies:$/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
    section 'ctxbench compare' | grep -q "^\.BR* $policy\b" || fail "the manual lacks the policy $policy"
done
for format in $("$bench" curve --help | awk '/^Formats of traces:$/ { on = 1; next } /^$/ { on = 0 } on { print $1 }'); do
    section TRACES | grep -q -x "\.B $format" || fail "the manual lacks the format $format"
done

# Who lays pages out; `make test` installs them, and `make bench-check` alone does without.
if command -v mandoc >/dev/null; then
    mandoc -T lint -W warning "$manual" >"$scratch/out" || fail "mandoc: $(cat "$scratch/out")"
fi
if command -v groff >/dev/null; then
    groff -man -Tutf8 -ww -z "$manual" >"$scratch/out" 2>&1
    [ ! -s "$scratch/out" ] || fail "groff: $(cat "$scratch/out")"
fi

[ "$failures" -eq 0 ]
