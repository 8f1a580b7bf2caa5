"""Orders' admin: states and history are for reading."""

from django.contrib import admin

from common.admin import ReadOnlyAdmin, ReadOnlyInline
from orders.models import Move, Order, OrderLine, Step


class LineInline(ReadOnlyInline):
    """What was ordered."""

    model = OrderLine


class MoveInline(ReadOnlyInline):
    """How the status changed."""

    model = Move


class StepInline(ReadOnlyInline):
    """What was tried."""

    model = Step


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders with their lines and history."""

    list_display = ("id", "status", "total", "currency", "placed_at", "needs_attention")
    list_filter = ("status", "needs_attention")
    search_fields = ("id", "correlation_id")
    inlines = (LineInline, MoveInline, StepInline)
