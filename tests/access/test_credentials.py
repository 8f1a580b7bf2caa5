"""Credentials that are not good are refused; nobody becomes a guest by mistake."""

import io
from http.cookies import SimpleCookie

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from orders.models import Order
from tests.access.conftest import Ask, document, is_401

KEY = "0123456789abcdef0123456789abcdef01234567"
NOT_OURS = [
    "Bearer eyJhbGciOiJub25lIn0.e30.",
    "Basic YWRhOmNvcnJlY3QgaG9yc2U=",
    'Digest username="ada"',
    "Negotiate",
    "",
    " ",
    "Token",
    "Token ",
    f"Token {KEY}",
    f"Token {KEY},Token {KEY}",
    f"Token {KEY} {KEY}",
    f"Token {KEY}\0",
    f"Token {KEY.upper()}",
    "Token ٠١٢٣",
    f"Token={KEY}",
    f"Tokens {KEY}",
    KEY,
    "\xff\xfe\0",
    "," * 4000,
]


@pytest.mark.parametrize("sent", NOT_OURS, ids=lambda sent: repr(sent[:30]))
def test_what_is_not_good_is_401_and_places_nothing(
    ask: Ask, place: Ask, sent: str
) -> None:
    guests = document(place())
    url, token = f"/api/orders/{guests['id']}", guests["token"]

    assert is_401(place(Authorization=sent))
    assert is_401(ask("GET", "/api/orders", Authorization=sent))
    assert is_401(ask("GET", url, Authorization=sent, Order_Token=token))
    cancel = ask("POST", f"{url}/cancel", Authorization=sent, Order_Token=token)
    assert is_401(cancel)
    assert Order.objects.get().status == "placed"


@pytest.mark.parametrize("join", [",", ", ", " "])
def test_a_good_token_sent_twice_is_none(
    place: Ask, adas_token: str, join: str
) -> None:
    assert is_401(place(Authorization=join.join([f"Token {adas_token}"] * 2)))


@pytest.mark.parametrize("scheme", ["Token", "token", "TOKEN "])
def test_a_scheme_is_the_same_in_any_case(
    place: Ask, ada: User, adas_token: str, scheme: str
) -> None:
    assert place(Authorization=f"{scheme} {adas_token}").status == 202
    assert Order.objects.get().customer == ada


def test_the_token_of_somebody_who_was_shut_out_is_401(
    place: Ask, ada: User, adas_token: str
) -> None:
    User.objects.update(is_active=False)
    assert is_401(place(Authorization=f"Token {adas_token}"))


def test_a_token_can_be_replaced(place: Ask, ada: User, adas_token: str) -> None:
    call_command("drf_create_token", "ada", reset_token=True, stdout=io.StringIO())
    assert is_401(place(Authorization=f"Token {adas_token}"))


# ── sessions ─────────────────────────────────────────────────────────────────


def session_of(person: User) -> str:
    browser = Client()
    browser.force_login(person)
    return f"{settings.SESSION_COOKIE_NAME}={browser.session.session_key}"


def test_a_good_session_does_not_make_up_for_a_bad_token(place: Ask, ada: User) -> None:
    assert is_401(place(Cookie=session_of(ada), Authorization="Bearer x"))


@pytest.mark.parametrize("end", ["forgotten", "shut out", "new password"])
def test_a_session_that_is_over_is_401_once_and_its_cookie_is_taken(
    place: Ask, ada: User, end: str
) -> None:
    cookie = session_of(ada)
    match end:
        case "forgotten":
            cookie = f"{settings.SESSION_COOKIE_NAME}={'0' * 32}"
        case "shut out":
            User.objects.update(is_active=False)
        case "new password":
            ada.set_password("another")
            ada.save()
    answer = place(Cookie=cookie)

    assert is_401(answer)
    assert not Order.objects.exists()
    (taken,) = SimpleCookie(answer.header("Set-Cookie")).values()
    assert (taken.key, taken.value) == (settings.SESSION_COOKIE_NAME, "")
    assert taken["max-age"] == "0"
    assert place().status == 202  # now they know that they are a guest


@pytest.mark.parametrize(
    "value", ["", "x", "../../etc", '"abcdefgh\\000abcdefgh"', "x" * 3000, "ключ"]
)
def test_a_cookie_that_is_no_session_is_401_everywhere(
    ask: Ask, place: Ask, value: str
) -> None:
    cookie = f"{settings.SESSION_COOKIE_NAME}={value}"
    assert is_401(place(Cookie=cookie))
    assert ask("GET", "/admin/", Cookie=cookie).status == 302


# ── logging in ───────────────────────────────────────────────────────────────

LOGIN = {"username": "ada", "password": "correct horse"}


def test_logging_in_reads_no_other_credentials(
    ask: Ask, ada: User, adas_token: str
) -> None:
    over = f"{settings.SESSION_COOKIE_NAME}={'0' * 32}"
    for headers in (
        {"Authorization": f"Token {KEY}"},
        {"Authorization": "Bearer x"},
        {"Cookie": over},
        {"Cookie": session_of(ada)},  # without its CSRF token
        {"Cookie": session_of(User.objects.create_user(f"user-{over}"))},
    ):
        answer = ask("POST", "/api/token", LOGIN, **headers)
        assert (answer.status, document(answer)) == (200, {"token": adas_token})
        User.objects.exclude(pk=ada.pk).delete()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"scope": "admin"}, "scope"),
        ({"token": KEY}, "token"),
        ({"user": 1}, "user"),
        ({"username": 1}, "username"),
        ({"username": ["ada"]}, "username"),
        ({"username": "ada\0"}, "username"),
        ({"username": "a" * 151}, "username"),
        ({"password": None}, "password"),
        ({"password": True}, "password"),
        ({"password": "x" * 5000}, "password"),
    ],
)
def test_a_login_takes_just_a_name_and_its_password(
    ask: Ask, ada: User, change: dict[str, object], field: str
) -> None:
    answer = ask("POST", "/api/token", {**LOGIN, **change})
    assert answer.status == 400, answer.body
    assert [error["field"] for error in document(answer)["errors"]] == [field]


def test_a_login_does_not_tell_who_there_is(ask: Ask, ada: User) -> None:
    answers = [
        ask("POST", "/api/token", {**LOGIN, **change})
        for change in (
            {"password": "wrong"},
            {"password": " correct horse "},
            {"username": "nobody"},
        )
    ]
    assert [answer.status for answer in answers] == [401, 401, 401]
    wrong = [answer.body for answer in answers]
    User.objects.update(is_active=False)
    wrong.append(ask("POST", "/api/token", LOGIN).body)
    assert len(set(wrong)) == 1


def test_the_vault_reads_no_credentials(ask: Ask) -> None:
    card = {"number": "4242424242424242", "exp_month": 1, "exp_year": 2099, "cvc": "1"}
    answers = [
        ask("POST", "/api/cards", {**card, "cvc": "123"}, Authorization=sent)
        for sent in (None, "Bearer x", f"Token {KEY}", "")
    ]
    assert [answer.status for answer in answers] == [201] * 4
