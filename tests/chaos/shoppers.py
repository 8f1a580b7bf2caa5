"""Customers of a run: they order, ask again, cancel, and remember the answers."""

import random
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from suite.shop import Shop
from tests.chaos.stage import Stage

CARDS = {
    "4242424242424242": 8,
    "4000000000000002": 1,
    "4000000000005126": 1,
}
"""Test cards and how often they are used: good, declined, refunds fail late."""
SKUS = ("MUG", "FILTERS", "KETTLE", "SCALE", "LAST-CUP", "SOLD-OUT")
WEIGHTS = (10, 10, 5, 5, 1, 1)
PATIENCE = 60.0
"""Seconds for which a customer tries to get an answer."""


@dataclass
class History:
    """One order as its customer saw it."""

    key: str
    ids: set[str] = field(default_factory=set)
    """Ids that POSTs with this key were answered with."""
    unanswered: int = 0
    refused: list[str] = field(default_factory=list)
    """Answers that were no order, though the request was right."""
    seen: list[str] = field(default_factory=list)
    """Statuses that were shown, in this order."""
    cancels: list[int] = field(default_factory=list)
    """Codes that cancelling was answered with."""
    cancel_tried: bool = False


class Shoppers:
    """Places orders at a rate, by several threads, until it is stopped."""

    def __init__(self, stage: Stage, seed: int, rate: float, threads: int = 24) -> None:
        self.histories: list[History] = []
        self._stage = stage
        self._stopping = threading.Event()
        self._pause = threads / rate
        shop = self._shop()
        tokens = {number: shop.card(number) for number in CARDS}
        shop.close()
        self._tokens = tokens
        self._threads = [
            threading.Thread(target=self._shop_on, args=(random.Random(f"{seed} {n}"),))
            for n in range(threads)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Place no more orders, and return when each has its answer."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _shop(self) -> Shop:
        shop = Shop(self._stage.suite.url("orders"), self._stage.suite.url("payments"))
        shop.orders.timeout = httpx.Timeout(10)
        return shop

    def _shop_on(self, dice: random.Random) -> None:
        shop = self._shop()
        while not self._stopping.wait(dice.uniform(0, 2 * self._pause)):
            history = History(key=str(uuid.UUID(int=dice.getrandbits(128), version=4)))
            self.histories.append(history)
            self._order(shop, history, dice)
        shop.close()

    def _order(self, shop: Shop, history: History, dice: random.Random) -> None:
        skus = dice.choices(SKUS, WEIGHTS, k=dice.choice((1, 1, 2)))
        lines = {sku: dice.choice((1, 1, 2)) for sku in skus}
        [number] = dice.choices(list(CARDS), list(CARDS.values()))
        token = None
        for _ in range(dice.choice((1, 1, 1, 2))):  # some send it twice
            answer = _until_answered(
                lambda: shop.place(lines, self._tokens[number], key=history.key),
                history,
            )
            if answer is None or answer.status_code not in {201, 202}:
                said = answer and f"{answer.status_code} {answer.text[:200]}"
                history.refused.append(said or "no answer")
                continue
            body = answer.json()
            history.ids.add(body["id"])
            history.seen.append(body["status"])
            token = body["token"]
        if token is not None and dice.random() < 0.4:
            self._stopping.wait(dice.choice((0.02, 0.1, 1, 3)) * dice.random())
            self._cancel(shop, history, token)

    def _cancel(self, shop: Shop, history: History, token: str) -> None:
        history.cancel_tried = True
        order_id = min(history.ids)
        answer = _until_answered(lambda: shop.cancel(order_id, token), history)
        if answer is not None:
            history.cancels.append(answer.status_code)
            body = answer.json()
            history.seen.append(body.get("order_status") or body["status"])


def _until_answered(
    ask: Callable[[], httpx.Response], history: History
) -> httpx.Response | None:
    """Ask again while the answer is lost or says to come again; None if it stays so."""
    give_up = time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            answer = ask()
        except httpx.TransportError:
            pass
        else:
            in_use = answer.status_code == 409 and "key-in-use" in answer.text
            if not in_use and answer.status_code < 500:
                return answer
        history.unanswered += 1
        time.sleep(0.3)
    return None
