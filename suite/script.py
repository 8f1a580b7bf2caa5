"""The demo's orders: each shows one way in which an order can end."""

import uuid
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from suite.shop import GOOD_CARD, Body, Shop

SIX_STEPS = (
    "make order row",
    "allocate inventory",
    "calculate price",
    "charge card",
    "finalise inventory",
    "finalise order",
)
DECLINED, NO_FUNDS = "4000000000000002", "4000000000009995"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One order, and how it must end."""

    title: str
    lines: dict[str, int] = field(default_factory=lambda: {"MUG": 2, "FILTERS": 1})
    card: str = GOOD_CARD
    cancel: bool = False
    twice: bool = False
    status: str = "confirmed"
    reason: str | None = None
    """The last part of the reason's type URI."""


SCENES = (
    Scene(title="All goes well"),
    Scene(
        title="Out of stock",
        lines={"MUG": 1, "SOLD-OUT": 1},
        status="rejected",
        reason="out-of-stock",
    ),
    Scene(
        title="No such product",
        lines={"UNICORN": 1},
        status="rejected",
        reason="unknown-product",
    ),
    Scene(
        title="Card declined",
        card=DECLINED,
        status="rejected",
        reason="card-declined",
    ),
    Scene(
        title="Insufficient funds",
        card=NO_FUNDS,
        status="rejected",
        reason="card-declined",
    ),
    Scene(
        title="Cancelled after confirmation",
        cancel=True,
        status="cancelled",
        reason="cancelled-by-customer",
    ),
    Scene(title="The same Idempotency-Key twice", twice=True),
)


def play(shop: Shop, password: str, console: Console) -> int:
    """Place every order, print its steps, and return how many ended wrongly."""
    shop.log_in("ada", password)
    return sum(not _play(scene, shop, console) for scene in SCENES)


def _play(scene: Scene, shop: Shop, console: Console) -> bool:
    key, card = str(uuid.uuid4()), shop.card(scene.card)
    placed = shop.place(scene.lines, card, key=key, wait=20)
    placed.raise_for_status()
    order_id: str = placed.json()["id"]
    order = shop.ended(order_id)
    wrong: list[str] = []
    if scene.twice:
        again = shop.place(scene.lines, card, key=key)
        if (again.status_code, again.json()["id"]) != (placed.status_code, order_id):
            wrong.append("the repeat got another answer")
    if scene.cancel:
        answer = shop.cancel(order_id)
        if answer.status_code != 202:
            wrong.append(f"cancelling was answered with {answer.status_code}")
        order = shop.ended(order_id)
    reason = order["reason"]["type"].rpartition(":")[2] if order["reason"] else None
    if (order["status"], reason) != (scene.status, scene.reason):
        wrong.append(f"expected {scene.status} ({scene.reason})")
    show(scene, order, wrong, console)
    return not wrong


def show(scene: Scene, order: Body, wrong: list[str], console: Console) -> None:
    """Print an order's steps, and how it ended."""
    console.print(_table(scene, order, wrong))
    console.print()


def _table(scene: Scene, order: Body, wrong: list[str]) -> Table:
    colour = "red" if wrong else "green"
    verdict = "; ".join([order["status"], *wrong])
    reason = f" ({order['reason']['detail']})" if order["reason"] else ""
    table = Table(
        title=f"{scene.title}: [{colour}]{verdict}[/]{reason}",
        title_justify="left",
        caption=f"order {order['id']}  correlation id {order['correlation_id']}",
        caption_justify="left",
    )
    for heading in ("step", "service", "outcome"):
        table.add_column(heading)
    for heading in ("queue ms", "handler ms"):
        table.add_column(heading, justify="right")
    tried = [e for e in order["timeline"] if "→" not in e["step"]]
    missing = [step for step in SIX_STEPS if step not in {e["step"] for e in tried}]
    for entry in tried:
        table.add_row(
            entry["step"],
            entry["service"],
            entry["outcome"],
            _ms(entry["queue_ms"]),
            _ms(entry["handler_ms"]),
        )
    for step in missing:
        table.add_row(step, "", "not reached", "", "", style="dim")
    return table


def _ms(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
