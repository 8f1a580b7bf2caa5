"""Messages as bytes and back, and what is no message."""

from collections.abc import Callable
from typing import Any

from channels.exceptions import MessageTooLarge

from common.channel_layer.errors import InvalidMessage, UnreadableMessage
from common.channel_layer.frame import Frame

Message = dict[str, Any]


def read(frame: Frame, deserialize: Callable[[bytes], Any], longest: int) -> Message:
    """Return a frame's message, or raise UnreadableMessage, which shows none of it.

    A payload of more than `longest` bytes is not deserialised: as objects it may take a
    hundred times as many.
    """
    size = len(frame.raw)
    try:
        payload = frame.payload
        if len(payload) > longest:
            raise UnreadableMessage(f"{size} bytes are too many")
        message = deserialize(payload)
    except UnreadableMessage:
        raise
    except Exception as error:  # serialisers raise what they like
        why = f"{type(error).__name__} in {size} bytes"
        raise UnreadableMessage(why) from None
    if not isinstance(message, dict):
        raise UnreadableMessage(f"not a dict, {type(message).__name__}")
    return message


def checked(
    message: Message, serialize: Callable[[Message], bytes], longest: int
) -> bytes:
    """Return a message as bytes, or raise InvalidMessage or MessageTooLarge."""
    if not isinstance(message, dict):
        raise InvalidMessage(f"a message is a dict, not {type(message).__name__}")
    if bad := [key for key in message if type(key) is not str]:
        raise InvalidMessage(f"the keys of a message are text, not {bad[0]!r}")
    try:
        payload = serialize(message)
    except Exception as error:  # serialisers raise what they like
        raise InvalidMessage(f"cannot be serialised: {error}") from error
    if len(payload) > longest:
        raise MessageTooLarge(f"{len(payload)} bytes; at most {longest} are allowed")
    return payload
