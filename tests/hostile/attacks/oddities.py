"""Well-formed requests with odd paths, queries and headers: 4xx at worst, never 5xx."""

from collections.abc import Iterator

from tests.hostile.cases import Case, try_all
from tests.hostile.scenario import Attack, scenario
from tests.hostile.stage import STATIC
from tests.hostile.wire import request

GOOD = frozenset(range(200, 500))
NUL_IN_COOKIE = '"aaaaaaaa\\000aaaaaaaa"'
"""A quoted cookie may spell any byte in octal digits."""
PATHS = (
    "/%00",
    "/static/%00",
    "/static/../../etc/passwd",
    "/static/%2e%2e/%2e%2e/manage.py",
    "/static/" + "a/" * 2000,
    "/" + "%2f" * 2000,
    "/%ff%fe",
    "/%",
    "/%zz",
    "//evil.example/",
    "/\\evil.example",
    "/;a=b",
    "/admin/%00/",
    "/admin/login/?next=%00",
    "/admin/login/?next=//evil.example&next=" + "n" * 3000,
    "/admin/?" + "a&" * 3000,
    "/health/ready/",
    "/health/%6cive",
)
ORDERS_PATHS = (
    "/api/products?after=%00",
    "/api/products?after=" + "a" * 4000,
    "/api/products?after=%ff",
    "/api/products?after=%ed%a0%80",
    "/api/products?limit=" + "9" * 4400,
    "/api/products?limit=-1",
    "/api/products?limit=0",
    "/api/products?limit=%D9%A1",
    "/api/products?limit=1e3",
    "/api/products?" + "limit=1&" * 1500,
    "/api/orders?cursor=%00",
    "/api/orders/00000000-0000-0000-0000-000000000000",
    "/api/orders/%00",
    "/api/schema?format=%00",
    "/api/schema?lang=%00",
    "/api/schema?version=" + "v" * 3000,
)
HEADERS: dict[str, dict[str, str]] = {
    "Range backwards": {"range": "bytes=9-1"},
    "Range beyond the end": {"range": "bytes=99999999999999999999-"},
    "1,000 ranges": {"range": "bytes=" + ",".join(["0-0"] * 1000)},
    "Range of nothing": {"range": "bytes=-"},
    "a date in the year 99999": {"if_modified_since": "Mon, 01 Jan 99999 00:00:00 GMT"},
    "no date": {"if_modified_since": "yesterday", "if_unmodified_since": "\x7f"},
    "2,000 entity tags": {"if_none_match": ",".join(['"a"'] * 2000)},
    "1,000 media types": {"accept": ",".join(["a/b;q=0.1"] * 1000)},
    "no media type": {"accept": ";;;,,,/"},
    "1,000 languages": {"accept_language": ",".join(["xx-yy;q=0.1"] * 1000)},
    "a bad encoding": {"accept_encoding": "gzip;q=x,,;,br;q=9"},
    "Basic without a name": {"authorization": "Basic !!!"},
    "Token and nothing": {"authorization": "Token"},
    "Token with NUL's escape": {"authorization": "Token %00"},
    "Token beyond ASCII": {"authorization": "Token ä\u20ac"},
    "Token of 4,000 letters": {"authorization": "Token " + "t" * 4000},
    "two tokens": {"authorization": "Token a b"},
    "a session with NUL": {"cookie": f"{{site}}_session={NUL_IN_COOKIE}"},
    "a CSRF cookie with NUL": {"cookie": f"{{site}}_csrf={NUL_IN_COOKIE}"},
    "a session of 4,000 letters": {"cookie": "{site}_session=" + "s" * 4000},
    "messages that nobody signed": {"cookie": "messages=W1sienoiXQ:x:y"},
    "cookies of commas": {"cookie": ";=,;" * 1000},
    "an Order-Token with odd bytes": {"order_token": "\xff\x80"},
    "a foreign address": {"x_forwarded_for": "a, b, ::1%lo, " * 100},
    "a foreign scheme": {"x_forwarded_proto": "gopher", "forwarded": "for=_x"},
    "a foreign root": {"daphne_root_path": "/%00", "script_name": "/x"},
    "an odd correlation id": {
        "x_correlation_id": "a" * 4000,
        "traceparent": "0" * 4000,
    },
    "an odd origin": {"origin": "null", "referer": "http://[::1"},
    "Connection with odd words": {"connection": "close, Upgrade, \x80"},
    "a body with GET": {"content_length": "0", "content_type": "multipart/form-data"},
    "TE and Trailer": {"te": "trailers, deflate;q=0.5", "trailer": "X"},
    "Prefer with odd numbers": {"prefer": "wait=99999999999; wait=-1, wait=1e9"},
}
AT = {
    "orders": ("/api/orders", "/api/products", "/api/schema", "/admin/", STATIC),
    "inventory": ("/admin/", "/admin/login/"),
    "payments": ("/api/cards", "/api/docs", "/admin/"),
}


def odd_paths() -> Iterator[Case]:
    """Yield odd paths and queries."""
    for service in AT:
        for path in PATHS + (ORDERS_PATHS if service == "orders" else ()):
            yield Case(
                name=f"GET {path[:50]}",
                service=service,
                data=request("GET", path),
                good=GOOD,
            )


def known_methods() -> Iterator[Case]:
    """Yield all known methods at some paths of each site, and at odd ones."""
    for service, paths in AT.items():
        for path in dict.fromkeys((*paths, "/health/live", "/api/docs", "*")):
            for method in ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE"):
                yield Case(
                    name=f"{method} {path[:30]}",
                    service=service,
                    data=request(method, path),
                    good=GOOD | {501},
                    bodyless=method == "HEAD",
                )


def odd_headers() -> Iterator[Case]:
    """Yield odd headers at some paths of each site."""
    for service, paths in AT.items():
        for path in paths:
            for name, headers in HEADERS.items():
                named = {n: v.replace("{site}", service) for n, v in headers.items()}
                yield Case(
                    name=f"{name} at {path[:20]}",
                    service=service,
                    data=request("GET", path, **named),
                    good=GOOD,
                )


@scenario("odd-requests", everywhere=True)
async def odd_requests(attack: Attack) -> None:
    """Odd paths, queries, methods and headers: no 5xx, and no traceback."""
    await try_all(attack, [*odd_paths(), *known_methods(), *odd_headers()])
