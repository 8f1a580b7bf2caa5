"""What a log line holds, and what it must not."""

import json
import subprocess
import sys

import pytest

from common.conf.embedded import ROOT

PROGRAM = """
import logging.config, sys
from common.ops import logs
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
from common.ops import logs
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


UNSEEN = (
    "\x00\x07\x08\x0a\x0b\x0d\x1b\x7f\x80\x85\x9b\x9d\xad"
    "\u200b\u200e\u2028\u2029\u202e\u2066\ufeff\U000e0041"
)
STRANGE = """
import logging.config, sys
from common.ops import logs
from common.context import Headers, headers
logging.config.dictConfig(logs.configure(json=sys.argv[1] == "json", level="INFO"))
import structlog
log = structlog.get_logger("test")
class Odd:
    def __repr__(self):
        return "odd" + self.text
for number, letter in enumerate(sys.stdin.buffer.read().decode()):
    odd, text = Odd(), f"å{letter}ü"
    odd.text = text
    log.info(text)
    log.info("it is %s", text)
    log.info("a value", path=text, spaced=f"a {text}", many=[text], fields={text: text})
    log.info("odd", odd=odd, error=ValueError(text), bytes=text.encode())
    logging.getLogger("other").warning("theirs %s", text)
    with headers(Headers(correlation_id=text, flags=(text, text))):
        log.info("headers")
    try:
        raise ValueError(text)
    except ValueError as error:
        log.error("a traceback", exc_info=error)
"""


@pytest.mark.parametrize("form", ["text", "json"])
def test_nothing_that_steers_a_terminal_is_written(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRANGE, form],
        cwd=ROOT,
        input=UNSEEN.encode(),
        capture_output=True,
        check=True,
    )
    said = done.stderr.decode()
    assert sorted({c for c in said if not c.isprintable()}) == ["\n"]
    assert "åü" not in said
    assert said.count("å") > 10 * len(UNSEEN)
    lines = said.split("\n")[:-1]
    if form == "json":
        parsed = [json.loads(line) for line in lines]
        assert [line["event"] for line in parsed[::7]] == [f"å{c}ü" for c in UNSEEN]
    else:
        told = [line for line in lines if line.startswith("20")]
        assert len(told) == 7 * len(UNSEEN)
        assert r"\x1b" in said and r"\u202e" in said


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_people_write_stays_readable(form: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", STRANGE, form],
        cwd=ROOT,
        input="ñ語€".encode(),
        capture_output=True,
        check=True,
    )
    for letter in "ñ語€":
        assert f"å{letter}ü" in done.stderr.decode()
