"""Placing an order: six steps in one request."""

import threading
from typing import Any

import requests
from django.conf import settings
from django.db import transaction
from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from lab.orders.naive.orders.models import Order, OrderLine

SECONDS = 20
_kept = threading.local()


class Line(serializers.Serializer[Any]):
    """So many pieces of a product."""

    sku = serializers.CharField(max_length=40)
    quantity = serializers.IntegerField(min_value=1, max_value=1000)


class Body(serializers.Serializer[Any]):
    """What a customer orders."""

    lines = Line(many=True, allow_empty=False)
    card_token = serializers.CharField(max_length=80)


@api_view(["POST"])
def place(request: Request) -> Response:
    """Place an order, and answer when it is confirmed."""
    body = Body(data=request.data)
    body.is_valid(raise_exception=True)
    wanted = body.validated_data
    with transaction.atomic():
        order = Order.objects.create(card_token=wanted["card_token"])
        lines = OrderLine.objects.bulk_create(
            OrderLine(order=order, **line) for line in wanted["lines"]
        )
    id = str(order.id)
    held = _post(
        f"{settings.INVENTORY_URL}/allocate", order_id=id, lines=wanted["lines"]
    )
    for line in lines:
        line.unit_price = held["prices"][line.sku]
    OrderLine.objects.bulk_update(lines, ["unit_price"])
    order.total = sum(held["prices"][one.sku] * one.quantity for one in lines)
    order.save(update_fields=["total"])
    _post(
        f"{settings.PAYMENTS_URL}/charge",
        order_id=id,
        amount=order.total,
        currency=order.currency,
        card_token=order.card_token,
    )
    _post(f"{settings.INVENTORY_URL}/finalise", order_id=id)
    order.status = "confirmed"
    order.save(update_fields=["status"])
    told = {"id": id, "status": order.status, "total": order.total}
    return Response(told, status=201)


def _post(url: str, **body: Any) -> Any:
    session: requests.Session | None = getattr(_kept, "session", None)
    if session is None:
        session = _kept.session = requests.Session()
    answer = session.post(url, json=body, timeout=SECONDS)
    answer.raise_for_status()
    return answer.json()


urlpatterns = [path("api/orders", place)]
