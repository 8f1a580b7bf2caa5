"""Who a client is, for turns, throttles and wrong logins: an address, not a name."""

import ipaddress
from typing import Any

from django.conf import settings
from django.http import HttpRequest

ONE_SITE = 64
"""Bits of an IPv6 address: what is behind them is one customer's (RFC 6177)."""


def client_of(scope: dict[str, Any]) -> str:
    """Return the address of an ASGI request's client, told by the last of our proxies.

    Of an IPv6 address it is the network of 64 bits: its holder has all that are in it.
    """
    told = [v for name, v in scope["headers"] if name == b"x-forwarded-for"]
    host = (scope.get("client") or ("",))[0]
    return _client(host, b",".join(told).decode("latin-1"))


def client_of_request(request: HttpRequest) -> str:
    """Return the same for a request of Django's."""
    told = request.META.get("HTTP_X_FORWARDED_FOR", "")
    return _client(request.META.get("REMOTE_ADDR", ""), told)


def address_or_none(request: HttpRequest) -> str | None:
    """Return the same if it can be stored as an address; a proxy may tell anything."""
    client = client_of_request(request)
    return client if _address(client) else None


def _client(host: str, told: str) -> str:
    if settings.PROXIES and told:
        hosts = told.split(",")
        host = hosts[-min(settings.PROXIES, len(hosts))].strip()
    match _address(host):
        case ipaddress.IPv6Address(ipv4_mapped=None) as address:
            site = ipaddress.ip_network((int(address), ONE_SITE), strict=False)
            return str(site.network_address)
        case ipaddress.IPv6Address(ipv4_mapped=mapped):
            return str(mapped)
    return host


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])  # without a zone
    except ValueError:
        return None
