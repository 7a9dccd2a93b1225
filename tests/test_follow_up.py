"""What may follow what, and when to ask: every pair of statuses, every clock at its edges. Nothing is ever overdue."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from calaim_cli.decide.advice import working_days_from
from calaim_cli.decide.follow_up import (
    Step,
    Story,
    clocks_of,
    counts,
    followed,
    is_open,
    misstep,
    uncounted_holidays,
    unfit_details,
    waiting,
    words_of,
)
from calaim_cli.decide.sound_talk import unsound_follow_up
from calaim_cli.policy.policy import Policy
from calaim_cli.show.blocks import Table
from calaim_cli.show.referrals import list_view
from conftest import Run

TODAY = date(2026, 12, 31)
DAY = date(2026, 11, 23)  # a Monday, before Thanksgiving
NEXT = {
    "drafted": {"sent"},
    "sent": {"received", "bounced", "authorized", "not-authorized", "assigned", "started", "closed"},
    "bounced": {"sent", "received", "not-authorized", "closed"},
    "received": {"authorized", "not-authorized", "assigned", "started", "closed"},
    "authorized": {"authorized", "not-authorized", "assigned", "started", "closed"},
    "not-authorized": {"authorized", "closed"},
    "assigned": {"authorized", "not-authorized", "started", "closed"},
    "started": {"authorized", "not-authorized", "closed"},
    "closed": set[str](),
}
"""What may follow, written down a second time by hand."""


def story(*steps: tuple[str, date] | Step, program: str = "ecm", expedited: bool = False) -> Story:
    """A referral with these steps."""
    made = tuple(one if isinstance(one, Step) else Step(*one) for one in steps)
    return Story("7RCV43", "", "kp", program, (), "kp-north-email", expedited, made)


def last_days(of: Story, policy: Policy, as_of: date = DAY) -> dict[str, tuple[date, bool]]:
    """The clocks that run, each with its last day and whether it is time to ask."""
    return {due.clock.id: (due.last_day, due.ask_now) for due in clocks_of(of, as_of, policy)}


@pytest.mark.parametrize(("first", "then"), [*product(NEXT, NEXT)])
def test_every_pair_of_statuses(catalog: Policy, first: str, then: str) -> None:
    """A step that is not allowed next is refused with those that are, and every allowed one is accepted."""
    data = catalog.follow_up_file
    assert set(data.statuses) == set(NEXT)
    wrong = misstep(story((first, DAY)), Step(then, DAY), TODAY, data)
    assert (wrong is None) is (then in NEXT[first])
    if wrong:
        assert wrong.code == "misstep"
        assert all(one in wrong.message for one in NEXT[first] or {"undo"})
    assert is_open(story((first, DAY)), data) is (first != "closed")


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (Step("sent", DAY - timedelta(1)), "before"),
        (Step("sent", TODAY + timedelta(1)), "not-yet-come"),
        (Step("sent", DAY), ""),
        (Step("sent", TODAY), ""),
    ],
)
def test_day_of_a_step_is_between_the_last_one_and_today(catalog: Policy, step: Step, code: str) -> None:
    """Nothing is recorded that predates the step before it, or has not happened yet."""
    wrong = misstep(story(("drafted", DAY)), step, TODAY, catalog.follow_up_file)
    assert (wrong.code if wrong else "") == code


def test_end_is_not_before_the_authorization(catalog: Policy) -> None:
    """A typo in the year of the letter's last day is caught."""
    step = Step("authorized", DAY, until=DAY - timedelta(1))
    wrong = misstep(story(("sent", DAY)), step, TODAY, catalog.follow_up_file)
    assert wrong is not None
    assert "--until" in wrong.message


@pytest.mark.parametrize(
    ("status", "reason", "until", "code"),
    [
        ("closed", "", None, "reason"),
        ("closed", "services-received", None, ""),
        ("closed", "service-received", None, "unknown-reason"),
        ("sent", "other", None, "reason"),
        ("sent", "", DAY, "until"),
        ("authorized", "", DAY, ""),
        ("authorized", "", None, ""),
    ],
)
def test_details_go_with_their_status(catalog: Policy, status: str, reason: str, until: date, code: str) -> None:
    """A reason belongs to closing alone and is required there; a last day belongs to an authorization."""
    wrong = unfit_details(status, reason, until, catalog.follow_up_file)
    assert (wrong.code if wrong else "") == code


