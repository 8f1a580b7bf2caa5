"""The methods of HTTP."""

METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT")
) | {"QUERY"}
"""RFC 9110, section 9, RFC 5789 (PATCH), and QUERY, a newer one.

Methods are case-sensitive."""
EXPECTED = f"expected one of {', '.join(sorted(METHODS))}"
