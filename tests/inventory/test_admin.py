"""Inventory's admin receives stock and sets prices, and changes nothing else."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.test import Client

from inventory.models import Movement, Product, Stock

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.urls("inventory.urls"),
]


@pytest.fixture
def staff(db: None) -> Client:
    """Return the browser of somebody who may do everything."""
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_receiving_stock_moves_the_counter_and_writes_the_ledger(
    staff: Client, product: Callable[..., str]
) -> None:
    product("MUG", on_hand=3)
    form = {"product": "MUG", "quantity": "4", "note": "a delivery"}
    answer = staff.post("/admin/inventory/movement/add/", form, follow=True)
    assert b"was added successfully" in answer.content
    assert Stock.objects.get(product_id="MUG").on_hand == 7
    entry = Movement.objects.latest("id")
    assert (entry.kind, entry.on_hand, entry.note) == ("receive", 4, "a delivery")
    assert Movement.objects.count() == 2


@pytest.mark.parametrize("quantity", ["0", "-1", "1.5", "x", ""])
def test_a_wrong_quantity_receives_nothing(
    staff: Client, product: Callable[..., str], quantity: str
) -> None:
    product("MUG", on_hand=3)
    form = {"product": "MUG", "quantity": quantity, "note": ""}
    answer = staff.post("/admin/inventory/movement/add/", form)
    assert answer.status_code == 200
    assert answer.context["errors"]
    assert Movement.objects.count() == 1


def test_a_price_can_be_set_and_a_sku_cannot_be_changed(
    staff: Client, product: Callable[..., str]
) -> None:
    product("MUG", price=1250)
    form = {
        "sku": "OTHER",
        "name": "Mug",
        "unit_price": "999",
        "currency": "EUR",
        "stock-TOTAL_FORMS": "0",
        "stock-INITIAL_FORMS": "0",
    }
    answer = staff.post("/admin/inventory/product/MUG/change/", form)
    assert answer.status_code == 302
    (changed,) = Product.objects.all()
    assert (changed.sku, changed.unit_price) == ("MUG", 999)


@pytest.mark.parametrize("model", ["movement", "stock", "allocation"])
def test_counters_ledger_and_allocations_are_for_reading(
    staff: Client, product: Callable[..., str], model: str
) -> None:
    product("MUG", on_hand=3)
    entry = Movement.objects.get()
    key = {"movement": str(entry.pk), "stock": "MUG", "allocation": "x"}[model]
    assert staff.get(f"/admin/inventory/{model}/").status_code == 200
    if model != "allocation":
        page = staff.get(f"/admin/inventory/{model}/{key}/change/")
        assert page.status_code == 200
        assert b"_save" not in page.content
        post = staff.post(f"/admin/inventory/{model}/{key}/change/", {"on_hand": 99})
        assert post.status_code == 403
        delete = staff.post(f"/admin/inventory/{model}/{key}/delete/", {"post": "yes"})
        assert delete.status_code == 403
    if model != "movement":
        assert staff.get(f"/admin/inventory/{model}/add/").status_code == 403
    assert Stock.objects.get().on_hand == 3


ESCAPES = ["MUG\x1b[2J", "MUG\x1b]0;owned\x07", "MUG\r\nok", "M\u202eGUM", "MUG\x9b2J"]


@pytest.mark.parametrize("text", ESCAPES)
@pytest.mark.parametrize("field", ["sku", "name"])
def test_nothing_that_steers_a_terminal_is_saved(
    staff: Client, field: str, text: str
) -> None:
    form = {"sku": "NEW", "name": "New", "unit_price": "100", "currency": "EUR"}
    inline = {"stock-TOTAL_FORMS": "0", "stock-INITIAL_FORMS": "0"}
    answer = staff.post("/admin/inventory/product/add/", form | inline | {field: text})
    assert answer.status_code == 200
    assert b"Enter printable characters only." in answer.content
    assert not Product.objects.exists()


@pytest.mark.parametrize("text", ESCAPES)
def test_the_note_of_a_delivery_is_printable_too(
    staff: Client, product: Callable[..., str], text: str
) -> None:
    form = {"product": product(), "quantity": "4", "note": text}
    answer = staff.post("/admin/inventory/movement/add/", form)
    assert b"Enter printable characters only." in answer.content
