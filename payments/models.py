"""Payments' tables.

`entries.py` writes charges and the ledger; `late_refunds.py` moves only the times of a
charge, and whether orders was notified.
"""

from django.db import models
from django.db.models import Q


class Card(models.Model):
    """A card as we know it: the gateway's name for it, never its number."""

    token = models.CharField(max_length=40, primary_key=True)
    method = models.CharField(max_length=80, help_text="the gateway's payment method")
    brand = models.CharField(max_length=20)
    last4 = models.CharField(max_length=4)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.brand} …{self.last4}"


class ChargeState(models.TextChoices):
    """The states of protocol table "Payments"; no row is the state `none`."""

    INTENT = "intent"
    CHARGED = "charged"
    DECLINED = "declined"
    REFUNDING = "refunding"
    REFUNDED = "refunded"
    VOIDED = "voided"


class Charge(models.Model):
    """The one charge of an order."""

    order_id = models.UUIDField(primary_key=True)
    state = models.CharField(max_length=10, choices=ChargeState.choices)
    amount = models.PositiveBigIntegerField(default=0, help_text="in minor units")
    currency = models.CharField(max_length=3, blank=True)
    card_token = models.CharField(
        max_length=80, blank=True, db_index=True, help_text="asked for by `purge`"
    )
    method = models.CharField(max_length=80, blank=True)
    decline_code = models.CharField(max_length=40, blank=True)
    opened_at = models.DateTimeField()
    deadline = models.DateTimeField(null=True)
    refund = models.PositiveIntegerField(
        default=0, help_text="the number of the current refund; part of its key"
    )
    failed_refunds = models.PositiveIntegerField(default=0)
    orders_notified = models.BooleanField(
        default=True, help_text="whether orders knows of the last failed refund"
    )
    notify_orders_at = models.DateTimeField(
        null=True, help_text="when orders is notified again; at once if empty"
    )
    checks = models.PositiveIntegerField(
        default=0, help_text="how often the gateway was asked whether the refund stands"
    )
    next_attempt_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        indexes = (
            models.Index(
                name="charges_with_news_for_orders",
                fields=("notify_orders_at",),
                condition=Q(orders_notified=False),
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="charge_state_is_known",
                condition=Q(state__in=ChargeState.values),
            ),
            models.CheckConstraint(
                name="a_charge_has_an_amount",
                condition=Q(state="voided") | Q(amount__gt=0),
            ),
        )

    def __str__(self) -> str:
        return f"{self.order_id} {self.state} {self.amount} {self.currency}"


class EntryKind(models.TextChoices):
    """Why money moved."""

    CHARGE = "charge"
    REFUND = "refund"
    REVERSAL = "reversal"


class Entry(models.Model):
    """One entry of the append-only ledger; refunds are negative."""

    charge = models.ForeignKey(Charge, on_delete=models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind.choices)
    refund = models.PositiveIntegerField(default=0, help_text="which refund")
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "entries"
        constraints = (
            models.UniqueConstraint(
                name="each_entry_once", fields=("charge", "kind", "refund")
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"
