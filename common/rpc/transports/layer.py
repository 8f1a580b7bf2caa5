"""What we use of a channel layer: ours, the stock one, or another."""

from typing import Any, Protocol


class ChannelLayer(Protocol):
    """What we use of a Channels channel layer."""

    async def send(self, channel: str, message: dict[str, Any]) -> None: ...
    async def receive(self, channel: str) -> dict[str, Any]: ...
    async def new_channel(self, prefix: str = "specific.") -> str: ...


async def receive_with_age(
    layer: ChannelLayer, channel: str
) -> tuple[dict[str, Any], float | None]:
    """Return the next message, and its age (seconds) by the broker's clock.

    None where the layer does not know, such as the stock one.
    """
    if ours := getattr(layer, "receive_with_age", None):
        message, age = await ours(channel)
        return message, age
    return await layer.receive(channel), None
