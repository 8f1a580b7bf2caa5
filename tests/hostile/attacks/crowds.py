"""Crowds of the idle, and of those who try passwords."""

import asyncio
import contextlib
from urllib.parse import urlencode

from tests.hostile.attacks.waits import crowd
from tests.hostile.scenario import Attack, Cost, scenario
from tests.hostile.targets import PAGES, SECRET, TARGETS
from tests.hostile.wire import Connection, Dropped, request

IDLE = 2000
USED = 500
CONNECTING = 50
"""Clients that connect at the same moment."""
LOGINS = 90


@scenario("idle-connections", cost=Cost(mib=96))
async def idle_connections(attack: Attack) -> None:
    """2,000 clients connect and say nothing; 500 of them have had an answer before."""
    await be_idle(attack, USED, request("GET", "/health/live"), IDLE - USED)


async def be_idle(attack: Attack, used: int, data: bytes, unused: int) -> None:
    """Connect, and leave the connections alone until time is up.

    That the server does not take them all, or closes some, is no fault.
    """
    door = asyncio.Semaphore(CONNECTING)
    attack.connections = used + unused

    async def one(data: bytes) -> None:
        with contextlib.suppress(Dropped, OSError, TimeoutError):
            it = Connection(attack.stage.orders)
            async with door, asyncio.timeout(attack.seconds):
                await it.__aenter__()
            async with contextlib.AsyncExitStack() as stack:
                stack.callback(it.close)
                if data:
                    await it.send(data)
                    await it.answer()
                await asyncio.sleep(attack.seconds)

    await asyncio.gather(
        *(one(data if n < used else b"") for n in range(used + unused))
    )


@scenario("logins")
async def logins(attack: Attack) -> None:
    """90 logins at once with wrong passwords, by programs and at the admin's page."""
    await crowd(attack, login_requests(), {200, 400, 401, 429})


@scenario("abandoned-logins")
async def abandoned_logins(attack: Attack) -> None:
    """90 clients send a login and leave at once: nobody waits for these answers."""

    async def one(data: bytes) -> None:
        with contextlib.suppress(Dropped, OSError):
            async with Connection(attack.stage.orders) as it:
                await it.send(data)

    attack.connections = LOGINS
    await asyncio.gather(*map(one, login_requests()))
    await asyncio.sleep(attack.seconds)


def login_requests() -> list[bytes]:
    """Return logins that a server has to hash a password for, each another one."""
    token, page = TARGETS[2], PAGES[2]
    form = {"username": "ada", "csrfmiddlewaretoken": SECRET}
    requests = []
    for number in range(LOGINS):
        if number % 3:
            body = b'{"username": "ada", "password": "wrong %d"}' % number
            requests.append(token.post(body, "application/json"))
        else:
            body = urlencode({**form, "password": f"wrong {number}"}).encode()
            requests.append(page.post(body, "application/x-www-form-urlencoded"))
    return requests
