"""Inventory's settings, where they differ from the base. See docs/settings.md."""

from common.conf import base
from common.conf.config import Config
from common.contracts.topology import CALLS, port

config = Config("inventory")
globals().update(base.settings(config, port=port("inventory")))

SERVICES = dict.fromkeys(CALLS["inventory"], "channel:")
LIVING_HERE = ("inventory",)
INSTALLED_APPS = [*base.APPS, "inventory"]

config.check()
