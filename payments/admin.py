"""Payments' admin: everything is for reading."""

from typing import Any

from django.contrib import admin

from common.http.admin import ReadOnlyAdmin, ReadOnlyInline
from payments.models import Card, Charge, Entry


class EntryInline(ReadOnlyInline):
    """The ledger of a charge."""

    model = Entry


@admin.register(Charge)
class ChargeAdmin(ReadOnlyAdmin):
    """Charges and their ledgers, without what opens a card."""

    exclude = ("card_token",)
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
    """Cards, without their numbers and tokens: a list, and no page for each."""

    list_display = ("brand", "last4", "created_at")
    list_display_links = None

    def get_object(self, *args: Any, **kwargs: Any) -> None:
        """Find no card: a page of its own would have the token for its address."""
