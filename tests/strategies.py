"""What Hypothesis draws: invented rules with what is known about them, and answers to the questions of a policy."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from calaim_cli.decide.determination import Determination, decider
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Subject
from calaim_cli.policy.questions import Answer, Criterion, Kind, Question
from calaim_cli.policy.rules import Finding, Rule, Truth, Truths, evaluator

# On a new machine Hypothesis first builds its table of characters, and a busy one is slow: neither is a failure.
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

# Invented criteria: each tests one value. Four of them test the same number, so that they depend on each other.
CRITERIA: dict[str, tuple[str, Callable[[int], bool]]] = {
    "is_new": ("new", bool),
    "is_near": ("near", bool),
    "is_tall": ("tall", bool),
    "few_visits": ("visits", lambda visits: visits <= 2),
    "some_visits": ("visits", lambda visits: 2 <= visits <= 4),
    "many_visits": ("visits", lambda visits: visits >= 3),
    "any_visits": ("visits", lambda visits: visits >= 1),
}
QUESTIONS = ("new", "near", "tall", "visits")


def _rule_of(parts: st.SearchStrategy[str | Rule]) -> st.SearchStrategy[Rule]:
    several = st.lists(parts, max_size=3).map(tuple)
    return st.builds(Rule, all_of=several, any_of=several, none_of=several).filter(
        lambda rule: bool(rule.all_of or rule.any_of or rule.none_of)
    )


_parts: st.SearchStrategy[str | Rule] = st.recursive(st.sampled_from(sorted(CRITERIA)), _rule_of, max_leaves=12)
rules: st.SearchStrategy[Rule] = _parts.map(lambda part: part if isinstance(part, Rule) else Rule(all_of=(part,)))
full_answers: st.SearchStrategy[dict[str, int]] = st.fixed_dictionaries(
    {"new": st.integers(0, 1), "near": st.integers(0, 1), "tall": st.integers(0, 1), "visits": st.integers(0, 5)}
)
kept_questions = st.sets(st.sampled_from(QUESTIONS))


def known(answers: Mapping[str, int], kept: Collection[str] = QUESTIONS) -> dict[str, Truth]:
    """The truths that the kept answers give; the rest is left out."""
    return {
        criterion: Truth.YES if test(answers[question]) else Truth.NO
        for criterion, (question, test) in CRITERIA.items()
        if question in kept
    }


def evaluate(rule: Rule, truths: Mapping[str, Truth]) -> Finding:
    """The finding for a rule, for one member alone."""
    return evaluator(rule)(Truths(truths))


def determine(subject: Subject, truths: Mapping[str, Truth]) -> Determination:
    """What the truths settle for a subject, for one member alone."""
    return decider(subject)(Truths(truths))


def telling_values(question: Question, criteria: Iterable[Criterion]) -> tuple[Answer, ...]:
    """The answers that make a difference: both sides of every number tested, each choice, none, and all at once."""
    if question.kind is Kind.YES_NO:
        return (True, False)
    if question.kind is Kind.CHOICE:
        return tuple(question.choices)
    if question.kind is Kind.CHOICES:
        others = tuple(choice for choice in question.choices if choice != "none")
        return (("none",), *((choice,) for choice in others), others)
    mine = [criterion for criterion in criteria if criterion.question == question.id]
    edges = {edge for one in mine if one.at_least is not None for edge in (one.at_least - 1, one.at_least)}
    edges |= {edge for one in mine if one.at_most is not None for edge in (one.at_most, one.at_most + 1)}
    return tuple(sorted(edges))


def policy_answers(catalog: Policy) -> st.SearchStrategy[dict[str, Answer]]:
    """A complete set of answers to the questions of the policy."""
    criteria = tuple(catalog.criteria.values())
    each: dict[str, st.SearchStrategy[Any]] = {
        question.id: st.sampled_from(telling_values(question, criteria)) for question in catalog.questions.values()
    }
    # Most members are in no other program: else nearly everything drawn would be stopped there.
    for question in ("excluded_programs", "choose_one_programs"):
        each[question] = st.just(("none",)) | each[question]
    return st.fixed_dictionaries(each)


class Asked(NamedTuple):
    """The answers of a whole interview, and those that were given before it was cut short."""

    full: dict[str, Answer]
    partial: dict[str, Answer]


@st.composite
def interviews(draw: st.DrawFn, catalog: Policy) -> Asked:
    """An interview cut short: what is left out was not asked, or nobody knew."""
    full = draw(policy_answers(catalog))
    fates = draw(st.lists(st.sampled_from(("given", "unknown", "not asked")), min_size=len(full), max_size=len(full)))
    pairs = list(zip(full.items(), fates, strict=True))
    partial = {
        question: answer if fate == "given" else "unknown" for (question, answer), fate in pairs if fate != "not asked"
    }
    return Asked(full, partial)
