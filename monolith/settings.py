"""The monolith's settings: all three apps, one database, calls within the process.

Cutting a service off is one variable: INVENTORY_SERVICE=channel: leaves inventory to a
process of its own.
"""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import SERVING

config = Config("monolith")
BASE = base.settings(config, port=8000)
globals().update(BASE)

SERVICES = config.services(SERVING, default="local:")
LIVING_HERE = tuple(name for name, where in SERVICES.items() if where == "local:")
FEATURE_FLAGS = config.words("FEATURE_FLAGS", "names separated by commas", default=())
ORDER_DEADLINE = config.number("ORDER_DEADLINE_SECONDS", default=60, least=1)
CANCEL_WINDOW = config.number("CANCEL_WINDOW_SECONDS", default=1800)
MAX_WAITERS = int(config.number("MAX_WAITERS", default=256))
GATEWAY = config.dotted_path(
    "PAYMENTS_GATEWAY",
    default="payments.gateway.demo.DemoGateway" if config.demo else None,
)

INSTALLED_APPS = [
    *base.APPS,
    *base.REST_APPS,
    "rest_framework.authtoken",
    *SERVING,
]
REST_FRAMEWORK = {
    **BASE["REST_FRAMEWORK"],
    "DEFAULT_AUTHENTICATION_CLASSES": base.TOKENS_AND_SESSIONS,
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "orders": config.rate("THROTTLE_ORDERS", default="120/min"),
        "reads": config.rate("THROTTLE_READS", default="1200/min"),
        "cards": config.rate("THROTTLE_CARDS", default="60/min"),
        "login": config.rate("THROTTLE_LOGIN", default="10/min"),
    },
}

config.check()
