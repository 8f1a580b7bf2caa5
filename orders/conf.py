"""Orders' own settings, for its own project and for any that has it inside."""

from typing import Any

from common.conf.config import Config
from common.contracts.orders import LONGEST_DEADLINE
from orders.pricing import BULK_DISCOUNT

FLAGS = (BULK_DISCOUNT,)
"""The feature flags that orders knows."""


def settings(config: Config) -> dict[str, Any]:
    """Return the settings that orders reads. docs/settings.md explains each."""
    return {
        "FEATURE_FLAGS": config.words(
            "FEATURE_FLAGS",
            f"names separated by commas, of: {', '.join(FLAGS)}",
            default=(),
            each="|".join(FLAGS),
        ),
        "ORDER_DEADLINE": config.number(
            "ORDER_DEADLINE_SECONDS",
            default=60,
            least=1,
            most=LONGEST_DEADLINE.total_seconds(),
        ),
        "CANCEL_WINDOW": config.number("CANCEL_WINDOW_SECONDS", default=1800),
        "MAX_WAITERS": config.integer("MAX_WAITERS", default=256, most=100_000),
    }


def throttle_rates(config: Config) -> dict[str, str | None]:
    """Return how often one client may do what."""
    return {
        "orders": config.rate_or_off("THROTTLE_ORDERS", default="120/min"),
        "reads": config.rate_or_off("THROTTLE_READS", default="1200/min"),
    }
