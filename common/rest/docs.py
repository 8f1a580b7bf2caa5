"""The page that shows an API's schema."""

from drf_spectacular.views import SpectacularSwaggerSplitView


class ApiDocs(SpectacularSwaggerSplitView):
    """Swagger under our content security policy: its script is a file of its own."""

    template_name = "api_docs.html"
