"""Mixed tenants at 64 connections, by wrk and by a client that pipelines; every answer is checked.

    load.py PROGRAM [ANSWERS]    until each of the two has checked so many; else a short while
"""
import os
import random
import re
import select
import subprocess
import sys
import time

from kit import Client, Server, expect, fail, finish, need, request

CONNECTIONS = 64
TENANTS = ["acme", "globex", "initech", "umbrella", "tenant-07", "tenant-19", "tenant-33"]
CURRENCIES = ["EUR", "USD", "GBP", "JPY"]


# ---- wrk ----------------------------------------------------------------------------------------


def with_wrk(server, seconds):
    """How many answers were checked."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "wrk.lua")
    output = subprocess.run(["wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "60s",
                             "-s", script, server.url], capture_output=True, text=True,
                            check=False).stdout
    counts = re.search(r"^checked (\d+) wrong (\d+) failed (\d+)$", output, re.M)
    if not counts or "Socket errors" in output or "Non-2xx" in output:
        fail(output)
        return 0
    checked, wrong, failed = map(int, counts.groups())
    expect("wrong answers, and failed requests", (wrong, failed), (0, 0))
    if wrong:
        print(output)
    print(re.search(r"^Requests/sec: *(.*)$", output, re.M).group(0))
    return checked


# ---- pipelining ---------------------------------------------------------------------------------


class Pipeline(Client):
    """Asks for up to `depth` things at once, and knows in which order they have to come."""

    def __init__(self, server, number, depth):
        super().__init__(server)
        self.number, self.depth = number, depth
        self.random = random.Random(number)
        self.asked, self.sent = [], 0
        self.socket.setblocking(False)
        self.output = b""

    def ask(self):
        """(bytes, id, what the body begins with, what is in it)"""
        tenant = self.random.choice(TENANTS)
        currency = self.random.choice(CURRENCIES)
        year = self.random.randint(2023, 2025)
        name = f"{tenant}.{self.number}.{self.sent}"
        fields = {"currency": currency, "request_id": name, "user": f"of-{tenant}"}
        kind = self.random.randrange(200)
        self.sent += 1
        if kind == 0:  # so that there are loads now and then, and answers that must not be stored
            return request("/invalidate", tenant, method="POST", **fields), name, b"invalidated", b""
        if kind < 4:
            path = f"/summary?year={year}"
        else:
            path = f"/revenue?year={year}&quarter={kind % 5}" if kind % 5 else f"/revenue?year={year}"
        return (request(path, tenant, **fields), name, f'{{"tenant":"{tenant}"'.encode(),
                f'"year":{year},"currency":"{currency}"'.encode())

    def fill(self):
        while len(self.asked) < self.depth:
            asked = self.ask()
            self.output += asked[0]
            self.asked.append(asked)
        try:
            self.output = self.output[self.socket.send(self.output):]
        except BlockingIOError:
            pass

    def read(self):
        """How many answers came."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise EOFError(f"{self.number}: the server ended the connection")
        self.input += data
        count = 0
        while response := self.take():
            _, name, begin, inside = self.asked.pop(0)
            if (response.id != name or response.code != 200 or
                    not response.body.startswith(begin) or inside not in response.body):
                fail(f"{name} got {response.id}, {response.code}, {response.body[:200]!r}")
            count += 1
        return count


def with_pipelines(server, enough):
    """How many answers were checked; enough(count) says when to end."""
    pipelines = {}
    poll = select.poll()
    for number in range(CONNECTIONS):
        pipeline = Pipeline(server, number, 1 + number % 24)
        pipelines[pipeline.socket.fileno()] = pipeline
        poll.register(pipeline.socket, select.POLLIN)
        pipeline.fill()
    count = 0
    while not enough(count):
        for file, _ in poll.poll(60000):
            count += pipelines[file].read()
            pipelines[file].fill()
    for pipeline in pipelines.values():
        pipeline.socket.close()
    return count


def main(program, answers):
    need("wrk")
    server = Server(program)
    try:
        checked = 0
        while checked == 0 or checked < answers:
            before = checked
            checked += with_wrk(server, 10 if answers else 3)
            if checked == before:
                fail("wrk checked nothing")
                break
        print(f"wrk: {checked} answers checked")
        end = time.monotonic() + 2
        checked = with_pipelines(server, (lambda count: count >= answers) if answers
                                 else (lambda count: time.monotonic() >= end))
        print(f"pipelined: {checked} answers checked")
    except (OSError, EOFError, ValueError) as error:
        fail(f"{type(error).__name__}: {error}")
    metrics = server.metrics()
    for name, value in metrics.items():
        if not name.startswith("ctxcache_partition") and value:
            print(f"  {name} {value:.0f}")
    expect("callbacks without a context", metrics["ctx_uv_failures_total"], 0)
    server.end()
    finish()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
