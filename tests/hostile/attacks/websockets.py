"""WebSocket handshakes at sites that have no WebSockets."""

from collections.abc import Iterator

from tests.hostile.cases import Case, try_all
from tests.hostile.scenario import Attack, scenario
from tests.hostile.wire import request

UPGRADE = {
    "connection": "Upgrade",
    "upgrade": "websocket",
    "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec_websocket_version": "13",
}
"""The handshake of RFC 6455, section 1.3."""
ODD = {
    "without key": {"sec_websocket_key": ""},
    "with a bad key": {"sec_websocket_key": "x" * 999},
    "of version 99": {"sec_websocket_version": "99"},
    "of no version": {"sec_websocket_version": ""},
    "with other words": {"upgrade": "websocket, h2c"},
    "in capitals": {"upgrade": "WEBSOCKET"},
    "to h2c": {"upgrade": "h2c", "http2_settings": "AAMAAABk"},
    "with a foreign origin": {"origin": "https://evil.example"},
    "with an extension": {"sec_websocket_extensions": "permessage-deflate; x=" * 50},
    "with protocols": {"sec_websocket_protocol": "a, b,, \x01"},
}
PATHS = {
    "orders": ("/", "/ws/", "/api/orders", "/api/docs"),
    "inventory": ("/", "/ws/", "/admin/login/"),
    "payments": ("/", "/ws/", "/api/cards"),
}
GOOD = frozenset(range(200, 500))
"""A server may ignore the header (RFC 9110, section 7.8), or refuse the request."""


def handshakes() -> Iterator[Case]:
    """Yield good and malformed handshakes for all sites."""
    for service, paths in PATHS.items():
        for path in paths:
            for name, headers in {"": {}, **ODD}.items():
                data = request("GET", path, **{**UPGRADE, **headers})
                what = f"a handshake {name} to {path}"
                yield Case(name=what, service=service, data=data, good=GOOD)
            for method in ("POST", "HEAD"):
                data = request(method, path, b"", **UPGRADE)
                what = f"a handshake by {method} to {path}"
                yield Case(
                    name=what,
                    service=service,
                    data=data,
                    good=GOOD,
                    bodyless=method == "HEAD",
                )


@scenario("websockets", everywhere=True)
async def websockets(attack: Attack) -> None:
    """A handshake is ignored or refused: no 101, no 5xx, no traceback."""
    await try_all(attack, handshakes())
