"""Files read whole, and the one writer of private files: each whole under its name, or not there.

Nothing is ever written over unasked. A crash at any moment leaves nothing that the next run cannot finish.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from calaim_cli.base import system
from calaim_cli.base.errors import InputError, Locked, OutputRefused, Problem, caution

TEMPORARY: Final = ".tmp-"
LOCK: Final = ".calaim.lock"
# A lock file is empty; version 0.1 wrote a letter into it.
OUR_LOCKS: Final = (b"", b"d")
# What a file system without hard links says (link(2)); EINVAL is how Windows puts it.
WITHOUT_LINKS: Final = frozenset({errno.EPERM, errno.ENOTSUP, errno.EXDEV, errno.EMLINK, errno.ENOSYS, errno.EINVAL})
# Opening without following links or waiting for a writer (open(2)) fails so where there is something else.
NOT_A_FILE: Final = frozenset({errno.ELOOP, errno.EACCES, errno.ENXIO, errno.ENODEV, errno.EISDIR})
NO_SPACE: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
PIECE: Final = 1024 * 1024


def read_bytes(name: str, largest: int) -> bytes:
    """What a file or pipe of at most `largest` bytes holds, or standard input for `-`. Raises InputError."""
    try:
        if name == "-":
            content = sys.stdin.buffer.read(largest + 1) if sys.stdin else b""
        elif Path(name).is_dir():
            raise InputError(f"{name}: is a folder; give a file")
        else:
            with Path(name).open("rb") as file:
                content = file.read(largest + 1)
    except FileNotFoundError:
        raise InputError(f"{name}: no such file; check the name") from None
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    if len(content) > largest:
        raise InputError(f"{name}: larger than {largest // PIECE} MiB: is this the right file?", code="too-large")
    return content


def read_text(name: str, largest: int) -> str:
    """The same as a text. Raises InputError also where it is not UTF-8, with the line and never its bytes."""
    content = read_bytes(name, largest)
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
    # Lists nested a thousand deep, or a number of more digits than Python turns into an int.
    except (RecursionError, ValueError):
        raise InputError(f"{name}: not valid TOML: nested too deeply, or a number too long") from None


HINTS: Final = (
    ("Invalid value", "a word without quotes, or a missing value: write true or false, or put text in straight quotes"),
    (
        "Expected newline",
        "more after the value: put text and numbers such as 0012 in quotes, and write a date as 1980-03-04",
    ),
    ("Expected '='", 'neither a [table] nor a key with a value: write key = "text"'),
    ("Expected '\\]\\]'", "an entry such as [[county]] without two closing brackets: add them"),
    ("Expected ']'", "a [table] without a closing bracket: add it"),
    ("Unclosed array", "a list without a closing bracket or a comma, here or on a line above: add it"),
    ("Invalid initial character for a key", "a key is missing, or a } or a bracket on a line above: add it"),
    (r"Unterminated string|Illegal character '\\n'|Expected \"'\"", "a text without a closing quote: add it"),
    ("Cannot overwrite", "a key appears twice; remove one"),
    ("Cannot declare", "a table appears twice: put its keys together, or begin it with double brackets in a list"),
)
"""How what the parser says of a frequent slip begins, as a pattern, and in words what it found and what to write."""


def _in_words(said: str) -> str:
    """What the parser says, with the line and what to write, but without the characters of the file it quotes."""
    found = re.search(r"(.*) \(at (?:(line \d+), column \d+|end of document)\)", said)
    what, where = (found[1], found[2] or "at the end") if found else (said, "somewhere")
    unquoted = re.sub(r"[ :]*(['\"]).*\1", "", what).lower()
    hint = next((words for start, words in HINTS if re.match(start, what)), f"{unquoted}: fix that line")
    return f"{where}: not valid TOML: {hint}"


class Status(StrEnum):
    """What became of one output."""

    WRITTEN = "written"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    CONFLICT = "conflict"
    STALE = "stale"


class Found(NamedTuple):
    """What has a name: whether anything does, and its bytes where it is a plain file that can be read."""

    exists: bool
    content: bytes | None = None


class Pile:
    """A private file that is written and then read. One with a name is temporary: as a context it goes in the end."""

    def __init__(self, descriptor: int, name: str = "", folder: Folder | None = None) -> None:
        self.descriptor, self.name, self.size, self._folder = descriptor, name, 0, folder

    def write(self, content: bytes) -> int:
        """The number of bytes appended: always all of them, because short writes are repeated."""
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]
        self.size += len(content)
        return len(content)

    def read(self, offset: int, length: int) -> bytes:
        """That many bytes from that position. A short read is repeated; an early end of file is an error."""
        os.lseek(self.descriptor, offset, os.SEEK_SET)
        piece = b""
        while len(piece) < length:
            more = os.read(self.descriptor, length - len(piece))
            if not more:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            piece += more
        return piece

    def pieces(self) -> Iterator[bytes]:
        """All of it, a piece at a time."""
        for offset in range(0, self.size, PIECE):
            yield self.read(offset, min(PIECE, self.size - offset))

    def close(self) -> None:
        """Close it, once."""
        descriptor, self.descriptor = self.descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    # No generator for a context: a signal between its making and its use would leave its clean-up to the collector.
    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is None:
            self.close()
        else:
            self._folder.discard(self.name, self.descriptor)
            del self._folder.held[self.name]


def nowhere(_: str) -> Pile:
    """A pile that keeps nothing, for a dry run."""
    return Pile(os.open(os.devnull, os.O_WRONLY))


class Folder:
    """The files of one folder, as a run sees them that writes there. `held` are its temporary files.

    It is known by its descriptor, so that nobody can put another in its place; on Windows by its path.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.changed = path, False
        self.held: dict[str, int] = {}
        self.descriptor: int | None = None
        if system.BY_DESCRIPTOR:
            self.descriptor = os.open(path, system.FOLDER)
        elif not stat.S_ISDIR(path.stat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))

    def close(self) -> None:
        """Let go of it."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def _at(self, name: str) -> str:
        return name if system.BY_DESCRIPTOR else os.path.join(self.path, name)  # noqa: PTH118 for every file of a batch

    def open(self, name: str, flags: int) -> int:
        """A private file in it; a link is not followed."""
        if not system.BY_DESCRIPTOR and not flags & os.O_EXCL and os.path.islink(self._at(name)):  # noqa: PTH114 the same
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        return os.open(self._at(name), flags, 0o600, dir_fd=self.descriptor)

    def status(self, name: str) -> os.stat_result:
        """The `stat` of a name; of a link, its own and not its target's."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def names(self) -> list[str]:
        """What is in it."""
        return os.listdir(self.path if self.descriptor is None else self.descriptor)  # noqa: PTH208 by descriptor

    def forget(self, name: str) -> None:
        """Delete a name; one that is already gone was renamed to its target."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.descriptor)

    def discard(self, name: str, descriptor: int) -> None:
        """Delete the name of a file and close it, unless it is closed (-1)."""
        try:
            if not system.VANISHING:
                self.forget(name)
        finally:
            if descriptor >= 0:
                os.close(descriptor)
        if system.VANISHING:
            # Another run may have it open by now, to do the same.
            with suppress(PermissionError):
                self.forget(name)

    def close_to_others(self, name: str) -> None:
        """Let nobody but its owner use a file; on Windows that is a matter of the folder that it lies in."""
        if hasattr(os, "geteuid") and self.status(name).st_mode & 0o177:
            os.chmod(self._at(name), 0o600, dir_fd=self.descriptor)

    @contextmanager
    def _plain(self, name: str) -> Iterator[Pile | None]:
        """A plain file to read, None for all else. A link is not followed, a pipe not waited for."""
        try:
            descriptor = self.open(name, system.READ)
        except OSError as error:
            if error.errno not in NOT_A_FILE:
                raise
            yield None
            return
        with Pile(descriptor) as file:
            status = os.fstat(descriptor)
            file.size = status.st_size
            yield file if stat.S_ISREG(status.st_mode) else None

    def find(self, name: str, most: int | None = None) -> Found:
        """What has the name, with at most so many of its bytes."""
        try:
            with self._plain(name) as file:
                if file is None:
                    return Found(exists=True)
                return Found(exists=True, content=file.read(0, file.size if most is None else min(most, file.size)))
        except FileNotFoundError:
            return Found(exists=False)

    def pieces(self, name: str) -> Iterator[bytes]:
        """What a plain file of this name holds, a piece at a time; nothing where there is none."""
        with suppress(FileNotFoundError), self._plain(name) as file:
            if file is not None:
                yield from file.pieces()

    def changed_at(self, name: str) -> int:
        """When what has this name was last written, in nanoseconds; 0 where nothing has."""
        try:
            return self.status(name).st_mtime_ns
        except FileNotFoundError:
            return 0

    def compared(self, name: str, pieces: Iterable[bytes]) -> Status:
        """What becomes of an output whose name may be taken. Both may be larger than the memory.

        Unchanged where a plain file holds just these bytes; to be written where it is what a power cut left of them.
        """
        with suppress(FileNotFoundError), self._plain(name) as file:
            if file is None:
                return Status.CONFLICT
            size, cut = 0, False
            for piece in pieces:
                found = file.read(size, max(0, min(len(piece), file.size - size)))
                expected = bytes(len(found)) if cut else piece[: len(found)]
                if not could_be(found, expected):
                    return Status.CONFLICT
                cut = cut or found != expected
                size += len(piece)
            if file.size <= size:
                return Status.WRITTEN if cut or file.size < size else Status.UNCHANGED
        return Status.CONFLICT

    def put(self, name: str, content: bytes) -> Status:
        """Give the content its name. What is there already is compared, and stays unless it is torn."""
        with self.temporary(name) as pile:
            pile.write(content)
            system.settle(pile.descriptor)
            return self.publish(pile, name)

    def publish(self, pile: Pile, name: str) -> Status:
        """Link a finished file to its name. What is there already is compared, and stays unless it is torn."""
        try:
            self._link(pile, name)
        except FileExistsError:
            status = self.compared(name, pile.pieces())
            if status is not Status.WRITTEN:
                return status
            self.take_over(pile, name)
        self.changed = True
        return Status.WRITTEN

    def _link(self, pile: Pile, name: str) -> None:
        """One atomic step. Without hard links, an empty file takes the name first, so that no other is lost."""
        try:
            old, new = self._at(pile.name), self._at(name)
            os.link(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except OSError as error:
            if error.errno not in WITHOUT_LINKS:
                raise
            empty = self.open(name, system.NEW)
            try:
                os.close(empty)
                self.take_over(pile, name)
            except BaseException:
                self.forget(name)
                raise

    def take_over(self, pile: Pile, name: str) -> None:
        """Replace a file that is known to be ours with a finished one."""
        if system.VANISHING:
            # Windows renames no open file.
            pile.close()
        old, new = self._at(pile.name), self._at(name)
        os.replace(old, new, src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        self.changed = True

    def replace(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a new version of our own file, in one step."""
        with self.temporary(name) as pile:
            for piece in pieces:
                pile.write(piece)
            system.settle(pile.descriptor)
            self.take_over(pile, name)

    def remove(self, name: str) -> None:
        """Delete a list from an earlier run that is out of date."""
        self.forget(name)
        self.changed = True

    def temporary(self, name: str) -> Pile:
        """A new private file beside the target, locked while it is used; as a context it is gone afterwards.

        Raises Locked where another run has one for the same target.
        """
        name = TEMPORARY + name
        while True:
            try:
                descriptor = self.open(name, system.NEW)
            except FileExistsError:
                with suppress(FileNotFoundError):  # the other run has just ended
                    if system.is_ours(self.status(name)):
                        raise _locked(self.path) from None
                    raise
                continue
            # Known before it is locked: a sweep of ours would take the lock for another's.
            self.held[name] = descriptor
            # Somebody who sweeps may have deleted it before it was locked.
            if system.lock(descriptor) and os.fstat(descriptor).st_nlink:
                return Pile(descriptor, name, self)
            os.close(self.held.pop(name))

    @contextmanager
    def lent(self, pile: Pile) -> Iterator[Path]:
        """Within it, an engine may write a temporary file by its path. Windows lets none write one that is open."""
        if system.VANISHING:
            self.held[pile.name] = -1
            pile.close()
        yield self.path.absolute() / pile.name
        if system.VANISHING:
            pile.descriptor = self.held[pile.name] = self.open(pile.name, os.O_RDWR | system.OPEN)
        pile.size = os.fstat(pile.descriptor).st_size

    def pile(self, name: str) -> Pile:
        """A new private file without a name, so that nothing of it is left however the run ends."""
        pile = Pile(self.open(TEMPORARY + name, system.NEW | system.VANISHING))
        try:
            if not system.VANISHING:
                self.forget(TEMPORARY + name)
        except BaseException:
            pile.close()
            raise
        return pile

    def sweep(self) -> None:
        """Delete the temporary files that a crashed run left: plain files of ours that nobody has locked."""
        for name in self.names():
            with suppress(FileNotFoundError):  # the run that had it has just ended
                if name.startswith(TEMPORARY) and system.is_ours(self.status(name)):
                    descriptor = self.open(name, system.READ)
                    if system.lock(descriptor):
                        self.discard(name, descriptor)
                    else:
                        os.close(descriptor)

    def confirm(self) -> None:
        """Wait until the disk has what was written, where the system can be asked that once for all files."""
        if self.changed and hasattr(os, "sync"):
            os.sync()


