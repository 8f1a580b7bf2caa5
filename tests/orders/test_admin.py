"""The admins of orders and payments show everything and change nothing."""

import uuid
from collections.abc import Callable

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client

from common import clock
from orders.models import Order
from orders.orchestrator import orchestrator

pytestmark = pytest.mark.django_db(transaction=True)

PAGES = (
    "orders/order",
    "payments/charge",
    "payments/entry",
    "demo_gateway/operation",
)


@pytest.fixture
def staff(transactional_db: None) -> Client:
    """Return the browser of somebody who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.fixture
async def confirmed(placed: Callable[..., Order]) -> Order:
    """Run an order to its end."""
    from asgiref.sync import sync_to_async

    order = await sync_to_async(placed)()
    await orchestrator.run(order.id)
    return order


@pytest.mark.parametrize("page", PAGES)
async def test_a_page_is_for_reading(
    confirmed: Order, staff: Client, page: str
) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(read_only)(staff, page)


def read_only(staff: Client, page: str) -> None:
    from django.apps import apps

    model = apps.get_model(page.replace("/", "."))
    row = model._default_manager.get()
    before = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields}
    url = f"/admin/{page}/{quote(row.pk)}"
    assert staff.get(f"/admin/{page}/").status_code == 200
    shown = staff.get(f"{url}/change/")
    assert shown.status_code == 200
    assert b"_save" not in shown.content
    assert staff.get(f"/admin/{page}/add/").status_code == 403
    assert staff.post(f"{url}/change/", {"status": "x"}).status_code == 403
    assert staff.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    row.refresh_from_db()
    after = {f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields}
    assert after == before


async def test_nothing_in_the_admins_opens_a_card_an_order_or_an_account(
    confirmed: Order, staff: Client
) -> None:
    from asgiref.sync import sync_to_async

    await sync_to_async(shows_no_secret)(confirmed, staff)


def shows_no_secret(order: Order, staff: Client) -> None:
    from rest_framework.authtoken.models import Token

    token = Token.objects.create(user=User.objects.get())
    secrets = {order.key, order.card_token, order.fingerprint or order.key, token.key}
    urls = [f"/admin/{page}/" for page in (*PAGES, "payments/card")]
    urls += [f"/admin/{page}/{order.pk}/change/" for page in PAGES[:2]]
    for url in ("/admin/", *urls):
        page = staff.get(url)
        assert page.status_code == 200
        assert [s for s in secrets if s in page.content.decode()] == []
    assert staff.get("/admin/authtoken/tokenproxy/").status_code == 404
    card = staff.get(f"/admin/payments/card/{quote(order.card_token)}/change/")
    assert card.status_code == 302


@pytest.mark.parametrize("spell", [str, lambda id: id.hex, lambda id: str(id).upper()])
@pytest.mark.parametrize("page", ["orders/order", "payments/charge"])
async def test_an_id_is_found_in_any_spelling(
    confirmed: Order, staff: Client, page: str, spell: Callable[[object], str]
) -> None:
    from asgiref.sync import sync_to_async

    for text, count in ((spell(confirmed.pk), 1), (spell(uuid.uuid4()), 0)):
        found = await sync_to_async(staff.get)(f"/admin/{page}/", {"q": f" {text} "})
        assert found.context["cl"].result_count == count


def act(browser: Client, action: str, *orders: Order) -> str:
    form = {"action": action, "_selected_action": [str(order.pk) for order in orders]}
    return browser.post("/admin/orders/order/", form, follow=True).content.decode()


def test_orders_are_retried_and_acknowledged_from_the_list(
    placed: Callable[..., Order], staff: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orders.admin.notify_sync", lambda request: None)
    waiting, ended = placed(), placed()
    later = {"needs_attention": True, "attention": "look", "failures": 30}
    Order.objects.update(next_attempt_at=clock.after(15), **later)
    Order.objects.filter(pk=ended.pk).update(status="rejected", outcome="rejected")

    assert "1 of 2 orders are due now." in act(staff, "retry", waiting, ended)
    waiting.refresh_from_db()
    assert waiting.next_attempt_at and waiting.next_attempt_at <= clock.now()
    assert (waiting.failures, waiting.needs_attention) == (0, False)

    assert "The flags of 1 orders are off." in act(staff, "acknowledge", ended)
    ended.refresh_from_db()
    assert (ended.needs_attention, ended.status) == (False, "rejected")


def test_who_may_only_look_operates_nothing(placed: Callable[..., Order]) -> None:
    from django.contrib.auth.models import Permission

    order = placed()
    Order.objects.update(needs_attention=True)
    reader = User.objects.create_user("reader", is_staff=True)
    reader.user_permissions.add(Permission.objects.get(codename="view_order"))
    browser = Client()
    browser.force_login(reader)
    page = act(browser, "acknowledge", order)
    assert 'value="acknowledge"' not in page
    order.refresh_from_db()
    assert order.needs_attention
