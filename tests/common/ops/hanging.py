"""`python -m tests.common.ops.hanging [options of work]`: inventory with a bug.

Its handler of ListProducts is `async def` and blocks, as if it waited for a file.
"""

import os
import sys
import time

import django
from django.core.management import call_command

from common.contracts.reports.inventory import ListProducts, ProductPage

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "inventory.settings"
    django.setup()
    from inventory.handlers import service

    async def hang(request: ListProducts) -> ProductPage:
        time.sleep(3600)  # noqa: ASYNC251 this is the bug
        raise AssertionError

    service.handlers[ListProducts] = hang
    call_command("work", *sys.argv[1:])
