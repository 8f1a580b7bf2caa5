"""The pages of all services under one roof."""

from django.urls import include, path

from payments.api import CardsView

urlpatterns = [
    path("", include("orders.urls")),
    path("api/cards", CardsView.as_view(), name="cards"),
]

handler400 = "common.http.problem.bad_request"
handler403 = "common.http.problem.forbidden"
handler404 = "common.http.problem.not_found"
handler500 = "common.http.problem.server_error"
