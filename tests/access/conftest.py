"""Two customers, a guest's order, and requests as bytes on the wire."""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from orders import api as views
from tests import asgi as client

BODY = {"lines": [{"sku": "MUG", "quantity": 1}], "card_token": "card_x"}
Ask = Callable[..., client.Answer]


@pytest.fixture
def ask(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Return a function that asks the ASGI application, header for header."""
    from tests.project.asgi import application

    monkeypatch.setattr(views, "notify_sync", lambda request: None)

    def ask(
        method: str, url: str, body: object = b"", **headers: str | None
    ) -> client.Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"Content-Type": "application/json"}
        given |= {k.replace("_", "-"): v for k, v in headers.items() if v is not None}
        return asyncio.run(client.ask(application, method, url, given, raw))

    return ask


@pytest.fixture
def place(ask: Ask) -> Ask:
    """Return a function that places an order."""

    def place(**headers: str | None) -> client.Answer:
        headers.setdefault("Idempotency_Key", str(uuid.uuid4()))
        return ask("POST", "/api/orders", BODY, **headers)

    return place


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_user("ada", password="correct horse")


@pytest.fixture
def adas_token(ada: User) -> str:
    return str(Token.objects.create(user=ada).key)


def document(answer: client.Answer) -> Any:
    """Return the body of an answer."""
    return json.loads(answer.body)


def is_401(answer: client.Answer) -> bool:
    """Tell whether an answer asks for a login in the words of the API."""
    assert answer.header("WWW-Authenticate") in {"Token", ""}
    return (
        answer.status == 401
        and answer.header("WWW-Authenticate") == "Token"
        and answer.header("Content-Type") == "application/problem+json"
        and document(answer)["type"] == "urn:cutpoints:problem:not-authenticated"
    )
