"""Orders' settings, where they differ from the base. docs/settings.md explains each."""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import CALLS, port
from orders import conf

config = Config("orders")
globals().update(base.settings(config, port=port("orders")))
globals().update(conf.settings(config))

SERVICES = dict.fromkeys(CALLS["orders"], "channel:")
LIVING_HERE = ("orders",)
INSTALLED_APPS = [*base.APPS, *base.REST_APPS, "rest_framework.authtoken", "orders"]
REST_FRAMEWORK = base.rest(config, rates=conf.throttle_rates(config), log_in=True)

config.check()
