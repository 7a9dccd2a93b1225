"""Advice beside a determination: what to do next, what is good to know, and whom to call."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from msgspec.structs import replace

from calaim_cli.decide.advice import Advice, Door, Membership, Send, advise, sends
from calaim_cli.decide.determination import Determination
from calaim_cli.policy.places import HEALTH_CARE_OPTIONS, KP, Contact, County, Plan, Presence, Region, plans_of
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Conflict, Gate, Grade, Outcome, OutcomeWords, Program, rules_of, subjects
from calaim_cli.policy.routes import Channel, Offer, OfferKind, Route, RouteKind
from calaim_cli.policy.routes import Rule as Asked
from calaim_cli.policy.rules import Rule, Truth
from conftest import AS_OF
from strategies import determine

NO, YES = Truth.NO, Truth.YES
MINE, OTHER = Membership(KP), Membership("other")
ANOTHER, NOT_SAID = Membership(ruled_out=KP), Membership()  # known not to be in Kaiser Permanente, and nothing known
S = ("S",)
NORTH = Region(id="north", name="Example North", forms="", eligibility="", source=S)
SOUTH = Region(id="south", name="Example South", forms="", eligibility="", source=S)


def county(name: str, kp: Presence | None) -> County:
    """An invented county with one other plan."""
    return County(name=name, fips="06000", plans=("other",), model="COHS", ccs="classic", kp=kp)


SERVED = county("Served", Presence(grade=Grade.OFFICIAL, source=S, region="north"))
WITHOUT = county("Without", Presence(grade=Grade.OFFICIAL, source=S, region="north"))
SPLIT = county("Split", Presence(grade=Grade.OFFICIAL, source=S, by_zip={"90000": "north", "90001": "south"}))
UNSERVED = county("Unserved", None)


def entry(name: str, **more: Any) -> Program:  # noqa: ANN401 the parts of an entry differ in type
    """An invented program, population or service."""
    return Program(id=name, name=name.title(), summary="It helps.", who="Some.", source=S, **more)


ECM = entry(
    "ecm",
    choose_one=Gate(any_of=("in_other",), say="Choose one of the two."),
    excluded=Gate(any_of=("in_rival",), say="The other program does it all."),
)
CS = entry("cs", excluded=Gate(none_of=("covered",), say="Coverage is needed."))
CHW = entry("chw", rule=Rule(all_of=("wants_help",)))
OLD = entry("old", rule=Rule(all_of=("is_old",)))
SHOPPING = entry(
    "shopping",
    rule=Rule(all_of=("hungry",)),
    discretion=Rule(all_of=("nearly_hungry",)),
    excluded=Gate(any_of=("has_cook",), say="The cook shops."),
    first=Gate(all_of=("has_list",), say="A list comes first."),
    limit=Gate(all_of=("money_left",), say="The money is used up."),
    notes=("Bring a bag.",),
    next={"not-yet": ("Write the list.", "Write the list.")},
)
FITS = {
    "wants_help": YES,
    "is_old": YES,
    "in_other": NO,
    "in_rival": NO,
    "covered": YES,
    "hungry": YES,
    "nearly_hungry": NO,
    "has_cook": NO,
    "has_list": YES,
    "money_left": YES,
}
SAID = {rule.say for one in (ECM, CS, SHOPPING) for rule in rules_of(one).values() if isinstance(rule, Gate)}
"""The sentences of all gates."""
GENERAL = {outcome: f"What to do when {outcome}." for outcome in Outcome}


def way(name: str, plan: str, channel: Channel, address: str, **more: Any) -> Route:  # noqa: ANN401 as above
    """An invented route of a plan, for every program unless it is said otherwise."""
    known: dict[str, Any] = {"programs": ("ecm", "cs", "chw"), "kind": RouteKind.REFERRAL, "grade": Grade.OFFICIAL}
    return Route(id=name, plan=plan, channel=channel, address=address, source=S, checked=AS_OF, **known | more)


EXACT = {"cs": "Supports"}
ROUTES = (
    way(
        "kp-north",
        KP,
        Channel.EMAIL,
        "north@example.org",
        region="north",
        subject={"cs": "Supports"},
        turnaround="a week",
    ),
    way("kp-south", KP, Channel.EMAIL, "south@example.org", region="south", subject={"cs": "Supports"}),
    way("kp-line-north", KP, Channel.PHONE, "555-0101", region="north", tty="711", hours="weekdays"),
    way("kp-line-south", KP, Channel.PHONE, "555-0105", region="south", tty="711", hours="weekdays"),
    way("other-portal", "other", Channel.PORTAL, "portal.example.org", programs=("ecm",)),
    way("other-line", "other", Channel.PHONE, "555-0103", programs=("ecm",), kind=RouteKind.MEMBER_LINE),
)
OFFERS = (
    Offer(plan=KP, kind=OfferKind.ALL_BUT, as_of="2024-10", source=S, not_in={"shopping": ("Without",)}, note="Ask."),
    Offer(plan="other", kind=OfferKind.UNKNOWN, as_of="2024-10", source=S, note="Ask the other."),
)
IN_TIME = Asked(id="t", text="An answer in five days.", programs=("ecm",), source=S, grade=Grade.OFFICIAL, urgent=True)


@pytest.fixture(scope="module")
def invented(catalog: Policy) -> Policy:
    """A policy with ECM, its population `old`, CHW and the service `shopping`, two plans and one contact."""
    contact = Contact(
        id="c", name="Market Office", purpose="Ask for bags.", source=S, phone="555-0102", touches=("shopping",)
    )
    choosing = Contact(id=HEALTH_CARE_OPTIONS, name="Chooser", purpose="Choosing a plan.", source=S, phone="555-0104")
    return replace(
        catalog,
        subjects=subjects((ECM, CS, CHW), (OLD,), (SHOPPING,)),
        outcomes={one: OutcomeWords(id=one, label=one, meaning=one, next=(words,)) for one, words in GENERAL.items()},
        regions={"north": NORTH, "south": SOUTH},
        plans={KP: Plan(id=KP, name="Kaiser Permanente"), "other": Plan(id="other", name="Other Health Plan")},
        programs_file=replace(
            catalog.programs_file, program=(ECM, CS, CHW), population=(OLD,), service=(SHOPPING,), notice=()
        ),
        routes_file=replace(catalog.routes_file, route=ROUTES, offer=OFFERS, rule=(IN_TIME,)),
        conflicts=(
            Conflict(id="x", matter="bags", older="One bag.", newer="Two bags.", touches=("shopping",), source=S),
        ),
        counties_file=replace(catalog.counties_file, contact=(contact, choosing)),
    )


def door(where: County | None, membership: Membership = MINE) -> Door:
    """A member of the plan in the county, in the region that the county is in."""
    return Door(where, membership, (where and where.kp and where.kp.region) or "", AS_OF)


def advised(
    catalog: Policy, wanted: str, where: County | None, membership: Membership = MINE, /, **truths: Truth
) -> tuple[Outcome, Advice]:
    """The outcome and the advice for somebody whom everything fits, but for these truths."""
    [subject] = [one for one in catalog.subjects if one.entry.id == wanted]
    determination = determine(subject, FITS | truths)
    return determination.outcome, advise(determination, catalog, door(where, membership))


@pytest.mark.parametrize(
    ("wanted", "truths", "outcome", "said"),
    [
        pytest.param("ecm", {"in_other": YES}, "choose-one", "Choose one of the two.", id="choice"),
        pytest.param("ecm", {"in_rival": YES}, "unlikely", "The other program does it all.", id="excluded"),
        pytest.param("shopping", {"has_cook": YES}, "unlikely", "The cook shops.", id="excluded-by-the-service"),
        pytest.param("shopping", {"covered": NO}, "unlikely", "Coverage is needed.", id="excluded-by-the-program"),
        pytest.param("shopping", {"has_list": NO}, "not-yet", "A list comes first.", id="first-step"),
        pytest.param("shopping", {"money_left": NO}, "plan-discretion", "The money is used up.", id="limit"),
    ],
)
def test_the_gate_that_decided_says_why(
    invented: Policy, wanted: str, truths: dict[str, Truth], outcome: str, said: str
) -> None:
    """The first step tells what stands in the way, and nothing that does not."""
    found, advice = advised(invented, wanted, SERVED, **truths)
    assert found == outcome
    assert advice.next_steps[0] == said
    assert SAID.intersection(advice.next_steps) == {said}


@pytest.mark.parametrize("truths", [{}, {"hungry": NO, "nearly_hungry": YES}], ids=["likely", "discretion"])
def test_gates_that_stand_open_say_nothing(invented: Policy, truths: dict[str, Truth]) -> None:
    """Nobody is told of obstacles that are not hers."""
    outcome, advice = advised(invented, "shopping", SERVED, **truths)
    assert advice.next_steps[0] == GENERAL[outcome]


def test_next_steps_of_the_entry_replace_the_general_ones(invented: Policy) -> None:
    """What a program says of an outcome takes the place of the general words, and nothing is said twice."""
    _, advice = advised(invented, "shopping", SERVED, has_list=NO)
    assert advice.next_steps.count("Write the list.") == 1
    assert GENERAL[Outcome.NOT_YET] not in advice.next_steps


def test_referral_goes_to_the_region(invented: Policy) -> None:
    """Where the plan serves, the next steps name the command, the region and its phone."""
    _, advice = advised(invented, "shopping", SERVED)
    assert advice.offered is True
    assert any("calaim refer" in step and "Example North" in step for step in advice.next_steps)
    assert any("555-0101" in step for step in advice.next_steps)


def test_what_is_not_referred_by_email_is_a_call(invented: Policy) -> None:
    """A service that the plan's mailboxes do not take is asked for by phone alone."""
    file = invented.routes_file
    routes = tuple(
        replace(one, services_except=("shopping",)) if one.channel is Channel.EMAIL else one for one in file.route
    )
    called = replace(invented, routes_file=replace(file, route=routes))
    _, advice = advised(called, "shopping", SERVED)
    assert any("555-0101" in step for step in advice.next_steps)
    assert not any("calaim refer" in step for step in advice.next_steps)


