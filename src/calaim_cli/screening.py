"""Floor 3: one case against the policy: its answers checked, then one determination for each subject asked for."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from msgspec import Struct

from calaim_cli.case import AGE, Case, age_of
from calaim_cli.catalog import Catalog
from calaim_cli.determination import Determination, determine
from calaim_cli.errors import Problem
from calaim_cli.programs import Subject, subject_id
from calaim_cli.questions import Answer, read_answers, truths


class Screening(Struct, frozen=True):
    """Determinations keyed by program, population or service id, in the order asked for."""

    determinations: dict[str, Determination]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def screen(case: Case, subjects: Iterable[Subject], catalog: Catalog, as_of: date) -> Screening:
    """Decide a case as far as its answers go. With problems in the answers nothing is decided.

    The age comes from the date of birth where that is known; a different age among the answers is a warning.
    """
    answers, problems = read_answers(case.answers, catalog.questions)
    if problems:
        return Screening({}, problems)
    answers, warnings = _with_age(answers, age_of(case, as_of))
    known = truths(catalog.criteria.values(), answers)
    return Screening({subject_id(one): determine(one, known) for one in subjects}, (), warnings)


def _with_age(answers: dict[str, Answer], age: int | None) -> tuple[dict[str, Answer], tuple[Problem, ...]]:
    if age is None or answers.get(AGE, age) == age:
        return (answers if age is None else {**answers, AGE: age}), ()
    words = "does not agree with the date of birth, which was used: take it out"
    return {**answers, AGE: age}, (Problem(f"answers.{AGE}", "age-differs", words),)
