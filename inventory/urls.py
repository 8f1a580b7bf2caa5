"""Inventory's pages: its admin and its health."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]

handler400 = "common.web.bad_request"
handler500 = "common.web.server_error"
