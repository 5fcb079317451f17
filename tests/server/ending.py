"""SIGTERM: under load, with work under way, with half a request, with clients that are idle; and other ends."""
import os
import select
import signal
import subprocess
import sys
import tempfile
import time

from kit import PATIENCE, Client, Server, expect, fail, finish, request
from load import CONNECTIONS, Pipeline


def await_refusal(server):
    """Until nobody can connect any more: the server has seen the signal."""
    while True:
        try:
            Client(server).socket.close()
            time.sleep(0.01)
        except ConnectionError:
            return


class Ending(Pipeline):
    """Notes with which answer the server said goodbye."""

    def __init__(self, *args):
        super().__init__(*args)
        self.count, self.told, self.ended = 0, False, False

    def take(self, without_body=False):
        response = super().take(without_body)
        if response and self.told:
            fail(f"{self.number}: an answer after the last one")
        if response:
            self.count += 1
            self.told = response.fields.get("Connection") == "close"
        return response

    def step(self):
        """Whether it goes on. An end that was not announced may meet a request on its way, but not an answer."""
        try:
            self.read()
            if not self.told:
                self.fill()
        except (EOFError, ConnectionError):
            self.ended = True
            if self.input:
                fail(f"{self.number}: half an answer: {self.input[:100]!r}")
        return not self.ended


def under_load(program):
    server = Server(program)
    clients = {}
    poll = select.poll()
    for number in range(CONNECTIONS):
        client = Ending(server, number, 1 + number % 8)
        clients[client.socket.fileno()] = client
        poll.register(client.socket, select.POLLIN)
        client.fill()
    open_count, signalled = CONNECTIONS, False
    while open_count > 0:
        if not signalled and all(client.count >= 30 for client in clients.values()):
            server.signal()
            signalled = True
        events = poll.poll(60000)
        if not events:
            fail("connections do not end")
            break
        for file, _ in events:
            if not clients[file].step():
                poll.unregister(file)
                clients[file].socket.close()
                open_count -= 1
    server.wait()
    told = sum(client.told for client in clients.values())
    print(f"under load: {sum(client.count for client in clients.values())} answers, "
          f"{told} of {CONNECTIONS} connections ended with an answer that said so")
    if told == 0:
        fail("no connection was told that it ends")


def with_work_under_way(program):
    """What was begun is finished; what is whole is answered; who is idle has to go."""
    server = Server(program, "--threads", 1, rows=100000)
    with Client(server) as idle, Client(server) as half, Client(server) as busy:
        half.send(request("/revenue?year=2025", "globex", request_id="half")[:-20])
        idle.send(request("/stats"))
        expect("who will be idle", idle.response().code, 200)
        busy.send(b"".join(request("/summary?year=2025", "acme", request_id=f"b{number}")
                           for number in range(60)))
        expect("the first of sixty", busy.response().id, "b0")
        server.signal()
        await_refusal(server)
        half.send(request("/revenue?year=2025", "globex", request_id="half")[-20:])
        response = half.response()
        expect("what was half sent", (response.id, response.fields.get("Connection")),
               ("half", "close"))
        half.expect_end("the half")
        for number in range(1, 60):
            response = busy.response()
            expect("one of sixty", (response.code, response.id), (200, f"b{number}"))
        expect("the last of sixty", response.fields.get("Connection"), "close")
        busy.expect_end("the sixty")
        idle.expect_end("the idle one")
    server.wait()


def impatient(program):
    """A second signal does not wait for anybody, and loads whose clients are gone leave nothing behind."""
    server = Server(program, "--threads", 1, rows=100000)
    with Client(server) as half, Client(server) as busy:
        half.send(b"GET /stats HTTP/1.1\r\n")
        busy.send(request("/summary?year=2025", "acme") * 50)
        busy.response()
        server.signal()
        await_refusal(server)
        server.signal()
        server.wait()


def other_ends(program):
    for number in (signal.SIGINT, signal.SIGHUP):
        server = Server(program, rows=10)
        server.signal(number)
        server.wait()
    Server(program, "--seconds", 1, rows=10).wait()


def orphaned(program):
    """It ends when the process that started it does."""
    with tempfile.TemporaryDirectory() as folder:
        parent = subprocess.Popen(["sh", "-c", '"$@" & read -r line', "sh", program, "--rows", "10"],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                  env={**os.environ, "TMPDIR": folder})
        while parent.stdout.readline()[:9] != b"listening":
            pass
        parent.stdin.write(b"\n")
        parent.stdin.close()
        expect("the shell", parent.wait(PATIENCE), 0)
        end = time.monotonic() + PATIENCE
        while os.listdir(folder) and time.monotonic() < end:
            time.sleep(0.01)
        expect("what an orphan leaves", os.listdir(folder), [])
        parent.stdout.read()  # until it has ended
        parent.stdout.close()


def main(program):
    for test in (under_load, with_work_under_way, impatient, other_ends, orphaned):
        try:
            test(program)
        except (OSError, EOFError, ValueError) as error:
            fail(f"{test.__name__}: {type(error).__name__}: {error}")
    finish()


if __name__ == "__main__":
    main(sys.argv[1])
