"""The interview's next question: the same outcomes as answering everything, with as few questions as can be."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import people
from calaim_cli.decide.interview import (
    Inquiry,
    inquiry,
    next_question,
    open_questions,
    standing,
    telling_answers,
    to_settle,
)
from calaim_cli.policy.places import KP, County
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome, Program, Subject
from calaim_cli.policy.questions import DONT_KNOW, Criterion, Kind, Question
from calaim_cli.policy.rules import Rule
from people import Answers, Person
from strategies import CRITERIA, interviews, rules, unhurried

SCOPES = {"ecm": ("ecm",), "chw": ("chw",), "everything": ()}
COUNT = 2000
ADULTS_ONLY = {
    "nursing_facility_resident",
    "lower_acuity_skilled_need",
    "ltc_social_factor",
    "can_live_in_community",
    "icf_or_subacute",
    "wants_to_leave_facility",
    "likely_to_succeed_in_community",
    "ed_visits_6_months",
    "stays_6_months",
    "bh_ed_visits_12_months",
    "bh_hospital_stays_12_months",
    "high_risk_institution_overdose_suicide",
    "crisis_care_primary_source",
    "justice_condition",
}
CHILDREN_ONLY = {"ccs_enrolled", "ed_visits_12_months", "stays_12_months", "adoption_assistance_disability"}


@pytest.fixture(scope="module")
def everybody() -> list[Person]:
    """Two thousand simulated people; a third of them are vignettes."""
    return list(people.people(COUNT))


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_short_interview_comes_to_the_same(everybody: list[Person], scope: tuple[str, ...]) -> None:
    """Nobody loses a service because a question was left out: outcomes are those of answering everything."""
    about = people.about(*scope)
    assert len(everybody) == COUNT
    for person in everybody:
        found = people.outcomes(about, people.interview(about, person.answers).answers)
        assert found == people.outcomes(about, person.answers), person
        assert Outcome.NEED_ANSWERS not in found.values()


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_dont_know_changes_nothing_of_that(scope: tuple[str, ...]) -> None:
    """With a quarter of the replies "don't know", still nothing comes out differently, and nothing is asked twice."""
    about = people.about(*scope)
    for person in people.people(200, seed=7, dont_know=0.25):
        asked = people.interview(about, person.answers)
        assert people.outcomes(about, asked.answers) == people.outcomes(about, person.answers), person


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_fewer_questions_than_in_file_order(everybody: list[Person], scope: tuple[str, ...]) -> None:
    """The order saves questions: fewer in all than asking the first open question of the file."""
    counts = people.count_questions(people.about(*scope), everybody[:300])
    assert sum(counts.adaptive) < sum(counts.file_order)


def test_ecm_is_settled_soon(everybody: list[Person]) -> None:
    """Half of the members know about ECM after at most 12 questions, and after 7 when their housing decides."""
    about = people.about("ecm")
    housed = [one for one in everybody if people.through_housing_alone(one)]
    assert len(housed) > 100
    for group, most in ((everybody, 12), (housed, 7)):
        counts = [len(people.interview(about, one.answers).questions) for one in group]
        assert people.percentile(counts, 50) <= most


@pytest.mark.parametrize("scope", SCOPES.values(), ids=SCOPES)
def test_age_decides_what_is_not_asked(everybody: list[Person], scope: tuple[str, ...]) -> None:
    """Nobody is asked about what the age decides: nothing of nursing homes for a child, nothing of CCS at forty."""
    about = people.about(*scope)
    for person in everybody[:300]:
        age = person.answers["age"]
        assert isinstance(age, int)
        asked = people.interview(about, person.answers).questions
        assert not (ADULTS_ONLY if age < 21 else CHILDREN_ONLY).intersection(asked), person


@pytest.mark.parametrize(("scope", "first"), [((), True), (("ecm",), True), (("chw",), False), (("respite",), False)])
def test_age_comes_first_where_it_matters(scope: tuple[str, ...], first: bool) -> None:
    """The age is asked before anything that depends on it, and not at all where it decides nothing."""
    about = people.about(*scope)
    assert (next_question(about, {}) == "age") is first
    assert ("age" in open_questions(about, {})) is first
    assert next_question(about, {"age": DONT_KNOW}) not in {"age", None}


@pytest.mark.parametrize(("age", "wanted", "needless"), [(8, set(), ADULTS_ONLY), (30, ADULTS_ONLY, CHILDREN_ONLY)])
def test_age_narrows_the_open_questions(age: int, wanted: set[str], needless: set[str]) -> None:
    """The list of what is missing shrinks as soon as the age is known, and keeps what matters at that age."""
    found = set(open_questions(people.about("ecm"), {"age": age}))
    assert wanted <= found
    assert not needless & found


def test_facility_topic_is_for_adults() -> None:
    """Of the topic on nursing care a child is asked at most what a Community Support without an age limit needs."""
    catalog = people.policy()
    facility = {one.id for one in catalog.questions.values() if one.topic == "facility"}
    assert facility & set(open_questions(people.about("ecm"), {"age": 12})) == set()
    assert facility & set(open_questions(people.about(), {"age": 12})) == {"snf_level_of_care"}


SETTLING: list[tuple[tuple[str, ...], Answers, Outcome]] = [
    (("ecm",), {"managed_care": False}, Outcome.UNLIKELY),
    (("ecm",), {"excluded_programs": ("hospice",)}, Outcome.UNLIKELY),
    (("chw",), {"chw_triggers": ("none",)}, Outcome.UNLIKELY),
    (("sobering_centers",), {"intoxicated_now": False}, Outcome.UNLIKELY),
    (("asthma_remediation",), {"managed_care": True, "asthma_poorly_controlled": ("none",)}, Outcome.UNLIKELY),
]


@pytest.mark.parametrize(("named", "answers", "outcome"), SETTLING, ids=[" ".join(row[1]) for row in SETTLING])
def test_settled_is_settled(named: tuple[str, ...], answers: Answers, outcome: Outcome) -> None:
    """Once the result is sure nothing more is asked."""
    about = people.about(*named)
    assert next_question(about, answers) is None
    assert open_questions(about, answers) == ()
    assert standing(about, answers) == ({named[0]: outcome}, 0)


BLOCKED: list[tuple[str, Answers]] = [
    ("ecm", {"choose_one_programs": ("county_tcm",)}),
    ("asthma_remediation", {"asthma_trigger_assessment": False}),
    ("asthma_remediation", {"asthma_dollars_used": 7500}),
    ("personal_care_homemaker", {"ihss_status": "none"}),
    ("housing_tenancy_sustaining", {"is_tenant": False}),
    ("chw", {"current_services": ("ecm",)}),
]


@pytest.mark.parametrize(("subject", "answers"), BLOCKED, ids=[f"{row[0]}-{next(iter(row[1]))}" for row in BLOCKED])
def test_step_missing_is_not_the_end(subject: str, answers: Answers) -> None:
    """Who misses a step, or has a choice to make, still learns whether the rest fits: the rule is asked about."""
    about = people.about(subject)
    for person in people.people(60, seed=3):
        replies = person.answers | answers
        done = people.interview(about, replies, given=answers)
        assert people.outcomes(about, done.answers) == people.outcomes(about, replies)
        assert people.outcomes(about, done.answers)[subject] is not Outcome.NEED_ANSWERS


def test_dont_know_is_a_reply() -> None:
    """Who does not know anything is asked each question once at most, and the interview comes to an end."""
    about = people.about()
    asked = people.interview(about, dict.fromkeys(people.policy().questions, DONT_KNOW)).questions
    assert len(asked) == len(set(asked)) > 20
    known = dict.fromkeys(asked, DONT_KNOW)
    assert next_question(about, known) is None
    assert standing(about, known)[1] == 0
    assert Outcome.NEED_ANSWERS in standing(about, known)[0].values()


@settings(unhurried, max_examples=60)
@given(data=st.data())
def test_interview_goes_on_from_anything(catalog: Policy, data: st.DataObject) -> None:
    """Whatever a saved case already says, going on asks only what is open and comes to what all answers come to."""
    cut = data.draw(interviews(catalog))
    about = people.about(*data.draw(st.sampled_from(list(SCOPES.values()))))
    replies = cut.full | cut.partial
    done = people.interview(about, replies, given=cut.partial)
    assert people.outcomes(about, done.answers) == people.outcomes(about, replies)
    assert set(done.questions) <= set(open_questions(about, cut.partial))


@settings(unhurried, max_examples=60)
@given(data=st.data())
def test_something_is_asked_exactly_while_something_is_open(catalog: Policy, data: st.DataObject) -> None:
    """The interview never stops short and never asks in vain; the question after any other is an open one."""
    cut = data.draw(interviews(catalog))
    about = people.about(*data.draw(st.sampled_from(list(SCOPES.values()))))
    still_open = open_questions(about, cut.partial)
    last = data.draw(st.sampled_from([None, *catalog.questions]))
    asked = next_question(about, cut.partial, last)
    assert (asked is None) == (still_open == ())
    assert asked is None or asked in still_open
    assert standing(about, cut.partial)[1] == len(still_open)


def invented(parts: dict[str, Rule], likely: float = 0.3) -> Inquiry:
    """An inquiry into one invented service, over invented yes-or-no questions and a number of visits."""
    visits = Question(id="visits", topic="b", kind=Kind.NUMBER, ask="Visits?", help="", unit="visits", likely=likely)
    others = [Question(id=one, topic="a", kind=Kind.YES_NO, ask="?", help="", likely=likely) for one in OTHERS]
    numbers = {"few_visits": (None, 2), "some_visits": (2, 4), "many_visits": (3, None), "any_visits": (1, None)}
    criteria = {}
    for name, (question, _) in CRITERIA.items():
        least, most = numbers.get(name, (None, None))
        criteria[name] = Criterion(
            id=name, text="It is so", question=question, source=("S",), at_least=least, at_most=most
        )
    entry = Program(id="help", name="Help", summary="It helps.", who="Some.", source=("S",))
    return inquiry([Subject("cs", entry, parts, service="help")], criteria, {one.id: one for one in (*others, visits)})


OTHERS = ("new", "near", "tall")


@settings(unhurried, max_examples=150)
@given(data=st.data())
def test_any_policy_is_asked_to_the_end(data: st.DataObject) -> None:
    """A rule that a county may write tomorrow is settled as surely, whatever it takes to be common or rare."""
    names = ["rule", *data.draw(st.sets(st.sampled_from(["discretion", "excluded", "choose_one", "first", "limit"])))]
    about = invented({name: data.draw(rules) for name in names}, data.draw(st.sampled_from([0.0, 0.02, 0.3, 1.0])))
    replies: Answers = {one: data.draw(st.booleans()) for one in OTHERS}
    replies["visits"] = data.draw(st.integers(0, 6))
    replies |= dict.fromkeys(data.draw(st.sets(st.sampled_from(sorted(replies)), max_size=2)), DONT_KNOW)
    before = {one: replies[one] for one in sorted(data.draw(st.sets(st.sampled_from(sorted(replies)))))}
    done = people.interview(about, replies, given=before)
    assert people.outcomes(about, done.answers) == people.outcomes(about, replies)
    assert open_questions(about, done.answers) == ()


def test_order_prefers_what_settles_soonest() -> None:
    """Of two ways in, the one that takes a single answer comes first; of two conditions, the one likelier to fail."""
    one_or_two = Rule(any_of=(Rule(all_of=("is_new", "is_near")), "is_tall"))
    assert next_question(invented({"rule": one_or_two}), {}) == "tall"
    both = Rule(all_of=("any_visits", "is_tall"))
    about = invented({"rule": both}, likely=0.9)
    rare = about._replace(likely=about.likely | {"is_tall": 0.1})
    assert next_question(rare, {}) == "tall"


def test_topic_is_kept_where_it_costs_little() -> None:
    """The talk stays with a topic under way: a question of it comes before an equally good one of another."""
    entry = [Program(id=one, name=one, summary="It helps.", who="Some.", source=("S",)) for one in ("x", "y")]
    base = invented({"rule": Rule(all_of=("is_new",))})
    criteria = {
        name: Criterion(id=name, text="It is so", question=question, source=("S",))
        for name, question in (("is_new", "new"), ("is_near", "near"), ("is_tall", "tall"))
    }
    questions = dict(base.questions)
    questions["tall"] = Question(id="tall", topic="c", kind=Kind.YES_NO, ask="?", help="")
    subjects = [
        Subject("cs", entry[0], {"rule": Rule(all_of=("is_tall",))}, service="x"),
        Subject("cs", entry[1], {"rule": Rule(all_of=("is_near",))}, service="y"),
    ]
    about = inquiry(subjects, criteria, questions)
    assert next_question(about, {}, last="new") == "near"
    assert next_question(about, {}) == "tall"


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


def test_younger_after_all() -> None:
    """Who goes back and makes the member twelve in place of forty loses no reply, and is asked what now matters."""
    about = people.about("ecm")
    replies = people.whole("nothing special")
    at_forty = people.interview(about, replies | {"age": 40})
    corrected = at_forty.answers | {"age": 12}
    then = people.interview(about, replies | {"age": 12}, given=corrected)
    assert then.questions
    assert not set(then.questions) & set(at_forty.questions)
    assert not ADULTS_ONLY & set(then.questions)
    assert "child_welfare" in then.questions
    assert then.answers.items() >= corrected.items()
    assert people.outcomes(about, then.answers) == people.outcomes(about, replies | {"age": 12})


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
