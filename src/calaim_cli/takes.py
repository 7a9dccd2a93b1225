"""Floor 8: one part of a sheet, row by row: first every row is drafted or refused, then what is good is published."""

from __future__ import annotations

import marshal
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple
from zlib import crc32

from msgspec import Struct

from calaim_cli import archive, spreadsheet
from calaim_cli.body import us_date
from calaim_cli.case import Profile
from calaim_cli.draft import Drafter, numbers_of, request_of
from calaim_cli.errors import InputError, NotFound, Problem
from calaim_cli.folder import PIECE, Folder, Pile, Status, read_exactly
from calaim_cli.message import eml
from calaim_cli.policy import Policy
from calaim_cli.rowcase import case_reader, told, words
from calaim_cli.spreadsheet import Part, Row, Sheet

MOST_LISTED: Final = 1000
WRITTEN: Final = Status.WRITTEN
PLAIN_LINES: Final = {status: b"%d,%d," + status.value.encode() + b",,,%b\r\n" for status in Status}
"""A line of the report with nothing to say beyond the status, for number, line and file."""
STEP: Final = 256
LENGTH: Final = 8
US_DATE: Final = re.compile(rb"([0-9]{2})/([0-9]{2})/([0-9]{4})")
EXISTS: Final = "another file of this name is there: it was left alone"

REPORTED: Final = frozenset(
    {"cin-letter", "mrn-length", "zip-state", "zip-county", "county-from-zip"}
    | {"text-ssn", "text-diagnosis", "part2-not-stated", "age-differs"}
)
"""Warnings that a report may show: they rest on how a cell is written, not on what the member has."""


class Drafted(Struct, frozen=True):
    """The draft of a row: bytes, program, whom and what it is about, and warnings."""

    content: bytes
    program: str
    numbers: tuple[str, ...]
    request: str
    warnings: tuple[Problem, ...]


class Refused(Struct, frozen=True):
    """Why a row gets no draft, each problem with its column."""

    problems: tuple[Problem, ...]


class RowDrafter:
    """Turns the cells of a row into a draft or a refusal, for one header, one profile and one day."""

    def __init__(self, columns: Sequence[str], profile: Profile, policy: Policy, as_of: date) -> None:
        self._read, self._drafter = case_reader(columns, policy), Drafter(policy, profile, as_of)

    def draft(self, cells: Sequence[str]) -> Drafted | Refused:
        """The draft of a row, or every reason why there is none."""
        case, unread = self._read(cells)
        try:
            drafted = self._drafter.draft(case, unread)
        except (InputError, NotFound) as error:
            found = error.problems or (Problem("", error.code, error.message),)
            return Refused(tuple(dict.fromkeys(map(told, found))))
        referral = drafted.case.referral
        warnings = sorted({told(one) for one in drafted.warnings if one.code in REPORTED})
        numbers, request = numbers_of(drafted.case.member), request_of(referral)
        return Drafted(eml(drafted.draft), referral.program, numbers, request, tuple(warnings))


Drafters = Callable[[date], RowDrafter]
Progress = Callable[[int], None]


class Kind(StrEnum):
    """Where the drafts go: files in a folder, or one file."""

    FOLDER = ""
    ZIP = ".zip"
    MBOX = ".mbox"


FOLDER, ZIP = Kind.FOLDER, Kind.ZIP


class Order(Struct, frozen=True, kw_only=True):
    """What was asked for; a dry run needs no `out`.

    `jobs` 0: as many as there are cores, where it is worth it. `limit` 0: all rows.
    """

    source: str
    out: Path = Path()
    keep_going: bool = False
    dry_run: bool = False
    encoding: str | None = None
    limit: int = 0
    jobs: int = 0

    @property
    def kind(self) -> Kind:
        """Told by the ending of the output's name."""
        suffix = self.out.suffix.lower()
        return Kind(suffix) if suffix in {Kind.ZIP, Kind.MBOX} else Kind.FOLDER


class Piles(NamedTuple):
    """Where a take puts things: drafts that wait (or the one file of drafts), its notes, report lines, refused rows."""

    drafts: Pile
    notes: Pile
    report: Pile
    rejects: Pile


class Kept(NamedTuple):
    """What goes to the pile of the same name some hundreds of rows at a time."""

    drafts: list[bytes]
    notes: list[bytes]
    report: list[bytes]
    rejects: list[bytes]


