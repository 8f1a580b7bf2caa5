"""A client of the bus without Django settings."""

from importlib import import_module
from typing import cast

from common.conf.backends import channel_layer
from common.conf.config import Config
from common.contracts.topology import SERVING
from common.rpc.client import Client
from common.rpc.transports.channel import Channel
from common.rpc.transports.layer import ChannelLayer

BUS_USER = "suite"


def connect(bus_url: str, caller: str) -> Client:
    """Return a client for the running event loop; close it when done.

    It speaks through the layer that the services use (CHANNEL_LAYER), but commits none
    of their faults. Raises ImproperlyConfigured if there is no such layer.
    """
    config = Config("suite")
    setting = channel_layer(bus_url, config.layer_class())
    config.check()
    module, _, name = setting["BACKEND"].rpartition(".")
    layer = getattr(import_module(module), name)(**setting["CONFIG"])
    channel = Channel(cast(ChannelLayer, layer), BUS_USER)
    return Client(caller, dict.fromkeys(SERVING, channel))