CLOCKS = [
    # sent on Monday; Thursday and Friday are holidays, so the fifth working day is Wednesday of the week after
    ("ecm-decision", story(("sent", DAY)), date(2026, 12, 2), False),
    # over a weekend alone
    ("ecm-decision", story(("sent", date(2026, 10, 2))), date(2026, 10, 9), False),
    # across the year's end, with Christmas and New Year's Day
    ("ecm-decision", story(("sent", date(2026, 12, 23))), date(2026, 12, 31), False),
    ("ecm-decision", story(("sent", date(2026, 12, 28))), date(2027, 1, 5), False),
    # the plan said that it has it: from that day on
    ("ecm-decision", story(("sent", DAY), ("received", date(2026, 12, 1))), date(2026, 12, 8), False),
    # 72 hours go on over holidays and weekends
    ("ecm-expedited", story(("sent", DAY), expedited=True), date(2026, 11, 26), False),
    ("ecm-assignment", story(("sent", DAY), ("authorized", date(2026, 12, 1))), date(2026, 12, 15), False),
    ("arrived", story(("sent", date(2026, 11, 25))), date(2026, 11, 30), True),
    ("ask-cs-chw", story(("sent", DAY), program="chw"), date(2026, 12, 9), True),
    ("bounced", story(("sent", DAY), ("bounced", date(2026, 11, 28))), date(2026, 11, 28), True),
    ("not-sent", story(("drafted", date(2026, 11, 20))), date(2026, 11, 23), True),
    ("not-authorized", story(("sent", DAY), ("not-authorized", DAY)), DAY, True),
    ("renewal", story(("sent", DAY), Step("authorized", DAY, "", date(2027, 11, 30))), date(2027, 11, 12), True),
]


@pytest.mark.parametrize(("clock", "of", "last_day", "own"), CLOCKS, ids=lambda one: str(one)[:30])
def test_clock_on_its_last_day_and_around_it(catalog: Policy, clock: str, of: Story, last_day: date, own: bool) -> None:
    """A plan has all of its last day and is asked from the next on; our own reminder is due on the day itself."""
    around = {days: last_days(of, catalog, last_day + timedelta(days))[clock] for days in (-30, -1, 0, 1, 400)}
    assert {day for day, _ in around.values()} == {last_day}
    assert [asked for _, asked in around.values()] == [False, False, own, True, True]


def test_every_clock_is_tried_above(catalog: Policy) -> None:
    """A new clock in the data has to get its days here."""
    tried = {clock for clock, *_ in CLOCKS} | {"medi-cal-renewal"}  # by every day, below
    assert {one.id for one in catalog.follow_up_file.clock} == tried


OPEN = [status for status in NEXT if status != "closed"]


