"""The orders API, its schema, the admin and the health."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.generic import RedirectView

from common.http.rest.docs import ApiDocs, ApiSchema
from orders import api
from orders.login import SessionView, TokenView
from orders.products import ProductsView

urlpatterns = [
    path("api/orders", api.OrdersView.as_view(), name="orders"),
    path("api/orders/<uuid:order_id>", api.OrderView.as_view(), name="order"),
    path("api/orders/<uuid:order_id>/cancel", api.CancelView.as_view(), name="cancel"),
    path("api/products", ProductsView.as_view(), name="products"),
    path("api/token", TokenView.as_view(), name="token"),
    path("api/session/login/", SessionView.as_view(), name="login"),
    path("api/session/logout/", LogoutView.as_view(next_page="docs"), name="logout"),
    path("api/schema", ApiSchema.as_view(), name="schema"),
    path("api/docs", ApiDocs.as_view(), name="docs"),
    path("admin/", admin.site.urls),
    path("", RedirectView.as_view(pattern_name="docs")),
]

handler400 = "common.http.problem.bad_request"
handler403 = "common.http.problem.forbidden"
handler404 = "common.http.problem.not_found"
handler500 = "common.http.problem.server_error"
