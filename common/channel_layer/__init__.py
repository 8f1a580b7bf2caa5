"""A channel layer for Valkey or Redis that keeps the promises of its specification.

    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "common.channel_layer.RedisChannelLayer",
            "CONFIG": {"hosts": ["redis://localhost:6379/0"]},
        },
    }

It takes the settings of `channels_redis.core.RedisChannelLayer` and uses its
serialisers, host settings and Sentinel support. The folder needs nothing else of this
project, so it can be copied into yours.
"""

from common.channel_layer.layer import RedisChannelLayer

__all__ = ["RedisChannelLayer"]
