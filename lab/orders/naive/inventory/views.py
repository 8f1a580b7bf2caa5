"""Holding stock, and taking it off the shelf."""

from typing import Any

from django.db import transaction
from django.db.models import F
from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from lab.orders.naive.inventory.models import AllocationLine, Product


class Line(serializers.Serializer[Any]):
    """So many pieces of a product."""

    sku = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1)


class Allocation(serializers.Serializer[Any]):
    """What an order wants."""

    order_id = serializers.UUIDField()
    lines = Line(many=True)


class Finalisation(serializers.Serializer[Any]):
    """Which order takes what it holds."""

    order_id = serializers.UUIDField()


@api_view(["POST"])
@transaction.atomic
def allocate(request: Request) -> Response:
    """Hold all lines, or answer 409."""
    body = Allocation(data=request.data)
    body.is_valid(raise_exception=True)
    wanted = {one["sku"]: one["quantity"] for one in body.validated_data["lines"]}
    locked = Product.objects.select_for_update().order_by("sku").filter(sku__in=wanted)
    products = {product.sku: product for product in locked}
    for sku, quantity in wanted.items():
        product = products.get(sku)
        if product is None or product.on_hand - product.allocated < quantity:
            return Response({"detail": f"{sku} is out of stock"}, status=409)
        product.allocated += quantity
    Product.objects.bulk_update(products.values(), ["allocated"])
    AllocationLine.objects.bulk_create(
        AllocationLine(
            order_id=body.validated_data["order_id"], product_id=sku, quantity=quantity
        )
        for sku, quantity in wanted.items()
    )
    return Response({"prices": {sku: one.unit_price for sku, one in products.items()}})


@api_view(["POST"])
@transaction.atomic
def finalise(request: Request) -> Response:
    """Take what an order holds off the shelf."""
    body = Finalisation(data=request.data)
    body.is_valid(raise_exception=True)
    held = AllocationLine.objects.filter(
        order_id=body.validated_data["order_id"], finalised=False
    )
    for line in sorted(held, key=lambda one: one.product_id):
        Product.objects.filter(sku=line.product_id).update(
            on_hand=F("on_hand") - line.quantity,
            allocated=F("allocated") - line.quantity,
        )
    held.update(finalised=True)
    return Response({})


urlpatterns = [path("allocate", allocate), path("finalise", finalise)]
