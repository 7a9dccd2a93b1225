"""The screens of the interview: the results of answering everything, by far fewer prompts, and no mark misread."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise

import pytest
from msgspec.structs import replace

import people
from calaim_cli.decide.screens import (
    Answers,
    Mark,
    Shown,
    Talk,
    answers_of_marks,
    marked,
    not_known,
    open_to,
    screen_after,
    screens_left,
    standing,
    to_settle,
)
from calaim_cli.policy.places import KP, County
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, Subject
from calaim_cli.policy.questions import DONT_KNOW, Answer, Condition, Kind
from calaim_cli.policy.rules import Truth
from calaim_cli.policy.talk import Implied, Row
from callers import Caller, about, caller, drawn, outcomes, plausible, talk_of, talk_with, unsure, unsure_of_questions
from conftest import ROOT, THOROUGH

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
SHARES = (0.15, 0.3)
FEW = 200 if THOROUGH else 60
MANY = pytest.param(3000, marks=pytest.mark.slow)


def callers(count: int, seed: int = 2026) -> Iterator[Caller]:
    """So many callers, half with a story and half without."""
    yield from plausible(count // 2, seed)
    yield from drawn(count // 2, seed)


def seeded(seed: int) -> random.Random:
    """A source of chance that gives the same every time."""
    return random.Random(seed)  # noqa: S311 nothing secret is drawn


# The proofs


@pytest.mark.parametrize("share", [0.0, *SHARES])
@pytest.mark.parametrize("count", [FEW, MANY])
def test_by_question_nothing_is_lost(count: int, share: float) -> None:
    """Asked one question after the other, with some not known, nothing comes out otherwise than by asking them all."""
    talk, chance = about(), seeded(1)
    for who in callers(count):
        doubts = {one: DONT_KNOW for one in who.answers if chance.random() < share}
        replies, said = who.answers | doubts, Answers()
        while still_open := frozenset[str]().union(*open_to(talk, said).values()):
            question = min(still_open)
            said[question] = replies[question]
        assert outcomes(talk, said) == outcomes(talk, replies), who


@pytest.mark.parametrize("scope", [(), ("ecm",), ("cs",), ("chw",)], ids=["everything", "ecm", "cs", "chw"])
@pytest.mark.parametrize("count", [FEW, MANY])
def test_by_row_nothing_is_lost(count: int, scope: tuple[str, ...]) -> None:
    """Nobody loses a service by the screens: marked as they are true, they come to what all answers come to."""
    talk = about(*scope)
    for who in callers(count):
        held = talk_with(talk, who)
        assert outcomes(talk, held.answers) == outcomes(talk, who.answers), who
        assert not any(open_to(talk, held.answers).values())
        order = [talk.screens.index(shown.screen) for shown in held.shown]
        assert order == sorted(set(order)), "a screen came twice, or after a later one"


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("count", [FEW, MANY])
def test_by_row_with_rows_not_known_no_result_is_wrong(count: int, share: float) -> None:
    """Whatever nobody knows, half-known lists included: what is settled is true, and the rest is open."""
    talk, chance, settled = about(), seeded(3), 0
    for who in callers(count):
        held = talk_with(talk, unsure(who, share, chance))
        true, found = outcomes(talk, who.answers), outcomes(talk, held.answers)
        wrong = {one for one in found if found[one] not in {true[one], Outcome.NEED_ANSWERS}}
        assert not wrong, (wrong, who)
        settled += sum(one is not Outcome.NEED_ANSWERS for one in found.values())
    assert settled > count * len(talk.deciders) / 3


def test_age_not_known_asks_for_both() -> None:
    """Without an age the rows of children and of adults are asked, and nothing that is settled is wrong."""
    talk = about()
    for who in callers(FEW):
        held = talk_with(talk, who._replace(rows=who.rows | {"age": UNKNOWN}))
        true, found = outcomes(talk, who.answers), outcomes(talk, held.answers)
        assert all(found[one] in {true[one], Outcome.NEED_ANSWERS} for one in found), who


@pytest.mark.parametrize("share", [0.0, 0.15])
@pytest.mark.parametrize(("scope", "prompts", "ecm_at"), [((), 9, 7), (("ecm",), 7, 7)], ids=["everything", "ecm"])
def test_talk_is_short(scope: tuple[str, ...], prompts: int, ecm_at: int, share: float) -> None:
    """Half of the callers are through after nine screens, and know about ECM after seven, even if not all is known."""
    chance = seeded(9)
    held = [talk_with(about(*scope), unsure_of_questions(who, share, chance)) for who in plausible(FEW)]
    topics = [[shown.screen.follows or shown.screen.id for shown in one.shown] for one in held]
    changes = [sum(a != b for a, b in pairwise(one)) for one in topics]
    assert people.percentile([len(one.shown) for one in held], 50) <= prompts
    assert people.percentile([one.ecm_at or len(one.shown) for one in held], 50) <= ecm_at
    assert people.percentile(changes, 50) <= 7


@pytest.mark.thorough
def test_bench_prints_what_it_measured() -> None:
    """A developer who changes the screens sees with one command what it costs the callers."""
    command = [sys.executable, str(ROOT / "bench" / "interview.py")]
    done = subprocess.run([*command, "10"], capture_output=True, text=True, timeout=120, check=True)
    rows = [line.split("  ")[0] for line in done.stdout.splitlines()[1:] if not line.startswith(" ")]
    assert rows == ["everything"] * 3 + ["ecm"] * 3
    assert all(line.endswith("  0") for line in done.stdout.splitlines()[1:])
    assert subprocess.run([*command, "many"], capture_output=True, timeout=60, check=False).returncode == 2


UNSAFE = [
    Implied(
        id="N1",
        when=(Condition(question="released_within_12_months"),),
        then={"recent_transition": "leaving_jail_or_prison"},
        because="",
        source=("INF",),
    ),
    Implied(
        id="N2",
        when=(Condition(question="housing", any_choice=True),),
        then={"is_tenant": False},
        because="",
        source=("INF",),
    ),
]


@pytest.mark.thorough
@pytest.mark.parametrize("unsafe", UNSAFE, ids=[one.id for one in UNSAFE])
def test_control_a_fact_that_does_not_follow_is_noticed(catalog: Policy, unsafe: Implied) -> None:
    """The proofs are worth something: a tempting fact that does not follow makes outcomes differ."""
    file = replace(catalog.talk_file, implied=(*catalog.talk_file.implied, unsafe))
    talk = talk_of(replace(catalog, talk_file=file))
    assert any(outcomes(talk, talk_with(talk, who).answers) != outcomes(talk, who.answers) for who in callers(300))


@pytest.mark.thorough
@pytest.mark.parametrize("unsure_of", [0.0, 0.15])
def test_talk_goes_on_from_any_screen(unsure_of: float) -> None:
    """Whoever stops and goes on with the saved answers comes to the same result, and is asked nothing twice."""
    talk, chance = about(), seeded(5)
    for who in callers(30):
        asked = unsure(who, unsure_of, chance)
        whole = talk_with(talk, asked)
        for cut in range(1, len(whole.shown)):
            marks: dict[str, Mark] = {}
            for shown in whole.shown[:cut]:
                marks |= marked(shown, {row.id: asked.rows[row.id] for row in shown.rows}, NO)
            saved = answers_of_marks(talk, marks, {}).answers
            later = talk_with(talk, asked, saved)
            assert all(later.answers[question] == answer for question, answer in saved.items())
            if not unsure_of:
                assert outcomes(talk, later.answers) == outcomes(talk, whole.answers), (who, cut)


def screens_by_turns(talk: Talk, who: Caller, start: Answers) -> Iterator[tuple[Shown, dict[str, Mark]]]:
    """Each screen of a talk that goes on with these answers, and the marks of the screens before it."""
    marks: dict[str, Mark] = {}
    while (shown := screen_after(talk, marks, start)) is not None:
        yield shown, dict(marks)
        marks |= marked(shown, {row.id: who.rows[row.id] for row in shown.rows}, NO)


@pytest.mark.parametrize("scope", [(), ("cs",), ("asthma_remediation",)], ids=["everything", "cs", "one service"])
def test_no_row_is_asked_for_nothing(scope: tuple[str, ...]) -> None:
    """Of every row that is shown, also after a pause, yes and no come to two different things: no reply is dropped."""
    talk, chance = about(*scope), seeded(21)
    for who in callers(4):
        asked = unsure(who, 0.3, chance)
        begun = [marks for _, marks in screens_by_turns(talk, asked, {})]
        for start in (answers_of_marks(talk, marks, {}).answers for marks in begun):
            for shown, marks in screens_by_turns(talk, asked, start):
                for row in shown.rows:
                    others: dict[str, Mark] = {one.id: 3 if one.asks else NO for one in shown.rows}
                    ways: list[Mark] = [3, UNKNOWN] if row.asks else [YES, NO]
                    one, other = (answers_of_marks(talk, {**marks, **others, row.id: way}, start) for way in ways)
                    assert one.answers != other.answers, (row.id, start)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (None, {"supports_now", "supports_ever"}),
        (DONT_KNOW, set()),
        (("ecm", DONT_KNOW), set()),
        (("community_supports",), set()),
        (("ecm",), {"supports_ever"}),
        (("none",), {"supports_ever"}),
    ],
)
def test_a_row_goes_with_the_one_that_its_no_needs(given: Answer | None, shown: set[str]) -> None:
    """No Community Support in the past is asked together with none now, or once that is known, and never beside it."""
    start: dict[str, Answer] = {"age": 40} | ({} if given is None else {"current_services": given})
    screen = screen_after(about("asthma_remediation"), {}, start)
    assert screen is not None
    assert {row.id for row in screen.rows} & {"supports_now", "supports_ever"} == shown


FACTS = people.policy().talk_file.implied
TWINS = [{*one.then.items(), *other.then.items()} for one in FACTS for other in FACTS if one.id == f"{other.id}-back"]


@pytest.mark.parametrize("pair", TWINS, ids=lambda pair: "-".join(sorted(question for question, _ in pair)))
@pytest.mark.parametrize("mark", [NO, UNKNOWN])
def test_the_same_fact_is_not_asked_twice(pair: set[tuple[str, Answer]], mark: Truth) -> None:
    """Where each of two facts follows from the other, one no, or one not known, is enough for both."""
    rows = [(screen, row) for screen, row in ROWS if pair & {*row.yes.items()}]
    said = answers_by({"age": 12}, **whole_screen(rows[0][0], mark))
    again = [row for screen, row in rows if screen != rows[0][0] and not row.yes.keys() <= said.keys()]
    assert again == []


def test_a_no_is_carried_only_where_it_was_said() -> None:
    """No listed condition after jail, as a file says it, does not outdo the pregnancy that is told now."""
    start: Answers = {"age": 30, "justice_condition": ("none",)}
    assert answers_by(start, pregnant_or_postpartum=YES)["pregnant_or_postpartum"] is True
    assert answers_by({"age": 30}, justice_pregnant=NO)["pregnant_or_postpartum"] is False


@pytest.mark.parametrize("count", [30, MANY])
def test_rows_to_begin_with_change_nothing_but_their_place(catalog: Policy, count: int) -> None:
    """What a situation puts first on a screen is read first; the rest keeps its order, and no answer differs."""
    chance, ids = seeded(11), [row.id for _, row in ROWS]
    for who in callers(count):
        first = {one for one in ids if chance.random() < 0.2}
        talk, other = about(), talk_of(catalog, first=first)
        for screen, moved in zip(talk.screens, other.screens, strict=True):
            placed = [row for part in (True, False) for row in screen.rows if (row.id in first) is part]
            assert list(moved.rows) == placed
        held, begun = (talk_with(one, unsure(who, 0.15, seeded(12))) for one in (talk, other))
        assert begun.answers == held.answers, who


# Marks to answers


def answers_by(start: Mapping[str, Answer] | None = None, /, **marks: Mark) -> Answers:
    """What the marks answer, without the facts that follow."""
    said = answers_of_marks(about(), marks, start or {})
    return {question: answer for question, answer in said.answers.items() if question not in said.followed}


ROWS = [(screen.id, row) for screen in people.policy().talk_file.screen for row in screen.rows]


@pytest.mark.parametrize(("screen", "row"), ROWS, ids=[row.id for _, row in ROWS])
def test_a_tick_answers_what_the_row_says(screen: str, row: Row) -> None:
    """A tick answers each question that its row names, and no other: true, one more choice, or what is typed."""
    questions = people.policy().questions
    # A row for residents or adults is one for them only.
    start: dict[str, Answer] = {"nursing_facility_resident": True} if row.must_be else {}
    if not row.asks:
        given = answers_by(start, **{row.id: YES})
        expected = {one: (value,) if questions[one].kind is Kind.CHOICES else value for one, value in row.yes.items()}
        assert given == {**start, **expected}
    else:
        typed = 3 if questions[row.asks].kind is Kind.NUMBER else "at_maximum_hours"
        assert answers_by(start, **{row.id: typed}) == {**start, row.asks: typed}
        assert answers_by(start, **{row.id: UNKNOWN}) == {**start, row.asks: DONT_KNOW}


def whole_screen(name: str, rest: Truth, **ticks: Mark) -> dict[str, Mark]:
    """The marks of a screen of which every row is shown."""
    screen = next(one for one in about().screens if one.id == name)
    return marked(Shown(screen, screen.rows), ticks, rest)


def test_n_is_no_and_u_is_not_known() -> None:
    """An empty screen ended by "no" says no to all that it answers in full; ended by "not known" it says just that."""
    none, unknown = (answers_by({"age": 30}, **whole_screen("home", rest)) for rest in (NO, UNKNOWN))
    assert none["housing"] == ("none",)
    assert none["at_risk_of_homelessness"] is none["released_within_12_months"] is False
    assert none["nursing_facility_days"] == 0
    assert {unknown[one] for one in ("housing", "at_risk_of_homelessness", "released_within_12_months")} == {DONT_KNOW}
    assert "nursing_facility_days" not in unknown  # to be asked: the gate is open


def test_a_tick_in_passing_has_no_such_no() -> None:
    """No to the row of an ICF resident is no answer to "in or about to enter an ICF", which another screen asks."""
    said = answers_by({"age": 30}, **whole_screen("coverage", NO))
    assert said["excluded_programs"] == ("none",)
    assert "icf_or_subacute" not in said
    assert answers_by({"age": 30}, **whole_screen("coverage", NO, icf_resident=YES))["icf_or_subacute"] is True


@pytest.mark.parametrize(
    ("ticked", "rest", "answer"),
    [
        ({"doubled_up": YES}, NO, ("doubled_up",)),
        ({"doubled_up": YES, "shelter": UNKNOWN}, NO, ("doubled_up", DONT_KNOW)),
        ({"shelter": UNKNOWN}, NO, DONT_KNOW),
        ({"doubled_up": YES}, UNKNOWN, ("doubled_up", DONT_KNOW)),
        ({}, NO, ("none",)),
    ],
)
def test_a_list_is_as_known_as_its_rows(ticked: dict[str, Mark], rest: Truth, answer: Answer) -> None:
    """A row that nobody knows of makes its list half known: never none, and never whole."""
    assert answers_by({"age": 30}, **whole_screen("home", rest, **ticked))["housing"] == answer


def test_a_list_over_two_screens_is_not_ended_by_one_of_them() -> None:
    """Eleven times no after "a lasting condition: not known" does not make it none of the reasons."""
    later = whole_screen("chw", NO)
    assert answers_by(**whole_screen("health", NO, chronic=UNKNOWN))["smhs_dmc_criteria"] is False
    assert "chw_triggers" not in answers_by(**whole_screen("health", NO, chronic=UNKNOWN))
    assert answers_by(**whole_screen("health", NO, chronic=UNKNOWN), **later)["chw_triggers"] == DONT_KNOW
    assert "chw_triggers" not in answers_by(**later)
    assert answers_by(**whole_screen("health", NO), **later)["chw_triggers"] == ("none",)


def test_two_rows_of_one_question_are_either_or() -> None:
    """Leaving jail now or within a year: one tick is yes, two times no is no, and one not known leaves it open."""

    def released(**ticks: Mark) -> Answer:
        return answers_by({"age": 30}, **whole_screen("home", NO, **ticks))["released_within_12_months"]

    assert released(custody_now=UNKNOWN, custody_left=YES) is True
    assert released(custody_left=UNKNOWN) == DONT_KNOW
    assert released() is False


@pytest.mark.parametrize(
    ("ticks", "answer"),
    [
        ({}, "none"),
        ({"ihss_has": YES}, None),
        ({"ihss_applied": YES}, "applied"),
        ({"ihss_has": YES, "ihss_applied": YES}, "applied"),
        ({"ihss_cannot": YES}, None),
        ({"ihss_cannot": UNKNOWN}, DONT_KNOW),
        ({"ihss_applied": UNKNOWN}, None),
        ({"ihss_has": YES, "ihss_status": "at_maximum_hours"}, "at_maximum_hours"),
    ],
)
def test_three_rows_settle_ihss_together(ticks: dict[str, Mark], answer: str | None) -> None:
    """No to all three is none of the choices, an application is one; for the rest the choices are asked."""
    assert answers_by(**whole_screen("daily", NO) | ticks).get("ihss_status") == answer


def test_a_gate_answers_by_its_no_alone() -> None:
    """No visit of any kind is zero of each count; a visit, or not knowing, opens the counts instead."""
    counts = {"ed_visits_6_months", "stays_6_months", "ed_visits_12_months", "stays_12_months"}
    for mark in (NO, YES, UNKNOWN):
        said = answers_by({"age": 30}, visits_12_months=mark)
        assert {one: said.get(one) for one in counts} == dict.fromkeys(counts, 0 if mark is NO else None)
        limits = answers_by({"age": 30}, supports_now=mark, supports_ever=NO)
        assert limits.get("respite_hours_used") == (0 if mark is NO else None)
    assert answers_by(asthma=UNKNOWN)["asthma_poorly_controlled"] == DONT_KNOW


def test_corrected_gate_goes_before_what_was_said_behind_it() -> None:
    """Whoever goes back and says that there was no visit means it: the number given before does not stay unseen."""
    assert answers_by(visits_12_months=YES, ed_visits_6_months=4)["ed_visits_6_months"] == 4
    assert answers_by(visits_12_months=NO, ed_visits_6_months=4)["ed_visits_6_months"] == 0


@pytest.mark.parametrize("given", [("ed_visit_6_months",), DONT_KNOW, ("none",)])
def test_what_was_said_wins(given: Answer) -> None:
    """An answer that is there is never replaced: not by a tick in passing, and not by what follows from others."""
    said = answers_of_marks(about(), {"chronic": YES}, {"chw_triggers": given, "serious_health_condition": True})
    assert said.answers["chw_triggers"] == given
    assert said.followed == {}


def test_facts_that_follow_are_told_apart() -> None:
    """What nobody said but follows is there with its reason, and one such fact may follow from another."""
    said = answers_of_marks(about(), {}, {"age": 12, "recent_transition": ("leaving_jail_or_prison",)})
    assert said.answers["leaving_care_setting"] == ("jail_or_prison",)
    assert said.answers["released_within_12_months"] is True
    assert {question: fact.id for question, fact in said.followed.items()} == {
        "leaving_care_setting": "A9-back",
        "released_within_12_months": "A10-transition",
    }
    adult = answers_of_marks(about(), {}, {"age": 21, "ccs_enrolled": True})
    assert adult.followed == {}


# What is shown


def rows_shown(start: dict[str, Answer], screen: str, **marks: Mark) -> set[str]:
    """The rows that a screen would show."""
    talk = about()
    filled = {row.id: NO for one in talk.screens[: [s.id for s in talk.screens].index(screen)] for row in one.rows}
    shown = screen_after(talk, {**filled, **marks}, start)
    return {row.id for row in shown.rows} if shown and shown.screen.id == screen else set()


def test_rows_are_for_an_age() -> None:
    """A child's rows are not read to an adult; with the age not known they are."""
    young = {"palliative_waiver", "complex_needs"}
    for age, shown in ((12, True), (22, False), (DONT_KNOW, True)):
        start: dict[str, Answer] = {"age": age, "managed_care": True}
        assert (young <= rows_shown(start, "children", managed_care=YES)) is shown
    assert rows_shown({"age": 40, "managed_care": True}, "children", managed_care=YES) == set()


