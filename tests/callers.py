"""Invented callers who answer the screens of the interview row by row, and what a talk with each comes to.

Their answers do not contradict each other: what follows from the words of the questions is so for each of them. That is
written down here once more, not read from the data, so that a fact in the data that does not follow is noticed.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import people
from calaim_cli.decide.screens import (
    Answers,
    Mark,
    Shown,
    Talk,
    answers_of_marks,
    marked,
    screen_after,
    standing,
    talk_about,
    to_settle,
)
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import NONE_OF_THESE
from calaim_cli.policy.rules import Truth

COUNTS = ("ed_visits", "stays")
AMOUNTS = (
    "housing_deposit_used",
    "room_and_board_months_used",
    "respite_hours_used",
    "community_transition_dollars_used",
    "home_modification_dollars_used",
    "asthma_dollars_used",
)
COMMON = 0.25
"""How often a caller says yes to something that the own story does not tell, beside how common it is among members."""


class Caller(NamedTuple):
    """Somebody with an answer to every question, and with what is true of every row."""

    story: str
    answers: Answers
    rows: dict[str, Mark]


class Held(NamedTuple):
    """What a talk came to: its screens, the answers, and after how many screens ECM was settled (None: never)."""

    shown: list[Shown]
    answers: Answers
    ecm_at: int | None


@cache
def about(*named: str) -> Talk:
    """The talk about these programs, populations or services; one for all callers, because it remembers."""
    return talk_of(people.policy(), *named)


def talk_of(catalog: Policy, *named: str, first: Collection[str] = ()) -> Talk:
    """A talk by this policy, about these programs, populations or services, or about everything."""
    entries = [entry for entry in catalog.entries if entry.id in named]
    return talk_about(to_settle(entries, catalog, None, ""), catalog, first)


def plausible(count: int, seed: int = 2026) -> Iterator[Caller]:
    """So many callers with stories: one of the vignettes each, and now and then something that the story does not tell.

    A question that the story leaves open is drawn as common as among members, times COMMON; else it is quiet.
    """
    chance = random.Random(seed)  # noqa: S311 nothing secret is drawn
    stories = list(people.VIGNETTES)
    for number in range(count):
        story = stories[number % len(stories)]
        told, answers = people.VIGNETTES[story], people.whole(story)
        for question in people.policy().questions.values():
            if question.id not in {*told, "age", "managed_care"} and chance.random() < COMMON:
                answers[question.id] = people.drawn(question, chance)
        yield caller(story, answers, chance)


def drawn(count: int, seed: int = 7) -> Iterator[Caller]:
    """So many callers without a story: every question is drawn by itself, and then what contradicts is put right."""
    chance = random.Random(seed)  # noqa: S311 nothing secret is drawn
    for _ in range(count):
        answers = {one.id: people.drawn(one, chance) for one in people.policy().questions.values()}
        yield caller("", answers, chance)


def caller(story: str, answers: Answers, chance: random.Random) -> Caller:
    """The caller with these answers, put right, and rows that agree with them."""
    whole = consistent(answers)
    return Caller(story, whole, rows_of(whole, chance))


class Facts:
    """Answers that are put right: yes is added, a choice is added or taken out; `none` comes and goes with them."""

    def __init__(self, answers: Answers) -> None:
        self.answers: dict[str, Any] = dict(answers)

    def yes(self, question: str) -> bool:
        """Whether it is answered by yes."""
        return self.answers[question] is True

    def has(self, question: str, *choices: str) -> bool:
        """Whether one of the choices is among the answers; without choices any but none."""
        chosen = set(self.answers[question]) - {NONE_OF_THESE}
        return bool(chosen & set(choices)) if choices else bool(chosen)

    def put(self, question: str, choice: str, there: bool = True) -> None:
        """Add the choice, or take it out."""
        chosen = set(self.answers[question]) - {NONE_OF_THESE, choice} | ({choice} if there else set())
        known = people.policy().questions[question].choices
        self.answers[question] = tuple(one for one in known if one in chosen) or (NONE_OF_THESE,)


def consistent(answers: Answers) -> Answers:
    """The answers with all that the words of the questions say of each other."""
    facts = Facts(answers)
    for settle in (_young, _places, _health, _programs, _reasons):
        settle(facts, facts.answers["age"] < 21)
    return facts.answers


def _young(facts: Facts, young: bool) -> None:
    # CCS and foster care end at 21; of the groups for respite only GHPP goes on.
    facts.answers["ccs_enrolled"] = young and (facts.yes("ccs_enrolled") or facts.has("respite_child_group", "ccs"))
    fostered = facts.has("child_welfare", "foster_care_now") or facts.has("respite_child_group", "foster_care")
    facts.put("child_welfare", "foster_care_now", young and fostered)
    facts.put("respite_child_group", "foster_care", young and fostered)
    facts.put("respite_child_group", "ccs", facts.yes("ccs_enrolled"))
    for group in ("palliative_waiver", "complex_needs"):
        facts.put("respite_child_group", group, young and facts.has("respite_child_group", group))
    known_to_the_county = facts.has("housing") or facts.has("child_welfare", "foster_care_now", "adoption_assistance")
    facts.answers["smhs_dmc_criteria"] = facts.yes("smhs_dmc_criteria") or (young and known_to_the_county)
    facts.answers["complex_social_factor"] = facts.yes("complex_social_factor") or facts.has(
        "child_welfare", "aged_out_of_foster_care"
    )


def _places(facts: Facts, _: bool) -> None:
    for setting, transition in (
        ("recuperative_care", "leaving_recuperative_care"),
        ("jail_or_prison", "leaving_jail_or_prison"),
    ):
        both = facts.has("leaving_care_setting", setting) or facts.has("recent_transition", transition)
        facts.put("leaving_care_setting", setting, both)
        facts.put("recent_transition", transition, both)
    if facts.has("leaving_care_setting", "inpatient_hospital", "nursing_facility", "residential_sud_or_mh"):
        facts.put("recent_transition", "leaving_institution")
    if facts.has("housing", "leaving_institution"):
        facts.put("recent_transition", "leaving_institution")
    if facts.has("housing", "place_not_for_sleeping"):
        facts.put("recent_transition", "unsheltered")
    if facts.has("leaving_care_setting", "jail_or_prison"):
        facts.answers["released_within_12_months"] = True
    if facts.yes("nursing_facility_resident") and facts.yes("wants_to_return_home"):
        facts.answers["wants_to_leave_facility"] = True


def _health(facts: Facts, _: bool) -> None:
    pregnant = facts.yes("pregnant_or_postpartum") or facts.has("justice_condition", "pregnant_or_postpartum")
    facts.answers["pregnant_or_postpartum"] = pregnant
    facts.put("justice_condition", "pregnant_or_postpartum", pregnant)
    if facts.has("justice_condition", "hiv"):
        facts.answers["nutrition_sensitive_condition"] = True
    if facts.yes("caregiver_dependent"):
        facts.answers["ltc_social_factor"] = True
    for count in COUNTS:
        longer = max(facts.answers[f"{count}_12_months"], facts.answers[f"{count}_6_months"])
        facts.answers[f"{count}_12_months"] = longer


def _programs(facts: Facts, _: bool) -> None:
    if facts.has("excluded_programs", "icf_resident"):
        facts.answers["icf_or_subacute"] = True
    managed = facts.has("choose_one_programs", "complex_care_management") or facts.has("current_services", "ccm")
    facts.put("choose_one_programs", "complex_care_management", managed)
    facts.put("current_services", "ccm", managed)
    if facts.answers["ihss_status"] in {"reassessment_pending", "at_maximum_hours"}:
        facts.answers["ihss_approved"] = True
    if str(facts.answers["ihss_status"]).startswith("not_eligible"):
        facts.answers["ihss_approved"] = False


def _reasons(facts: Facts, _: bool) -> None:
    if facts.has("housing"):
        facts.put("chw_triggers", "social_need")
    if facts.yes("serious_health_condition") or facts.has("justice_condition", "chronic_condition"):
        facts.put("chw_triggers", "chronic_condition")
    if facts.answers["ed_visits_6_months"]:
        facts.put("chw_triggers", "ed_visit_6_months")


def rows_of(answers: Answers, chance: random.Random) -> dict[str, Mark]:
    """What is true of every row for somebody with these answers; where two rows may be meant, one is drawn."""
    rows: dict[str, Mark] = {}
    for screen in people.policy().talk_file.screen:
        for row in screen.rows:
            rows[row.id] = (
                _number(answers[row.asks]) if row.asks else _true(all(_met(answers, *one) for one in row.yes.items()))
            )
    return rows | {name: _true(truth) for name, truth in _apart(Facts(answers), chance).items()}


def _number(answer: object) -> Mark:
    assert isinstance(answer, int | str)
    return answer


def _true(truth: bool) -> Truth:
    return Truth.YES if truth else Truth.NO


def _met(answers: Answers, question: str, value: object) -> bool:
    answer = answers[question]
    return value in answer if isinstance(answer, tuple) else answer == value


def _apart(facts: Facts, chance: random.Random) -> dict[str, bool]:
    """The rows that the answers leave open, or that are about several of them."""
    leaving_now = facts.has("leaving_care_setting", "jail_or_prison")
    now = leaving_now or chance.random() < 0.3
    released, waiver = facts.yes("released_within_12_months"), facts.has("choose_one_programs", "waiver_1915c")
    hcba = waiver and facts.yes("hcba_or_wpcs") and chance.random() < 0.7
    settings = facts.has("leaving_care_setting", "inpatient_hospital", "nursing_facility", "residential_sud_or_mh")
    leaving = facts.has("recent_transition", "leaving_institution")
    status = facts.answers["ihss_status"]
    counted = [facts.answers[f"{count}_{months}_months"] for count in COUNTS for months in (6, 12)]
    counted += [facts.answers[f"bh_{one}_12_months"] for one in ("ed_visits", "hospital_stays")]
    visited = facts.has("chw_triggers", "ed_visit_6_months", "inpatient_6_months") or facts.has(
        "asthma_poorly_controlled", "ed_visit_12_months", "hospital_stay_12_months"
    )
    in_facility = facts.yes("nursing_facility_resident") or facts.answers["nursing_facility_days"] > 0
    return {
        "custody_now": released and now,
        "custody_left": released and (not now or (not leaving_now and chance.random() < 0.1)),
        "hcba": hcba,
        "wpcs": facts.yes("hcba_or_wpcs") and (not hcba or chance.random() < 0.1),
        "other_waiver": waiver and (not hcba or chance.random() < 0.1),
        "leaves_other": leaving and (not settings or chance.random() < 0.1),
        "in_facility": in_facility or chance.random() < 0.03,
        "asthma": facts.has("asthma_poorly_controlled") or chance.random() < 0.1,
        "visits_12_months": any(counted) or visited or chance.random() < 0.1,
        "supports_ever": any(facts.answers[one] for one in AMOUNTS) or chance.random() < 0.05,
        "ihss_applied": status == "applied",
        "ihss_cannot": str(status).startswith("not_eligible")
        or (not facts.yes("ihss_approved") and chance.random() < 0.05),
    }


def unsure(who: Caller, share: float, chance: random.Random) -> Caller:
    """The caller, who does not know of the given share of the rows."""
    doubts = {row: Truth.UNKNOWN for row in who.rows if chance.random() < share}
    return who._replace(rows=who.rows | doubts)


def unsure_of_questions(who: Caller, share: float, chance: random.Random) -> Caller:
    """The caller, who does not know the answer to the given share of the questions, and so of no row about them."""
    doubts = {question for question in who.answers if question != "managed_care" and chance.random() < share}
    placed = about().placed.values()
    rows = {row.id: Truth.UNKNOWN for row, _ in placed if not doubts.isdisjoint({*row.yes, row.asks} - {""})}
    return who._replace(rows=who.rows | rows)


def talk_with(talk: Talk, who: Caller, start: Mapping[str, Any] | None = None) -> Held:
    """A whole talk: of each screen the rows are marked as they are true of the caller."""
    marks: dict[str, Mark] = {}
    shown: list[Shown] = []
    given, ecm_at = dict(start or {}), None
    while (screen := screen_after(talk, marks, given)) is not None:
        shown.append(screen)
        marks |= marked(screen, {row.id: who.rows[row.id] for row in screen.rows}, Truth.NO)
        assert {row.id for row in screen.rows} <= marks.keys()
        if ecm_at is None and "ecm" in talk.deciders:
            stands = standing(talk, "ecm", answers_of_marks(talk, marks, given).answers)
            ecm_at = None if stands.open else len(shown)
    return Held(shown, answers_of_marks(talk, marks, given).answers, ecm_at)


def outcomes(talk: Talk, answers: Answers) -> dict[str, Outcome]:
    """What each subject of the talk comes to."""
    known = talk.truths_of(answers)
    return {subject: decide(known).outcome for subject, decide in talk.deciders.items()}
