"""The shop's API: what it takes, what it refuses, and in which words."""

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from rest_framework.test import APIClient

from orders import api as views
from orders import idempotency, products, rows
from orders.models import Order

pytestmark = pytest.mark.django_db(transaction=True)

BODY = {"lines": [{"sku": "MUG", "quantity": 1}], "card_token": "card_x"}
Post = Callable[..., Any]


@pytest.fixture(autouse=True)
def nobody_is_woken(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep the orders as they were placed, except where a test wants them run."""
    if "woken" not in request.fixturenames:
        monkeypatch.setattr(views, "notify_sync", lambda request: None)


@pytest.fixture
def woken() -> None:
    """Let placing an order wake its worker."""


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="correct horse")


@pytest.fixture
def as_ada(ada: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(ada)
    return client


def post(client: APIClient, body: object = BODY, **headers: str) -> Any:
    """Place an order under a fresh key, unless `Idempotency_Key` says otherwise."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named.setdefault("Idempotency-Key", str(uuid.uuid4()))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.generic("POST", "/api/orders", raw, "application/json", headers=named)


def problem(answer: Any, status: int, slug: str) -> Any:
    """Check that an answer is this problem document, and return it."""
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"urn:cutpoints:problem:{slug}"
    assert document["status"] == status
    assert document["title"] and document["detail"]
    return document


# ── placing ──────────────────────────────────────────────────────────────────


def test_placing_answers_202_with_the_orders_location(api: APIClient) -> None:
    answer = post(api)
    assert answer.status_code == 202
    body = answer.json()
    assert answer["Location"] == f"/api/orders/{body['id']}"
    assert body["status"] == "placed"
    assert answer["X-Correlation-ID"] == body["correlation_id"]


def test_a_clients_correlation_id_is_kept_if_it_is_one(api: APIClient) -> None:
    kept = post(api, X_Correlation_ID="shop-12345678").json()["correlation_id"]
    replaced = post(api, X_Correlation_ID="no; good").json()["correlation_id"]
    assert kept == "shop-12345678"
    assert len(replaced) == 32


def test_waiting_shows_the_end(
    woken: None,
    api: APIClient,
    product: Callable[..., str],
    card: Callable[..., str],
) -> None:
    product("MUG", price=300)
    answer = post(api, {**BODY, "card_token": card()}, Prefer="wait=20")
    assert answer.status_code == 201
    assert answer["Preference-Applied"] == "wait=20"
    body = answer.json()
    assert (body["status"], body["total"]) == (
        "confirmed",
        {"amount": 300, "currency": "EUR"},
    )
    assert body["lines"] == [{"sku": "MUG", "quantity": 1, "unit_price": 300}]


def test_a_wait_that_is_over_answers_202(api: APIClient) -> None:
    answer = post(api, Prefer="respond-async, wait=0")
    assert (answer.status_code, answer.has_header("Preference-Applied")) == (202, False)
    answer = post(api, Prefer="wait=1")
    assert (answer.status_code, answer["Preference-Applied"]) == (202, "wait=1")


def test_only_so_many_wait_at_a_time(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orders import waiting

    monkeypatch.setattr(waiting.places, "most", 0)
    answer = post(api, Prefer="wait=20")  # answered at once
    assert (answer.status_code, answer.has_header("Preference-Applied")) == (202, False)


@pytest.mark.parametrize("prefer", ["wait=-1", "wait=x", "waiting=5", "", "wait="])
def test_a_preference_that_cannot_be_read_is_ignored(
    api: APIClient, prefer: str
) -> None:
    assert post(api, Prefer=prefer).status_code == 202


def test_a_long_wait_is_cut() -> None:
    from orders.waiting import LONGEST, preferred_wait

    assert preferred_wait("wait=999999999") == LONGEST
    assert preferred_wait('respond-async; x=1, Wait = "7"') == 7


def test_duplicate_skus_are_merged(api: APIClient) -> None:
    lines = [{"sku": "B", "quantity": 2}, {"sku": "A", "quantity": 1}]
    answer = post(api, {**BODY, "lines": [*lines, {"sku": "B", "quantity": 3}]})
    merged = [(line["sku"], line["quantity"]) for line in answer.json()["lines"]]
    assert merged == [("A", 1), ("B", 5)]


# ── the key ──────────────────────────────────────────────────────────────────


def test_without_a_key_nothing_is_placed(api: APIClient) -> None:
    answer = api.post("/api/orders", BODY, format="json")
    problem(answer, 400, "idempotency-key-missing")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "key",
    [
        "1",
        "order-4711-of-2026-11-23",
        "a" * 64,
        "8e03978e-40d5-11ee-be56-0242ac120002",  # a version 1 UUID: a time
        "x" * 256,
        "ключ-ключ-ключ-ключ-ключ",
        '""',
    ],
)
def test_a_guests_key_must_be_hard_to_guess(api: APIClient, key: str) -> None:
    headers = {"HTTP_IDEMPOTENCY_KEY": key}
    answer = api.post("/api/orders", BODY, format="json", **headers)
    problem(answer, 400, "idempotency-key-unusable")
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "key",
    [
        str(uuid.UUID(int=uuid.uuid4().int)),
        uuid.uuid4().hex,
        f'"{uuid.uuid4()}"',
        "0123456789abcdef" * 2 + "0",
    ],
    ids=["UUID", "hexadecimal", "quoted", "digits"],
)
def test_a_random_key_will_do_for_a_guest(api: APIClient, key: str) -> None:
    assert post(api, Idempotency_Key=key).status_code == 202


