"""The users of the bus: what the holder of each one's password can do there.

A service reads its own requests, and the replies to what it asked. It may write, and
only write, requests to those it calls (`common.contracts.topology`), and replies in its
own name. This is for `common.channel_layer`, whose scripts run with the rights of who
calls them. And it counts its clients' requests.
"""

import hashlib
from collections.abc import Mapping

from common.contracts.topology import CALLS, SERVING

SEND = "+rpush +ltrim +pexpire +time"
RECEIVE = "+blmpop +lindex +lpop +lpush +client|id +client|unblock"
CONNECT = "+ping +client|setinfo"
COUNT = "+mget +set +exists +incrby"
"""What common.http.rest.throttling needs, at keys that no channel has."""
GROUPS = "+eval +evalsha +zadd +zrem +zrange +zremrangebyscore +expire +time"
"""What groups of channels need, at a service's own: its notices go to these."""
NOBODY = "user default off"
"""Who has not logged in is told to, and that is all."""


def acl(passwords: Mapping[str, str]) -> str:
    """Return the ACL file for these users, with their passwords hashed."""
    lines = [NOBODY, *(_user(name, word) for name, word in passwords.items())]
    return "\n".join(lines) + "\n"


def _user(name: str, password: str) -> str:
    readable, writable = _channels(name)
    hashed = hashlib.sha256(password.encode()).hexdigest()
    # a script's keys count as read and written; each command in it is checked as well
    scripts = " ".join(f"~{key}" for key in readable + writable)
    throttles = f" ({COUNT} ~throttle:{name}:*)" if name in SERVING else ""
    keys = [f"%RW~{key}" for key in readable] + [f"%W~{key}" for key in writable]
    group = f"~asgi:group:{name}.*"
    groups = f" ({GROUPS} {group})"
    return (
        f"user {name} on #{hashed} resetchannels -@all {' '.join(keys)} "
        f"{SEND} {RECEIVE} {CONNECT} (+eval +evalsha {scripts}){groups}{throttles}"
    )


def _channels(name: str) -> tuple[list[str], list[str]]:
    """Return the keys of the channels that a user reads, and that it only writes."""
    readable = [f"asgi:{{response.{name}.*"]
    writable = [f"asgi:{{{called}.request}}" for called in CALLS[name]]
    if name in {called for calls in CALLS.values() for called in calls}:
        own = f"asgi:{{{name}.request}}"
        readable.append(own)
        writable = [key for key in writable if key != own]
        writable.append(f"asgi:{{response.*.{name}.*")
    return readable, writable
