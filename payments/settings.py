"""Payments' settings, where they differ from the base. See docs/settings.md."""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import CALLS

config = Config("payments")
BASE = base.settings(config, port=8002)
globals().update(BASE)

SERVICES = dict.fromkeys(CALLS["payments"], "channel:")
LIVING_HERE = ("payments",)
GATEWAY = config.dotted_path(
    "PAYMENTS_GATEWAY",
    default="payments.gateway.demo.DemoGateway" if config.demo else None,
)

INSTALLED_APPS = [*base.APPS, *base.REST_APPS, "corsheaders", "payments"]
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
REST_FRAMEWORK = {
    **BASE["REST_FRAMEWORK"],
    "DEFAULT_THROTTLE_RATES": {
        "cards": config.rate("THROTTLE_CARDS", default="60/min")
    },
}

config.check()
