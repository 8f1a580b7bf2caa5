"""What a POST sends, where an empty form would not do."""

import json
import uuid
from urllib.parse import urlencode

from tests.access.rows_of import CARD, PASSWORD

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
LOGIN = {"username": "ada", "password": PASSWORD}
ORDER = {"lines": [{"sku": "MUG", "quantity": 1}], "card_token": CARD}
NEW_CARD = {
    "number": "4242424242424242",
    "exp_month": 12,
    "exp_year": 2099,
    "cvc": "123",
}
JSON_OF = {"/api/orders": ORDER, "/api/token": LOGIN, "/api/cards": NEW_CARD}
FORM_OF = {
    "/api/session/login/": LOGIN,
    "/admin/login/": {**LOGIN, "username": "admin"},
}


def body_for(method: str, url: str) -> tuple[dict[str, str], bytes]:
    """Return the headers and the body of a request."""
    if method not in {"POST", "PUT", "PATCH", "DELETE"}:
        return {}, b""
    key = {"Idempotency-Key": str(uuid.uuid4())}
    if url in JSON_OF:
        return {**key, "Content-Type": JSON}, json.dumps(JSON_OF[url]).encode()
    if url.startswith("/api/") and url not in FORM_OF:
        return {"Content-Type": JSON}, b""
    form = FORM_OF.get(url, {"post": "yes"})
    return {"Content-Type": FORM}, urlencode(form).encode()
