"""Floor 9: the story of `batch`: every row is checked and drafted first, then all drafts are published, or none.

Drafts wait in a private file without a name until every row has been read. What is published depends on nothing but
the input, the data and the day, so running again is the way to go on after whatever stopped a run.
"""

from __future__ import annotations

import io
import os
import re
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from functools import cache, partial
from itertools import accumulate, chain
from pathlib import Path
from stat import S_ISFIFO, S_ISREG
from typing import Any, BinaryIO, Final

from msgspec import Struct, field
from msgspec.structs import asdict

from calaim_cli import archive, folder, spreadsheet, system
from calaim_cli.case import Profile
from calaim_cli.errors import InputError, OutputRefused, Problem
from calaim_cli.folder import Folder, Pile, Status
from calaim_cli.policy import Policy as Catalog
from calaim_cli.rowcase import known_headers, lacking
from calaim_cli.spreadsheet import Part, Sheet, Snapshot
from calaim_cli.takes import (
    MOST_LISTED,
    Counts,
    Drafted,
    Drafters,
    Kind,
    Order,
    Piles,
    Progress,
    RowDrafter,
    Seen,
    Take,
    carried_day,
)
from calaim_cli.wording import counted
from calaim_cli.workers import Talk, Worker, cores

IN_MEMORY: Final = 1024 * 1024
MANY_FILES, MANY_ROWS = 5_000, 20_000
"""From here on a second worker is worth its start: for rows into files of a folder, and for rows into one file."""
NARROWEST: Final = 4
SHORTEST_ROW: Final = 64
"""In bytes, about: one that names member and request; a file of shorter ones holds fewer drafts than lines."""
TAIL: Final = 65_536
LAST_ROW: Final = re.compile(rb"(?:\A|\n)([0-9]{1,9}),[0-9]+,[a-z]+,[^\n]*\n\Z")
"""The number in the last line of a report, if that line is whole."""
BROKEN: Final = frozenset({"quotes", "cell-length"})
LEFT_OUT: Final = 3
"""Exit code when some rows were drafted and others refused."""
NOTES: Final = archive.NOTE.size * 16_384
HEAD: Final = 16_384
REPORT, REJECTS = "report.csv", "rejects.csv"


class Policy(Struct, frozen=True):
    """What every row is drafted by."""

    profile: Profile
    catalog: Catalog
    as_of: date


class Tally(Counts):
    """How far a run has come. `expected` rows are probably in the file; `watch` hears of every few rows read."""

    expected: int = 0
    watch: Progress = field(default=lambda _: None)

    @property
    def exit_code(self) -> int:
        """0, or that of a conflict, else that of a run that left rows out."""
        return OutputRefused.exit_code if self.conflict else LEFT_OUT if self.refused else 0

    def text(self, *, dry: bool = False) -> str:
        """The summary, in one line."""
        fates = f"{self.written} written, {self.unchanged} unchanged, {self.refused} refused"
        told = f"{fates}, {counted(self.conflict, 'conflict')}."
        if dry:
            drafted = self.rows - self.refused
            told = f"{drafted} would be drafted, {self.refused} refused. Dry run: nothing was written."
        return f"{counted(self.rows, 'row')}: {told} Nothing has been sent."


def document(order: Order, tally: Tally) -> dict[str, Any]:
    """The summary as `calaim.batch/1`."""
    return {
        "schema": "calaim.batch/1",
        "rows": tally.rows,
        "written": tally.written,
        "unchanged": tally.unchanged,
        "refused": tally.refused,
        "conflict": tally.conflict,
        "out": None if order.out == Path() else str(order.out),
        "dry_run": order.dry_run,
    }


def doubts_about(order: Order) -> Iterator[Problem]:
    """Warnings about the place where drafts are to go: others may read it."""
    if order.dry_run:
        return
    place = order.out if order.kind is Kind.FOLDER else order.out.parent
    if order.kind is Kind.FOLDER and place.is_dir() and system.is_open_to_others(place):
        words = "others may look into this folder: its files are for you alone all the same"
        yield Problem(str(place), "open-folder", words)
    if any((parent / ".git").exists() for parent in (place, *place.absolute().parents)):
        yield Problem(str(place), "git-work-tree", "this is inside a git work tree: do not commit drafts")


