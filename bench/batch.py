"""Measures `calaim batch` against mailmerge and a bare loop of file calls: bench/batch.py [--write] [ROUNDS] [ROWS].

All is made anew in a temporary folder: the wheel and the peer in environments of their own, five kinds of invented
rows, a new output for every run. All runs of a table take turns; figures are medians, ratios medians over the rounds.
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
from functools import partial
from itertools import count
from pathlib import Path
from statistics import median

from measuring import ENVIRONMENT, ROOT, environment, installed, keep, machine

sys.path[:0] = [str(ROOT / "tests")]

from calaim_cli.decide.known import MANAGED_CARE  # noqa: E402 found by the line above
from calaim_cli.policy import load  # noqa: E402 the same
from sheets import COLUMNS, ROW  # noqa: E402 the same

ROUNDS, ROWS, MANY = 5, 10_000, 100_000
FILES = """import os, sys
os.mkdir(sys.argv[1])
folder = os.open(sys.argv[1], os.O_RDONLY)
for n in range(int(sys.argv[2])):
    file = os.open(".tmp", os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
    os.write(file, b"x" * int(sys.argv[3]))
    os.link(".tmp", f"{n:04d}-ecm.eml", src_dir_fd=folder, dst_dir_fd=folder)
    os.unlink(".tmp", dir_fd=folder)
    os.close(file)
os.sync()
"""
"""What any program has to do to put so many files of so many bytes into a folder, each whole or not there."""
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


def referrer(number: int) -> dict[str, str]:
    """Another referrer for every row."""
    return {
        "referrer_name": f"Pat Example-{number}",
        "referrer_organization": f"Example Clinic {number}",
        "referrer_address": f"{number} Example Ave, Oakland, CA 94601",
        "referrer_email": f"pat{number}@clinic.example.org",
    }


def hard_texts(number: int) -> dict[str, str]:
    """Texts that take most work: accents, long lines, notes of several lines, an extension."""
    return {
        "last_name": f"Núñez-O\u2019Higgins {number}",
        "address": f"{number} Avenida de los Próceres de la Independencia, Building {number % 50}, "
        + "Apartment 7 " * 6,
        "phone": f"(415) 555-01{number % 100:02} ext. {number % 90 + 10}",
        "notes": f"Línea {number}: llamar después de las tres.\n\n" + "The member prefers to be called at home. " * 12,
    }


def twenty_answers() -> dict[str, list[str]]:
    """Twenty questions with values that decide something."""
    catalog = load.load()
    told = {"age", MANAGED_CARE, *COLUMNS}  # by the date of birth, by the plan
    chosen = [one for one in catalog.questions.values() if one.id not in told][:20]
    return {
        one.id: list(one.choices) if one.choices else ["0", "2", "5"] if one.kind == "number" else ["yes", "no"]
        for one in chosen
    }


KINDS: dict[str, tuple[str, ...]] = {
    "ordinary": (),
    "another referrer in each row": ("referrer",),
    "20 answers by chance": ("answers",),
    "hard texts": ("texts",),
    "all of these": ("referrer", "answers", "texts"),
}


def write_rows(path: Path, number: int, kind: str) -> Path:
    """A spreadsheet of so many rows of a kind."""
    parts, chance = KINDS[kind], random.Random(7)  # noqa: S311 invented answers
    answers = twenty_answers() if "answers" in parts else {}
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [*COLUMNS, *answers], restval="")
        writer.writeheader()
        for n in range(1, number + 1):
            given = full_row(n) | (referrer(n) if "referrer" in parts else {})
            given |= hard_texts(n) if "texts" in parts else {}
            writer.writerow(given | {name: chance.choice(values) for name, values in answers.items()})
    return path


class Bench:
    """Invented rows, the commands to be measured, and where they write."""

    def __init__(self, scratch: Path, rounds: int) -> None:
        self.scratch, self.rounds = scratch, rounds
        self.python, self.calaim = installed(scratch)
        self.mailmerge = environment(scratch / "mailmerge", "mailmerge==2.3.0") / "mailmerge"
        (scratch / "mailmerge_template.txt").write_text(TEMPLATE, "utf-8")
        (scratch / "mailmerge_server.conf").write_text("[smtp_server]\nhost = localhost\nport = 25\n", "utf-8")

    def rows(self, number: int, kind: str = "ordinary") -> Path:
        """A spreadsheet of so many rows of a kind."""
        return write_rows(self.scratch / f"{number}-{kind.replace(' ', '-')}.csv", number, kind)

    def batch(self, source: Path, suffix: str) -> Words:
        """The command for a batch into a new output."""
        return [self.calaim, "batch", source, "--out", self.scratch / f"out-{next(OUTPUTS)}{suffix}"]

    def files(self, number: int, size: int) -> Words:
        """The bare loop of file calls into a new folder."""
        return [self.python, "-c", FILES, self.scratch / f"out-{next(OUTPUTS)}", str(number), str(size)]

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


def report(bench: Bench, number: int) -> Iterator[str]:
    """The tables, line by line."""
    yield f"Measured on {datetime.now(UTC).date()}: {machine()}; {bench.rounds} rounds."
    yield ""
    yield "| what | figure | limit |"
    yield "|---|---|---|"
    yield from into_a_zip(bench, number)
    yield from into_a_folder(bench, number)
    peak = bench.peak(bench.batch(bench.rows(MANY), ".zip"))
    yield f"| peak memory at {MANY:,} rows to a zip | {peak:.0f} MiB | at most 200 |"


def into_a_zip(bench: Bench, number: int) -> Iterator[str]:
    """Each kind of sheet: checked, decided and written, against printed."""
    slowest: list[float] = []
    for kind in KINDS:
        source = bench.rows(number, kind)
        taken = bench.in_turn({"ours": partial(bench.batch, source, ".zip"), "theirs": partial(bench.merge, source)})
        seconds, ratio = median(taken["ours"]), over(taken["ours"], taken["theirs"])
        slowest.append(seconds)
        figures = f"{seconds:.2f} s against {median(taken['theirs']):.2f} s: {ratio:.2f}"
        yield f"| {number:,} rows, {kind}, to a zip against mailmerge's dry run | {figures} | at most 1.2 |"
    yield f"| the slowest kind against the fastest | {max(slowest) / min(slowest):.2f} | at most 2 |"


def into_a_folder(bench: Bench, number: int) -> Iterator[str]:
    """The same into a folder, less what the files alone take."""
    source = bench.rows(number)
    made = bench.batch(source, "")
    bench.timed(made)
    size = sum(path.stat().st_size for path in Path(made[-1]).glob("*.eml")) // number
    taken = bench.in_turn(
        {
            "folder": partial(bench.batch, source, ""),
            "files": partial(bench.files, number, size),
            "theirs": partial(bench.merge, source),
        }
    )
    less = [ours - files for ours, files in zip(taken["folder"], taken["files"], strict=True)]
    figures = f"{median(taken['folder']):.2f} s less {median(taken['files']):.2f} s: {over(less, taken['theirs']):.2f}"
    yield f"| {number:,} rows to a folder, less the files alone, against mailmerge | {figures} | at most 1.5 |"


def main(words: list[str]) -> None:
    """Measure, print, and with --write keep the tables."""
    numbers = [int(word) for word in words if word.isdecimal()]
    rounds, number = (*numbers, *(ROUNDS, ROWS)[len(numbers) :])
    with tempfile.TemporaryDirectory() as scratch:
        text = "\n".join(report(Bench(Path(scratch), rounds), number))
    sys.stdout.write(f"{text}\n")
    if "--write" in words:
        keep("batches", text)


if __name__ == "__main__":
    main(sys.argv[1:])
