"""`purge`: delete what is old and no longer needed."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from common import clock
from common.ops import purging

UNITS = {"d": "days", "h": "hours"}


def age(word: str) -> timedelta:
    """Return the time that a word such as 90d or 36h stands for."""
    found = re.fullmatch(r"([0-9]{1,5})([dh])", word)
    if not found:
        raise ArgumentTypeError(f"{word!r}: expected days or hours, such as 90d or 36h")
    return timedelta(**{UNITS[found[2]]: int(found[1])})


class Command(BaseCommand):
    """Deletes in small transactions, so it can run at any time and be ended at any."""

    help = "Delete what is older than a number of days and needed by nobody."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Define how old."""
        parser.add_argument(
            "--older-than", type=age, required=True, help="such as 90d or 36h"
        )

    def handle(self, *, older_than: timedelta, **options: Any) -> None:
        """Purge; refuse an age at which something is still needed."""
        purges = purging.of_all_apps()
        needed = max(purges, key=lambda purge: purge.keep)
        if older_than < needed.keep:
            hours = -(-needed.keep // timedelta(hours=1))
            raise CommandError(
                f"--older-than: expected at least {hours}h, since {needed.what} "
                f"are needed so long: {needed.because}"
            )
        before = clock.now() - older_than
        for purge in purges:
            self.stdout.write(f"{purge.what}: {purge.run(before)}")
