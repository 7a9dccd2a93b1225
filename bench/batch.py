"""Measures `calaim batch` against mailmerge and a bare reading of the file: bench/batch.py [--write] [ROUNDS].

Everything is made anew in a temporary folder: the wheel and the peer in environments of their own, invented rows with
every column filled, a new output for every run. All runs of a table take turns; ratios are medians over the rounds.
With --write the tables go into docs/benchmarks.md.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median

from measuring import ENVIRONMENT, ROOT, environment, installed, keep, machine

sys.path[:0] = [str(ROOT / "tests")]

from calaim_cli.rowcase import COLUMNS  # noqa: E402

from calaim_cli import datafiles  # noqa: E402 found by the line above
from sheets import ROW  # noqa: E402

ROUNDS = 5
LOOP = "import csv, sys\nfor row in csv.reader(open(sys.argv[1], newline='', encoding='utf-8')): pass"
OUTPUTS = count(1)
Words = Sequence[str | Path]
PLACES = (
    ("San Mateo", "94401", "San Mateo"),
    ("Alameda", "94601", "Oakland"),
    ("Los Angeles", "90001", "Los Angeles"),
    ("San Diego", "92101", "San Diego"),
)
TEMPLATE = """TO: {{referrer_email}}
SUBJECT: Referral
FROM: bench@example.org

