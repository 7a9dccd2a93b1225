"""Which plan a case names, and what is said where it names none."""

from __future__ import annotations

from calaim_cli.case.case import Case, Member
from calaim_cli.decide.screening import membership_of
from calaim_cli.policy.policy import Policy


def test_what_the_case_says_is_not_repeated(catalog: Policy) -> None:
    """A text in the place of the plan, colons and all, is no part of the problem: it may be about the member."""
    [problem] = membership_of(Case(member=Member(plan="Kaiser: John Smith 94401")), catalog).problems
    assert problem.code == "unknown-plan"
    assert "Smith" not in problem.message
    assert "94401" not in problem.message
