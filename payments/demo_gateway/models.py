"""The demo gateway's tables: its books, as a real one keeps them on its own side."""

from django.db import models


class Operation(models.Model):
    """What the gateway did under an idempotency key."""

    key = models.CharField(max_length=80, primary_key=True)
    kind = models.CharField(max_length=10)
    order_id = models.UUIDField(db_index=True)
    amount = models.PositiveBigIntegerField()
    currency = models.CharField(max_length=3)
    method = models.CharField(max_length=80)
    outcome = models.CharField(max_length=20)
    code = models.CharField(max_length=40, blank=True)
    at = models.DateTimeField()
    fails_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.key} {self.outcome}"


class Faults(models.Model):
    """How badly the gateway behaves now; at most one row."""

    latency_ms = models.PositiveIntegerField(default=0)
    timeout_before = models.FloatField(default=0)
    timeout_after = models.FloatField(default=0)
    refuse_refunds = models.FloatField(default=0)
    die_after_charge = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "faults"

    def __str__(self) -> str:
        return f"latency {self.latency_ms} ms"
