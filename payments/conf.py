"""Payments' own settings, for its own project and for any that has it inside."""

from typing import Any

from common.conf.config import Config

DEMO_GATEWAY = "payments.demo_gateway.gateway.DemoGateway"


def gateway_apps(gateway: str) -> list[str]:
    """Return the apps that a gateway needs; add yours here if it has tables."""
    return ["payments.demo_gateway"] if gateway == DEMO_GATEWAY else []


def settings(config: Config) -> dict[str, Any]:
    """Return the settings that payments reads."""
    return {
        "GATEWAY": config.dotted_path(
            "PAYMENTS_GATEWAY", default=DEMO_GATEWAY if config.demo else None
        )
    }


def throttle_rates(config: Config) -> dict[str, str | None]:
    """Return how often one client may do what."""
    return {"cards": config.rate_or_off("THROTTLE_CARDS", default="60/min")}
