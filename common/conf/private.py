"""Files and folders that no other user of the machine may read, whatever the umask."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from common import brand

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(path: Path) -> None:
    """Make a folder and its missing parents (0700); one that exists stays as it is.

    Raises OSError if it cannot be made.
    """
    if path.is_dir():
        return
    private_folder(path.parent)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:  # another process was first
        if not path.is_dir():
            raise


def private_file(path: Path) -> None:
    """Make an empty file (0600) if that can be done; one that exists stays as it is."""
    with suppress(OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def close_to_others(path: Path) -> None:
    """Take a file or folder from everybody else, if it exists and is this user's."""
    try:
        found = path.lstat()
    except OSError:
        return
    is_ours = found.st_uid == os.geteuid() and not stat.S_ISLNK(found.st_mode)
    if is_ours and found.st_mode & OTHERS:
        path.chmod(stat.S_IMODE(found.st_mode) & ~OTHERS)


def private_folder_in_tmp() -> Path:
    """Return this user's own folder in the temporary directory, and make it if needed.

    Raises PermissionError if somebody else was first: its name can be foreseen.
    """
    path = Path(tempfile.gettempdir()) / f"{brand.NAME}-{os.geteuid()}"
    private_folder(path)
    found = path.lstat()
    if found.st_uid != os.geteuid() or found.st_mode & OTHERS:
        raise PermissionError(f"{path} is not this user's alone")
    return path