""" + "\n".join(f"{column}: {{{{{column}}}}}" for column in COLUMNS)


def full_row(number: int) -> dict[str, str]:
    """An invented row with every column filled."""
    county, code, city = PLACES[number % len(PLACES)]
    program = ("ecm", "chw", "cs")[number % 3]
    return ROW | {
        "program": program,
        "services": "medically_tailored_meals" if program == "cs" else "",
        "county": county,
        "zip": code,
        "self_referral": "no",
        "first_name": ("Ana", "Ben", "José", "Dmitri", "Eva")[number % 5],
        "middle_name": "Q",
        "last_name": f"Member{number % 977}",
        "date_of_birth": f"{1940 + number % 70}-{1 + number % 12:02}-{1 + number % 28:02}",
        "phone": f"415-555-01{number % 100:02}",
        "address": f"{number} Example Street, Apt {number % 50}",
        "city": city,
        "mrn": f"{10_000_000 + number}",
        "cin": f"9{number % 10**7:07}A",
        "email": f"member{number}@example.org",
        "preferred_language": "Spanish",
        "caregiver_name": "Carey Giver",
        "caregiver_contact": "415-555-0199",
        "notes": f"Prefers calls after {number % 12 + 1} in the afternoon.",
        "part2_consent": "no",
    }


def write_rows(path: Path, count: int, answers: Mapping[str, list[str]] | None = None) -> Path:
    """A spreadsheet of so many rows; `answers` gives further columns with the values that they take by chance."""
    extra, chance = answers or {}, random.Random(7)  # noqa: S311 invented answers
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *extra], restval="")
        writer.writeheader()
        for number in range(1, count + 1):
            given = {name: chance.choice(values) for name, values in extra.items()}
            writer.writerow(full_row(number) | given)
    return path


def twenty_answers() -> dict[str, list[str]]:
    """Twenty questions with values that decide something."""
    catalog = datafiles.load()
    chosen = [one for one in catalog.questions.values() if one.id != "age"][:20]
    return {
        one.id: list(one.choices) if one.choices else ["0", "2", "5"] if one.kind == "number" else ["yes", "no"]
        for one in chosen
    }


class Bench:
    """Invented rows, the commands to be measured, and where they write."""

    def __init__(self, scratch: Path, rounds: int) -> None:
        self.scratch, self.rounds = scratch, rounds
        self.python, self.calaim = installed(scratch)
        self.mailmerge = environment(scratch / "mailmerge", "mailmerge==2.3.0") / "mailmerge"
        (scratch / "mailmerge_template.txt").write_text(TEMPLATE, "utf-8")
        (scratch / "mailmerge_server.conf").write_text("[smtp_server]\nhost = localhost\nport = 25\n", "utf-8")

    def rows(self, number: int, answers: Mapping[str, list[str]] | None = None) -> Path:
        """A spreadsheet of so many rows."""
        return write_rows(self.scratch / f"{number}-{len(answers or {})}.csv", number, answers)

    def batch(self, source: Path, suffix: str, jobs: int = 0) -> Words:
        """The command for a batch into a new output."""
        out = self.scratch / f"out-{next(OUTPUTS)}{suffix}"
        return [self.calaim, "batch", source, "--out", out, "--jobs", str(jobs)]

    def merge(self, source: Path) -> Words:
        """Mailmerge's dry run of all rows, which prints the messages and writes nothing."""
        return [self.mailmerge, "--dry-run", "--no-limit", "--database", source, "--output-format", "raw"]

    def timed(self, words: Words) -> float:
        """Wall seconds of a command; what others left to be written is on the disk before."""
        os.sync()
        start = time.perf_counter()
        self._run(words)
        return time.perf_counter() - start

    def peak(self, words: Words) -> float:
        """Peak memory of a command in MiB."""
        code = (
            "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3, stderr=-3);"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        return int(self._run([self.python, "-c", code, *words])) / 1024

    def _run(self, words: Words) -> bytes:
        return subprocess.run(words, cwd=self.scratch, env=ENVIRONMENT, check=True, capture_output=True).stdout

    def in_turn(self, contests: Mapping[str, Callable[[], Words]]) -> dict[str, list[float]]:
        """The seconds of each, all in turn, round after round; one round before the first does not count."""
        taken: dict[str, list[float]] = {name: [] for name in contests}
        for number in range(self.rounds + 1):
            for name, words in contests.items():
                seconds = self.timed(words())
                if number:
                    taken[name].append(seconds)
        return taken


def over(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median ratio of runs of the same round."""
    return median(a / b for a, b in zip(ours, theirs, strict=True))


def report(bench: Bench) -> Iterator[str]:
    """The tables, line by line."""
    yield f"Measured on {datetime.now(UTC).date()}: {machine()}; {bench.rounds} rounds."
    yield ""
    yield "| what | figure | limit (aim) |"
    yield "|---|---|---|"
    yield from against_mailmerge(bench)
    yield from many_rows(bench)
    yield from decided_rows(bench)
    for number in (10_000, 1_000_000):
        peak = bench.peak(bench.batch(bench.rows(number), ".zip", jobs=1))
        limit = 32 + 100 * number / 1024 / 1024
        yield f"| peak memory at {number:,} rows to a zip, one job | {peak:.1f} MiB | at most {limit:.0f} |"


def against_mailmerge(bench: Bench) -> Iterator[str]:
    """Ten thousand rows: checked, decided and written, against printed."""
    source = bench.rows(10_000)
    taken = bench.in_turn(
        {
            "mailmerge": lambda: bench.merge(source),
            "folder": lambda: bench.batch(source, ""),
            "zip": lambda: bench.batch(source, ".zip"),
            "start": lambda: [bench.calaim, "batch", "--template"],
        }
    )
    theirs = taken["mailmerge"]
    yield f"| 10,000 rows, mailmerge's dry run | {median(theirs):.2f} s | |"
    for kind, limit in (("folder", "0.25 (0.20)"), ("zip", "0.15 (0.11)")):
        seconds, ratio = median(taken[kind]), over(taken[kind], theirs)
        yield f"| 10,000 rows to a {kind} | {seconds:.2f} s, {ratio:.3f} of mailmerge | at most {limit} |"
    yield f"| of which start alone | {median(taken['start']):.3f} s | |"


def many_rows(bench: Bench) -> Iterator[str]:
    """A hundred thousand rows: rows a second, against reading the file, and on two cores."""
    source = bench.rows(100_000)
    taken = bench.in_turn(
        {
            "reading": lambda: [bench.python, "-c", LOOP, source],
            "zip": lambda: bench.batch(source, ".zip", jobs=1),
            "two": lambda: bench.batch(source, ".zip", jobs=2),
            "folder": lambda: bench.batch(source, "", jobs=1),
        }
    )
    reading = taken["reading"]
    yield f"| 100,000 rows, a bare `csv.reader` loop | {100_000 / median(reading):,.0f} rows a second | |"
    zipped, two, folder = (over(taken[name], reading) for name in ("zip", "two", "folder"))
    rate = 100_000 / median(taken["zip"])
    yield f"| 100,000 rows to a zip, one job | {rate:,.0f} rows a second | at least 40,000 (60,000) |"
    yield f"| the same, against the bare loop | {zipped:.1f} times | at most 13 |"
    pace = 100_000 / median(taken["two"])
    yield f"| the same, two jobs | {pace:,.0f} rows a second, {zipped / two:.2f} times one job | (1.6) |"
    yield f"| 100,000 rows to a folder, one job, against the bare loop | {folder:.1f} times | at most 22 |"


def decided_rows(bench: Bench) -> Iterator[str]:
    """Rows with twenty answers by chance, each decided and explained in its draft."""
    source = bench.rows(20_000, twenty_answers())
    taken = bench.in_turn({"zip": lambda: bench.batch(source, ".zip", jobs=1)})
    rate = 20_000 / median(taken["zip"])
    yield f"| 20,000 rows with 20 answers by chance to a zip, one job | {rate:,.0f} rows a second | at least 15,000 |"


def main(words: list[str]) -> None:
    """Measure, print, and with --write keep the tables."""
    rounds = next((int(word) for word in words if word.isdecimal()), ROUNDS)
    with tempfile.TemporaryDirectory() as scratch:
        text = "\n".join(report(Bench(Path(scratch), rounds)))
    sys.stdout.write(f"{text}\n")
    if "--write" in words:
        keep("batches", text)


if __name__ == "__main__":
    main(sys.argv[1:])
