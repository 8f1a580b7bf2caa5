"""The handlers of rooms, each with its rule."""

from contracts.rooms import GiveRoomBack, KeepRoom, NoRoom, RoomGivenBack, RoomKept

from common.database import retried_transaction
from common.rpc.contract import Done
from common.rpc.service import Service
from rooms.models import RATE, ROOMS, Stay

service = Service("rooms")


@service.handles(KeepRoom)
@retried_transaction
def keep_room(request: KeepRoom) -> RoomKept:
    """Keep a room, if one is free."""
    stay = Stay.objects.filter(booking_id=request.booking_id).first()
    if stay is None:
        if Stay.objects.filter(night=request.night).count() >= ROOMS:
            raise NoRoom
        Stay.objects.create(booking_id=request.booking_id, night=request.night)
    elif stay.night is None:
        raise RoomGivenBack
    return RoomKept(rate=RATE)


@service.handles(GiveRoomBack)
@retried_transaction
def give_room_back(request: GiveRoomBack) -> Done:
    """Give a room back, and leave a tombstone."""
    Stay.objects.update_or_create(
        booking_id=request.booking_id, defaults={"night": None}
    )
    return Done()