def test_plan_without_email_gets_a_sheet(invented: Policy) -> None:
    """A member of such a plan is told of the sheet and the plan's own ways, best first, and of no mailbox."""
    _, advice = advised(invented, "ecm", SERVED, OTHER)
    sheet = "Refer to Other Health Plan: 'calaim refer CASE' writes a sheet. Enter it in portal.example.org."
    assert sheet in advice.next_steps
    assert "Call Other Health Plan: 555-0103." in advice.next_steps
    assert not any("Kaiser" in step or "@" in step for step in advice.next_steps)


def test_where_no_route_is_known_the_plan_is_asked(invented: Policy) -> None:
    """A line that is known for another program is one to ask how to refer; where there is none the card has it."""
    _, advice = advised(invented, "shopping", SERVED, OTHER)
    asked = "Other Health Plan: Ask there how to refer: 555-0103. Or call the number on the member's card."
    assert asked in advice.next_steps
    assert advice.offered is None
    silent = replace(invented, routes_file=replace(invented.routes_file, route=ROUTES[:4]))
    _, advice = advised(silent, "shopping", SERVED, OTHER)
    unknown = "Other Health Plan: No way to refer is known. Or call the number on the member's card."
    assert unknown in advice.next_steps


def test_each_program_has_the_best_route_of_the_members_plan(invented: Policy) -> None:
    """What to send goes to the one best route, under its subject, with how fast the plan has to answer."""
    kp, other = (list(sends(("ecm", "cs"), door(SERVED, one), invented)) for one in (MINE, OTHER))
    assert [(one.route.id, one.subject, one.how_fast, one.ask) for one in kp] == [
        ("kp-north", "", "a week", False),
        ("kp-north", "Supports", "a week", False),
    ]
    assert [(one.route.id, one.subject, one.how_fast, one.ask) for one in other] == [
        ("other-portal", "", "An answer in five days.", False),
        ("other-line", "", "", True),
    ]


