"""From truths to an outcome with its reasons. A screening: the plan decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import Final, NamedTuple

from msgspec import Struct

from calaim_cli.policy.programs import Outcome, Subject
from calaim_cli.policy.rules import Truth, criteria_of, evaluator, remembered

NO, UNKNOWN, YES = Truth.NO, Truth.UNKNOWN, Truth.YES
POSITIVE: Final = frozenset({Outcome.LIKELY, Outcome.PLAN_DISCRETION, Outcome.CHOOSE_ONE, Outcome.NOT_YET})
"""What is worth showing first: something fits, if only with a choice, a step or a word of the plan."""


class Parts(NamedTuple):
    """One truth for each part of a program's policy. The defaults are what an absent part means."""

    rule: Truth
    discretion: Truth = NO
    excluded: Truth = NO
    choose_one: Truth = NO
    first: Truth = YES
    limit: Truth = YES


class Reason(Struct, frozen=True):
    """A criterion that decided, whether it is met, and the part of the policy it belongs to."""

    criterion: str
    met: bool
    part: str


class Determination(Struct, frozen=True):
    """The outcome for one subject. `missing` holds criterion ids; it is empty unless the outcome is need-answers."""

    subject: Subject
    outcome: Outcome
    because: tuple[Reason, ...] = ()
    missing: tuple[str, ...] = ()


def _settled(parts: Parts) -> Outcome:
    """The outcome when every part is known: the steps of the policy, in their order."""
    if parts.excluded is YES or (parts.rule is NO and parts.discretion is not YES):
        return Outcome.UNLIKELY
    if parts.choose_one is YES:
        return Outcome.CHOOSE_ONE
    if parts.first is NO:
        return Outcome.NOT_YET
    if parts.limit is NO:
        return Outcome.PLAN_DISCRETION
    return Outcome.LIKELY if parts.rule is YES else Outcome.PLAN_DISCRETION


@cache
def outcome_of(parts: Parts) -> Outcome:
    """The outcome that every way of settling the unknown parts leads to, or need-answers where they differ."""
    ways = product(*((NO, YES) if part is UNKNOWN else (part,) for part in parts))
    outcomes = {_settled(Parts(*way)) for way in ways}
    return outcomes.pop() if len(outcomes) == 1 else Outcome.NEED_ANSWERS


@cache
def decisive(parts: Parts) -> tuple[str, ...]:
    """The parts that force the outcome: leave out each that the outcome does not rest on, gates before the rule."""
    outcome = outcome_of(parts)
    for name in ("limit", "first", "choose_one", "excluded", "discretion", "rule"):
        without = parts._replace(**{name: UNKNOWN})
        if outcome_of(without) is outcome:
            parts = without
    return tuple(name for name in Parts._fields if getattr(parts, name) is not UNKNOWN)


@cache
def still_open(parts: Parts) -> tuple[str, ...]:
    """The unknown parts that can still change the outcome, whatever the others turn out to be."""
    unknown = [name for name in Parts._fields if getattr(parts, name) is UNKNOWN]
    ways = [dict(zip(unknown, way, strict=True)) for way in product((NO, YES), repeat=len(unknown))]

    def outcomes(name: str, way: dict[str, Truth]) -> set[Outcome]:
        return {_settled(parts._replace(**{**way, name: truth})) for truth in (NO, YES)}

    return tuple(name for name in unknown if any(len(outcomes(name, way)) > 1 for way in ways))


Decide = Callable[[Mapping[str, Truth]], Determination]


def decider(subject: Subject) -> Decide:
    """A function that tells what truths settle for one program, population or service and why, or what is missing."""
    evaluators = {part: evaluator(rule) for part, rule in subject.parts.items()}

    def decide(truths: Mapping[str, Truth]) -> Determination:
        findings = {part: evaluate(truths) for part, evaluate in evaluators.items()}
        parts = Parts(**{part: finding.value for part, finding in findings.items()})
        outcome = outcome_of(parts)
        if outcome is Outcome.NEED_ANSWERS:
            missing = dict.fromkeys(name for part in still_open(parts) for name in findings[part].missing)
            return Determination(subject, outcome, missing=tuple(missing))
        deciding = [(part, name) for part in decisive(parts) if part in findings for name in findings[part].deciding]
        because = [Reason(name, truths[name] is YES, part) for part, name in deciding]
        return Determination(subject, outcome, because=tuple(because))

    return remembered(criteria_of(*subject.parts.values()), decide)
