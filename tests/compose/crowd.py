"""Customers who place orders while things break, and look how each ended."""

import threading
import time
import uuid
from collections import Counter
from itertools import count

import httpx

from suite.script import DECLINED
from suite.shop import GOOD_CARD, Shop
from tests.compose.engine import Failed

SHOP, VAULT = "http://localhost:8000", "http://localhost:8002"
SKUS = ("MUG", "FILTERS", "KETTLE", "SCALE", "TAMPER", "BREWER", "GRINDER")
PATIENCE = 60.0
"""Seconds for which a customer tries to get an answer, and then to see the end."""


class Crowd:
    """Places orders by several threads until it is stopped; every fifth is declined."""

    def __init__(self, threads: int = 8) -> None:
        self.placed: dict[str, tuple[str, str]] = {}
        """Guests' tokens and the status that each order must end with, by its id."""
        self.failures: list[str] = []
        self._numbers = count()
        self._stopping = threading.Event()
        shop = Shop(SHOP, VAULT)
        self._good, self._bad = shop.card(GOOD_CARD), shop.card(DECLINED)
        shop.close()
        self._threads = [threading.Thread(target=self._run) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def wait_for(self, more: int) -> None:
        """Return as soon as so many more orders were accepted."""
        enough, give_up = len(self.placed) + more, time.monotonic() + PATIENCE
        while len(self.placed) < enough:
            if time.monotonic() > give_up:
                raise Failed(f"{len(self.placed)} orders accepted, not {enough}")
            time.sleep(0.01)

    def ends(self) -> Counter[str]:
        """Stop, and count how all orders ended; raise Failed for a wrong end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        if self.failures:
            raise Failed(f"not accepted: {self.failures[:3]}")
        shop, ended = Shop(SHOP, VAULT), Counter[str]()
        for order_id, (token, expected) in self.placed.items():
            status = _end(shop, order_id, token)
            if status != expected:
                raise Failed(f"order {order_id} is {status}, not {expected}")
            ended[status] += 1
        shop.close()
        return ended

    def _run(self) -> None:
        shop = Shop(SHOP, VAULT)
        while not self._stopping.wait(0.1):
            number = next(self._numbers)
            declined = number % 5 == 4
            card = self._bad if declined else self._good
            answer = _until_answered(shop, SKUS[number % len(SKUS)], card)
            if answer is None or answer.status_code not in {201, 202}:
                self.failures.append(answer.text[:200] if answer else "no answer")
                continue
            body = answer.json()
            expected = "rejected" if declined else "confirmed"
            self.placed[body["id"]] = body["token"], expected
        shop.close()


def _end(shop: Shop, order_id: str, token: str) -> str:
    """Return how an order ended, looking again while the shop cannot tell."""
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            status: str = shop.ended(order_id, token, within=PATIENCE)["status"]
            return status
        except httpx.HTTPError as error:
            if time.monotonic() > give_up:
                raise Failed(f"order {order_id}: {error}") from error
            time.sleep(0.2)


def _until_answered(shop: Shop, sku: str, card: str) -> httpx.Response | None:
    """Place an order, again with its key while no answer comes; None if none does."""
    key, give_up = str(uuid.uuid4()), time.monotonic() + PATIENCE
    while time.monotonic() < give_up:
        try:
            answer = shop.place({sku: 1}, card, key=key)
        except httpx.TransportError:
            pass
        else:
            if answer.status_code < 500 and "key-in-use" not in answer.text:
                return answer
        time.sleep(0.2)
    return None
