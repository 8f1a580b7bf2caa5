"""The demo's last scene: what all of this is for.

The same order as in the first scene, but payments' worker is killed (SIGKILL) when the
gateway has charged the card and nobody knows it yet; the message that it had taken is
lost with it. The order ends right all the same.
"""

import asyncio
from dataclasses import replace

from rich.console import Console

from common.contracts.demo_gateway import SetGatewayFaults
from common.rpc.errors import NotServed
from suite.client import connect
from suite.script import SCENES, show
from suite.shop import Shop

TITLE = "A message is lost and a worker killed, after the charge"
WHY = """\
[bold]Why it ends right:[/] the worker died with the request that it had taken. No
answer came, and that tells orders nothing: the card may be charged or not. So it asked
again, under the same order id. Payments had written down that it would charge before
it did, and asked the gateway again under the same key, which repeats its first answer.
The card was charged once; the audit holds the ledgers against each other. Had orders'
own worker died, too, the order's row would still say when it is due.
"""
NOT_HERE = """\
The last scene, in which a worker is killed, needs the demo's card gateway.
"""


def play(bus_url: str, shop: Shop, console: Console) -> int:
    """Disturb an order, print its steps, and return 1 if it ended wrongly."""
    try:
        asyncio.run(_kill_at_the_next_charge(bus_url))
    except NotServed:
        console.print(NOT_HERE)
        return 0
    scene = replace(SCENES[0], title=TITLE)
    order_id: str = shop.place(scene.lines, shop.card(scene.card)).json()["id"]
    order = shop.ended(order_id)
    outcomes = [entry["outcome"] for entry in order["timeline"]]
    wrong = [] if "no answer" in outcomes else ["nobody died"]
    if order["status"] != scene.status:
        wrong.append(f"expected {scene.status}")
    show(scene, order, wrong, console)
    console.print(WHY)
    return len(wrong[:1])


async def _kill_at_the_next_charge(bus_url: str) -> None:
    client = connect(bus_url, "demo")
    try:
        await client.call(SetGatewayFaults(die_after_charge=True))
    finally:
        await client.close()
