"""The ledger: a SQLite file of what drafts asked for and what came of it, never for whom. It alone imports `sqlite3`.

Every change is one transaction under SQLite's own rollback journal, so that a run killed anywhere leaves all of it or
nothing. A draft is written before its row: what a kill left out, a rerun adds.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from calaim_cli.base import files, system
from calaim_cli.base.errors import CalaimError, InputError, Locked, NotFound, OutputRefused, Problem, caution
from calaim_cli.decide.follow_up import Step, Story
from calaim_cli.policy.follow_up import REFERENCE_LENGTH, REFERENCE_SIGNS

VERSION: Final = 2
# In the head of each ledger, so that no other database is taken for one: "CALM" (sqlite.org/fileformat, offset 68).
OURS: Final = 0x43414C4D
PATIENCE: Final = 4.0  # seconds that another run is waited for
SHAPE: Final = f"""
CREATE TABLE referral (
    reference TEXT PRIMARY KEY, label TEXT NOT NULL, plan TEXT NOT NULL, program TEXT NOT NULL, services TEXT NOT NULL,
    route TEXT NOT NULL, expedited INTEGER NOT NULL, steps TEXT NOT NULL, renewal TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
PRAGMA application_id = {OURS};
PRAGMA user_version = {VERSION}"""
SELECT: Final = "SELECT * FROM referral"
# Version 1 had no month of renewal.
SELECT_BEFORE: Final = "SELECT *, '' FROM referral"
UPGRADE: Final = f"ALTER TABLE referral ADD COLUMN renewal TEXT NOT NULL DEFAULT ''; PRAGMA user_version = {VERSION}"
# A case may say the month later than its draft; one for another plan is none of its own.
ADD: Final = """
INSERT INTO referral VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (reference) DO UPDATE SET renewal = excluded.renewal
WHERE excluded.renewal NOT IN ('', renewal) AND (plan, program) = (excluded.plan, excluded.program)"""
READ_ONLY: Final = ("not-writable", "cannot be opened or written: is it read-only?")
UNWRITABLE: Final = {
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: READ_ONLY,
    sqlite3.SQLITE_FULL: ("no-space", "cannot be written: no space left"),
    sqlite3.SQLITE_IOERR: ("not-writable", "cannot be read or written: the disk has a problem"),
}


def doubts_about(path: Path) -> Iterator[Problem]:
    """What to know of a place for a ledger: one that begins there, and a folder that others may reach."""
    if not _is_there(path):
        yield caution("ledger-begins", str(path))
    folder = path.parent
    yield from (one for one in files.doubts_about([folder]) if one.code != "synced-folder")
    if system.is_on_network(folder):
        yield caution("ledger-place", str(folder), what="a network drive")
    if system.is_synced(folder):
        yield caution("ledger-place", str(folder), what="a folder that syncs to a cloud")


def references(path: Path) -> set[str]:
    """The references in the ledger; none where it has not begun. Raises as every use of it does."""
    if not _is_there(path):
        if not path.absolute().parent.is_dir():
            words = f"{path}: folder {path.parent} does not exist; create it first"
            raise OutputRefused(words, code="no-folder")
        return set()
    with _opened(path) as (ledger, version):
        return {reference for (reference,) in ledger.execute("SELECT reference FROM referral")} if version else set()


def drawer(path: Path) -> Callable[[], str]:
    """A function that draws references, each new in the ledger and in this run."""
    import secrets  # takes longer to load than a list to show

    taken = references(path)

    def draw() -> str:
        while True:
            found = "".join(secrets.choice(REFERENCE_SIGNS) for _ in range(REFERENCE_LENGTH))
            # All digits would look like a number of the member's, all letters like a word.
            if found not in taken and not found.isdigit() and not found.isalpha():
                taken.add(found)
                return found

    return draw


def stories(path: Path, wanted: Sequence[str] = ()) -> list[Story]:
    """The stories in the ledger, by reference; of those `wanted` each, or NotFound with the first that lacks."""
    with _opened(path) as (ledger, version):
        return _read(ledger, version, path, wanted)


def _read(ledger: sqlite3.Connection, version: int, path: Path, wanted: Sequence[str]) -> list[Story]:
    if not version:
        raise _no_ledger(path)
    select = SELECT if version == VERSION else SELECT_BEFORE
    if not wanted:
        return _stories(ledger.execute(f"{select} ORDER BY reference"), path)
    found: list[Story] = []
    for reference in dict.fromkeys(wanted):
        if not (story := _stories(ledger.execute(f"{select} WHERE reference = ?", (reference,)), path)):
            raise NotFound(f"{reference}: no such reference in {path}; 'calaim referrals --all' lists them")
        found += story
    return found


def _stories(rows: Iterable[tuple[Any, ...]], path: Path) -> list[Story]:
    try:
        return [
            Story(one, label, plan, program, tuple(asked.split()), route, fast != 0, _steps(steps), _day(month, "-01"))
            for one, label, plan, program, asked, route, fast, steps, month in rows
        ]
    except (AttributeError, TypeError, ValueError):
        raise _not_ours(path) from None


@lru_cache(4096)  # the same steps come again and again in a long list
def _steps(lines: str) -> tuple[Step, ...]:
    """The steps of these lines: status, day, reason and last day, separated by blanks."""
    found = (line.split(" ") for line in lines.split("\n"))
    return tuple([Step(status, date.fromisoformat(day), reason, _day(until)) for status, day, reason, until in found])


def _day(text: str, end: str = "") -> date | None:
    """The day of a text, of a month with its `end`; None where there is no text."""
    return date.fromisoformat(f"{text}{end}") if text else None


def _lines(steps: Iterable[Step]) -> str:
    said = ((one.status, one.day.isoformat(), one.reason, one.until.isoformat() if one.until else "") for one in steps)
    return "\n".join(map(" ".join, said))


def add(path: Path, new: Iterable[Story]) -> int:
    """How many of the stories, or their months of renewal, are new; a missing file is made, for its owner alone."""
    rows = [
        (*one[:4], " ".join(one.services), one.route, int(one.expedited), _lines(one.steps), one.renewal_month)
        for one in new
    ]
    with _opened(path, make=True) as (ledger, _):
        before = ledger.total_changes
        ledger.executemany(ADD, rows)
        return ledger.total_changes - before


def change(path: Path, wanted: Sequence[str], decide: Callable[[Story], Step | None]) -> list[Story]:
    """The stories after a step of each, or after the last one was taken back where `decide` gives None.

    A story that has only begun goes as a whole then. What `decide` raises leaves all of them as they were.
    """
    changed: list[Story] = []
    with _opened(path, write=True) as (ledger, version):
        for story in _read(ledger, version, path, wanted):
            step = decide(story)
            steps = (*story.steps, step) if step else story.steps[:-1]
            if steps:
                where = (_lines(steps), story.reference)
                ledger.execute("UPDATE referral SET steps = ? WHERE reference = ?", where)
                changed.append(story._replace(steps=steps))
            else:
                ledger.execute("DELETE FROM referral WHERE reference = ?", (story.reference,))
    return changed


@contextmanager
def _opened(path: Path, *, write: bool = False, make: bool = False) -> Iterator[tuple[sqlite3.Connection, int]]:
    """The ledger and its version, 0 where it is empty, for one transaction that ends with the block.

    Raises InputError where it is not there and not to be made. What goes wrong is told by the path.
    """
    try:
        if not _is_there(path):
            if not make:
                raise _no_ledger(path)
            # SQLite would make it for others to read, too. It takes an empty file for a database; another run's stays.
            with _folder_of(path) as folder, suppress(FileExistsError):
                os.close(folder.open(path.name, system.NEW))
        address = f"{path.absolute().as_uri()}?mode=rw"
        with closing(sqlite3.connect(address, timeout=PATIENCE, isolation_level=None, uri=True)) as ledger:
            ledger.execute("BEGIN IMMEDIATE" if write or make else "BEGIN")
            version = _version(ledger, path)
            if make:
                with _folder_of(path) as folder:
                    folder.close_to_others(path.name)
            script = SHAPE if make and not version else UPGRADE if (make or write) and 0 < version < VERSION else ""
            for statement in filter(None, script.split(";")):
                ledger.execute(statement)
            yield ledger, VERSION if script else version
            ledger.execute("COMMIT")
    except sqlite3.Error as error:
        raise _worded(error, path) from None


@contextmanager
def _folder_of(path: Path) -> Iterator[files.Folder]:
    with files.worded(path), closing(files.Folder(path.parent)) as folder:
        yield folder


def _is_there(path: Path) -> bool:
    """Whether a file is there that may be a ledger; nothing is done to one that may not, which is OutputRefused."""
    wrong = ""
    try:
        status = path.stat()
    except OSError:
        if not os.path.lexists(path):
            return False
        wrong = "is a link to a file that does not exist"
    else:
        if not stat.S_ISREG(status.st_mode):
            wrong = "is not a file"
        elif not status.st_size and not system.is_ours(status):
            wrong = "is an empty file that calaim did not make"
    if wrong:
        raise OutputRefused(f"{path}: {wrong}: give another --log", code="not-a-file")
    return True


def _version(ledger: sqlite3.Connection, path: Path) -> int:
    """Its version, 0 of an empty file, which a run leaves that was killed at its very first row.

    Raises InputError where this is another program's database, or of a newer version of this one.
    """
    if not ledger.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        return 0
    (ours,), (version,) = (ledger.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version"))
    if ours != OURS or version < 1:
        raise _not_ours(path)
    if version > VERSION:
        words = "was written by a newer version of calaim: update calaim; nothing was changed"
        raise InputError(f"{path}: {words}", code="newer-ledger")
    return int(version)


def _no_ledger(path: Path) -> InputError:
    words = "there is no ledger yet: 'calaim refer CASE --out FILE --log LEDGER' starts one"
    return InputError(f"{path}: {words}", code="no-ledger")


def _not_ours(path: Path) -> InputError:
    return InputError(f"{path}: is not a calaim ledger, or is damaged: give another --log", code="not-a-ledger")


def _worded(error: sqlite3.Error, path: Path) -> CalaimError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of an extended code tells more than anybody needs
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Locked(f"{path}: another run is writing here; wait until it is finished, then run this again")
    if code not in UNWRITABLE:
        return _not_ours(path)
    kind, words = UNWRITABLE[code]
    return OutputRefused(f"{path}: {words}", code=kind)
