"""This project's own side of a measurement: set up without Django's projects."""

import logging
from typing import Any

import structlog
from django.conf import settings

from common.channel_layer import RedisChannelLayer


def set_up() -> None:
    """Do without a Django project; log as in production with LOG_LEVEL=WARNING."""
    if not settings.configured:
        settings.configure(DB_THREADS=8)
    level = structlog.make_filtering_bound_logger(logging.WARNING)
    structlog.configure(wrapper_class=level, cache_logger_on_first_use=True)


def layer_at(address: str, capacity: int = 10_000) -> Any:
    """Return our channel layer."""
    return RedisChannelLayer(hosts=[f"redis://{address}"], capacity=capacity)
