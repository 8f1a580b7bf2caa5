"""What can go wrong at a channel layer, sorted by what the caller may conclude.

ChannelLayerError
├── NotSent              the message is in no channel: sending it again is safe
│   ├── InvalidMessage   no dict with text keys, or a value that cannot be serialised
│   ├── BrokerUnreachable  no connection (also raised by `receive`: call it again)
│   └── BrokerRefused    the broker said no: out of memory, read-only, no permission
├── SendOutcomeUnknown       the connection broke in between: it was sent, or it was not
├── UnreadableMessage    a received message is damaged, or encrypted with another key
└── ForeignChannel       a process-local channel of some other process

`ChannelFull` and `MessageTooLarge` are Channels' own and mean "not sent" as well. The
broker's errors are also redis-py's, so code written for the stock layer catches them.
"""

import redis.exceptions


class ChannelLayerError(Exception):
    """Something went wrong at the channel layer."""


class NotSent(ChannelLayerError):
    """The message is in no channel, so sending it again is safe."""


class InvalidMessage(NotSent, TypeError):
    """The message is not what a channel layer carries."""


class BrokerUnreachable(NotSent, redis.exceptions.ConnectionError):
    """There is no connection to the broker."""


class BrokerRefused(NotSent, redis.exceptions.ResponseError):
    """The broker answered with an error instead of doing what it was asked."""


class SendOutcomeUnknown(ChannelLayerError, redis.exceptions.ConnectionError):
    """The connection broke before the broker answered."""


class UnreadableMessage(ChannelLayerError, ValueError):
    """A message arrived that cannot be read. It is gone; the next one may be fine."""


class ForeignChannel(ChannelLayerError, AssertionError):
    """Only the process that a process-local channel belongs to receives from it."""
