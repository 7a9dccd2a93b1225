"""Files read whole, and the one writer of private files: each whole under its name, or not there.

Nothing is ever written over unasked. A crash at any moment leaves nothing that the next run cannot finish.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

from calaim_cli.base import system
from calaim_cli.base.errors import InputError, Locked, OutputRefused
from calaim_cli.base.system import HELD, NEW, READ, Directory

TEMPORARY: Final = ".tmp-"
LOCK: Final = ".calaim.lock"
OUR_LOCKS: Final = (b"", b"d")
"""What a lock file of ours holds; the letter was written by version 0.1."""
WITHOUT_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.EINVAL})
"""What a file system without hard links says; EINVAL is how Windows puts it."""
NOT_A_FILE: Final = frozenset({errno.ELOOP, errno.EACCES, errno.ENXIO, errno.ENODEV, errno.EISDIR})
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PIECE: Final = 1024 * 1024


def read_bytes(path: Path, largest: int) -> bytes:
    """The bytes of a file or pipe of at most `largest` bytes. Raises InputError saying what is wrong with it."""
    try:
        if path.is_dir():
            raise InputError(f"{path}: is a folder; give a file")
        with path.open("rb") as file:
            return limited(file.read(largest + 1), str(path), largest)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; check the name") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None


def limited(content: bytes, name: str, largest: int) -> bytes:
    """The content, which was read to one byte behind the limit. Raises InputError where it is larger."""
    if len(content) > largest:
        raise InputError(f"{name}: larger than {largest // PIECE} MiB: this cannot be the right file", code="too-large")
    return content


def decode_utf8(content: bytes, name: str) -> str:
    """The text of a file. Raises InputError naming the line that is not UTF-8, never its bytes."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name}: line {line}: not UTF-8; save the file as UTF-8 text") from None


def parse_toml(text: str, name: str) -> dict[str, Any]:
    """The tables of a TOML text. Raises InputError with the line; the line itself is not quoted."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{name}: {_in_words(str(error))}") from None
    except (RecursionError, ValueError):  # lists nested a thousand deep, or a number of thousands of digits
        raise InputError(f"{name}: not valid TOML: nested too deeply, or a number too long") from None


OPEN_QUOTE: Final = ("Unterminated string", "Illegal character '\\n'", 'Expected "\'"')
HINTS: Final = (
    ("Invalid value", "a word without quotes, or no value: write true or false, or put text in straight quotes"),
    ("Expected newline", "more after the value: put text, dates such as 03/04/1980 and numbers such as 0012 in quotes"),
    ("Expected '='", 'neither a [table] nor a key with its value: write key = "text"'),
    ("Expected ']'", "a [table] without its closing bracket: add it"),
    *((said, "a text without its closing quote: add it") for said in OPEN_QUOTE),
    ("Cannot overwrite", "a key appears twice; remove one"),
    ("Cannot declare", "a table appears twice; put its keys together"),
)
"""What the parser says of a frequent slip, and in words what it found and what to write."""


def _in_words(said: str) -> str:
    """What the parser says, with the line and what to write, but without the characters of the file it quotes."""
    found = re.search(r"(.*) \(at (?:(line \d+), column \d+|end of document)\)", said)
    what, where = (found[1], found[2] or "at the end") if found else (said, "somewhere")
    unquoted = re.sub(r"[ :]*(['\"]).*\1", "", what).lower()
    hint = next((words for start, words in HINTS if what.startswith(start)), f"{unquoted}: fix that line")
    return f"{where}: not valid TOML: {hint}"


class Status(StrEnum):
    """What became of one output."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    CONFLICT = "conflict"
    STALE = "stale"


class Found(NamedTuple):
    """What stands under a name: whether anything does, and its bytes where it is a plain file that can be read."""

    exists: bool
    content: bytes | None = None