def could_be(found: bytes | None, expected: bytes) -> bool:
    """Whether a file is the expected one or what a power cut left of it: its beginning, perhaps filled up with NULs."""
    return found is not None and len(found) <= len(expected) and expected.startswith(found.rstrip(b"\0"))


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
    try:
        path.mkdir(mode=0o700)
        made = True
    except FileExistsError:
        made = False
    with closing(Folder(path)) as folder, Pile(folder.open(LOCK, system.HELD)) as lock:
        _hold(lock.descriptor, path)
        try:
            with _swept(folder):
                yield folder
        finally:
            # What goes wrong with an empty folder changes nothing.
            with suppress(OSError):
                if made and folder.names() == [LOCK]:
                    if system.VANISHING:
                        lock.close()
                    folder.forget(LOCK)
                    path.rmdir()


def _hold(lock: int, path: Path) -> None:
    """Lock the file until it is closed. One that lost its name belongs to a run that is just ending."""
    if not system.lock(lock):
        raise _locked(path)
    status = os.fstat(lock)
    if status.st_nlink == 0:
        raise Locked(f"{path}: another run has just finished here; try again")
    if not system.is_ours(status) or status.st_nlink > 1 or os.read(lock, 2) not in OUR_LOCKS:
        raise OutputRefused(f"{path / LOCK}: is not a lock file of calaim; move it away", code="exists")


