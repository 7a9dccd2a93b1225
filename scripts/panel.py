"""Writes examples/panel.csv: invented members as a clinic might keep them, the same at every run."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import people
from calaim_cli.batch.sheet import records
from calaim_cli.policy.questions import DONT_KNOW, Answer

ROOT = Path(__file__).parents[1]
MEMBERS = 200
KNOWN = {
    "complex_need": 0.85,
    "housing": 0.8,
    "ed_visits_6_months": 0.8,
    "stays_6_months": 0.8,
    "visits_avoidable": 0.4,
    "avoidable_use_risk": 0.4,
    "smhs_dmc_criteria": 0.7,
    "complex_social_factor": 0.3,
    "released_within_12_months": 0.3,
    "nursing_facility_resident": 0.9,
    "excluded_programs": 0.8,
    "choose_one_programs": 0.8,
    "chw_triggers": 0.5,
    "is_tenant": 0.4,
}
"""How often a record says anything to these questions. All others have to be asked."""
OWN = ("chart", "first_name", "last_name", "date_of_birth", "phone", "address", "city", "county", "zip")
LATER = ("plan", "cin", "current_services")
FIRST = ("Ana", "Ben", "Chi", "Dee", "Eli", "Fay", "Gus", "Hana", "Ivo", "Joy", "Kai", "Lia", "Max", "Nia", "Omar")
LAST = ("Sample", "Example", "Invented", "Testman", "Nobody")
PLACES = (
    ("Redwood City", "San Mateo", "94063", "Kaiser Permanente"),
    ("San Mateo", "San Mateo", "94401", "Health Plan of San Mateo"),
    ("Oakland", "Alameda", "94601", "Kaiser Permanente"),
    ("Oakland", "Alameda", "94601", "Alameda Alliance for Health"),
    ("Sacramento", "Sacramento", "95814", "Kaiser Permanente"),
)


def rows() -> Iterator[list[str]]:
    """The header line, then a row for each member."""
    chance = random.Random(2026)  # noqa: S311 nothing secret is drawn
    asked = [one for one in KNOWN if one in people.policy().questions]
    yield [*OWN, *LATER, *asked]
    for number, person in enumerate(people.people(MEMBERS, seed=2026), 1):
        city, county, code, plan = chance.choice(PLACES)
        age = person.answers.get("age")
        born = f"{chance.randint(1, 12):02d}/{chance.randint(1, 20):02d}/{2025 - (age if isinstance(age, int) else 40)}"
        phone, street = f"415-555-01{number % 100:02d}", f"{100 + number} Example Street"
        own = [chance.choice(FIRST), chance.choice(LAST), born, phone, street, city, county, code]
        said = [written(person.answers[one]) if chance.random() < KNOWN[one] else "" for one in asked]
        yield [f"C-{number:04d}", *own, plan, f"9{number:07d}A", "none", *said]


def written(answer: Answer) -> str:
    """An answer as a cell."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, tuple):
        return ";".join(answer)
    return "" if answer == DONT_KNOW else f"{answer}"


if __name__ == "__main__":
    (ROOT / "examples" / "panel.csv").write_text(records(rows()), "utf-8", newline="")
