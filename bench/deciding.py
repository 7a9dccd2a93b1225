"""How many cases are decided in a second: alone, with reading the files, and by the whole command."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import people
from calaim_cli.case import casefile
from calaim_cli.case.case import Case
from calaim_cli.decide import screening
from calaim_cli.policy import load

CASES = 2000
DAY = date(2026, 11, 22)


def table(scratch: Path, calaim: str) -> Iterator[str]:
    """The table for simulated people; `calaim` is the command to be timed."""
    catalog = load.load()
    names = [str(scratch / f"case-{number}.toml") for number in range(CASES)]
    for name, person in zip(names, people.people(CASES, seed=2026), strict=True):
        Path(name).write_bytes(casefile.case_bytes(Case(answers={**person.answers})))
    cases = [casefile.read(name) for name in names]

    def decide_all(screener: screening.Screener) -> float:
        return _seconds(lambda: [screener.screen(case, DAY) for case in cases])

    new = min(decide_all(screening.screener(catalog.subjects, catalog)) for _ in range(3))
    used = screening.screener(catalog.subjects, catalog)
    known = min(decide_all(used) for _ in range(4))
    reading = min(_seconds(lambda: [casefile.read(name) for name in names]) for _ in range(3))
    command = [calaim, "check", *names, "--as-of", DAY.isoformat()]
    whole = min(_seconds(lambda: subprocess.run(command, stdout=subprocess.DEVNULL, check=True)) for _ in range(3))
    answered = sum(len(case.answers) for case in cases) / CASES
    yield f"{CASES:,} simulated cases, {answered:.0f} answers each, with all {len(catalog.subjects)} results for each:"
    yield ""
    yield "| what | cases a second | at least |"
    yield "|---|---|---|"
    yield f"| deciding alone, from a first case on | {CASES / new:,.0f} | 5,000 |"
    yield f"| deciding alone, once the answers have been met before | {CASES / known:,.0f} | 5,000 |"
    yield f"| reading and checking the case files | {CASES / reading:,.0f} | |"
    yield f"| `calaim check` of {CASES:,} files, all of it, with every reason printed | {CASES / whole:,.0f} | |"


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
