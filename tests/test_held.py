"""The interview held with a person at its screens: all is kept, back loses nothing, and what is not known stays so."""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from msgspec.structs import replace

import callers
import people
from calaim_cli.case.case import Case, Member, Referral, read_case
from calaim_cli.case.casefile import case_bytes
from calaim_cli.decide.screens import Mark, Shown, talk_about
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import DONT_KNOW
from calaim_cli.policy.rules import Truth
from calaim_cli.talk.interview import (
    Interview,
    Seen,
    begun,
    case_of,
    held,
    known,
    open_questions,
    sheet_of,
    voice_of,
)
from calaim_cli.talk.prompt import Back, Move, Prompt, Quit, Reply, Save
from calaim_cli.talk.screen import Ended, Sheet, Show
from conftest import AS_OF
from seated import Sits, interview_of, press, rows_of

STREET = "homeless adult with a complex need"


def talked(
    vignette: str = STREET, *named: str, case: Case | None = None, **marks: Mark
) -> tuple[Sits, Case, list[Case]]:
    """The person, the case that her talk came to, and what was saved on the way."""
    person, kept = Sits(rows_of(vignette) | marks), list[Case]()
    return person, through(interview_of(*named, case=case), person, kept.append, case), kept


def through(interview: Interview, show: Show, save: Save = lambda _: None, case: Case | None = None) -> Case:
    """The case that an interview comes to."""
    return held(interview, case or Case(answers=interview.begun), show, save)


def outcomes(case: Case, *named: str) -> dict[str, Outcome]:
    """What the answers of a case come to."""
    return callers.outcomes(callers.about(*named), known(case, people.policy(), AS_OF))


@pytest.mark.parametrize("vignette", people.VIGNETTES)
def test_screens_come_to_the_same_as_every_answer(vignette: str) -> None:
    """Whoever marks the screens, by keys or by lines, gets the results of answering every question."""
    whole = callers.caller(vignette, people.whole(vignette), random.Random(1)).answers  # noqa: S311 nothing secret
    _, case, _ = talked(vignette)
    assert outcomes(case) == callers.outcomes(callers.about(), whole)
    assert Outcome.NEED_ANSWERS not in outcomes(case).values()
    assert not open_questions(callers.about(), case, AS_OF)


def test_all_is_kept_after_each_screen() -> None:
    """After each screen the case is handed over for saving, with all before it; the last one is the result."""
    person, case, kept = talked()
    assert len(kept) == len(person.turns) > 5
    assert kept[-1] == case
    for before, after in pairwise(kept):
        assert before.answers.keys() <= after.answers.keys()
    assert {one.answered_on for one in kept} == {AS_OF.isoformat()}
    assert read_case({"answers": case.answers})[1] == ()


@pytest.mark.parametrize("vignette", [STREET, "pregnant, of a group at risk", "stroke, at home with a daughter"])
def test_talk_goes_on_where_it_stopped(vignette: str) -> None:
    """From what was saved after any screen the talk goes on to the same results, and repeats no screen without need."""
    person, case, kept = talked(vignette)
    for done, saved in enumerate(kept, 1):
        rest, again, _ = talked(vignette, case=saved)
        assert outcomes(again) == outcomes(case)
        assert len(rest.turns) <= len(person.turns) - done + 2  # a row that opens others is asked again


def test_nothing_is_asked_when_all_is_said() -> None:
    """A case that settles everything is given back as it is, without a screen."""
    _, case, _ = talked()
    person, again, kept = talked(case=case)
    assert (again, person.turns, kept) == (case, [], [])


def test_nothing_of_a_case_is_lost() -> None:
    """Answers that were there stay as they are, whatever is said beside them, and keep their day."""
    start = Case(answers={"complex_need": True, "asthma_dollars_used": 70}, answered_on="2026-09-01")
    _, case, _ = talked(case=start)
    assert case.answers.items() >= start.answers.items()
    assert case.answered_on == "2026-09-01"


