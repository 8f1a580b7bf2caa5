"""The first requests of a fresh process come all at once."""

import json
import os
import subprocess
import sys
from pathlib import Path

from common.conf.embedded import ROOT

CROWD = """
import asyncio, json
from orders.asgi import application
from tests.asgi import ask

async def status(path):
    for _ in range(100):  # a busy machine has no thread for some, and says so
        answer = await ask(application, "GET", path)
        if answer.status != 503:
            return answer.status
        await asyncio.sleep(0.1)

async def crowd():
    paths = ["/api/schema", "/api/docs", "/admin/login/", "/nowhere"] * 4
    print(json.dumps(await asyncio.gather(*map(status, paths))))

asyncio.run(crowd())
"""


def test_a_crowd_at_the_start_finds_everything_loaded(tmp_path: Path) -> None:
    env = {**os.environ, "RUN_DIR": str(tmp_path), "LOG_LEVEL": "ERROR"}
    env["DJANGO_SETTINGS_MODULE"] = "orders.settings"
    done = subprocess.run(
        [sys.executable, "-c", CROWD],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [200, 200, 200, 404] * 4, done.stderr
