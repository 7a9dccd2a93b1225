"""Floor 4: a folder that one run alone writes to: private files, each whole under its name or not there.

Nothing is ever written over. A crash at any moment leaves nothing that the next run cannot finish.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple

from calaim_cli import system
from calaim_cli.errors import Locked, OutputRefused
from calaim_cli.system import HELD, NAMELESS, NEW, READ, Directory

TEMPORARY: Final = ".tmp-"
LOCK: Final = ".calaim.lock"
DIRTY: Final = b"d"
"""In the lock file: a run began here and has not confirmed that its files are on the disk."""
WITHOUT_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.EINVAL})
"""What a file system without hard links says; EINVAL is how Windows puts it."""
WITHOUT_NAMELESS: Final = WITHOUT_LINKS | {
    errno.EOPNOTSUPP,
    errno.EISDIR,
    errno.ENOENT,
    errno.ELOOP,
    errno.EACCES,
}
"""What a file system without such files says, or a system that does not show its own open files."""
WITHOUT_COPY: Final = frozenset({errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
NOT_A_FILE: Final = frozenset({errno.ELOOP, errno.EACCES, errno.ENXIO, errno.ENODEV, errno.EISDIR})
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PIECE: Final = 1024 * 1024


class Status(StrEnum):
    """What became of one output."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    CONFLICT = "conflict"


class Found(NamedTuple):
    """What stands under a name: whether anything does, and its bytes where it is a plain file that can be read."""

    exists: bool
    content: bytes | None = None


