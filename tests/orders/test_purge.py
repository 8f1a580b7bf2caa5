"""`./manage.py orders purge | anonymise`: what goes, what stays, what is refused."""

import asyncio
import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connections
from rest_framework.authtoken.models import Token

from common import clock
from common.context import Headers
from common.contracts.inventory import AlreadyReleased, Line, TooLateToAllocate
from common.contracts.money import Money
from common.contracts.orders import ENDED, LEAST_KEPT
from common.contracts.payments import ChargeCard, TooLateToCharge
from common.contracts.reports.inventory import AuditAllocations
from inventory import reports as of_inventory
from inventory import stock
from inventory.models import Allocation, Movement
from orders import purging, rows, states
from orders import reports as of_orders
from orders.models import Order, Step
from orders.orchestrator import orchestrator
from payments import ledger
from payments import reports as of_payments
from payments.demo_gateway.models import Operation
from payments.models import Card, Charge, ChargeState, Entry
from suite.invariants import order_violations, stock_violations
from tests.conftest import Clock
from tests.rules import allocate, alone

pytestmark = pytest.mark.django_db(transaction=True)
Place = Callable[..., Order]
DECLINED = "4000000000000002"


def run(*words: str) -> str:
    out = StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def ended(order: Order) -> Order:
    """Take an order to its end."""
    asyncio.run(orchestrator.run(order.id))
    order.refresh_from_db()
    assert order.status in ENDED
    return order


def cancelled(order: Order) -> Order:
    """Let an order be confirmed, and cancel it."""
    assert ended(order).status == "confirmed"
    assert states.cancel(order.id)
    return ended(order)


def violations() -> Iterator[str]:
    """Hold what is left against the invariants, as the audit does."""
    many = {"after": None, "limit": 10_000, "order_ids": None}
    charges = {one.order_id: one for one in of_payments.charges(**many).charges}
    held = {
        one.order_id: one
        for one in of_inventory.allocations(AuditAllocations(limit=200)).allocations
    }
    for one in of_orders.orders(**many, grace_seconds=30).orders:
        if one.status in ENDED or one.overdue:
            id = one.order_id
            yield from order_violations(one, charges.get(id), held.get(id))
    for account in of_inventory.stock_accounts(after="", limit=100).accounts:
        yield from stock_violations(account)


def test_what_ended_long_ago_is_forgotten_and_the_books_stay(
    placed: Place, stopped_clock: Clock
) -> None:
    kept = ended(placed())
    gone = [
        ended(placed(DECLINED)),
        ended(placed(MUG=99)),
        cancelled(placed()),
        ended(placed(TEA=1)),
    ]
    stopped_clock.advance(100 * 86_400)
    recent = [cancelled(placed()), ended(placed(DECLINED))]
    said = run("purge", "--older-than", "90d")

    assert "allocations that ended, and tombstones: 4" in said
    assert "charges that moved no money, and tombstones: 3" in said
    assert set(Order.objects.filter(key=None)) == {kept, *gone}
    assert not Step.objects.filter(order__in=[kept, *gone]).exists()
    assert all(one.steps.exists() and one.card_token for one in recent)
    assert Order.objects.count() == 7
    assert {one.pk for one in Allocation.objects.all()} == {
        kept.pk,
        *(one.pk for one in recent),
    }
    assert Charge.objects.get(pk=kept.pk).state == ChargeState.CHARGED
    assert Charge.objects.get(pk=gone[2].pk).state == ChargeState.REFUNDED
    assert Entry.objects.filter(charge_id=gone[2].pk).count() == 2
    assert Movement.objects.filter(order_id=gone[2].pk).count() == 3
    books = {one.order_id for one in Operation.objects.all()}
    assert books == {kept.pk, *(one.pk for one in recent)}
    assert Card.objects.count() == 2  # those of the recent orders
    assert list(violations()) == []
    assert set(run("purge", "--older-than", "90d").split()) >= {"0"}


def test_a_key_is_free_again(placed: Place, stopped_clock: Clock) -> None:
    order = ended(placed())
    new = rows.NewOrder(
        id=uuid.uuid4(),
        customer=None,
        key_scope=order.key_scope,
        key=str(order.key),
        fingerprint="",
        lines={"MUG": 1},
        card_token=order.card_token,
        headers=Headers(correlation_id=""),
    )
    stopped_clock.advance(86_400)
    assert rows.insert(new) == order
    stopped_clock.advance(86_400)
    [purge] = purging.PURGES
    assert purge.run(clock.now() - purge.keep) > 0
    assert rows.insert(new).id == new.id


def test_what_is_under_way_or_needs_a_person_keeps_everything(
    placed: Place, stopped_clock: Clock
) -> None:
    waiting, flagged = placed(), ended(placed(DECLINED))
    Order.objects.filter(id=flagged.id).update(needs_attention=True)
    late = ended(placed())  # and cancelled within its window, long after
    stopped_clock.advance(100 * 86_400)
    Order.objects.filter(id=late.id).update(confirmed_at=clock.now())
    cancelled_now = states.cancel(late.id) and ended(late)
    run("purge", "--older-than", "90d")
    for one in (waiting, flagged, cancelled_now):
        assert one.steps.exists()
        assert Order.objects.get(id=one.id).key


@pytest.mark.parametrize("age", ["90", "-1d", "1.5d", "90 d", "٩d", "d", "90d\n", ""])
def test_an_age_that_is_none_is_refused(db: None, age: str) -> None:
    with pytest.raises(CommandError, match="expected days or hours, such as 90d"):
        run("purge", f"--older-than={age}")


