"""Which cells of docs/protocol.md a run has been in: it must have been in all."""

import functools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from common.saga import transitions
from inventory import stock
from orders import states, totals
from payments import entries, intents
from tests.simulation.tables import read

ALLOCATION = ("none", "held", "short", "finalised", "released")
CHARGE = (
    "none", "intent", "charged", "declined", "refunding", "refunded", "voided",
)  # fmt: skip
UNREACHABLE = {
    "FinaliseInventory on none",
    "FinaliseInventory on short",
}
"""Contradictions: that they are never met is part of the proof."""
CELLS = {
    *(f"AllocateInventory on {state}" for state in ALLOCATION),
    *(f"FinaliseInventory on {state}" for state in ALLOCATION),
    *(f"ReleaseInventory on {state}" for state in ALLOCATION),
    *(f"ChargeCard on {state}" for state in CHARGE),
    *(f"RefundCharge on {state}" for state in CHARGE),
    *(
        f"{move} {how}"
        for move in ("confirm", "reject", "expire", "cancel", "finish compensation")
        for how in ("won", "lost")
    ),
    "sweeper releases a hold",
    "sweeper's release comes too late",
    "refund refused",
    "refund failed late",
    "settled as approved",
    "settled as declined",
    "total was set already",
} - UNREACHABLE


@contextmanager
def counted(met: Counter[str]) -> Iterator[None]:
    """Count, inside the block, what the rules meet."""

    def on_state(request: str, table: str, function: Any) -> Callable[..., Any]:
        query = f"SELECT state FROM {table} WHERE order_id = ?"  # noqa: S608 ours

        @functools.wraps(function)
        def counting(members: Any = (), **words: Any) -> Any:
            for one in members or [words["order_id"]]:
                rows = read(query, getattr(one, "order_id", one).hex)
                met[f"{request} on {rows[0][0] if rows else 'none'}"] += 1
            return function(members, **words) if members else function(**words)

        return counting

    def by_result(won: str, lost: str, function: Any) -> Callable[..., Any]:
        @functools.wraps(function)
        def counting(*args: Any, **words: Any) -> Any:
            result = function(*args, **words)
            met[won if result else lost] += 1
            return result

        return counting

    def always(name: str, function: Any) -> Callable[..., Any]:
        return by_result(name, name, function)

    def settling(function: Any) -> Callable[..., Any]:
        @functools.wraps(function)
        def counting(settlements: Any) -> Any:
            for one in settlements:
                met[f"settled as {type(one.outcome).__name__.lower()}"] += 1
            return function(settlements)

        return counting

    def confirming(function: Any) -> Callable[..., Any]:
        @functools.wraps(function)
        def counting(orders: Any) -> Any:
            answers = function(orders)
            for won in answers:
                met["confirm won" if won else "confirm lost"] += 1
            return answers

        return counting

    def pricing(function: Any) -> Callable[..., Any]:
        @functools.wraps(function)
        def counting(orders: Any) -> Any:
            for one in orders:
                if one.order.total is not None:
                    met["total was set already"] += 1
            return function(orders)

        return counting

    wrapped: list[tuple[Any, str, Callable[..., Any]]] = [
        (module, name, on_state(request, table, getattr(module, name)))
        for module, name, request, table in (
            (stock, "allocate", "AllocateInventory", "inventory_allocation"),
            (stock, "finalise", "FinaliseInventory", "inventory_allocation"),
            (stock, "release", "ReleaseInventory", "inventory_allocation"),
            (intents, "open_intents", "ChargeCard", "payments_charge"),
            (entries, "begin_refund", "RefundCharge", "payments_charge"),
        )
    ]
    wrapped += [
        (module, name, by_result(f"{what} won", f"{what} lost", getattr(module, name)))
        for module, names in (
            (states, ("cancel",)),
            (transitions, ("reject", "expire", "finish_compensation")),
        )
        for name in names
        for what in (name.replace("_", " "),)
    ]
    late = "sweeper's release comes too late"
    overdue = by_result("sweeper releases a hold", late, stock.release_overdue_hold)
    wrapped += [
        (stock, "release_overdue_hold", overdue),
        (
            entries,
            "record_refused_refund",
            always("refund refused", entries.record_refused_refund),
        ),
        (
            entries,
            "record_late_failure",
            always("refund failed late", entries.record_late_failure),
        ),
        (intents, "settle", settling(intents.settle)),
        (states, "confirm", confirming(states.confirm)),
        (totals, "store", pricing(totals.store)),
    ]
    with ExitStack() as stack:
        for target, name, ours in wrapped:
            stack.enter_context(mock.patch.object(target, name, ours))
        yield
