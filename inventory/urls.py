"""Inventory's pages: its admin and its health."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(pattern_name="admin:index")),
]

handler400 = "common.http.problem.bad_request"
handler403 = "common.http.problem.forbidden"
handler404 = "common.http.problem.not_found"
handler500 = "common.http.problem.server_error"
