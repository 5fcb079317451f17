"""Every page and every refusal, by curl; and that the log finds request, tenant and user by itself."""
import json
import re
import subprocess
import sys

from kit import Server, expect, fail, finish, need

REVENUE = "/revenue?year=2025"


def curl(server, path, *fields, method="GET"):
    """(code, {field: value}, body)"""
    command = ["curl", "-s", "-m", "60", "-i", "-X", method, server.url + path]
    for field in fields:
        command += ["-H", field]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    head, _, body = output.partition("\n\n")
    lines = head.splitlines()
    if not lines:
        fail(f"{method} {path}: no answer")
        return 0, {}, ""
    return int(lines[0].split()[1]), dict(line.split(": ", 1) for line in lines[1:]), body


def reports(server):
    code, fields, first = curl(server, REVENUE, "X-Tenant: acme", "X-Request-Id: mine")
    expect("a report", (code, fields.get("X-Cache")), (200, "miss"))
    expect("its request", fields.get("X-Request-Id"), "mine")
    expect("its tenant", json.loads(first)["tenant"], "acme")
    _, fields, body = curl(server, REVENUE, "X-Tenant: acme")
    expect("the same again", (fields.get("X-Cache"), body), ("hit", first))
    expect("a request without an id has one", fields.get("X-Request-Id", "")[:5], "made-")
    _, fields, body = curl(server, REVENUE, "X-Tenant: globex")
    expect("by another tenant", (fields.get("X-Cache"), json.loads(body)["tenant"]), ("miss", "globex"))
    _, fields, body = curl(server, REVENUE, "X-Tenant: acme", "X-Currency: USD")
    expect("in another currency", (fields.get("X-Cache"), json.loads(body)["currency"]), ("miss", "USD"))
    _, fields, body = curl(server, REVENUE + "&quarter=3", "X-Tenant: acme")
    expect("of a quarter", [q["quarter"] for q in json.loads(body)["quarters"]], [3])
    code, fields, body = curl(server, REVENUE, "X-Tenant: nobody")
    expect("of who has no orders", (code, json.loads(body)["status"]), (404, "CTX_ABSENT"))
    code, fields, _ = curl(server, REVENUE, "X-Tenant: nobody")
    expect("the same again", (code, fields.get("X-Cache")), (404, "hit/negative"))


def audited(server):
    for locale, title in (("de", "Umsatz"), ("fr", "Chiffre d'affaires"), ("de", "Umsatz")):
        code, fields, body = curl(server, "/summary?year=2025", "X-Tenant: acme", f"X-Locale: {locale}")
        expect("a summary", (code, fields.get("X-Cache")), (200, "miss/undeclared:locale"))
        expect("its language", json.loads(body)["title"], title)


def invalidation(server):
    expect("invalidating", curl(server, "/invalidate", "X-Tenant: acme", method="POST")[0], 200)
    expect("who invalidated", curl(server, REVENUE, "X-Tenant: acme")[1].get("X-Cache"), "miss")
    expect("who did not", curl(server, REVENUE, "X-Tenant: globex")[1].get("X-Cache"), "hit")


