"""Floor 2: writes files that hold member data: private, whole or not at all, never over something different."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calaim_cli.errors import OutputRefused
from calaim_cli.folder import Status
from calaim_cli.system import NEW


def save(path: Path, content: bytes, *, replace: bool = False) -> Status:
    """Write a file of mode 0600 in one step. The same bytes already there are left alone, but for a mode too wide.

    Raises OutputRefused when something else is there (unless `replace`), or the place is absent or cannot be written.
    """
    with _refusing(path):
        if not path.parent.exists():
            raise OutputRefused(f"{path}: there is no folder {path.parent}: make it first", code="no-folder")
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise OutputRefused(f"{path}: is not a plain file: choose another name", code="not-a-file")
        if path.exists():
            if path.read_bytes() == content:
                _make_private(path)
                return Status.UNCHANGED
            if not replace:
                raise OutputRefused(f"{path}: exists and differs: choose another name, or use --force", code="exists")
        _publish(path, content, replace=replace)
    return Status.WRITTEN


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputRefused(f"{path}: cannot be written: {error.strerror}", code="not-writable") from None


def _make_private(path: Path) -> None:
    """Take away what others may do with the file, where the system knows owners."""
    if os.name == "posix" and path.stat().st_mode & 0o177:
        path.chmod(0o600)


def _publish(path: Path, content: bytes, *, replace: bool) -> None:
    """Write beside the target, then give it its name by one atomic step; nothing half-written is ever left."""
    temporary = path.with_name(f".tmp-{secrets.token_hex(8)}")
    descriptor = os.open(temporary, NEW, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            temporary.replace(path)
        else:
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
