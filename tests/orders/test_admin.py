"""The admins of orders and payments show everything and change nothing."""

from collections.abc import Callable

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth.models import User
from django.test import Client

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