def test_a_customer_may_use_any_key(as_ada: APIClient) -> None:
    assert post(as_ada, Idempotency_Key="1").status_code == 202


def test_a_replay_gets_the_same_order_with_a_current_body(api: APIClient) -> None:
    key = str(uuid.uuid4())
    first = post(api, Idempotency_Key=key)
    Order.objects.update(status="confirmed", total=5, currency="EUR")
    again = post(api, Idempotency_Key=key, Prefer="wait=5")
    quoted = post(api, Idempotency_Key=f'"{key}"')

    for replay in (again, quoted):
        assert replay.status_code == first.status_code == 202
        assert replay["Location"] == first["Location"]
        assert replay.json()["id"] == first.json()["id"]
        assert replay.json()["token"] == first.json()["token"]
        assert replay.json()["status"] == "confirmed"
    assert Order.objects.count() == 1


def test_a_key_with_another_body_is_422_and_changes_nothing(api: APIClient) -> None:
    key = str(uuid.uuid4())
    post(api, Idempotency_Key=key)
    for other in (
        {**BODY, "card_token": "card_y"},
        {**BODY, "lines": [{"sku": "MUG", "quantity": 2}]},
    ):
        answer = post(api, other, Idempotency_Key=key)
        problem(answer, 422, "idempotency-key-reused")
    assert Order.objects.get().card_token == "card_x"


def test_the_same_order_in_another_spelling_is_the_same_order(api: APIClient) -> None:
    key = str(uuid.uuid4())
    first = post(api, Idempotency_Key=key)
    spelled = b'{ "card_token":"card_x","lines" : [{"quantity":1, "sku":"MUG"}] }'
    assert post(api, spelled, Idempotency_Key=key).json()["id"] == first.json()["id"]


def test_a_key_belongs_to_its_customer(as_ada: APIClient, api: APIClient) -> None:
    grace = APIClient()
    grace.force_authenticate(User.objects.create_user("grace"))
    key = str(uuid.uuid4())
    ids = {post(c, Idempotency_Key=key).json()["id"] for c in (as_ada, grace, api)}
    assert len(ids) == 3


