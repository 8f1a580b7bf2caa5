"""A list in the admins tells no more than it shows, whatever its URL asks for."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import models
from django.test import Client

from common.http.admin import ClosedAdmin
from tests.access import rows_of
from tests.access.rows_of import ADAS, CARD

pytestmark = pytest.mark.django_db

REGISTERED = {str(m._meta.label_lower): m for m in admin.site._registry}
LOOKUPS = (
    "", "__exact", "__iexact", "__startswith", "__contains",
    "__regex", "__gt", "__lt", "__range", "__in", "__isnull", "__year", "__id",
    "__pk__gt", "__0", "__key__startswith", "__password__startswith",
)  # fmt: skip
VALUES = ("1", "x", "9" * 30, "9" * 5000, "-1", "\0", "é\u202e", "")
CONTROLS = (
    "q", "o", "p", "e", "all", "_changelist_filters", "_popup", "_to_field", "_facets",
)  # fmt: skip
FOREIGN = (
    "auth_token__key__startswith", "auth_token__key", "pk", "pk__in", "pk__startswith",
    "customer__password__startswith", "customer__auth_token__key__startswith",
    "order__key__startswith", "charge__card_token__startswith", "user__password__gt",
    "order__customer__auth_token__key__regex", "user__auth_token__key__startswith",
    "logentry__object_repr__contains", "steps__outcome__contains",
)  # fmt: skip
SHOWN = {
    "auth.user": {
        "is_staff__exact", "is_superuser__exact", "is_active__exact",
        "groups__id__exact", "is_staff__isnull", "groups__isnull",
    },
    "orders.order": {
        "status__exact", "status__isnull",
        "needs_attention__exact", "needs_attention__isnull",
    },
}  # fmt: skip
"""Examples of what the pages themselves link to."""


@pytest.fixture
def staff() -> Client:
    """Return the browser of somebody who may do everything."""
    person = User.objects.create_superuser("admin")
    for service in (rows_of.orders, rows_of.inventory, rows_of.payments):
        service(person)
    client = Client()
    client.force_login(person)
    client.raise_request_exception = False
    return client


def list_of(model: type[models.Model], **query: str) -> str:
    name = model._meta.label_lower.replace(".", "/")
    return f"/admin/{name}/?{urlencode(query)}"


def filters_of(model: type[models.Model]) -> set[str]:
    names = admin.site._registry[model].list_filter
    ends = ("", "__exact", "__isnull", "__id__exact", "__id")
    return {f"{name}{end}" for name in names for end in ends}


def asked_of(model: type[models.Model]) -> set[str]:
    """Return all parameters that somebody might try on a model."""
    names = {field.name for field in model._meta.get_fields()}
    return {f"{n}{end}" for n in names for end in LOOKUPS} | set(FOREIGN)


@pytest.mark.parametrize("name", REGISTERED)
def test_every_registered_admin_is_closed(name: str) -> None:
    assert isinstance(admin.site._registry[REGISTERED[name]], ClosedAdmin)


@pytest.mark.parametrize("name", REGISTERED)
def test_no_list_filters_by_what_it_does_not_show(staff: Client, name: str) -> None:
    model = REGISTERED[name]
    tried = sorted(asked_of(model) - filters_of(model))
    answers = {lookup: staff.get(list_of(model, **{lookup: "1"})) for lookup in tried}
    assert {k: a.status_code for k, a in answers.items() if a.status_code != 400} == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTERED)
def test_no_query_of_a_list_is_a_server_error(staff: Client, name: str) -> None:
    model = REGISTERED[name]
    wrong = {}
    for key in sorted(filters_of(model) | set(CONTROLS)):
        for value in VALUES:
            answer = staff.get(list_of(model, **{key: value}))
            if answer.status_code not in {200, 302, 400}:
                wrong[key, value[:10]] = answer.status_code
    assert wrong == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTERED)
def test_long_values_are_no_server_error(staff: Client, name: str) -> None:
    for key in ("o", "p", "q", "_changelist_filters"):
        for value in ("1." * 4000, "a " * 4000, "99999999999", "1.-99.2"):
            answer = staff.get(list_of(REGISTERED[name], **{key: value}))
            assert answer.status_code in {200, 302, 400}, (key, value[:10])


@pytest.mark.parametrize(
    ("name", "lookup"), [(name, one) for name in SHOWN for one in sorted(SHOWN[name])]
)
def test_what_the_pages_link_to_still_filters(
    staff: Client, name: str, lookup: str
) -> None:
    url = list_of(REGISTERED[name], **{lookup: "1"})
    assert staff.get(url).status_code == 200


def test_a_filter_and_a_search_find_what_they_should(staff: Client) -> None:
    order = REGISTERED["orders.order"]
    assert found(staff, list_of(order, status__exact="placed")) == 3
    assert found(staff, list_of(order, status__exact="confirmed")) == 0
    assert found(staff, list_of(order, q=ADAS)) == 1
    assert found(staff, list_of(order, q="a " * 51)) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTERED)
def test_no_search_finds_by_what_opens_something(staff: Client, name: str) -> None:
    from rest_framework.authtoken.models import Token

    person = User.objects.get()
    key = Token.objects.create(user=person).key
    for secret in (CARD, f"key-of-{ADAS}", key, person.password):
        for start in (secret, secret[:6]):
            assert found(staff, list_of(REGISTERED[name], q=start)) in {0, None}


@pytest.mark.slow
@pytest.mark.parametrize("name", REGISTERED)
def test_no_address_of_a_row_is_a_server_error(staff: Client, name: str) -> None:
    for pk in ("x", "9" * 30, "9" * 4000, "-1", "_00", "_5F"):
        for page in ("change", "history", "delete"):
            url = f"/admin/{name.replace('.', '/')}/{pk}/{page}/"
            assert staff.get(url).status_code in {200, 302, 403, 404}, url


@pytest.mark.parametrize("name", ["auth.user", "auth.group"])
@pytest.mark.parametrize("chosen", ["x", "9" * 30, "9" * 5000, "\0", "1'"])
def test_an_action_to_no_rows_is_400(staff: Client, name: str, chosen: str) -> None:
    sent = {"action": "delete_selected", "_selected_action": ["1", chosen]}
    assert staff.post(list_of(REGISTERED[name]), sent).status_code == 400


def test_an_action_to_rows_asks_whether_it_is_meant(staff: Client) -> None:
    chosen = User.objects.create_user("leaver").pk
    sent = {"action": "delete_selected", "_selected_action": [chosen]}
    answer = staff.post(list_of(REGISTERED["auth.user"]), sent)
    assert (answer.status_code, b"Are you sure" in answer.content) == (200, True)


def test_a_long_history_is_shown_by_its_latest_rows(staff: Client) -> None:
    order = REGISTERED["orders.order"]._default_manager.get(pk=ADAS)
    rows: Any = order.steps  # type: ignore[attr-defined]
    rows.bulk_create(
        rows.model(
            order=order, name="refund card", outcome=f"Busy {n}", at=order.placed_at
        )
        for n in range(1000)
    )
    answer = staff.get(f"/admin/orders/order/{ADAS}/change/")
    shown = [f"Busy {n}" for n in range(1000) if f">Busy {n}<" in answer.text]
    assert shown == [f"Busy {n}" for n in range(900, 1000)]


def found(staff: Client, url: str) -> int | None:
    """Return how many rows a list shows; None if it does not search at all."""
    answer = staff.get(url)
    assert answer.status_code == 200
    shown: Any = answer.context["cl"]
    return shown.result_count if shown.search_fields else None
