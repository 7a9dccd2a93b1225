"""The generated parts of README and docs: real output of the command, and tables made from the data. Used by cog."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from calaim_cli import datafiles, lookups
from calaim_cli.catalog import Catalog
from calaim_cli.counties import plans_of
from calaim_cli.programs import Program, rules_of
from calaim_cli.rules import Rule
from calaim_cli.views import CLAUSE_WORDS, PART_WORDS

ROOT = Path(__file__).parents[1]


def ran(command: str, *, lines: int | None = None) -> None:
    """Print a command and what it wrote, as a block of Markdown; at most so many lines of it."""
    environment = {**os.environ, "CALAIM_PROFILE": "no-profile.toml", "COLUMNS": "80"}
    words = [sys.executable, "-m", "calaim_cli", *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    written = (done.stdout + done.stderr).rstrip().expandtabs(4).splitlines()
    shown = written if lines is None or len(written) <= lines else [*written[:lines], "..."]
    print("```console", f"$ {command}", *shown, "```", sep="\n")


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table in Markdown."""
    heads = list(columns)
    print(f"| {' | '.join(heads)} |")
    print(f"|{'---|' * len(heads)}")
    for row in rows:
        print(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |")


def programs() -> None:
    """Print every program, population and service with its rule, criterion by criterion, each with its source."""
    catalog = datafiles.load()
    for kind, entry in lookups.kinds(catalog):
        print(f"\n## {entry.name}\n")
        print(f"`{entry.id}`, {kind}. {entry.summary}\n")
        print(f"**Who:** {entry.who}\n")
        for part, rule in rules_of(entry).items():
            print(f"**{PART_WORDS[part]}**\n")
            _rule(rule, catalog, "")
            print()
        for label, texts in (("Limits", entry.limits), ("Papers that come later", entry.documents)):
            if texts:
                print(f"**{label}:** {' '.join(texts)}\n")
        _last(entry, catalog)


def _rule(rule: Rule, catalog: Catalog, indent: str) -> None:
    for clause, parts in (("all_of", rule.all_of), ("any_of", rule.any_of), ("none_of", rule.none_of)):
        if parts:
            print(f"{indent}- {CLAUSE_WORDS[clause]}:")
        for part in parts:
            if isinstance(part, Rule):
                _rule(part, catalog, f"{indent}  ")
            else:
                criterion = catalog.criteria[part]
                grade = catalog.grade(criterion.source)
                print(f"{indent}  - {criterion.text} ({', '.join(criterion.source)}; grade {grade})")


def _last(entry: Program, catalog: Catalog) -> None:
    for conflict in catalog.conflicts_of(entry.id):
        print(f"**Sources differ** on {conflict.matter.lower()}: {conflict.older} {conflict.newer}\n")
    print(f"Source: {catalog.cite(entry.source)}. Review by {catalog.review_by}.")


def sources() -> None:
    """Print every source of the data."""
    found = datafiles.load().sources.values()
    table(
        ("id", "source", "date", "grade"),
        (
            (one.id, f"[{one.title}]({one.link})" if one.link else one.title, one.date or one.dated, one.grade)
            for one in found
        ),
    )


def counties() -> None:
    """Print the 58 counties with Kaiser Permanente's region, its grade, and the other plans."""
    catalog = datafiles.load()
    rows = (
        (
            county.name,
            county.fips,
            "not served" if county.kp is None else county.kp.region or "by ZIP code",
            "" if county.kp is None else county.kp.grade,
            ", ".join(catalog.plans[plan].name for plan in plans_of(county)),
        )
        for county in catalog.counties_file.county
    )
    table(("county", "FIPS", "KP region", "grade", "Medi-Cal plans"), rows)
