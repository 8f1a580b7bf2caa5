"""The tables of billing."""

from django.db import models


class Invoice(models.Model):
    """A booking's bill; over nothing if it was paid back, now or in advance."""

    booking_id = models.UUIDField(primary_key=True)
    amount = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return f"{self.booking_id} {self.amount}"
