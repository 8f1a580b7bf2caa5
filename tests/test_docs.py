"""The docs say what is so: commands exist, settings and problems are complete."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from common.conf.base import NEEDED
from common.conf.embedded import ROOT
from common.contracts.topology import SERVING
from common.rpc.errors import Refused, problem_type
from suite import claim
from suite.script import SIX_STEPS
from tests.project import PROJECTS

PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "lab/README.md")
    ),
    *(ROOT / "docs").glob("*.md"),
]
TEXT = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}


@pytest.mark.parametrize("page", TEXT)
def test_links_lead_somewhere(page: str) -> None:
    (path,) = [p for p in PAGES if p.relative_to(ROOT).as_posix() == page]
    for target in re.findall(r"\]\((?!http)([^)#]+)", TEXT[page]):
        assert (path.parent / target).exists(), target


@pytest.mark.parametrize("page", TEXT)
def test_make_targets_exist(page: str) -> None:
    files = [ROOT / "Makefile", *ROOT.rglob("menu.mk")]
    text = "\n".join(path.read_text() for path in files)
    targets = re.findall(r"^([a-z-]+):", text, re.MULTILINE)
    shown = re.findall(
        r"^    make ([a-z-]+)|`make ([a-z-]+)`", TEXT[page], re.MULTILINE
    )
    for name in ("".join(pair) for pair in shown):
        assert name in targets


def test_every_variable_is_described_and_every_described_one_is_read() -> None:
    show = "from {}.settings import config; print(*config.variables)"
    own = re.compile(r"^[A-Z]+(_(?:DATABASE_URL|SECRET_KEY|ALLOWED_HOSTS|SERVICE))$")
    read: set[str] = set()
    for project in PROJECTS:
        argv = [sys.executable, "-c", show.format(project)]
        done = subprocess.run(
            argv, cwd=ROOT, capture_output=True, text=True, check=True
        )
        read |= {own.sub(r"NAME\1", name) for name in done.stdout.split()}
    rows = re.findall(r"^\| (`.*?) \|", TEXT["docs/settings.md"], re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}
    assert described == read | NEEDED


def test_common_names_no_service_outside_of_its_contracts() -> None:
    names = re.compile(rf"(?i)(?<![a-z])({'|'.join(SERVING)}|ada)(?![a-z])")
    for path in (ROOT / "common").rglob("*.py"):
        if "contracts" not in path.parts:
            assert not names.search(path.read_text()), path


def test_the_readme_shows_what_the_demo_prints() -> None:
    title, *rows = re.findall(r"^(A message .*|│ .*)$", TEXT["README.md"], re.MULTILINE)
    assert title.startswith(claim.TITLE)
    shown = [row.split("│")[1].strip() for row in rows[1:]]
    assert list(dict.fromkeys(shown)) == list(SIX_STEPS)


def test_the_demo_takes_a_port() -> None:
    argv = ["/usr/bin/make", "--dry-run", "demo", "PORT=18000"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "manage.py demo --port=18000" in done.stdout


PRODUCT = ("common", *PROJECTS, "suite", "deploy")
REPLACED = re.compile(
    r"(?i)undo|take_back|tell_sync|moved_?on|\bunfit\b|hopeless|in_hand|stallwatch"
)
"""Names of ours that the field has other words for: docs/glossary.md."""


def product_code() -> list[Path]:
    files = (path for root in PRODUCT for path in (ROOT / root).rglob("*.py"))
    return [path for path in files if "migrations" not in path.parts]


def test_product_code_uses_the_fields_words() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in product_code()
        for line in path.read_text().splitlines()
        if REPLACED.search(line)
    ]
    assert not found


def test_the_way_of_an_order_is_short() -> None:
    way = re.findall(r"^\d\. \[(.+?)\]", TEXT["README.md"], re.MULTILINE)
    assert len(way) == 5
    assert sum(len((ROOT / path).read_text().splitlines()) for path in way) <= 650


def test_product_files_have_one_subject() -> None:
    long = {path for path in product_code() if len(path.read_text().split("\n")) > 251}
    assert not long


def test_every_problem_is_listed() -> None:
    from common.http.problem import NAMES
    from common.http.rest.problems import Problem
    from orders import api, idempotency, pricing  # noqa: F401 define problems

    listed = set(re.findall(r"^\| `([a-z-]+)`", TEXT["docs/problems.md"], re.MULTILINE))

    def slug(name: str) -> str:
        return problem_type(name).rpartition(":")[2]

    made = {slug(problem.__name__) for problem in Problem.__subclasses__()}
    made |= {slug(name) for name, _ in NAMES.values()} | {"invalid-request"}
    reasons = {
        slug(refusal.__name__)
        for refusal in Refused.__subclasses__()
        if refusal.__module__.startswith(("common.contracts", "orders"))
    }
    internal = {
        "already-released",
        "already-refunded",
        "too-late-to-allocate",
        "too-late-to-charge",
        "unknown-order",
    }
    made |= (reasons - internal) | {"cancelled-by-customer", "deadline-passed"}
    assert listed == made


def test_the_slides_six_boxes_stand_in_placing_in_order() -> None:
    source = (ROOT / "orders" / "placing.py").read_text()
    place = source[
        source.index("async def place(") : source.index("async def compensate")
    ]
    calls = re.findall(r"await (\w+)\(order", place)
    assert calls == [
        "allocate_inventory",
        "calculate_price",
        "charge_card",
        "finalise_inventory",
        "finalise_order",
    ]
    assert source.index("def make_order_row") < source.index("async def place(")
    headings = re.findall(r"^# (\d) ── ", source, re.MULTILINE)
    assert headings == ["2", "3", "4", "5", "6"]


@pytest.mark.parametrize("page", ["docs/failure-table.md", "docs/attacks.md"])
def test_every_test_that_a_table_names_exists(page: str) -> None:
    named = set(re.findall(r"`(test_\w+)`", TEXT[page]))
    sources = (path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    written = set(re.findall(r"def (test_\w+)", "\n".join(sources)))
    assert named - written == set()
    paths = re.findall(r"`((?:common|orders|payments|tests)/[\w/.]+)`", TEXT[page])
    assert [path for path in paths if not (ROOT / path).exists()] == []
