#!/bin/sh
# Opens the page of ctxbench report in a headless Chromium, on a phone and on a desktop, in light and in
# dark: every chart is there with something drawn in it, text can be read and is not cut off, nothing is
# loaded from anywhere, the console is silent, and a tenant that is a script stays text. Then pages that are
# broken on purpose, which must be seen to be.
#
#   tests/bench/report_browser.sh PATH-OF-CTXBENCH
set -u

# shellcheck source=tests/bench/kit.sh
. "${0%/*}/kit.sh"

browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome) || {
    echo "there is no Chromium here (Debian: apt-get install chromium)"
    exit 77
}
page=$scratch/page.html

# One tenant of the trace is a script, another has a long name; there are more than have a curve of their own.
make_page()
{
    run generate --requests 30000 --objects 3000 --tenants 20 --output "$scratch/plain.csv"
    sed 's/,t0,/,"<script>planted=1<\/script>\&""",/; s/,t1,/,WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW,/' \
        "$scratch/plain.csv" >"$scratch/trace.csv"
    run report "$scratch/trace.csv" -o "$page"
    [ "$status" -eq 0 ] || fail "report ended with status $status: $(cat "$scratch/err")"
    [ "$(wc -c <"$page")" -lt 500000 ] || fail "the page has $(wc -c <"$page") bytes"
    sed 's| xmlns="http://www.w3.org/2000/svg"||g' "$page" | grep -q 'https\{0,1\}:' &&
        fail "the page names another place"
}

# probe PAGE WIDTH SCHEME: the page with what looks at it behind.
probe()
{
    cat "$1"
    printf '<script>var EXPECTED={width:%s,scheme:"%s",tenant:%s,charts:' "$2" "$3" \
        "'<scr'+'ipt>planted=1</scr'+'ipt>&\"'"
    printf '"curve tenant-0 tenant-1 tenant-11 policies-0 policies-4 time splits quotas saved"'
    printf '.split(" ")};\n'
    cat "${0%/*}/report_probe.js"
    echo '</script>'
}

# A window cannot be as narrow as a phone; a frame in it can. Its page is in an attribute, so that it can be
# asked what it found.
frame()
{
    printf '<!DOCTYPE html><meta charset="utf-8"><iframe width="%s" height="2400" style="border:0" srcdoc="' "$2"
    probe "$@" | sed 's/&/\&amp;/g; s/"/\&quot;/g'
    cat <<'END'
"></iframe><pre id="probe"></pre><script>
onload = function () {
    document.getElementById('probe').textContent = frames[0].document.getElementById('probe').textContent;
};
</script>
END
}

# look PAGE WIDTH SCHEME: what is wrong with it in $scratch/wrong, a line each.
look()
{
    frame "$@" >"$scratch/frame.html"
    case $3 in dark) preferred=0 ;; *) preferred=1 ;; esac
    timeout -k 5 60 "$browser" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage \
        --user-data-dir="$scratch/profile" --host-resolver-rules='MAP * ~NOTFOUND' \
        --hide-scrollbars --window-size=1300,2500 --blink-settings=preferredColorScheme=$preferred \
        --enable-logging=stderr --v=0 --virtual-time-budget=5000 --dump-dom \
        "file://$scratch/frame.html" >"$scratch/dom" 2>"$scratch/log"
    {
        grep ':CONSOLE' "$scratch/log"
        sed -n '/<pre id="probe">/,$p' "$scratch/dom" | sed 's/.*<pre id="probe">//' | grep '^FAILED'
        sed 's/.*<pre id="probe">//' "$scratch/dom" | grep -q '^looked</pre>' ||
            echo "the page was not looked at: $(tail -n 3 "$scratch/log")"
    } >"$scratch/wrong"
}

# must_see WORDS SED-SCRIPT: the page, changed like that, is found to be wrong in such words.
must_see()
{
    sed "$2" "$page" >"$scratch/broken.html"
    cmp -s "$page" "$scratch/broken.html" && fail "the page cannot be broken by $2"
    look "$scratch/broken.html" 1280 light
    grep -q "$1" "$scratch/wrong" || fail "unseen: $2; seen: $(cat "$scratch/wrong")"
}

make_page
for scheme in light dark; do
    for width in 1280 390; do
        look "$page" $width $scheme
        [ ! -s "$scratch/wrong" ] || fail "$scheme, $width wide: $(cat "$scratch/wrong")"
    done
done

must_see 'nothing is drawn in chart time' '/id="chart-time"/,/<\/svg><\/div>/s/<path [^>]*>//g'
must_see 'chart saved is not there' 's/id="chart-saved"/id="chart-lost"/'
must_see 'CONSOLE.*planted error' 's|^</main>|</main><script>throw Error("planted error")</script>|'
must_see 'CONSOLE.*Content Security Policy' 's|^</main>|<img src="https://localhost/planted.png"></main>|'
must_see 'a tenant became a script' 's|^</main>|<script>planted=1</script></main>|'
must_see 'the tenant is not there' 's/planted=1/removed/g'
must_see 'has a contrast of' 's/--soft:#5c646d/--soft:#c0c6cc/'
must_see 'a name in chart quotas leaves its card' 's/<foreignObject x="-140"/<foreignObject x="-240"/'
must_see 'text in chart curve leaves its card' 's/width="100%" height="300"/width="2000" height="300"/'

[ "$failures" -eq 0 ] && echo "report in a browser: all checks passed"
exit $((failures > 0))
