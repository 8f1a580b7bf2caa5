"""What django-axes does with clients who do not know a password."""

from datetime import timedelta
from typing import Any

from common.conf.rates import parsed


def lockout(rate: str) -> dict[str, Any]:
    """Return the settings for a rate such as 10/min. See common.http.logins.

    After so many wrong logins, each within the rate's time after the one before, a
    client gets no further try until that time is over.
    """
    count, seconds = parsed(rate)
    return {
        "AUTHENTICATION_BACKENDS": [
            "axes.backends.AxesStandaloneBackend",
            "django.contrib.auth.backends.ModelBackend",
        ],
        "AXES_FAILURE_LIMIT": count,
        "AXES_COOLOFF_TIME": timedelta(seconds=seconds),
        "AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT": False,
        "AXES_LOCKOUT_PARAMETERS": ["ip_address"],  # not a name: others could lock it
        "AXES_CLIENT_IP_CALLABLE": "common.http.clients.address_or_none",
        "AXES_USERNAME_CALLABLE": "common.http.logins.no_name",
        "AXES_SENSITIVE_PARAMETERS": ["username", "csrfmiddlewaretoken"],
        "AXES_LOCKOUT_CALLABLE": "common.http.logins.locked_out",
        "AXES_DISABLE_ACCESS_LOG": True,
        "AXES_ENABLE_ADMIN": False,
        "AXES_VERBOSE": False,
    }
