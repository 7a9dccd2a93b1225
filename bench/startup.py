"""How long `calaim` takes to start and to decide, as ratios taken in one run: bench/startup.py [--write] [ROUNDS].

Builds the wheel, installs it and the peers into fresh environments of their own, runs everything in turn, round after
round, and prints medians of the ratios of each round. With --write the tables go into docs/benchmarks.md.
"""

from __future__ import annotations

import json
import os
import pty
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import deciding
from measuring import ENVIRONMENT, ROOT, environment, installed, keep, machine

from calaim_cli.policy import load
from calaim_cli.policy.places import Place
from calaim_cli.show import documents

ROUNDS = 40
FLOORS = 5
PEERS = {
    "hatch": "hatch",
    "pipx": "pipx",
    "sqlite-utils": "sqlite-utils",
    "csvlook": "csvkit",
    "mailmerge": "mailmerge",
}
DEBIAN = ("jq", "hledger")
COMPLETION = {"_CALAIM_COMPLETE": "complete_bash", "COMP_WORDS": "calaim county al", "COMP_CWORD": "2"}


class Run(NamedTuple):
    """A command to be timed; on a terminal up to `until` or to its end."""

    name: str
    command: list[str]
    limit: str = ""
    settings: Mapping[str, str] | None = None
    terminal: bool = False
    until: bytes = b""
    codes: tuple[int, ...] = (0,)


def main(words: list[str]) -> int:
    """Measure, print, and with --write keep the tables."""
    rounds = next((int(word) for word in words if word.isdecimal()), ROUNDS)
    with tempfile.TemporaryDirectory() as scratch:
        text = "\n".join(report(Path(scratch), rounds))
    sys.stdout.write(f"{text}\n")
    if "--write" in words:
        keep("startup", text)
    return 0


def report(scratch: Path, rounds: int) -> Iterator[str]:
    """The tables, line by line."""
    runs = prepared(scratch)
    times = measured(runs, rounds)
    floor = [row[0] for row in times]
    day = datetime.now(UTC).date()
    yield f"Measured on {day}: {machine()}; {rounds} rounds; floor {1000 * median(floor):.1f} ms."
    yield ""
    counted = instructions(runs)
    yield "| what | ms | ratio to the floor | at most | instructions, ratio |"
    yield "|---|---|---|---|---|"
    for number, run in enumerate(runs):
        ratio = median(row[number] / row[0] for row in times)
        ms = 1000 * median(row[number] for row in times)
        yield f"| {run.name} | {ms:.1f} | {ratio:.2f} | {run.limit} | {counted.get(run.name, 'not counted')} |"
    yield ""
    yield from compared(runs, times)
    yield ""
    yield from deciding.table(scratch, str(scratch / "calaim" / "bin" / "calaim"))


def compared(runs: list[Run], times: list[list[float]]) -> Iterator[str]:
    """The commands against other programs, in the same rounds."""
    place = {run.name: number for number, run in enumerate(runs)}
    pairs = [
        ("`county alameda`, piped", "`jq .alameda` on the same as JSON", "1.0"),
        ("a Typer command up to its work (`profile --help`)", "`hatch --version`", "0.8"),
        ("a Typer command up to its work (`profile --help`)", "`sqlite-utils --version`", "0.5"),
        ("a Typer command up to its work (`profile --help`)", "`import typer`", ""),
    ]
    yield "| what | against | ratio | at most |"
    yield "|---|---|---|---|"
    for ours, theirs, limit in pairs:
        if ours in place and theirs in place:
            ratio = median(row[place[ours]] / row[place[theirs]] for row in times)
            yield f"| {ours} | {theirs} | {ratio:.2f} | {limit} |"


