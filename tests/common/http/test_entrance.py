"""A request's way through a web process: what it takes, and what it gives back."""

import asyncio
import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from common.http import admission, stopping
from common.http.clients import client_of
from common.http.entrance import Entrance
from common.rpc.errors import NoReply
from orders import api as views
from orders import products, waiting
from orders.models import Order
from tests.asgi import Answer, Asked, ask

pytestmark = pytest.mark.django_db(transaction=True)

JSON = {"Content-Type": "application/json"}
ORDER = json.dumps(
    {"lines": [{"sku": "MUG", "quantity": 1}], "card_token": "card_x"}
).encode()
LOGIN = b'{"username": "ada", "password": "not hers"}'


@pytest.fixture
def application() -> Entrance:
    return Entrance()


@pytest.fixture(autouse=True)
def nobody_is_woken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let orders stay as they were placed, as if no service answered."""
    monkeypatch.setattr(views, "notify_sync", lambda request: None)


@pytest.fixture(autouse=True)
def going_on() -> Iterator[None]:
    """Forget that the process was told to stop."""
    yield
    stopping._begun = False


def keyed(**headers: str) -> dict[str, str]:
    return {**JSON, "Idempotency-Key": str(uuid.uuid4()), **headers}


def is_problem(answer: Answer, status: int, slug: str) -> None:
    assert answer.status == status, answer.body[:300]
    assert answer.header("content-type") == "application/problem+json"
    assert answer.json()["type"] == f"urn:cutpoints:problem:{slug}"


@contextmanager
def all_threads_busy(application: Entrance) -> Iterator[None]:
    """Keep the threads of the web process from their work during the block."""
    threads = application._threads
    go_on, begun = threading.Event(), threading.Barrier(threads.size + 1)

    def be_busy() -> None:
        begun.wait(10)
        go_on.wait(20)

    for _ in range(threads.size):
        threads.submit(be_busy)
    begun.wait(10)
    try:
        yield
    finally:
        go_on.set()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 nothing tells
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "method", ["head", "Head", "get", "GeT", "post", "PROPFIND", "", "GET ", "x" * 99]
)
async def test_a_method_that_is_none_of_http_never_reaches_django(
    application: Entrance, method: str
) -> None:
    is_problem(await ask(application, method, "/api/orders"), 501, "not-implemented")


async def test_health_is_answered_while_all_threads_are_busy(
    application: Entrance,
) -> None:
    with all_threads_busy(application):
        for path in ("/health/live", "/health/ready"):
            assert (await ask(application, "GET", path)).status == 200
            head = await ask(application, "HEAD", path)
            assert (head.status, head.body) == (200, b"")
            refused = await ask(application, "POST", path)
            is_problem(refused, 405, "method-not-allowed")
            assert refused.header("allow") == "GET, HEAD"


async def test_a_request_gets_a_thread_soon_or_is_refused(
    application: Entrance,
) -> None:
    with all_threads_busy(application):
        waiting = [Asked(application, "GET", "/nowhere") for _ in range(100)]
        await until(lambda: sum(one._task.done() for one in waiting) == 36)
        for one in waiting:  # the others are refused when they have waited for 0.8 s
            is_problem(await one.answer(), 503, "service-unavailable")
            assert (await one.answer()).header("retry-after") == "2"
        refused = await ask(application, "GET", "/nowhere")
        is_problem(refused, 503, "service-unavailable")
    await until(lambda: not application._threads.new.size)
    assert (await ask(application, "GET", "/nowhere")).status == 404


async def test_waits_hold_no_thread(application: Entrance) -> None:
    threads = threading.active_count()
    waits = [
        Asked(application, "POST", "/api/orders", keyed(Prefer="wait=20"), ORDER)
        for _ in range(12)
    ]
    await until(lambda: waiting.places.taken == 12)
    assert (await ask(application, "GET", "/api/schema")).status == 200
    assert threading.active_count() <= threads + 8 + 8 + 1
    stopping.begin()
    async with asyncio.timeout(10):  # long before their waits are over
        answers = [await wait.answer() for wait in waits]
    for answer in answers:
        assert (answer.status, answer.header("preference-applied")) == (202, "wait=20")
        assert answer.header("x-correlation-id")
        assert answer.header("content-security-policy")
    assert waiting.places.taken == 0


async def test_who_leaves_while_waiting_is_answered_and_gives_everything_back(
    application: Entrance,
) -> None:
    """A client that closes its side may be there still, and reads its answer."""
    waits = [
        Asked(application, "POST", "/api/orders", keyed(Prefer="wait=30"), ORDER)
        for _ in range(12)
    ]
    await until(lambda: waiting.places.taken == 12)
    for wait in waits:
        wait.leave()
    async with asyncio.timeout(10):  # long before their waits are over
        for wait in waits:
            assert (await wait.answer()).status == 202
    assert waiting.places.taken == 0
    assert not views_in_progress()
    assert (await ask(application, "POST", "/api/orders", keyed(), ORDER)).status == 202


async def test_clients_that_crowd_leave_their_turn_to_others(
    application: Entrance,
) -> None:
    crowd = [(f"192.0.2.{n}", 4711) for n in range(3)]
    with all_threads_busy(application):
        many = [
            Asked(application, "GET", "/nowhere", client=client)
            for client in crowd
            for _ in range(80)
        ]
        await until(lambda: sum(one._task.done() for one in many) == 3 * 16)
        other = Asked(application, "GET", "/nowhere")
        await until(lambda: application._threads.new.length("127.0.0.1") == 1)
        order: list[Asked] = []
        for one in (*many, other):
            one._task.add_done_callback(lambda _, one=one: order.append(one))
    assert (await other.answer()).status == 404
    assert order.index(other) < 200, "in line, it would be the last of 240"
    assert {(await one.answer()).status for one in many} == {404, 503}


@pytest.mark.parametrize(
    ("proxies", "told", "client"),
    [
        (0, "192.0.2.7", "127.0.0.1"),
        (1, "192.0.2.7", "192.0.2.7"),
        (1, "203.0.113.1, 192.0.2.7", "192.0.2.7"),
        (2, "203.0.113.1, 192.0.2.7, 198.51.100.1", "192.0.2.7"),
        (2, "192.0.2.7", "192.0.2.7"),
        (1, "", "127.0.0.1"),
        (1, "2001:db8:1:2:3::4", "2001:db8:1:2::"),
        (1, "::ffff:192.0.2.7", "192.0.2.7"),
        (1, "fe80::1%eth0", "fe80::"),
        (1, "unknown", "unknown"),
    ],
)
def test_a_client_is_who_the_last_of_our_proxies_says(
    settings: Any, proxies: int, told: str, client: str
) -> None:
    settings.PROXIES = proxies
    headers = [(b"x-forwarded-for", told.encode())] if told else []
    scope = {"client": ("127.0.0.1", 1), "headers": headers}
    assert client_of(scope) == client


async def test_cheap_requests_do_not_let_dear_ones_in(
    application: Entrance, settings: Any
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    await asyncio.to_thread(User.objects.create_user, "ada", password="hers alone")
    for _ in range(30):
        await ask(application, "POST", "/api/token", {"Content-Type": "text/plain"})
    logins = [Asked(application, "POST", "/api/token", JSON, LOGIN) for _ in range(40)]
    codes = [(await login.answer()).status for login in logins]
    assert codes.count(503) >= 31


@pytest.mark.parametrize("path", ["/", "/static/nothing.css", "/admin/login/"])
async def test_an_error_without_a_page_is_a_problem_document(
    application: Entrance, path: str
) -> None:
    answer = await ask(application, "DELETE", path)
    assert answer.status in {403, 404, 405}
    is_problem(answer, answer.status, answer.json()["type"].rpartition(":")[2])


async def test_an_order_that_ends_wakes_who_waits(application: Entrance) -> None:
    wait = Asked(application, "POST", "/api/orders", keyed(Prefer="wait=20"), ORDER)
    await until(lambda: waiting.places.taken == 1)
    update = Order.objects.update
    await asyncio.to_thread(update, status="expired", outcome="expired")
    answer = await wait.answer()
    assert (answer.status, answer.json()["status"]) == (201, "expired")


async def test_a_silent_service_holds_no_thread_and_only_so_many_wait_for_it(
    application: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    silence = asyncio.Event()

    async def silent(request: object) -> Any:
        await silence.wait()
        raise NoReply("no reply")

    monkeypatch.setattr(products, "call", silent)
    monkeypatch.setattr(products.product_lists, "most", 10)
    lists = [Asked(application, "GET", "/api/products") for _ in range(10)]
    await until(lambda: products.product_lists.taken == 10)
    for refused in [await ask(application, "GET", "/api/products") for _ in range(3)]:
        is_problem(refused, 503, "service-unavailable")
    assert (await ask(application, "GET", "/api/schema")).status == 200
    silence.set()
    for one in lists:
        answer = await one.answer()
        is_problem(answer, 503, "service-unavailable")
        assert answer.header("retry-after") == "2"
    assert products.product_lists.taken == 0


async def test_a_bug_behind_a_wait_is_a_problem_document(
    application: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(request: object) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(products, "call", broken)
    is_problem(await ask(application, "GET", "/api/products"), 500, "server-error")


async def test_a_body_without_a_length_is_read_all_the_same(
    application: Entrance,
) -> None:
    pieces = [ORDER[:10], ORDER[10:]]
    answer = await ask(application, "POST", "/api/orders", keyed(), pieces)
    assert answer.status == 202


async def test_a_body_that_is_too_long_never_reaches_django(
    application: Entrance,
) -> None:
    pieces = [b"x" * 100_000] * 12
    answer = await ask(application, "POST", "/api/orders", keyed(), pieces)
    is_problem(answer, 413, "payload-too-large")


async def test_a_client_that_leaves_in_its_body_is_forgotten(
    application: Entrance,
) -> None:
    body = Asked(application, "POST", "/api/orders", keyed(), [ORDER[:10]])
    body._incoming._queue.pop()  # type: ignore[attr-defined]  # its end
    body.leave()
    assert await body.end() == []


async def test_many_logins_leave_the_threads_to_others(
    application: Entrance, settings: Any
) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    await asyncio.to_thread(User.objects.create_user, "ada", password="hers alone")
    logins = [Asked(application, "POST", "/api/token", JSON, LOGIN) for _ in range(40)]
    assert (await ask(application, "GET", "/api/schema")).status == 200
    assert not all(login._task.done() for login in logins)
    codes = [(await login.answer()).status for login in logins]
    assert set(codes) <= {401, 429, 503}
    assert 503 in codes
    assert application._threads.problem() is None


@override_settings(DEBUG=False)
async def test_a_file_is_streamed_and_closed_when_its_client_leaves(
    application: Entrance,
) -> None:
    path = "/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"
    whole = await ask(application, "GET", path)
    assert (whole.status, len(whole.body)) == (200, int(whole.header("content-length")))
    head = await ask(application, "HEAD", path)
    assert (head.body, head.header("content-length")) == (
        b"",
        whole.header("content-length"),
    )
    leaving = Asked(application, "GET", path)
    leaving.leave()
    sent = await leaving.end()
    assert sum(len(one.get("body", b"")) for one in sent) < len(whole.body)


async def test_a_websocket_is_refused_where_there_is_none(
    application: Entrance,
) -> None:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application({"type": "websocket", "path": "/"}, receive, send)
    assert sent == [{"type": "websocket.close"}]


async def test_threads_that_do_not_come_back_are_no_readiness(
    application: Entrance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("common.threads.WINDOW", 0.5)
    application._threads._slow_after = 0.1

    async def problems(expected: bool) -> dict[str, str]:
        async with asyncio.timeout(20):
            while True:
                answer = await ask(application, "GET", "/health/ready")
                problems: dict[str, str] = answer.json()["problems"]
                if bool(problems) is expected:
                    assert answer.status == (503 if problems else 200)
                    return problems

    with all_threads_busy(application):
        assert "held up" in (await problems(True))["web threads"]
    assert await problems(False) == {}


def views_in_progress() -> bool:
    from orders.idempotency import _in_progress

    return bool(_in_progress)


def test_the_paths_of_passwords_exist() -> None:
    from django.urls import resolve

    for path in admission.PASSWORD_PATHS:
        assert resolve(path)
