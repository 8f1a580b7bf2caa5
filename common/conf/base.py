"""The settings that all projects have alike; what differs is in theirs."""

from typing import Any

from csp.constants import NONCE, NONE, SELF

from common import brand
from common.conf.backends import caches
from common.conf.config import Config
from common.conf.lockout import lockout
from common.ops import logs

MAX_BODY_BYTES = 1024 * 1024
NEEDED = frozenset(
    (
        "ASGI_APPLICATION",
        "BUS_URL",
        "DB_THREADS",
        "DEMO",
        "DEMO_PASSWORD",
        "FEATURE_FLAGS",
        "LIVING_HERE",
        "PORT",
        "PROXIES",
        "RUN_DIR",
        "SERVICE",
        "SERVICES",
        "WEB_THREADS",
    )
)
"""What `common` reads besides Django's own settings; docs/settings.md explains each."""

MIDDLEWARE = [
    "common.http.answers.no_store",
    "common.http.answers.errors_are_told",
    "common.http.answers.rate_limit",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "common.http.headers.carry_headers",
    "common.http.answers.head_as_get",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",  # the last, as it asks to be
]

APPS = [
    "daphne",  # before staticfiles: its runserver speaks ASGI
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "common",
]

REST_APPS = ["rest_framework", "drf_spectacular", "drf_spectacular_sidecar"]
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.http.rest.negotiation.Negotiation",
    "DEFAULT_METADATA_CLASS": "common.http.rest.options.NameAndDescription",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.http.rest.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "common.http.rest.handler.handle",
}

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

OWN_FILES_ONLY: dict[str, Any] = {
    "default-src": [NONE],
    "script-src": [SELF],  # no script that stands in a page runs
    "style-src": [SELF, NONCE],
    "img-src": [SELF, "data:"],  # Swagger's icons
    "font-src": [SELF],
    "connect-src": [SELF],
    "form-action": [SELF],
    "frame-ancestors": [NONE],
    "base-uri": [NONE],
}


def settings(config: Config, *, port: int) -> dict[str, Any]:
    """Return the settings of a project that serves HTTP on a port by default.

    A project adds SERVICES, LIVING_HERE and INSTALLED_APPS, `rest` if it has an API,
    and whatever is its own.
    """
    return {
        **_process(config, port),
        **_pages(config),
        **_cookies_and_tls(config),
        **lockout(config.rate("THROTTLE_LOGIN", default="10/min")),
        "LOGGING": logs.configure(
            json=config.choice("LOG_FORMAT", ("text", "json"), default="text")
            == "json",
            level=config.choice(
                "LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO"
            ),
        ),
        "LANGUAGE_CODE": "en",
        "TIME_ZONE": "UTC",
        "USE_TZ": True,
    }


def rest(
    config: Config, *, rates: dict[str, str | None], log_in: bool = False
) -> dict[str, Any]:
    """Return the settings of a REST API: how often what may be asked, and by whom.

    With `log_in` people are known by a token or by the session of a page.
    """
    classes = ("Token", "Session") if log_in else ()
    return {
        **REST_FRAMEWORK,
        "NUM_PROXIES": _proxies(config),
        "DEFAULT_AUTHENTICATION_CLASSES": [
            f"common.http.rest.authentication.{name}" for name in classes
        ],
        "DEFAULT_THROTTLE_CLASSES": ["common.http.rest.throttling.SharedThrottle"],
        "DEFAULT_THROTTLE_RATES": rates,
    }


def _proxies(config: Config) -> int:
    return config.integer("PROXIES", default=0, most=10)


def _process(config: Config, port: int) -> dict[str, Any]:
    """Return what a process is, and what it is connected to."""
    threads = {
        "DB_THREADS": config.integer("DB_THREADS", default=8, least=1, most=256),
        "WEB_THREADS": config.integer("WEB_THREADS", default=4, least=1, most=256),
    }
    return {
        "SERVICE": config.service,
        "PORT": port,
        "DEMO": config.demo,
        "RUN_DIR": config.run_dir,
        "SECRET_KEY": config.secret_key(),
        "DEMO_PASSWORD": config.demo_password(),
        "DEBUG": config.flag("DEBUG", default=False),
        "FEATURE_FLAGS": [],
        **threads,
        "DATABASES": {"default": config.database(connections=sum(threads.values()))},
        "BUS_URL": (bus_url := config.bus_url()),
        "CHANNEL_LAYERS": {"default": config.channel_layer(bus_url)},
        "CACHES": caches(bus_url, config.service),
        "ROOT_URLCONF": f"{config.service}.urls",
        "ASGI_APPLICATION": f"{config.service}.asgi.application",
    }


def _pages(config: Config) -> dict[str, Any]:
    """Return what pages are made with, and what they may load: their own files."""
    return {
        "ALLOWED_HOSTS": config.allowed_hosts(),
        "PROXIES": _proxies(config),
        "MIDDLEWARE": MIDDLEWARE,
        "TEMPLATES": TEMPLATES,
        "SPECTACULAR_SETTINGS": {
            "TITLE": brand.title(config.service),
            "DESCRIPTION": f"The HTTP API of {config.service}.",
            "VERSION": "1",
            "OAS_VERSION": "3.1.0",
            "CONTACT": {"name": brand.title(config.service)},
            "LICENSE": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
            "SERVERS": [{"url": "/", "description": "where this document is"}],
            "POSTPROCESSING_HOOKS": [
                "drf_spectacular.hooks.postprocess_schema_enums",
                "common.http.rest.openapi.complete",
            ],
            "SERVE_INCLUDE_SCHEMA": False,
            "SERVE_AUTHENTICATION": [],
            "COMPONENT_SPLIT_REQUEST": True,
            "SWAGGER_UI_DIST": "SIDECAR",
            "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        },
        "CONTENT_SECURITY_POLICY": {"DIRECTIVES": OWN_FILES_ONLY},
        "DATA_UPLOAD_MAX_MEMORY_SIZE": MAX_BODY_BYTES,
        "FILE_UPLOAD_HANDLERS": [],  # no page takes a file, so none is kept
        "FILE_UPLOAD_DIRECTORY_PERMISSIONS": 0o755,  # of what collectstatic makes
        "STATIC_URL": "static/",
        "STATIC_ROOT": None
        if config.demo
        else config.run_dir / f"static-{config.service}",
        "WHITENOISE_USE_FINDERS": config.demo,
    }


def _cookies_and_tls(config: Config) -> dict[str, Any]:
    """Return how browsers are known again; outside of the demo only over TLS."""
    tls = not config.demo
    behind_tls_proxy = config.flag("TLS_PROXY", default=False)
    return {
        "SESSION_ENGINE": "common.http.sessions",
        "SESSION_COOKIE_NAME": f"{config.service}_session",  # they know no ports
        "CSRF_COOKIE_NAME": f"{config.service}_csrf",
        "SESSION_COOKIE_SECURE": tls,
        "CSRF_COOKIE_SECURE": tls,
        "CSRF_FAILURE_VIEW": "common.http.problem.csrf_failure",
        "SECURE_SSL_REDIRECT": tls,
        "SECURE_HSTS_SECONDS": 31_536_000 if tls else 0,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": tls,
        "SECURE_HSTS_PRELOAD": tls,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")
        if behind_tls_proxy
        else None,
        "AUTH_PASSWORD_VALIDATORS": [
            {"NAME": f"django.contrib.auth.password_validation.{name}"}
            for name in ("MinimumLengthValidator", "CommonPasswordValidator")
        ],
    }
