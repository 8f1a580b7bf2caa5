"""What the API makes of a service's answer: wait, give up, or wake a person."""

import pytest
from rest_framework.test import APIClient
from structlog.testing import capture_logs

from common.contracts.inventory import AlreadyReleased, UnknownProduct
from common.contracts.reports.inventory import ProductPage
from common.rpc.errors import Busy, ContractBroken, Crashed, NoReply, NotServed
from inventory.models import Product
from orders import products
from tests.orders.test_api import problem

pytestmark = pytest.mark.django_db(transaction=True)

ANSWERS: dict[str, tuple[Exception, int, str]] = {
    "absent": (Busy("the channel is full"), 503, "service-unavailable"),
    "silent": (NoReply("no reply"), 503, "service-unavailable"),
    "crashed": (Crashed("KeyError"), 503, "service-unavailable"),
    "older": (NotServed("version 2; this is version 1"), 503, "service-unavailable"),
    "false": (ContractBroken("another SKU"), 502, "contract-broken"),
    "refusing": (UnknownProduct(skus=("MUG",)), 409, "unknown-product"),
    "undone": (AlreadyReleased(), 409, "already-released"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_a_service_answers_decides_whether_to_ask_again(
    api: APIClient, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    error, status, name = ANSWERS[case]

    async def call(request: object) -> None:
        raise error

    monkeypatch.setattr(products, "call", call)
    with capture_logs() as logs:
        answer = api.get("/api/products")
    document = problem(answer, status, name)
    assert document["detail"]
    assert answer.has_header("Retry-After") == (status == 503)
    errors = [log for log in logs if log["log_level"] == "error"]
    assert len(errors) == (status == 502)
    assert all("another SKU" in log["error"] for log in errors)


def test_a_refusal_is_passed_on_with_all_it_says(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(request: object) -> None:
        raise UnknownProduct(skus=("MUG",))

    monkeypatch.setattr(products, "call", refuse)
    document = problem(api.get("/api/products"), 409, "unknown-product")
    assert (document["skus"], document["detail"]) == (["MUG"], "no product MUG")


def test_a_false_reply_on_the_way_to_a_page_is_502(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from inventory import reports

    real = reports.products

    def turns_back(*, after: str, limit: int) -> ProductPage:
        page = real(after="", limit=limit)
        return ProductPage(products=page.products * 2, next=None)

    monkeypatch.setattr(reports, "products", turns_back)
    Product.objects.create(sku="MUG", name="Mug", unit_price=5)
    problem(api.get("/api/products"), 502, "contract-broken")
