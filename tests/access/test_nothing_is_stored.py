"""No cache keeps what an API or a page answered."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.access.conftest import Ask, document

# Django's remark on files that it streams from an ASGI process
STREAMED = "ignore:StreamingHttpResponse must consume synchronous iterators"
CARD = {"number": "4242424242424242", "exp_month": 1, "exp_year": 2099, "cvc": "123"}


def test_what_opens_or_shows_something_is_not_stored(
    ask: Ask, place: Ask, ada: User
) -> None:
    placed = place()
    order = document(placed)
    url, token = f"/api/orders/{order['id']}", order["token"]
    login = {"username": "ada", "password": "correct horse"}
    answers = [
        placed,
        ask("GET", url, Order_Token=token),
        ask("HEAD", url, Order_Token=token),
        ask("POST", f"{url}/cancel", Order_Token=token),
        ask("POST", "/api/token", login),
        ask("POST", "/api/cards", CARD),
        ask("GET", "/api/products"),
    ]
    assert {answer.status for answer in answers} <= {200, 201, 202}
    assert {answer.header("Cache-Control") for answer in answers} == {"no-store"}


@pytest.mark.filterwarnings(STREAMED)
@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/api/orders", 401),
        ("GET", "/api/orders/0", 404),
        ("PUT", "/api/orders", 405),
        ("POST", "/api/token", 400),
        ("GET", "/", 302),
        ("GET", "/admin/", 302),
        ("GET", "/admin/login/", 200),
        ("GET", "/api/docs", 200),
        ("GET", "/api/session/login/", 200),
        ("GET", "/static/nothing.css", 404),
        ("POST", "/static/admin/css/base.css", 405),
    ],
)
def test_errors_redirects_and_pages_are_not_stored(
    ask: Ask, method: str, url: str, status: int
) -> None:
    answer = ask(method, url)
    assert answer.status == status
    assert "no-store" in answer.header("Cache-Control")


def test_what_the_admin_may_keep_elsewhere_is_not_stored_here(ada: User) -> None:
    """Django marks its passwords page and its script as good for caches."""
    browser = Client()
    browser.force_login(User.objects.create_superuser("admin"))
    for url in ("/admin/password_change/", "/admin/jsi18n/"):
        assert browser.get(url)["Cache-Control"] == "no-store"


@pytest.mark.filterwarnings(STREAMED)
def test_static_files_may_be_kept(ask: Ask) -> None:
    answer = ask("GET", "/static/admin/css/base.css")
    assert answer.status == 200
    assert "public" in answer.header("Cache-Control")
