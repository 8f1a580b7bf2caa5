"""Orders' admin: states and history are for reading."""

from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.authtoken.models import TokenProxy

from common.contracts.orders import RunOrder
from common.http.admin import ReadOnlyAdmin, ReadOnlyInline
from common.rpc.process_client import notify_sync
from common.saga import leases
from orders.models import Order, OrderLine, StatusTransition, Step

admin.site.unregister(TokenProxy)  # whoever could read it could log in as anybody


class LineInline(ReadOnlyInline):
    """What was ordered."""

    model = OrderLine


class MoveInline(ReadOnlyInline):
    """How the status changed."""

    model = StatusTransition


class StepInline(ReadOnlyInline):
    """What was tried, the latest first."""

    model = Step
    ordering = ("-id",)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders with their lines and history, without what opens an order or a card."""

    exclude = ("key", "fingerprint", "card_token")
    list_display = ("id", "status", "total", "currency", "placed_at", "needs_attention")
    list_filter = ("status", "needs_attention")
    search_fields = ("id", "correlation_id")
    inlines = (LineInline, MoveInline, StepInline)
    actions = ("retry", "acknowledge")

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Let those operate orders who may change them, though no page does."""
        return request.user.has_perm("orders.change_order")

    @admin.action(description="Retry: due now", permissions=["operate"])
    def retry(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        """Make orders due that are under way; the others are left as they are."""
        due = [id for id in _ids(orders) if leases.retry(Order, id)]
        for id in due:
            notify_sync(RunOrder(order_id=id))  # the sweeper comes, too
        self.message_user(request, f"{len(due)} of {len(orders)} orders are due now.")

    @admin.action(description="Acknowledge: take the flag off", permissions=["operate"])
    def acknowledge(self, request: HttpRequest, orders: QuerySet[Order]) -> None:
        """Take the flags off orders that a person has looked at."""
        for id in _ids(orders):
            leases.acknowledge(Order, id)
        self.message_user(request, f"The flags of {len(orders)} orders are off.")


def _ids(orders: QuerySet[Order]) -> list[UUID]:
    return [order.pk for order in orders]
