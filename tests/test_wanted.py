"""What can still change a result, with "not known" as an answer that stays."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.decide.determination import decider
from calaim_cli.decide.screens import open_to
from calaim_cli.decide.wanted import ALL, Span, wanted_for
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Program, Subject
from calaim_cli.policy.questions import DONT_KNOW, Answer
from calaim_cli.policy.rules import Rule, Truth, Truths, criteria_of
from callers import about
from strategies import CRITERIA, interviews, rules, unhurried

ENTRY = Program(id="invented", name="Invented", summary="Invented.", who="Invented.", source=("S",))
NAMES = sorted(CRITERIA)
spans: st.SearchStrategy[dict[str, Span]] = st.fixed_dictionaries(
    {name: st.sampled_from([ALL, *(frozenset({truth}) for truth in Truth)]) for name in NAMES}
)


def subject(**parts: Rule) -> Subject:
    """An invented subject with these parts."""
    return Subject("ecm", ENTRY, parts)


@unhurried
@given(rule=rules, gate=rules, known=spans)
def test_what_is_not_wanted_changes_nothing(rule: Rule, gate: Rule, known: dict[str, Span]) -> None:
    """Nobody is asked in vain, and nobody loses by a question left out: the outcome is the same whatever its answer."""
    about_it = subject(rule=rule, excluded=gate)
    decide, wanted = decider(about_it), wanted_for(about_it)(known)
    names = sorted(set(criteria_of(rule, gate)))
    free = [name for name in names if len(known[name]) > 1][:5]
    fixed = {name: min(known[name]) for name in names}
    for ways in product(Truth, repeat=len(free)):
        truths = Truths(fixed | dict(zip(free, ways, strict=True)))
        for name in set(free) - wanted:
            others = {decide(Truths(truths | {name: truth})).outcome for truth in Truth}
            assert len(others) == 1, name


@unhurried
@given(data=st.data())
def test_without_not_known_it_is_what_is_missing(catalog: Policy, data: st.DataObject) -> None:
    """As long as every answer is known, the same questions are open as by the reasons of a result."""
    cut = data.draw(interviews(catalog))
    said = {question: answer for question, answer in cut.partial.items() if answer != DONT_KNOW}
    talk = about()
    still_open = frozenset[str]().union(*open_to(talk, said).values())
    truths = talk.truths_of(said)
    missing = {name for decide in talk.deciders.values() for name in decide(truths).missing}
    assert still_open == {talk.policy.criteria[name].question for name in missing} - said.keys()


def test_not_known_prunes() -> None:
    """Who does not know the one thing that a support waits for is not asked for the steps that come after it."""
    steps = {"housing_support_plan", "room_and_board_months_used"}

    def still_open(answers: dict[str, Answer]) -> frozenset[str]:
        return open_to(about("transitional_rent"), {"managed_care": True, **answers})["transitional_rent"]

    assert steps < still_open({})
    doubt: dict[str, Answer] = {"smhs_dmc_criteria": DONT_KNOW}
    assert still_open(doubt) == {"housing", "at_risk_of_homelessness", "recent_transition"}
    assert still_open({**doubt, "recent_transition": ("unsheltered",), "housing": ("shelter",)}) == frozenset()
    assert steps < still_open({"smhs_dmc_criteria": True})