@pytest.mark.parametrize("age", ["0d", "25h", "30d"])
def test_an_age_at_which_something_is_needed_is_refused(
    placed: Place, age: str
) -> None:
    order = ended(placed(DECLINED))
    with pytest.raises(CommandError, match="expected at least 731h, since the demo"):
        run("purge", "--older-than", age)
    assert Step.objects.filter(order=order).exists()


def test_the_horizon_follows_the_settings() -> None:
    [purge] = purging.PURGES
    assert purge.keep == timedelta(hours=25)
    assert purge.keep > timedelta(seconds=settings.CANCEL_WINDOW)
    assert timedelta(seconds=settings.ORDER_DEADLINE) < LEAST_KEPT


def test_a_late_step_does_nothing_although_its_tombstone_is_gone(
    placed: Place, stopped_clock: Clock
) -> None:
    order = ended(placed(DECLINED))
    asyncio.run(ledger.refund_charge(order_id=order.id))
    lines = [Line(sku="MUG", quantity=1)]
    again = order.id, lines, order.deadline
    assert isinstance(allocate(*again), AlreadyReleased)
    stopped_clock.advance(40 * 86_400)
    run("purge", "--older-than", "35d")
    assert isinstance(allocate(*again), TooLateToAllocate)
    with pytest.raises(TooLateToCharge):
        asyncio.run(
            ledger.charge_card(
                ChargeCard(
                    order_id=order.id,
                    total=Money(amount=1, currency="EUR"),
                    card_token=order.card_token,
                    deadline=order.deadline,
                )
            )
        )
    alone(stock.release, order.id)
    asyncio.run(ledger.refund_charge(order_id=order.id))
    assert Charge.objects.get(pk=order.id).state == ChargeState.VOIDED
    assert list(violations()) == []


def test_sessions_tokens_and_wrong_logins_go(
    placed: Place, stopped_clock: Clock
) -> None:
    ada = User.objects.create_user("ada", password="correct horse")
    old, new = SessionStore(), SessionStore()
    for session, days in ((old, -1), (new, 1)):
        session.set_expiry(clock.now() + timedelta(days=days))
        session.save()
    Token.objects.create(user=ada)
    AccessAttempt.objects.create(username="ada", failures_since_start=1)
    run("purge", "--older-than", "60d")
    assert Token.objects.count() == AccessAttempt.objects.count() == 1
    assert [one.pk for one in Session.objects.all()] == [new.session_key]
    Token.objects.update(created=clock.now() - timedelta(days=61))
    AccessAttempt.objects.update(attempt_time=clock.now() - timedelta(days=61))
    run("purge", "--older-than", "60d")
    assert Token.objects.count() == AccessAttempt.objects.count() == 0


def test_orders_are_placed_and_end_while_it_purges(placed: Place) -> None:
    long_ago = clock.now() - timedelta(days=100)
    ids = [uuid.uuid4() for _ in range(1500)]
    Allocation.objects.bulk_create(
        Allocation(order_id=id, state="released", decided_at=long_ago) for id in ids
    )
    Charge.objects.bulk_create(
        Charge(order_id=id, state="voided", opened_at=long_ago) for id in ids
    )
    said: list[str] = []

    def purge() -> None:
        try:
            said.append(run("purge", "--older-than", "90d"))
        except Exception as error:  # a thread's error fails no test by itself
            said.append(repr(error))
        finally:
            connections.close_all()

    thread = threading.Thread(target=purge)
    thread.start()
    statuses = []
    for number in itertools.count():
        one = placed(MUG=99) if number % 3 == 2 else placed(MUG=1)
        statuses.append(ended(one).status)
        if statuses[-1] == "confirmed":
            assert states.cancel(one.id)
            statuses[-1] = ended(one).status
        if not thread.is_alive():
            break
    thread.join()
    assert set(statuses) == {"cancelled", "rejected"} or len(statuses) < 3
    assert "allocations that ended, and tombstones: 1500" in said[0]
    assert "charges that moved no money, and tombstones: 1500" in said[0]
    assert list(violations()) == []


def test_a_customer_is_anonymised_and_the_orders_stay(placed: Place) -> None:
    ada = User.objects.create_user(
        "ada", email="ada@example.org", password="correct horse", first_name="Ada"
    )
    order = placed()
    Order.objects.filter(id=order.id).update(customer=ada, correlation_id="ada-1")
    Token.objects.create(user=ada)
    with pytest.raises(CommandError, match="1 orders are under way: expected none"):
        run("anonymise", "ada")
    ended(order)
    assert f"ada is anonymous-{ada.pk} now, with 1 orders" in run("anonymise", "ada")
    ada.refresh_from_db()
    assert (ada.username, ada.first_name, ada.email) == (f"anonymous-{ada.pk}", "", "")
    assert not ada.is_active and not ada.has_usable_password()
    order.refresh_from_db()
    assert order.customer == ada
    assert (order.card_token, order.key, order.correlation_id) == ("", None, "")
    assert not Token.objects.exists()


def test_nobody_and_staff_are_not_anonymised(db: None) -> None:
    User.objects.create_superuser("root", password="correct horse")
    with pytest.raises(CommandError, match="root is staff: expected a customer"):
        run("anonymise", "root")
    with pytest.raises(CommandError, match="no such customer: ada"):
        run("anonymise", "ada\x1b[2J")
