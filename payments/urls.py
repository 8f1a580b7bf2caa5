"""Payments' pages: the card vault, its schema, the admin and the health."""

from django.contrib import admin
from django.urls import path
from django.views.generic import RedirectView

from common.http.rest.docs import ApiDocs, ApiSchema
from payments.api import CardsView

urlpatterns = [
    path("api/cards", CardsView.as_view(), name="cards"),
    path("api/schema", ApiSchema.as_view(), name="schema"),
    path("api/docs", ApiDocs.as_view(), name="docs"),
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(pattern_name="docs")),
]

handler400 = "common.http.problem.bad_request"
handler403 = "common.http.problem.forbidden"
handler404 = "common.http.problem.not_found"
handler500 = "common.http.problem.server_error"
