"""Admin pages that tell no more than they show, and some that never change."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    Inline = admin.TabularInline[Any, Any]
    Users = UserAdmin[User]
else:
    ModelAdmin = admin.ModelAdmin
    Inline = admin.TabularInline
    Users = UserAdmin

LONGEST_SEARCH = 100
"""Characters: each word of a search is a condition on every field."""
FILTERED = ("", "__exact", "__isnull", "__id__exact")
"""What Django's own filters add to the name of a field."""


class ClosedAdmin(ModelAdmin):
    """A list that filters by `list_filter` and nothing else.

    Django lets a URL filter by any field of the model and by all its lookups: what
    a page does not show could be guessed, letter by letter.
    """

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
        """Find nothing by a text that is too long to be one."""
        if len(search_term) > LONGEST_SEARCH:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnlyAdmin(_ReadOnly, ClosedAdmin):
    """A list and a detail page of what only the rules may write."""


class ReadOnlyInline(_ReadOnly, Inline):
    """The rows below a record, to read."""

    extra = 0


admin.site.unregister((User, Group))


@admin.register(User)
class ClosedUserAdmin(ClosedAdmin, Users):
    """Django's page of people."""


@admin.register(Group)
class ClosedGroupAdmin(ClosedAdmin, GroupAdmin):
    """Django's page of groups."""
