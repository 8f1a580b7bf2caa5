"""Orders' admin: states and history are for reading."""

from django.contrib import admin
from rest_framework.authtoken.models import TokenProxy

from common.http.admin import ReadOnlyAdmin, ReadOnlyInline
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
