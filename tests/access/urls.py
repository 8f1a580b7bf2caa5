"""The URLs that a project's URLconf has, as routes."""

from collections.abc import Iterator

from django.urls import Resolver404, URLPattern, URLResolver, get_resolver, resolve

OUTSIDE = {
    "/nowhere",
    "/static/admin/css/base.css",
    "/static/nothing.css",
    "/health/live",
    "/health/ready",
}
"""What the table has besides: middleware answers it, or nothing does."""


def routes() -> set[str]:
    """Return the route of every pattern."""
    return set(_routes(get_resolver()))


def _routes(resolver: URLResolver, before: str = "") -> Iterator[str]:
    for entry in resolver.url_patterns:
        own = str(entry.pattern)
        route = before + (own.removeprefix("^") if before else own)
        if isinstance(entry, URLPattern):
            yield route
        else:
            yield from _routes(entry, route)


def route_of(url: str) -> str | None:
    """Return the route that a URL takes, or None."""
    try:
        return resolve(url).route
    except Resolver404:
        return None


def differences(urls: set[str]) -> list[str]:
    """Tell which routes the table lacks, and which of its URLs no route takes."""
    taken = {url: route_of(url) for url in urls}
    missing = routes() - set(taken.values())
    strange = {url for url, route in taken.items() if route is None} ^ OUTSIDE
    return [f"not in the table: {route}" for route in sorted(missing)] + [
        f"not in the URLconf: {url}" for url in sorted(strange)
    ]
