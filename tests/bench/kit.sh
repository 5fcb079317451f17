# shellcheck shell=sh
# What the checks of ctxbench share: running $bench, and noting what is not as it should be.

bench=$1
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
trap 'exit 130' INT TERM HUP
failures=0

fail()
{
    echo "FAILED: $*"
    failures=$((failures + 1))
}

# run ARGUMENT...: status in $status, output in $scratch/out and $scratch/err.
run()
{
    "$bench" "$@" >"$scratch/out" 2>"$scratch/err"
    status=$?
}

# One line on stderr, nothing on stdout, status 2.
expect_refused()
{
    run "$@"
    [ "$status" -eq 2 ] || fail "$* ended with status $status, not 2"
    [ "$(wc -l <"$scratch/err")" -eq 1 ] || fail "$* did not say one line on stderr"
    [ ! -s "$scratch/out" ] || fail "$* wrote to stdout"
}