def test_back_drops_no_later_mark() -> None:
    """Back shows the screen before with its marks, and what was marked after it is still there."""
    person, case, _ = talked()
    moves = {"health": [Move.BACK]}
    back = Sits(rows_of(STREET), moves)
    again = through(interview_of(), back)
    at = person.screens.index("health")
    assert back.screens == [*person.screens[:at], person.screens[at - 1], *person.screens[at:]]
    shown_again = back.turns[at].sheet
    assert shown_again.marks["place_not_for_sleeping"] is Truth.YES
    assert again == case


def test_unfinished_marks_are_there_after_back() -> None:
    """What was ticked on a screen before going back stands on it again, unconfirmed."""
    interview = interview_of()
    rows, seen = rows_of(STREET), list[Sheet]()

    def show(sheet: Sheet) -> Ended:
        if sheet.shown.screen.id == "health":
            seen.append(sheet)
            if len(seen) == 1:
                return Ended({"asthma": Truth.YES}, Move.BACK)
            raise Quit
        return Sits(rows)(sheet)

    with pytest.raises(Quit):
        through(interview, show)
    assert seen[1].marks == {"asthma": Truth.YES}
    assert "asthma" not in interview.marks


def scripted(*steps: tuple[str, Ended | None], rows: Mapping[str, Mark] | None = None) -> tuple[Show, list[Sheet]]:
    """Somebody who does this at these screens, in turn (None: her marks), else her marks; and the screens shown."""
    left, shown, person = list(steps), list[Sheet](), Sits(rows or rows_of(STREET))

    def show(sheet: Sheet) -> Ended:
        shown.append(sheet)
        if left and left[0][0] == sheet.shown.screen.id:
            done = left.pop(0)[1]
            return person(sheet) if done is None else done._replace(marks={**sheet.marks, **done.marks})
        return person(sheet)

    return show, shown


BACK = Ended({}, Move.BACK)


def ids(shown: list[Sheet]) -> list[str]:
    """The screens that were shown."""
    return [sheet.shown.screen.id for sheet in shown]


def test_every_screen_can_be_gone_back_to() -> None:
    """Whoever went back two screens and answered one of them can still go back to the one between."""
    show, shown = scripted(("hospital", BACK), ("health", BACK), ("home", None), ("hospital", BACK), ("health", None))
    through(interview_of(), show)
    at = ids(shown).index("hospital")
    assert ids(shown)[at : at + 6] == ["hospital", "health", "home", "hospital", "health", "hospital"]


def test_change_on_the_way_back_is_confirmed_or_shown_again() -> None:
    """A mark that is changed on a screen and left by back is not lost: that screen comes again before the next one."""
    changed = Ended({"asthma": Truth.YES}, Move.BACK)
    show, shown = scripted(("hospital", BACK), ("health", changed), ("home", None), ("health", None))
    case = through(interview_of(), show)
    at = ids(shown).index("hospital")
    assert ids(shown)[at : at + 4] == ["hospital", "health", "home", "health"]
    assert shown[at + 3].marks["asthma"] is Truth.YES
    assert case.answers["asthma_poorly_controlled"] == ["none"]  # what the person said last


def test_mark_that_is_taken_away_stays_away() -> None:
    """A mark that was taken away again does not come back with the next screen or key."""
    interview, seen = interview_of(), list[Sheet]()
    turns = [Ended({"asthma": Truth.YES}, Move.VOICE), Ended({}, Move.VOICE), Ended({}, Move.STOP)]

    def show(sheet: Sheet) -> Ended:
        if sheet.shown.screen.id != "health":
            return Sits(rows_of(STREET))(sheet)
        seen.append(sheet)
        return turns.pop(0)

    through(interview, show)
    assert [dict(sheet.marks) for sheet in seen] == [{}, {"asthma": Truth.YES}, {}]


