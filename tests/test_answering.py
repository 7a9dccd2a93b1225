"""Answers in cells: what is put together from remembered pieces is what a single case comes to."""

from __future__ import annotations

import random

import pytest

from calaim_cli import datafiles
from calaim_cli.answering import Answering
from calaim_cli.body import requested, said
from calaim_cli.case import Case, Member
from calaim_cli.message import quoted_printable
from calaim_cli.rowcase import answer, questions_of
from calaim_cli.screening import screener
from conftest import AS_OF

CATALOG = datafiles.load()
ASKED = questions_of(tuple(CATALOG.questions), CATALOG.questions).values()
QUESTIONS = {one.id: one for one in ASKED if one.id != "age"}
EVERYTHING = screener(CATALOG.subjects, CATALOG)
REQUESTS = [("ecm", ()), ("chw", ()), ("cs", ("asthma_remediation", "housing_deposits"))]


def by_chance(chance: random.Random) -> dict[str, str]:
    """A cell for every question: answered, left open or empty."""
    return {
        one.id: chance.choice(
            ["", "unknown", *(one.choices or (["0", "1", "2", "5"] if one.kind == "number" else ["yes", "No"]))]
        )
        for one in QUESTIONS.values()
    }


def singly(cells: dict[str, str], program: str, services: tuple[str, ...]) -> bytes:
    """The section of a draft of one case with these answers, of somebody of 46 years."""
    answers = {name: answer(text, QUESTIONS[name]) for name, text in cells.items() if text}
    case = Case(member=Member(date_of_birth="1980-03-04"), answers=answers)
    found = EVERYTHING.screen(case, AS_OF).determinations
    wanted = [said(found[one], CATALOG) for one in services or (program,)]
    populations = [said(one, CATALOG) for one in found.values() if one.subject.population]
    return quoted_printable("\n".join([*requested(wanted, populations, case.answers), ""]))


@pytest.mark.parametrize(("program", "services"), REQUESTS, ids=["ecm", "chw", "cs"])
def test_section_of_a_row_is_that_of_a_single_case(program: str, services: tuple[str, ...]) -> None:
    """Whatever rows came before, outcome, reasons and open questions are those that the case alone would get."""
    answering, chance = Answering(tuple(QUESTIONS), CATALOG, EVERYTHING), random.Random(5)  # noqa: S311 invented answers
    for _ in range(150):
        cells = by_chance(chance)
        answered = answering.decided(list(cells.values()), program, services, 46)
        assert answered is not None
        assert answered.section == singly(cells, program, services)
        assert answered.warnings == ()


@pytest.mark.parametrize(
    ("question", "text"), [("housing", "castle"), ("ed_visits_6_months", "often"), ("managed_care", "perhaps")]
)
def test_answer_that_cannot_be_read_decides_nothing(question: str, text: str) -> None:
    """An unreadable answer is not taken for none, whatever rows were read before."""
    answering = Answering((question,), CATALOG, EVERYTHING)
    assert answering.decided([""], "ecm", (), 46) is not None
    assert answering.decided([text], "ecm", (), 46) is None
    assert answering.decided([text], "ecm", (), 46) is None


def test_age_comes_from_the_date_of_birth() -> None:
    """An age among the answers that differs is not used, and that is said."""
    answering, plain = Answering(("age",), CATALOG, EVERYTHING), Answering((), CATALOG, EVERYTHING)
    wrong, right = (answering.decided([age], "ecm", (), 46) for age in ("12", "46"))
    alone = plain.decided([], "ecm", (), 46)
    assert wrong is not None
    assert right is not None
    assert alone is not None
    assert wrong.section == right.section == alone.section
    assert [one.code for one in wrong.warnings] == ["age-differs"]
    assert right.warnings == ()
