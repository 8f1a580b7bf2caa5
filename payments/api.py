"""The vault: a card's number goes in, a token comes out."""

import secrets
from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import ScopedRateThrottle
from rest_framework.views import APIView

from common import clock
from common.http.rest.fields import (
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from common.http.rest.problems import ProblemSerializer
from payments.gateway.cards import BY_NUMBER
from payments.models import Card


class CardSerializer(StrictSerializer):
    """A card as its owner types it. Only Stripe's published test numbers are taken."""

    number = StrictCharField(min_length=12, max_length=23, write_only=True)
    exp_month = StrictIntegerField(min_value=1, max_value=12, write_only=True)
    exp_year = StrictIntegerField(min_value=2000, max_value=2099, write_only=True)
    cvc = StrictCharField(min_length=3, max_length=4, write_only=True)
    token = serializers.CharField(read_only=True)
    brand = serializers.CharField(read_only=True)
    last4 = serializers.CharField(read_only=True)

    def validate_number(self, value: str) -> str:
        """Accept published test numbers, with or without spaces."""
        number = value.replace(" ", "").replace("-", "")
        if number not in BY_NUMBER:
            raise serializers.ValidationError(
                "expected one of Stripe's published test card numbers"
            )
        return number

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Check the fields against each other."""
        today: date = clock.now().date()
        if (attrs["exp_year"], attrs["exp_month"]) < (today.year, today.month):
            raise serializers.ValidationError({"exp_year": ["the card has expired"]})
        digits = 4 if BY_NUMBER[attrs["number"]].brand == "amex" else 3
        if not (attrs["cvc"].isascii() and attrs["cvc"].isdigit()):
            raise serializers.ValidationError({"cvc": ["expected digits"]})
        if len(attrs["cvc"]) != digits:
            raise serializers.ValidationError({"cvc": [f"expected {digits} digits"]})
        return attrs


class CardsView(APIView):
    """Cards of anybody; the token is all that opens them."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "cards"

    @extend_schema(
        request=CardSerializer,
        responses={
            201: CardSerializer,
            (400, "application/problem+json"): ProblemSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        """Keep a card and return its token. The number itself is not kept."""
        serializer = CardSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        test_card = BY_NUMBER[serializer.validated_data["number"]]
        card = Card.objects.create(
            token=f"card_{secrets.token_urlsafe(18)}",
            method=test_card.method,
            brand=test_card.brand,
            last4=test_card.number[-4:],
            created_at=clock.now(),
        )
        return Response(CardSerializer(card).data, status=status.HTTP_201_CREATED)
