"""`python -m tests.compose`: docker-compose.yml on a real engine.

Builds, brings the suite up as a project of its own on ports 8000 to 8002, plays the
demo, tries a stolen credential, scales, kills a worker and restarts each server in the
middle of orders, audits, and takes everything down again. A few minutes.
"""

import sys
import time
from argparse import ArgumentParser

from suite.claim import TITLE
from tests.compose.crowd import Crowd
from tests.compose.engine import Failed, Stack, name

BEGAN = time.monotonic()
MOST_MIB = 1536
"""What everything together may take, scaled as the demo is."""
FOUR = ("--scale", "inventory-worker=4", "--scale", "demo=0")
SERVERS = ("orders-db", "inventory-db", "payments-db", "bus")
STOLEN = """
import redis
bus = redis.Redis.from_url(open("/run/secrets/bus-url").read())
for words in (
    ("BLMPOP", 1, 1, "asgi:{payments.request}", "LEFT"),
    ("BLMPOP", 1, 1, "asgi:{response.orders.payments.0a1b!}", "LEFT"),
    ("RPUSH", "asgi:{payments.request}", "forged"),
    ("KEYS", "*"),
    ("FLUSHALL",),
    ("CONFIG", "GET", "*"),
):
    try:
        print("allowed", words, bus.execute_command(*words))
    except redis.ResponseError as error:
        print("refused", *words[:1], str(error).split()[0])
"""
COLLATION = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "{service}.settings"
django.setup()
from django.db import connection
with connection.cursor() as cursor:
    ours = "SELECT datcollate FROM pg_database WHERE datname = current_database()"
    cursor.execute(ours)
    print(cursor.fetchone()[0])
"""
REACH = """
import concurrent.futures, socket
def look(host):
    try:
        socket.create_connection((host, 5432), 2)
        return f"reached {{host}}"
    except OSError as error:
        return f"kept out of {{host}}"
print(*concurrent.futures.ThreadPoolExecutor().map(look, {hosts}), sep="\\n")
"""


def main() -> int:
    """Play all scenes and return 0 if each was as docs/deploy.md says."""
    parser = ArgumentParser(prog="python -m tests.compose")
    parser.add_argument(
        "--orders", type=int, default=50, help="before, during and after a disturbance"
    )
    options = parser.parse_args()
    try:
        with Stack() as stack:
            come_up(stack)
            play_the_demo(stack)
            keep_strangers_out(stack)
            scale(stack)
            kill_a_worker(stack, options.orders)
            for server in SERVERS:
                restart(stack, server, options.orders)
            say(stack.compose("run", "--rm", "audit").splitlines()[-1])
    except Failed as failure:
        print(f"compose-test: {failure}", file=sys.stderr)
        return 1
    say("all as it should be, and nothing is left running")
    return 0


def come_up(stack: Stack) -> None:
    """Build, and be healthy within three minutes and within the memory."""
    stack.compose("build", within=1200)
    began = time.monotonic()
    stack.compose("up", "-d", within=300)
    stack.wait_until_healthy()  # the demo's orders are placed by then, too
    say(f"healthy {time.monotonic() - began:.0f} s after `up`")
    used = stack.mib_in_use()
    say(f"{used:.0f} MiB in all containers together")
    if used > MOST_MIB:
        raise Failed(f"{used:.0f} MiB are more than {MOST_MIB}")


def play_the_demo(stack: Stack) -> None:
    """See what `up` told, and that the demo's orders ended as they should, twice."""
    told = stack.compose("logs", "--no-color", "demo")
    for words in ("http://localhost:8000/api/docs", TITLE, "the audit is clean"):
        if words not in told:
            raise Failed(f"up did not say {words!r}: {told[-2000:]}")
    said = stack.compose("run", "--rm", "demo").splitlines()
    say(*said[-2:])


def keep_strangers_out(stack: Stack) -> None:
    """Use inventory's credential for what is not its own, and look for databases."""
    said = stack.python("inventory-worker", STOLEN).splitlines()
    say("with inventory's credential on the bus:", *said)
    if len(said) != 6 or not all(line.startswith("refused") for line in said):
        raise Failed("a stolen credential opens too much")
    addresses = {
        name(one): [net["IPAddress"] for net in nets.values()]
        for one in stack.containers()
        if name(one).endswith("-db") and (nets := one["NetworkSettings"]["Networks"])
    }
    for service in ("orders", "inventory", "payments"):
        others = {n: a for n, a in addresses.items() if n != f"{service}-db"}
        hosts = [*others, *(address for them in others.values() for address in them)]
        said = stack.python(f"{service}-worker", REACH.format(hosts=hosts)).splitlines()
        if len(said) != 4 or any("reached" in line for line in said):
            raise Failed(f"{service} reaches a foreign database: {said}")
        if (order := _collation(stack, service)) != "C":
            raise Failed(f"{service}'s database orders text by {order}")
    say("nobody reaches another's database, by name or by address")


def _collation(stack: Stack, service: str) -> str:
    return stack.python(f"{service}-worker", COLLATION.format(service=service)).strip()


def scale(stack: Stack) -> None:
    """Run four workers of inventory."""
    stack.compose("up", "-d", "--no-recreate", *FOUR)
    stack.wait_until_healthy()
    workers = [one for one in stack.containers() if name(one) == "inventory-worker"]
    if len(workers) != 4:
        raise Failed(f"{len(workers)} workers of inventory, not 4")
    say("four workers of inventory are healthy")


def kill_a_worker(stack: Stack, orders: int) -> None:
    """Kill payments' worker in the middle of orders, and bring it back."""
    crowd = Crowd()
    crowd.wait_for(orders)
    stack.compose("kill", "payments-worker")
    crowd.wait_for(orders)
    stack.compose("up", "-d", *FOUR)
    crowd.wait_for(orders)
    say(f"killed payments-worker in the middle of orders: {dict(crowd.ends())}")


def restart(stack: Stack, server: str, orders: int) -> None:
    """Restart a database or the bus in the middle of orders."""
    crowd = Crowd()
    crowd.wait_for(orders)
    stack.compose("restart", server)
    crowd.wait_for(orders)
    say(f"restarted {server} in the middle of orders: {dict(crowd.ends())}")
    stack.wait_until_healthy()


def say(*lines: str) -> None:
    """Tell what was seen."""
    print(f"{time.monotonic() - BEGAN:4.0f} s ", end="")
    print(*lines, sep="\n       ", flush=True)


if __name__ == "__main__":
    sys.exit(main())
