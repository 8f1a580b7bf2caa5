"""Orders' own settings, for its own project and for any that has it inside."""

from typing import Any

from common.conf.config import Config


def settings(config: Config) -> dict[str, Any]:
    """Return the settings that orders reads. docs/settings.md explains each."""
    return {
        "FEATURE_FLAGS": config.words(
            "FEATURE_FLAGS", "names separated by commas", default=()
        ),
        "ORDER_DEADLINE": config.number("ORDER_DEADLINE_SECONDS", default=60, least=1),
        "CANCEL_WINDOW": config.number("CANCEL_WINDOW_SECONDS", default=1800),
        "MAX_WAITERS": int(config.number("MAX_WAITERS", default=256)),
    }


def throttle_rates(config: Config) -> dict[str, str]:
    """Return how often one client may do what."""
    return {
        "orders": config.rate("THROTTLE_ORDERS", default="120/min"),
        "reads": config.rate("THROTTLE_READS", default="1200/min"),
        "login": config.rate("THROTTLE_LOGIN", default="10/min"),
    }
