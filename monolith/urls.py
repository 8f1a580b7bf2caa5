"""All pages of the three projects under one roof."""

from django.urls import include, path

from payments.api import CardsView

urlpatterns = [
    path("api/cards", CardsView.as_view(), name="cards"),
    path("", include("orders.urls")),
]

handler400 = "common.rest.problems.bad_request"
handler403 = "common.rest.problems.forbidden"
handler404 = "common.rest.problems.not_found"
handler500 = "common.rest.problems.server_error"
