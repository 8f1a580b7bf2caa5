"""Login: `POST /api/token` for programs, and the page of a browser's session."""

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request

from common.http import problem
from common.http.problem import MEDIA_TYPE
from common.http.rest.fields import StrictCharField, StrictSerializer
from common.http.rest.parsers import StrictJSONParser
from common.http.rest.problems import ProblemSerializer

HTML = "text/html"
JSON = "application/json"
NO_LOGIN = "no login with this name and password"


class Login(StrictSerializer):
    """A name and a password; the token comes back."""

    username = StrictCharField(max_length=150, write_only=True)
    password = StrictCharField(max_length=4096, trim_whitespace=False, write_only=True)
    token = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Add the user, or say no more than that this does not log anybody in."""
        user = authenticate(self.context["request"]._request, **attrs)
        if user is None:
            raise AuthenticationFailed(NO_LOGIN)
        return {**attrs, "user": user}


@extend_schema(
    responses={200: Login, (401, MEDIA_TYPE): ProblemSerializer},
    extensions={"x-throttled": False},
)
class TokenView(ObtainAuthToken):
    """Login for programs. It asks nobody who they are already."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    serializer_class = Login
    parser_classes = (StrictJSONParser,)
    throttle_classes = ()  # wrong logins are counted: common.http.logins

    def get_authenticate_header(self, request: Request) -> str:
        """Return what a 401 says in WWW-Authenticate: what this page gives."""
        return "Token"


class SessionView(LoginView):
    """The admin's login page, but it lets customers in, too.

    A wrong login is the page once more for a browser, a problem document for a program.
    """

    http_method_names = ("get", "post", "options")
    template_name = "admin/login.html"
    next_page = "docs"

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Answer 406 to who reads no HTML, unless it is about to log in."""
        if request.method == "GET" and not request.accepts(HTML):
            return problem.answer(406, f"this page is {HTML}")
        return super().dispatch(request, *args, **kwargs)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        """Show the page and what is wrong; Django answers 200 to a browser."""
        if self.request.get_preferred_type([MEDIA_TYPE, JSON, HTML]) == HTML:
            return super().form_invalid(form)
        refusal = problem.answer(401, NO_LOGIN)
        refusal["WWW-Authenticate"] = "Token"
        return refusal
