"""The control: what the stage and the machine cost without any attack."""

import asyncio

from tests.hostile.scenario import Attack, scenario


@scenario("calm", everywhere=True)
async def calm(attack: Attack) -> None:
    """Nothing happens. If this one fails, the machine or the stage is to blame."""
    await asyncio.sleep(attack.seconds)