def test_what_a_tick_would_contradict_is_not_shown() -> None:
    """Who left no jail within the year is not asked whether she is leaving one; where nothing says so, she is."""
    start: dict[str, Answer] = {"age": 40, "managed_care": True, "housing": ("shelter",), "complex_need": True}
    shown = rows_shown({**start, "released_within_12_months": DONT_KNOW}, "leaving", managed_care=YES)
    assert "leaves_jail" in shown
    assert "leaves_jail" not in rows_shown({**start, "released_within_12_months": False}, "leaving", managed_care=YES)


def test_a_number_cannot_be_no() -> None:
    """That the empty ones are no does not answer how many visits there were: that row stays to be asked."""
    counts = next(one for one in about().screens if one.id == "counts_6")
    assert marked(Shown(counts, counts.rows), {"ed_visits_6_months": 2}, NO) == {"ed_visits_6_months": 2}
    assert marked(Shown(counts, counts.rows), {}, UNKNOWN) == {row.id: UNKNOWN for row in counts.rows}


def test_plan_that_is_known_is_not_asked_about() -> None:
    """Who has named the plan on the card is not asked for managed care: the talk begins with what is not known."""
    first = screen_after(about(), {"age": 40}, {"managed_care": True})
    assert first is not None
    assert first.screen.id == "coverage"
    assert "managed_care" not in {row.id for row in first.rows}


