"""HTTP as it comes over sockets: in pieces, many at once, wrong, slow, and not taken."""
import random
import socket
import struct
import sys
import time

from kit import Client, Server, expect, fail, finish, request, run

REVENUE = "/revenue?year=2025"


def ask(server, data, without_body=False):
    """One request on a connection of its own that the server ends."""
    with Client(server) as client:
        client.send(data)
        response = client.response(without_body)
        client.expect_end(data[:60])
    return response


# ---- connections that stay ----------------------------------------------------------------------


def keep_alive(server):
    with Client(server) as client:
        for number in range(3):
            client.send(request(REVENUE, "acme", request_id=f"r{number}"))
            response = client.response()
            expect("a kept connection", (response.code, response.id), (200, f"r{number}"))
            expect("what it says of the connection", response.fields.get("Connection"), None)


def close_is_said(server):
    response = ask(server, request(REVENUE, "acme", close=True) + request(REVENUE, "globex"))
    expect("Connection: close", response.fields.get("Connection"), "close")
    expect("who was answered", b'"tenant":"acme"' in response.body, True)


def http_1_0(server):
    response = ask(server, request(REVENUE, "acme", version="1.0"))
    expect("HTTP/1.0", (response.code, response.fields.get("Connection")), (200, "close"))
    with Client(server) as client:
        stay = request(REVENUE, "acme", version="1.0")[:-2] + b"Connection: keep-alive\r\n\r\n"
        for _ in range(2):
            client.send(stay)
            response = client.response()
            expect("HTTP/1.0, kept", response.fields.get("Connection"), "keep-alive")


def without_body(server):
    with Client(server) as client:
        client.send(request(REVENUE, "acme", method="HEAD") + request(REVENUE, "acme"))
        head = client.response(without_body=True)
        full = client.response()
        expect("HEAD", head.code, 200)
        expect("HEAD's length", head.fields["Content-Length"], str(len(full.body)))


def other_protocols(server):
    upgrade = request(REVENUE, "acme")[:-2] + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    expect("an upgrade", ask(server, upgrade).code, 200)
    expect("CONNECT", ask(server, b"CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").code, 404)


# ---- many at once -------------------------------------------------------------------------------


def mixed(count):
    """Requests whose answers are there at once, soon, and late; and what is expected of each."""
    kinds = [("/summary?year=2024", 200, b'"tenant":"%s"'), ("/stats", 200, b'"cache"'),
             (REVENUE, 200, b'"tenant":"%s"'), ("/nothing", 404, b"/revenue"),
             ("/revenue?year=0", 400, b"want"), ("/revenue?year=1999", 404, b"CTX_ABSENT")]
    tenants = ["acme", "globex", "initech", "umbrella", "tenant-07"]
    for number in range(count):
        path, code, body = kinds[number % len(kinds)]
        tenant = tenants[number % len(tenants)]
        yield (request(path, tenant, request_id=f"{tenant}.{number}"), f"{tenant}.{number}", code,
               body.replace(b"%s", tenant.encode()))


def check(response, asked):
    _, name, code, body = asked
    expect("the order of the answers", response.id, name)
    expect(f"{name}: its code", response.code, code)
    if body not in response.body:
        fail(f"{name}: {body!r} is not in {response.body[:200]!r}")


def pipelined(server):
    with Client(server) as client:
        all_asked = list(mixed(300))
        client.send(b"".join(asked[0] for asked in all_asked))
        for asked in all_asked:
            check(client.response(), asked)


def half_closed(server):
    with Client(server) as client:
        all_asked = list(mixed(100))
        client.send(b"".join(asked[0] for asked in all_asked) + b"GET /half")
        client.socket.shutdown(socket.SHUT_WR)
        for asked in all_asked:
            check(client.response(), asked)
        client.expect_end("a client that has ended")


def byte_by_byte(server):
    with Client(server) as client:
        all_asked = list(mixed(6))
        for byte in b"\r\n" + b"".join(asked[0] for asked in all_asked):
            client.send(bytes([byte]))
        for asked in all_asked:
            check(client.response(), asked)


