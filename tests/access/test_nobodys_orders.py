"""Orders show themselves to their own people; to nobody nobody's are shown."""

import base64
import uuid
from urllib.parse import quote

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from orders.access import orders_of
from orders.models import Order
from tests.access.conftest import Ask, document


def test_orders_without_a_customer_are_not_those_of_nobody(place: Ask) -> None:
    place()
    assert Order.objects.filter(customer=None).count() == 1
    assert list(orders_of(AnonymousUser())) == []


@pytest.mark.parametrize("method", ["HEAD", "head", "Head", "GET", "get", "gET"])
def test_a_list_needs_a_login_in_any_spelling(
    ask: Ask, place: Ask, method: str
) -> None:
    guests = document(place())
    for url in ("/api/orders", "/api/orders?cursor=", "/api/orders?customer="):
        answer = ask(method, url)
        assert answer.status in {401, 501}
        assert guests["id"].encode() not in answer.body


@pytest.mark.parametrize("method", ["HEAD", "GET", "get", "head"])
def test_djangos_own_client_gets_no_further(place: Ask, method: str) -> None:
    place()
    assert APIClient().generic(method, "/api/orders").status_code == 401


def test_head_is_get_without_a_body(ask: Ask, place: Ask, adas_token: str) -> None:
    login = {"Authorization": f"Token {adas_token}"}
    url = f"/api/orders/{document(place(**login))['id']}"
    for asked in ("/api/orders", url, "/api/nothing", "/api/token", "/api/schema"):
        get, head = (ask(method, asked, **login) for method in ("GET", "HEAD"))
        named = {"x-correlation-id", "content-security-policy", "ratelimit"}
        assert head.status == get.status
        assert head.body == b"" and get.body
        assert head.header("Content-Length") == str(len(get.body))
        assert {k: v for k, v in head.headers if k not in named} == {
            k: v for k, v in get.headers if k not in named
        }


@pytest.mark.parametrize(
    "position",
    [
        "2000-01-01 12:00:00+00:00",
        "2999-01-01 12:00:00+00:00",
        "2999-01-01 12:00:00",
        "2999-01-01",
        "9999-12-31 23:59:59-14:00",
        "0001-01-01 00:00:00+14:00",
        "2026-02-30 12:00:00+00:00",
        "x",
        "' OR 1=1 --",
        "\0",
        "",
    ],
)
@pytest.mark.parametrize("reverse", ["r=1&", ""])
def test_a_forged_cursor_shows_ones_own_orders_only(
    ask: Ask, place: Ask, adas_token: str, position: str, reverse: str
) -> None:
    login = {"Authorization": f"Token {adas_token}"}
    own = document(place(**login))["id"]
    grace = Token.objects.create(user=User.objects.create_user("grace"))
    place()
    place(Authorization=f"Token {grace.key}")
    cursor = base64.b64encode(f"{reverse}p={quote(position)}".encode()).decode()
    answer = ask("GET", f"/api/orders?cursor={quote(cursor)}", **login)
    shown = document(answer).get("results", [])
    assert answer.status in {200, 404}
    assert {order["id"] for order in shown} <= {own}


def test_staff_lists_its_own_orders_and_opens_any(ask: Ask, place: Ask) -> None:
    staff = User.objects.create_user("clerk", is_staff=True)
    login = {"Authorization": f"Token {Token.objects.create(user=staff).key}"}
    guests = document(place())["id"]
    assert document(ask("GET", "/api/orders", **login))["results"] == []
    assert ask("GET", f"/api/orders/{guests}", **login).status == 200


def test_a_strangers_question_does_not_tell_whether_there_is_an_order(
    ask: Ask, place: Ask, adas_token: str
) -> None:
    """Not by the answer, and not by what the database is asked."""
    adas = document(place(Authorization=f"Token {adas_token}"))["id"]
    guests, another = (document(place()) for _ in range(2))
    stranger = APIClient()
    stranger.credentials(HTTP_ORDER_TOKEN=another["token"])
    told = set()
    for order in (adas, guests["id"], str(uuid.uuid4())):
        for method, url in (("GET", ""), ("POST", "/cancel"), ("HEAD", "")):
            with CaptureQueriesContext(
                connection,
            ) as asked:
                answer = stranger.generic(method, f"/api/orders/{order}{url}")
            about = [q["sql"] for q in asked if "orders_order" in q["sql"]]
            told.add((method, answer.status_code, answer.content, len(about)))
    assert len(told) == 3
    assert {status for _, status, _, _ in told} == {404}


def test_options_tells_no_fields_and_no_choices(ask: Ask, adas_token: str) -> None:
    answer = ask("OPTIONS", "/api/orders", Authorization=f"Token {adas_token}")
    assert set(document(answer)) == {"name", "description"}


def test_the_pages_of_the_schema_answer_in_json_what_they_do_not_do(ask: Ask) -> None:
    for url in ("/api/docs", "/api/schema"):
        for method in ("POST", "OPTIONS", "DELETE"):
            answer = ask(method, url)
            assert (answer.status, document(answer)["status"]) == (405, 405)
