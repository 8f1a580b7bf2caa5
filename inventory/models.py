"""Inventory's tables.

`counters.py` writes counters and movements, `checkpoints.py` sums of movements, and
`stock.py` with `holding.py` allocations; `overdue.py` moves only the time and the
flag of a hold.
"""

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q

from common.contracts.money import HIGHEST_PRICE


class Product(models.Model):
    """Something we sell, at its list price in minor units."""

    sku = models.CharField(
        max_length=40, primary_key=True, validators=[RegexValidator(r"^[A-Z0-9-]+\Z")]
    )
    name = models.CharField(max_length=120)
    unit_price = models.PositiveBigIntegerField(
        help_text="in minor units (cents)",
        validators=[MaxValueValidator(HIGHEST_PRICE)],
    )
    currency = models.CharField(
        max_length=3, default="EUR", validators=[RegexValidator(r"^[A-Z]{3}\Z")]
    )

    class Meta:
        ordering = ("sku",)

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class Stock(models.Model):
    """A product's counters; the movements explain both."""

    product = models.OneToOneField(
        Product, on_delete=models.PROTECT, primary_key=True, related_name="stock"
    )
    on_hand = models.PositiveIntegerField(default=0)
    allocated = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "stock"
        constraints = (
            models.CheckConstraint(
                name="allocated_at_most_on_hand",
                condition=Q(allocated__gte=0) & Q(allocated__lte=F("on_hand")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.product_id}: {self.on_hand} on hand, {self.allocated} allocated"


class AllocationState(models.TextChoices):
    """The states of protocol table "Inventory"; no row is the state `none`."""

    HELD = "held"
    SHORT = "short"
    FINALISED = "finalised"
    RELEASED = "released"


class Allocation(models.Model):
    """What an order got, and the answer that a repeated request gets."""

    order_id = models.UUIDField(primary_key=True)
    state = models.CharField(max_length=10, choices=AllocationState.choices)
    refusal = models.JSONField(null=True, blank=True)
    decided_at = models.DateTimeField()
    deadline = models.DateTimeField(null=True)
    expires_at = models.DateTimeField(null=True, db_index=True)
    flagged = models.BooleanField(
        default=False, help_text="an overdue hold of an order that orders does not know"
    )

    class Meta:
        constraints = (
            models.CheckConstraint(
                name="allocation_state_is_known",
                condition=Q(state__in=AllocationState.values),
            ),
        )

    def __str__(self) -> str:
        return f"{self.order_id} {self.state}"


class AllocationLine(models.Model):
    """One product of an allocation, with the price that held at the time."""

    allocation = models.ForeignKey(
        Allocation, on_delete=models.PROTECT, related_name="lines"
    )
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()
    unit_price = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)

    class Meta:
        ordering = ("product_id",)
        constraints = (
            models.UniqueConstraint(
                name="one_line_per_product", fields=("allocation", "product")
            ),
        )

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class MovementKind(models.TextChoices):
    """Why a counter changed."""

    RECEIVE = "receive"
    ALLOCATE = "allocate"
    FINALISE = "finalise"
    RELEASE = "release"
    RESTOCK = "restock"


class Movement(models.Model):
    """One entry of the append-only ledger that explains the counters."""

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="movements", db_index=False
    )
    kind = models.CharField(max_length=10, choices=MovementKind.choices)
    on_hand = models.IntegerField(help_text="change of the counter")
    allocated = models.IntegerField(help_text="change of the counter")
    order_id = models.UUIDField(null=True, blank=True, db_index=True)
    at = models.DateTimeField()
    delivery = models.UUIDField(
        null=True, blank=True, unique=True, help_text="of the form that received it"
    )
    note = models.CharField(max_length=200, blank=True)

    class Meta:
        indexes = (
            models.Index(name="movements_of_a_product", fields=("product", "id")),
        )
        constraints = (
            models.UniqueConstraint(
                name="one_movement_of_a_kind_per_order",
                fields=("order_id", "product", "kind"),
                condition=Q(order_id__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.product_id} {self.on_hand:+} {self.allocated:+}"


class LedgerCheckpoint(models.Model):
    """What the movements of a product add up to, from its first one to one of them."""

    product = models.ForeignKey(
        Product, on_delete=models.PROTECT, related_name="checkpoints", db_index=False
    )
    up_to = models.BigIntegerField(help_text="the last movement's id")
    on_hand = models.BigIntegerField()
    allocated = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                name="one_checkpoint_per_movement", fields=("product", "up_to")
            ),
        )

    def __str__(self) -> str:
        return f"{self.product_id} up to {self.up_to}"