def test_known_half_of_a_list_is_marked_when_it_is_asked_again(catalog: Policy) -> None:
    """What was named of a half-known list stands marked, the rest as not known: nothing turns into a no by itself."""
    case = Case(answers={"age": 47, "managed_care": True, "housing": ["doubled_up", DONT_KNOW]})
    interview = begun(callers.about("ecm"), case, AS_OF, Types("yes"))
    seen = dict[str, Sheet]()

    def show(sheet: Sheet) -> Ended:
        seen[sheet.shown.screen.id] = sheet
        if sheet.shown.screen.id != "home":
            return Sits(rows_of(STREET))(sheet)
        return press_and_end(sheet)

    done = through(interview, show, case=case)
    marks = seen["home"].marks
    assert (marks["doubled_up"], marks["shelter"]) == (Truth.YES, Truth.UNKNOWN)
    assert done.answers["housing"] == ["doubled_up", DONT_KNOW]


def press_and_end(sheet: Sheet) -> Ended:
    """The screen ended by n as it stands."""
    ended = press(sheet, "n")
    assert isinstance(ended, Ended)
    return ended


def test_answers_go_into_the_case_as_it_is_now() -> None:
    """What was asked after the screens is kept when the person comes back to them, and answers never freeze."""
    interview = interview_of("ecm")
    first = through(interview, Sits(rows_of(STREET)))
    later = replace(first, member=replace(first.member, first_name="Xfirst"))
    rows = rows_of(STREET) | {"complex_need": Truth.NO}
    show, _ = scripted(rows=rows)
    for one in interview.seen:
        one.marks = {} if one.shown.screen.id == "health" else one.marks
    again = held(interview, later, show, lambda _: None)
    assert again.member.first_name == "Xfirst"
    assert again.answers["complex_need"] is False


def test_back_before_the_first_screen_leads_out() -> None:
    """Back on the first screen leads to what was asked before the screens."""
    with pytest.raises(Back):
        through(interview_of(), Sits(rows_of(STREET), {"age": [Move.BACK]}))


@pytest.mark.parametrize(("move", "left"), [(Move.STOP, False), (Move.QUIT, True)])
def test_stop_and_quit_keep_what_was_said(move: Move, left: bool) -> None:
    """Stop ends the talk with what was said so far; quit leaves, and it has been saved."""
    person, kept = Sits(rows_of(STREET), {"home": [move]}), list[Case]()
    if left:
        with pytest.raises(Quit):
            through(interview_of(), person, kept.append)
    else:
        assert through(interview_of(), person, kept.append) == kept[-1]
    assert kept[-1].answers["age"] == 47
    assert "housing" not in kept[-1].answers


def test_age_by_date_of_birth() -> None:
    """A date of birth is kept as such, the age is worked out from it, and a case never holds both."""
    _, case, _ = talked(STREET, "ecm", age="1980-03-04")
    assert case.member.date_of_birth == "1980-03-04"
    assert "age" not in case.answers
    assert known(case, people.policy(), AS_OF)["age"] == 46


def test_age_typed_after_a_date_of_birth_counts() -> None:
    """Whoever goes back and gives another age no longer means the date of birth."""
    interview = interview_of("ecm")
    ages = iter(["1980-03-04", 12])

    def show(sheet: Sheet) -> Ended:
        if sheet.shown.screen.id == "age":
            return Ended({"age": next(ages)})  # type: ignore[dict-item]
        return Ended({}, Move.BACK if interview.born else Move.STOP)

    case = through(interview, show)
    assert (case.member.date_of_birth, case.answers["age"]) == ("", 12)


def test_not_known_is_final() -> None:
    """Who does not know anything is left in peace soon, no result is a no, and the status says why ECM stays open."""
    rows: dict[str, Mark] = dict.fromkeys(rows_of(STREET), Truth.UNKNOWN)
    seen = list[str]()

    def show(sheet: Sheet) -> Ended:
        seen.append(sheet.status)
        return Sits(rows)(sheet)

    case = through(interview_of(case=Case(answers={"age": 47, "managed_care": True})), show)
    assert set(outcomes(case).values()) == {Outcome.NEED_ANSWERS}
    assert "nobody knows" in seen[-1]
    assert len(seen) < 12


