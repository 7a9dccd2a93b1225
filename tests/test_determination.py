"""From truths to an outcome: the steps of the policy restated, and properties on random and on the shipped rules."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calaim_cli.decide.determination import Decide, Parts, decider, decisive, outcome_of, still_open
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import PARTS, Outcome, Program, Subject, subject_id
from calaim_cli.policy.questions import truths_of
from calaim_cli.policy.rules import Rule, Truth, Truths, criteria_of
from strategies import determine, full_answers, interviews, kept_questions, known, policy_answers, rules, unhurried

NO, UNKNOWN, YES = Truth.NO, Truth.UNKNOWN, Truth.YES
EVERY_STATE = [Parts(*state) for state in product(Truth, repeat=6)]
shipped = settings(unhurried, max_examples=60)


def by_the_policy(*, rule: bool, discretion: bool, excluded: bool, choose_one: bool, first: bool, limit: bool) -> str:
    """The steps from known parts to an outcome, written down a second time."""
    if not rule and not discretion:
        return "unlikely"
    obstacles = {
        "unlikely": excluded,
        "choose-one": choose_one,
        "not-yet": not first,
        "plan-discretion": not limit,
    }
    clear = "likely" if rule else "plan-discretion"
    return next((outcome for outcome, stands in obstacles.items() if stands), clear)


def ways(parts: Parts) -> list[dict[str, bool]]:
    """Every way of settling the unknown parts, each part taken by itself."""
    either = [(False, True) if truth is UNKNOWN else (truth is YES,) for truth in parts]
    return [dict(zip(PARTS, way, strict=True)) for way in product(*either)]


def test_every_state_has_the_outcome_of_the_policy() -> None:
    """All 729 states of the parts come out as the policy says, unknown ones if every way leads to the same."""
    for parts in EVERY_STATE:
        ends = {by_the_policy(**way) for way in ways(parts)}
        assert outcome_of(parts) == (ends.pop() if len(ends) == 1 else "need-answers"), parts


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        pytest.param(Parts(YES), "likely", id="rule-met-and-nothing-else-said"),
        pytest.param(Parts(NO), "unlikely", id="rule-not-met"),
        pytest.param(Parts(NO, YES), "plan-discretion", id="below-the-rule-but-open-to-the-plan"),
        pytest.param(Parts(YES, excluded=YES, choose_one=YES, first=NO, limit=NO), "unlikely", id="excluded-first"),
        pytest.param(Parts(YES, choose_one=YES, first=NO, limit=NO), "choose-one", id="then-the-choice"),
        pytest.param(Parts(YES, first=NO, limit=NO), "not-yet", id="then-the-step-before"),
        pytest.param(Parts(YES, limit=NO), "plan-discretion", id="then-the-limit"),
        pytest.param(Parts(UNKNOWN, excluded=YES), "unlikely", id="excluded-whatever-else-is-open"),
        pytest.param(Parts(UNKNOWN, YES, limit=NO), "plan-discretion", id="up-to-the-plan-either-way"),
        pytest.param(Parts(UNKNOWN), "need-answers", id="rule-open"),
        pytest.param(Parts(YES, excluded=UNKNOWN), "need-answers", id="exclusion-open"),
        pytest.param(Parts(NO, UNKNOWN), "need-answers", id="discretion-open"),
    ],
)
def test_outcomes_that_matter_most(parts: Parts, outcome: str) -> None:
    """The order of the steps, and what open parts do, match what a reviewer would work out by hand."""
    assert outcome_of(parts) == outcome


def test_open_parts_are_those_that_can_change_the_outcome() -> None:
    """A part counts as open exactly when it is unknown and some way of settling the others lets it decide."""
    for parts in EVERY_STATE:
        changing = {
            name
            for name in PARTS
            if getattr(parts, name) is UNKNOWN
            and any(by_the_policy(**way | {name: True}) != by_the_policy(**way | {name: False}) for way in ways(parts))
        }
        assert set(still_open(parts)) == changing, parts
        assert bool(changing) is (outcome_of(parts) is Outcome.NEED_ANSWERS), parts


def test_decisive_parts_are_enough_and_none_too_many() -> None:
    """The parts given as the reason force the outcome by themselves; without any one of them it is open."""
    for parts in EVERY_STATE:
        outcome = outcome_of(parts)
        if outcome is Outcome.NEED_ANSWERS:
            continue
        kept = {name: getattr(parts, name) for name in decisive(parts)}
        nothing = dict.fromkeys(PARTS, UNKNOWN)
        assert outcome_of(Parts(**nothing | kept)) is outcome, parts
        for name in kept:
            assert outcome_of(Parts(**nothing | kept | {name: UNKNOWN})) is Outcome.NEED_ANSWERS, (parts, name)


def subject(**parts: Rule) -> Subject:
    """An invented program with these parts."""
    entry = Program(id="it", name="It", summary="It helps.", who="Some.", source=("S",))
    return Subject("it", entry, parts)


def test_reasons_tell_criterion_truth_and_part() -> None:
    """A reason says which criterion decided, whether it is met, and which part of the policy it belongs to."""
    one = subject(rule=Rule(all_of=("old",)), excluded=Rule(any_of=("elsewhere", "away")))
    decided = determine(one, {"old": YES, "elsewhere": NO, "away": NO})
    assert decided.outcome is Outcome.LIKELY
    assert [(reason.criterion, reason.met, reason.part) for reason in decided.because] == [
        ("old", True, "rule"),
        ("elsewhere", False, "excluded"),
        ("away", False, "excluded"),
    ]


def test_only_what_can_change_the_outcome_is_missing() -> None:
    """With an exclusion met nothing is missing; with the rule not met, its gates are not asked about."""
    one = subject(rule=Rule(all_of=("old", "tall")), excluded=Rule(any_of=("elsewhere",)))
    assert determine(one, {"elsewhere": YES}).missing == ()
    assert determine(one, {"old": NO}).missing == ()
    assert determine(one, {"old": YES}).missing == ("tall", "elsewhere")


def test_the_rule_is_the_reason_before_a_gate() -> None:
    """Someone whom the rule does not fit is told that, and not about an exclusion that then does not matter."""
    one = subject(rule=Rule(all_of=("old",)), excluded=Rule(any_of=("elsewhere",)))
    assert [reason.part for reason in determine(one, {"old": NO, "elsewhere": YES}).because] == ["rule"]


SUBJECTS = st.fixed_dictionaries({"rule": rules}, optional=dict.fromkeys(PARTS[1:], rules)).map(
    lambda parts: subject(**parts)
)


@unhurried
@given(one=SUBJECTS, answers=full_answers, kept=kept_questions)
def test_invented_outcomes_are_never_overturned(one: Subject, answers: dict[str, int], kept: set[str]) -> None:
    """Whatever the rules are, an outcome other than need-answers stays when more is learned."""
    early, late = determine(one, known(answers, kept)), determine(one, known(answers))
    assert early.outcome in (Outcome.NEED_ANSWERS, late.outcome)
    assert late.outcome is not Outcome.NEED_ANSWERS


@unhurried
@given(one=SUBJECTS, answers=full_answers, kept=kept_questions)
def test_invented_outcomes_are_open_or_explained(one: Subject, answers: dict[str, int], kept: set[str]) -> None:
    """Whatever the rules are, a result has either reasons that suffice or unknown criteria that are missing."""
    truth = known(answers, kept)
    decided = determine(one, truth)
    needs = decided.outcome is Outcome.NEED_ANSWERS
    assert bool(decided.missing) is needs
    assert bool(decided.because) is not needs
    assert not truth.keys() & set(decided.missing)
    reasons = {reason.criterion: truth[reason.criterion] for reason in decided.because}
    assert determine(one, reasons).outcome is decided.outcome


@unhurried
@given(one=SUBJECTS, answers=full_answers, kept=kept_questions)
def test_what_is_not_missing_changes_no_outcome(one: Subject, answers: dict[str, int], kept: set[str]) -> None:
    """No question that can still change a result is left off its list: with all else known, the result stays."""
    truth = known(answers, kept)
    decided = determine(one, truth)
    besides = {criterion: value for criterion, value in known(answers).items() if criterion not in decided.missing}
    assert determine(one, besides | truth).outcome is decided.outcome


@unhurried
@given(one=SUBJECTS, members=st.lists(st.tuples(full_answers, kept_questions), min_size=2, max_size=6))
def test_many_members_are_told_apart(one: Subject, members: list[tuple[dict[str, int], set[str]]]) -> None:
    """Deciding one member after another gives each the determination of her own answers."""
    decide = decider(one)
    for answers, kept in members:
        truth = known(answers, kept)
        assert decide(Truths(truth)) == determine(one, truth)


@shipped
@given(data=st.data())
def test_shipped_outcomes_are_never_overturned(catalog: Policy, data: st.DataObject) -> None:
    """In the shipped policy, more answers never overturn an outcome, and all answers settle every outcome."""
    asked = data.draw(interviews(catalog))
    tell = truths_of(catalog.criteria.values())
    some, every = tell(asked.partial), tell(asked.full)
    for one in catalog.subjects:
        early, late = determine(one, some), determine(one, every)
        assert early.outcome in (Outcome.NEED_ANSWERS, late.outcome), one.entry.id
        assert late.outcome is not Outcome.NEED_ANSWERS, one.entry.id


@shipped
@given(data=st.data())
def test_shipped_outcomes_are_open_or_explained(catalog: Policy, data: st.DataObject) -> None:
    """In the shipped policy, a result lacks answers exactly while it needs them; else its reasons suffice."""
    partial = data.draw(interviews(catalog)).partial
    some = truths_of(catalog.criteria.values())(partial)
    answered = {question for question, answer in partial.items() if answer != "unknown"}
    for one in catalog.subjects:
        decided = determine(one, some)
        assert bool(decided.missing) is (decided.outcome is Outcome.NEED_ANSWERS), one.entry.id
        assert not answered & set(catalog.questions_of(decided.missing)), one.entry.id
        reasons = {reason.criterion: some[reason.criterion] for reason in decided.because}
        assert determine(one, reasons).outcome is decided.outcome, one.entry.id
        assert all(reason.met is (some[reason.criterion] is YES) for reason in decided.because), one.entry.id


@pytest.fixture(scope="module")
def deciders(catalog: Policy) -> dict[str, Decide]:
    """A decider for every subject of the shipped policy, by id."""
    return {subject_id(one): decider(one) for one in catalog.subjects}


@shipped
@given(data=st.data())
def test_an_answer_taken_away_is_asked_for(catalog: Policy, deciders: dict[str, Decide], data: st.DataObject) -> None:
    """Without any one answer, an outcome of the shipped policy stays, or asks for that answer and no other."""
    full = data.draw(policy_answers(catalog))
    every = truths_of(catalog.criteria.values())(full)
    for one in catalog.subjects:
        decide = deciders[subject_id(one)]
        settled = decide(every).outcome
        uses = {criterion for rule in one.parts.values() for criterion in criteria_of(rule)}
        for question in catalog.questions_of(uses):
            taken_away = {used for used in uses if catalog.criteria[used].question == question}
            decided = decide(Truths({used: every[used] for used in uses - taken_away}))
            assert decided.outcome in (Outcome.NEED_ANSWERS, settled), one.entry.id
            if decided.outcome is Outcome.NEED_ANSWERS:
                assert catalog.questions_of(decided.missing) == (question,), one.entry.id
