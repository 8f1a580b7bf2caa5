"""Pins requirements/*.in with hashes and without URLs: `make lock`.

The development file comes first; the services' files then take their versions from it,
so that all of them run what was tested.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SERVICES = ("orders", "inventory", "payments", "monolith", "suite")


def compile_one(name: str, *options: str) -> None:
    """Pin one file for all platforms and every Python from 3.11 up."""
    subprocess.run(  # noqa: S603 our own command line
        [
            Path(sys.executable).with_name("uv"),
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--python-version=3.11",
            "--generate-hashes",
            "--no-annotate",
            "--custom-compile-command=make lock",
            *options,
            f"--output-file={name}.txt",
            f"{name}.in",
        ],
        cwd=HERE,
        check=True,
    )


if __name__ == "__main__":
    compile_one("dev", *sys.argv[1:])
    for service in SERVICES:
        compile_one(service, "--constraint=dev.txt")
