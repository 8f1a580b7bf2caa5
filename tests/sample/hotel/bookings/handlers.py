"""The handlers of bookings, and its sweeper."""

from contracts.bookings import Book, BookingStands, ShowBooking

from bookings.models import Booking
from bookings.saga import begin, orchestrator
from common.rpc.contract import Done
from common.rpc.service import Service

service = Service("bookings")


@service.handles(Book)
def book(request: Book) -> Done:
    """Book a room; the sweeper carries it on."""
    begin(request)
    return Done()


@service.handles(ShowBooking)
def show_booking(request: ShowBooking) -> BookingStands:
    """Show where a booking stands."""
    booking = Booking.objects.filter(id=request.booking_id).first()
    if booking is None:
        return BookingStands(status="", steps=())
    names = booking.steps.order_by("id").values_list("name", flat=True)
    return BookingStands(status=booking.status, steps=tuple(names[:1000]))


@service.every(seconds=0.2)
async def carry_on() -> None:
    """Carry on the bookings that are due."""
    await orchestrator.sweep()
