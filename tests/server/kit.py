"""What the checks of the tenant server on libuv share: starting and ending it, a client, failures.

Each check is a program: PYTHON CHECK.py PATH-OF-TENANT_SERVER_UV. It ends with 0 if everything held.
"""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PATIENCE = 60  # seconds until it is a failure that something has not happened; nothing waits for their end

failures = 0


def fail(what):
    global failures
    failures += 1
    if failures <= 20:
        print("FAILED:", what, flush=True)


def expect(what, got, wanted):
    if got != wanted:
        fail(f"{what}: {got!r}, not {wanted!r}")


def finish():
    print("ok" if failures == 0 else f"{failures} failed")
    sys.exit(failures != 0)


def need(command):
    if not shutil.which(command):
        print(f"{command} is missing")
        sys.exit(77)


class Server:
    """A server with a small database, in a scratch folder of its own. A slow machine is no slow client: its
    patience is an hour."""

    def __init__(self, program, *options, rows=20000, patience=3600000):
        self.folder = tempfile.TemporaryDirectory()
        self.log_path = os.path.join(self.folder.name, "log")
        place = os.path.join(self.folder.name, "tmp")
        os.mkdir(place)
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program, "--rows", str(rows), "--patience", str(patience),
                                             *map(str, options)],
                                            stdout=subprocess.PIPE, stderr=log, text=True,
                                            env={**os.environ, "TMPDIR": place})
        self.url = None
        for line in self.process.stdout:
            if line.startswith("listening on "):
                self.url = line.split()[-1]
                break
        if not self.url:
            print(self.log())
            sys.exit(f"{program} did not start")
        self.port = int(self.url.rsplit(":", 1)[1])

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def wait(self):
        """It ends with status 0, and leaves nothing behind."""
        try:
            expect("the server's exit status", self.process.wait(PATIENCE), 0)
        except subprocess.TimeoutExpired:
            fail("the server does not end")
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        expect("what the server left", os.listdir(os.path.join(self.folder.name, "tmp")), [])

    def end(self):
        self.signal()
        self.wait()
        if failures:
            print(self.log()[-4000:])
        self.folder.cleanup()

    def metrics(self):
        """{name: number}, the name with its labels."""
        with Client(self) as client:
            client.send(request("/metrics", close=True))
            text = client.response().body.decode()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                for line in text.splitlines() if not line.startswith("#")}

    def await_metric(self, name, value):
        end = time.monotonic() + PATIENCE
        while self.metrics().get(name) != value:
            if time.monotonic() > end:
                fail(f"{name} is {self.metrics().get(name)}, and does not become {value}")
                return
            time.sleep(0.02)


def request(path, tenant=None, close=False, method="GET", version="1.1", **fields):
    """The bytes of a request; fields: request_id="a" is X-Request-Id: a."""
    lines = [f"{method} {path} HTTP/{version}", "Host: localhost"]
    if tenant:
        lines.append(f"X-Tenant: {tenant}")
    for name, value in fields.items():
        lines.append(f"X-{name.replace('_', '-').title()}: {value}")
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class Response:
    HEAD = re.compile(rb"HTTP/1\.1 (\d{3}) [A-Za-z -]+\r\n((?:[A-Za-z-]+: [^\r\n]*\r\n)*)\r\n")

    def __init__(self, head):
        self.code = int(head.group(1))
        self.fields = {}
        for line in head.group(2).decode().splitlines():
            name, value = line.split(": ", 1)
            if name in self.fields:
                fail(f"{name} is there twice")
            self.fields[name] = value
        self.body = b""

    @property
    def id(self):
        return self.fields.get("X-Request-Id")


class Client:
    """One connection. Reads strictly: what is no response is a failure."""

    def __init__(self, server, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.input = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def take(self, without_body=False):
        """The response that the input begins with, or None if it is not whole yet."""
        head = Response.HEAD.match(self.input)
        if not head:
            if b"\r\n\r\n" in self.input:
                raise ValueError(f"no head of a response: {self.input[:200]!r}")
            return None
        response = Response(head)
        end = head.end() + (0 if without_body else int(response.fields["Content-Length"]))
        if len(self.input) < end:
            return None
        response.body = self.input[head.end():end]
        self.input = self.input[end:]
        return response

    def response(self, without_body=False):
        while not (response := self.take(without_body)):
            data = self.socket.recv(1 << 16)
            if not data:
                raise EOFError(f"the connection ended within a response: {self.input[:200]!r}")
            self.input += data
        return response

    def expect_end(self, what):
        """Nothing more comes, and the server ends the connection."""
        try:
            rest = self.input + self.socket.recv(1 << 16)
        except ConnectionResetError:
            rest = b"a reset"
        except TimeoutError:
            rest = b"no end"
        expect(f"{what}: what comes at the end", rest, b"")


def run(server, tests):
    """Calls each, so that an exception is a failure of that one alone."""
    for test in tests:
        try:
            test(server)
        except (OSError, EOFError, ValueError) as error:
            fail(f"{test.__name__}: {type(error).__name__}: {error}")
        if server.process.poll() is not None:
            fail(f"{test.__name__}: the server has ended with {server.process.returncode}")
            break
