"""Everything too long: the request line, headers, their number, bodies, promises."""

from collections.abc import Iterator

from tests.hostile.cases import Case, refused, try_all
from tests.hostile.scenario import Attack, scenario
from tests.hostile.targets import APIS, PAGES, Target
from tests.hostile.wire import request

KIB, MIB = 1024, 1024 * 1024
TOO_LONG_URI, TOO_LARGE_HEADERS = frozenset({414}), frozenset({431})
SITES = ("orders", "inventory", "payments")
ENDLESS = {
    "an endless chunk": b"FFFFFF\r\n" + b"{" * 9000,
    "a chunk of 2^64 bytes": b"FFFFFFFFFFFFFFFF\r\n{",
    "a chunk size that is none": b"zz\r\n{}\r\n",
    "a chunk with an endless extension": b"2;" + b"e" * 9000,
    "chunks that end": b"2\r\n{}\r\n0\r\n\r\n",
    "chunks and trailers": b"2\r\n{}\r\n0\r\nX: y\r\n\r\n",
}


def heads(service: str) -> Iterator[Case]:
    """Yield heads that are too long in one way."""
    for size in (16, 100, 1000):
        yield Case(
            name=f"a request line of {size} KiB",
            service=service,
            data=request("GET", "/" + "a" * (size * KIB)),
            good=TOO_LONG_URI,
        )
    yield Case(
        name="a query of 64 KiB",
        service=service,
        data=request("GET", "/health/live?" + "a=b&" * (16 * KIB)),
        good=TOO_LONG_URI,
    )
    for name, headers in {
        "a header of 64 KiB": {"x_long": "a" * 64 * KIB},
        "a header of 1 MiB": {"x_long": "a" * MIB},
        "headers of 128 KiB together": {f"x_{n}": "a" * 1000 for n in range(128)},
        "5,000 headers": {f"x_{n}": "a" for n in range(5000)},
        "a cookie of 64 KiB": {"cookie": "a=b;" * 16 * KIB},
        "a header name of 64 KiB": {"x" * 64 * KIB: "a"},
    }.items():
        yield Case(
            name=name,
            service=service,
            data=request("GET", "/health/live", **headers),
            good=TOO_LARGE_HEADERS,
        )


def bodies(target: Target) -> Iterator[Case]:
    """Yield bodies that are longer than 1 MiB, or of no known length."""
    large, chunked = frozenset({413}), frozenset({411})

    def case(name: str, good: frozenset[int], body: bytes, **headers: str) -> Case:
        return Case(
            name=f"{name} to {target.path}",
            service=target.service,
            data=target.post(body, "application/json", **headers),
            good=good,
            problem=target.is_api,
            explained=True,
        )

    yield case("2 MiB", large, b" " * 2 * MIB)
    yield case("a promise of 100 MiB", large, b"{", content_length=str(100 * MIB))
    yield case("a promise of 2^62 bytes", large, b"{", content_length=str(2**62))
    yield case(
        "a question whether 100 MiB may come",
        large | {417},
        b"",
        content_length=str(100 * MIB),
        expect="100-continue",
    )
    head = target.post(b"", "application/json", transfer_encoding="chunked")
    head = head.replace(b"Content-Length: 0\r\n", b"")
    for name, chunks in ENDLESS.items():
        good = chunked if "that end" in name else refused(408)
        yield Case(
            name=f"{name} to {target.path}",
            service=target.service,
            data=head + chunks,
            good=good,
        )


@scenario("oversize-heads", everywhere=True)
async def oversize_heads(attack: Attack) -> None:
    """Too long a request line is 414, too long or too many headers are 431."""
    await try_all(attack, [case for service in SITES for case in heads(service)])


@scenario("oversize-bodies", everywhere=True)
async def oversize_bodies(attack: Attack) -> None:
    """A body over 1 MiB is 413 before it was read; one of unknown length is 411."""
    targets = (APIS[0], APIS[2], APIS[3], PAGES[2], PAGES[4])
    await try_all(attack, [case for target in targets for case in bodies(target)])
