"""Charging a card: the row is the gateway."""

from django.urls import path
from rest_framework import serializers
from rest_framework.decorators import api_view
from rest_framework.request import Request
from rest_framework.response import Response

from lab.orders.naive.payments.models import Charge


class Body(serializers.ModelSerializer[Charge]):
    """A charge."""

    class Meta:
        model = Charge
        fields = ("order_id", "amount", "currency", "card_token")


@api_view(["POST"])
def charge(request: Request) -> Response:
    """Charge a card."""
    body = Body(data=request.data)
    body.is_valid(raise_exception=True)
    body.save()
    return Response({}, status=201)


urlpatterns = [path("charge", charge)]
