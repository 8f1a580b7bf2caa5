"""An API's schema, and the page that shows it."""

from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView


class _ErrorsInJSON(APIView):
    """Errors are problem documents, whatever the view itself renders."""

    def handle_exception(self, exc: Exception) -> Response:
        response: Response = super().handle_exception(exc)
        self.request.accepted_renderer = JSONRenderer()
        return response


class ApiSchema(_ErrorsInJSON, SpectacularAPIView):
    """The OpenAPI schema, in YAML or JSON."""

    metadata_class = None


class ApiDocs(_ErrorsInJSON, SpectacularSwaggerSplitView):
    """Swagger under our content security policy: its script is a file of its own."""

    metadata_class = None
    template_name = "api_docs.html"
