"""calaim on a system that lacks for files what Windows lacks. Run as a script, with the words of a command line.

What is absent there is taken away before calaim is loaded; what behaves differently is put in its place: an open file
keeps its name and its place, line ends are translated unless a file is opened as binary, files are named by path alone.
"""

from __future__ import annotations

import errno
import fcntl
import io
import os
import signal
import subprocess  # before there is an msvcrt, by which it would judge  # noqa: F401
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

BINARY, TEMPORARY = 1 << 28, 1 << 29
"""Bits that Linux has no use for."""
FLAGS: Final = ("O_NOFOLLOW", "O_CLOEXEC", "O_NONBLOCK", "O_DIRECTORY", "O_TMPFILE")
CALLS: Final = (
    "pread", "preadv", "pwrite", "pwritev", "fork", "forkpty", "getuid", "geteuid", "fchmod", "fchown", "sync",
    "copy_file_range", "sendfile", "sched_getaffinity",
)  # fmt: skip
SIGNALS: Final = ("SIGHUP", "SIGPIPE", "pthread_sigmask")
MODULES: Final = ("fcntl", "termios", "resource", "pwd")
BY_PATH: Final = ("stat", "link", "unlink", "remove", "replace", "rename", "mkdir", "rmdir")
KEEP_OPEN_FILES: Final = ("unlink", "remove", "replace", "rename")
REAL: Final = {name: getattr(os, name) for name in (*BY_PATH, "open", "write", "close", "listdir")}

text_files: Final[set[int]] = set()
"""Descriptors that translate line ends."""
opened: Final[set[int]] = set()
"""Descriptors that were opened here; a file object may have closed one since."""
vanishing: Final[dict[int, str]] = {}
"""What goes when a descriptor is closed."""


def same_file(path: str) -> tuple[int, int] | None:
    """Device and inode of what has this name."""
    try:
        status = REAL["stat"](path, follow_symlinks=False)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_open(path: str) -> bool:
    """Whether a file is open."""
    for descriptor in opened:
        with suppress(OSError):
            status = os.fstat(descriptor)
            if (status.st_dev, status.st_ino) == same_file(path):
                return True
    return False


def open_file(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """Open by path; folders cannot be opened."""
    if dir_fd is not None:
        raise NotImplementedError("dir_fd unavailable on this platform")
    if Path(path).is_dir():
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    descriptor = cast("int", REAL["open"](path, flags & ~(BINARY | TEMPORARY), mode))
    if not flags & BINARY:
        text_files.add(descriptor)
    if flags & TEMPORARY:
        vanishing[descriptor] = path
    opened.add(descriptor)
    return descriptor


def write(descriptor: int, content: bytes) -> int:
    """Write, line ends translated in a text file."""
    if descriptor not in text_files:
        return cast("int", REAL["write"](descriptor, content))
    REAL["write"](descriptor, bytes(content).replace(b"\n", b"\r\n"))
    return len(content)


def close(descriptor: int) -> None:
    """Close; a temporary file goes with it."""
    text_files.discard(descriptor)
    opened.discard(descriptor)
    REAL["close"](descriptor)
    if descriptor in vanishing:
        REAL["unlink"](vanishing.pop(descriptor))


def by_path(name: str, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 whatever the call takes
    """Another call on names, which knows no folders by descriptor and lets nobody take an open file away."""
    if any(value is not None for key, value in named.items() if key.endswith("dir_fd")):
        raise NotImplementedError("dir_fd unavailable on this platform")
    if name in KEEP_OPEN_FILES and any(map(is_open, arguments)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return REAL[name](*arguments, **named)


def listdir(path: str) -> list[str]:
    """The names in a folder, which is given by its path."""
    if isinstance(path, int):
        raise TypeError("listdir: path should be string, bytes, os.PathLike or None, not int")
    return cast("list[str]", REAL["listdir"](path))


def locking(descriptor: int, mode: int, length: int) -> None:
    """Lock bytes from the position on; nobody else can read them, so they must lie behind the content."""
    if os.lseek(descriptor, 0, os.SEEK_CUR) + length <= os.fstat(descriptor).st_size or mode != 2:
        raise ValueError("the content would be locked")
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None


def begin() -> None:
    """From now on."""
    for place, names in ((os, (*FLAGS, *CALLS)), (signal, SIGNALS)):
        for name in names:
            if hasattr(place, name):
                delattr(place, name)
    msvcrt: Any = ModuleType("msvcrt")
    msvcrt.locking, msvcrt.LK_NBLCK = locking, 2
    sys.modules.update({**dict.fromkeys(MODULES), "msvcrt": msvcrt})  # type: ignore[dict-item]
    instead: dict[str, Callable[..., Any]] = {name: partial(by_path, name) for name in BY_PATH}
    instead |= {"open": open_file, "write": write, "close": close, "listdir": listdir}
    for name, call in instead.items():
        setattr(os, name, call)
    os.O_BINARY, os.O_TEMPORARY = BINARY, TEMPORARY  # type: ignore[attr-defined]
    for stream in (sys.stdout, sys.stderr):
        cast("io.TextIOWrapper", stream).reconfigure(newline="\r\n")


def let_no_engine_write_open_files() -> None:
    """DuckDB opens what it writes for itself alone."""
    from calaim_cli.batch.table import Engine

    real = Engine.write

    def alone(engine: Engine, query: str, path: Path, form: str) -> None:
        if is_open(str(path)):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        real(engine, query, path, form)

    Engine.write = alone  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    begin()
    if "screen" in sys.argv:
        let_no_engine_write_open_files()
    from calaim_cli.__main__ import run

    run()
