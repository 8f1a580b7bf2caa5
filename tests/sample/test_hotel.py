"""A hotel's saga ends right with what `common` gives, in real processes."""

import sys
import uuid
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from common.channel_layer import RedisChannelLayer
from common.conf.backends import channel_layer
from common.conf.embedded import ROOT, embedded_bus_url
from common.rpc.client import Client
from common.rpc.transports.channel import Channel
from suite import bus
from suite.supervisor import Program, Supervisor, run_to_end
from tests.common.conftest import until

HERE = Path(__file__).parent / "hotel"
SERVICES = ("rooms", "billing", "bookings")
NIGHT = date(2030, 1, 1)


class Hotel:
    """Three workers and a bus."""

    def __init__(self, run_dir: Path, supervisor: Supervisor) -> None:
        self._run_dir, self.supervisor = run_dir, supervisor
        argv = bus.command(run_dir)
        supervisor.start(Program(name="bus", argv=argv, ready="eady to accept"))
        for service in SERVICES:
            migrate = self._program(service, "migrate", "--run-syncdb", ready="")
            run_to_end(migrate, lambda _, line: None)

    def _program(self, service: str, *words: str, ready: str) -> Program:
        return Program(
            name=service,
            argv=[sys.executable, "-m", "django", *words],
            ready=ready,
            env={
                "PYTHONPATH": f"{HERE}:{ROOT}",
                "DJANGO_SETTINGS_MODULE": f"{service}.settings",
                "RUN_DIR": str(self._run_dir),
            },
        )

    def start(self, *services: str) -> None:
        for service in services:
            program = self._program(service, "work", ready="worker started")
            self.supervisor.start(program)

    async def ask(self, request: Any) -> Any:
        url = embedded_bus_url(self._run_dir)
        layer = RedisChannelLayer(**channel_layer(url)["CONFIG"])
        client = Client("guest", {"bookings": Channel(layer, "guest")})
        try:
            return await client.call(request, timeout=8)
        finally:
            await client.close()

    async def book(self, guest: str, night: date = NIGHT) -> uuid.UUID:
        from contracts.bookings import Book

        booking_id = uuid.uuid4()
        book = Book(booking_id=booking_id, guest=guest, night=night)
        await self.ask(book)
        await self.ask(book)  # once more: it changes nothing
        return booking_id

    async def stands(self, booking_id: uuid.UUID) -> Any:
        from contracts.bookings import ShowBooking

        return await self.ask(ShowBooking(booking_id=booking_id))

    async def ended(self, booking_id: uuid.UUID) -> Any:
        async def has_ended() -> bool:
            status = (await self.stands(booking_id)).status
            return status not in {"booked", "compensating"}

        await until(has_ended)
        return await self.stands(booking_id)


@pytest.fixture(scope="module")
def hotel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotel]:
    sys.path.insert(0, str(HERE))
    with Supervisor() as supervisor:
        made = Hotel(tmp_path_factory.mktemp("hotel"), supervisor)
        made.start(*SERVICES)
        yield made
    sys.path.remove(str(HERE))


pytestmark = pytest.mark.slow


async def test_bookings_end_as_they_should(hotel: Hotel) -> None:
    poor = await hotel.ended(await hotel.book("nobody"))
    assert poor.status == "rejected"
    assert poor.steps == ("keep room", "bill", "pay back", "give room back")
    first = await hotel.ended(await hotel.book("ada"))
    assert (first.status, first.steps) == ("confirmed", ("keep room", "bill"))
    second = await hotel.ended(await hotel.book("grace"))
    assert (second.status, second.steps[0]) == ("rejected", "keep room")


async def test_a_service_that_dies_costs_time_or_the_booking_expires(
    hotel: Hotel,
) -> None:
    hotel.supervisor.kill("billing")
    late = await hotel.book("ada", date(2030, 1, 2))

    async def is_billed() -> bool:
        return "bill" in (await hotel.stands(late)).steps

    await until(is_billed)
    hotel.start("billing")
    assert (await hotel.ended(late)).status == "confirmed"

    hotel.supervisor.kill("rooms")
    lost = await hotel.book("ada", date(2030, 1, 3))

    async def is_late() -> bool:
        return (await hotel.stands(lost)).status == "compensating"

    await until(is_late)
    hotel.start("rooms")
    assert (await hotel.ended(lost)).status == "expired"


def test_the_hotels_own_saga_is_short() -> None:
    saga = (HERE / "bookings" / "saga.py").read_text()
    assert len(saga.splitlines()) <= 100
    for name in ("orders", "inventory", "payments"):
        for path in HERE.rglob("*.py"):
            assert name not in path.read_text(), path
