"""`./manage.py addservice NAME`: a project beside the others, and its containers.

What is a decision stays to be made by hand: see docs/add-a-service.md.
"""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path

from common.conf.embedded import ROOT
from common.contracts.topology import CALLS, SERVING, port

TEMPLATE = Path(__file__).with_name("service_template")
NEXT = """{name}/ is there, with contracts, requirements and containers. Now by hand:
  common/contracts/topology.py   say whom {name} calls, and who calls it
  pyproject.toml                 put {name} beside the other projects, twice
  make lock                      pin what requirements/{name}.in asks for
docs/add-a-service.md goes on from here."""


def run(name: str, *, like: str, root: Path = ROOT) -> int:
    """Make the service's files, and return 1 if there can be none of this name.

    Its containers are those of `like`, with the name and the port changed.
    """
    if why := _unfit(name, root):
        print(f"addservice: {why}", file=sys.stderr)
        return 1
    _run_django("startapp", name, "--template", str(TEMPLATE), cwd=root)
    contracts = root / "common" / "contracts" / f"{name}.py"
    contracts.write_text(f'"""What {name} answers."""\n')
    (root / "requirements" / f"{name}.in").write_text("-r common.in\n")
    services = root / "requirements" / "services.in"
    services.write_text(f"{services.read_text()}-r {name}.in\n")
    for path in ("docker-compose.yml", "deploy/production.env.example"):
        text = (root / path).read_text()
        (root / path).write_text(with_another(text, name, like))
    print(NEXT.format(name=name))
    return 0


def with_another(text: str, name: str, like: str) -> str:
    """Return a text in which what is said of one service is said of another, too.

    Paragraphs on that service alone are repeated as they follow each other; in the
    others, such as lists of all services, single lines are.
    """
    runs = groupby(text.split("\n\n"), key=lambda part: _is_about(part, like))
    paragraphs: list[str] = []
    for alone, these in runs:
        found = list(these)
        if alone:
            paragraphs += [*found, *(_renamed(part, name, like) for part in found)]
        else:
            paragraphs += [_line_by_line(part, name, like) for part in found]
    return "\n\n".join(paragraphs)


def _is_about(paragraph: str, service: str) -> bool:
    """Tell whether a paragraph names this service and no other one."""
    return [one for one in SERVING if one in paragraph.lower()] == [service]


def _line_by_line(paragraph: str, name: str, like: str) -> str:
    lines: list[str] = []
    for line in paragraph.split("\n"):
        lines.append(line)
        if _is_about(line, like):
            lines.append(_renamed(line, name, like))
    return "\n".join(lines)


def _renamed(text: str, name: str, like: str) -> str:
    new_port = port(SERVING[-1]) + 1
    return (
        text.replace(like, name)
        .replace(like.upper(), name.upper())
        .replace(str(port(like)), str(new_port))
    )


def _unfit(name: str, root: Path) -> str | None:
    if not re.fullmatch(r"[a-z][a-z0-9]{1,30}", name):
        return f"{name!r}: expected 2 to 31 small letters and digits, a letter first"
    if (root / name).exists() or name in CALLS or find_spec(name):
        return f"the name {name!r} is taken"
    return None


def _run_django(*words: str, cwd: Path) -> None:
    env = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(  # noqa: S603 our own command line
        [sys.executable, "-m", "django", *words], cwd=cwd, env=env, check=True
    )
