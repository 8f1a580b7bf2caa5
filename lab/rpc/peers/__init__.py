"""The ways to get a reply, each a module with the same five names.

    TITLE    what the table calls it
    NEEDS    the modules it imports beyond the project's own
    BROKER   "valkey", "nats", "rabbitmq", or None
    serve    runs the one server process on an address until it is killed
    connect  is an async context manager that yields `call(body) -> body`

Every server does the same work, none: it answers with the body it got.
"""

from collections.abc import Awaitable, Callable

Call = Callable[[bytes], Awaitable[bytes]]

PEERS = (
    "floor",
    "stock",
    "stock_pubsub",
    "ours_on_stock",
    "ours_bare",
    "ours_inline",
    "ours_pooled",
    "http",
    "grpc_aio",
    "nats_core",
    "celery_results",
    "nameko_rpc",
)
