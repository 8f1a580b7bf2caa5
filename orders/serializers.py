"""The bodies of the orders API."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from common.contracts.money import HIGHEST_PRICE, HIGHEST_TOTAL
from common.http.rest.fields import (
    WORD,
    ShortListField,
    StrictCharField,
    StrictIntegerField,
    StrictSerializer,
)
from common.http.rest.problems import ProblemSerializer
from common.saga import timeline
from orders.access import guest_token
from orders.models import Order, OrderLine

MAX_LINES = 100
MAX_QUANTITY = 1000


class LineInput(StrictSerializer):
    """So many pieces of a product. Prices are the shop's to say, not the client's."""

    sku = StrictCharField(max_length=40, **WORD)
    quantity = StrictIntegerField(min_value=1, max_value=MAX_QUANTITY)


class OrderInput(StrictSerializer):
    """What a customer orders, and the card that pays for it."""

    lines = ShortListField(child=LineInput(), min_length=1, max_length=MAX_LINES)
    card_token = StrictCharField(
        max_length=80,
        pattern=r"^(?![0-9-]{12,}\Z)[!-~]*\Z",
        expected="printable characters of ASCII without spaces, not a number",
        help_text="from POST /api/cards; orders must never keep a card's number",
    )

    def merged_lines(self) -> dict[str, int]:
        """Return the quantities by SKU; lines of the same SKU add up."""
        wanted: dict[str, int] = {}
        for line in self.validated_data["lines"]:
            wanted[line["sku"]] = wanted.get(line["sku"], 0) + line["quantity"]
        return dict(sorted(wanted.items()))


class MoneySerializer(serializers.Serializer[Any]):
    """An amount in minor units of an ISO 4217 currency."""

    amount = serializers.IntegerField(min_value=0, max_value=HIGHEST_TOTAL)
    currency = serializers.CharField(min_length=3, max_length=3)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why an order came to nothing: a problem (RFC 9457), with fields of its own."""

    type = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()


class LineOutput(serializers.ModelSerializer[OrderLine]):
    """A line, with its price once inventory has named it."""

    quantity = serializers.IntegerField(min_value=1, max_value=MAX_LINES * MAX_QUANTITY)
    unit_price = serializers.IntegerField(
        min_value=0, max_value=HIGHEST_PRICE, allow_null=True
    )

    class Meta:
        model = OrderLine
        fields = ("sku", "quantity", "unit_price")


class OrderSummary(serializers.ModelSerializer[Order]):
    """An order as lists show it."""

    reason = serializers.SerializerMethodField()
    total = serializers.SerializerMethodField()
    lines = LineOutput(many=True, read_only=True)

    class Meta:
        model = Order
        fields = (
            "id",
            "status",
            "reason",
            "total",
            "lines",
            "placed_at",
            "deadline",
            "needs_attention",
            "correlation_id",
        )
        read_only_fields = ("needs_attention", "correlation_id")

    @extend_schema_field(ReasonSerializer(allow_null=True))
    def get_reason(self, order: Order) -> object:
        """Return why it was rejected, cancelled or expired, or None."""
        return order.reason

    @extend_schema_field(MoneySerializer(allow_null=True))
    def get_total(self, order: Order) -> dict[str, object] | None:
        """Return the total, or None as long as it is not known."""
        if order.total is None:
            return None
        return {"amount": order.total, "currency": order.currency}


class CannotCancelSerializer(ProblemSerializer):
    """The problem of an order that cannot be cancelled."""

    order_status = serializers.CharField(max_length=12)


class TimelineEntry(serializers.Serializer[Any]):
    """A step that was tried, a change of the status, or how much is left out here."""

    at = serializers.DateTimeField()
    step = serializers.CharField()
    service = serializers.CharField()
    outcome = serializers.CharField()
    queue_ms = serializers.FloatField(allow_null=True)
    handler_ms = serializers.FloatField(allow_null=True)
    left_out = serializers.IntegerField(
        min_value=0,
        max_value=2**53,
        help_text="0; or so many steps of this name, all but the first and last ten, "
        "for which this entry stands",
    )


class OrderDetail(OrderSummary):
    """An order with its timeline; a guest's comes with the token that opens it."""

    timeline = serializers.SerializerMethodField()

    class Meta(OrderSummary.Meta):
        fields = (*OrderSummary.Meta.fields, "timeline")  # type: ignore[assignment]

    @extend_schema_field(TimelineEntry(many=True))
    def get_timeline(self, order: Order) -> list[dict[str, object]]:
        """Return steps and status transitions in the order in which they happened."""
        return list(TimelineEntry(timeline.entries(order, plain=True), many=True).data)


class PlacedOrder(OrderSummary):
    """The answer to POST: for a guest with the token that opens the order later."""

    token = serializers.SerializerMethodField()
    lines = LineOutput(many=True, read_only=True, source="loaded_lines")

    class Meta(OrderSummary.Meta):
        fields = (*OrderSummary.Meta.fields, "token")  # type: ignore[assignment]

    def get_token(self, order: Order) -> str | None:
        """Return the guest's token, to be sent as the header Order-Token."""
        return guest_token(order.id) if order.customer_id is None else None


class ProductSerializer(serializers.Serializer[Any]):
    """A product as inventory lists it; the price in minor units."""

    sku = serializers.CharField()
    name = serializers.CharField()
    unit_price = serializers.IntegerField(min_value=0, max_value=HIGHEST_PRICE)
    currency = serializers.CharField(min_length=3, max_length=3)
    free = serializers.IntegerField(min_value=0, max_value=2**53)


class ProductPageSerializer(serializers.Serializer[Any]):
    """Products in SKU order; `next` is the `after` of the following page."""

    products = ProductSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class ProductQuery(serializers.Serializer[Any]):
    """Which page of products."""

    after = StrictCharField(
        max_length=40, required=False, allow_blank=True, default="", **WORD
    )
    limit = serializers.IntegerField(
        min_value=1, max_value=100, required=False, default=50
    )
