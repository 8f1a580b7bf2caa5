"""A client of the bus without Django settings."""

from common.channel_layer import RedisChannelLayer
from common.client import Client
from common.connections import channel_layer
from common.transports.channel import Channel
from suite.programs import SERVICES

BUS_USER = "suite"


def connect(bus_url: str, caller: str) -> Client:
    """Return a client for the running event loop; close it when done."""
    layer = RedisChannelLayer(**channel_layer(bus_url)["CONFIG"])
    return Client(caller, dict.fromkeys(SERVICES, Channel(layer, BUS_USER)))
