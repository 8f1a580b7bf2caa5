"""Pins requirements/*.in and lab/peers with hashes and without URLs: `make lock`.

The development file comes first; the other files then take their versions from it, so
that services run what was tested.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PARTS = ("dev", "common", "rest")
"""Locked first, and not by themselves."""


def compile_one(path: Path, *options: str) -> None:
    """Pin one .in file for all platforms and every Python from 3.11 up."""
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
            "--no-strip-extras",
            "--custom-compile-command=make lock",
            *options,
            f"--output-file={path.stem}.txt",
            path.name,
        ],
        cwd=path.parent,
        check=True,
    )


if __name__ == "__main__":
    compile_one(HERE / "dev.in", *sys.argv[1:])
    others = [path for path in sorted(HERE.glob("*.in")) if path.stem not in PARTS]
    for path in [*others, *HERE.parent.glob("lab/peers/requirements.in")]:
        compile_one(path, f"--constraint={HERE / 'dev.txt'}")
