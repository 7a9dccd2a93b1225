"""How long a table of members takes, as a ratio to reading and writing the same file with no rules, and its memory.

On a machine that has other work the seconds of the processors tell more than those of the clock.

python bench/screen.py [ROWS]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from measuring import machine

from calaim_cli.batch.sheet import records
from calaim_cli.case.case import Case
from calaim_cli.decide.screening import screener
from calaim_cli.policy import load
from panels import QUESTIONS, members, row_of

ROOT = Path(__file__).parents[1]
ROWS, DIFFERENT, RUNS = 1_000_000, 20_000, 3
DAY = date(2026, 11, 22)
COPIED = """
import duckdb, sys
read = "SELECT * FROM read_csv(?, header = true, all_varchar = true)"
duckdb.execute("COPY (" + read + ") TO '" + sys.argv[2] + "' (HEADER)", [sys.argv[1]])
"""
RESULTS = """
import sys
from datetime import date
from pathlib import Path
from calaim_cli.batch import panel, table
from calaim_cli.base import files
from calaim_cli.policy import load
policy = load.load()
order = panel.Order(sys.argv[1], Path(sys.argv[2]), policy.subjects, policy, date(2026, 11, 22))
with (
    table.engine() as engine,
    files.beside(order.out) as folder,
    table.read(engine, order.source, folder, panel.known(order), ()) as found,
):
    whole = panel.Panel(engine, order, found)
    whole.check()
    wanted = sys.argv[3:]
    results = [panel.result_column(one, what) for one in policy.subjects for what in wanted]
    names = [*(f"c{one.at}" for one in whole.columns), *results]
    query = f"SELECT {', '.join(map(panel.quoted, names))} FROM ({whole.rules(wanted)})"
    engine.write(query, order.out, "FORMAT csv, HEADER")
"""


def written(path: Path, rows: int) -> None:
    """A CSV file of so many invented members, with a column for each question."""
    several = [*members(min(rows, DIFFERENT))]
    lines = records(["" if cell is None else cell for cell in row_of(one)] for one in several)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(records([QUESTIONS]))
        for _ in range(rows // len(several)):
            file.write(lines)


def measured(command: Sequence[str], out: Path) -> tuple[float, float, float]:
    """The median seconds of a command that writes `out`, by the clock and of processors, and its most memory in MiB."""
    seconds, worked, memory = [], [], 0.0
    for _ in range(RUNS):
        out.unlink(missing_ok=True)
        start = time.perf_counter()
        quiet = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
        own = os.environ | {"PYTHONPATH": str(ROOT / "src")}
        child = os.posix_spawn(command[0], [*command], own, file_actions=quiet)
        _, status, usage = os.wait4(child, 0)
        seconds.append(time.perf_counter() - start)
        worked.append(usage.ru_utime + usage.ru_stime)
        if status:
            raise SystemExit(f"{' '.join(command)}: ended with {status}")
        memory = max(memory, usage.ru_maxrss / 1024)
    return statistics.median(seconds), statistics.median(worked), memory


def main(rows: int) -> None:
    """Print the table."""
    policy = load.load()
    several = [Case(answers=one) for one in members(2000)]
    ready, start = screener(policy.subjects, policy), time.perf_counter()
    for one in several:
        ready.screen(one, DAY)
    alone = len(several) / (time.perf_counter() - start)
    with tempfile.TemporaryDirectory() as name:
        table, out = Path(name) / "panel.csv", Path(name) / "out.csv"
        written(table, rows)
        day = ["--as-of", f"{DAY}"]
        python, command = sys.executable, ["-m", "calaim_cli", "screen", str(table)]
        ways = {
            "DuckDB reads and writes it": [python, "-c", COPIED, str(table), str(out)],
            "outcomes alone": [python, "-c", RESULTS, str(table), str(out), "outcome"],
            "outcomes and missing": [python, "-c", RESULTS, str(table), str(out), "outcome", "missing"],
            "`screen --out`: with offers, reasons and coverage, too": [python, *command, "--out", str(out), *day],
            "`screen --counts`": [python, *command, "--counts", *day],
        }
        print(f"{rows:,} rows of {len(QUESTIONS)} questions, {table.stat().st_size / 2**20:,.0f} MiB; {machine()}")
        print("\n| what | seconds | ratio | of processors | ratio | most memory |\n|---|---|---|---|---|---|")
        base = of_processors = 0.0
        for what, words in ways.items():
            seconds, worked, memory = measured(words, out)
            base, of_processors = base or seconds, of_processors or worked
            ratios = f"{seconds:.1f} | {seconds / base:.2f} | {worked:.1f} | {worked / of_processors:.2f}"
            print(f"| {what} | {ratios} | {memory:,.0f} MiB |", flush=True)
    print(f"| the engine for one case, {alone:,.0f} a second | {rows / alone:,.0f} | {rows / alone / base:.0f} | | | |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