@pytest.mark.parametrize(
    ("where", "membership"),
    [(None, MINE), (UNSERVED, MINE), (SERVED, ANOTHER), (SERVED, NOT_SAID), (SERVED, Membership("absent"))],
    ids=["no-county", "not-served", "another-plan", "not-said", "plan-elsewhere"],
)
def test_nothing_is_sent_where_the_plan_or_county_is_not_known(
    invented: Policy, where: County | None, membership: Membership
) -> None:
    """No route is given for a plan or county that is guessed."""
    found: list[Send] = list(sends(("ecm", "cs", "chw"), door(where, membership), invented))
    assert found == []


def test_service_that_is_not_offered_is_never_referred(invented: Policy) -> None:
    """Where a service is not offered, the advice says so with its date and says to call, not to refer."""
    outcome, advice = advised(invented, "shopping", WITHOUT)
    assert (outcome, advice.offered) == ("likely", False)
    assert any("Not offered" in step and "2024-10" in step for step in advice.next_steps)
    assert any("555-0101" in step for step in advice.next_steps)
    assert not any("calaim refer" in step for step in advice.next_steps)


def test_elsewhere_the_members_own_plan_is_named(invented: Policy) -> None:
    """Where Kaiser Permanente does not serve, its card is doubted, the county's own plan is named, and no mailbox."""
    _, advice = advised(invented, "shopping", UNSERVED)
    assert advice.offered is None
    [doubt] = [step for step in advice.next_steps if "Kaiser Permanente" in step]
    assert doubt.startswith("Kaiser Permanente does not serve Unserved County: refer through the member's own plan")
    assert all(words in doubt for words in ("Other Health Plan (555-0103)", "Chooser, 555-0104"))
    assert not any("calaim refer" in step or "555-0101" in step for step in advice.next_steps)


