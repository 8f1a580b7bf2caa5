"""The demo's last scene: what all of this is for.

The same order as in the first scene, but a message to inventory is lost, and payments'
worker is killed (SIGKILL) before it is asked. The order ends right all the same.
"""

import os
import signal
import time
from dataclasses import replace

from rich.console import Console

from common.conf.backends import OUR_CHANNEL_LAYER
from common.conf.config import Config
from suite.programs import Suite
from suite.script import SCENES, show
from suite.shop import Body, Shop
from suite.supervisor import Supervisor

TITLE = "A message is lost and a worker is killed"
LOST = "seed=211; inventory.request drop=0.4"
"""With this seed the first request that orders sends to inventory is lost."""
WHY = """\
[bold]Why it ends right:[/] no answer came to the first request, and that tells orders
nothing. So it asked again, from the top, under the same order id, and each service
repeats the answer that it gave to an order: stock is held once, the card charged once.
What the killed worker had not taken waited on the bus for the next one. Had orders' own
worker died, too, the order's row would still say when it is due.
"""
BY_HAND = """\
To see an order survive a crash here, kill a worker while it is on its way, such as
  docker-compose kill -s KILL payments-worker && docker-compose up -d payments-worker
"""


NOT_HERE = """\
The last scene, in which a message is lost, needs the suite's own channel layer.
"""


def can_be_played(config: Config) -> bool:
    """Tell whether the channel layer can lose a message on purpose."""
    return config.layer_class() == OUR_CHANNEL_LAYER


def play(suite: Suite, supervisor: Supervisor, shop: Shop, console: Console) -> int:
    """Disturb an order, print its steps, and return 1 if it ended wrongly."""
    worker = suite.worker("orders")
    supervisor.stop(worker.name)
    faulty = {**worker.env, "BUS_RESILIENCE": LOST}
    supervisor.start(replace(worker, env=faulty))
    scene = replace(SCENES[0], title=TITLE)
    order_id: str = shop.place(scene.lines, shop.card(scene.card)).json()["id"]
    order = _until_tried(shop, order_id)
    os.kill(supervisor.pid("payments worker"), signal.SIGKILL)
    order = shop.ended(order_id)
    lost = any(entry["outcome"].startswith("NoReply") for entry in order["timeline"])
    wrong = [] if lost else ["no message was lost"]
    if order["status"] != scene.status:
        wrong.append(f"expected {scene.status}")
    show(scene, order, wrong, console)
    console.print(WHY)
    supervisor.stop(worker.name)
    supervisor.start(worker)
    return len(wrong[:1])


def _until_tried(shop: Shop, order_id: str) -> Body:
    """Return the order once a step of another service was tried."""
    give_up = time.monotonic() + 20
    while True:
        order = shop.order(order_id)
        tried = {entry["service"] for entry in order["timeline"]} - {"orders"}
        if tried or time.monotonic() > give_up:
            return order
        time.sleep(0.05)
