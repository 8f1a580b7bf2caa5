"""The monolith, whole and with one service cut off, answers as the suite does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from suite.shop import Shop
from suite.supervisor import Program, Supervisor, manage, run_to_end
from tests.ports import free_ports

pytestmark = pytest.mark.slow


@pytest.fixture(params=["", "inventory", "payments"], ids=lambda cut: cut or "whole")
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """Run the monolith, with at most one service in a process of its own."""
    from common.conf.embedded import embedded_bus_url
    from suite import bus

    cut: str = request.param
    ports = free_ports()
    env = {"RUN_DIR": str(tmp_path), "BUS_URL": embedded_bus_url(tmp_path)}
    if cut:
        env[f"{cut.upper()}_SERVICE"] = "channel:"
    projects = ["monolith", cut] if cut else ["monolith"]
    for project in projects:
        for command in (("migrate", "-v0"), ("seed",)):
            argv = manage(project, *command)
            run_to_end(
                Program(name=project, argv=argv, ready="", env=env), lambda *_: None
            )
    programs = [
        Program(
            name="web",
            argv=manage("monolith", "serve", "--port", str(ports["orders"])),
            ready="web started",
            env=env,
        ),
        Program(
            name="worker",
            argv=manage("monolith", "work"),
            ready="worker started",
            env=env,
        ),
    ]
    if cut:
        serve = manage(cut, "serve", "--port", str(ports["payments"]))
        programs += [
            Program(
                name=cut, argv=manage(cut, "work"), ready="worker started", env=env
            ),
            Program(name=f"{cut} web", argv=serve, ready="web started", env=env),
        ]
    with Supervisor(restart=False) as supervisor:
        if cut:
            argv = bus.command(tmp_path)
            supervisor.start(Program(name="bus", argv=argv, ready="eady to accept"))
        supervisor.start(*programs)
        vault = ports["payments" if cut == "payments" else "orders"]
        shop = Shop(f"http://127.0.0.1:{ports['orders']}", f"http://127.0.0.1:{vault}")
        yield shop
        shop.close()


def test_orders_end_as_they_do_in_the_suite(shop: Shop) -> None:
    confirmed = shop.place({"MUG": 1}, shop.card(), wait=20).json()
    rejected = shop.place({"SOLD-OUT": 1}, shop.card(), wait=20).json()
    unknown = shop.place({"MUG": 1}, "card_unknown", wait=20).json()

    assert confirmed["status"] == "confirmed"
    assert rejected["reason"]["type"].endswith("out-of-stock")
    assert unknown["reason"]["type"].endswith("card-declined")
    shop.cancel(confirmed["id"], confirmed["token"])
    assert shop.ended(confirmed["id"], confirmed["token"])["status"] == "cancelled"