def test_talk_ends_when_only_ecm_is_wanted() -> None:
    """Hospice settles ECM: whoever asked for nothing else is asked nothing else."""
    talk = about("ecm")
    marks: dict[str, Mark] = {"age": 40, "hospice": YES}
    assert screen_after(talk, marks, {}) is None
    assert screens_left(talk, marks, {}) == 0
    assert screens_left(talk, {}, {}) > 5


def test_standing_says_what_nobody_knows() -> None:
    """ECM that stays open is told with the question that nobody could answer, and as nothing more to ask."""
    talk = about("ecm")
    who = caller("", people.whole("homeless adult with a complex need"), seeded(1))
    held = talk_with(talk, who._replace(rows=who.rows | {"complex_need": UNKNOWN, "smhs_dmc_criteria": UNKNOWN}))
    stands = standing(talk, "ecm", held.answers)
    assert (stands.outcome, stands.open) == (Outcome.NEED_ANSWERS, ())
    assert stands.not_known == ("complex_need", "smhs_dmc_criteria")


def test_not_known_can_be_asked_again() -> None:
    """Going on with a saved case, what is not known is offered once more, if it can still change a result."""
    talk = about("transitional_rent")
    said: Answers = {"managed_care": True, "smhs_dmc_criteria": DONT_KNOW, "pregnant_or_postpartum": DONT_KNOW}
    assert not_known(talk, said) == ("smhs_dmc_criteria",)
    assert not_known(talk, {**said, "housing": ("doubled_up", DONT_KNOW)}) == ("housing", "smhs_dmc_criteria")
    assert not_known(talk, {**said, "managed_care": False}) == ()