def left_to_do(order: Order, tally: Tally) -> Iterator[Problem]:
    """What a person has to do after a run that could not do all of it."""
    if order.dry_run:
        return
    report, rejects = (str(_list_of(order, name)) for name in (REPORT, REJECTS))
    if tally.conflict and order.kind is Kind.FOLDER:
        words = f"{report} names the files that were there with other content and were left alone"
        yield Problem(str(order.out), "conflict", f"{words}: take them away, or write to a new place")
    elif tally.conflict:
        words = "another file of this name is there and was left alone: take it away, or choose another name"
        yield Problem(str(order.out), "conflict", words)
    elif tally.refused:
        yield Problem(rejects, "refused", "holds the refused rows: mend them, and run them into a new place")


class _Surprise(Exception):
    """The file is not what it was taken for: begin again with what is known now."""

    def __init__(self, rows: int, salt: int, as_of: date) -> None:
        super().__init__()
        self.rows, self.salt, self.as_of = rows, salt, as_of


def run(order: Order, policy: Policy, tally: Tally) -> None:
    """Do what was asked for; `tally` tells what became of it.

    Raises InputError when the file or, without `keep_going`, a row is not in order: then nothing was written.
    """
    if order.dry_run:
        _dry_run(order, policy, tally)
        return
    with folder.told(order.out), _target(order) as (place, whole):
        sheet = _sheet(order, policy, place)
        _Run(order, policy, tally, place, whole, sheet).work()


def _target(order: Order) -> AbstractContextManager[tuple[Folder, Pile | None]]:
    return _folder_alone(order.out) if order.kind is Kind.FOLDER else folder.beside(order.out)


@contextmanager
def _folder_alone(path: Path) -> Iterator[tuple[Folder, Pile | None]]:
    with folder.opened(path) as place:
        yield place, None


def _sheet(order: Order, policy: Policy, place: Folder | None) -> Sheet:
    """The input, kept and its header understood."""
    with _source(order.source) as source:
        if place is not None:
            _refuse_own_rejects(source, order, place)
        kept = spreadsheet.snapshot(source, order.source, order.encoding, lambda pieces: _keep(pieces, place))
    required = policy.catalog.counties_file.form.required
    known = known_headers(policy.catalog.questions)
    return spreadsheet.read_header(kept, known, lacking(required, policy.profile.referrer))


@contextmanager
def _source(name: str) -> Iterator[BinaryIO]:
    """The input opened for reading: a file, a pipe, or standard input for `-`."""
    if name == "-":
        yield sys.stdin.buffer if sys.stdin else io.BytesIO()
        return
    try:
        found = Path(name).stat()
        if not S_ISREG(found.st_mode) and not S_ISFIFO(found.st_mode):
            raise InputError(f"{name}: is not a file: give a CSV file, or - for standard input", code="not-a-file")
        if found.st_size > spreadsheet.LARGEST:
            raise spreadsheet.too_large(name)
        file = Path(name).open("rb")  # noqa: SIM115 closed below
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None
    with file:
        yield file


def _refuse_own_rejects(source: BinaryIO, order: Order, place: Folder) -> None:
    """The rejects of a run fed back into its own folder would be overwritten, and their rows count from 1 again."""
    try:
        given = os.fstat(source.fileno())
        rejects = place.status(_beside(order, REJECTS))
    except (OSError, io.UnsupportedOperation):
        return
    if os.path.samestat(given, rejects):
        raise OutputRefused(f"{order.out}: the rows come from its own rejects: write to a new place", code="own-input")


def _beside(order: Order, name: str) -> str:
    return name if order.kind is Kind.FOLDER else f"{order.out.stem}.{name}"


def _list_of(order: Order, name: str) -> Path:
    return order.out / name if order.kind is Kind.FOLDER else order.out.with_name(_beside(order, name))


def _keep(pieces: Iterable[bytes], place: Folder | None) -> Snapshot:
    """Keep the input in memory while it is small, else in a private file of the output folder."""
    first: list[bytes] = []
    rest = iter(pieces)
    for piece in rest:
        first.append(piece)
        if place is not None and sum(map(len, first)) > IN_MEMORY:
            pile = place.pile("input")
            for one in chain(first, rest):
                pile.add(one)
            return spreadsheet.in_file(pile.descriptor, pile.size)
    return spreadsheet.memory(first)


