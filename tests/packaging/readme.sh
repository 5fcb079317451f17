#!/bin/sh
# readme.sh README PROGRAM...: each program stands in the file as it is, line by line, so that what is
# shown is what was compiled and run.
set -u

readme=$1
shift
status=0
for program in "$@"; do
    awk 'NR == FNR { program[++lines] = $0; next }
         { at = $0 == program[at + 1] ? at + 1 : $0 == program[1] }
         at == lines { found = 1; exit }
         END { exit !found }' "$program" "$readme" || {
        echo "$readme does not show $program, or another version of it"
        status=1
    }
done
exit $status
