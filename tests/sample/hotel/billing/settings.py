"""Settings of billing, where they differ from the base."""

from common.conf import base
from common.conf.config import Config

config = Config("billing")
globals().update(base.settings(config, port=8802))

SERVICES = {}
LIVING_HERE = ("billing",)
INSTALLED_APPS = [*base.APPS, "billing"]

config.check()
