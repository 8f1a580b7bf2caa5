"""The products in the shop's HTTP API."""

import msgspec
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.contracts.reports.inventory import ListProducts, ProductPage
from common.http.later import Places
from common.http.rest.later import Waiting
from common.http.rest.problems import ProblemSerializer
from common.rpc.process_client import call
from orders.serializers import ProductPageSerializer, ProductQuery

product_lists = Places(64)
"""While inventory is silent, so many requests wait for it; the others are 503."""


class ProductsView(Waiting, APIView):
    """The products, asked of inventory over the bus."""

    permission_classes = (AllowAny,)
    throttle_scope = "reads"

    @extend_schema(
        parameters=[
            ProductQuery,
        ],
        responses={
            200: ProductPageSerializer,
            (502, "application/problem+json"): ProblemSerializer,
        },
    )
    def get(self, request: Request) -> HttpResponseBase:
        """List products; 503 while inventory does not answer."""
        query = ProductQuery(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        wanted = ListProducts(**query.validated_data)

        async def ask() -> ProductPage:
            with product_lists.one():
                return await call(wanted)

        return self.later(
            request, ask, then=lambda page: Response(msgspec.to_builtins(page))
        )
