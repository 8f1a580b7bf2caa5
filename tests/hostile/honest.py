"""The honest shopper: a process of its own, which asks at fixed times.

A probe is due every `PAUSE` seconds whether or not the last one was answered, and its
time is counted from the moment when it was due. So a server that stands still for two
seconds is seen by all who would have come meanwhile, not by one.
"""

import asyncio
import json
import math
import multiprocessing
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from multiprocessing.connection import Connection as Pipe
from typing import Any

from tests.hostile.wire import HONEST, Answer, Dropped, ask, request

PAUSE = 0.1
"""Seconds between two probes."""
PATIENCE = 8.0
"""Seconds after which a shopper calls it an error."""
Kind = tuple[str, int, bytes, int]
"""What is asked, the port, the request, and the status that it must have."""


@dataclass(frozen=True, kw_only=True)
class Shop:
    """What a shopper has to know."""

    orders_port: int
    inventory_port: int
    payments_port: int
    card_token: str
    order_id: str
    order_token: str
    with_products: bool = True

    def place(self) -> bytes:
        """Return a new order, which is not waited for."""
        lines = [{"sku": "MUG", "quantity": 1}]
        body = json.dumps({"lines": lines, "card_token": self.card_token})
        return request(
            "POST",
            "/api/orders",
            body.encode(),
            content_type="application/json",
            idempotency_key=str(uuid.uuid4()),
        )

    def probe(self, number: int) -> Kind:
        """Return the probe of this number; all kinds take turns."""
        path = f"/api/orders/{self.order_id}"
        look = request("GET", path, order_token=self.order_token)
        kinds: list[Kind] = [
            ("GET an order", self.orders_port, look, 200),
            ("GET login", self.orders_port, request("GET", "/admin/login/"), 200),
            ("POST an order", self.orders_port, self.place(), 202),
            ("GET an order", self.orders_port, look, 200),
            ("GET stock", self.inventory_port, request("GET", "/admin/login/"), 200),
            ("GET vault", self.payments_port, request("GET", "/api/docs"), 200),
        ]
        if self.with_products:
            products = request("GET", "/api/products")
            kinds.append(("GET products", self.orders_port, products, 200))
        return kinds[number % len(kinds)]


@dataclass
class Impression:
    """What honest shoppers met."""

    seconds: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)

    def quantile(self, share: float) -> float:
        """Return the time within which this share was answered, in seconds."""
        ordered = sorted(self.seconds)
        return ordered[math.ceil(share * len(ordered)) - 1] if ordered else 0.0


class Shoppers:
    """Probes from the start of the block to its end; `impression` is there then."""

    def __init__(self, shop: Shop) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_run, args=(shop, theirs), daemon=True)
        self.impression = Impression()

    def __enter__(self) -> "Shoppers":
        self._process.start()
        self._pipe.recv()  # it has begun: importing takes a moment
        return self

    def __exit__(self, *exception: object) -> None:
        self._pipe.send("stop")
        if self._pipe.poll(2 * PATIENCE):
            self.impression = self._pipe.recv()
        self._process.join(5)
        self._process.kill()
        self._process.close()


def _run(shop: Shop, pipe: Pipe) -> None:
    pipe.send("begun")
    pipe.send(asyncio.run(_probe_until_told(shop, pipe)))


async def _probe_until_told(shop: Shop, pipe: Pipe) -> Impression:
    impression, began = Impression(), time.monotonic()
    async with asyncio.TaskGroup() as probes:
        for number in count():
            due = began + number * PAUSE
            await asyncio.sleep(max(0, due - time.monotonic()))
            if pipe.poll():
                break
            probes.create_task(_probe(shop.probe(number), due, impression))
    return impression


async def _probe(kind: Kind, due: float, impression: Impression) -> None:
    what, port, data, expected = kind
    problem: str | None
    try:
        problem = _problem(
            await ask(port, data, within=PATIENCE, source=HONEST), expected
        )
    except TimeoutError:
        problem = f"no answer in {PATIENCE:g} s"
    except (Dropped, OSError) as error:
        problem = str(error) or type(error).__name__
    if problem:
        impression.errors[f"{what}: {problem}"] += 1
    impression.seconds.append(time.monotonic() - due)


def _problem(answer: Answer, expected: int) -> str | None:
    return None if answer.status == expected else str(answer.status)


def figures(impression: Impression) -> dict[str, Any]:
    """Return an impression as plain data."""
    return {
        "probes": len(impression.seconds),
        "p50": round(impression.quantile(0.5), 3),
        "p95": round(impression.quantile(0.95), 3),
        "errors": dict(impression.errors),
    }