def county(catalog: Policy, name: str) -> County:
    """The county of that name."""
    return next(one for one in catalog.counties_file.county if one.name == name)


def ids(subjects: tuple[Subject, ...]) -> set[str]:
    """The services and programs among the subjects; populations by their own id."""
    return {one.population or one.service or one.program for one in subjects}


def test_services_not_offered_are_left_out(catalog: Policy) -> None:
    """Nobody answers questions for a service that the county does not have, unless it was asked for by name."""
    san_mateo = county(catalog, "San Mateo")
    absent = {name for name, counties in catalog.offers[KP].not_in.items() if "San Mateo" in counties}
    recuperative = next(one for one in catalog.entries if one.id == "recuperative_care")
    whole = next(one for one in catalog.entries if one.id == "cs")
    everywhere = ids(to_settle([], catalog, None, KP))
    assert everywhere == {"ecm", "chw", *catalog.services}
    assert "recuperative_care" in absent
    assert ids(to_settle([], catalog, san_mateo, KP)) == everywhere - absent
    assert ids(to_settle([whole], catalog, san_mateo, KP)) == set(catalog.services) - absent
    assert ids(to_settle([recuperative], catalog, san_mateo, KP)) == {"recuperative_care"}
    assert ids(to_settle([whole, recuperative], catalog, san_mateo, KP)) == (
        set(catalog.services) - absent | {"recuperative_care"}
    )


def test_unknown_offer_is_no_reason_to_leave_out(catalog: Policy) -> None:
    """Where nobody knows what the member's plan offers, or which plan she has, every service stays."""
    for plan in (KP, "mvhp", ""):
        assert ids(to_settle([], catalog, county(catalog, "Alpine"), plan)) >= set(catalog.services)
    assert ids(to_settle([], catalog, county(catalog, "San Mateo"), "")) >= set(catalog.services)


@pytest.mark.parametrize(("named", "settled"), [("ecm", {"ecm"}), ("homelessness", {"homelessness"}), ("chw", {"chw"})])
def test_program_stands_for_itself(catalog: Policy, named: str, settled: set[str]) -> None:
    """One population is enough for ECM, so the others are not pursued; a population asked for by name is."""
    assert ids(to_settle([one for one in catalog.entries if one.id == named], catalog, None, "")) == settled
