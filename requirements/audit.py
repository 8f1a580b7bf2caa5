"""`make audit-dependencies`: are there known vulnerabilities in what is pinned?

Exits with 0 if there are none, with 1 if there are, and with 3 if nobody can say:
pip-audit itself exits with 0 when the index does not answer.
"""

import json
import subprocess
import sys
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

HERE = Path(__file__).parent
NONE, SOME, UNKNOWN = 0, 1, 3


def main() -> int:
    """Audit what all requirement files pin, each pin once."""
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n".join(sorted(pins())))
        file.flush()
        options = ("--disable-pip", "--no-deps", "--progress-spinner=off")
        argv = [sys.executable, "-m", "pip_audit", *options, "--format=json"]
        argv += ["-r", file.name]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except ValueError:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        print(f"not audited: pip-audit failed: {lines[-1]}", file=sys.stderr)
        return UNKNOWN
    return judge(packages)


def pins() -> set[str]:
    """Return the lines such as `django==5.2.19`, with their markers."""
    lines = (
        line for path in HERE.glob("*.txt") for line in path.read_text().split("\n")
    )
    pinned = (line for line in lines if "==" in line and line[0].isalpha())
    return {line.removesuffix("\\").strip() for line in pinned}


def judge(packages: list[dict[str, Any]]) -> int:
    """Print what is known of the packages and return the exit status."""
    skipped = [package for package in packages if "skip_reason" in package]
    found = [
        f"{package['name']} {package['version']}: {', '.join(names(flaw))}"
        for package in packages
        for flaw in package.get("vulns", ())
    ]
    known = len(packages) - len(skipped)
    print("\n".join(found) or f"no known vulnerability in {known} packages")
    if skipped or not packages:
        reason = skipped[0]["skip_reason"] if skipped else "there is nothing to audit"
        many = f"{len(skipped)} of {len(packages)} packages"
        print(f"not audited: {many}: {reason}", file=sys.stderr)
    if found:
        return SOME
    return UNKNOWN if skipped or not packages else NONE


def names(flaw: dict[str, Any]) -> list[str]:
    """Return a vulnerability's names, and the versions that have it no more."""
    fixed = [f"fixed in {version}" for version in flaw["fix_versions"]]
    return [flaw["id"], *flaw.get("aliases", []), *fixed]


if __name__ == "__main__":
    sys.exit(main())
