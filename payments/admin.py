"""Payments' admin: everything is for reading."""

from django.contrib import admin

from common.admin import ReadOnlyAdmin, ReadOnlyInline
from payments.models import Card, Charge, Entry, GatewayOperation


class EntryInline(ReadOnlyInline):
    """The ledger of a charge."""

    model = Entry


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    """Charges and their ledgers."""

    list_display = ("order_id", "state", "amount", "currency", "failed_refunds")
    list_filter = ("state",)
    search_fields = ("order_id",)
    inlines = (EntryInline,)


@admin.register(Entry)
class EntryAdmin(ReadOnlyAdmin):
    """The ledger."""

    list_display = ("at", "kind", "amount", "currency", "charge_id")
    list_filter = ("kind",)


@admin.register(Card)
class CardAdmin(ReadOnlyAdmin):
    """Cards, without their numbers."""

    list_display = ("token", "brand", "last4", "created_at")


@admin.register(GatewayOperation)
class GatewayOperationAdmin(ReadOnlyAdmin):
    """What the demo gateway did."""

    list_display = ("at", "key", "outcome", "code", "amount", "currency")
