"""Measures `calaim batch`: against mailmerge, rows a second, memory. Everything is made anew in a temporary folder.

Run by `make bench`, or: python bench/batch.py [--quick]. Times are wall medians of interleaved runs; compare ratios,
not seconds. The peer is installed from PyPI into an environment of its own.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from calaim_cli import datafiles  # noqa: E402 found by the line above
from calaim_cli.rowcase import COLUMNS  # noqa: E402
from sheets import ROW  # noqa: E402

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
        "first_name": ("Ana", "Ben", "Carla", "Dmitri", "Eva")[number % 5],
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


def write_rows(path: Path, count: int, answers: dict[str, list[str]] | None = None) -> Path:
    """A spreadsheet of so many rows; `answers` gives further columns with the values that they take by chance."""
    extra, chance = answers or {}, random.Random(7)
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


def environment(folder: Path, *packages: str) -> Path:
    """An environment with these packages; gives its folder of commands."""
    venv.create(folder, with_pip=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--upgrade", "pip"], check=True)
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
    return folder / "bin"


def clean() -> dict[str, str]:
    """The surroundings without what slows a Python start."""
    hidden = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED", "CALAIM_DATA"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


def timed(words: Sequence[str | Path], cwd: Path) -> float:
    """Wall seconds of a command."""
    os.sync()
    start = time.perf_counter()
    subprocess.run(words, cwd=cwd, env=clean(), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def peak(words: Sequence[str | Path]) -> float:
    """Peak memory of a command in MiB."""
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3, stderr=-3);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    ran = subprocess.run([sys.executable, "-c", code, *words], env=clean(), check=True, capture_output=True)
    return int(ran.stdout) / 1024


def medians(contests: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median time of each, run in turn."""
    taken: dict[str, list[float]] = {name: [] for name in contests}
    for _ in range(rounds):
        for name, run in contests.items():
            taken[name].append(run())
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> None:
    """Measure and print."""
    quick = "--quick" in sys.argv
    rounds = 3 if quick else 7
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        ours = environment(place / "ours", str(ROOT)) / "calaim"
        peer = environment(place / "peer", "mailmerge==2.3.0") / "mailmerge"
        outputs = iter(range(1_000_000))

        def batch(source: Path, suffix: str, *further: str) -> list[str | Path]:
            return [ours, "batch", source, "--out", place / f"o{next(outputs)}{suffix}", *further]

        small = write_rows(place / "r10k.csv", 10_000)
        (place / "mailmerge_template.txt").write_text(TEMPLATE, "utf-8")
        (place / "mailmerge_server.conf").write_text("[smtp_server]\nhost = localhost\nport = 25\n", "utf-8")
        merge = [peer, "--dry-run", "--no-limit", "--database", small, "--output-format", "raw"]
        found = medians(
            {
                "mailmerge": lambda: timed(merge, place),
                "folder": lambda: timed(batch(small, ""), place),
                "zip": lambda: timed(batch(small, ".zip"), place),
                "start": lambda: timed([ours, "batch", "--template"], place),
            },
            rounds,
        )
        for what, seconds in found.items():
            print(f"10,000 rows\t{what}\t{seconds:.3f} s\t{seconds / found['mailmerge']:.3f} of mailmerge")
        large = write_rows(place / "r100k.csv", 100_000)
        found = medians(
            {jobs: lambda jobs=jobs: timed(batch(large, ".zip", "--jobs", jobs), place) for jobs in ("1", "2")},
            3 if quick else 5,
        )
        for jobs, seconds in found.items():
            print(f"100,000 rows to zip\t{jobs} jobs\t{100_000 / seconds:,.0f} rows/s\t{found['1'] / seconds:.2f} x")
        decided = write_rows(place / "answers.csv", 20_000, twenty_answers())
        seconds = statistics.median(timed(batch(decided, ".zip", "--jobs", "1"), place) for _ in range(3))
        print(f"20 answer columns\t{20_000 / seconds:,.0f} rows/s")
        sizes = [(10_000, small)] if quick else [(10_000, small), (1_000_000, write_rows(place / "r1m.csv", 1_000_000))]
        for rows, source in sizes:
            print(f"peak memory\t{rows:,} rows\t{peak(batch(source, '.zip', '--jobs', '1')):.1f} MiB")


if __name__ == "__main__":
    main()
