"""Settings of bookings, where they differ from the base."""

from common.conf import base
from common.conf.config import Config

config = Config("bookings")
globals().update(base.settings(config, port=8800))

SERVICES = dict.fromkeys(("rooms", "billing"), "channel:")
LIVING_HERE = ("bookings",)
INSTALLED_APPS = [*base.APPS, "bookings"]

config.check()