def cut_in_two(server):
    first, second = mixed(2)
    data = first[0] + second[0]
    with Client(server) as client:
        for cut in range(1, len(data)):
            client.send(data[:cut])
            time.sleep(0.0005)
            client.send(data[cut:])
            check(client.response(), first)
            check(client.response(), second)


def not_taken(server):
    """Whoever takes no answers is not read from any more, and gets all of them in the end."""
    with Client(server, receive_buffer=4096) as client:
        asked = []
        client.socket.setblocking(False)
        rest, blocked_since = b"", None
        while not blocked_since or time.monotonic() < blocked_since + 0.5:
            if not rest:
                more = request(REVENUE, "acme", request_id=f"n{len(asked)}")
                asked.append(f"n{len(asked)}")
                rest = more
            try:
                rest = rest[client.socket.send(rest):]
                blocked_since = None
            except BlockingIOError:
                blocked_since = blocked_since or time.monotonic()
                time.sleep(0.01)
            if len(asked) > 400000:
                fail("the server reads and reads")
                return
        open_now = server.metrics()["http_requests_open"]
        if open_now > 65:
            fail(f"{open_now} requests are open, of one client that takes no answers")
        answered = 0
        while answered < len(asked):
            if rest:
                try:
                    rest = rest[client.socket.send(rest):]
                except BlockingIOError:
                    pass
            try:
                client.input += client.socket.recv(1 << 16)
            except BlockingIOError:
                time.sleep(0.001)
            while response := client.take():
                expect("the order of late answers", response.id, asked[answered])
                answered += 1


# ---- what is wrong ------------------------------------------------------------------------------