class Types:
    """Somebody who types the same word at each prompt."""

    def __init__(self, word: str) -> None:
        self.word, self.asked = word, list[Prompt]()

    def __call__(self, prompt: Prompt) -> Reply:
        """The word."""
        self.asked.append(prompt)
        return self.word


@pytest.mark.parametrize(("word", "again"), [("yes", True), ("no", False)])
def test_what_was_not_known_is_offered_again(catalog: Policy, word: str, again: bool) -> None:
    """Going on with a case, what was not known is asked again if the person says so, by a word that has no default."""
    case = Case(answers={"age": 47, "managed_care": True, "complex_need": DONT_KNOW, "housing": ["shelter", DONT_KNOW]})
    types = Types(word)
    interview = begun(callers.about("ecm"), case, AS_OF, types)
    (asked,) = types.asked
    assert "2 answers are not known" in asked.text
    assert (asked.words, asked.earlier, asked.optional) == (("yes", "no"), "", False)
    assert ("complex_need" not in interview.start) is again
    assert case_of(interview, case).answers.items() >= case.answers.items()  # nothing is gone before it is said anew
    person = Sits(rows_of(STREET))
    done = through(interview, person)
    assert (done.answers["complex_need"] is True) is again


def test_case_without_doubts_is_not_asked_about_them(catalog: Policy) -> None:
    """Where nothing is not known, nobody is asked whether to ask again."""
    types = Types("yes")
    begun(callers.about("ecm"), Case(answers={"age": 47}), AS_OF, types)
    assert types.asked == []


def test_facts_that_follow_are_written_with_their_reason() -> None:
    """What follows from what was said is an answer of the case, and the interview can tell from which fact."""
    interview = interview_of("transitional_rent")
    case = through(interview, Sits(rows_of(STREET)))
    assert case.answers["recent_transition"] == ["unsheltered"]
    assert interview.said.followed["recent_transition"].because


def test_what_is_received_now_stands_in_one_place() -> None:
    """What the screens hear of services takes the place of details that no longer fit."""
    case = Case(referral=Referral(program="chw", ecm_provider="Xprovider", current_supports=("respite",)))
    _, done, _ = talked(STREET, case=case)
    assert done.answers["current_services"] == ["none"]
    assert (done.referral.ecm_provider, done.referral.current_supports) == ("", ())


def said_of(capsys: pytest.CaptureFixture[str]) -> str:
    """What was said on stderr, every gap as one blank."""
    return " ".join(capsys.readouterr().err.split())


def test_rows_that_rule_each_other_out_are_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    """No to any nursing home, and now leaving one: the person hears of it once, with both rows, and may go back."""
    talked(STREET, leaves_nursing_facility=Truth.YES, in_facility=Truth.NO, needs_recovery_place=Truth.YES)
    said = said_of(capsys)
    assert said.count("Which is right?") == 1
    assert "Look at this again (b goes back)" in said


def test_answers_that_contradict_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """More visits in 6 months than in 12 is told of right after the screen."""
    case = Case(answers={"age": 58, "ed_visits_12_months": 1, "managed_care": True})
    talked("seven emergency visits", case=case, visits_12_months=Truth.YES, ed_visits_6_months=3)
    assert "Look at this again" in said_of(capsys)


@pytest.mark.parametrize(
    ("answers", "chosen", "voice"),
    [
        ({}, "", "you"),
        ({"age": 18}, "", "you"),
        ({"age": 17}, "", "child"),
        ({"age": 9, "child_welfare": ["foster_care_now"]}, "", "foster"),
        ({"age": 30, "child_welfare": ["foster_care_now"]}, "", "you"),
        ({"age": 9}, "member", "member"),
    ],
)
def test_who_is_spoken_to(answers: dict[str, Any], chosen: str, voice: str) -> None:
    """The member is spoken to, a parent of a child, whoever answers for a foster child; or as the person chose."""
    interview = interview_of(case=Case(answers=answers))
    interview.voice = chosen
    assert voice_of(interview).id == voice


