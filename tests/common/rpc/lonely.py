"""`python -m tests.common.rpc.lonely [--idle] [options of work]`: it calls nobody.

Inventory's worker, as it would be if inventory needed no other service; with --idle it
has neither handlers nor jobs.
"""

import os
import sys

import django
from django.core.management import call_command
from django.core.management.base import CommandError

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "inventory.settings"
    django.setup()
    from django.conf import settings

    from inventory.handlers import service

    settings.SERVICES = {}
    service.jobs.clear()
    words = sys.argv[1:]
    if "--idle" in words:
        words.remove("--idle")
        service.handlers.clear()
    try:
        call_command("work", *words)
    except CommandError as error:
        sys.exit(str(error))
