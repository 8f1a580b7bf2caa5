"""Products, and what orders hold of them."""

from django.db import models


class Product(models.Model):
    """Something we sell."""

    sku = models.CharField(max_length=40, primary_key=True)
    unit_price = models.BigIntegerField()
    on_hand = models.PositiveIntegerField()
    allocated = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return self.sku


class AllocationLine(models.Model):
    """What an order holds of a product, or took."""

    order_id = models.UUIDField(db_index=True)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.PositiveIntegerField()
    finalised = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"