def test_voice_changes_by_a_key() -> None:
    """The key for who listens goes through the voices, and the words of the rows change with it."""
    interview = interview_of()
    ids = [one.id for one in people.policy().talk_file.voice]
    person = Sits(rows_of(STREET), {"home": [Move.VOICE] * len(ids)})
    seen = list[str]()

    def show(sheet: Sheet) -> Ended:
        if sheet.shown.screen.id == "home":
            seen.append(sheet.says(sheet.shown.rows[0]))
        return person(sheet)

    through(interview, show)
    assert len(set(seen)) >= 3
    assert seen[0] == seen[-1]


@pytest.mark.parametrize("screen", [one.id for one in people.policy().talk_file.screen])
def test_every_row_can_be_explained(screen: str) -> None:
    """The help of each row has the words of the rule with a source; sensitive ones say to ask in private."""
    catalog = people.policy()
    interview = interview_of()
    (wanted,) = (one for one in catalog.talk_file.screen if one.id == screen)
    sheet = sheet_of(interview, Seen(Shown(wanted, wanted.rows), {}))
    for row in wanted.rows:
        said = sheet.explain(row)
        assert "Source: " in said
        assert not said.endswith("Source: ")
        assert not row.private or said.count(catalog.talk_file.private_say) >= 1


def test_known_rows_stand_above_the_open_ones() -> None:
    """Going on with a case, a screen says which of its rows are known to be true, and shows the others."""
    case = Case(answers={"age": 47, "managed_care": True, "complex_need": True})
    seen = dict[str, Sheet]()

    def show(sheet: Sheet) -> Ended:
        seen[sheet.shown.screen.id] = sheet
        return Sits(rows_of(STREET))(sheet)

    through(interview_of(case=case), show)
    assert "too hard to handle alone" in seen["health"].before
    assert "complex_need" not in [row.id for row in seen["health"].shown.rows]
    assert seen["home"].before == ""


def test_status_tells_ecm_and_the_reason(catalog: Policy) -> None:
    """As soon as ECM is settled the screens say so, with the reason, and that the rest is for the supports."""
    seen = list[str]()

    def show(sheet: Sheet) -> Ended:
        seen.append(sheet.status)
        return Sits(rows_of(STREET))(sheet)

    through(interview_of(case=Case(answers={"managed_care": True})), show)
    assert seen[0].startswith("ECM: not sure yet. Screen 1, about ")
    settled = [one for one in seen if "s shows the result now" in one]
    assert settled
    assert all(one.startswith("ECM: seems to fit") for one in settled)


def test_status_without_ecm() -> None:
    """A talk about one support says where it stands without a word on ECM."""
    person, _, _ = talked(STREET, "asthma_remediation")
    assert all("ECM" not in turn.sheet.status for turn in person.turns)


def test_foreign_member_keeps_place_and_plan(catalog: Policy) -> None:
    """What the case says of county and plan is neither asked on the screens nor changed by them."""
    case = Case(member=Member(county="San Mateo", plan="kp"))
    person, done, _ = talked(STREET, case=case)
    assert done.member == case.member
    assert "managed_care" not in done.answers
    assert b"managed_care" not in case_bytes(done)
    assert all("managed_care" not in [row.id for row in turn.sheet.shown.rows] for turn in person.turns)


def test_only_what_was_asked_for_is_settled(catalog: Policy) -> None:
    """For one support fewer screens are shown than for everything."""
    everything, _, _ = talked(STREET)
    one, _, _ = talked(STREET, "asthma_remediation")
    assert 0 < len(one.turns) < len(everything.turns)
    assert talk_about(catalog.subjects, catalog).screens
