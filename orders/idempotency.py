"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07)."""

import hashlib
import math
import re
import string
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import msgspec
from rest_framework import status

from common.http.rest.problems import Problem

KEYS_LIVE = timedelta(hours=24)
"""How long a key is remembered at least; `purge` forgets those of ended orders."""

GUEST_BITS = 122
"""A guest's key opens the guest's order, so it must be as hard to guess as a UUIDv4."""

QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])+)"')
"""A String of RFC 9651, 3.3.3, which is what the draft has."""
BARE = re.compile(r"[!#-+\--:<-~]+")
"""Many clients write it without the quotes: printable, but none of `"`, `,`, `;`."""

A_KEY = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": f"^({QUOTED.pattern}|{BARE.pattern})$",
    "description": "remembered for at least a day; "
    "a guest's is a UUID of version 4, or as hard to guess",
}
"""The header as the API's schema tells it."""


class IdempotencyKeyMissing(Problem):
    """POST needs an Idempotency-Key."""

    title = "Idempotency-Key is missing"


class IdempotencyKeyUnusable(Problem):
    """The key is malformed or too easy to guess."""

    title = "Idempotency-Key cannot be used"


class IdempotencyKeyReused(Problem):
    """The key was used with another body."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    title = "Idempotency-Key was used for another request"


class IdempotencyKeyInUse(Problem):
    """The first request with this key has not been committed yet."""

    status_code = status.HTTP_409_CONFLICT
    title = "The first request with this Idempotency-Key is still in progress"
    wait = 1
    """Seconds, for the header Retry-After."""


def read_key(header: str | None, *, guest: bool) -> str:
    """Return the key in the header's value, bare or as a structured-field string.

    Raises IdempotencyKeyMissing or IdempotencyKeyUnusable.
    """
    if not header:
        raise IdempotencyKeyMissing(
            "send the header Idempotency-Key with a fresh random value, such as a UUID"
        )
    if quoted := QUOTED.fullmatch(header):
        key = re.sub(r"\\(.)", r"\1", quoted[1])
    else:
        key = header
    if not (1 <= len(key) <= 255 and (quoted or BARE.fullmatch(key))):
        raise IdempotencyKeyUnusable(
            "expected one key of 1 to 255 printable ASCII characters, in quotes if "
            "there is a space, a comma, a semicolon or a quote in it"
        )
    if guest and _bits(key) < GUEST_BITS:
        raise IdempotencyKeyUnusable(
            f"a guest's key must carry at least {GUEST_BITS} random bits: "
            "a version 4 UUID, or more than 32 hexadecimal digits"
        )
    return key


def _bits(key: str) -> float:
    """Tell how many random bits a key can carry, as far as that can be seen.

    Of words and names nobody can say how random they are, so they count as none.
    """
    try:
        return GUEST_BITS if uuid.UUID(key).version == 4 else 0
    except ValueError:
        letters = set(key)
    if not letters <= set(string.hexdigits) or len(letters) < 8:
        return 0
    return len(key) * math.log2(10 if letters <= set(string.digits) else 16)


def fingerprint(body: object) -> str:
    """Return a digest of what a request asks for."""
    return hashlib.sha256(msgspec.json.encode(body, order="deterministic")).hexdigest()


_in_progress: set[tuple[str, str]] = set()
_lock = threading.Lock()


@contextmanager
def in_progress(scope: str, key: str) -> Iterator[None]:
    """Hold a key while its order is being inserted.

    Raises IdempotencyKeyInUse while another thread of this process holds it. Between
    processes the unique constraint decides, and the loser replays the winner.
    """
    with _lock:
        if (scope, key) in _in_progress:
            raise IdempotencyKeyInUse("wait for the first request's answer, or retry")
        _in_progress.add((scope, key))
    try:
        yield
    finally:
        with _lock:
            _in_progress.discard((scope, key))
