"""Settings of rooms, where they differ from the base."""

from common.conf import base
from common.conf.config import Config

config = Config("rooms")
globals().update(base.settings(config, port=8801))

SERVICES = {}
LIVING_HERE = ("rooms",)
INSTALLED_APPS = [*base.APPS, "rooms"]

config.check()
