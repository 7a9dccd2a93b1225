"""Whether the text of a criterion says the number that it tests, and what any answer to a question can meet."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import people
from calaim_cli.decide.criteria import telling_answers, unmeetable, ways_of
from calaim_cli.policy import load
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import Answer, truths_of
from calaim_cli.policy.rules import Truth
from strategies import policy_answers

CATALOG = load.load()
SAYS: list[tuple[str, dict[str, int], bool]] = [
    ("Is 21 or older", {"at_least": 21}, True),
    ("Is twenty-one or older", {"at_least": 21}, False),
    ("Is under 21", {"at_most": 20}, True),
    ("Is under 21", {"at_most": 21}, False),
    ("Is under 21", {"at_least": 21}, False),
    ("Is not yet 26: before the 26th birthday", {"at_most": 25}, True),
    ("Is 20 or younger", {"at_most": 20}, True),
    ("Is 20 or younger", {"at_most": 19}, False),
    ("Is older than 17", {"at_least": 18}, True),
    ("Is older than 17", {"at_least": 17}, False),
    ("Had 5 or more visits", {"at_least": 5}, True),
    ("Had 5 or more visits", {"at_least": 6}, False),
    ("Had 15 or more visits", {"at_least": 5}, False),
    ("Had more than 4 visits", {"at_least": 5}, True),
    ("Had no more than 4 visits", {"at_most": 4}, True),
    ("Had a visit", {"at_least": 1}, True),
    (f"Had {'9' * 5000} visits", {"at_least": 5}, False),
    ("Had many visits", {"at_least": 5}, False),
    ("Used less than $7,500", {"at_most": 7499}, True),
    ("Used less than $7,500", {"at_most": 7500}, False),
    ("Is 18 to 64", {"at_least": 18, "at_most": 64}, True),
    ("Is 18 to 64", {"at_least": 18, "at_most": 65}, False),
]


@pytest.mark.parametrize(("text", "test", "said"), SAYS)
def test_text_names_its_number(text: str, test: dict[str, Any], *, said: bool) -> None:
    """People read the text and the program reads the number: one that differs is found, written in digits."""
    limits = {"at_least": test.get("at_least"), "at_most": test.get("at_most")}
    own = replace(CATALOG.criteria["adult"], text=text, brief="", **limits)
    criteria = tuple(own if one.id == "adult" else one for one in CATALOG.programs_file.criterion)
    policy = replace(CATALOG, programs_file=replace(CATALOG.programs_file, criterion=criteria))
    assert ("not-in-text" not in {one.code for one in unmeetable(policy)}) is said


@given(data=st.data())
def test_whatever_is_answered_was_thought_of(data: st.DataObject) -> None:
    """What an answer meets is among what was worked out as possible: no rule is called unreachable that can be met."""
    answers: dict[str, Answer] = data.draw(policy_answers(CATALOG))
    for name, answer in answers.items():
        several = [one for one in CATALOG.criteria.values() if one.question == name]
        truths = truths_of(several)({name: answer})
        met = frozenset(one for one, truth in truths.items() if truth is Truth.YES)
        assert met in ways_of(CATALOG.questions[name], several)


def test_shipped_rules_can_be_met_and_missed(catalog: Policy) -> None:
    """No rule of the shipped data decides the same for everybody."""
    assert list(unmeetable(catalog)) == []


def test_telling_answers_show_every_way() -> None:
    """Numbers are tried at each step of the rules, choices one by one, so that a likelihood counts all of them."""
    questions, criteria = people.policy().questions, people.policy().criteria.values()
    tests = {one: [test for test in criteria if test.question == one] for one in questions}
    assert telling_answers(questions["ed_visits_6_months"], tests["ed_visits_6_months"]) == (0, 5)
    assert telling_answers(questions["respite_hours_used"], tests["respite_hours_used"]) == (0, 336)
    assert telling_answers(questions["age"], tests["age"]) == (0, 10, 18, 21, 26, 61)
    assert telling_answers(questions["complex_need"], tests["complex_need"]) == (True, False)
    assert telling_answers(questions["ihss_status"], tests["ihss_status"])[-1] == "none"
    assert ("none",) in telling_answers(questions["housing"], tests["housing"])
