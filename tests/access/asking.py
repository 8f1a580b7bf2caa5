"""Holds what an application answers against the table."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

from tests import asgi as client
from tests.access import urls
from tests.access.bodies import body_for
from tests.access.expected import GROUPS, READ_BY_NO_PAGE
from tests.access.projects import table
from tests.access.rows import Cell, cells
from tests.access.rows_of import ADAS, CARD, GUESTS, SECRETS
from tests.access.world import World

USUAL = {"GET", "HEAD", "POST"}
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
MAY_SEE = {ADAS: {"ada", "clerk", "admin"}, GUESTS: {"holder", "clerk", "admin"}}
CHANGING = re.compile(r"nonce-[^']+|(csrf|session|messages|expires)\w*=[^;]+")
"""What differs from answer to answer."""
OF_EACH = {"date", "expires", "x-correlation-id", "ratelimit"}


class Asking:
    """One project and its visitors."""

    def __init__(self, application: client.Application, loop: asyncio.Runner) -> None:
        self._application, self._loop, self._world = application, loop, World()
        self._wrong: list[str] = []

    def everything(self, project: str, *, thorough: bool) -> dict[str, Any]:
        """Return what differs from the table, and how many requests were made.

        The admin's pages look at the cookie of a session alone, and send everybody to
        the login who has no good one. When it is not thorough, only some of those are
        sent there, with the usual methods.
        """
        rows = list(cells(table(project)))
        names = self._world.names
        missing = urls.differences({row.url.format(**names) for row in rows})
        if not thorough:
            rows = [row for row in rows if not _is_much_like_another(row)]
        got: dict[tuple[str, str, str], client.Answer] = {}
        for row in rows:
            url = row.url.format(**names)
            answer = got[row.url, row.visitor, row.method] = self._ask(row, url)
            wrong = list(self._problems(row, url, answer))
            if row.method == "HEAD":
                wrong += unlike_get(answer, got[row.url, row.visitor, "GET"])
            said = f"{row.visitor}: {row.method} {row.url}: "
            self._wrong += [said + what for what in wrong]
        return {"missing": missing, "wrong": self._wrong, "asked": len(rows)}

    def _ask(self, row: Cell, url: str) -> client.Answer:
        headers, body = body_for(row.method, url)
        sent = {**self._world.headers[row.visitor], **headers}
        asked = client.ask(self._application, row.method, url, sent, body)
        answer = self._loop.run(asked)
        if row.method.upper() not in SAFE and answer.status < 400:
            self._world.restore()
        return answer

    def _problems(self, row: Cell, url: str, answer: client.Answer) -> Iterator[str]:
        if answer.status != row.status:
            yield f"expected {row.status}, got {answer.status}"
        text = f"{answer.headers} {answer.body!r}"
        for order, secret in SECRETS.items():
            if secret in text and row.visitor not in MAY_SEE[order]:
                yield f"shows {secret}"
        if CARD in text and CARD not in url:
            yield "shows a card's token"
        cached = answer.header("Cache-Control")
        if "no-store" not in cached and not url.startswith("/static/"):
            yield f"may be stored: {cached!r}"
        if answer.status == 401 and answer.header("WWW-Authenticate") != "Token":
            yield "does not say how to log in"
        if answer.status >= 400 and url.startswith("/api/") and row.method != "HEAD":
            yield from self._unlike_a_problem(url, answer)

    def _unlike_a_problem(self, url: str, answer: client.Answer) -> Iterator[str]:
        kind = answer.header("Content-Type")
        if url.startswith("/api/session/"):  # Django's pages
            return
        if kind != "application/problem+json":
            yield f"is no problem document but {kind!r}"
        elif f'"status":{answer.status}' not in answer.body.decode().replace(" ", ""):
            yield f"is a problem without its status: {answer.body[:60]!r}"


def _is_much_like_another(row: Cell) -> bool:
    if not row.url.startswith("/admin/") or row.visitor in GROUPS["staff"]:
        return False
    return row.visitor in READ_BY_NO_PAGE or row.method not in USUAL


def unlike_get(head: client.Answer, get: client.Answer) -> list[str]:
    """Tell how an answer to HEAD differs from GET's without its body."""
    if head.body:
        return ["has a body"]
    if (head.status, _lasting(head)) == (get.status, _lasting(get)):
        return []
    return [f"is not as GET: {head.status} {head.headers}, {get.status} {get.headers}"]


def _lasting(answer: client.Answer) -> list[tuple[str, str]]:
    return sorted(
        (name, CHANGING.sub("", value))
        for name, value in answer.headers
        if name not in OF_EACH
    )