@pytest.mark.parametrize("where", [SERVED, WITHOUT, SPLIT, UNSERVED], ids=lambda one: one.name)
def test_another_plans_member_goes_to_her_plan(invented: Policy, where: County) -> None:
    """Who is known not to be in KP is told of the county's other plans with their phones, and not what KP offers."""
    outcome, advice = advised(invented, "shopping", where, ANOTHER)
    assert (outcome, advice.offered) == ("likely", None)
    [step] = [step for step in advice.next_steps if "Other Health Plan" in step]
    assert step.startswith("Refer through the member's own plan, which may be Other Health Plan (555-0103)")
    assert "Chooser, 555-0104" in step
    assert "Ask." not in advice.notes
    assert not [one for one in (*advice.next_steps, *advice.notes) if "Kaiser" in one or "555-0101" in one]


@pytest.mark.parametrize(
    ("where", "named"),
    [
        pytest.param(SERVED, "Kaiser Permanente (555-0101) or Other Health Plan (555-0103)", id="served"),
        pytest.param(SPLIT, "Kaiser Permanente (555-0101 or 555-0105) or Other Health Plan (555-0103)", id="split"),
        pytest.param(UNSERVED, "Other Health Plan (555-0103)", id="not-served"),
    ],
)
def test_plan_that_is_not_said_is_asked_for(invented: Policy, where: County, named: str) -> None:
    """Where nobody has said which plan the member has, all of the county's are named, and none is taken for hers."""
    outcome, advice = advised(invented, "shopping", where, NOT_SAID)
    assert (outcome, advice.offered) == ("likely", None)
    [step] = [step for step in advice.next_steps if step.startswith("Which plan is on the card?")]
    assert f"it may be {named}. Without a card, call Chooser, 555-0104." in step
    assert "Ask." not in advice.notes
    assert not any("calaim refer" in one for one in advice.next_steps)


@pytest.mark.parametrize("membership", [ANOTHER, NOT_SAID], ids=["another-plan", "not-said"])
def test_plans_are_told_while_answers_are_missing(invented: Policy, membership: Membership) -> None:
    """With answers missing one may call the plan: whoever has another one, or none said, reads which to call."""
    outcome, advice = advised(invented, "shopping", SERVED, membership, hungry=Truth.UNKNOWN)
    assert outcome == "need-answers"
    assert any("Other Health Plan (555-0103)" in step for step in advice.next_steps)


def test_contact_and_conflict_of_a_plan_are_for_its_members(invented: Policy) -> None:
    """What the data mark as one plan's own is told to nobody else, and in no county that the plan does not serve."""
    contact, *others = invented.counties_file.contact
    own = replace(
        invented,
        conflicts=tuple(replace(one, plan="kp") for one in invented.conflicts),
        counties_file=replace(invented.counties_file, contact=(replace(contact, plan="kp"), *others)),
    )
    theirs = advised(own, "shopping", SERVED)[1]
    assert theirs == advised(invented, "shopping", SERVED)[1]
    doors = ((SERVED, OTHER), (SERVED, ANOTHER), (SERVED, NOT_SAID), (UNSERVED, MINE), (None, ANOTHER), (None, OTHER))
    for where, membership in doors:
        advice = advised(own, "shopping", where, membership)[1]
        assert not any("Market Office" in one for one in advice.next_steps)
        assert not any("Two bags." in one for one in advice.notes)


