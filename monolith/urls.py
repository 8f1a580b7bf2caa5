"""All pages of the three projects under one roof."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from payments.api import CardsView

urlpatterns: list[URLPattern | URLResolver] = [path("", include("orders.urls"))]
if settings.SERVICES["payments"] == "local:":  # otherwise the vault has moved out
    urlpatterns.append(path("api/cards", CardsView.as_view(), name="cards"))

handler400 = "common.http.problem.bad_request"
handler403 = "common.http.problem.forbidden"
handler404 = "common.http.problem.not_found"
handler500 = "common.http.problem.server_error"
