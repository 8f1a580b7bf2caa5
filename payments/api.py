"""The vault: a card's number goes in, a token comes out."""

import asyncio
import secrets
from datetime import date
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common import clock
from common.http.rest.fields import (
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from common.http.rest.problems import ProblemSerializer, ServiceUnavailable
from common.rpc.process_client import run_on_loop
from payments.gateway import (
    CardNotAccepted,
    GatewayTimeout,
    PaymentMethod,
    gateway,
)
from payments.models import Card

PATIENCE = 5.0
"""Seconds for which the vault waits until the gateway has taken a card."""


class CardSerializer(StrictSerializer):
    """A card as its owner types it. Which cards are taken is the gateway's to say."""

    number = StrictCharField(
        min_length=12,
        max_length=23,
        pattern=r"^[0-9 -]*\Z",
        expected="digits, in groups or not",
        write_only=True,
    )
    exp_month = StrictIntegerField(min_value=1, max_value=12, write_only=True)
    exp_year = StrictIntegerField(min_value=2000, max_value=2099, write_only=True)
    cvc = StrictCharField(
        min_length=3,
        max_length=4,
        pattern=r"^[0-9]*\Z",
        expected="digits",
        write_only=True,
    )
    token = serializers.CharField(read_only=True)
    brand = serializers.CharField(read_only=True)
    last4 = serializers.CharField(read_only=True)

    def validate_number(self, value: str) -> str:
        """Accept digits, with or without spaces."""
        number = value.replace(" ", "").replace("-", "")
        if not (_is_digits(number) and 12 <= len(number) <= 19):
            raise serializers.ValidationError("expected 12 to 19 digits")
        return number

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse a card that is out of date."""
        today: date = clock.now().date()
        if (attrs["exp_year"], attrs["exp_month"]) < (today.year, today.month):
            raise serializers.ValidationError({"exp_year": ["the card has expired"]})
        return attrs


class CardsView(APIView):
    """Cards of anybody; the token is all that opens them."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_scope = "cards"

    @extend_schema(
        request=CardSerializer,
        responses={
            201: CardSerializer,
            (400, "application/problem+json"): ProblemSerializer,
        },
    )
    def post(self, request: Request) -> Response:
        """Give a card to the gateway and return a token. The number is not kept."""
        serializer = CardSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        method = run_on_loop(_given_to_the_gateway(serializer.validated_data))
        card = Card.objects.create(
            token=f"card_{secrets.token_urlsafe(18)}",
            method=method.id,
            brand=method.brand,
            last4=method.last4,
            created_at=clock.now(),
        )
        return Response(CardSerializer(card).data, status=status.HTTP_201_CREATED)


async def _given_to_the_gateway(card: dict[str, Any]) -> PaymentMethod:
    try:
        async with asyncio.timeout(PATIENCE):
            return await gateway().add_card(**card)
    except CardNotAccepted as error:
        raise serializers.ValidationError({error.field: [error.why]}) from None
    except (GatewayTimeout, TimeoutError):
        raise ServiceUnavailable("The card gateway did not answer.") from None


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