class Pile:
    """A private file that grows and has no name, so that nothing of it is left however the run ends."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.size = descriptor, 0

    def add(self, *contents: bytes) -> None:
        """Put bytes at the end."""
        content = b"".join(contents)
        write_all(self.descriptor, content)
        self.size += len(content)

    def append(self, other: Pile) -> None:
        """Put all of another file at the end; the system copies it, where it can."""
        done = 0
        while done < other.size and (step := _copied(other.descriptor, self.descriptor, other.size - done, done)):
            done += step
        self.size += done
        for piece in other.pieces(start=done):
            self.add(piece)

    def clear(self) -> None:
        """Begin again with nothing."""
        os.ftruncate(self.descriptor, 0)
        os.lseek(self.descriptor, 0, os.SEEK_SET)
        self.size = 0

    def pieces(self, length: int = PIECE, start: int = 0) -> Iterator[bytes]:
        """All of it from `start` on, `length` bytes at a time."""
        for offset in range(start, self.size, length):
            yield read_exactly(self.descriptor, min(length, self.size - offset), offset)


def _copied(source: int, target: int, length: int, offset: int) -> int:
    """How many bytes the system copied to the end of another file; 0 where it does not do that."""
    if not hasattr(os, "copy_file_range"):
        return 0
    try:
        return os.copy_file_range(source, target, length, offset_src=offset)
    except OSError as error:
        if error.errno in WITHOUT_COPY:
            return 0
        raise


def write_all(descriptor: int, content: bytes) -> None:
    """Write until all bytes are out: a short write is no error."""
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def read_exactly(descriptor: int, length: int, offset: int) -> bytes:
    """So many bytes from there on. A short read is no error; an end before them is."""
    piece = system.read_at(descriptor, length, offset)
    while len(piece) < length:
        more = system.read_at(descriptor, length - len(piece), offset + len(piece))
        if not more:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        piece += more
    return piece


class Folder:
    """The files of a folder, or those beside a file that is to be written.

    `prefix` begins the names of temporary files. `was_dirty`: an earlier run did not confirm its sync.
    """

    def __init__(
        self, path: Path, directory: Directory, prefix: str = TEMPORARY, *, lock: int = -1, was_dirty: bool = False
    ) -> None:
        self.path, self.directory, self.prefix = path, directory, prefix
        self.lock, self.was_dirty = lock, was_dirty
        self._piles: list[int] = []
        self._changed = self._marked = was_dirty
        self._nameless = NAMELESS != 0 and not was_dirty

    def mark(self) -> None:
        """Note in the lock file, for good, that a run began to write here."""
        self._changed = True
        if not self._marked and self.lock >= 0:
            system.write_first(self.lock, DIRTY)
            os.fsync(self.lock)
            self._marked = True

    def confirm(self) -> None:
        """Bring what was written to the disk, once, and take the mark away. What has no name need not get there."""
        if self._changed:
            for pile in self._piles:
                with suppress(OSError):  # it would only be written in vain
                    os.ftruncate(pile, 0)
            if self.directory.descriptor is not None:
                sync_file_system(self.directory.descriptor)
            if self.lock >= 0:
                os.ftruncate(self.lock, 0)

    def find(self, name: str, most: int | None = None) -> Found:
        """What stands under the name, at most so many bytes of it. A link is not followed, a pipe not waited for."""
        try:
            descriptor = self.directory.open(name, READ)
        except FileNotFoundError:
            return Found(exists=False)
        except OSError as error:
            if error.errno in NOT_A_FILE:
                return Found(exists=True)
            raise
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return Found(exists=True)
            length = status.st_size if most is None else min(most, status.st_size)
            return Found(exists=True, content=read_exactly(descriptor, length, 0))
        finally:
            os.close(descriptor)

    def changed_at(self, name: str) -> int:
        """When what has this name was last written, in nanoseconds; 0 where nothing has."""
        try:
            return self.directory.status(name).st_mtime_ns
        except FileNotFoundError:
            return 0

    def end_of(self, name: str, most: int) -> bytes:
        """At most so many bytes of the end of a plain file; nothing where there is none."""
        try:
            descriptor = self.directory.open(name, READ)
        except FileNotFoundError:
            return b""
        try:
            size = os.fstat(descriptor).st_size
            return read_exactly(descriptor, min(most, size), max(0, size - most))
        finally:
            os.close(descriptor)

    def put(self, name: str, content: bytes) -> Status:
        """Give the content its name. What is there already is compared, and stays unless it is torn."""
        if self._nameless:
            try:
                return self._put_nameless(name, content)
            except OSError as error:
                if error.errno not in WITHOUT_NAMELESS:
                    raise
                self._nameless = False
        with self.temporary(name, [content]) as temporary:
            if self.was_dirty and self.is_torn(self.find(name).content, content):
                self._take_over(temporary, name)
                return Status.WRITTEN
            return self.publish(temporary, name, lambda: self.find(name).content == content)

    def _put_nameless(self, name: str, content: bytes) -> Status:
        """Write a file that has no name until it is whole: nothing of it is left behind, and one step less."""
        descriptor = self.directory.open(".", NAMELESS)
        try:
            write_all(descriptor, content)
            self.directory.link_nameless(descriptor, name)
        except FileExistsError:
            return Status.UNCHANGED if self.find(name).content == content else Status.CONFLICT
        finally:
            os.close(descriptor)
        self._changed = True
        return Status.WRITTEN

    def holds(self, name: str, pieces: Iterable[bytes]) -> bool:
        """Whether a plain file of this name holds just these bytes."""
        try:
            descriptor = self.directory.open(name, READ)
        except OSError:
            return False
        try:
            offset = 0
            for piece in pieces:
                if system.read_at(descriptor, len(piece), offset) != piece:
                    return False
                offset += len(piece)
            return os.fstat(descriptor).st_size == offset
        finally:
            os.close(descriptor)

    def is_torn(self, found: bytes | None, expected: bytes) -> bool:
        """Whether a file is what a power cut left of the expected one: its beginning, perhaps filled up with NULs.

        Never so unless an earlier run did not confirm its sync: then somebody else has emptied or cut the file.
        """
        if not self.was_dirty or found is None or found == expected or len(found) > len(expected):
            return False
        return expected.startswith(found.rstrip(b"\0"))

    def publish(self, temporary: str, name: str, same: Callable[[], bool]) -> Status:
        """Link a finished file to its name. Where something stands there, `same` tells whether it is the same."""
        try:
            self._link(temporary, name)
            self._changed = True
        except FileExistsError:
            if not self.was_dirty or self.find(name, 1).content != b"":
                return Status.UNCHANGED if same() else Status.CONFLICT
            self._take_over(temporary, name)
        return Status.WRITTEN

    def _link(self, temporary: str, name: str) -> None:
        """One atomic step. Without hard links, an empty file takes the name first, so that no other is lost."""
        try:
            self.directory.link(temporary, name)
        except OSError as error:
            if error.errno not in WITHOUT_LINKS:
                raise
            empty = self.directory.open(name, NEW)
            try:
                os.close(empty)
                self._take_over(temporary, name)
            except BaseException:
                _unlink(name, self.directory)
                raise

    def _take_over(self, temporary: str, name: str) -> None:
        """Put a finished file in the place of one that is known to be ours."""
        self._changed = True
        self.directory.replace(temporary, name)

    def remove(self, name: str) -> None:
        """Take away a list of an earlier run that no longer holds."""
        self.mark()
        self.directory.unlink(name)

    def replace(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file of our own anew, in one step."""
        self.mark()
        with self.temporary(name, pieces) as temporary:
            self._take_over(temporary, name)

    @contextmanager
    def temporary(self, name: str, pieces: Iterable[bytes]) -> Iterator[str]:
        """The name of a new private file beside the target; whatever happens, it is gone afterwards."""
        temporary = self.prefix + name
        descriptor = self.directory.open(temporary, NEW)
        try:
            try:
                for piece in pieces:
                    write_all(descriptor, piece)
                system.settle(descriptor)
            finally:
                os.close(descriptor)
            yield temporary
        finally:
            _unlink(temporary, self.directory)

    def pile(self, name: str) -> Pile:
        """A new private file without a name, or with one that nobody else has and that goes with it."""
        descriptor = self.directory.vanishing(f"{self.prefix}{name}-{len(self._piles)}")
        self._piles.append(descriptor)
        return Pile(descriptor)

    def leave(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close the private files. After a signal, which may come between a file and its name, sweep once more."""
        with ExitStack() as stack:
            if kind is not None:
                stack.callback(self._sweep_again)
            for pile in self._piles:
                stack.callback(os.close, pile)

    def _sweep_again(self) -> None:
        with suppress(OSError):
            self.sweep()

    def status(self, name: str) -> os.stat_result:
        """What the system knows of a name; a link is not followed."""
        return self.directory.status(name)

    def names(self) -> list[str]:
        """What is in the folder."""
        return self.directory.names()

    def sweep(self) -> None:
        """Delete the temporary files that a crashed run left: plain files of ours, never a link or folder."""
        for name in self.names():
            if name.startswith(self.prefix) and system.is_ours(self.status(name)):
                self.directory.unlink(name)


def sync_file_system(descriptor: int) -> None:
    """Bring what was written to the file system of an open file to the disk."""
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "syncfs"):
        os.sync()
    elif library.syncfs(descriptor):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what goes wrong with files into one message about the path that the user gave."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOENT and not path.parent.exists():
            raise OutputRefused(f"{path}: there is no folder {path.parent}: make it first", code="no-folder") from None
        why = error.strerror or "it cannot be used"
        code = "no-space" if error.errno in NO_SPACE else "not-writable"
        raise OutputRefused(f"{path}: cannot be written: {why}", code=code) from None


@contextmanager
def opened(path: Path) -> Iterator[Folder]:
    """The folder, made where it is missing (not its parents), locked for this run and swept.

    Raises Locked at once when another run works on it. A folder that this run made and left empty is gone afterwards.
    """
    with ExitStack() as stack:
        made = _make(path)
        directory = Directory(path)
        stack.callback(directory.close)
        lock = directory.open(LOCK, HELD)
        try:
            _hold(lock, path)
        except BaseException:
            os.close(lock)
            raise
        stack.callback(_release, lock, directory, made=made)
        folder = Folder(path, directory, lock=lock, was_dirty=system.read_at(lock, 1, 0) == DIRTY)
        stack.push(folder.leave)
        folder.sweep()
        yield folder


def _make(path: Path) -> bool:
    """Make the folder unless it is there; tells whether it was made."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _release(lock: int, directory: Directory, *, made: bool) -> None:
    """Close the lock, and take away a folder that this run made and that holds nothing else.

    What goes wrong with the folder changes nothing.
    """
    with ExitStack() as stack:
        stack.callback(os.close, lock)
        with suppress(OSError):
            if made and directory.names() == [LOCK]:
                stack.pop_all()
                directory.discard(LOCK, lock)
                directory.path.rmdir()


def _hold(lock: int, path: Path) -> None:
    """Lock the file until it is closed. One that lost its name belongs to a run that is just ending."""
    if not system.lock(lock):
        raise Locked(f"{path}: another run is working here: wait until it has ended")
    if os.fstat(lock).st_nlink == 0:
        raise Locked(f"{path}: another run has just ended here: try again")


@contextmanager
def beside(path: Path) -> Iterator[tuple[Folder, Pile]]:
    """The folder of a file to be written, and the file's temporary one, which is the lock for this file.

    Raises Locked at once when another run writes the same file.
    """
    with ExitStack() as stack:
        directory = Directory(path.parent)
        stack.callback(directory.close)
        name = TEMPORARY + path.name
        lock, left = _held(name, path, directory)
        stack.callback(directory.discard, name, lock)
        folder = Folder(path, directory, f"{name}-", was_dirty=left)
        stack.push(folder.leave)
        folder.sweep()
        yield folder, Pile(lock)


def _unlink(name: str, directory: Directory) -> None:
    """Take a name away; one that is gone was given to its target."""
    with suppress(FileNotFoundError):
        directory.unlink(name)


def _refuse_foreign(status: os.stat_result, name: str) -> None:
    if not system.is_ours(status):
        raise OSError(errno.EEXIST, f"{name} beside it is not ours")


def _held(name: str, path: Path, directory: Directory) -> tuple[int, bool]:
    """The temporary file, empty, private and locked, and whether a crash had left it with something in it.

    One that was left after its link gives up its name.
    """
    lock = directory.open(name, HELD)
    try:
        _hold(lock, path)
        status = os.fstat(lock)
        _refuse_foreign(status, name)
        if status.st_nlink == 1:
            os.ftruncate(lock, 0)
            system.make_private(lock)
            return lock, status.st_size > 0
    except BaseException:
        os.close(lock)
        raise
    directory.discard(name, lock)
    return _held(name, path, directory)
