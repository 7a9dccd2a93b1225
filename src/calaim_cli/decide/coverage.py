"""Keeping Medi-Cal: which of four outcomes holds, by which reasons, and what to ask next. The county decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from msgspec import Struct

from calaim_cli.base.errors import InputError, Problem, caution
from calaim_cli.base.values import MESSAGES, Value, month
from calaim_cli.case.case import Case
from calaim_cli.decide.known import age_of_answers, known_of
from calaim_cli.policy.coverage import Coverage, CoverageOutcome, Renewal
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import Answer, Question, truths_of
from calaim_cli.policy.rules import Truth, Truths, evaluator
from calaim_cli.policy.talk import IN_PRIVATE

SETTLED: Final = frozenset({CoverageOutcome.NOT_TOUCHED, CoverageOutcome.LIKELY_EXEMPT})
"""The outcomes after which nothing more is asked: by either, the rule is not meant to end the member's Medi-Cal."""
RANK: Final = {outcome: number for number, outcome in enumerate(CoverageOutcome)}


class Standing(Struct, frozen=True):
    """How a member stands: the outcome, every reason for it, and the questions that may lead to a better one.

    Of `missing`, in the order to ask, those in `open` have no answer yet, and help although "not known" stays so.
    """

    outcome: CoverageOutcome
    because: tuple[Coverage, ...] = ()
    missing: tuple[str, ...] = ()
    open: tuple[str, ...] = ()

    @property
    def to_ask(self) -> tuple[str, ...]:
        """The missing questions, those first that can be asked now."""
        return (*self.open, *(one for one in self.missing if one not in self.open))


Stand = Callable[[Mapping[str, Answer]], Standing]


def stander(policy: Policy) -> Stand:
    """A function that tells by the answers how a member stands. What is not known never stops a better outcome."""
    criteria, asks = policy.coverage_criteria, policy.coverage_file.asks
    truths = truths_of(criteria.values())
    entries = sorted(policy.coverage_file.coverage, key=lambda one: RANK[one.outcome])
    rules = [(one, evaluator(one.rule)) for one in entries]

    def stand(answers: Mapping[str, Answer]) -> Standing:
        told = truths(answers)
        # The rules come best outcome first.
        holding = [one for one, find in rules if find(told).value is Truth.YES]
        outcome = holding[0].outcome if holding else CoverageOutcome.ASK
        because = tuple(one for one in holding if one.outcome is outcome)
        if outcome in SETTLED:
            return Standing(outcome, because)
        # No rule has a none-of, so yes to all that is still open is the best that can come.
        hoped = Truths(told)
        hoped |= {name: Truth.YES for name, one in criteria.items() if one.question not in answers}
        better = [find for one, find in rules if RANK[one.outcome] < RANK[outcome]]
        in_reach = [find for find in better if find(hoped).value is Truth.YES]
        missing, still_open = (
            {criteria[name].question for find in several for name in find(told).missing}
            for several in (better, in_reach)
        )
        return Standing(
            outcome,
            because,
            tuple(one for one in asks if one in missing),
            tuple(one for one in asks if one in still_open and one not in answers),
        )

    return stand


class Covered(Struct, frozen=True):
    """A case with how its member stands, what is to be said of the renewal, its month ("" not known), and warnings."""

    name: str
    standing: Standing
    renewal: Renewal
    month: str
    warnings: tuple[Problem, ...]


def cover(name: str, case: Case, stand: Stand, policy: Policy, as_of: date) -> Covered:
    """How the member of a case stands. Raises InputError with every problem of the answers and the renewal's month."""
    known = known_of(case, policy.answerable, as_of, "")
    due, wrong = renewal_of(case)
    if problems := (*known.problems, *wrong):
        raise InputError(f"{name}: the case is not valid; nothing was screened", problems)
    standing = stand(known.answers)
    # By a month that has passed nobody knows the next one.
    passed = (caution("renewal-passed", "renewal_month"),) if due and due < f"{as_of:%Y-%m}" else ()
    due = "" if passed else due
    good_for = policy.programs_file.answers_good_for_days
    old = age_of_answers(case, known.answers, policy.answerable, good_for, as_of)
    return Covered(name, standing, renewal_for(standing, due, policy), due, (*known.warnings, *old, *passed))


def renewal_of(case: Case) -> tuple[str, tuple[Problem, ...]]:
    """The month of renewal that the case says, as YYYY-MM, "" where it says none; and what is wrong with it."""
    said = month(case.renewal_month) if case.renewal_month.strip() else Value("")
    wrong = (Problem("renewal_month", said.error, MESSAGES[said.error]),) if said.error else ()
    return "" if wrong else said.value, wrong


def renewal_for(standing: Standing, due: str, policy: Policy) -> Renewal:
    """What is to be said of the renewal: the first entry that fits the reasons and the month, which may be ""."""
    yearly = any(one.yearly for one in standing.because)
    return next(
        one
        for one in policy.coverage_file.renewal
        if (yearly or not one.yearly) and (due or not one.month_known) and (not one.before or "" < due < one.before)
    )


def worded(question: Question, policy: Policy) -> str:
    """The question as it is asked, with a word where nobody else is to hear it."""
    return f"{question.ask}{IN_PRIVATE if policy.talk_file.private_say in question.help else ''}"


def in_short(standing: Standing, policy: Policy) -> str:
    """The outcome in a few words, with the first of its reasons."""
    label = policy.coverage_words[standing.outcome].label
    reason = f" ({standing.because[0].name})" if standing.because else ""
    return f"{label[0].lower()}{label[1:]}{reason}"
