"""What a request's head may be: its size, its version and its headers."""

from http import HTTPStatus

from common.http import problem

MOST_HEAD_BYTES = 16_384
"""Bytes of a request line and its headers together."""
MOST_HEADERS = 500
Headers = list[tuple[bytes, bytes]]


class Refusal(Exception):
    """What was sent is refused, with a status."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code, self.detail = code, detail

    def answer(self) -> bytes:
        """Return the answer that tells it, after which the connection ends."""
        document = problem.answer(self.code, self.detail)
        head = [
            f"HTTP/1.1 {self.code} {HTTPStatus(self.code).phrase}",
            "Connection: close",
            "Cache-Control: no-store",
        ]
        head += [f"{name}: {value}" for name, value in document.items()]
        head += [f"Content-Length: {len(document.content)}", "", ""]
        return "\r\n".join(head).encode() + document.content


MALFORMED = Refusal(400, "expected a request as in RFC 9112")
TOO_LONG = f"expected at most {MOST_HEAD_BYTES} bytes"


def check(version: str, address: bytes, headers: Headers, most: int) -> int:
    """Return how many bytes the body has; raise Refusal, also for more than `most`."""
    if version not in {"1.0", "1.1"} or not address.isascii():
        raise MALFORMED
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if hosts > 1 or (not hosts and version == "1.1"):
        raise Refusal(400, "expected one Host header")  # RFC 9112, section 3.2
    lengths = [int(value) for name, value in headers if name == b"content-length"]
    if b"transfer-encoding" in names:
        raise MALFORMED if lengths else Refusal(411)
    if lengths and lengths[0] > most:
        raise Refusal(413, f"expected at most {most} bytes")
    return lengths[0] if lengths else 0


def take_host_from_address(address: bytes, headers: Headers) -> bytes:
    """Return the path of an address in absolute form, and set the Host header to its.

    An address in another form is returned as it is (RFC 9112, section 3.2.2).
    """
    scheme, _, rest = address.partition(b"://")
    if scheme.lower() not in {b"http", b"https"} or not rest:
        return address
    host, slash, path = rest.partition(b"/")
    host, question_mark, query = host.partition(b"?")
    others = [header for header in headers if header[0] != b"host"]
    headers[:] = [*others, (b"host", host)]
    return b"/" + path if slash else b"/" + question_mark + query
