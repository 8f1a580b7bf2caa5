"""What a log line holds, and what it must not."""

import subprocess
import sys

import pytest

from common.embedded import ROOT

PROGRAM = """
import logging.config, sys
from common import logs
logging.config.dictConfig(logs.configure(json=sys.argv[1] == "json", level="INFO"))
import structlog
def fail(card_number):
    raise ValueError("no")
try:
    fail("4242" * 4)
except ValueError as error:
    structlog.get_logger("test").error("request failed", exc_info=error)
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_shows_where_and_no_local_variables(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ValueError: no" in done.stderr
    assert "in fail" in done.stderr
    assert "4242" * 4 not in done.stderr
