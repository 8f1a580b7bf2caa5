"""The body of `POST /api/token`."""

from typing import Any

from django.contrib.auth import authenticate
from rest_framework import serializers

from common.http.rest.fields import StrictCharField, StrictSerializer


class Login(StrictSerializer):
    """A name and a password; the token comes back."""

    username = StrictCharField(max_length=150, write_only=True)
    password = StrictCharField(max_length=4096, trim_whitespace=False, write_only=True)
    token = serializers.CharField(read_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Add the user, or say no more than that this does not log anybody in."""
        user = authenticate(self.context["request"], **attrs)
        if user is None:
            raise serializers.ValidationError("no login with this name and password")
        return {**attrs, "user": user}