def refusals(server):
    for method, path in (("GET", REVENUE), ("GET", "/summary?year=2025"), ("POST", "/invalidate")):
        code, fields, body = curl(server, path, method=method)
        expect(f"{path} for nobody", (code, json.loads(body)["status"]), (400, "CTX_ERR_UNSET"))
        if method == "GET":
            expect(f"{path}: why", (fields.get("X-Cache"), json.loads(body)["variable"]),
                   ("refused/unset:tenant", "tenant"))
    for field in ("X-Tenant: a b", 'X-Tenant: a"b', "X-Tenant;", "X-Currency: XXX", "X-User: a/b",
                  "X-Request-Id: a:b", "X-Tenant: " + "a" * 64):
        code, _, body = curl(server, REVENUE, *({"X-Tenant: acme", field} if "Tenant" not in field
                                                else {field}))
        expect(field, (code, "plain" in body), (400, True))
    for path in ("/revenue", "/revenue?year=", "/revenue?year=0", "/revenue?year=2o25",
                 REVENUE + "&quarter=5", REVENUE + "&year=2024", "/summary?year=-1",
                 "/revenue?year=99999999999999999999"):
        code, _, body = curl(server, path, "X-Tenant: acme")
        expect(path, (code, body[:4]), (400, "want"))
    expect("what is not there", curl(server, "/other", "X-Tenant: acme")[0], 404)
    for method, path, allowed in (("POST", REVENUE, "GET, HEAD"), ("GET", "/invalidate", "POST"),
                                  ("DELETE", "/stats", "GET, HEAD"), ("PUT", "/metrics", "GET, HEAD")):
        code, fields, _ = curl(server, path, "X-Tenant: acme", method=method)
        expect(f"{method} {path}", (code, fields.get("Allow")), (405, allowed))


def statistics(server):
    code, _, body = curl(server, "/stats")
    stats = json.loads(body)
    expect("/stats", code, 200)
    cache = stats["cache"]
    expect("calls", cache["calls"],
           sum(cache[name] for name in ("hits", "misses", "joined", "bypasses", "refused")))
    hits = {(p["tenant"], p["currency"]): p["hits"] for p in stats["partitions"]}
    code, fields, body = curl(server, "/metrics")
    expect("/metrics", (code, fields.get("Content-Type")), (200, "text/plain; version=0.0.4"))
    metrics, kinds = {}, {}
    for line in body.splitlines():
        if kind := re.fullmatch(r"# TYPE (\w+) (counter|gauge)", line):
            kinds[kind[1]] = kind[2]
        elif not line.startswith("# HELP "):
            name, labels, value = re.fullmatch(r'(\w+)(\{(?:\w+="[^"]*",?)+\})? (\d+)', line).groups()
            expect(f"{name} follows its type", name, list(kinds)[-1])
            metrics[name + (labels or "")] = int(value)
    expect("hits", metrics["ctxcache_hits_total"], cache["hits"])
    for (tenant, currency), count in hits.items():
        expect(f"hits of {tenant}", count, metrics[
            f'ctxcache_partition_hits_total{{tenant="{tenant}",currency="{currency}"}}'])
    server.await_metric("http_connections", 1)
    expect("answers", metrics['http_answers_total{code="405"}'], 4)


def logged(server):
    """Forty requests at once; each line has the request, and of it, tenant and user."""
    urls = []
    for number in range(40):
        tenant = ("acme", "globex", "initech", "umbrella")[number % 4]
        urls += ["--next"] if urls else []
        urls += ["-s", "-Z", "-o", "/dev/null", "-H", f"X-Tenant: {tenant}",
                 "-H", f"X-User: u{number}", "-H", f"X-Request-Id: {tenant}.u{number}",
                 f"{server.url}/summary?year={2023 + number % 3}"]
    subprocess.run(["curl", "-Z", *urls], check=False)
    lines = [line for line in server.log().splitlines() if ".u" in line]
    for line in lines:
        name, tenant, user = re.match(r"(\S+) tenant=(\S+) user=(\S+): ", line).groups()
        expect("who a line is about", f"{tenant}.{user}", name)
    for what in ("GET /summary", "query of", "answered 200 miss/undeclared:locale"):
        expect(f"lines with {what}", sum(what in line for line in lines), 40)


def main(program):
    need("curl")
    server = Server(program, "--log", 1)
    for test in (reports, audited, invalidation, refusals, statistics, logged):
        test(server)
    server.end()
    for options in (["--port", "x"], ["--port"], ["--threads", "0"], ["--nothing"], ["more"]):
        done = subprocess.run([program, *options], capture_output=True, text=True, check=False)
        expect(f"{options}: status and lines", (done.returncode, done.stdout), (2, ""))
    finish()


main(sys.argv[1])
