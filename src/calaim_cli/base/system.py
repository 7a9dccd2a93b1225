"""What is asked of the system for files, and what takes its place on Windows, which has only some of it.

There an open file keeps its name: it is closed before it is unlinked or renamed, or is opened so that it vanishes.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final


def _flags(*names: str) -> int:
    """The flags of these names that the system knows."""
    return sum(getattr(os, name, 0) for name in names)


OPEN: Final = _flags("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
READ: Final = os.O_RDONLY | _flags("O_NONBLOCK") | OPEN
FOLDER: Final = os.O_RDONLY | _flags("O_DIRECTORY", "O_CLOEXEC")
NEW: Final = os.O_RDWR | os.O_CREAT | os.O_EXCL | OPEN
HELD: Final = os.O_RDWR | os.O_CREAT | _flags("O_NONBLOCK") | OPEN
# On Windows a file that is gone when it is closed; 0 elsewhere, where an open file can lose its name.
VANISHING: Final = _flags("O_TEMPORARY")
BY_DESCRIPTOR: Final = os.open in os.supports_dir_fd
# What Windows says of a byte that another has locked; Wine gives no number.
HELD_BY_ANOTHER: Final = frozenset({errno.EACCES, errno.EDEADLK, 0})
# Where Windows locks a byte: nobody can read a locked one, so it lies behind all that is ever read by another.
FAR: Final = 0x7FFF_FFFF
# What OneDrive's own client sets on Windows: the folder in use, a firm's, a person's.
ONEDRIVE: Final = ("OneDrive", "OneDriveCommercial", "OneDriveConsumer")
# As the clients name their folders: "OneDrive - Firm", "Dropbox (Firm)"; all of them in CloudStorage on macOS, where
# iCloud has Mobile Documents.
SYNCED: Final = re.compile(
    r"(?:OneDrive|Dropbox|Google ?Drive)(?:[ -].*)?|My Drive|CloudStorage|Mobile Documents|iCloud ?Drive|Box(?: Sync)?",
    re.IGNORECASE,
)


# Kinds of file system that lie on another machine, as Linux names them in /proc/mounts (proc(5)).
NETWORK: Final = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "glusterfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)
MOUNTS: Final = Path("/proc/mounts")
REMOTE_DRIVE: Final = 4  # what GetDriveTypeW says of a drive letter that is a share


def lock(descriptor: int) -> bool:
    """Whether the file is this run's alone from now on, until it is closed."""
    try:
        import fcntl
    except ImportError:
        return _lock_far_byte(descriptor)
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _lock_far_byte(descriptor: int) -> bool:
    import msvcrt

    os.lseek(descriptor, FAR, os.SEEK_SET)
    try:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError as error:
        if error.errno not in HELD_BY_ANOTHER:
            raise
        return False
    finally:
        os.lseek(descriptor, 0, os.SEEK_SET)
    return True


def settle(descriptor: int) -> None:
    """Bring a finished file to the disk, where the system cannot do that later for all of them at once."""
    if not hasattr(os, "sync"):
        os.fsync(descriptor)


def is_ours(status: os.stat_result) -> bool:
    """Whether this is a plain file of the user; Windows does not tell of whom."""
    return stat.S_ISREG(status.st_mode) and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid())


def is_open_to_others(folder: Path) -> bool:
    """Whether others may look into a folder; on Windows its mode does not tell.

    A home is its user's own, whatever its mode, and what lies in one that is closed is not reached.
    """
    if not hasattr(os, "geteuid") or not folder.is_dir():
        return False
    home, place = _home(), folder.resolve()
    closed = home in place.parents and not home.stat().st_mode & stat.S_IXOTH
    return place != home and not closed and place.stat().st_mode & 0o077 != 0


def is_in_work_tree(folder: Path) -> bool:
    """Whether a folder lies in a git work tree, the way there followed."""
    place = folder.resolve()
    return any((one / ".git").exists() for one in (place, *place.parents))


def is_synced(folder: Path) -> bool:
    """Whether a folder lies in one that is copied to a cloud, as far as names and OneDrive's variables tell."""
    clouds = {Path(name).resolve() for variable in ONEDRIVE if (name := os.environ.get(variable))}
    # A user's own name is no sign, and a link may lead there.
    places = {folder.absolute(), folder.resolve()}
    below = [place.relative_to(_home()) if place.is_relative_to(_home()) else place for place in places]
    named = any(SYNCED.fullmatch(part) for place in below for part in place.parts)
    return named or any(cloud in (place, *place.parents) for place in places for cloud in clouds)


def is_on_network(folder: Path) -> bool:
    """Whether a folder lies on another machine, as far as Linux and Windows tell."""
    place = os.path.realpath(folder)
    if sys.platform == "win32":
        import ctypes

        drive = os.path.splitdrive(place)[0]
        return drive.startswith("\\\\") or ctypes.windll.kernel32.GetDriveTypeW(f"{drive}\\") == REMOTE_DRIVE
    try:
        mounts = [line.split()[1:3] for line in MOUNTS.read_text("utf-8", "replace").splitlines()]
    except OSError:
        return False
    # A blank in a path is written as its octal number.
    above = [(point.replace("\\040", " "), kind) for point, kind in mounts]
    within = [one for one in above if Path(place).is_relative_to(one[0])]
    return bool(within) and max(within, key=lambda one: len(one[0]))[1] in NETWORK


def _home() -> Path:
    return Path(os.path.expanduser("~")).resolve()  # noqa: PTH111 it never raises


def typed_anew(words: Sequence[str]) -> str:
    """The command line of these words, to be pasted into a shell of this system."""
    if sys.platform != "win32":
        return shlex.join(words)
    # The shell of Windows knows double quotes alone, which no file name has there.
    return " ".join(word if re.fullmatch(r"[\w./\\:-]+", word) else f'"{word}"' for word in words)
