"""The monolith's settings: all apps, one database, calls within the process.

Cutting a service off is one variable: INVENTORY_SERVICE=channel: leaves inventory to a
process of its own.
"""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import SERVING
from orders import conf as orders
from payments import conf as payments

config = Config("monolith")
globals().update(base.settings(config, port=8000))
globals().update(orders.settings(config))
globals().update(own := payments.settings(config))

SERVICES = config.services(SERVING, default="local:")
LIVING_HERE = tuple(name for name, where in SERVICES.items() if where == "local:")
INSTALLED_APPS = [
    *base.APPS,
    *base.REST_APPS,
    "rest_framework.authtoken",
    *SERVING,
    *payments.gateway_apps(own["GATEWAY"]),
]
REST_FRAMEWORK = base.rest(
    config,
    rates=orders.throttle_rates(config) | payments.throttle_rates(config),
    log_in=True,
)

config.check()
