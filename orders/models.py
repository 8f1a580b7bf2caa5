"""Orders' tables. An order is a saga: `common/saga/models.py` has most columns."""

from collections.abc import Sequence

from django.conf import settings
from django.db import models
from django.db.models import Q

from common import sql
from common.contracts.orders import TRANSITIONS
from common.saga.models import Attempt, Saga, Transition


class Status(models.TextChoices):
    """The statuses of protocol table "Orders"; the contracts list the transitions."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    COMPENSATING = "compensating"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Order(Saga):
    """One order. The row is also the task: a worker takes it up when it is due."""

    BEGUN, COMPLETED = Status.PLACED, Status.CONFIRMED
    TRANSITIONS = TRANSITIONS

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT
    )
    key_scope = models.CharField(
        max_length=40, help_text="whose idempotency keys: a customer's, or all guests'"
    )
    key = models.CharField(  # noqa: DJ001 not one of two orders without a key
        max_length=255, null=True, help_text="none once it is purged"
    )
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text="of the request's body"
    )
    first_status = models.PositiveSmallIntegerField(
        null=True, help_text="the HTTP status of the first answer, for its replays"
    )

    status = models.CharField(max_length=12, choices=Status.choices)
    total = models.PositiveBigIntegerField(null=True, help_text="in minor units")
    currency = models.CharField(max_length=3, blank=True)
    card_token = models.CharField(max_length=80, blank=True)
    placed_at = models.DateTimeField(db_index=True)
    confirmed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = (
            models.Index(
                name="orders_of_a_customer", fields=("customer", "-placed_at", "-id")
            ),
            models.Index(
                name="orders_that_need_attention",
                fields=("placed_at",),
                condition=Q(needs_attention=True),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                name="one_order_per_key", fields=("key_scope", "key")
            ),
            models.CheckConstraint(
                name="order_status_is_known", condition=Q(status__in=Status.values)
            ),
            models.CheckConstraint(
                name="a_confirmed_order_has_a_total",
                condition=~Q(status="confirmed") | Q(total__isnull=False, total__gt=0),
            ),
            models.CheckConstraint(
                name="a_compensating_order_has_an_outcome",
                condition=~Q(status="compensating") | ~Q(outcome=""),
            ),
        )

    loaded_lines: list["OrderLine"]
    """The lines, once they were read for the steps or for an answer."""

    def __str__(self) -> str:
        return f"{self.id} {self.status}"

    @classmethod
    def load(cls, rows: Sequence["Order"]) -> None:
        """Read the lines, unless an order is being compensated: that needs none."""
        load_lines([one for one in rows if one.status == Status.PLACED])


class OrderLine(models.Model):
    """So many pieces of one product, and their price once inventory named it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=40)
    quantity = models.PositiveIntegerField()
    unit_price = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("sku",)
        constraints = (
            models.UniqueConstraint(name="one_line_per_sku", fields=("order", "sku")),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"


def load_lines(orders: Sequence[Order]) -> None:
    """Read the lines of several orders."""
    of = {one.id: one for one in orders}
    for one in orders:
        one.loaded_lines = []
    text = """
        SELECT {columns} FROM orders_orderline
        WHERE order_id IN (VALUES {rows}) ORDER BY sku
    """
    for line in sql.objects(OrderLine, text, [(key,) for key in of]) if of else ():
        of[line.order_id].loaded_lines.append(line)


class StatusTransition(Transition):
    """One status transition of an order."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="transitions"
    )


class Step(Attempt):
    """One attempt at a step of an order."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="steps")
