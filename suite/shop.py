"""A customer of the shop: the HTTP APIs as a browser or an app would use them."""

import time
import uuid
from typing import Any

import httpx

from common.contracts.orders import ENDED

GOOD_CARD = "4242424242424242"
Body = dict[str, Any]


class Shop:
    """Talks to orders and payments at their own addresses."""

    def __init__(self, orders_url: str, payments_url: str) -> None:
        self.orders = httpx.Client(base_url=orders_url, timeout=40, trust_env=False)
        self.payments = httpx.Client(
            base_url=payments_url, timeout=10, trust_env=False
        )  # a proxy of the environment knows nothing of this machine

    def close(self) -> None:
        """Close the connections."""
        self.orders.close()
        self.payments.close()

    def log_in(self, name: str, password: str) -> None:
        """Place the following orders as this customer, not as a guest."""
        login = {"username": name, "password": password}
        answer = self.orders.post("/api/token", json=login).raise_for_status()
        self.orders.headers["Authorization"] = f"Token {answer.json()['token']}"

    def card(self, number: str = GOOD_CARD) -> str:
        """Give a test card to payments and return its token."""
        card = {"number": number, "exp_month": 12, "exp_year": 2099, "cvc": "123"}
        answer = self.payments.post("/api/cards", json=card).raise_for_status()
        token: str = answer.json()["token"]
        return token

    def place(
        self,
        lines: dict[str, int],
        card_token: str,
        *,
        key: str | None = None,
        wait: int = 0,
    ) -> httpx.Response:
        """Place an order; the answer is whatever the shop says."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        body = {
            "lines": [{"sku": sku, "quantity": n} for sku, n in lines.items()],
            "card_token": card_token,
        }
        return self.orders.post("/api/orders", json=body, headers=headers)

    def order(self, order_id: str, token: str | None = None) -> Body:
        """Return an order; a guest needs its token."""
        headers = {"Order-Token": token} if token else {}
        answer = self.orders.get(f"/api/orders/{order_id}", headers=headers)
        body: Body = answer.raise_for_status().json()
        return body

    def cancel(self, order_id: str, token: str | None = None) -> httpx.Response:
        """Ask for an order to be cancelled."""
        headers = {"Order-Token": token} if token else {}
        return self.orders.post(f"/api/orders/{order_id}/cancel", headers=headers)

    def ended(
        self, order_id: str, token: str | None = None, *, within: float = 60
    ) -> Body:
        """Return the order once it has ended, or as it is when time is up."""
        give_up = time.monotonic() + within
        while True:
            order = self.order(order_id, token)
            if order["status"] in ENDED or time.monotonic() > give_up:
                return order
            time.sleep(0.1)