def test_409_while_the_first_is_not_committed(
    as_ada: APIClient, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    inserting, go_on = threading.Event(), threading.Event()
    real = rows.insert

    def slow(new: rows.NewOrder) -> Order:
        inserting.set()
        assert go_on.wait(10)
        return real(new)

    monkeypatch.setattr("orders.placing.rows.insert", slow)
    answers: list[Any] = []

    def first() -> None:
        client = APIClient()
        client.force_authenticate(ada)
        answers.append(post(client, Idempotency_Key="k"))
        connection.close()

    thread = threading.Thread(target=first)
    thread.start()
    assert inserting.wait(10)
    refused = post(as_ada, Idempotency_Key="k")
    problem(refused, 409, "idempotency-key-in-use")
    assert refused["Retry-After"] == "1"
    go_on.set()
    thread.join()
    assert answers[0].status_code == 202
    assert post(as_ada, Idempotency_Key="k").json()["id"] == answers[0].json()["id"]


def test_many_at_once_with_one_key_make_one_order(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if each were in another process: only the database decides."""
    from contextlib import nullcontext

    monkeypatch.setattr(views, "in_progress", lambda scope, key: nullcontext())
    answers: list[Any] = []

    def place() -> None:
        client = APIClient()
        client.force_authenticate(ada)
        answers.append(post(client, Idempotency_Key="k"))
        connection.close()

    threads = [threading.Thread(target=place) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {a.status_code for a in answers} == {202}
    assert len({a.json()["id"] for a in answers}) == 1
    assert Order.objects.count() == 1


def test_a_key_is_free_again_when_its_insert_failed(
    as_ada: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ZeroDivisionError), idempotency.in_progress("customer:1", "k"):
        raise ZeroDivisionError
    with idempotency.in_progress("customer:1", "k"):
        pass


# ── bad input ────────────────────────────────────────────────────────────────


def lines_of(**line: object) -> dict[str, object]:
    return {**BODY, "lines": [{"sku": "MUG", "quantity": 1, **line}]}


BAD_BODIES: dict[str, tuple[object, list[str]]] = {
    "empty": ({}, ["lines", "card_token"]),
    "a list": ([], ["body"]),
    "a string": ("order", ["body"]),
    "null": (None, ["body"]),
    "no lines": ({**BODY, "lines": []}, ["lines"]),
    "lines are no list": ({**BODY, "lines": {"sku": "MUG"}}, ["lines"]),
    "a line is no object": ({**BODY, "lines": ["MUG"]}, ["lines[0]"]),
    "1,500 lines": (
        {**BODY, "lines": [{"sku": f"S{n}", "quantity": 1} for n in range(1_500)]},
        ["lines"],
    ),
    "zero": (lines_of(quantity=0), ["lines[0].quantity"]),
    "negative": (lines_of(quantity=-1), ["lines[0].quantity"]),
    "fractional": (lines_of(quantity=1.5), ["lines[0].quantity"]),
    "a float beyond whole numbers": (lines_of(quantity=1e300), ["lines[0].quantity"]),
    "a number in a string": (lines_of(quantity="1"), ["lines[0].quantity"]),
    "true": (lines_of(quantity=True), ["lines[0].quantity"]),
    "null quantity": (lines_of(quantity=None), ["lines[0].quantity"]),
    "huge": (lines_of(quantity=10**30), ["lines[0].quantity"]),
    "above the limit": (lines_of(quantity=1001), ["lines[0].quantity"]),
    "a price": (lines_of(unit_price=1), ["lines[0].unit_price"]),
    "a total": ({**BODY, "total": 1}, ["total"]),
    "SKU too long": (lines_of(sku="x" * 41), ["lines[0].sku"]),
    "SKU empty": (lines_of(sku=""), ["lines[0].sku"]),
    "SKU a number": (lines_of(sku=7), ["lines[0].sku"]),
    "NUL": (lines_of(sku="MU\0G"), ["lines[0].sku"]),
    "token a number": (
        {**BODY, "card_token": "4242 4242-4242 4242"},
        ["card_token"],
    ),
    "token a list": ({**BODY, "card_token": []}, ["card_token"]),
    "token with NUL": ({**BODY, "card_token": "a\0b"}, ["card_token"]),
}


@pytest.mark.parametrize("case", BAD_BODIES)
def test_a_bad_body_names_its_fields_and_places_nothing(
    api: APIClient, case: str
) -> None:
    body, fields = BAD_BODIES[case]
    document = problem(post(api, body), 400, "invalid-request")
    assert [error["field"] for error in document["errors"]] == fields
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"lines": [}',
        b"\xff\xfe",
        b"NaN",
        b'{"card_token": "\\ud800"}',
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"quantity": 1e999}',
    ],
    ids=lambda raw: repr(raw[:20]),
)
def test_what_is_no_json_is_malformed(api: APIClient, raw: bytes) -> None:
    answer = post(api, raw)
    if raw == b"":
        problem(answer, 400, "invalid-request")
    else:
        problem(answer, 400, "malformed-body")
    assert not Order.objects.exists()


def test_a_body_of_5_mb_is_too_large(api: APIClient) -> None:
    body = b'{"card_token": "' + b"x" * 5_000_000 + b'"}'
    problem(post(api, body), 413, "payload-too-large")


def test_another_media_type_is_415(api: APIClient) -> None:
    answer = api.generic(
        "POST",
        "/api/orders",
        b"a=1",
        "application/x-www-form-urlencoded",
        headers={"Idempotency-Key": str(uuid.uuid4())},
    )
    problem(answer, 415, "unsupported-media-type")


def test_another_method_is_405(api: APIClient) -> None:
    problem(api.put("/api/orders"), 405, "method-not-allowed")


def test_what_is_not_there_is_404(api: APIClient) -> None:
    problem(api.get("/api/orders/17"), 404, "not-found")
    problem(api.get(f"/api/orders/{uuid.uuid4()}"), 404, "not-found")
    problem(api.get("/nothing"), 404, "not-found")


# ── who may see what ─────────────────────────────────────────────────────────


def test_an_order_is_visible_to_its_owner_and_staff_only(
    as_ada: APIClient, api: APIClient
) -> None:
    url = post(as_ada)["Location"]
    grace, staff = APIClient(), APIClient()
    grace.force_authenticate(User.objects.create_user("grace"))
    staff.force_authenticate(User.objects.create_user("staff", is_staff=True))

    assert as_ada.get(url).status_code == 200
    assert staff.get(url).status_code == 200
    for stranger in (grace, api):
        problem(stranger.get(url), 404, "not-found")
        problem(stranger.post(f"{url}/cancel"), 404, "not-found")
    assert Order.objects.get().status == "placed"


def test_a_guests_order_opens_with_its_token_only(
    api: APIClient, as_ada: APIClient
) -> None:
    placed, other = post(api), post(api)
    url, token = placed["Location"], placed.json()["token"]
    assert api.get(url, headers={"Order-Token": token}).status_code == 200
    for wrong in ("", "x", other.json()["token"], "ключ", token.upper()):
        problem(api.get(url, HTTP_ORDER_TOKEN=wrong), 404, "not-found")
    problem(as_ada.get(url), 404, "not-found")
    assert "token" not in api.get(url, headers={"Order-Token": token}).json()


def test_a_customers_order_has_no_token(as_ada: APIClient, api: APIClient) -> None:
    from orders.access import guest_token

    placed = post(as_ada)
    assert placed.json()["token"] is None
    forged = guest_token(uuid.UUID(placed.json()["id"]))
    problem(
        api.get(placed["Location"], headers={"Order-Token": forged}), 404, "not-found"
    )


def test_a_list_shows_ones_own_orders_in_pages(
    as_ada: APIClient, api: APIClient
) -> None:
    ids = [post(as_ada).json()["id"] for _ in range(25)]
    post(api)
    problem(api.get("/api/orders"), 401, "not-authenticated")
    first = as_ada.get("/api/orders").json()
    second = as_ada.get(first["next"]).json()
    listed = [order["id"] for order in first["results"] + second["results"]]
    assert listed == ids[::-1]
    assert second["next"] is None


def test_a_number_with_nothing_behind_its_point_is_whole(api: APIClient) -> None:
    body = '{"lines": [{"sku": "A", "quantity": 2.0}], "card_token": "card_x"}'
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    placed = api.post(
        "/api/orders", body, content_type="application/json", headers=headers
    )
    assert placed.status_code == 202
    assert placed.json()["lines"][0]["quantity"] == 2


def test_login_with_a_token(ada: User, api: APIClient) -> None:
    wrong = {"username": "ada", "password": "wrong"}
    problem(api.post("/api/token", wrong, format="json"), 401, "not-authenticated")
    right = {"username": "ada", "password": "correct horse"}
    token = api.post("/api/token", right, format="json").json()["token"]
    api.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert post(api).status_code == 202
    assert Order.objects.get().customer == ada
    api.credentials(HTTP_AUTHORIZATION="Token nonsense")
    problem(post(api), 401, "not-authenticated")


def test_there_is_a_page_to_log_in_on(ada: User) -> None:
    browser = APIClient()
    form = {"username": "ada", "password": "correct horse", "next": "/api/docs"}
    assert browser.get("/api/session/login/").status_code == 200
    assert browser.post("/api/session/login/", form)["Location"] == "/api/docs"
    assert browser.get("/api/orders").status_code == 200


def test_a_session_needs_its_csrf_token(ada: User) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(ada)
    problem(post(browser), 403, "forbidden")


# ── cancelling ───────────────────────────────────────────────────────────────


def test_cancelling_is_decided_at_once_and_may_be_repeated(as_ada: APIClient) -> None:
    url = post(as_ada)["Location"]
    for _ in range(2):
        answer = as_ada.post(f"{url}/cancel")
        assert answer.status_code == 202
        assert answer.json()["status"] == "compensating"
    assert Order.objects.get().outcome == "cancelled"


@pytest.mark.parametrize("status", ["rejected", "expired"])
def test_what_ended_otherwise_cannot_be_cancelled(
    as_ada: APIClient, status: str
) -> None:
    url = post(as_ada)["Location"]
    Order.objects.update(status=status, outcome=status)
    document = problem(as_ada.post(f"{url}/cancel"), 409, "cannot-cancel")
    assert document["order_status"] == status


# ── products ─────────────────────────────────────────────────────────────────


def test_products_come_from_inventory_page_by_page(
    api: APIClient, product: Callable[..., str]
) -> None:
    for sku in ("CUP", "MUG", "POT"):
        product(sku, on_hand=3)
    first = api.get("/api/products?limit=2").json()
    second = api.get(f"/api/products?limit=2&after={first['next']}").json()
    assert [p["sku"] for p in first["products"] + second["products"]] == [
        "CUP",
        "MUG",
        "POT",
    ]
    assert second["next"] is None
    assert first["products"][0]["free"] == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=0", "limit"), ("limit=x", "limit"), ("after=" + "x" * 41, "after")],
)
def test_a_bad_page_is_named(api: APIClient, query: str, field: str) -> None:
    document = problem(api.get(f"/api/products?{query}"), 400, "invalid-request")
    assert [error["field"] for error in document["errors"]] == [field]


def test_a_service_that_does_not_answer_is_503(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from common.rpc.errors import NoReply

    async def silent(request: object) -> None:
        raise NoReply("no reply")

    monkeypatch.setattr(products, "call", silent)
    answer = api.get("/api/products")
    problem(answer, 503, "service-unavailable")
    assert answer["Retry-After"] == "2"


def test_the_schema_describes_the_api(api: APIClient) -> None:
    schema = api.get("/api/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json")
    assert schema.status_code == 200
    paths = schema.json()["paths"]
    assert {"/api/orders", "/api/orders/{order_id}", "/api/products"} <= set(paths)
    page = api.get("/api/docs", HTTP_ACCEPT="text/html")
    assert b"swagger-ui" in page.content
