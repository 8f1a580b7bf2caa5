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


LONG = """
import logging.config, sys
from common import logs
logging.config.dictConfig(logs.configure(json=sys.argv[1] == "json", level="INFO"))
import structlog
log, long = structlog.get_logger("test"), "long " * 200_000
log.info(long)
log.info("%s", long)
log.info("a value", text=long, many=[long, 1], fields={"a": long}, raw=long.encode())
log.info("an error", error=ValueError(long), number=7)
logging.getLogger("other").warning("theirs %s", long)
try:
    raise ValueError(long)
except ValueError as error:
    log.error("a traceback", exc_info=error)
    logging.getLogger("other").exception("theirs")
try:
    raise ValueError("line\\n" * 200_000)
except ValueError as error:
    log.error("many lines", exc_info=error)
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_whatever_is_logged_is_cut(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LONG, form],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stderr) < 100_000
    assert done.stderr.count(" characters)") >= 10
    assert done.stderr.count("Traceback (most recent call last)") == 3
    for said in ("a value", "an error", "a traceback", "many lines", "theirs"):
        assert said in done.stderr
