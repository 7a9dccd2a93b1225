"""Takes: what was asked for, what is counted, which day a file carries, and duplicates however far apart."""

from __future__ import annotations

import csv
import tracemalloc
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.body import us_date
from calaim_cli.folder import Status
from calaim_cli.takes import Counts, Kind, Order, carried_day, report_line
from conftest import AS_OF
from runs import attempt
from sheets import read_csv, row, sheet

BODY = f"X-Unsent: 1\r\n\r\nDate of referral: {us_date(AS_OF)}\r\nDate of birth: 03/04/1980\r\n".encode()
DAYS = st.dates(date(1000, 1, 1))


@pytest.mark.parametrize("target", ["out", "out.zip"])
def test_refused_rows_of_any_size_do_not_pile_up_in_memory(tmp_path: Path, target: str) -> None:
    """A row that is refused may hold megabytes: some of them are kept at a time, by size and not by number."""
    source = tmp_path / "large.csv"
    large = dict.fromkeys(("first_name", "last_name", "address", "city", "notes"), "x" * 120000)
    source.write_bytes(sheet([row(number, **large) for number in range(50)]))
    order = Order(source=str(source), out=tmp_path / target, keep_going=True, jobs=1)
    tracemalloc.start()
    try:
        tally = attempt(order)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (tally.rows, tally.refused) == (50, 50)
    assert source.stat().st_size > 30_000_000
    assert peak < 15_000_000


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("drafts", Kind.FOLDER),
        ("drafts.eml", Kind.FOLDER),
        ("of.2026", Kind.FOLDER),
        (".zip", Kind.FOLDER),
        ("drafts.zip", Kind.ZIP),
        ("Drafts.ZIP", Kind.ZIP),
        ("a.b.mbox", Kind.MBOX),
    ],
)
def test_kind_of_output_is_told_by_its_name(name: str, kind: Kind) -> None:
    """Only the two endings that are documented make one file; everything else is a folder."""
    assert Order(source="-", out=Path(name)).kind is kind


def test_every_fate_is_counted_apart() -> None:
    """Each status adds to its own number and to no other."""
    counts = Counts(rows=9)
    for times, status in enumerate(Status, 1):
        for _ in range(times):
            counts.count(status)
    assert [getattr(counts, status) for status in Status] == list(range(1, len(Status) + 1))
    assert counts.rows == 9


@given(DAYS, DAYS)
def test_day_that_a_file_carries(expected: date, found: date) -> None:
    """Where the expected draft has its day, another day is found whatever it is; the same one says nothing."""
    mine, theirs = (BODY.replace(us_date(AS_OF).encode(), us_date(day).encode()) for day in (expected, found))
    assert carried_day(mine, theirs, expected) == (None if found == expected else found)


@pytest.mark.parametrize(
    "found",
    [
        b"",
        BODY[:30],
        BODY.replace(b"11/22/2026", b"13/22/2026"),
        BODY.replace(b"11/22/2026", b"02/30/2026"),
        BODY.replace(b"11/22/2026", b"00/00/0000"),
        BODY.replace(b"11/22/2026", b"22.11.2026"),
        b"\0" * len(BODY),
    ],
    ids=["empty", "cut", "month 13", "30 February", "zeros", "dots", "NULs"],
)
def test_file_that_carries_no_day(found: bytes) -> None:
    """What is no day at that place is no day, and nothing breaks."""
    assert carried_day(BODY, found, AS_OF) is None


def test_draft_without_its_day() -> None:
    """A draft that does not hold the day it was made for tells nothing about another file."""
    assert carried_day(BODY, BODY, AS_OF + timedelta(1)) is None


@given(st.sampled_from(Status), st.text(st.characters(codec="utf-8"), max_size=9))
def test_line_of_the_report_is_sound(status: Status, said: str) -> None:
    """Whatever is said, the line is one record of six cells, and reads back as it was meant."""
    for codes in ("", "zip-format; missing"):
        line = report_line(7, 12, status, codes, said, "0007-ecm.eml").decode()
        assert line.endswith("\r\n")
        assert next(csv.reader([line], strict=True)) == ["7", "12", status.value, codes, said, "0007-ecm.eml"]


@pytest.mark.parametrize("jobs", [1, 2, 3])
def test_duplicates_are_found_however_far_apart(tmp_path: Path, jobs: int) -> None:
    """The same request is refused thousands of rows later, also where another process has read the first."""
    rows = [row(number, program="chw") for number in range(1, 3001)]
    source, out = tmp_path / "members.csv", tmp_path / "out.zip"
    source.write_bytes(sheet([*rows, rows[0], rows[1499], row(3003, program="chw"), rows[2999]]))
    tally = attempt(Order(source=str(source), out=out, keep_going=True, jobs=jobs))
    assert (tally.rows, tally.written, tally.refused) == (3004, 3001, 3)
    refused = [line for line in read_csv((tmp_path / "out.report.csv").read_bytes()) if line["status"] == "refused"]
    assert [(line["row"], line["code"]) for line in refused] == [(n, "duplicate") for n in ("3001", "3002", "3004")]
    assert [line["message"].split()[-1] for line in refused] == ["1", "1500", "3000"]
