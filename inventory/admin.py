"""Inventory's admin sets prices and receives stock; the rest is for reading."""

import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import BadRequest
from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest

from common.http.admin import ClosedAdmin, ReadOnlyAdmin, ReadOnlyInline
from inventory import counters
from inventory.models import Allocation, AllocationLine, Movement, Product, Stock

if TYPE_CHECKING:
    MovementForm = forms.ModelForm[Movement]
else:
    MovementForm = forms.ModelForm


class ReceiveStock(MovementForm):
    """A delivery: a product and how many pieces of it."""

    quantity = forms.IntegerField(min_value=1, max_value=1_000_000)
    delivery = forms.UUIDField(
        widget=forms.HiddenInput, required=False, initial=uuid.uuid4
    )
    """Of this form: sent twice, it is still one delivery."""

    class Meta:
        model = Movement
        fields = ("product", "note")

    def clean_delivery(self) -> uuid.UUID | None:
        """Refuse a delivery that was received before."""
        delivery: uuid.UUID | None = self.cleaned_data["delivery"]
        if delivery and Movement.objects.filter(delivery=delivery).exists():
            raise forms.ValidationError("This delivery has been received already.")
        return delivery

    def clean(self) -> dict[str, Any]:
        """Refuse more pieces than the shelf can count."""
        given = super().clean() or {}
        product, quantity = given.get("product"), given.get("quantity")
        if product and quantity:
            stock = Stock.objects.filter(product=product).first()
            if quantity > counters.MOST_ON_HAND - (stock.on_hand if stock else 0):
                self.add_error("quantity", "There would be too many pieces on hand.")
        return given


class StockInline(ReadOnlyInline):
    """A product's counters."""

    model = Stock


class LineInline(ReadOnlyInline):
    """The lines of an allocation."""

    model = AllocationLine


@admin.register(Product)
class ProductAdmin(ClosedAdmin):
    """Products and their prices. A SKU, once given, stays."""

    list_display = ("sku", "name", "unit_price", "currency")
    search_fields = ("sku", "name")
    inlines = (StockInline,)

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Have the page remember what it showed."""
        kwargs["show_hidden_initial"] = True
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Product, form: Any, change: bool
    ) -> None:
        """Save what was changed on this page: another tab may have changed the rest."""
        obj.save(update_fields=form.changed_data if change else None)

    def get_readonly_fields(
        self, request: HttpRequest, obj: Model | None = None
    ) -> tuple[str, ...]:
        """Fix the SKU of a product that exists."""
        return ("sku",) if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep products: ledgers name them."""
        return False


@admin.register(Movement)
class MovementAdmin(ReadOnlyAdmin):
    """The ledger. Adding to it means receiving stock."""

    list_display = ("at", "kind", "product", "on_hand", "allocated", "order_id")
    list_filter = ("kind",)
    raw_id_fields = ("product",)  # there may be too many to choose from

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those receive stock who may add movements."""
        return request.user.has_perm("inventory.add_movement")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Show the delivery form for a new entry."""
        if obj is None:
            kwargs["form"] = ReceiveStock
            kwargs["fields"] = None
        return super().get_form(request, obj, change, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for a product, a quantity and a note, once; show all of an entry."""
        if obj is None:
            return ("product", "quantity", "note", "delivery")
        return [field.name for field in Movement._meta.fields]

    def save_model(
        self, request: HttpRequest, obj: Movement, form: Any, change: bool
    ) -> None:
        """Receive the stock by the rule, which writes the ledger entry itself."""
        try:
            written = counters.receive(
                sku=obj.product_id,
                quantity=form.cleaned_data["quantity"],
                note=form.cleaned_data["note"],
                delivery=form.cleaned_data["delivery"],
            )
        except (IntegrityError, ValueError) as error:  # somebody was faster
            raise BadRequest("the delivery was not received") from error
        obj.pk, obj.kind, obj.on_hand = written.pk, written.kind, written.on_hand
        obj.allocated, obj.at = written.allocated, written.at


@admin.register(Stock)
class StockAdmin(ReadOnlyAdmin):
    """The counters."""

    list_display = ("product", "on_hand", "allocated")


@admin.register(Allocation)
class AllocationAdmin(ReadOnlyAdmin):
    """What orders hold or took."""

    list_display = ("order_id", "state", "decided_at", "expires_at", "flagged")
    list_filter = ("state", "flagged")
    inlines = (LineInline,)
