"""The demo gateway's books, for reading."""

from django.contrib import admin

from common.http.admin import ReadOnlyAdmin
from payments.demo_gateway.models import Operation


@admin.register(Operation)
class OperationAdmin(ReadOnlyAdmin):
    """What the demo gateway did."""

    list_display = ("at", "key", "outcome", "code", "amount", "currency")
