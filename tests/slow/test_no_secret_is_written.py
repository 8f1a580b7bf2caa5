"""What the demo writes, searched for everything that it must not write."""

import io
import re
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest
import redis
from rich.console import Console

from common.contracts.topology import SERVING
from payments.demo_gateway.cards import CARDS
from suite import bus, script
from suite.programs import Suite
from suite.shop import Shop
from suite.supervisor import Supervisor
from tests.databases import PostgresServer, postgresql
from tests.ports import free_ports

pytestmark = pytest.mark.slow

BUS_PASSWORD = "bus-s3kr1t-of-nobody"
DATABASE_PASSWORD = "database-s3kr1t-of-nobody"
AMEX, CVC = "378282246310005", "7391"
INVALID = "4111111111111111"
"""A number that the vault does not take, and must not repeat either."""
NEARLY = "nearly-the-r1ght-password"
"""A password, typed where it is wrong and where a name is expected."""
TABLES = """
    SELECT table_name AS name FROM information_schema.tables
    WHERE table_schema = 'public'
"""


@dataclass
class Written:
    """A run's output and files, and what it handled in confidence."""

    run_dir: Path
    server: PostgresServer | None
    log: list[str] = field(default_factory=list)
    on_the_bus: bytes = b""
    secrets: dict[str, str] = field(default_factory=dict)

    def say(self, name: str, line: str) -> None:
        """Keep a line."""
        self.log.append(f"{name}│ {line}")

    def databases(self) -> Iterator[tuple[str, bytes]]:
        """Yield all that the databases keep."""
        for path in self.run_dir.glob("*.sqlite3*"):
            yield path.name, path.read_bytes()
        for service in SERVING if self.server else ():
            for table in self.server.rows(service, TABLES):
                rows = self.server.rows(service, f'SELECT * FROM "{table["name"]}"')  # noqa: S608
                yield f"{service}.{table['name']}", repr(rows).encode()

    def other_files(self) -> Iterator[tuple[str, bytes]]:
        """Yield the files that are neither databases nor made to keep a secret."""
        for path in self.run_dir.rglob("*"):
            keeps_it = path.suffix in {".secret", ".password"}
            if path.is_file() and ".sqlite3" not in path.name and not keeps_it:
                yield path.name, path.read_bytes()


