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


def test_a_delivery_that_is_sent_twice_counts_once(
    staff: Client, product: Callable[..., str]
) -> None:
    sku = product("MUG", on_hand=3)
    page = staff.get("/admin/inventory/movement/add/")
    delivery = str(page.context["adminform"].form["delivery"].value())
    form = {"product": sku, "quantity": "4", "note": "", "delivery": delivery}
    first, second = [
        staff.post("/admin/inventory/movement/add/", form) for _ in range(2)
    ]
    assert (first.status_code, second.status_code) == (302, 200)
    assert b"This delivery has been received already." in second.content
    assert Stock.objects.get(product_id=sku).on_hand == 7
    other = staff.get("/admin/inventory/movement/add/").context["adminform"].form
    assert str(other["delivery"].value()) != delivery


def test_a_shelf_holds_as_many_as_it_can_count(
    staff: Client, product: Callable[..., str]
) -> None:
    sku = product("MUG")
    Stock.objects.update(on_hand=2**31 - 10)
    for quantity, status in (("10", 200), ("9", 302), ("1", 200)):
        form = {"product": sku, "quantity": quantity, "note": ""}
        answer = staff.post("/admin/inventory/movement/add/", form)
        assert answer.status_code == status
    assert Stock.objects.get(product_id=sku).on_hand == 2**31 - 1


def test_a_product_is_named_and_not_chosen_from_thousands(
    staff: Client, product: Callable[..., str]
) -> None:
    for number in range(50):
        product(f"P-{number}")
    page = staff.get("/admin/inventory/movement/add/").content
    assert b"P-49" not in page
    wrong = {"product": "NO-SUCH", "quantity": "4", "note": ""}
    answer = staff.post("/admin/inventory/movement/add/", wrong)
    assert answer.context["errors"]


@pytest.mark.parametrize(
    ("first", "second"), [("unit_price", "name"), ("name", "unit_price")]
)
def test_two_tabs_do_not_undo_each_others_fields(
    staff: Client, product: Callable[..., str], first: str, second: str
) -> None:
    sku = product("MUG", price=1250)
    url = f"/admin/inventory/product/{sku}/change/"
    new = {"name": "New mug", "unit_price": "999"}

    def tab() -> dict[str, str]:
        form = staff.get(url).context["adminform"].form
        shown = {name: str(form[name].value()) for name in form.fields}
        shown |= {f"initial-{name}": value for name, value in shown.items()}
        return shown | {"stock-TOTAL_FORMS": "0", "stock-INITIAL_FORMS": "0"}

    tabs = {first: tab(), second: tab()}
    for name, form in tabs.items():
        assert staff.post(url, form | {name: new[name]}).status_code == 302
    kept = Product.objects.get(sku=sku)
    assert (kept.name, kept.unit_price) == ("New mug", 999)
