"""Orders' tables. Only `states.py` writes an order's status."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Status(models.TextChoices):
    """The statuses of protocol table "Orders"; `states.py` has the transitions."""

    PLACED = "placed"
    CONFIRMED = "confirmed"
    COMPENSATING = "compensating"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Order(models.Model):
    """One order. The row is also the task: a runner takes it when it is due."""

    id = models.UUIDField(primary_key=True)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT
    )
    key_scope = models.CharField(
        max_length=40, help_text="whose idempotency keys: a customer's, or all guests'"
    )
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="of the request's body")
    first_status = models.PositiveSmallIntegerField(
        null=True, help_text="the HTTP status of the first answer, for its replays"
    )

    status = models.CharField(max_length=12, choices=Status.choices)
    outcome = models.CharField(
        max_length=10, blank=True, help_text="what the compensation will end in"
    )
    reason = models.JSONField(null=True, blank=True, help_text="a problem (RFC 9457)")
    total = models.PositiveBigIntegerField(null=True, help_text="in minor units")
    currency = models.CharField(max_length=3, blank=True)
    card_token = models.CharField(max_length=80)
    flags = models.JSONField(default=list)
    correlation_id = models.CharField(max_length=64)
    placed_at = models.DateTimeField(db_index=True)
    confirmed_at = models.DateTimeField(null=True)
    deadline = models.DateTimeField()

    next_attempt_at = models.DateTimeField(
        null=True, db_index=True, help_text="when a runner may take it: the lease"
    )
    runs = models.PositiveIntegerField(default=0, help_text="how often one took it")
    failures = models.PositiveIntegerField(default=0, help_text="in a row")
    needs_attention = models.BooleanField(default=False)
    attention = models.CharField(max_length=200, blank=True)

    class Meta:
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

    def __str__(self) -> str:
        return f"{self.id} {self.status}"


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


class StatusTransition(models.Model):
    """One change of an order's status, written with it. For people and the audit."""

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="transitions"
    )
    start = models.CharField(max_length=12, blank=True)
    end = models.CharField(max_length=12)
    note = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.start} → {self.end}"


class Step(models.Model):
    """One step that was tried. For people: no runner ever reads it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="steps")
    name = models.CharField(max_length=30)
    service = models.CharField(max_length=20)
    outcome = models.CharField(max_length=200)
    queue_ms = models.FloatField(null=True)
    handler_ms = models.FloatField(null=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.outcome}"
