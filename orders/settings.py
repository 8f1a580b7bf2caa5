"""Orders' settings, where they differ from the base. docs/settings.md explains each."""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import CALLS

config = Config("orders")
BASE = base.settings(config, port=8000)
globals().update(BASE)

SERVICES = dict.fromkeys(CALLS["orders"], "channel:")
LIVING_HERE = ("orders",)
FEATURE_FLAGS = config.words("FEATURE_FLAGS", "names separated by commas", default=())
ORDER_DEADLINE = config.number("ORDER_DEADLINE_SECONDS", default=60, least=1)
CANCEL_WINDOW = config.number("CANCEL_WINDOW_SECONDS", default=1800)
MAX_WAITERS = int(config.number("MAX_WAITERS", default=256))

INSTALLED_APPS = [
    *base.APPS,
    *base.REST_APPS,
    "rest_framework.authtoken",
    "orders",
]
REST_FRAMEWORK = {
    **BASE["REST_FRAMEWORK"],
    "DEFAULT_AUTHENTICATION_CLASSES": base.TOKENS_AND_SESSIONS,
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "orders": config.rate("THROTTLE_ORDERS", default="120/min"),
        "reads": config.rate("THROTTLE_READS", default="1200/min"),
        "login": config.rate("THROTTLE_LOGIN", default="10/min"),
    },
}

config.check()
