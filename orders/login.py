"""Login for programs: `POST /api/token`."""

from typing import Any

from django.contrib.auth import authenticate
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authtoken.views import ObtainAuthToken
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.throttling import ScopedRateThrottle

from common.http.problem import MEDIA_TYPE
from common.http.rest.fields import StrictCharField, StrictSerializer
from common.http.rest.parsers import StrictJSONParser
from common.http.rest.problems import ProblemSerializer


class Login(StrictSerializer):
    """A name and a password; the token comes back."""

    username = StrictCharField(max_length=150, write_only=True)
    password = StrictCharField(max_length=4096, trim_whitespace=False, write_only=True)
    token = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Add the user, or say no more than that this does not log anybody in."""
        user = authenticate(self.context["request"], **attrs)
        if user is None:
            raise AuthenticationFailed("no login with this name and password")
        return {**attrs, "user": user}


@extend_schema(responses={200: Login, (401, MEDIA_TYPE): ProblemSerializer})
class TokenView(ObtainAuthToken):
    """Login for programs. It asks nobody who they are already."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    serializer_class = Login
    parser_classes = (StrictJSONParser,)
    throttle_classes = (ScopedRateThrottle,)
    throttle_scope = "login"

    def get_authenticate_header(self, request: Request) -> str:
        """Return what a 401 says in WWW-Authenticate: what this page gives."""
        return "Token"