class Pile:
    """A private file that grows. `name` is that of a temporary one that may be published; "" of one without a name."""

    def __init__(self, descriptor: int, name: str = "", most_waiting: int = 0) -> None:
        self.descriptor, self.name, self.size = descriptor, name, 0
        self._waiting: list[bytes] = []
        self._most, self._written = most_waiting, 0

    def write(self, content: bytes) -> int:
        """Put bytes at the end, where at most `most_waiting` may wait. Gives how many there were."""
        self._waiting.append(content)
        self.size += len(content)
        if self.size - self._written > self._most:
            self._flush()
        return len(content)

    def _flush(self) -> None:
        """Write what waits, all of it: a short write is no error."""
        rest = memoryview(b"".join(self._waiting))
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        self._waiting, self._written = [], self.size

    def read(self, offset: int, length: int) -> bytes:
        """So many bytes from there on. A short read is no error; an end before them is."""
        self._flush()
        return _read_exactly(self.descriptor, length, offset)

    def pieces(self) -> Iterator[bytes]:
        """All of it, a piece at a time."""
        for offset in range(0, self.size, PIECE):
            yield self.read(offset, min(PIECE, self.size - offset))

    def close(self) -> None:
        """Close it, once."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


def nowhere(_: str) -> Pile:
    """A pile of which nothing is kept, for a run that writes nothing."""
    return Pile(os.open(os.devnull, os.O_WRONLY), most_waiting=PIECE)


def _read_exactly(descriptor: int, length: int, offset: int) -> bytes:
    piece = system.read_at(descriptor, length, offset)
    while len(piece) < length:
        more = system.read_at(descriptor, length - len(piece), offset + len(piece))
        if not more:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        piece += more
    return piece


class Folder:
    """The files of one folder, as a run sees them that writes there."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.changed = False
        self.held: dict[str, int] = {}

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
            return Found(exists=True, content=_read_exactly(descriptor, length, 0))
        finally:
            os.close(descriptor)

    def changed_at(self, name: str) -> int:
        """When what has this name was last written, in nanoseconds; 0 where nothing has."""
        try:
            return self.directory.status(name).st_mtime_ns
        except FileNotFoundError:
            return 0

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

    def put(self, name: str, content: bytes) -> Status:
        """Give the content its name. What is there already is compared, and stays unless it is torn."""
        # No context manager here: a signal between its making and its use would leave its clean-up to the collector.
        pile = self._reserved(TEMPORARY + name)
        try:
            pile.write(content)
            system.settle(pile.descriptor)
            return self.publish(pile, name, lambda: self.find(name).content == content)
        finally:
            self._forget(pile)

    def publish(self, pile: Pile, name: str, same: Callable[[], bool]) -> Status:
        """Link a finished file to its name. Where something stands there, `same` tells whether it is the same."""
        try:
            self._link(pile, name)
        except FileExistsError:
            if not self._is_torn(name, pile):
                return Status.UNCHANGED if same() else Status.CONFLICT
            self.take_over(pile, name)
        self.changed = True
        return Status.WRITTEN

    def _is_torn(self, name: str, pile: Pile) -> bool:
        """Whether a plain file is what a power cut left of the pile. Either may be larger than the memory."""
        if self.find(name, 0).content is None:
            return False
        descriptor, cut, offset = self.directory.open(name, READ), False, 0
        try:
            if (size := os.fstat(descriptor).st_size) > pile.size:
                return False
            while offset < size:
                found = _read_exactly(descriptor, min(PIECE, size - offset), offset)
                expected = bytes(len(found)) if cut else pile.read(offset, len(found))
                if found != expected:
                    cut = True
                    if not is_torn(found, expected):
                        return False
                offset += len(found)
            return cut or size < pile.size
        finally:
            os.close(descriptor)

    def _link(self, pile: Pile, name: str) -> None:
        """One atomic step. Without hard links, an empty file takes the name first, so that no other is lost."""
        try:
            self.directory.link(pile.name, name)
        except OSError as error:
            if error.errno not in WITHOUT_LINKS:
                raise
            empty = self.directory.open(name, NEW)
            try:
                os.close(empty)
                self.take_over(pile, name)
            except BaseException:
                self.directory.forget(name)
                raise

    def take_over(self, pile: Pile, name: str) -> None:
        """Put a finished file in the place of one that is known to be ours."""
        if system.VANISHING:
            pile.close()  # Windows renames no open file
        self.directory.replace(pile.name, name)
        self.changed = True

    def replace(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file of our own anew, in one step."""
        with self.temporary(name) as pile:
            for piece in pieces:
                pile.write(piece)
            system.settle(pile.descriptor)
            self.take_over(pile, name)

    def remove(self, name: str) -> None:
        """Take away a list of an earlier run that no longer holds."""
        self.directory.unlink(name)
        self.changed = True

    @contextmanager
    def temporary(self, name: str) -> Iterator[Pile]:
        """A new private file beside the target, locked while it is used; whatever happens, it is gone afterwards.

        Raises Locked where another run has one for the same target.
        """
        pile = self._reserved(TEMPORARY + name)
        try:
            yield pile
        finally:
            self._forget(pile)

    def _forget(self, pile: Pile) -> None:
        if pile.descriptor < 0:
            self.directory.forget(pile.name)
        else:
            self.directory.discard(pile.name, pile.descriptor)
        del self.held[pile.name]

    def _reserved(self, name: str) -> Pile:
        """A temporary file that is ours: somebody who sweeps may have taken a new one before it was locked."""
        while True:
            try:
                descriptor = self.directory.open(name, NEW)
            except FileExistsError:
                with suppress(FileNotFoundError):  # the other run has just ended
                    if system.is_ours(self.directory.status(name)):
                        words = f"{self.directory.path}: another run is working here; wait until it has ended"
                        raise Locked(words) from None
                    raise
                continue
            self.held[name] = descriptor  # before it is locked: a sweep of ours would take the lock for another's
            if system.lock(descriptor) and os.fstat(descriptor).st_nlink:
                return Pile(descriptor, name)
            os.close(self.held.pop(name))

    def pile(self, name: str) -> Pile:
        """A new private file without a name, so that nothing of it is left however the run ends."""
        return Pile(self.directory.vanishing(TEMPORARY + name), most_waiting=PIECE)

    def let_go(self) -> None:
        """Take away the temporary files of this run that a signal left without anybody to forget them."""
        while self.held:
            name, descriptor = self.held.popitem()
            with suppress(OSError):
                self.directory.discard(name, descriptor)

    def sweep(self) -> None:
        """Delete the temporary files that a crashed run left: plain files of ours that nobody has locked."""
        for name in self.directory.names():
            with suppress(FileNotFoundError):  # the run that had it has just ended
                if name.startswith(TEMPORARY) and system.is_ours(self.directory.status(name)):
                    descriptor = self.directory.open(name, READ)
                    if system.lock(descriptor):
                        self.directory.discard(name, descriptor)
                    else:
                        os.close(descriptor)

    def confirm(self) -> None:
        """Bring what was written to the disk, once for all files."""
        if self.changed:
            bring_to_disk()


def is_torn(found: bytes | None, expected: bytes) -> bool:
    """Whether a file is what a power cut left of the expected one: its beginning, perhaps filled up with NULs."""
    if found is None or found == expected or len(found) > len(expected):
        return False
    return expected.startswith(found.rstrip(b"\0"))


def bring_to_disk() -> None:
    """Wait until the disk has what was written, where the system can be asked that once for all."""
    if hasattr(os, "sync"):
        os.sync()


@contextmanager
def worded(path: Path) -> Iterator[None]:
    """Turn what goes wrong with files into one message about the path that the user gave."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOENT and not path.parent.exists():
            words = f"{path}: folder {path.parent} does not exist; create it first"
            raise OutputRefused(words, code="no-folder") from None
        code = "no-space" if error.errno in NO_SPACE else "not-writable"
        raise OutputRefused(f"{path}: cannot be written: {error.strerror or 'it cannot be used'}", code=code) from None


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
        with _swept(directory) as folder:
            yield folder


@contextmanager
def _swept(directory: Directory) -> Iterator[Folder]:
    """The folder without what killed runs left. A signal may come before a new file is anybody's: swept again."""
    folder = Folder(directory)
    folder.sweep()
    try:
        yield folder
    except BaseException:
        folder.let_go()
        with suppress(OSError):
            folder.sweep()
        raise


def _make(path: Path) -> bool:
    """Make the folder unless it is there; tells whether it was made."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return False
    return True


def _hold(lock: int, path: Path) -> None:
    """Lock the file until it is closed. One that lost its name belongs to a run that is just ending."""
    if not system.lock(lock):
        raise Locked(f"{path}: another run is working here; wait until it has ended")
    status = os.fstat(lock)
    if status.st_nlink == 0:
        raise Locked(f"{path}: another run has just ended here; try again")
    if not system.is_ours(status) or status.st_nlink > 1 or system.read_at(lock, 2, 0) not in OUR_LOCKS:
        raise OutputRefused(f"{path / LOCK}: is not a lock of this program; move it away", code="exists")


def _release(lock: int, directory: Directory, *, made: bool) -> None:
    """Close the lock, and take away a folder that this run made and that holds nothing else.

    What goes wrong with the folder changes nothing.
    """
    try:
        with suppress(OSError):
            if made and directory.names() == [LOCK]:
                descriptor, lock = lock, -1
                directory.discard(LOCK, descriptor)
                directory.path.rmdir()
    finally:
        if lock >= 0:
            os.close(lock)


@contextmanager
def beside(path: Path) -> Iterator[Folder]:
    """The folder that a file is to be written to, swept of what killed runs left there."""
    directory = Directory(path.parent)
    try:
        with _swept(directory) as folder:
            yield folder
    finally:
        directory.close()


def save(path: Path, content: bytes, *, replace: bool = False) -> Status:
    """Write a file of mode 0600 in one step. The same bytes already there are left alone, but for a mode too wide.

    Raises OutputRefused when something else is there (unless `replace`), or the place is absent or cannot be written.
    """
    name = path.name
    with worded(path), beside(path) as folder:
        found = folder.find(name)
        if found.exists and found.content is None:
            raise OutputRefused(f"{path}: is not a plain file; choose another name", code="not-a-file")
        if found.content == content:
            folder.directory.close_to_others(name)
            return Status.UNCHANGED
        with folder.temporary(name) as pile:
            pile.write(content)
            os.fsync(pile.descriptor)
            if replace:
                folder.take_over(pile, name)
            elif folder.publish(pile, name, lambda: False) is Status.CONFLICT:
                raise OutputRefused(f"{path}: exists and differs; choose another name, or use --force", code="exists")
    return Status.WRITTEN
