"""Floor 3: cases against the policy: answers checked, then one determination for each subject asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

from msgspec import Struct

from calaim_cli.case import AGE, Case, age_of
from calaim_cli.catalog import Catalog
from calaim_cli.determination import Decide, Determination, decider
from calaim_cli.errors import Problem
from calaim_cli.fields import MESSAGES, date_of_birth
from calaim_cli.programs import Subject, subject_id
from calaim_cli.questions import DONT_KNOW, Answer, Question, Teller, read_answers


class Screening(Struct, frozen=True):
    """Determinations keyed by program, population or service id, in the order asked for.

    `answers` are those of the case as checked, with the age that was used.
    """

    determinations: dict[str, Determination]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    answers: Mapping[str, Answer] = {}


class Screener(Struct, frozen=True):
    """The policy made ready to decide many cases; what it works out for one it remembers for the next."""

    questions: Mapping[str, Question]
    tell: Teller
    deciders: dict[str, Decide]

    def screen(self, case: Case, as_of: date) -> Screening:
        """Decide a case as far as its answers go. With problems in the answers nothing is decided.

        The age comes from the date of birth where that is known; a different age among the answers is a warning.
        """
        answers, problems = read_answers(case.answers, self.questions)
        if problems:
            return Screening({}, problems)
        age, doubts = age_of(case, as_of), _birth_date_not_used(case, as_of)
        answers, warnings = with_age(answers, age)
        known = self.tell(answers)
        found = {one: decide(known) for one, decide in self.deciders.items()}
        return Screening(found, (), (*doubts, *warnings), answers)


def screener(subjects: Iterable[Subject], catalog: Catalog) -> Screener:
    """A screener for these subjects."""
    deciders = {subject_id(one): decider(one) for one in subjects}
    return Screener(catalog.questions, Teller(catalog.criteria.values()), deciders)


def with_age(answers: dict[str, Answer], age: int | None) -> tuple[dict[str, Answer], tuple[Problem, ...]]:
    """The answers with the age by the date of birth, which counts more than an age among them."""
    if age is None or answers.get(AGE, DONT_KNOW) in {DONT_KNOW, age}:
        return (answers if age is None else {**answers, AGE: age}), ()
    words = "does not agree with the date of birth, which was used: take it out"
    return {**answers, AGE: age}, (Problem(f"answers.{AGE}", "age-differs", words),)


def _birth_date_not_used(case: Case, as_of: date) -> tuple[Problem, ...]:
    """A warning for a date of birth that is given but is none: the age then counts as not known."""
    given = case.member.date_of_birth
    error = date_of_birth(given, as_of).error if given.strip() else ""
    return (Problem("member.date_of_birth", error, f"{MESSAGES[error]}; it was not used"),) if error else ()