@given(st.sampled_from(OPEN), st.dates(date(2026, 9, 1), date(2027, 12, 31)), st.integers(0, 11))
def test_renewal_of_medi_cal_from_two_months_before_to_its_end(
    catalog: Policy, status: str, as_of: date, later: int
) -> None:
    """While a referral is open, it says to remind the member from two months before until the month is over."""
    number = 2026 * 12 + 11 + later
    renewal = date(number // 12, number % 12 + 1, 1)
    of = story((status, date(2026, 8, 3)))._replace(renewal=renewal)
    found = [due for due in clocks_of(of, as_of, catalog) if due.clock.id == "medi-cal-renewal"]
    months = number - (as_of.year * 12 + as_of.month - 1)
    assert [due.ask_now for due in found] == ([months <= 2] if months >= 0 else [])
    assert all(f"{renewal:%B %Y}" in words_of(due, of) for due in found)
    (one,) = waiting([of], as_of, catalog)
    assert (found[0] in one.dues) if 0 <= months <= 2 else all(due not in one.dues or not due.ask_now for due in found)


def test_renewal_of_medi_cal_hides_no_question_to_the_plan(catalog: Policy) -> None:
    """What to ask the plan comes first, then the renewal; about a closed referral nothing is said."""
    of = story(("sent", date(2027, 1, 4)))._replace(renewal=date(2027, 3, 1))
    (one,) = waiting([of], date(2027, 2, 1), catalog)
    assert [due.clock.id for due in one.dues] == ["ecm-decision", "medi-cal-renewal"]
    assert not clocks_of(story(("closed", DAY))._replace(renewal=date(2027, 1, 1)), DAY, catalog)


@pytest.mark.parametrize("status", [one for one in NEXT if one != "closed"])
def test_renewal_of_medi_cal_stands_in_the_list_whatever_else_is_due(catalog: Policy, status: str) -> None:
    """The list says to remind even next to what is not asked of a plan, such as whether the draft was sent."""
    of = story((status, DAY))._replace(renewal=date(2027, 3, 1))
    found = waiting([of], date(2027, 2, 1), catalog)
    _, table = list_view(found, catalog)
    assert isinstance(table, Table)
    assert "Medi-Cal renewal in March 2027: remind the member now." in table.rows[0][-1]


def test_clocks_run_for_what_they_are_of(catalog: Policy) -> None:
    """For an expedited request the routine clock does not run; for a renewal, the first assignment's does not."""
    assert set(last_days(story(("sent", DAY)), catalog)) == {"arrived", "ecm-decision"}
    assert set(last_days(story(("sent", DAY), expedited=True), catalog)) == {"arrived", "ecm-expedited"}
    assert set(last_days(story(("sent", DAY), program="cs"), catalog)) == {"arrived", "ask-cs-chw"}
    renewed = story(("sent", DAY), ("authorized", DAY), ("started", DAY), ("authorized", DAY))
    assert set(last_days(renewed, catalog)) == set()
    assert set(last_days(story(("sent", DAY), ("closed", DAY)), catalog)) == set()


def test_renewal_goes_by_the_newest_letter(catalog: Policy) -> None:
    """Once there is a renewal, the end of the first authorization no longer triggers a reminder."""
    first, second = Step("authorized", DAY, "", date(2027, 5, 31)), Step("authorized", DAY, "", date(2027, 11, 30))
    of = story(("sent", DAY), first, ("started", DAY), second)
    assert last_days(of, catalog)["renewal"][0] == date(2027, 11, 12)
    without_a_day = story(("sent", DAY), first, ("started", DAY), ("authorized", date(2027, 6, 1)))
    assert "renewal" not in last_days(without_a_day, catalog)


def test_end_that_has_passed_is_told_as_such(catalog: Policy) -> None:
    """On its last day an authorization ends soon; the next day it has ended, and the words say so."""
    end = date(2027, 11, 30)
    of = story(("sent", DAY), Step("authorized", DAY, "", end), ("assigned", DAY))
    said = [clocks_of(of, end + timedelta(days), catalog)[0].ask for days in (0, 1)]
    assert ["ends soon" in words for words in said] == [True, False]
    assert "has passed" in said[1]


@given(st.dates(date(2026, 1, 1), date(2027, 12, 1)), st.integers(0, 15))
def test_working_days_are_counted_one_by_one(catalog: Policy, start: date, count: int) -> None:
    """The working days between a day and the end of its clock match a count of our own."""
    holidays = catalog.routes_file.holidays
    end = working_days_from(start, count, holidays)
    days = [start + timedelta(n) for n in range(1, (end - start).days + 1)]
    assert sum(day.weekday() < 5 and day not in holidays for day in days) == count
    assert count == 0 or (end.weekday() < 5 and end not in holidays)


def test_year_without_holidays_is_said(catalog: Policy) -> None:
    """Days in a year with no holidays on record are counted without them, and a message says so."""
    due = clocks_of(story(("sent", date(2027, 12, 30))), DAY, catalog)
    assert [one.message for one in uncounted_holidays(due, catalog)] == [
        "the holidays of 2028 are not known, so working days are counted without them"
    ]
    assert last_days(story(("sent", date(2027, 12, 30))), catalog)["ecm-decision"][0] == date(2028, 1, 6)
    assert not [*uncounted_holidays(clocks_of(story(("sent", DAY)), DAY, catalog), catalog)]


def test_list_begins_with_what_to_ask_about(catalog: Policy) -> None:
    """Longest overdue first, then what comes due, then the rest; of several clocks, the one that matters."""
    several = [
        story(("sent", date(2026, 12, 1)))._replace(reference="CCCC33"),
        story(("sent", date(2026, 11, 9)))._replace(reference="DDDD44"),
        story(("sent", DAY))._replace(reference="FFFF66"),
        story(("started", DAY))._replace(reference="HHHH77"),
    ]
    found = waiting(several, date(2026, 12, 1), catalog)
    assert [(one.story.reference, one.ask_now) for one in found] == [
        ("DDDD44", True),
        ("FFFF66", True),
        ("CCCC33", False),
        ("HHHH77", False),
    ]
    assert [one.dues[0].clock.id if one.dues else "" for one in found] == ["ecm-decision", "arrived", "arrived", ""]


def test_counts_are_by_plan_status_and_reason() -> None:
    """Each referral is counted once."""
    several = [story(("sent", DAY)), story(("sent", DAY)), story(Step("closed", DAY, "other"))]
    assert counts(several) == [("kp", "closed", "other", 1), ("kp", "sent", "", 2)]


def test_sobering_centers_are_not_followed(catalog: Policy) -> None:
    """What is outside the closed-loop rules has no story; what is requested with it has."""
    assert followed("cs", ["sobering_centers"], catalog) is None
    assert followed("cs", ["sobering_centers", "respite"], catalog) == ("cs", ("respite",))
    assert followed("ecm", [], catalog) == ("ecm", ())


SLIPS = [
    ('language = "en"', 'language = "es"', "not-reviewed"),
    ('at = ["drafted"]', 'at = ["draftet"]', "unknown-status"),
    ('may_follow = ["sent"]', 'may_follow = ["send"]', "unknown-status"),
    ("days = 3\n", "days = 3\nworking_days = 2\n", "clock"),
    ("months_before_renewal = 2\n", "", "clock"),
    ('source = ["G26 p.112"]\ngrade = "A"', 'source = ["G26 p.112"]', "missing-key"),
    ('source = ["G26 p.112"]', "source = []", "no-source"),
    ("Our reference: {reference}", "Our reference: {first_name}", "place"),
    ("Hello {first_name}", "Hello {last_name}", "place"),
    ("respite = ", "respit = ", "missing-key"),
    ("ask_after_end = ", "# ", "clock"),
    ('takes = "until"', 'takes = "untill"', "takes"),
    ("lists_asked = true\n", "", "lists-asked"),
    ("working_days = 5\n", "working_days = 7\n", "not-in-text"),
    ("days = 3\npromise", "days = 2\npromise", "not-in-text"),
    ('call = ["managed_care_ombudsman"', 'call = ["ombudsman"', "unknown-contact"),
]


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ("not-authorized", "The member may appeal within 60 days of the letter."),
        ("medi-cal-renewal", "The packet comes about 60 days before."),
        ("ask-cs-chw", "Ask after 10 working days, and again 5 working days later."),
        ("ecm-expedited", "Expedited: within 3 calendar days."),
    ],
)
def test_other_numbers_beside_a_clocks_own_are_no_slip(catalog: Policy, clock: str, said: str) -> None:
    """What a clock tells may name days that are not its own, as long as its own are not told otherwise."""
    file = catalog.follow_up_file
    told = tuple(replace(one, ask=said) if one.id == clock else one for one in file.clock)
    assert [*unsound_follow_up(replace(catalog, follow_up_file=replace(file, clock=told)))] == []


@pytest.mark.thorough
@pytest.mark.parametrize(("old", "new", "code"), SLIPS, ids=[code for *_, code in SLIPS])
def test_slip_in_the_data_is_named(run: Run, data_copy: Path, old: str, new: str, code: str) -> None:
    """`calaim data check` says what is wrong with the file, and where; machine translations are refused too."""
    path = data_copy / "follow_up.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    ran = run("data", "check", "--data", data_copy)
    assert ran.code == 4
    assert re.search(rf"^  follow_up\.toml: .*: {code}: ", ran.err, re.MULTILINE), ran.err
