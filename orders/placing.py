"""START HERE: how an order is placed. The six boxes of the talk's slide, in order.

    make order row → allocate inventory → calculate price
                   → charge card → finalise inventory → finalise order

This is a saga: each step is one function, with its compensation beside it. A step may
be repeated at any time, by any worker, since the service that owns it remembers the
answer that it gave. So nothing here keeps track of progress: an attempt that fails is
followed by one that starts again from the top.
"""

from common.contracts.inventory import (
    AllocateInventory,
    FinaliseInventory,
    InventoryAllocated,
    Line,
    ReleaseInventory,
)
from common.contracts.money import Money
from common.contracts.payments import ChargeCard, RefundCharge
from common.database import in_db_thread
from common.saga import history, steps, transitions
from common.together import together
from orders import rows, states, totals
from orders.models import Order


def make_order_row(new: rows.NewOrder) -> Order:
    """Step 1, in orders: once this has committed, the order will reach an end."""
    return rows.insert(new)


async def place(order: Order) -> None:
    """Take a placed order through steps 2 to 6, again from the top if need be.

    Raises a Refused if a service says no, Busy or OutcomeUnknown if this pass came to
    nothing, and AlreadyReleased, AlreadyRefunded or StaleRow if the order is being
    compensated by now. The orchestrator knows what follows from each.
    """
    allocated = await allocate_inventory(order)
    total = await calculate_price(order, allocated)
    await charge_card(order, total)
    await finalise_inventory(order)
    await finalise_order(order)


async def compensate(order: Order) -> None:
    """Compensate steps 4 and 2 (and with it 5), then record the outcome."""
    await refund_card(order)
    await release_inventory(order)
    await in_db_thread(transitions.finish_compensation, Order, order.id)


# 2 ── allocate inventory ──────────────────────────────────────── owner: inventory


async def allocate_inventory(order: Order) -> InventoryAllocated:
    """Set the stock aside, all lines or none, and learn the prices."""
    lines = tuple(
        Line(sku=line.sku, quantity=line.quantity) for line in order.loaded_lines
    )
    return await steps.perform(
        order,
        "allocate inventory",
        AllocateInventory(order_id=order.id, lines=lines, deadline=order.deadline),
    )


async def release_inventory(order: Order) -> None:
    """Give back what the order holds or took, even if nothing is known of it."""
    await steps.compensate(
        order, "release inventory", ReleaseInventory(order_id=order.id)
    )


# 3 ── calculate price ─────────────────────────────────────────── owner: orders


async def calculate_price(order: Order, allocated: InventoryAllocated) -> Money:
    """Make the total durable before it is charged; the first one stored counts."""
    total = together(totals.store, totals.Priced(order, allocated.lines))
    return await steps.of_our_own(order, "calculate price", total)


# 4 ── charge card ─────────────────────────────────────────────── owner: payments


async def charge_card(order: Order, total: Money) -> None:
    """Charge the total, once, whatever becomes of this call."""
    await steps.perform(
        order,
        "charge card",
        ChargeCard(
            order_id=order.id,
            total=total,
            card_token=order.card_token,
            deadline=order.deadline,
        ),
    )


async def refund_card(order: Order) -> None:
    """Pay back what was charged, even if nothing is known of a charge."""
    await steps.compensate(order, "refund card", RefundCharge(order_id=order.id))


# 5 ── finalise inventory ──────────────────────────────────────── owner: inventory


async def finalise_inventory(order: Order) -> None:
    """Take the stock off the shelf. Its compensation is the release, which restocks."""
    await steps.perform(
        order, "finalise inventory", FinaliseInventory(order_id=order.id)
    )


# 6 ── finalise order ──────────────────────────────────────────── owner: orders


async def finalise_order(order: Order) -> None:
    """Confirm the order, unless it is being compensated by now."""
    await together(states.confirm, states.Finalised(order.id, history.so_far(order)))
