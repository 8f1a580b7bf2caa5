"""Pages under their content security policy, in a real Chromium."""

import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from common.contracts.topology import SERVING
from suite.programs import Suite
from suite.supervisor import Supervisor
from tests.debian import program
from tests.ports import free_ports

pytestmark = pytest.mark.slow

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--v=0",
    "--virtual-time-budget=10000",
    "--dump-dom",
)
PAGES = {
    "orders/api/docs": ">/api/orders/{order_id}/cancel<",
    "payments/api/docs": ">/api/cards<",
    "orders/api/session/login/": 'id="id_username"',
    "orders/admin/login/": 'id="id_username"',
    "inventory/admin/login/": 'id="id_username"',
    "payments/admin/login/": 'id="id_username"',
}
"""What each page shows once its scripts have run (Swagger breaks words by <wbr>)."""


@pytest.fixture(scope="module")
def chromium() -> str:
    """Return the browser; as root it is installed, otherwise the test says so."""
    return program("chromium", what="pages in a browser")


class Browser:
    """Opens pages and remembers what was wrong with the last one."""

    def __init__(self, program: str, profile: Path) -> None:
        self._argv = [program, *OPTIONS, f"--user-data-dir={profile}"]

    def open(self, url: str) -> tuple[str, list[str]]:
        """Return the page as it is after its scripts ran, and the console's lines."""
        argv = [*self._argv, url]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=90)
        assert done.returncode == 0, done.stderr
        lines = re.findall(r"CONSOLE.*", done.stderr)
        return re.sub(r"<wbr/?>|\u200b|&ZeroWidthSpace;", "", done.stdout), lines


@pytest.fixture
def browser(chromium: str, tmp_path: Path) -> Browser:
    """Return a browser with a fresh profile."""
    return Browser(chromium, tmp_path / "profile")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Suite]:
    """Serve the pages; they need neither workers nor a bus."""
    run_dir = tmp_path_factory.mktemp("pages")
    suite = Suite(run_dir=run_dir, bus_url="redis://127.0.0.1:1", ports=free_ports())
    with Supervisor(restart=False) as supervisor:
        for service in SERVING:
            suite.prepare(service, lambda *_: None)
        supervisor.start(*map(suite.web, SERVING))
        yield suite


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_itself_and_breaks_no_policy(
    browser: Browser, suite: Suite, page: str
) -> None:
    service, _, path = page.partition("/")
    shown, console = browser.open(f"{suite.url(service)}/{path}")
    assert PAGES[page] in shown
    assert not [line for line in console if "Security Policy" in line]


class Offender(BaseHTTPRequestHandler):
    """Serves a page with a script in it that its policy forbids."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Security-Policy", "script-src 'self'")
        self.end_headers()
        self.wfile.write(b"<p>before</p><script>document.write('ran')</script>")

    def log_message(self, *args: object) -> None:
        """Be silent."""


def test_a_page_that_breaks_its_policy_would_be_seen(browser: Browser) -> None:
    with HTTPServer(("127.0.0.1", 0), Offender) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        shown, console = browser.open(f"http://127.0.0.1:{server.server_port}/")
        server.shutdown()
        thread.join()
    assert "before" in shown and "ran</" not in shown
    assert [line for line in console if "Security Policy" in line]
