"""A bus with the users that `docker-compose up` gives it."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import redis

from common.conf.embedded import embedded_bus_url
from common.contracts.topology import CALLS
from deploy.bus_users import acl
from suite import bus

ADMIN = "user admin on nopass ~* &* +@all\n"


class Bus:
    """Valkey on a Unix socket; every user's password is its name."""

    def __init__(self, directory: Path) -> None:
        self._socket_url = embedded_bus_url(directory)
        users = directory / "users.acl"
        users.write_text(acl({name: name for name in CALLS}) + ADMIN)
        argv = [*bus.command(directory), "--aclfile", str(users)]
        self.process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)

    def url(self, user: str) -> str:
        return self._socket_url.replace("unix://", f"unix://{user}:{user}@")

    def client(self, user: str) -> redis.Redis:
        return redis.Redis.from_url(self.url(user))

    def refused(self) -> list[str]:
        """Return what was refused since the last look, and by whom it was asked."""
        with self.client("admin") as admin:
            entries = admin.acl_log()
            admin.acl_log_reset()
        return [f"{e['username']}: {e['object']}" for e in entries]


@pytest.fixture(scope="session")
def bus_with_users(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """Start the bus once for all tests here."""
    one = Bus(tmp_path_factory.mktemp("bus"))
    end = time.monotonic() + 10
    while True:
        with suppress(redis.RedisError), one.client("admin") as admin:
            admin.ping()
            break
        assert one.process.poll() is None, "the ACL file was refused"
        assert time.monotonic() < end, "the bus does not start"
        time.sleep(0.01)
    yield one
    one.process.kill()
    one.process.wait()
