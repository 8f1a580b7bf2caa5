"""A small payment provider over HTTP for the class in docs/gateway.md.

It keeps its books by order and by key. Instead of sending every second answer it drops
the connection, after it has done the work.
"""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import urlsplit

PAYS, DECLINED = "4242424242424242", "4000000000009995"
Answer = tuple[int, dict[str, Any]]


class Provider(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.charges: dict[str, Answer] = {}
        self.refunds: dict[str, str] = {}
        self.moved: list[tuple[str, str]] = []
        self.turn = count()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, key: str, body: Any) -> Answer:
        match path.strip("/").split("/"):
            case ["methods"]:
                if body["number"] not in {PAYS, DECLINED}:
                    return 402, {"field": "number", "why": "expected a test card"}
                last4 = body["number"][-4:]
                return 200, {"id": body["number"], "brand": "visa", "last4": last4}
            case ["charges", order] if method == "GET":
                return self.charges.get(order, (404, {}))
            case ["charges", order]:
                return self.answers.setdefault(key, self._charge(key, order, body))
            case ["refunds", order]:
                if order not in self.refunds:
                    self.moved.append(("refund", order))
                self.refunds.setdefault(order, key)
                return 200, {}
            case _:
                return 200, {"stands": True}

    def _charge(self, key: str, order: str, body: Any) -> Answer:
        if key in self.answers:
            return self.answers[key]
        pays = body["method"] == PAYS
        if pays:
            self.moved.append(("charge", order))
        self.charges[order] = (200, {}) if pays else (402, {"code": "declined"})
        return self.charges[order]


class Handler(BaseHTTPRequestHandler):
    """One request, one answer, or none."""

    server: Provider

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size) or b"null")
        parts = urlsplit(self.path)
        key = self.headers.get("Idempotency-Key", "")
        status, said = self.server.answer(self.command, parts.path, key, body)
        if next(self.server.turn) % 2 == 0:
            self.close_connection = True
            return
        raw = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_PUT = do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
