"""Reads the table's text."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.access.expected import GROUPS

METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
    *("OPTIONS", "TRACE", "CONNECT", "QUERY"),
)
UNKNOWN = ("get", "Head", "head", "PROPFIND")
"""Refused by the entrance with 501, wherever they go and whoever sends them."""


@dataclass(frozen=True)
class Cell:
    """One request, and the status of its answer."""

    url: str
    method: str
    visitor: str
    status: int


def cells(text: str) -> Iterator[Cell]:
    """Give every cell of a table; UNKNOWN methods are added to each URL."""
    rows: dict[str, dict[str, dict[str, str]]] = {}
    columns: list[str] = []
    for words in (line.split() for line in text.splitlines() if line.strip()):
        url, method, *statuses = words
        if url == "URL":
            columns = statuses
            continue
        assert len(statuses) == len(columns), words
        assert method not in rows.setdefault(url, {}), f"{url} {method} stands twice"
        rows[url][method] = {
            visitor: status
            for column, status in zip(columns, statuses, strict=True)
            for visitor in GROUPS.get(column, (column,))
        }
    for url, row in rows.items():
        for method in METHODS:
            named = row.get("GET" if method == "HEAD" else method) or row["ANY"]
            for who, status in named.items():
                yield Cell(url, method, who, int(status))
        for method in UNKNOWN:
            yield from (Cell(url, method, who, 501) for who in row["ANY"])
