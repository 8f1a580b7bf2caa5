"""Django for the simulation: all apps on a database in memory."""

import gc
import logging
import os
import sys
import warnings
from itertools import count

_worlds = count(1)


def prepare() -> None:
    """Set up Django and its tables. Import nothing that needs them before."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.project.settings"
    os.environ["TESTS_DATABASE_URL"] = "sqlite://:memory:"
    os.environ["THROTTLE_ORDERS"] = "1000000/min"
    import django
    import structlog

    django.setup()
    from django.core.management import call_command

    from tests.simulation import tables

    call_command("migrate", verbosity=0)
    tables.create()
    quiet = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=quiet)
    # dead processes leave coroutines that never ran, or never end
    warnings.simplefilter("ignore", RuntimeWarning)
    sys.unraisablehook = lambda _: None
    gc.collect()
    gc.freeze()
    gc.disable()


def sweep_up() -> None:
    """Collect dead worlds, each one large cycle, once in a while."""
    if next(_worlds) % 50 == 0:
        gc.collect()
