"""All attacks, one family a module. Importing the package registers them."""

from tests.hostile.attacks import (  # isort: skip  # in the order in which they play
    calm,
    slow,
    pipelines,
    hang_ups,
    waits,
    crowds,
    forms,
    oversize,
    garbage,
    methods,
    oddities,
    websockets,
    leaving,
)

__all__ = [
    "calm",
    "crowds",
    "forms",
    "garbage",
    "hang_ups",
    "leaving",
    "methods",
    "oddities",
    "oversize",
    "pipelines",
    "slow",
    "waits",
    "websockets",
]
