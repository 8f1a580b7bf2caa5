"""All apps in one process, so that a test can ask each of them."""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import SERVING
from orders import conf as orders
from payments import conf as payments

config = Config("tests")
globals().update(base.settings(config, port=8000))
globals().update(orders.settings(config))
globals().update(own := payments.settings(config))

ROOT_URLCONF = "tests.project.urls"
ASGI_APPLICATION = "tests.project.asgi.application"
SERVICES = dict.fromkeys(SERVING, "local:")
LIVING_HERE = SERVING
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