class Seen:
    """Which requests came earlier in the file: a 64-bit fingerprint for each number of a member, and its row.

    A table of plain numbers: a set of Python's own would take four times the memory for a million rows.
    """

    def __init__(self, salt: int, expected: int = 0) -> None:
        self.salt = salt
        self._spread(1 << max(10, (3 * expected).bit_length()))

    def _spread(self, slots: int) -> None:
        self._prints, self._rows = array("q", bytes(8 * slots)), array("I", bytes(4 * slots))
        self._room = 2 * slots // 3

    def prints(self) -> array[int]:
        """All fingerprints."""
        return array("q", filter(None, self._prints))

    def of(self, drafted: Drafted) -> list[int]:
        """The fingerprints of a request, one for each number of the member."""
        return [hash((self.salt, number, drafted.request)) or 1 for number in drafted.numbers]

    def earlier(self, fingerprints: Iterable[int], row: int) -> int:
        """The row that had one of these; 0 if there was none. Those that are new are kept in mind."""
        prints, rows, mask, earlier = self._prints, self._rows, len(self._prints) - 1, 0
        for wanted in fingerprints:
            slot = wanted & mask
            while (found := prints[slot]) != wanted and found:
                slot = (slot + 1) & mask
            if found:
                earlier = rows[slot]
            else:
                prints[slot], rows[slot] = wanted, row
                self._room -= 1
                if not self._room:
                    self._grow()
                    prints, rows, mask = self._prints, self._rows, len(self._prints) - 1
        return earlier

    def _grow(self) -> None:
        before = zip(self._prints, self._rows, strict=True)
        self._spread(2 * len(self._prints))
        for fingerprint, row in before:
            if fingerprint:
                self.earlier((fingerprint,), row)


class Counts(Struct):
    """How many rows met which fate."""

    rows: int = 0
    written: int = 0
    unchanged: int = 0
    refused: int = 0
    conflict: int = 0

    def count(self, status: Status) -> None:
        """One more row with this fate."""
        setattr(self, status.value, getattr(self, status.value) + 1)


