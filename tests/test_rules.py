"""Three-valued rules: five properties on random rules, and the small examples they grow from."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.policy.rules import Rule, Truth, Truths, criteria_of, evaluator
from strategies import CRITERIA, evaluate, full_answers, kept_questions, known, rules, unhurried

NO, UNKNOWN, YES = Truth.NO, Truth.UNKNOWN, Truth.YES


def holds(rule: Rule, truths: Mapping[str, Truth]) -> bool:
    """The rule in ordinary two-valued logic."""

    def met(part: str | Rule) -> bool:
        return truths[part] is YES if isinstance(part, str) else holds(part, truths)

    any_of = not rule.any_of or any(map(met, rule.any_of))
    return all(map(met, rule.all_of)) and any_of and not any(map(met, rule.none_of))


@pytest.mark.parametrize(("truth", "opposite"), [(NO, YES), (UNKNOWN, UNKNOWN), (YES, NO)])
def test_opposite_of_unknown_is_unknown(truth: Truth, opposite: Truth) -> None:
    """Negating a truth value never makes something known out of unknown."""
    assert truth.opposite is opposite


@pytest.mark.parametrize(
    ("left", "right", "all_of", "any_of", "none_of"),
    [
        pytest.param(NO, NO, NO, NO, YES, id="no-no"),
        pytest.param(NO, UNKNOWN, NO, UNKNOWN, UNKNOWN, id="no-unknown"),
        pytest.param(NO, YES, NO, YES, NO, id="no-yes"),
        pytest.param(UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, id="unknown-unknown"),
        pytest.param(UNKNOWN, YES, UNKNOWN, YES, NO, id="unknown-yes"),
        pytest.param(YES, YES, YES, YES, NO, id="yes-yes"),
    ],
)
def test_clauses_follow_kleene(left: Truth, right: Truth, all_of: Truth, any_of: Truth, none_of: Truth) -> None:
    """All-of, any-of and none-of follow the truth tables of strong Kleene logic, in either order."""
    for truths in ({"a": left, "b": right}, {"a": right, "b": left}):
        assert evaluate(Rule(all_of=("a", "b")), truths).value is all_of
        assert evaluate(Rule(any_of=("a", "b")), truths).value is any_of
        assert evaluate(Rule(none_of=("a", "b")), truths).value is none_of


def test_a_criterion_that_is_not_given_is_unknown() -> None:
    """What nobody asked about is unknown, and so never counts as no."""
    assert evaluate(Rule(all_of=("a",)), {}).value is UNKNOWN
    assert evaluate(Rule(none_of=("a",)), {}).value is UNKNOWN


def test_keys_of_one_rule_are_joined_by_and() -> None:
    """A rule with several keys needs each of them, whichever way it is read."""
    rule = Rule(all_of=("a",), any_of=("b", "c"), none_of=("d",))
    met = {"a": YES, "b": NO, "c": YES, "d": NO}
    assert evaluate(rule, met).value is YES
    for broken in ({"a": NO}, {"c": NO}, {"d": YES}):
        assert evaluate(rule, met | broken).value is NO


def test_truths_hold_unknown_for_what_nobody_said() -> None:
    """A criterion that nobody mentioned is unknown, not an error and not a no."""
    assert Truths({"a": YES})["b"] is UNKNOWN


def test_criteria_are_listed_as_written() -> None:
    """Listing a rule's criteria gives each one, nested ones too, in the order written."""
    rule = Rule(all_of=("a", Rule(any_of=("b", "a"))), none_of=("c",))
    assert tuple(criteria_of(rule)) == ("a", "b", "a", "c")


@pytest.mark.parametrize(
    ("rule", "truths", "reasons"),
    [
        pytest.param(Rule(all_of=("a", "b")), {"a": YES, "b": YES}, ("a", "b"), id="all-met"),
        pytest.param(Rule(all_of=("a", "b")), {"a": UNKNOWN, "b": NO}, ("b",), id="one-unmet-is-enough"),
        pytest.param(Rule(any_of=("a", "b")), {"a": NO, "b": YES}, ("b",), id="one-met-is-enough"),
        pytest.param(Rule(any_of=("a", "b")), {"a": NO, "b": NO}, ("a", "b"), id="none-met"),
        pytest.param(Rule(none_of=("a", "b")), {"a": NO, "b": NO}, ("a", "b"), id="nothing-stands-against-it"),
        pytest.param(Rule(none_of=("a", "b")), {"a": UNKNOWN, "b": YES}, ("b",), id="one-thing-stands-against-it"),
        pytest.param(
            Rule(any_of=(Rule(all_of=("a", "b")), "c")), {"a": YES, "b": YES, "c": YES}, ("c",), id="shortest-reason"
        ),
        pytest.param(Rule(all_of=("a", Rule(any_of=("a", "b")))), {"a": YES, "b": NO}, ("a",), id="each-once"),
        pytest.param(Rule(all_of=("a", "b")), {"a": YES}, (), id="nothing-settled"),
    ],
)
def test_reasons_are_those_that_decide(rule: Rule, truths: dict[str, Truth], reasons: tuple[str, ...]) -> None:
    """The reasons shown are criteria that settle the finding, each once, and there are none while it is open."""
    assert evaluate(rule, truths).deciding == reasons


