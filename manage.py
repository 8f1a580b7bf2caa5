#!/usr/bin/env python
"""Runs a Django command of one project, or a command of the whole suite.

./manage.py PROJECT COMMAND …    any Django command; a project is a folder with settings
./manage.py demo|audit|bus|addservice …    see `suite/`
"""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
PROJECTS = tuple(sorted(path.parent.name for path in HERE.glob("*/settings.py")))
SUITE = ("demo", "audit", "bus", "addservice")
USAGE = f"usage: manage.py {'|'.join(PROJECTS)} COMMAND …   or   manage.py " + "|".join(
    SUITE
)


def main() -> None:
    """Dispatch on the first word; `sys.argv` stays whole for Django's autoreloader."""
    program, *words = sys.argv
    for stream in (sys.stdout, sys.stderr):  # a terminal may lack our characters
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    if words and words[0] in {"-h", "--help", "help"}:
        sys.exit(print(__doc__))
    if not words or words[0] not in PROJECTS + SUITE:
        said = f"no project or suite command {words[0]!r}; " if words else ""
        sys.exit(said + USAGE)
    try:
        from django.core.exceptions import ImproperlyConfigured
        from django.db import DatabaseError
    except ImportError:
        sys.exit(
            "Django is not installed here: run make venv, then . .venv/bin/activate"
        )
    try:
        sys.exit(run(program, *words))
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    except DatabaseError as error:
        from common.ops.outage import is_outage
        from common.ops.readiness import problem_with_database

        if not is_outage(error):
            raise
        sys.exit(f"database: {problem_with_database() or error}")
    except BrokenPipeError:  # whoever read our output has gone, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)  # what a shell says of SIGPIPE


def run(program: str, word: str, *words: str) -> int:
    """Run the command of a project or of the suite and return its exit status."""
    if word in SUITE:
        from suite.commands import main as run_suite_command

        return run_suite_command([word, *words])
    os.environ["DJANGO_SETTINGS_MODULE"] = f"{word}.settings"
    from django.core.management import execute_from_command_line

    execute_from_command_line([f"{program} {word}", *words])
    return 0


if __name__ == "__main__":
    main()
