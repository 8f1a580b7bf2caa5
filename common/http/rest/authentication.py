"""Who a request of the API comes from: a customer, or a guest who claims nothing.

Whoever sends credentials that are not good is refused, and never taken for a guest.
"""

import re

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.authentication import SessionScheme as StockSessionScheme
from rest_framework.authentication import (
    SessionAuthentication,
    TokenAuthentication,
    get_authorization_header,
)
from rest_framework.authtoken.models import Token as Row
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

TOKEN = re.compile(rb"token[ \t]+([0-9a-f]{40})", re.IGNORECASE)


class Token(TokenAuthentication):
    """`Authorization: Token …`, from `POST /api/token`."""

    def authenticate(self, request: Request) -> tuple[User, Row] | None:
        """Return the customer; None without the header. Raises AuthenticationFailed."""
        if "Authorization" not in request.headers:
            return None
        found = TOKEN.fullmatch(get_authorization_header(request).strip())
        if found is None:
            raise AuthenticationFailed("expected: Authorization: Token <40 digits>")
        customer: tuple[User, Row] = self.authenticate_credentials(found[1].decode())
        return customer


class Session(SessionAuthentication):
    """The cookie of somebody who logged in on a page; needs its CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        """Return the customer; None without the cookie.

        Raises AuthenticationFailed for a session that is over; the answer takes its
        cookie away, so that the browser's next request is a guest's.
        """
        customer: tuple[User, None] | None = super().authenticate(request)
        if customer is None and settings.SESSION_COOKIE_NAME in request.COOKIES:
            request._request.session.flush()
            raise AuthenticationFailed("the session is over: log in again")
        return customer


class SessionScheme(StockSessionScheme):  # type: ignore[no-untyped-call]
    """Tells the schema that `Session` is Django's session."""

    target_class = "common.http.rest.authentication.Session"
