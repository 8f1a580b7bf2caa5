"""`python -m tests.common.rpc.newer [options of work]`: inventory, a release ahead.

Its AllocateInventory has another meaning and therefore another version.
"""

import os
import sys

import django
from django.core.management import call_command

from common.contracts.inventory import AllocateInventory

if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "inventory.settings"
    AllocateInventory.version = 2
    django.setup()
    call_command("work", *sys.argv[1:])
