"""Payments' settings, where they differ from the base. See docs/settings.md."""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import CALLS, port
from payments import conf

config = Config("payments")
globals().update(base.settings(config, port=port("payments")))
globals().update(own := conf.settings(config))

SERVICES = dict.fromkeys(CALLS["payments"], "channel:")
LIVING_HERE = ("payments",)
INSTALLED_APPS = [
    *base.APPS,
    *base.REST_APPS,
    "corsheaders",
    "payments",
    *conf.gateway_apps(own["GATEWAY"]),
]
MIDDLEWARE = [
    base.MIDDLEWARE[0],  # even what CORS answers is not stored
    "corsheaders.middleware.CorsMiddleware",
    *base.MIDDLEWARE[1:],
]
CORS_ALLOWED_ORIGINS = [
    config.origin(
        "SHOP_ORIGIN", default="http://localhost:8000" if config.demo else None
    )
]
CORS_URLS_REGEX = r"^/api/"
CORS_ALLOW_METHODS = ["GET", "POST", "OPTIONS"]
CORS_ALLOW_HEADERS = ["content-type", "x-correlation-id", "traceparent", "tracestate"]
CORS_EXPOSE_HEADERS = ["Retry-After", "Location", "X-Correlation-ID"]
REST_FRAMEWORK = base.rest(config, rates=conf.throttle_rates(config))

config.check()
