"""Asks one project everything and prints, as JSON, what differs from the table."""

import asyncio
import json
import os
import sys
import tempfile
from importlib import import_module


def main(project: str, *, thorough: bool) -> None:
    """Run under the project's own settings, with a run directory of its own."""
    with tempfile.TemporaryDirectory() as run_dir:
        os.environ |= {
            "RUN_DIR": run_dir,
            "DJANGO_SETTINGS_MODULE": f"{project}.settings",
            "LOG_LEVEL": "ERROR",
            **{
                f"THROTTLE_{name}": "1000000/min"
                for name in ("ORDERS", "READS", "CARDS", "LOGIN")
            },
        }
        application = import_module(f"{project}.asgi").application
        from django.conf import settings

        # what a password costs is not what is asked here
        settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
        from tests.access.asking import Asking

        with asyncio.Runner() as loop:
            print(
                json.dumps(
                    Asking(application, loop).everything(project, thorough=thorough)
                )
            )


if __name__ == "__main__":
    main(sys.argv[1], thorough="--thorough" in sys.argv)
