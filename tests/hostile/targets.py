"""The URLs that take POST: programs get problem documents, people get pages."""

import uuid
from dataclasses import dataclass

from tests.hostile.stage import STATIC
from tests.hostile.wire import request

SECRET = "a" * 32
"""A CSRF secret that the client made up: cookie and header agree, so a form is read."""


@dataclass(frozen=True)
class Target:
    """A URL of a service."""

    service: str
    path: str
    is_api: bool = True

    def post(self, body: bytes, content_type: str, **headers: str) -> bytes:
        """Return a POST that gets as far as it can without a login."""
        return request(
            "POST",
            self.path,
            body,
            content_type=content_type,
            idempotency_key=str(uuid.uuid4()),
            cookie=f"{self.service}_csrf={SECRET}",
            x_csrftoken=SECRET,
            **headers,
        )


APIS = (
    Target("orders", "/api/orders"),
    Target("orders", f"/api/orders/{uuid.UUID(int=7)}/cancel"),
    Target("orders", "/api/token"),
    Target("payments", "/api/cards"),
)
PAGES = (
    Target("orders", "/api/session/login/", is_api=False),
    Target("orders", "/api/session/logout/", is_api=False),
    Target("orders", "/admin/login/", is_api=False),
    Target("orders", "/admin/logout/", is_api=False),
    Target("inventory", "/admin/login/", is_api=False),
    Target("payments", "/admin/login/", is_api=False),
)
NOT_FOR_POST = (
    Target("orders", "/api/products"),
    Target("orders", "/api/nowhere"),
    Target("payments", "/api/schema"),
    Target("orders", STATIC, is_api=False),
)
TARGETS = (*APIS, *PAGES, *NOT_FOR_POST)
