"""The shop's HTTP API."""

import uuid
from functools import cache
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.generics import ListAPIView
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from common.context import current_headers
from common.contracts.orders import RunOrder
from common.http.rest.later import Waiting
from common.http.rest.problems import Problem, ProblemSerializer
from common.rpc.process_client import notify_sync
from common.together import together
from orders import placing, rows, states
from orders.access import (
    TOKEN_HEADER,
    LoginExceptToPlace,
    orders_of,
    visible_order,
)
from orders.idempotency import (
    A_KEY,
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    fingerprint,
    in_progress,
    read_key,
)
from orders.models import Order, Status
from orders.pages import NewestFirst
from orders.rows import NewOrder
from orders.serializers import (
    CannotCancelSerializer,
    OrderDetail,
    OrderInput,
    OrderSummary,
    PlacedOrder,
)
from orders.waiting import preferred_wait, until_ended

PROBLEM = "application/problem+json"
ORDER_TOKEN = OpenApiParameter(
    TOKEN_HEADER, str, OpenApiParameter.HEADER, description="opens a guest's order"
)


Told = tuple[bool | None, Order | None]
"""What a wait found: whether the order ended, as in `until_ended`, and the order."""


class CannotCancel(Problem):
    """The order has ended otherwise, or its window for cancelling is over."""

    status_code = status.HTTP_409_CONFLICT
    title = "The order cannot be cancelled"


ANYBODY: Any = [{"tokenAuth": []}, {"cookieAuth": []}, {}]
OPENS = {"order_id": "$response.body#/id", TOKEN_HEADER: "$response.body#/token"}
LINKS = {
    "order": {"operationId": "orders_retrieve", "parameters": OPENS},
    "cancel": {"operationId": "orders_cancel_create", "parameters": OPENS},
}
"""Where to go from an order that was placed."""
ACCEPTED = status.HTTP_202_ACCEPTED


@extend_schema_view(
    get=extend_schema(
        responses={200: OrderSummary(many=True), (404, PROBLEM): ProblemSerializer}
    )
)
class OrdersView(Waiting, ListAPIView[Order]):
    """A customer's orders."""

    serializer_class = OrderSummary
    pagination_class = NewestFirst
    permission_classes = (LoginExceptToPlace,)

    def get_queryset(self) -> QuerySet[Order]:
        """Return the customer's own orders."""
        return orders_of(self.request.user).prefetch_related("lines")

    def get_throttles(self) -> list[BaseThrottle]:
        """Count placing and reading apart."""
        self.throttle_scope = "orders" if self.request.method == "POST" else "reads"
        return super().get_throttles()

    @extend_schema(
        request=OrderInput,
        auth=ANYBODY,
        extensions={"x-links": {"201": LINKS, "202": LINKS}},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key", A_KEY, OpenApiParameter.HEADER, required=True
            ),
            OpenApiParameter(
                "Prefer", str, OpenApiParameter.HEADER, description="wait=N (seconds)"
            ),
            OpenApiParameter(
                "Location", str, OpenApiParameter.HEADER, response=[201, 202]
            ),
            OpenApiParameter(
                "Preference-Applied", str, OpenApiParameter.HEADER, response=[201, 202]
            ),
        ],
        responses={
            201: PlacedOrder,
            202: PlacedOrder,
            (409, PROBLEM): ProblemSerializer,
            (422, PROBLEM): ProblemSerializer,
        },
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Place an order, once for each Idempotency-Key.

        Answers 202 with its Location, or 201 if `Prefer: wait=N` saw its end.
        """
        customer = request.user if isinstance(request.user, User) else None
        key = read_key(request.headers.get("Idempotency-Key"), guest=customer is None)
        body = OrderInput(data=request.data)
        body.is_valid(raise_exception=True)
        wait = preferred_wait(request.headers.get("Prefer", ""))
        order = _place(customer, key, body, first_status=None if wait else ACCEPTED)
        if not wait:
            return _placed(order)

        async def until_then() -> Told:
            ended = await until_ended(order.pk, wait)
            return ended, await together(rows.first_answers, order.pk)

        def waited(told: Told) -> Response:
            ended, now = told
            return _placed(now or order, ended=ended, waited=wait)

        not_yet: tuple[Told] = ((False, None),)
        return self.later(request, until_then, then=waited, early=not_yet)


def _place(
    customer: User | None, key: str, body: OrderInput, *, first_status: int | None
) -> Order:
    lines, card_token = body.merged_lines(), body.validated_data["card_token"]
    new = NewOrder(
        id=uuid.uuid4(),
        customer=customer,
        key_scope=f"customer:{customer.pk}" if customer else "guests",
        key=key,
        fingerprint=fingerprint([lines, card_token]),
        lines=lines,
        card_token=card_token,
        headers=current_headers(),
        first_status=first_status,
    )
    order = _insert_or_find(new)
    if order.fingerprint != new.fingerprint:
        raise IdempotencyKeyReused("use a fresh key for another order")
    if order.id == new.id:
        notify_sync(RunOrder(order_id=order.id))
    return order


def _insert_or_find(new: NewOrder) -> Order:
    """Return the order of this key; raise IdempotencyKeyInUse until it is committed."""
    try:
        with in_progress(new.key_scope, new.key):
            return placing.make_order_row(new)
    except IdempotencyKeyInUse:
        committed = rows.of_key(new)
        if committed is None:
            raise
        return committed


def _placed(order: Order, *, ended: bool | None = None, waited: int = 0) -> Response:
    """Answer with an order; `ended` is None if nobody waited for its end."""
    if order.first_status is None:
        [order] = rows.first_answers([order.pk])
    headers = {"Location": reverse("order", kwargs={"order_id": order.pk})}
    if ended is not None:
        headers["Preference-Applied"] = f"wait={waited}"
    data, code = _shown().to_representation(order), order.first_status
    response = Response(data, status=code, headers=headers)
    patch_vary_headers(response, ["Prefer"])
    return response


@cache
def _shown() -> PlacedOrder:
    """Return the serializer of all placed orders; made once, since that costs more."""
    return PlacedOrder()


class OrderView(APIView):
    """One order."""

    permission_classes = (AllowAny,)
    throttle_scope = "reads"

    @extend_schema(parameters=[ORDER_TOKEN], responses={200: OrderDetail})
    def get(self, request: Request, order_id: uuid.UUID) -> Response:
        """Show an order and its timeline to its owner or to staff."""
        return Response(OrderDetail(visible_order(request, order_id)).data)


class CancelView(APIView):
    """The end of an order that its customer does not want any more."""

    permission_classes = (AllowAny,)
    throttle_scope = "orders"

    @extend_schema(
        request=None,
        parameters=[ORDER_TOKEN],
        responses={
            202: OrderDetail,
            (409, PROBLEM): CannotCancelSerializer,
        },
    )
    def post(self, request: Request, order_id: uuid.UUID) -> Response:
        """Cancel an order, before it is confirmed or for a while after it.

        Cancelling again is harmless; 409 shows what was decided instead.
        """
        order = visible_order(request, order_id)
        if states.cancel(order.id):
            notify_sync(RunOrder(order_id=order.id))
        order.refresh_from_db()
        if Status.CANCELLED not in {order.status, order.outcome}:
            raise CannotCancel(
                f"the order is {order.status}", order_status=order.status
            )
        return Response(OrderDetail(order).data, status=status.HTTP_202_ACCEPTED)
