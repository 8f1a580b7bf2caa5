"""Who sends too many wrong passwords is locked out, wherever he sends them."""

import json
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import User
from django.test import Client

pytestmark = pytest.mark.django_db

RIGHT = {"username": "ada", "password": "correct horse"}
WRONG = {"username": "ada", "password": "battery staple"}
FRONTS = ("/admin/login/", "/api/session/login/", "/api/token")
BROWSER = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.fixture(autouse=True)
def three_tries(settings: Any) -> None:
    """Let a client be wrong three times."""
    settings.AXES_FAILURE_LIMIT = 3


@pytest.fixture
def ada(db: None) -> User:
    """Return a user who may log in everywhere."""
    return User.objects.create_superuser("ada", password="correct horse")


def log_in(front: str, form: dict[str, str], **meta: str) -> Any:
    """Send a name and a password, each front in its own way."""
    if front == "/api/token":
        body = json.dumps(form)
        return Client().post(front, body, content_type="application/json", **meta)
    return Client().post(front, form, **meta)


@pytest.mark.parametrize("front", FRONTS)
def test_the_right_password_comes_too_late(ada: User, front: str) -> None:
    tried = [log_in(front, WRONG).status_code for _ in range(3)]
    assert tried[:2] == [200 if "admin" in front else 401] * 2
    assert tried[2] == 429
    for other in FRONTS:
        answer = log_in(other, RIGHT)
        assert answer.status_code == 429
        assert answer.json()["type"] == "urn:cutpoints:problem:too-many-requests"
        assert answer["Retry-After"] == "60"


def test_others_may_log_in_meanwhile(ada: User, settings: Any) -> None:
    for _ in range(4):
        log_in("/api/token", WRONG)
    elsewhere = log_in("/api/token", RIGHT, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 200
    forged = log_in("/api/token", RIGHT, HTTP_X_FORWARDED_FOR="192.0.2.7")
    assert forged.status_code == 429


def test_a_client_is_let_in_again_when_its_time_is_over(ada: User) -> None:
    for _ in range(4):
        log_in("/admin/login/", WRONG)
    for attempt in AccessAttempt.objects.all():
        AccessAttempt.objects.update(
            attempt_time=attempt.attempt_time - 1.01 * _cool_off()
        )
    assert log_in("/admin/login/", RIGHT).status_code == 302
    assert not AccessAttempt.objects.exists()


def test_what_a_proxy_makes_up_is_no_address(ada: User, settings: Any) -> None:
    settings.PROXIES = 1
    for told in ("unknown", "192.0.2.7:1234", "a" * 300, "fe80::1%eth0", "::1\t"):
        answer = log_in("/admin/login/", WRONG, HTTP_X_FORWARDED_FOR=told)
        assert answer.status_code in {200, 429}


def test_no_password_is_kept(ada: User) -> None:
    log_in("/admin/login/", WRONG)
    (kept,) = AccessAttempt.objects.values()
    assert "battery" not in str(kept)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "", "text/plain"])
def test_a_program_gets_a_problem_document(ada: User, accept: str) -> None:
    answer = log_in("/api/session/login/", WRONG, HTTP_ACCEPT=accept)
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"] == "Token"


def test_a_browser_gets_the_page_once_more(ada: User) -> None:
    answer = log_in("/api/session/login/", WRONG, HTTP_ACCEPT=BROWSER)
    assert answer.status_code == 200
    assert "Please enter a correct username" in answer.content.decode()


def test_a_program_is_shown_no_page() -> None:
    answer = Client().get("/api/session/login/", HTTP_ACCEPT="application/json")
    assert answer.status_code == 406
    assert answer["Content-Type"] == "application/problem+json"
    assert Client().get("/api/session/login/", HTTP_ACCEPT=BROWSER).status_code == 200


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("DELETE", "/api/session/login/"),
        ("PUT", "/api/session/login/"),
        ("GET", "/api/session/logout/"),
        ("DELETE", "/admin/login/"),
    ],
)
def test_no_method_is_refused_without_a_word(method: str, url: str) -> None:
    answer = Client().generic(method, url)
    assert answer.status_code == 405
    assert answer.json()["status"] == 405
    assert answer["Allow"]


def _cool_off() -> Any:
    from django.conf import settings

    return settings.AXES_COOLOFF_TIME
