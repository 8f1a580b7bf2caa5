"""A caller is tested within TestCase, without a bus and without another service."""

import asyncio
from typing import Any
from uuid import uuid4

import django.test
import pytest
from django.db import transaction

from common.contracts.inventory import (
    AlreadyReleased,
    FinaliseInventory,
    ReleaseInventory,
)
from common.contracts.reports.inventory import ListProducts, ProductPage
from common.rpc.contract import Done
from common.rpc.errors import ContractBroken, Crashed, NotServed
from common.rpc.process_client import call, call_sync, notify_sync
from common.rpc.testing import answered_by
from orders.models import Order


class ACaller(django.test.TestCase):
    def test_is_answered_and_what_it_asked_can_be_seen(self) -> None:
        request = FinaliseInventory(order_id=uuid4())
        with answered_by({FinaliseInventory: lambda request: Done()}) as asked:
            assert call_sync(request) == Done()
        assert asked == [request]
        assert Order.objects.count() == 0

    def test_of_a_page_reads_as_the_docs_show(self) -> None:
        page = ProductPage(products=(), next=None)
        with answered_by({ListProducts: lambda request: page}) as asked:
            answer = self.client.get("/api/products")
        assert answer.status_code == 200
        assert asked == [ListProducts()]

    def test_still_may_not_call_in_a_transaction_of_its_own(self) -> None:
        with (
            answered_by({FinaliseInventory: lambda request: Done()}),
            transaction.atomic(),
            pytest.raises(RuntimeError, match="inside a database transaction"),
        ):
            call_sync(FinaliseInventory(order_id=uuid4()))


def raising(error: Exception) -> Any:
    def answer(request: Any) -> Done:
        raise error

    return answer


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (raising(AlreadyReleased()), AlreadyReleased),
        (raising(ZeroDivisionError()), Crashed),
        (lambda request: ProductPage(products=(), next=None), ContractBroken),
    ],
)
def test_a_caller_meets_what_a_worker_would_answer(
    db: None, answer: Any, error: type[Exception]
) -> None:
    with answered_by({FinaliseInventory: answer}), pytest.raises(error):
        call_sync(FinaliseInventory(order_id=uuid4()))


def test_what_has_no_answer_is_not_served(db: None) -> None:
    with answered_by({}) as asked, pytest.raises(NotServed):
        call_sync(ListProducts())
    assert asked == []


def test_notifications_are_seen_once_they_are_sent(db: None) -> None:
    request = ReleaseInventory(order_id=uuid4())
    with answered_by({ReleaseInventory: lambda request: Done()}) as asked:
        notify_sync(request)
        call_sync(request)  # behind it, on the same loop
    assert asked == [request, request]


async def test_it_serves_code_on_an_event_loop(transactional_db: None) -> None:
    with answered_by({FinaliseInventory: lambda request: Done()}) as asked:
        await asyncio.gather(
            *(call(FinaliseInventory(order_id=uuid4())) for _ in range(3))
        )
    assert len(asked) == 3
