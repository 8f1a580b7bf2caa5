"""An order and its lines."""

import uuid

from django.db import models


class Order(models.Model):
    """One order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    status = models.CharField(max_length=12, default="placed")
    total = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="EUR")
    card_token = models.CharField(max_length=80)
    placed_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.id} {self.status}"


class OrderLine(models.Model):
    """So many pieces of one product."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    sku = models.CharField(max_length=40)
    quantity = models.PositiveIntegerField()
    unit_price = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.sku}"