def test_split_county_needs_the_zip_code(invented: Policy) -> None:
    """In a county of two regions no region is guessed."""
    _, advice = advised(invented, "ecm", SPLIT)
    assert any("ZIP code" in step for step in advice.next_steps)
    assert not any("555-0101" in step or "calaim refer" in step for step in advice.next_steps)
    assert list(sends(("ecm", "cs"), door(SPLIT), invented)) == []


def test_without_a_county_it_is_asked_for(invented: Policy) -> None:
    """Without a county the advice asks for it rather than for a guess, whatever the plan."""
    for membership in (MINE, OTHER, ANOTHER, NOT_SAID):
        advice = advised(invented, "shopping", None, membership)[1]
        assert any("Give the county" in step for step in advice.next_steps)
        assert any("Which plan is on the card?" in step for step in advice.next_steps) is (membership is NOT_SAID)
    _, advice = advised(invented, "shopping", None)
    assert advice.offered is None
    assert any("county" in step for step in advice.next_steps)


@pytest.mark.parametrize(
    ("wanted", "truths"),
    [("shopping", {"hungry": NO}), ("ecm", {"in_other": YES}), ("shopping", {"has_list": NO})],
    ids=["unlikely", "choose-one", "not-yet"],
)
def test_no_referral_before_its_time(invented: Policy, wanted: str, truths: dict[str, Truth]) -> None:
    """Where a choice or a step comes first, or nothing fits, the advice does not say to refer now."""
    _, advice = advised(invented, wanted, SERVED, **truths)
    assert not any("calaim refer" in step for step in advice.next_steps)


def test_population_leaves_the_referral_to_its_program(invented: Policy) -> None:
    """A member is referred to ECM, not to a population: the way is told once, with the program."""
    _, advice = advised(invented, "old", SERVED)
    assert advice.offered is None
    assert advice.next_steps == (GENERAL[Outcome.LIKELY],)


def test_contact_is_told_unless_nothing_fits(invented: Policy) -> None:
    """A contact stands beside what it belongs to, but is not offered to somebody whom nothing fits."""
    contact = "Market Office: 555-0102. Ask for bags."
    assert contact in advised(invented, "shopping", SERVED)[1].next_steps
    assert contact not in advised(invented, "chw", SERVED)[1].next_steps
    assert contact not in advised(invented, "shopping", SERVED, hungry=NO)[1].next_steps


def test_notes_tell_what_sources_disagree_on(invented: Policy) -> None:
    """A service's own notes, the note on where it is offered, and both sides of a conflict are shown."""
    _, advice = advised(invented, "shopping", SERVED)
    assert advice.notes[:2] == ("Bring a bag.", "Ask.")
    assert "bags" in advice.notes[2]
    assert "One bag." in advice.notes[2]
    assert "Two bags." in advice.notes[2]
    assert advised(invented, "chw", SERVED)[1].notes == ()


def test_note_on_offers_needs_a_county_that_is_served(invented: Policy) -> None:
    """What is said of where a service is offered is not said of a county that has another plan."""
    for where in (None, UNSERVED):
        assert "Ask." not in advised(invented, "shopping", where)[1].notes


@pytest.mark.parametrize("outcome", Outcome)
def test_every_shipped_outcome_has_a_next_step(catalog: Policy, outcome: Outcome) -> None:
    """Nobody is left without a next step: each result of the shipped policy gives one, in every county and plan."""
    plans = [Membership(one) for one in catalog.plans]
    for one, where in product(catalog.subjects, (None, *catalog.counties_file.county)):
        own = [two for two in plans if where is None or two.plan in plans_of(where)]
        for membership in (MINE, ANOTHER, NOT_SAID, *own):
            advice = advise(Determination(one, outcome), catalog, door(where, membership))
            assert advice.next_steps, one.entry.id
            assert all(step.strip() for step in advice.next_steps), one.entry.id
