"""Questions asked of simulated people, by the interview and in plain file order: python bench/interview.py [N]."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import people

PEOPLE = 2000
SCOPES = {"ecm": ("ecm",), "chw": ("chw",), "everything": ()}
SHARES = {"median": 50, "90%": 90, "all": 100}


def table(count: int, seed: int) -> str:
    """The table of questions asked: one row for each scope, and one for those whose housing decides."""
    who = list(people.people(count, seed))
    housed = [one for one in who if people.through_housing_alone(one)]
    groups = [(name, people.about(*named), who) for name, named in SCOPES.items()]
    groups.insert(1, ("ecm, housing decides", people.about("ecm"), housed))
    heads = [f"{way} {share}" for way in ("adaptive", "file order") for share in SHARES]
    rows = [["", "people", *heads]]
    for name, inquiry, asked in groups:
        counts = people.count_questions(inquiry, asked)
        numbers = [people.percentile(one, share) for one in counts for share in SHARES.values()]
        rows.append([name, str(len(asked)), *map(str, numbers)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows)


def main(words: list[str]) -> int:
    """Print the table for N people (2,000)."""
    if len(words) > 1 or not all(word.isascii() and word.isdigit() and int(word) for word in words):
        sys.stderr.write(f"{__doc__}\n")
        return 2
    sys.stdout.write(f"{table(int(words[0]) if words else PEOPLE, seed=2026)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
