"""Admin pages that tell no more than they show, and some that never change."""

from contextlib import suppress
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import BadRequest, FieldDoesNotExist, ValidationError
from django.db import DataError
from django.db.models import CharField, Field, Model, Q, QuerySet, UUIDField
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
    Users = UserAdmin[User]
    Formset = BaseInlineFormSet[Any, Any, Any]
else:
    ModelAdmin = admin.ModelAdmin
    Inline = admin.TabularInline
    Users = UserAdmin
    Formset = BaseInlineFormSet

LONGEST_SEARCH = 100
"""Characters: each word of a search is a condition on every field."""
MOST_ROWS = 100
"""Below a record."""
FILTERED = ("", "__exact", "__isnull", "__id__exact")
"""What Django's own filters add to the name of a field."""


def printable(text: str) -> None:
    """Refuse what would steer the terminal of whoever reads it later."""
    if not text.isprintable():
        raise ValidationError("Enter printable characters only.")


class ClosedAdmin(ModelAdmin):
    """A list that filters by `list_filter` and nothing else.

    Django lets a URL filter by any field of the model and by all its lookups: what
    a page does not show could be guessed, letter by letter. And texts of one line are
    printable.
    """

    def formfield_for_dbfield(
        self, db_field: "Field[Any, Any]", request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Have every text of one line checked."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if isinstance(db_field, CharField) and isinstance(field, forms.CharField):
            field.validators = [*field.validators, printable]
        return field

    def lookup_allowed(
        self, lookup: str, value: str, request: HttpRequest | None = None
    ) -> bool:
        """Tell whether a URL's parameter may filter; Django answers 400 if not."""
        return lookup in {
            f"{name}{end}" for name in self.list_filter for end in FILTERED
        }

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Return the list; numbers that no column holds are parameters of no sense."""
        try:
            return super().get_changelist_instance(request)
        except (OverflowError, DataError) as error:
            raise IncorrectLookupParameters from error

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find nothing by a text that is too long to be one, and ids as they are.

        A whole UUID is one in any spelling; databases search it as text in their own.
        """
        if len(search_term) > LONGEST_SEARCH:
            return queryset.none(), False
        with suppress(ValueError):
            id, fields = UUID(search_term.strip()), self.get_search_fields(request)
            names = [
                str(name) for name in fields if _is_uuid(queryset.model, str(name))
            ]
            if names:
                found = [Q(**{name: id}) for name in names]
                return queryset.filter(reduce(or_, found)), False
        return super().get_search_results(request, queryset, search_term)

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **kwargs: Any
    ) -> HttpResponse | None:
        """Do an action to the chosen rows; 400 for what cannot be a row's key."""
        chosen = request.POST.getlist(ACTION_CHECKBOX_NAME)
        try:
            queryset.filter(pk__in=chosen).exists()
        except (ValueError, OverflowError, ValidationError, DataError) as error:
            raise BadRequest("expected keys of rows") from error
        return super().response_action(request, queryset, *args, **kwargs)


def _is_uuid(model: type[Model], name: str) -> bool:
    try:
        return isinstance(model._meta.get_field(name), UUIDField)
    except FieldDoesNotExist:
        return False


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly, ClosedAdmin):
    """A list and a detail page of what only the rules may write."""


class _FirstRows(Formset):
    def get_queryset(self) -> QuerySet[Any]:
        if not hasattr(self, "_queryset"):
            self._queryset = super().get_queryset()[:MOST_ROWS]
        return self._queryset


class ReadOnlyInline(_ReadOnly, Inline):
    """The first rows below a record, in the order of the inline, to read."""

    extra = 0
    formset = _FirstRows


admin.site.unregister((User, Group))


@admin.register(User)
class ClosedUserAdmin(ClosedAdmin, Users):
    """Django's page of people."""


@admin.register(Group)
class ClosedGroupAdmin(ClosedAdmin, GroupAdmin):
    """Django's page of groups."""
