"""Who may see an order: its customer, staff, and a guest who holds its token."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import QuerySet
from django.http import Http404
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from orders.models import Order

TOKEN_HEADER = "Order-Token"  # noqa: S105 a header's name


def guest_token(order_id: UUID) -> str:
    """Return the token that opens a guest's order: an HMAC under SECRET_KEY."""
    return salted_hmac("orders.guest", str(order_id), algorithm="sha256").hexdigest()


def orders_of(user: User | AnonymousUser) -> QuerySet[Order]:
    """Return a customer's own orders; of somebody without a login there are none."""
    if not user.is_authenticated:
        return Order.objects.none()
    return Order.objects.filter(customer_id=user.pk)


def visible_order(request: Request, order_id: UUID) -> Order:
    """Return the order if the request may see it; otherwise there is none (404)."""
    order = _openable(request, order_id).filter(id=order_id).first()
    if order is None:
        raise Http404
    return order


def _openable(request: Request, order_id: UUID) -> QuerySet[Order]:
    """Return what may be looked in: it does not depend on whether the order exists."""
    user: User | AnonymousUser = request.user
    if user.is_authenticated and user.is_staff:
        return Order.objects.all()
    given = request.headers.get(TOKEN_HEADER, "")
    if constant_time_compare(given, guest_token(order_id)):
        return orders_of(user) | Order.objects.filter(customer_id=None)
    return orders_of(user)


class LoginExceptToPlace(IsAuthenticated):
    """Anybody may POST; whatever else the view can do needs a login."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Tell whether the request may go on; raise MethodNotAllowed for the rest."""
        if request.method not in view.allowed_methods:
            raise MethodNotAllowed(str(request.method))
        return request.method == "POST" or super().has_permission(request, view)
