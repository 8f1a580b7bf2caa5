"""Fixtures for everything that runs inside this process, in the tests' project."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import hypothesis
import pytest
from django.core.cache import cache
from django.db import connections
from rest_framework.test import APIClient

from common import clock
from common.rpc import process_client

# how long an example takes is the machine's affair, not a test's
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Use a database file: threads of the pool must see what the test wrote."""
    if connections["default"].vendor == "sqlite":
        path = tmp_path_factory.mktemp("db") / "test.sqlite3"
        connections["default"].settings_dict["TEST"]["NAME"] = str(path)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """End what the tests' threads left connected: PostgreSQL would not drop it."""
    yield
    database = connections["default"]
    if database.vendor == "postgresql":
        database.close()
        database.close_pool()
        # to drop it takes a checkpoint, however long that is
        del database.settings_dict["OPTIONS"]["options"]
        with django_db_blocker.unblock(), database._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = %s AND pid <> pg_backend_pid()",
                [database.settings_dict["NAME"]],
            )


@pytest.fixture(autouse=True)
def own_calls() -> Iterator[None]:
    """Give each test a client and a loop of its own."""
    yield
    process_client.stop_thread()


@pytest.fixture(autouse=True)
def fresh_throttles() -> None:
    """Forget how often earlier tests called."""
    cache.clear()


class Clock:
    """A wall clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def stopped_clock() -> Iterator[Clock]:
    """Stop the wall clock."""
    stopped = Clock()
    previous = clock.use(lambda: stopped.now)
    yield stopped
    clock.use(previous)


@pytest.fixture
def order_id() -> UUID:
    """Name an order."""
    return uuid4()


@pytest.fixture
def later() -> datetime:
    """Name a deadline that is far enough."""
    return clock.after(60)


@pytest.fixture
def product(db: None) -> Callable[..., str]:
    """Return a function that creates a product with stock and returns its SKU."""
    from inventory import counters
    from inventory.models import Product, Stock

    def create(sku: str = "MUG", *, on_hand: int = 10, price: int = 1250) -> str:
        Product.objects.create(sku=sku, name=sku.title(), unit_price=price)
        Stock.objects.create(product_id=sku)
        if on_hand:
            counters.receive(sku=sku, quantity=on_hand)
        return sku

    return create


@pytest.fixture
def card(db: None) -> Callable[..., str]:
    """Return a function that puts a test card into the vault and returns its token."""
    from payments.demo_gateway.cards import BY_NUMBER
    from payments.models import Card

    def create(number: str = "4242424242424242") -> str:
        test_card = BY_NUMBER[number]
        return Card.objects.create(
            token=f"card_{uuid4().hex}",
            method=test_card.method,
            brand=test_card.brand,
            last4=number[-4:],
            created_at=clock.now(),
        ).token

    return create


@pytest.fixture
def api() -> APIClient:
    """Return a guest's HTTP client."""
    return APIClient()
