"""An API's schema, and the page that shows it."""

import threading

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

_making = threading.Lock()


class _ErrorsInJSON(APIView):
    """Errors are problem documents, whatever the view itself renders."""

    def handle_exception(self, exc: Exception) -> Response:
        response: Response = super().handle_exception(exc)
        self.request.accepted_renderer = JSONRenderer()
        self.request.accepted_media_type = JSONRenderer.media_type
        return response


class ApiSchema(_ErrorsInJSON, SpectacularAPIView):
    """The OpenAPI schema, in YAML or JSON; made by one thread at a time.

    drf-spectacular imports its extensions with the first schema, and threads that come
    meanwhile would find half of them.
    """

    metadata_class = None

    def _get_version_parameter(self, request: Request) -> None:
        """There is one version, whatever a query says."""

    def _get_schema_response(self, request: Request) -> Response:
        with _making:
            response: Response = super()._get_schema_response(request)  # type: ignore[no-untyped-call]
            return response


class ApiDocs(_ErrorsInJSON, SpectacularSwaggerSplitView):
    """Swagger under our content security policy: its script is a file of its own."""

    metadata_class = None
    template_name = "api_docs.html"
