"""What is known of a member: the answers with what the case says beside them, how old they are, what contradicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import Problem, caution
from calaim_cli.base.values import MESSAGES, date_of_birth
from calaim_cli.case.case import AGE, Case, age_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import DONT_KNOW, Answer, Contradiction, Question, in_doubt, read_answer, read_answers
from calaim_cli.policy.rules import Truth, Truths, criteria_of, evaluator, remembered

MANAGED_CARE: Final = "managed_care"
"""The one question that a named plan answers."""
CURRENT_SERVICES: Final = "current_services"
"""The one question that a referral answers too: what the member receives now."""


class Known(Struct, frozen=True):
    """The answers as checked, with the age, plan and services that the case states elsewhere."""

    answers: dict[str, Answer]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def known_of(case: Case, questions: Mapping[str, Question], as_of: date, plan: str) -> Known:
    """What is known by the case: a plan that is known is managed care, and a date of birth tells the age.

    A different age among the answers is a warning; different services that the member receives now are a problem.
    """
    answers, problems = read_answers(case.answers, questions)
    warnings = []
    born = case.member.date_of_birth
    error = date_of_birth(born, as_of).error if born.strip() else ""
    if error:
        warnings.append(Problem("member.date_of_birth", error, f"{MESSAGES[error]}; it was not used"))
    age = age_of(case, as_of)
    if age is not None:
        if answers.get(AGE, DONT_KNOW) not in {DONT_KNOW, age}:
            warnings.append(caution("age-differs", f"answers.{AGE}"))
        answers[AGE] = age
    if plan and MANAGED_CARE in questions:
        if answers.get(MANAGED_CARE) is False:
            warnings.append(caution("plan-without-managed-care", f"answers.{MANAGED_CARE}"))
        answers[MANAGED_CARE] = True
    if referred := _services(case.referral.current_services, questions):
        answered = answers.get(CURRENT_SERVICES, DONT_KNOW)
        said = set(answered) - {DONT_KNOW} if isinstance(answered, tuple) else set()
        if answered != referred and not (in_doubt(answered) and said.issubset(referred)):
            where, words = f"referral.{CURRENT_SERVICES}, answers.{CURRENT_SERVICES}", "contradict each other"
            told = f"{words} about what the member receives now: fix one, or remove it"
            problems = (*problems, Problem(where, "says-two-things", told))
        answers[CURRENT_SERVICES] = referred
    return Known(answers, problems, tuple(warnings))


def with_current_services(case: Case, questions: Mapping[str, Question]) -> Case:
    """The case with what the member receives now in its referral, if the answers alone say it."""
    if case.referral.current_services or CURRENT_SERVICES not in case.answers:
        return case
    services = _services(case.answers[CURRENT_SERVICES], questions)
    return replace(case, referral=replace(case.referral, current_services=services))


def _services(given: object, questions: Mapping[str, Question]) -> tuple[str, ...]:
    """The current services that are given, in the order of the question; () where not all are known, or not valid."""
    asked = questions.get(CURRENT_SERVICES)
    answer = read_answer(asked, given, "") if given and asked else ()
    if isinstance(answer, Problem) or not isinstance(answer, tuple):  # a Problem is a tuple, too
        return ()
    return () if in_doubt(answer) else answer


def age_of_answers(
    case: Case, answers: Mapping[str, Answer], questions: Mapping[str, Question], good_for: int, as_of: date
) -> Iterator[Problem]:
    """A warning of answers older than `good_for` days that names those that look back some months, or of a wrong day.

    Answers without a day are of any age: nothing is said of them.
    """
    if not case.answers or not case.answered_on.strip():
        return
    day = date_of_birth(case.answered_on, as_of)  # it, too, is a day that is not to come
    if day.error:
        yield caution("answered-on", "answered_on")
        return
    days = (as_of - date.fromisoformat(day.value)).days
    if days > good_for:
        counted = [one for one in answers if questions[one].months and answers[one] != DONT_KNOW]
        again = f"; ask again the questions about the last months: {', '.join(counted)}" if counted else ""
        yield caution("answers-old", "answered_on", days=days, again=again)


Contradicted = Callable[[Mapping[str, Answer], Truths], tuple[Problem, ...]]


def contradicted_by(policy: Policy) -> Contradicted:
    """A function that gives a warning for each contradiction among answers, with both questions and no answer."""
    contradictions, warnings = policy.programs_file.contradiction, dict[str, Problem]()
    for one in contradictions:
        asked = asked_by(one, policy)
        words = " ".join(policy.questions[question].ask for question in asked)
        where = ", ".join(f"answers.{question}" for question in asked)
        warnings[one.id] = caution("answers-contradict", where, questions=words, why=one.why)
    of_truths = [(warnings[one.id], evaluator(one)) for one in contradictions if not one.above]
    of_counts = [(warnings[one.id], one.above) for one in contradictions if one.above]
    by_truths = remembered(
        criteria_of(*contradictions),
        lambda truths: tuple(w for w, holds in of_truths if holds(truths).value is Truth.YES),
    )

    def contradicted(answers: Mapping[str, Answer], truths: Truths) -> tuple[Problem, ...]:
        counts = [(warning, [answers.get(one) for one in pair]) for warning, pair in of_counts]
        above = [warning for warning, (a, b) in counts if isinstance(a, int) and isinstance(b, int) and a > b]
        return (*above, *by_truths(truths))

    return contradicted


def asked_by(contradiction: Contradiction, policy: Policy) -> tuple[str, ...]:
    """The questions whose answers are compared, in question order."""
    tested = {policy.criteria[one].question for one in criteria_of(contradiction)} | {*contradiction.above}
    return tuple([question for question in policy.questions if question in tested])
