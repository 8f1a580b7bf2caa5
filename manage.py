#!/usr/bin/env python
"""Runs a Django command of one project, or a command of the whole suite.

./manage.py orders|inventory|payments|monolith COMMAND …   any Django command, there
./manage.py demo|audit|bus …                               see `suite/`
"""

import os
import sys

PROJECTS = ("orders", "inventory", "payments", "monolith")
SUITE = ("demo", "audit", "bus")
USAGE = f"usage: manage.py {'|'.join(PROJECTS)} COMMAND …   or   manage.py " + "|".join(
    SUITE
)


def main() -> None:
    """Dispatch on the first word; `sys.argv` stays whole for Django's autoreloader."""
    program, *words = sys.argv
    if not words or words[0] not in PROJECTS + SUITE:
        said = f"no project or suite command {words[0]!r}; " if words else ""
        sys.exit(said + USAGE)
    if words[0] in SUITE:
        from suite.commands import main as run_suite_command

        sys.exit(run_suite_command(words))
    project, *command = words
    os.environ["DJANGO_SETTINGS_MODULE"] = f"{project}.settings"
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line([f"{program} {project}", *command])
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
