"""Who may see an order: its customer, staff, and a guest who holds its token."""

from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.http import Http404
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.request import Request

from orders.models import Order

TOKEN_HEADER = "Order-Token"  # noqa: S105 a header's name


def guest_token(order_id: UUID) -> str:
    """Return the token that opens a guest's order: an HMAC under SECRET_KEY."""
    return salted_hmac("orders.guest", str(order_id), algorithm="sha256").hexdigest()


def visible_order(request: Request, order_id: UUID) -> Order:
    """Return the order if the request may see it; otherwise there is none (404)."""
    order = Order.objects.filter(id=order_id).first()
    if order is None or not _may_see(request, order):
        raise Http404
    return order


def _may_see(request: Request, order: Order) -> bool:
    user: User | AnonymousUser = request.user
    if user.is_authenticated and (user.is_staff or order.customer_id == user.pk):
        return True
    given = request.headers.get(TOKEN_HEADER, "")
    return order.customer_id is None and constant_time_compare(
        given, guest_token(order.id)
    )