@pytest.fixture(params=["sqlite at INFO", "postgresql at DEBUG"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Written]:
    """Run the demo's script and more, with passwords wherever there can be some."""
    kind, _, level = request.param.partition(" at ")
    with ExitStack() as stack:
        server = stack.enter_context(postgresql()) if kind == "postgresql" else None
        written = Written(tmp_path, server)
        ports, bus_port = free_ports(), free_ports()["orders"]
        env = {"LOG_LEVEL": level, **passwords(server)}
        url = f"redis://:{BUS_PASSWORD}@127.0.0.1:{bus_port}/0"
        suite = Suite(run_dir=tmp_path, bus_url=url, ports=ports, env=env)
        supervisor = stack.enter_context(Supervisor(written.say, restart=False))
        listen = ("--bind", "127.0.0.1", "--port", str(bus_port))
        options = (*listen, "--requirepass", BUS_PASSWORD)
        argv = [*bus.command(tmp_path), *options]
        supervisor.start(replace(suite.bus(), argv=argv))
        suite.start(supervisor, written.say)
        live(suite, written)
        with redis.Redis.from_url(url) as broker:
            written.on_the_bus = all_of(broker)
        yield written


def all_of(broker: redis.Redis) -> bytes:
    """Return all keys of a bus, and what they hold."""
    keys = list(broker.scan_iter())
    assert any(key.startswith(b"throttle:orders") for key in keys)
    return b"\n".join(part for key in keys for part in (key, broker.dump(key) or b""))


def passwords(server: PostgresServer | None) -> dict[str, str]:
    """Protect the databases with a password and return where they are."""
    if server is None:
        return {}
    server.ask_for_password("careful")
    server.execute("postgres", f"ALTER ROLE careful PASSWORD '{DATABASE_PASSWORD}'")
    login = f"//careful:{DATABASE_PASSWORD}@"
    return {name: url.replace("//tests@", login) for name, url in server.env.items()}


def live(suite: Suite, written: Written) -> None:
    """Do what customers and staff do, right and wrong; note each secret on the way."""
    urls = suite.url("orders"), suite.url("payments")
    secrets, shop = written.secrets, Shop(*urls)
    for name in (*SERVING, "demo"):
        kept = "password" if name == "demo" else "secret"
        secrets[f"{name} {kept}"] = (suite.run_dir / f"{name}.{kept}").read_text()
    console = Console(file=io.StringIO(), width=200)
    with closing(Shop(*urls)) as ada:
        assert script.play(ada, secrets["demo password"], console) == 0
    written.log += console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    secrets |= {"bus password": BUS_PASSWORD, "database password": DATABASE_PASSWORD}
    order_as_a_guest(shop, secrets)
    mistype_cards(shop)
    shop.log_in("grace", secrets["demo password"])
    authorization = shop.orders.headers["Authorization"]
    secrets["auth token"] = authorization.removeprefix("Token ")
    shop.orders.get("/api/orders").raise_for_status()
    for service in SERVING:
        secrets[f"{service} session"] = use_the_admin(suite, service, secrets)
    mistype_passwords(suite)
    shop.close()


def mistype_passwords(suite: Suite) -> None:
    """Send a wrong password to each door, and one in place of a name."""
    for name, password in (("ada", NEARLY), (NEARLY, "x")):
        form = {"username": name, "password": password}
        with httpx.Client(base_url=suite.url("orders")) as browser:
            browser.post("/api/token", json=form)
            browser.post("/api/session/login/", data=form)
            browser.get("/admin/login/", params=form)
            form["csrfmiddlewaretoken"] = browser.cookies["orders_csrf"]
            browser.post("/admin/login/", data=form)


def order_as_a_guest(shop: Shop, secrets: dict[str, str]) -> None:
    """Place an order, look at it and cancel it, with all that opens it."""
    secrets["guest's key"] = str(uuid.uuid4())
    secrets["card token"] = shop.card()
    card, key = secrets["card token"], secrets["guest's key"]
    placed = shop.place({"MUG": 1}, card, key=key, wait=20).json()
    secrets["order token"] = placed["token"]
    shop.cancel(placed["id"], placed["token"]).raise_for_status()
    assert shop.ended(placed["id"], placed["token"])["status"] == "cancelled"


def mistype_cards(shop: Shop) -> None:
    """Send cards in every wrong way: refused, malformed, in the address."""
    good = {"number": AMEX, "exp_month": 12, "exp_year": 2099, "cvc": CVC}
    vault = shop.payments
    vault.post("/api/cards", json=good).raise_for_status()
    for wrong in ({"number": INVALID}, {"cvc": "73910"}, {"exp_month": AMEX}):
        assert vault.post("/api/cards", json={**good, **wrong}).status_code == 400
    assert vault.post("/api/cards", content=f'{{"number": "{AMEX}",').status_code >= 400
    vault.get("/api/cards", params={"number": AMEX, "cvc": CVC})
    vault.get(f"/api/cards/{AMEX}")
    assert shop.place({"MUG": 1}, AMEX).status_code == 400
    shop.orders.get("/api/orders", params={"number": AMEX})
    spelled = "3782-822463-10005"
    for web in (vault, shop.orders):
        web.get(f"/admin/payments/card/{spelled}/")
        web.get("/api/schema", headers={"X-Correlation-ID": spelled, "Host": AMEX})
        web.get("/api/schema", headers={"User-Agent": AMEX, "traceparent": AMEX})


def use_the_admin(suite: Suite, service: str, secrets: dict[str, str]) -> str:
    """Log in, once wrongly; look at a page; return the session's key."""
    with httpx.Client(base_url=suite.url(service), follow_redirects=True) as browser:
        browser.get("/admin/login/").raise_for_status()
        for password in ("wrong", secrets["demo password"]):
            token = {"csrfmiddlewaretoken": browser.cookies[f"{service}_csrf"]}
            form = {"username": "admin", "password": password, "next": "/admin/"}
            browser.post("/admin/login/", data=form | token).raise_for_status()
        assert "Log out" in browser.get("/admin/").text
        return browser.cookies[f"{service}_session"]


def test_no_log_no_file_and_no_database_has_what_it_must_not(written: Written) -> None:
    numbers = {card.number for card in CARDS} | {INVALID}
    assert not re.search("3782.?822463.?10005", "\n".join(written.log))
    bus = ("the bus", written.on_the_bus)
    for place, content in [*written.databases(), *written.other_files(), bus]:
        assert NEARLY.encode() not in content, f"a password in {place}"
        for number in numbers:
            assert number.encode() not in content, f"a card number in {place}"
    for place, content in written.databases():
        assert CVC.encode() not in re.findall(rb"[\w.:-]+", content), (
            f"a CVC in {place}"
        )

    assert len(written.log) > 100
    log = "\n".join(written.log)
    for number in numbers:
        assert number not in log, "a card number in the log"
    assert CVC not in re.findall(r"[\w.:-]+", log), "a CVC in the log"
    assert NEARLY not in log, "a password in the log"
    for name, secret in written.secrets.items():
        assert len(secret) > 15
        assert secret not in log, f"{name} in the log"
        for place, content in written.other_files():
            assert secret.encode() not in content, f"{name} in {place}"