def _locked(path: Path) -> Locked:
    return Locked(f"{path}: another run is working here; wait until it is finished")


@contextmanager
def _swept(folder: Folder) -> Iterator[None]:
    """Within it, the folder is without what killed runs left; and without what this one does where it is stopped."""
    folder.sweep()
    try:
        yield
    except BaseException:
        # A signal may come before a file is anybody's, or before it is forgotten.
        while folder.held:
            with suppress(OSError):
                folder.discard(*folder.held.popitem())
        with suppress(OSError):
            folder.sweep()
        raise


@contextmanager
def beside(path: Path) -> Iterator[Folder]:
    """The folder that a file is to be written to, swept of what killed runs left there."""
    with closing(Folder(path.parent)) as folder, _swept(folder):
        yield folder


def save(path: Path, content: bytes, *, replace: bool = False, known: bytes | None = None, hint: str = "") -> Status:
    """Write a file of mode 0600 in one step. The same bytes already there are left alone, but for a mode too wide.

    Raises OutputRefused when something else is there than is `known` of it (unless `replace`), or the place is absent
    or cannot be written; `hint` is what else to do then.
    """
    name = path.name
    with worded(path), beside(path) as folder:
        found = folder.find(name)
        if found.exists and found.content is None:
            raise OutputRefused(f"{path}: is not a plain file; choose another name", code="not-a-file")
        if found.content == content:
            folder.close_to_others(name)
            return Status.UNCHANGED
        if known is not None and found.content not in {None, known}:
            words = f"{path}: has changed since it was read, so it was left alone; choose another name"
            raise OutputRefused(words, code="changed")
        with folder.temporary(name) as pile:
            pile.write(content)
            # A rename may reach the disk before the bytes do: without this a power cut could leave an empty case.
            os.fsync(pile.descriptor)
            if replace or known is not None:
                folder.take_over(pile, name)
            elif folder.publish(pile, name) is Status.CONFLICT:
                raise OutputRefused(f"{path}: exists and differs; choose another name{hint}", code="exists")
    return Status.WRITTEN


def doubts_about(folders: Iterable[Path]) -> Iterator[Problem]:
    """Warnings about places for drafts or cases that others may read. What cannot be found out is left out."""
    known = {"open-folder": system.is_open_to_others, "git-work-tree": system.is_in_work_tree}
    known["synced-folder"] = system.is_synced
    for folder, (code, holds) in product(folders, known.items()):
        with suppress(OSError, RuntimeError):  # such as no permission, or links in a circle
            if holds(folder):
                yield caution(code, str(folder))