def _dry_run(order: Order, policy: Policy, tally: Tally) -> None:
    """Check every row and keep nothing."""
    sheet = _sheet(order, policy, None)
    tally.expected = spreadsheet.estimate(sheet, 1).rows
    take = Take(order, sheet, spreadsheet.whole(sheet), _drafters(sheet, policy), policy.as_of, tally.expected)
    take.read(NARROWEST, None, None, tally.watch)
    tally.rows, tally.refused = take.rows, take.refused
    _refuse_all(order, take.rows, take.refused, take.problems)


def _refuse_all(order: Order, rows: int, refused: int, problems: Sequence[Problem]) -> None:
    """Without `keep_going`, one bad row is enough."""
    if not refused or order.keep_going:
        return
    listed = list(problems[:MOST_LISTED])
    if len(problems) > MOST_LISTED or refused > MOST_LISTED:
        listed.append(Problem("further rows", "not-listed", "only the first are listed: mend them and run again"))
    what = f"{order.source}: {refused} of {counted(rows, 'row')} refused; nothing was written"
    raise InputError(f"{what}: mend them, or use --keep-going", tuple(listed), code="rows-refused")


def _drafters(sheet: Sheet, policy: Policy) -> Drafters:
    """A drafter for any day: files of an earlier day are compared with what a run of that day would have given."""

    @cache
    def drafter(as_of: date) -> RowDrafter:
        return RowDrafter(sheet.columns, policy.profile, policy.catalog, as_of)

    return drafter