class Take:
    """What one part of the sheet comes to. `piles` is None for a trial that keeps nothing."""

    def __init__(
        self, order: Order, sheet: Sheet, part: Part, drafters: Drafters, as_of: date, expected: int, salt: int = 0
    ) -> None:
        self.order, self.sheet, self.part, self.kind = order, sheet, part, order.kind
        self.drafters, self.as_of, self.drafter = drafters, as_of, drafters(as_of)
        self.seen = Seen(salt, expected)
        self.rows = self.refused = self.waiting = 0
        self.problems: list[Problem] = []
        self.suspects: dict[int, int] = {}
        self._log: list[tuple[int, int, str, str, str, str, bytes]] = []
        self._kept, self._weight = Kept([], [], [], []), 0

    def read(self, width: int, piles: Piles | None, place: Folder | None, progress: Progress) -> None:
        """Draft every row and keep what comes of it. `place` is a folder that may hold files of an earlier run."""
        reject, named = spreadsheet.reject_writer(self.sheet), f"%0{width}d-%s.eml"
        several = islice(spreadsheet.rows(self.sheet, self.part), self.order.limit or None)
        for self.rows, row in enumerate(several, 1):
            if self.rows % STEP == 0:
                progress(self.rows)
                self._put_away(piles)
            drafted = self._drafted(row)
            if isinstance(drafted, Refused):
                self._refuse(row, drafted)
                if piles is not None:
                    self._keep_refused(row, drafted, reject)
                    if self._weight >= PIECE:  # a row that is refused may be of any size
                        self._put_away(piles)
            elif piles is not None:
                self._keep(row, drafted, named % (row.number, drafted.program), place)
        self._put_away(piles)
        progress(self.rows)

    def _put_away(self, piles: Piles | None) -> None:
        """Write what has been kept. What is to become files is packed: a length, and so many bytes."""
        self._weight = 0
        if piles is None:
            return
        if self._log:
            packed = marshal.dumps(self._log)
            self._kept.drafts.extend((len(packed).to_bytes(LENGTH, "little"), packed))
            self._log.clear()
        for pile, pieces in zip(piles, self._kept, strict=True):
            if pieces:
                pile.add(*pieces)
                pieces.clear()

    def _drafted(self, row: Row) -> Drafted | Refused:
        """The row's draft, unless something is wrong with it or the same was asked for before."""
        if row.problem:
            return Refused((row.problem,))
        drafted = self.drafter.draft(row.cells)
        if isinstance(drafted, Refused):
            return drafted
        earlier = self.seen.earlier(self.seen.of(drafted), row.number)
        if not earlier:
            return drafted
        self.suspects[row.number] = earlier
        return Refused((Problem("", "duplicate", f"the same member and request as in row {earlier}"),))

    def _refuse(self, row: Row, refused: Refused) -> None:
        self.refused += 1
        for problem in refused.problems if len(self.problems) < MOST_LISTED else ():
            column = f", column {problem.where}" if problem.where else ""
            where = f"line {row.line} (row {row.number}){column}"
            self.problems.append(Problem(where, problem.code, problem.message))

    def _keep_refused(self, row: Row, refused: Refused, reject: Callable[[list[str], str], bytes]) -> None:
        """Keep a refused row as it came, with the reason."""
        codes, text = words(refused.problems)
        rejected = reject(row.cells, f"{codes}: {text}")
        self._weight += len(rejected)
        self._kept.rejects.append(rejected)
        if self.kind is FOLDER:
            self._log.append((row.number, row.line, Status.REFUSED.value, codes, text, "", b""))
        else:
            self._kept.report.append(report_line(row.number, row.line, Status.REFUSED, codes, text, ""))

    def _keep(self, row: Row, drafted: Drafted, name: str, place: Folder | None) -> None:
        """Keep a draft until every row has been read, or for the one file of drafts."""
        content, kept = drafted.content, self._kept
        codes, text = words(drafted.warnings) if drafted.warnings else ("", "")
        if self.kind is FOLDER:
            status = self._standing(row, name, content, place) if place else WRITTEN
            waits = status is WRITTEN
            self.waiting += waits
            self._log.append((row.number, row.line, status.value, codes, text, name, content if waits else b""))
            return
        kept.report.append(report_line(row.number, row.line, WRITTEN, codes, text, name))
        if self.kind is ZIP:
            checksum, entry = crc32(content), name.encode()
            kept.drafts.extend((archive.zip_head(entry, len(content), checksum), content))
            kept.notes.append(archive.NOTE.pack(checksum, len(content), entry))
        else:
            kept.drafts.append(archive.mail(content))

    def _standing(self, row: Row, name: str, content: bytes, place: Folder) -> Status:
        """What has to be done for a draft, by what stands under its name."""
        found = place.find(name)
        if not found.exists or place.is_torn(found.content, content):
            return Status.WRITTEN
        if found.content == content or (found.content and self._same_of_another_day(row, content, found.content)):
            return Status.UNCHANGED
        return Status.CONFLICT

    def _same_of_another_day(self, row: Row, content: bytes, found: bytes) -> bool:
        """Whether the file is what a run on the day that it carries would have given."""
        day = carried_day(content, found, self.as_of)
        if day is None:
            return False
        drafted = self.drafters(day).draft(row.cells)
        return isinstance(drafted, Drafted) and drafted.content == found

    def publish(self, piles: Piles, place: Folder, counts: Counts, progress: Progress) -> None:
        """Give every draft that waits its name, and write the lines of the report."""
        for number, line, planned, *said, name, content in _logged(piles.drafts):
            if number % STEP == 0:
                progress(number)
                self._put_away(piles)
            status = Status(planned)
            if status is Status.WRITTEN:
                status = place.put(name, content)
            counts.count(status)
            codes, text = ("exists", EXISTS) if status is Status.CONFLICT else said
            self._kept.report.append(report_line(number, line, status, codes, text, name))
        self._put_away(piles)


def _logged(pile: Pile) -> Iterator[tuple[Any, ...]]:
    at = 0
    while at < pile.size:
        length = int.from_bytes(read_exactly(pile.descriptor, LENGTH, at), "little")
        at += LENGTH + length
        yield from marshal.loads(read_exactly(pile.descriptor, length, at - length))  # noqa: S302 from our own run


def carried_day(content: bytes, found: bytes, as_of: date) -> date | None:
    """The day that a file carries where the expected one carries `as_of`; None where it is the same or none."""
    at = content.find(us_date(as_of).encode())
    day = US_DATE.fullmatch(found[at : at + 10]) if at >= 0 else None
    try:
        other = date(int(day[3]), int(day[1]), int(day[2])) if day else None
    except ValueError:
        return None
    return None if other == as_of else other


def report_line(number: int, line: int, status: Status, codes: str, text: str, name: str) -> bytes:
    """One line of the report."""
    if codes or text:
        return spreadsheet.record((number, line, status.value, codes, text, name)).encode()
    return PLAIN_LINES[status] % (number, line, name.encode())
