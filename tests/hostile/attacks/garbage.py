"""Bytes that are no HTTP, or HTTP that two readers would understand differently."""

import random
from collections.abc import Iterator

from tests.hostile.cases import Case, refused, try_all
from tests.hostile.scenario import Attack, scenario
from tests.hostile.wire import request

SITES = ("orders", "inventory", "payments")
TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(range(189))
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000")
HIDDEN = request("GET", "/health/live")
"""A request that only a confused server takes for one."""
HOST = b"Host: localhost\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n"
POST = b"POST /api/orders HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"

NO_HTTP = {
    "noise": random.Random(11).randbytes(5000) + b"\r\n\r\n",
    "a TLS hello": TLS_HELLO,
    "HTTP/2": HTTP2,
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/9.9": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "FTP/1.1": b"GET / FTP/1.1\r\n" + HOST + b"\r\n",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "SMTP": b"EHLO localhost\r\n\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n\r\n",
    "an answer": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "NULs": bytes(3000) + b"\r\n\r\n",
    "no path": b"GET HTTP/1.1\r\n" + HOST + b"\r\n",
    "two blanks": b"GET  /health/live  HTTP/1.1\r\n" + HOST + b"\r\n",
    "a path beyond ASCII": "GET /ä HTTP/1.1\r\n".encode() + HOST + b"\r\n",
    "a path with NUL": b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n",
    "100,000 blank lines": b"\r\n" * 100_000 + LIVE + HOST + b"\r\n",
    "a path that is none": b"GET health HTTP/1.1\r\n" + HOST + b"\r\n",
}
BAD_HEADS = {
    "a header without colon": LIVE + HOST + b"nonsense\r\n\r\n",
    "a header without name": LIVE + HOST + b": a\r\n\r\n",
    "a blank before the colon": LIVE + HOST + b"X : a\r\n\r\n",
    "a blank in a name": LIVE + HOST + b"X Y: a\r\n\r\n",
    "NUL in a header": LIVE + HOST + b"X: a\0b\r\n\r\n",
    "CR in a header": LIVE + HOST + b"X: a\rY: b\r\n\r\n",
    "no Host": LIVE + b"\r\n",
    "two Hosts": LIVE + HOST + b"Host: shop.example\r\n\r\n",
}
LENGTHS = (
    "+5",
    "-5",
    "5 5",
    "0x5",
    "5,6",
    "5.0",
    "5e0",
    "",
    "five",
    "\u0665",
    "9" * 40,
)


def lengths() -> Iterator[tuple[str, bytes]]:
    """Yield bodies whose length two readers would not agree on; a request follows."""
    for value in LENGTHS:
        head = POST + f"Content-Length: {value}\r\n\r\n".encode()
        yield f"Content-Length {value[:9]!r}", head + b"hello" + HIDDEN
    two = POST + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello"
    yield "two Content-Lengths", two + HIDDEN
    for coding in (
        "chunked",
        "Chunked",
        "xchunked",
        "chunked, identity",
        "\x0bchunked",
    ):
        head = (
            POST + f"Content-Length: 5\r\nTransfer-Encoding: {coding}\r\n\r\n".encode()
        )
        yield f"Content-Length and {coding!r}", head + b"0\r\n\r\n" + HIDDEN
    blank = POST + b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"
    yield "a blank after Transfer-Encoding", blank + HIDDEN
    old = POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield "HTTP/1.0 with chunks", old + HIDDEN


def hosts() -> Iterator[Case]:
    """Yield requests to places that are not here, or named in full."""
    live = "http://localhost/health/live"
    ok, elsewhere = frozenset({200}), frozenset({400, 421})
    folded = LIVE + HOST + b"X: a\r\n b\r\n\r\n"
    yield Case(name="a folded header", data=folded, good=ok | refused())  # 9112, 5.2
    yield Case(name="a URL in full", data=request("GET", live), good=ok)
    foreign = request("GET", "http://shop.example/api/docs", host="shop.example")
    yield Case(name="a foreign URL", data=foreign, good=refused())
    for name, host in {
        "a foreign Host": "shop.example",
        "no name as Host": "",
        "a Host with a blank": "local host",
        "a Host with a path": "localhost/evil",
        "a Host with a user": "localhost@shop.example",
        "a Host with a bad port": "localhost:http",
    }.items():
        data = request("GET", "/api/docs", host=host)
        yield Case(name=name, data=data, good=elsewhere)
    tunnel = b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n"
    yield Case(name="a tunnel", data=tunnel, good=refused() | {501})


@scenario("garbage", everywhere=True)
async def garbage(attack: Attack) -> None:
    """What is no HTTP gets 4xx, 501, 505 or is hung up on, without a traceback."""
    good = refused() | {200, 501, 505}  # 200: blank lines may be skipped
    await try_all(
        attack,
        [
            Case(
                name=name,
                service=site,
                data=data,
                good=good,
                may_close=True,
                may_wait=data == TLS_HELLO,  # it has no line that ends
            )
            for site in SITES
            for name, data in NO_HTTP.items()
        ],
    )


@scenario("smuggling", everywhere=True)
async def smuggling(attack: Attack) -> None:
    """What two readers would understand differently is refused, and answered once."""
    pairs = [*BAD_HEADS.items(), *lengths()]
    odd = [
        Case(
            name=name,
            service=site,
            data=data,
            good=refused() | {501},
            once=True,
        )
        for site in SITES
        for name, data in pairs
    ]
    await try_all(attack, [*odd, *hosts()])
