"""Inventory's pages: its admin and its health."""

from django.contrib import admin
from django.urls import path

urlpatterns = [
    path("admin/", admin.site.urls),
]

handler400 = "common.web.bad_request"
handler500 = "common.web.server_error"
