"""Methods that nobody speaks, and known ones in the wrong case."""

from tests.hostile.cases import Case, try_all
from tests.hostile.scenario import Attack, scenario
from tests.hostile.wire import request

UNKNOWN = ("get", "Get", "head", "Head", "post", "Post", "delete", "options", "gET")
UNKNOWN += ("BREW", "PROPFIND", "LOCK", "GET_", "GETGET", "XX-A!", "M" * 2000)
PATHS = {
    "orders": ("/api/orders", "/api/docs", "/admin/login/", "/health/live"),
    "inventory": ("/admin/login/", "/health/ready"),
    "payments": ("/api/cards", "/admin/login/"),
}


@scenario("unknown-methods", everywhere=True)
async def unknown_methods(attack: Attack) -> None:
    """A method that is not a known one in upper case is 501 (RFC 9110, 15.6.2)."""
    await try_all(
        attack,
        [
            Case(
                name=f"{method[:12]} {path}",
                service=service,
                data=request(method, path, b"" if body else None),
                good=frozenset({501}),
            )
            for service, paths in PATHS.items()
            for path in paths
            for method in UNKNOWN
            for body in (False, True)
        ],
    )