def wrong(server):
    acme = b"GET /revenue?year=2025 HTTP/1.1\r\nHost: a\r\nX-Tenant: acme\r\n"
    post = b"POST /invalidate HTTP/1.1\r\nHost: a\r\nX-Tenant: acme\r\n"
    cases = [
        ("noise", b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        ("no version", b"GET /revenue\r\n\r\n", 505),
        ("HTTP/2", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        ("a method that nobody knows", b"FETCH / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("no host", b"GET /stats HTTP/1.1\r\n\r\n", 400),
        ("two hosts", b"GET /stats HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("two tenants", acme + b"x-tenant: globex\r\n\r\n", 400),
        ("a space before the colon", acme[:-2] + b"\r\nX-User : eve\r\n\r\n", 400),
        ("a zero byte", acme + b"X-User: e\0ve\r\n\r\n", 400),
        ("an address that is none", b"GET http:// HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("a long address", b"GET /" + b"a" * 1100 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("a long tenant", acme[:-6] + b"a" * 300 + b"\r\n\r\n", 431),
        ("a long head", acme + b"X-More: " + b"a" * 9000 + b"\r\n\r\n", 431),
        ("many fields", acme + b"X-More: a\r\n" * 900 + b"\r\n", 431),
        ("a long body", post + b"Content-Length: 65537\r\n\r\n", 413),
        ("a long body in chunks", post + b"Transfer-Encoding: chunked\r\n\r\n" +
         (b"4000\r\n" + b"a" * 0x4000 + b"\r\n") * 5, 413),
        ("a length that is no number", post + b"Content-Length: 1a\r\n\r\n", 400),
        ("two lengths", post + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na", 400),
        ("length and chunks", post + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400),
        ("a chunk that is none", post + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        ("an expectation", post + b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n", 417),
    ]
    for what, data, code in cases:
        with Client(server) as client:
            client.send(data)
            response = client.response()
            expect(what, (response.code, response.fields.get("Connection")), (code, "close"))
            client.expect_end(what)


def wrong_after_right(server):
    """What was asked before is answered before."""
    with Client(server) as client:
        client.send(request("/summary?year=2023", "acme", request_id="first") + b"nonsense\r\n\r\n")
        expect("the right one", (client.response().id), "first")
        expect("the wrong one", client.response().code, 400)
        client.expect_end("after nonsense")


def mutilated(server):
    """Requests with a few bytes changed, left out or doubled: whatever comes back are responses, and it ends."""
    chance = random.Random(1)
    for _ in range(500):
        data = bytearray(b"".join(asked[0] for asked in mixed(chance.randrange(1, 4))))
        for _ in range(chance.randrange(1, 6)):
            place = chance.randrange(len(data))
            kind = chance.randrange(3)
            if kind == 0:
                data[place] = chance.choice(b"\0\t\r\n :/?&=%019azAZ\x7f\xff")
            elif kind == 1:
                del data[place:place + chance.randrange(20)]
            else:
                data[place:place] = data[place:place + chance.randrange(20)]
        with Client(server) as client:
            client.send(data)
            client.socket.shutdown(socket.SHUT_WR)
            while more := client.socket.recv(1 << 16):
                client.input += more
            while client.take():
                pass
            expect(f"what is left of {bytes(data)!r}", client.input, b"")


def bodies(server):
    """No page takes one: they are read, and what follows is the next request."""
    post = b"POST /invalidate HTTP/1.1\r\nHost: a\r\n"
    with Client(server) as client:
        client.send(post + b"X-Tenant: acme\r\nContent-Length: 20\r\n\r\nGET / HTTP/1.1\r\n\r\n\r\n")
        expect("a body", client.response().code, 200)
        client.send(b"GET /revenue?year=2025 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                    b"X-Tenant: acme\r\n\r\n3;more\r\nabc\r\n0\r\nX-Tenant: globex\r\n\r\n")
        expect("a body in chunks", b'"tenant":"acme"' in client.response().body, True)
        client.send(post + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Tenant: globex\r\n\r\n")
        expect("a tenant after the body is none", client.response().code, 400)
        client.send(request(REVENUE, "acme", request_id="after"))
        expect("after bodies", client.response().id, "after")


def vanished(server):
    """Clients that are gone before their answers are there."""
    for number in range(40):
        client = Client(server)
        client.send(request("/summary?year=2023", "acme") * (number % 7 + 1))
        if number % 2:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.socket.close()
    server.await_metric("http_connections", 1)
    server.await_metric("http_requests_open", 1)


# ---- who is slow, and too many ------------------------------------------------------------------


def never_whole(server):
    with Client(server) as client:
        client.send(b"GET /stats HTTP/1.1\r\nHost: ")
        response = client.response()
        expect("a request that does not come whole", response.code, 408)
        client.expect_end("after 408")


def drop_by_drop(server):
    """A byte now and then does not keep it waiting."""
    with Client(server) as client:
        client.socket.settimeout(0.05)
        client.send(b"GET /stats HTTP/1.1\r\nX-More: ")
        while b"\r\n\r\n" not in client.input:
            try:
                client.send(b"a")
                client.input += client.socket.recv(1 << 16)
            except TimeoutError:
                pass
        expect("a request in drops", client.response().code, 408)


def idle(server):
    with Client(server) as client:
        client.expect_end("a client that asks nothing")


def takes_nothing(server):
    with Client(server, receive_buffer=4096) as client:
        client.socket.setblocking(False)
        try:
            while client.socket.send(request("/stats", "acme") * 50):
                time.sleep(0.001)
        except (BlockingIOError, ConnectionError):
            pass
        server.await_metric("http_connections", 1)


def too_many(server):
    """With room for four, the fifth waits until another one leaves."""
    clients = [Client(server) for _ in range(4)]
    for client in clients:
        client.send(request(REVENUE, "acme"))
        expect("one of four", client.response().code, 200)
    with Client(server) as fifth:
        fifth.send(request(REVENUE, "globex", request_id="fifth"))
        fifth.socket.settimeout(0.3)
        try:
            fail(f"the fifth of four got {fifth.socket.recv(100)!r}")
        except TimeoutError:
            pass
        clients.pop().socket.close()
        fifth.socket.settimeout(60)
        expect("the fifth, later", fifth.response().id, "fifth")
    for client in clients:
        client.socket.close()


def main(program):
    server = Server(program)
    run(server, [keep_alive, close_is_said, http_1_0, without_body, other_protocols, pipelined,
                 half_closed, byte_by_byte, cut_in_two, not_taken, wrong, wrong_after_right, mutilated,
                 bodies, vanished])
    server.end()
    server = Server(program, patience=300)
    run(server, [never_whole, drop_by_drop, idle, takes_nothing])
    server.end()
    server = Server(program, "--connections", 4)
    run(server, [too_many])
    server.end()
    finish()


main(sys.argv[1])