def test_missing_skips_what_is_settled() -> None:
    """Nothing is asked about a branch that is already settled."""
    rule = Rule(all_of=("a", Rule(any_of=("b", "c")), Rule(any_of=("c", "d"))))
    assert evaluate(rule, {"a": YES, "b": YES}).missing == ("c", "d")


@unhurried
@given(rule=rules, answers=full_answers)
def test_boolean_when_complete(rule: Rule, answers: dict[str, int]) -> None:
    """With everything known, a rule is ordinary logic: yes or no, never unknown."""
    truths = known(answers)
    assert evaluate(rule, truths).value is (YES if holds(rule, truths) else NO)


@unhurried
@given(rule=rules, answers=full_answers, kept=kept_questions)
def test_monotone(rule: Rule, answers: dict[str, int], kept: set[str]) -> None:
    """Learning more never overturns a finding that was settled."""
    early = evaluate(rule, known(answers, kept)).value
    assert early in (UNKNOWN, evaluate(rule, known(answers)).value)


@unhurried
@given(rule=rules, answers=full_answers, kept=kept_questions)
def test_unknown_told_or_left_out_is_the_same(rule: Rule, answers: dict[str, int], kept: set[str]) -> None:
    """Not knowing and never having been asked lead to the same finding."""
    truths = known(answers, kept)
    assert evaluate(rule, dict.fromkeys(CRITERIA, UNKNOWN) | truths) == evaluate(rule, truths)


@unhurried
@given(rule=rules, answers=full_answers, kept=kept_questions)
def test_missing_means_open(rule: Rule, answers: dict[str, int], kept: set[str]) -> None:
    """Something is missing exactly while the finding is open: only unknown criteria of the rule, each once."""
    truths = known(answers, kept)
    finding = evaluate(rule, truths)
    still = finding.missing
    assert bool(still) is (finding.value is UNKNOWN)
    assert set(still) <= set(criteria_of(rule)) - truths.keys()
    assert len(set(still)) == len(still)


@unhurried
@given(rule=rules, answers=full_answers, kept=kept_questions)
def test_what_is_not_missing_settles_nothing(rule: Rule, answers: dict[str, int], kept: set[str]) -> None:
    """Nothing that could settle a finding is left off the list: with everything else known, it is still open."""
    truths = known(answers, kept)
    finding = evaluate(rule, truths)
    besides = {criterion: truth for criterion, truth in known(answers).items() if criterion not in finding.missing}
    assert evaluate(rule, besides | truths).value is finding.value


@unhurried
@given(rule=rules, answers=full_answers, kept=kept_questions)
def test_reasons_suffice(rule: Rule, answers: dict[str, int], kept: set[str]) -> None:
    """The deciding criteria alone, with all others forgotten, give the same finding."""
    truths = known(answers, kept)
    finding = evaluate(rule, truths)
    reasons = finding.deciding
    assert evaluate(rule, {criterion: truths[criterion] for criterion in reasons}).value is finding.value
    assert bool(reasons) is (finding.value is not UNKNOWN)
    assert len(set(reasons)) == len(reasons)


@unhurried
@given(rule=rules, answers=full_answers, data=st.data())
def test_answering_what_is_missing_settles_the_rule(rule: Rule, answers: dict[str, int], data: st.DataObject) -> None:
    """Answering only what is missing, in any order, gives the same finding as answering everything."""
    truths: dict[str, Truth] = {}
    while still := evaluate(rule, truths).missing:
        question = CRITERIA[data.draw(st.sampled_from(still))][0]
        truths |= known(answers, {question})
    assert evaluate(rule, truths).value is evaluate(rule, known(answers)).value


@unhurried
@given(rule=rules, members=st.lists(st.tuples(full_answers, kept_questions), min_size=2, max_size=6))
def test_many_members_are_told_apart(rule: Rule, members: list[tuple[dict[str, int], set[str]]]) -> None:
    """A rule evaluated for others gives each member the finding of her own answers."""
    for_many = evaluator(rule)
    for answers, kept in members:
        truths = known(answers, kept)
        assert for_many(Truths(truths)) == evaluate(rule, truths)
