"""Cases: what a decoded document may hold, and every problem with its keys and types."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.case.case import Case, Member, Referrer, age_of, read_case, with_profile
from conftest import AS_OF, COMPLETE, changed


def found(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Where and with which code a document is wrong."""
    return [(problem.where, problem.code) for problem in read_case(document)[1]]


def test_complete_case_is_read_whole() -> None:
    """Every key of a case arrives where it belongs, as it was written."""
    case, problems = read_case(COMPLETE)
    assert problems == ()
    assert case.member.first_name == "Test"
    assert case.member.mrn == "00012345"
    assert case.member.kp_member is True
    assert case.referrer.npi == "1234567893"
    assert case.referral.current_services == ("none",)
    assert case.consent.member_agreed is True
    assert case.answers["ed_visits_6_months"] == 5


def test_nothing_is_preset() -> None:
    """What a case does not say is not given: no consent, membership, program or service is ever assumed."""
    case, problems = read_case({})
    assert problems == ()
    assert case == Case()
    assert {getattr(case.consent, key) for key in case.consent.__struct_fields__} == {None, ""}
    assert case.member.kp_member is None
    assert (case.referral.program, case.referral.services, case.referral.self_referral) == ("", (), False)


def test_answers_alone_are_a_case() -> None:
    """A case to be checked may hold its answers alone."""
    case, problems = read_case({"answers": {"visits": 5}})
    assert (case.answers, problems) == ({"visits": 5}, ())


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        pytest.param({"member.first_nam": "T"}, ("member.first_nam", "unknown-key"), id="misspelled key"),
        pytest.param({"membre": {}}, ("membre", "unknown-key"), id="misspelled table"),
        pytest.param({"member.zip": 94401}, ("member.zip", "type"), id="ZIP without quotes"),
        pytest.param({"member.mrn": 12345}, ("member.mrn", "type"), id="record number without quotes"),
        pytest.param(
            {"member.kp_member": "perhaps"}, ("member.kp_member", "type"), id="a word that is neither yes nor no"
        ),
        pytest.param({"consent.attested": 1}, ("consent.attested", "type"), id="1 for true"),
        pytest.param({"referral.services": "respite"}, ("referral.services", "type"), id="one text for a list"),
        pytest.param({"referral.services": ["respite", 3]}, ("referral.services", "type"), id="number in a list"),
        pytest.param({"member.phone": None, "member": "Test"}, ("member", "type"), id="text for a table"),
        pytest.param({"answers": []}, ("answers", "type"), id="list for a table"),
        pytest.param({"schema": "calaim.case/2"}, ("schema", "schema"), id="schema of another edition"),
        pytest.param({"schema": 1}, ("schema", "schema"), id="schema as a number"),
    ],
)
def test_problem_is_named(change: dict[str, Any], problem: tuple[str, str]) -> None:
    """A wrong key, type or schema is named by its place and a stable code; nothing is converted in silence."""
    assert found(changed(COMPLETE, change)) == [problem]


@pytest.mark.parametrize(
    ("key", "meant"),
    [("member.first_nam", "member.first_name"), ("consent.atested", "consent.attested"), ("membr", "member")],
)
def test_unknown_key_gets_a_suggestion(key: str, meant: str) -> None:
    """A misspelled key is not dropped: the near key is suggested."""
    problem = read_case(changed(COMPLETE, {key: "x"}))[1][0]
    assert f"did you mean {meant}" in problem.message


def test_unquoted_number_says_how_to_quote() -> None:
    """Somebody who wrote a ZIP code as a number learns that it is text, and how text is written."""
    problem = read_case({"member": {"zip": 94401}})[1][0]
    assert "in quotes" in problem.message


def test_all_problems_are_listed_at_once() -> None:
    """One run shows all that is wrong with the keys and types, so that one edit mends it."""
    document = {
        "schema": "x",
        "membr": {},
        "member": {"zip": 1, "mrn": 2, "colour": "x"},
        "consent": {"part2": "perhaps"},
    }
    assert found(document) == [
        ("schema", "schema"),
        ("membr", "unknown-key"),
        ("member.zip", "type"),
        ("member.mrn", "type"),
        ("member.colour", "unknown-key"),
        ("consent.part2", "type"),
    ]


def test_problems_quote_no_value() -> None:
    """What stands in a case is never repeated in a message about it."""
    document = changed(COMPLETE, {"member.zip": 8675309, "member.kp_member": "canary", "referral.services": "canary"})
    said = " ".join(problem.message for problem in read_case(document)[1])
    assert "8675309" not in said
    assert "canary" not in said


def test_toml_date_with_a_time_is_taken_at_midnight_alone() -> None:
    """A date of birth from a database may bring midnight along; another time of day says that it is something else."""
    for moment, age in ((datetime(1980, 3, 4), 46), (datetime(1980, 3, 4, 8, 30), None)):  # noqa: DTZ001 a local one
        case, problems = read_case({"member": {"date_of_birth": moment}})
        assert (age_of(case, AS_OF), problems) == (age, ())


def test_toml_date_is_a_date_of_birth() -> None:
    """A date of birth may be written as a TOML date, without quotes."""
    case, problems = read_case({"member": {"date_of_birth": date(1980, 3, 4)}})
    assert (case.member.date_of_birth, problems) == ("1980-03-04", ())


def test_profile_fills_what_the_case_leaves_out() -> None:
    """The user's own details need not stand in each case; what a case does say wins."""
    case = Case(referrer=Referrer(name="Sam Example"))
    profile = Referrer(name="Pat Example", email="pat@example.org")
    assert with_profile(case, profile).referrer == Referrer(name="Sam Example", email="pat@example.org")


@pytest.mark.parametrize(
    ("born", "age"),
    [
        pytest.param("2005-11-23", 20, id="21 tomorrow"),
        pytest.param("2005-11-22", 21, id="21 today"),
        pytest.param("2005-11-21", 21, id="21 since yesterday"),
        pytest.param("11/22/2005", 21, id="as the form writes it"),
        pytest.param("", None, id="not given"),
        pytest.param("2005-02-29", None, id="not a day"),
    ],
)
def test_age_is_in_completed_years(born: str, age: int | None) -> None:
    """Age counts completed years on the day decided for, and is unknown where the date of birth is no date."""
    assert age_of(Case(member=Member(date_of_birth=born)), AS_OF) == age


JSON_LIKE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
TABLE_KEYS = st.sampled_from([*COMPLETE, *COMPLETE["member"], "other"])


@given(st.dictionaries(TABLE_KEYS, JSON_LIKE | st.dictionaries(TABLE_KEYS, JSON_LIKE, max_size=4), max_size=5))
def test_any_document_is_read_or_refused(document: dict[str, Any]) -> None:
    """Whatever a file holds, reading ends in a case whose types hold, and in problems with a place and a next step."""
    case, problems = read_case(document)
    assert all(
        isinstance(getattr(case.member, key), str) for key in case.member.__struct_fields__ if key != "kp_member"
    )
    assert all(problem.where and problem.code and problem.message for problem in problems)
