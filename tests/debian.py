"""Programs of Debian that a test needs: installed if that is possible, or skipped."""

import os
import shutil
import subprocess

import pytest


def program(name: str, *, what: str) -> str:
    """Return the path of a program; install its package if need be and possible.

    Skips the test, and says `what` was not tried, where there is no way to get it.
    """
    where = os.pathsep.join((os.environ["PATH"], "/usr/sbin"))
    if shutil.which(name, path=where) is None and _can_install():
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update"], ["install", "-y", "--no-install-recommends", name]):
            argv = ("apt-get", "-qq", *words)
            subprocess.run(argv, env=env, check=False, capture_output=True)
    if (path := shutil.which(name, path=where)) is None:
        pytest.skip(f"{what}: there is no {name}, and no way to get it")
    return path


def _can_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None
