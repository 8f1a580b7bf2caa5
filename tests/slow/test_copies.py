"""docs/add-a-service.md and docs/rename.md, followed to the letter in copies."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.conf.embedded import ROOT
from tests.ports import free_port

pytestmark = pytest.mark.slow
BLOCK = re.compile(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Copy:
    """The project's files in a repository of their own, and its shell."""

    def __init__(self, path: Path) -> None:
        self.path = path / "project"
        tools = path / "bin"
        tools.mkdir(parents=True)
        make = tools / "make"
        make.write_text(
            '#!/bin/sh\nexec /usr/bin/make -o .venv/ready -o .venv/demo-ready "$@"\n'
        )
        make.chmod(0o755)
        here = Path(sys.executable).parent
        names = ("DJANGO_SETTINGS_MODULE", "PYTEST_", "COV_", "RUN_DIR")
        env = {k: v for k, v in os.environ.items() if not k.startswith(names)}
        self.env = env | {"PATH": f"{tools}:{here}:{os.environ['PATH']}"}
        listed = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        files = subprocess.run(
            listed, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split("\0")
        for name in filter(None, files):
            if (ROOT / name).is_file():
                (self.path / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, self.path / name)
        if (ROOT / ".mypy_cache").exists():  # saves a minute
            shutil.copytree(ROOT / ".mypy_cache", self.path / ".mypy_cache")
        (self.path / ".venv").symlink_to(here.parent)
        self.sh(
            "git init -q && echo .venv >> .git/info/exclude && git add -A && "
            "git -c user.name=copy -c user.email=copy@localhost commit -qm Copy"
        )

    def sh(self, script: str) -> str:
        """Run a script and return what it said; fail with it if it fails."""
        done = subprocess.run(
            ["/bin/sh", "-ec", script],
            cwd=self.path,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{script}\n{said[-6000:]}"
        return said

    def follow(self, page: str, only: str | None = None) -> None:
        """Do what the blocks of a page say, one after the other."""
        for kind, name, text in BLOCK.findall((ROOT / page).read_text()):
            if only in {None, name}:
                {"sh": self.sh, "python": self._write, "diff": self._change}[kind](text)

    def _write(self, text: str) -> None:
        comment, code = text.split("\n", 1)
        path = self.path / comment.removeprefix("# ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)

    def _change(self, text: str) -> None:
        header, *lines = text.splitlines()
        path = self.path / header.removeprefix("--- ")
        before = "\n".join(line[1:] for line in lines if line[0] != "+")
        after = "\n".join(line[1:] for line in lines if line[0] != "-")
        old = path.read_text()
        assert old.count(before) == 1, f"{path}: {before}"
        path.write_text(old.replace(before, after))

    def demo(self) -> None:
        said = self.sh(f"make demo-once PORT={free_port(3)}")
        assert "every order ended as it should, the audit is clean" in said


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


def test_a_service_is_added_and_the_project_renamed(copy: Copy) -> None:
    copy.follow("docs/add-a-service.md")
    compose = (copy.path / "docker-compose.yml").read_text()
    assert compose.count("shipping") == compose.count("inventory")
    assert '"127.0.0.1:8003:8003"' in compose
    assert "user shipping on" in copy.sh(
        "python -m deploy.make_secrets .run/secrets && cat .run/secrets/bus/users.acl"
    )
    copy.follow("docs/rename.md", only="rename")
    assert not copy.sh("git grep -liI cutpoints || true")
    copy.sh("make check")
    copy.sh("pytest -q tests/test_docs.py tests/deploy tests/common/conf")
    copy.demo()


def test_what_a_user_does_not_need_can_be_deleted(copy: Copy) -> None:
    copy.follow("docs/rename.md", only="delete")
    copy.sh("make check")
    copy.sh("pytest -q --collect-only -m 'slow or not slow'")
    copy.sh(
        "pytest -q -m 'not slow' tests/orders tests/payments tests/inventory "
        "tests/suite tests/journeys/test_orders.py"
    )
    copy.demo()
