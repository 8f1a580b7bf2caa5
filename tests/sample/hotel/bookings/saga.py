"""How a room is booked: keep a room → bill the guest → confirm."""

from uuid import UUID

from contracts.billing import Bill, BillPaidBack, PayBack
from contracts.bookings import Book
from contracts.rooms import GiveRoomBack, KeepRoom, RoomGivenBack

from bookings.models import Booking
from common import clock
from common.context import current_headers
from common.database import in_db_thread, retried_transaction
from common.saga import history, transitions
from common.saga.orchestrator import Orchestrator
from common.saga.steps import compensate, perform

DEADLINE = 6.0
"""Seconds in which a booking is confirmed, or expires."""


@retried_transaction
def begin(request: Book) -> None:
    """Write the booking down; from then on it will reach an end."""
    if Booking.objects.filter(id=request.booking_id).exists():
        return
    Booking.objects.create(
        id=request.booking_id,
        guest=request.guest,
        night=request.night,
        status=Booking.BEGUN,
        deadline=clock.after(DEADLINE),
        next_attempt_at=clock.now(),
        correlation_id=current_headers().correlation_id,
    )
    history.record(Booking, {request.booking_id: None}, "", Booking.BEGUN)


async def book(booking: Booking) -> None:
    """Take a booking through its steps, again from the top if need be."""
    kept = await perform(
        booking, "keep room", KeepRoom(booking_id=booking.id, night=booking.night)
    )
    bill = Bill(booking_id=booking.id, guest=booking.guest, amount=kept.rate)
    await perform(booking, "bill", bill)
    await in_db_thread(confirm, booking.id)


async def take_back(booking: Booking) -> None:
    """Compensate all steps, then record the outcome."""
    await compensate(booking, "pay back", PayBack(booking_id=booking.id))
    await compensate(booking, "give room back", GiveRoomBack(booking_id=booking.id))
    await in_db_thread(transitions.finish_compensation, Booking, booking.id)


@retried_transaction
def confirm(booking_id: UUID) -> bool:
    """booked → confirmed."""
    booked = {booking_id: None}
    return bool(transitions.change(Booking, booked, Booking.BEGUN, Booking.COMPLETED))


orchestrator = Orchestrator(
    saga=Booking,
    steps=book,
    compensations=take_back,
    compensated=(RoomGivenBack, BillPaidBack),
)