def prepared(scratch: Path) -> list[Run]:
    """Everything installed and tried once, the floor first; what cannot be had is left out."""
    python, calaim = installed(scratch)
    case = scratch / "case.toml"
    case.write_bytes((ROOT / "examples" / "case.toml").read_bytes())
    begun = scratch / "begun.toml"
    begun.write_text('[member]\ncounty = "San Mateo"\nplan = "kp"\n', "utf-8")
    answers = scratch / "counties.json"
    answers.write_text(json.dumps(all_counties()), "utf-8")
    by_typer = {"CALAIM_NO_QUICK": "1"}
    ours = [
        Run("floor: `python -c pass`", [python, "-c", "pass"]),
        Run("`import typer`", [python, "-c", "import typer"]),
        Run("`county alameda`, piped", [calaim, "county", "alameda"], "1.15"),
        Run("`county alameda --json`", [calaim, "county", "alameda", "--json"], "1.15"),
        Run("`county 94401`, piped", [calaim, "county", "94401"], "1.15"),
        Run("`county oakland`, piped", [calaim, "county", "oakland"], "1.15"),
        Run("`services --county marin`, piped", [calaim, "services", "--county", "marin"], "1.15"),
        Run("`--version`", [calaim, "--version"], "1.15"),
        Run("completion of a county name", [calaim], "1.15", COMPLETION),
        Run("a Typer command up to its work (`profile --help`)", [calaim, "profile", "--help"], "6.5"),
        Run("`--help`", [calaim, "--help"], "7"),
        Run("usage error", [calaim, "conty"], "7", codes=(2,)),
        Run("`county alameda` by Typer", [calaim, "county", "alameda"], "", by_typer),
        Run("`programs ecm`", [calaim, "programs", "ecm"]),
        Run("`check` of one case", [calaim, "check", str(case)], "9"),
        Run("`refer` of one case", [calaim, "refer", str(case)]),
        Run("table on a terminal", [calaim, "county", "alameda"], "10", terminal=True),
        Run(
            "first screen of the interview",
            [calaim, "interview", "--from", str(begun)],
            "12",
            terminal=True,
            until=b"leave",
        ),
    ]
    runs = [*ours, *peers(scratch), *debian(answers)]
    for run in runs:
        timed(run)
    return runs


def all_counties() -> dict[str, object]:
    """What `county --json` says of every county, keyed by its name in small letters."""
    catalog = load.load()
    places = {county.name.lower(): Place(county) for county in catalog.counties_file.county}
    return {name: documents.county_document(place, name, catalog) for name, place in places.items()}


def peers(scratch: Path) -> Iterator[Run]:
    """Other command lines in Python, each in an environment of its own."""
    for command, requirement in PEERS.items():
        try:
            binaries = environment(scratch / command, requirement)
        except subprocess.CalledProcessError:
            sys.stderr.write(f"{requirement}: cannot be had here\n")
            continue
        yield Run(f"`{command} --version`", [str(binaries / command), "--version"])


def debian(answers: Path) -> Iterator[Run]:
    """Compiled programs, where they are installed."""
    found = {name: shutil.which(name) for name in DEBIAN}
    if jq := found["jq"]:
        yield Run("`jq .alameda` on the same as JSON", [jq, ".alameda", str(answers)])
    if hledger := found["hledger"]:
        yield Run("`hledger --version`", [hledger, "--version"])


def measured(runs: list[Run], rounds: int) -> list[list[float]]:
    """The seconds of each run, a row a round. A round has all in a new order, so that none always follows the same one.

    The floor, by which all are divided, is run FLOORS times a round.
    """
    chance, rows = random.Random(2026), []  # noqa: S311 an order, not a secret
    for _ in range(rounds):
        seconds: list[list[float]] = [[] for _ in runs]
        order = [*range(len(runs)), *[0] * (FLOORS - 1)]
        chance.shuffle(order)
        for number in order:
            seconds[number].append(timed(runs[number]))
        rows.append([median(several) for several in seconds])
    return rows


def timed(run: Run) -> float:
    """Seconds from start to end, or to the text that is waited for."""
    environ = {**ENVIRONMENT, **(run.settings or {})}
    if run.terminal:
        return on_terminal(run, environ)
    null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    start = time.perf_counter()
    child = os.posix_spawn(run.command[0], run.command, environ, file_actions=null)
    status = os.waitpid(child, 0)[1]
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in run.codes:
        raise RuntimeError(f"{run.name}: did not do what is measured")
    return seconds


def on_terminal(run: Run, environ: dict[str, str]) -> float:
    ours, theirs = pty.openpty()
    start = time.perf_counter()
    with subprocess.Popen(run.command, env=environ, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        while not (run.until and run.until in shown):
            try:
                shown += os.read(ours, 65536)
            except OSError:  # the other side is closed: the program has ended
                break
        seconds = time.perf_counter() - start
        process.kill()
    os.close(ours)
    return seconds


def instructions(runs: list[Run]) -> dict[str, str]:
    """Instructions of each run as ratios to the floor; empty where the machine does not count them."""
    if not (perf := shutil.which("perf")):
        return {}
    counts: dict[str, float] = {}
    for run in runs:
        if run.terminal:
            continue
        done = subprocess.run(
            [perf, "stat", "-x,", "-r", "5", "-e", "instructions:u", *run.command],
            env={**ENVIRONMENT, **(run.settings or {}), "LC_ALL": "C"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        count = done.stderr.strip().splitlines()[-1].partition(",")[0] if done.stderr.strip() else ""
        if not count.isdecimal():
            return {}
        counts[run.name] = float(count)
    floor = next(iter(counts.values()))
    return {name: f"{count / floor:.2f}" for name, count in counts.items()}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