class _Run:
    """One run into one folder or file; `whole` is the file of drafts in the making, if they go into one."""

    def __init__(
        self, order: Order, policy: Policy, tally: Tally, place: Folder, whole: Pile | None, sheet: Sheet
    ) -> None:
        self.order, self.tally, self.place, self.whole, self.sheet = order, tally, place, whole, sheet
        self.as_of, self.drafters = policy.as_of, _drafters(sheet, policy)
        self.rerun = whole is None and any(name.endswith(".eml") for name in place.names())

    def work(self) -> None:
        """Read, and publish. A guess that proves wrong costs time and nothing else."""
        rows, parts = self._plan()
        salt, as_of = 0, self.as_of
        while True:
            try:
                self._attempt(rows, parts, as_of, salt)
            except _Surprise as surprise:
                rows, salt, as_of = surprise.rows, surprise.salt, surprise.as_of
                parts = (spreadsheet.whole(self.sheet),)
            else:
                return

    def _plan(self) -> tuple[int, tuple[Part, ...]]:
        """How many rows there will be, and the parts for as many workers as are worth it."""
        limit, sheet, jobs = self.order.limit, self.sheet, self.order.jobs
        few = sheet.snapshot.lines < (MANY_FILES if self.whole is None else MANY_ROWS)
        guess = spreadsheet.estimate(sheet, 1 if limit or (few and not jobs) else cores(jobs))
        rows = spreadsheet.count_rows(sheet) if limit else guess.rows
        self.tally.expected = min(rows, limit or rows)
        return rows, guess.parts

    def _attempt(self, rows: int, parts: tuple[Part, ...], as_of: date, salt: int) -> None:
        """Read all parts, and publish them unless something about them is not as expected."""
        width = max(NARROWEST, len(str(rows)))
        most = min(self.tally.expected, self.sheet.snapshot.size // SHORTEST_ROW)
        rest = most // len(parts)
        rooms = (most, *[rest for _ in parts[1:]])  # the first also hears of the others' rows
        takes = [
            Take(self.order, self.sheet, part, self.drafters, as_of, room, salt)
            for part, room in zip(parts, rooms, strict=True)
        ]
        piles = [self._piles(n) for n in range(len(parts))]
        with ExitStack() as stack:
            jobs = [partial(self._second, take, its, width) for take, its in zip(takes[1:], piles[1:], strict=True)]
            crew = [stack.enter_context(Worker(job)) for job in jobs]
            results = self._results(width, takes, piles[0], crew)
            self._expect(width, takes, results)
            problems = [Problem(*one) for result in results for one in result["problems"]]
            refused = sum(result["refused"] for result in results)
            _refuse_all(self.order, self.tally.rows, refused, problems)
            for its, result in zip(piles[1:], results[1:], strict=True):
                for pile, size in zip(its, result["sizes"], strict=True):
                    pile.size = size
            self._publish(takes[0], piles, crew, results)

    def _results(self, width: int, takes: list[Take], piles: Piles, crew: list[Worker]) -> list[dict[str, Any]]:
        """What all parts come to. What looks like a broken file may only be cut in a place that was none."""
        first = takes[0]
        try:
            first.read(width, piles, self._compared(), lambda done: self.tally.watch(done * len(takes)))
            return [_result(first), *(worker.hear() for worker in crew)]
        except InputError as error:
            if len(takes) > 1 and error.code in BROKEN:
                raise _Surprise(self.tally.expected, first.seen.salt, first.as_of) from None
            raise

    def _piles(self, number: int) -> Piles:
        """The private files of a part, made before there are workers, so that both see them."""
        drafts, notes, report, rejects = (
            self.place.pile(f"{name}-{number}") for name in ("drafts", "notes", "report", "rejects")
        )
        if self.whole is None or number:
            return Piles(drafts, notes, report, rejects)
        self.whole.clear()
        return Piles(self.whole, notes, report, rejects)

    def _compared(self) -> Folder | None:
        """The folder, where files of an earlier run may be in it."""
        return self.place if self.rerun else None

    def _second(self, take: Take, piles: Piles, width: int, talk: Talk) -> object:
        """What a worker does: read its part, wait for the word to publish, and publish."""
        parent = os.getppid()

        def still_wanted(_: int) -> None:
            if os.getppid() != parent:
                raise SystemExit(1)

        take.read(width, piles, self._compared(), still_wanted)
        talk(_result(take) | {"sizes": [pile.size for pile in piles]})
        counts = Counts()
        take.publish(piles, self.place, counts, still_wanted)
        return asdict(counts) | {"report": piles.report.size}

    def _expect(self, width: int, takes: list[Take], results: list[Any]) -> None:
        """Raises _Surprise unless rows, parts and duplicates are what they were taken for."""
        first = takes[0]
        starts = accumulate((result["rows"] for result in results), initial=0)
        total = sum(result["rows"] for result in results)
        again = _Surprise(total, first.seen.salt, first.as_of)
        if any(take.part.rows != start for take, start in zip(takes, starts, strict=False)):
            raise again
        if not self.order.limit and max(NARROWEST, len(str(total))) != width:
            raise again
        if _overlap(first.seen, (result["prints"] for result in results[1:])):
            raise again
        if not all(result["confirmed"] for result in results):
            raise _Surprise(total, first.seen.salt + 1, first.as_of)
        self.tally.rows = total

    def _publish(self, take: Take, piles: list[Piles], crew: list[Worker], results: list[Any]) -> None:
        """Everything has been read; what is good may appear now."""
        refused = sum(result["refused"] for result in results)
        self._check_lists(refused=refused > 0)
        if self.whole is None:
            if any(result["waiting"] for result in results):
                self.place.mark()
            self._publish_folder(take, piles, crew)
        else:
            self._publish_file(self.whole, piles, take, refused)
        if self.whole is None or not self.tally.conflict:
            self._publish_lists(piles)
        self.place.confirm()

    def _publish_folder(self, take: Take, piles: list[Piles], crew: list[Worker]) -> None:
        for worker in crew:
            worker.reply("publish")
        take.publish(piles[0], self.place, self.tally, lambda _: None)
        for worker, its in zip(crew, piles[1:], strict=True):
            told = worker.hear()
            its.report.size = told["report"]
            for name in Counts.__struct_fields__:
                setattr(self.tally, name, getattr(self.tally, name) + told[name])

    def _publish_file(self, whole: Pile, piles: list[Piles], take: Take, refused: int) -> None:
        """Put the parts together, bring them to the disk, and give the file its name."""
        for its in piles[1:]:
            whole.append(its.drafts)
        if self.order.kind is Kind.ZIP:
            for piece in archive.zip_end(chain.from_iterable(its.notes.pieces(NOTES) for its in piles)):
                whole.add(piece)
        os.fsync(whole.descriptor)
        name = self.order.out.name
        status = self.place.publish(folder.TEMPORARY + name, name, lambda: self.place.holds(name, whole.pieces()))
        if status is Status.CONFLICT and take.as_of == self.as_of:
            head = self.place.find(name, HEAD).content
            day = carried_day(next(whole.pieces(HEAD), b""), head, self.as_of) if head else None
            if day:
                raise _Surprise(self.tally.rows, take.seen.salt, day)
        self.tally.refused = refused
        setattr(self.tally, status.value, self.tally.rows - refused)

    def _check_lists(self, *, refused: bool) -> None:
        """Refuse to take the place of lists that are not of an earlier run over the same columns."""
        self._check_rows()
        lists = {REPORT: spreadsheet.report_header()}
        if refused:
            lists[REJECTS] = spreadsheet.rejects_header(self.sheet)
        for kind, header in lists.items():
            name = _beside(self.order, kind)
            found = self.place.find(name, len(header))
            torn = self.place.is_torn(found.content, header)
            if found.exists and found.content != header and not torn:
                raise OutputRefused(
                    f"{_list_of(self.order, kind)}: is there and not from a run like this: take it away", code="exists"
                )

    def _check_rows(self) -> None:
        """Refuse to replace lists of more rows than this run has, or refused rows that somebody is mending there."""
        report, rejects = (_beside(self.order, name) for name in (REPORT, REJECTS))
        last = LAST_ROW.search(self.place.end_of(report, TAIL))
        if last and int(last[1]) > self.tally.rows:
            words = f"is of {counted(int(last[1]), 'row')}, and this run has {self.tally.rows}: write to a new place"
            raise OutputRefused(f"{_list_of(self.order, REPORT)}: {words}", code="exists")
        mended, written = self.place.changed_at(rejects), self.place.changed_at(report)
        if mended > written > 0 and not self.place.was_dirty:
            words = "was changed since it was written: save it under another name, or take it away"
            raise OutputRefused(f"{_list_of(self.order, REJECTS)}: {words}", code="exists")

    def _publish_lists(self, piles: list[Piles]) -> None:
        """The report and the refused rows; left as they are where this run changed nothing."""
        report, rejects = _beside(self.order, REPORT), _beside(self.order, REJECTS)

        def refused_rows() -> Iterator[bytes]:
            yield spreadsheet.rejects_header(self.sheet)
            for its in piles:
                yield from its.rejects.pieces()

        refused = self.tally.refused
        same = self.place.holds(rejects, refused_rows()) if refused else not self.place.find(rejects, 0).exists
        if refused and not same:
            self.place.replace(rejects, refused_rows())
        elif not same:
            self.place.remove(rejects)  # its rows have been mended: fed back they would be a second referral
        changed = not same or self.tally.written or self.tally.conflict or self.place.was_dirty
        if changed or not self.place.find(report, 0).exists:
            lines = chain.from_iterable(its.report.pieces() for its in piles)
            self.place.replace(report, chain([spreadsheet.report_header()], lines))


def _result(take: Take) -> dict[str, Any]:
    """What has to be known of a part before anything is published, in plain values."""
    return {
        "rows": take.rows,
        "refused": take.refused,
        "waiting": take.waiting,
        "problems": [tuple(one) for one in take.problems],
        "confirmed": _confirmed(take),
        "prints": take.seen.prints().tobytes() if take.part.start > take.sheet.start else b"",
    }


def _overlap(seen: Seen, several: Iterable[bytes]) -> bool:
    """Whether a part holds what may be a request of an earlier one."""
    return any(seen.earlier(array("q", prints), 1) for prints in several)


def _confirmed(take: Take) -> bool:
    """Whether the rows taken for duplicates really are: their fingerprints might be equal by chance."""
    if not take.suspects:
        return True
    originals: dict[int, tuple[str, tuple[str, ...]]] = dict.fromkeys(take.suspects.values(), ("", ()))
    for row in spreadsheet.rows(take.sheet, take.part):
        if row.number in originals or row.number in take.suspects:
            drafted = take.drafter.draft(row.cells)
            asked = (drafted.request, drafted.numbers) if isinstance(drafted, Drafted) else ("", ())
            if row.number in take.suspects and not _same(asked, originals[take.suspects[row.number]]):
                return False
            if row.number in originals:
                originals[row.number] = asked
    return True


def _same(one: tuple[str, tuple[str, ...]], other: tuple[str, tuple[str, ...]]) -> bool:
    """Whether two rows ask for the same for the same member: request and numbers of each."""
    return one[0] == other[0] and not set(one[1]).isdisjoint(other[1])
