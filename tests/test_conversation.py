"""The talks, held with scripted replies: every reply kept, back without loss, consent asked anew each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any, Final

import pytest
from msgspec.structs import replace

import people
from calaim_cli.base.errors import NotFound
from calaim_cli.case.case import (
    Case,
    Consent,
    LeadEntity,
    Member,
    Profile,
    Referral,
    Referrer,
    SecureEmail,
    age_of,
    read_case,
)
from calaim_cli.decide.determination import Determination
from calaim_cli.decide.screening import screener
from calaim_cli.decide.screens import Mark
from calaim_cli.draft.draft import Drafter
from calaim_cli.draft.fitness import check_case
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import DONT_KNOW
from calaim_cli.policy.rules import Truth
from calaim_cli.talk.consent import consent_steps, part2_steps
from calaim_cli.talk.conversation import IN_WORDS, edited_profile, field_step, form_steps, number_step, place_steps
from calaim_cli.talk.interview import known
from calaim_cli.talk.prompt import (
    Back,
    Move,
    Prompt,
    Quit,
    Refusal,
    Reply,
    Stage,
    Step,
    ask_alone,
    read_reply,
    through,
    walk,
)
from calaim_cli.talk.referral import ReferralTalk, choose_referrals, origins
from calaim_cli.talk.screen import Ended, Sheet, Show
from calaim_cli.talk.session import Keeping, Ways
from conftest import AS_OF, COMPLETE, SAID, changed
from drafts import by_email
from seated import Sits, rows_of

FOR_ECM = Case(referral=Referral(program="ecm"))

Replies = dict[str, str | list[str]]


class Says:
    """A person with a script: what she types at each prompt, by its `where`; a list is typed one after the other.

    Every line goes through `read_reply` as a typed one does. `asked` holds the prompts in the order they came.
    """

    def __init__(self, replies: Replies) -> None:
        self.left = {where: [typed] if isinstance(typed, str) else list(typed) for where, typed in replies.items()}
        self.asked: list[Prompt] = []

    def __call__(self, prompt: Prompt) -> Reply:
        """The reply to the prompt; a line that is refused, or a prompt without a line, fails the test."""
        self.asked.append(prompt)
        if not self.left.get(prompt.where):
            raise AssertionError(f"nothing to say to {prompt.where}")
        typed = self.left[prompt.where].pop(0)
        reply = read_reply(prompt, typed)
        if isinstance(reply, Refusal):
            raise AssertionError(f"{prompt.where}: {typed}: {reply.message}")  # noqa: TRY004 a test fails by it
        return reply

    @property
    def places(self) -> list[str]:
        """Where it was asked, in order."""
        return [prompt.where for prompt in self.asked]

    def prompt(self, where: str) -> Prompt:
        """The last prompt at that place."""
        return next(prompt for prompt in reversed(self.asked) if prompt.where == where)


COLOR = Prompt(where="color", text="Color?", options={"red": "Red", "blue": "Blue"})


def test_script_types_in_turn() -> None:
    """The fake person says her lines one after the other, and remembers what she was asked."""
    ask = Says({"color": ["1", "back"], "name": "Ann"})
    assert [ask(COLOR), ask(Prompt(where="name", text="Name?")), ask(COLOR)] == ["red", "Ann", Move.BACK]
    assert ask.places == ["color", "name", "color"]
    assert ask.prompt("color") is COLOR


@pytest.mark.parametrize("replies", [{}, {"color": []}, {"name": "Ann"}, {"color": "green"}, {"color": ""}])
def test_script_that_does_not_fit_fails(replies: Replies) -> None:
    """The fake never makes up a reply, and never passes one that a real prompt would refuse."""
    with pytest.raises(AssertionError):
        Says(replies)(COLOR)


def case_of(**changes: Any) -> Case:  # noqa: ANN401 whatever a case may hold
    """The complete invented case with changes by dotted key, written with two underscores for the dot."""
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    case, problems = read_case(changed(COMPLETE, dotted))
    assert problems == ()
    return case


def noted(where: str, *, needed: bool = True) -> Step:
    """A step that keeps its reply in the notes, one after the other."""

    def keep(case: Case, reply: Reply) -> Case:
        return replace(case, referral=replace(case.referral, notes=f"{case.referral.notes}{where}={reply};"))

    return Step(lambda _: Prompt(where=where, text="?") if needed else None, keep)


def walked(*steps: Step, replies: Replies) -> tuple[Says, str, list[str]]:
    """The script after a walk, the notes it came to, and the notes at each time it was kept."""
    ask, kept = Says(replies), list[Case]()
    case = walk(steps, Case(), ask, kept.append)
    return ask, case.referral.notes, [one.referral.notes for one in kept]


def test_walk_goes_through_every_step() -> None:
    """A walk asks each step that is needed, in order, and keeps after every reply."""
    steps = (noted("a"), noted("b", needed=False), noted("c"))
    ask, notes, kept = walked(*steps, replies={"a": "1", "c": "2"})
    assert (ask.places, notes, kept) == (["a", "c"], "a=1;c=2;", ["a=1;", "a=1;c=2;"])


def test_walk_goes_back_over_skipped_steps() -> None:
    """Back returns to the last step that was asked, however often."""
    steps = (noted("a"), noted("b", needed=False), noted("c"), noted("d"))
    replies: Replies = {"a": ["1", "2"], "c": ["3", "back", "4"], "d": ["back", "5"]}
    ask, notes, _ = walked(*steps, replies=replies)
    assert ask.places == ["a", "c", "d", "c", "a", "c", "d"]
    assert notes == "a=1;c=3;a=2;c=4;d=5;"


def test_walk_goes_back_to_what_its_own_reply_made_needless() -> None:
    """One back is enough, also to a step that asks only while nothing is said; the reply stands there to be kept."""

    def once(case: Case) -> Prompt | None:
        return None if case.referral.notes else Prompt(where="a", text="?")

    steps = (Step(once, noted("a").keep), noted("b"), noted("c"))
    ask, notes, _ = walked(*steps, replies={"a": ["1", ""], "b": ["back", "2"], "c": "4"})
    assert ask.places == ["a", "b", "a", "b", "c"]
    assert ask.asked[2].earlier == "1"
    assert notes == "a=1;a=1;b=2;c=4;"


def test_one_back_leads_from_the_plan_to_the_county(catalog: Policy) -> None:
    """Whoever slipped at the county is there again by one back at the plan, and by two at the region."""
    ask = Says(
        {
            "member.county": ["fresno", "tulare", ""],
            "member.plan": ["back", "kp", "back"],
            "member.kp_region": ["back", "north"],
        }
    )
    case = walk(place_steps(catalog, needed=False, again=False), Case(), ask, lambda _: None)
    order = ["county", "plan", "county", "plan", "kp_region", "plan", "county", "kp_region"]
    assert ask.places == [f"member.{one}" for one in order]
    assert (case.member.county, case.member.plan, case.member.kp_region) == ("Tulare", "kp", "north")


def test_back_leads_from_part_to_part() -> None:
    """Back before the first prompt of a part leads to the part before, which is asked again; the first part stays."""
    ask = Says({"a": ["back", "1", "2"], "b": ["back", "3"]})
    again: list[tuple[str, bool]] = []

    def part(where: str) -> Stage:
        def asked(case: Case, back: bool) -> Case:
            again.append((where, back))
            return walk([noted(where)], case, ask, lambda _: None)

        return asked

    assert through([part("a"), part("b")], Case()).referral.notes == "a=1;a=2;b=3;"
    assert again == [("a", False), ("a", True), ("b", False), ("a", True), ("b", False)]


def test_walk_can_be_left() -> None:
    """Quit ends a walk where it is."""
    with pytest.raises(Quit):
        walked(noted("a"), noted("b"), replies={"a": "1", "b": "quit"})


def test_question_alone_can_be_left_both_ways() -> None:
    """Back at a question by itself leads to what was before it, and is no answer; quit leaves."""
    assert ask_alone(Says({"color": "2"}), COLOR) == "blue"
    for typed, leaves in (("back", Back), ("quit", Quit)):
        with pytest.raises(leaves):
            ask_alone(Says({"color": typed}), COLOR)


def test_field_keeps_what_is_checked(catalog: Policy) -> None:
    """A field of the form is kept as its check keeps it, and shown when the person comes back."""
    step = field_step("member.date_of_birth", catalog.form_of("kp"), catalog, AS_OF)
    case = walk([step], Case(), Says({"member.date_of_birth": "3/4/1980"}), lambda _: None)
    assert case.member.date_of_birth == "1980-03-04"
    prompt = step.prompt(case)
    assert prompt is not None
    assert (prompt.earlier, prompt.optional) == ("1980-03-04", False)
    future = read_reply(prompt, "11/23/2026")
    assert isinstance(future, Refusal)


@pytest.mark.parametrize(
    ("plan", "mrn", "optional"), [("kp", "00012345", True), ("kp", "", False), ("cccx", "00012345", False)]
)
def test_one_member_number_is_needed(catalog: Policy, plan: str, mrn: str, optional: bool) -> None:
    """Whoever has no record number that the plan's form takes cannot skip the number on the Medi-Cal card."""
    prompt = field_step("member.cin", catalog.form_of(plan), catalog, AS_OF).prompt(Case(member=Member(mrn=mrn)))
    assert prompt is not None
    assert prompt.optional is optional


@pytest.mark.parametrize(
    ("typed", "mrn", "cin"),
    [("00012345", "00012345", ""), ("91234567a", "", "91234567A"), ("9123 4567 A", "", "91234567A")],
)
def test_one_prompt_takes_either_number(typed: str, mrn: str, cin: str) -> None:
    """What ends in a letter is a CIN, anything else a record number; the one that was there before is gone."""
    case = walk([number_step()], Case(member=Member(mrn="1", cin="2")), Says({"member.mrn": typed}), lambda _: None)
    assert (case.member.mrn, case.member.cin) == (mrn, cin)


@pytest.mark.parametrize("typed", ["", "none", "9123456A", "123-45-6789", "back to the card"])
def test_number_that_is_none_is_asked_again(typed: str) -> None:
    """A CIN with a digit missing is not taken for a record number, and neither number can be skipped."""
    prompt = number_step().prompt(Case())
    assert prompt is not None
    assert isinstance(read_reply(prompt, typed), Refusal)


def asked_of(catalog: Policy, part: str, case: Case, replies: Replies) -> tuple[Says, Case]:
    """What the steps of a part of KP's form ask for where a person says this, and the case that comes of it."""
    ask = Says(replies)
    return ask, walk(form_steps(part, catalog, AS_OF, "kp"), case, ask, lambda _: None)


OF_MEMBER: Replies = {key: said for key, said in SAID.items() if key not in {"member.county", "member.plan"}}


def test_member_without_address_and_phone_is_asked_how_to_reach_her(catalog: Policy) -> None:
    """Whoever has neither says none, is not asked for city and ZIP code, and cannot skip how she is reached."""
    none: Replies = {
        "member.phone": "None",
        "member.address": "none",
        "member.reach_through": "Xshelter",
    }
    ask, case = asked_of(catalog, "member", FOR_ECM, OF_MEMBER | none)
    assert not {"member.city", "member.state", "member.zip"} & set(ask.places)
    assert (case.member.phone, case.member.address, case.member.reach_through) == ("none", "none", "Xshelter")
    assert isinstance(read_reply(ask.prompt("member.address"), "homeless"), Refusal)
    assert isinstance(read_reply(ask.prompt("member.reach_through"), ""), Refusal)
    ask, _ = asked_of(catalog, "member", FOR_ECM, OF_MEMBER)
    assert "member.reach_through" not in ask.places
    assert {"member.city", "member.state", "member.zip"} <= set(ask.places)


@pytest.mark.parametrize("where", sorted(IN_WORDS))
@pytest.mark.parametrize("typed", ["415-555-0123", "91234567A", "00012345", "pat@example.org"])
def test_number_in_the_place_of_a_name_is_asked_again(catalog: Policy, where: str, typed: str) -> None:
    """A phone or member number one prompt too early is no name or language: it is asked again."""
    prompt = field_step(where, catalog.form_of("kp"), catalog, AS_OF).prompt(
        Case(member=Member(date_of_birth="2017-01-02"))
    )
    assert prompt is not None
    assert isinstance(read_reply(prompt, typed), Refusal)
    assert read_reply(prompt, "X \u00c6 A-12 Musk Jr.") == "X \u00c6 A-12 Musk Jr."


@pytest.mark.parametrize("name", ["", "Pat"])
def test_nobody_is_reached_where_nobody_is_named(catalog: Policy, name: str) -> None:
    """Without a caregiver, a parent or a lead entity nobody asks how to reach one; a contact that is there stays."""
    child: Replies = {"member.date_of_birth": "11/23/2008", "member.guardian_name": name, "member.caregiver_name": name}
    ways: Replies = {"member.guardian_contact": "415-555-0123", "member.caregiver_contact": "415-555-0124"}
    ask, _ = asked_of(catalog, "member", FOR_ECM, OF_MEMBER | child | ways)
    assert ways.keys() <= set(ask.places) if name else not ways.keys() & set(ask.places)
    there = replace(FOR_ECM, member=Member(caregiver_contact="415-555-0124"))
    ask, _ = asked_of(catalog, "member", there, OF_MEMBER | child | ways)
    assert "member.caregiver_contact" in ask.places
    entity: Replies = {"network_lead_entity.name": name, "network_lead_entity.email": "a@example.org"}
    of_profile = Says({**REFERRER, **entity})
    edited_profile(Profile(), catalog, of_profile)
    assert ("network_lead_entity.email" in of_profile.places) is bool(name)


def test_parent_is_asked_for_a_child_alone(catalog: Policy) -> None:
    """Parent or guardian is asked for where the member is under 18, and can be skipped."""
    child: Replies = {
        "member.date_of_birth": "11/23/2008",
        "member.guardian_name": "Pat",
        "member.guardian_contact": "",
    }
    ask, _ = asked_of(catalog, "member", FOR_ECM, OF_MEMBER | child)
    assert {"member.guardian_name", "member.guardian_contact"} <= set(ask.places)
    ask, _ = asked_of(catalog, "member", FOR_ECM, OF_MEMBER | {"member.date_of_birth": "11/22/2008"})
    assert not {"member.guardian_name", "member.guardian_contact"} & set(ask.places)


def test_what_the_member_receives_is_asked_in_full(catalog: Policy) -> None:
    """Of ECM the provider is asked for, of Community Supports which; going back to none forgets both."""
    both: Replies = {
        "referral.current_services": "1,4",
        "referral.ecm_provider": "Xprovider",
        "referral.ecm_provider_contact": "510-555-0101",
        "referral.current_supports": "Respite Services for Caregivers",
    }
    _, case = asked_of(catalog, "member", FOR_ECM, OF_MEMBER | both)
    assert case.referral.current_services == ("ecm", "community_supports")
    assert (case.referral.ecm_provider, case.referral.current_supports) == ("Xprovider", ("respite",))
    ask, again = asked_of(catalog, "member", case, OF_MEMBER)
    assert not {"referral.ecm_provider", "referral.current_supports"} & set(ask.places)
    assert again.referral == replace(FOR_ECM.referral, current_services=("none",))


def test_what_the_interview_heard_of_ecm_is_asked_in_full(catalog: Policy) -> None:
    """Where the interview heard of ECM the provider is asked for just as well, and the question is not repeated."""
    heard = replace(FOR_ECM, answers={"current_services": ["ecm"]})
    provider: Replies = {"referral.ecm_provider": "Xprovider", "referral.ecm_provider_contact": "510-555-0101"}
    ask, case = asked_of(catalog, "member", heard, OF_MEMBER | provider)
    assert "referral.current_services" not in ask.places
    assert case.referral.ecm_provider == "Xprovider"


@pytest.mark.parametrize(
    ("relationship", "source", "npi", "organization"),
    [
        pytest.param("medical_provider", "other", False, True, id="a doctor"),
        pytest.param("other", "hospital_or_er_team", False, True, id="a hospital"),
        pytest.param("social_services_provider", "school_or_lea", True, True, id="a school"),
        pytest.param("member_or_family", "other", True, False, id="the family"),
    ],
)
def test_only_who_has_an_npi_needs_one(
    catalog: Policy, relationship: str, source: str, *, npi: bool, organization: bool
) -> None:
    """The NPI can be skipped by who has none, and a family is not asked for an organization."""
    said: Replies = {
        **REFERRER,
        "referrer.relationship": relationship,
        "referrer.source": source,
        "referrer.relationship_detail": "Xrelation",
        "referrer.source_detail": "Xsource",
    }
    ask, _ = asked_of(catalog, "referrer", Case(), said)
    assert ask.prompt("referrer.npi").optional is npi
    assert ("referrer.organization" in ask.places) is organization


YES: Replies = {"consent.part2": "no", "write": "yes", "consent.member_agreed": "yes", "consent.attested": "yes"}


@pytest.mark.parametrize("where", YES)
def test_consent_has_no_default(catalog: Policy, where: str) -> None:
    """Agreement, attestation and Part 2 are said each time: Enter alone is no yes, whatever a case said before."""
    ask = Says(dict(YES))
    before = Case(consent=Consent(member_agreed=True, attested=True, part2=False))
    walk([*part2_steps(), *consent_steps(FOR_ECM, by_email(catalog), catalog, AS_OF)], before, ask, lambda _: None)
    prompt = ask.prompt(where)
    assert (prompt.earlier, prompt.optional) == ("", False)
    assert isinstance(read_reply(prompt, ""), Refusal)
    assert isinstance(read_reply(prompt, "y"), Refusal)


def test_attestation_is_read_out(catalog: Policy) -> None:
    """Whoever attests has the whole text on the screen, and whoever agrees what is asked for."""
    ask = Says(dict(YES))
    walk(consent_steps(FOR_ECM, by_email(catalog), catalog, AS_OF), Case(), ask, lambda _: None)
    assert "It asks for: Enhanced Care Management." in ask.prompt("consent.member_agreed").text
    assert all(sentence in ask.prompt("consent.attested").text for sentence in catalog.form_of("kp").attestation)


@pytest.mark.parametrize(
    ("said", "kept", "asked"), [("yes", True, True), ("no", False, False), ("not known", DONT_KNOW, True)]
)
def test_part2_asks_for_written_consent(said: str, kept: bool | str, asked: bool) -> None:
    """Information from a substance-use program, or perhaps from one, needs written consent, asked for by itself."""
    ask = Says(YES | {"consent.part2": said, "consent.part2_consent": "yes"})
    case = walk(part2_steps(), Case(), ask, lambda _: None)
    assert ("consent.part2_consent" in ask.places) is asked
    assert case.consent.part2 == kept
    assert case.consent.from_part2_program is asked
    assert bool(case.consent.part2_consent) is asked


def determined(catalog: Policy, case: Case) -> dict[str, Determination]:
    """Every determination for a case."""
    return screener(catalog.subjects, catalog).screen(case, AS_OF).determinations


def chosen(
    catalog: Policy, typed: str | list[str], case: Case, which: str = "both"
) -> tuple[Says, tuple[Referral, ...]]:
    """The script after the choice of what to refer for, and the referrals it came to."""
    typed_in_turn = ["others", typed] if isinstance(typed, str) and typed not in {"back", "quit"} else typed
    ask = Says({"referral.program": typed_in_turn, "ecm_or_chw": which})
    return ask, choose_referrals(case, determined(catalog, case), "kp", catalog, ask)


OPEN = case_of(referral__program="")


def test_one_referral_for_each_program(catalog: Policy) -> None:
    """Several programs make several referrals, with the services together in one; the rest of them is the same."""
    _, referrals = chosen(catalog, "ecm,respite,asthma_remediation,chw", OPEN)
    wanted = {(one.program, frozenset(one.services)) for one in referrals}
    assert wanted == {
        ("ecm", frozenset()),
        ("chw", frozenset()),
        ("cs", frozenset({"respite", "asthma_remediation"})),
    }
    assert len(referrals) == 3
    assert {replace(one, program="", services=()) for one in referrals} == {OPEN.referral}


@pytest.mark.parametrize(
    ("typed", "which", "programs"),
    [
        ("ecm,chw", "both", ["ecm", "chw"]),
        ("ecm,chw,respite", "ECM", ["ecm", "cs"]),
        ("ecm,chw", "chw", ["chw"]),
        ("ecm,respite", "", ["ecm", "cs"]),
        ("chw", "", ["chw"]),
    ],
)
def test_ecm_and_chw_together_are_asked_about(catalog: Policy, typed: str, which: str, programs: list[str]) -> None:
    """ECM includes what a health worker does: whoever chooses both says which, and nobody is asked in vain."""
    ask, referrals = chosen(catalog, typed, OPEN, which)
    assert [one.program for one in referrals] == programs
    assert ("ecm_or_chw" in ask.places) is bool(which)
    assert not which or isinstance(read_reply(ask.prompt("ecm_or_chw"), ""), Refusal)


def test_offered_is_what_can_be_referred_for(catalog: Policy) -> None:
    """Only what takes an e-mailed referral and is offered in the county can be chosen; what fits comes first."""
    ask, _ = chosen(catalog, "ecm", OPEN)
    offers = ask.asked[1].options
    assert next(iter(offers)) == "ecm"
    assert {"chw", "respite"} <= offers.keys()
    assert not {"recuperative_care", "sobering_centers", "homelessness"} & offers.keys()
    assert (
        "recuperative_care"
        in chosen(catalog, "ecm", case_of(referral__program="", member__county="Alameda"))[0].asked[1].options
    )
    assert offers["ecm"].endswith(catalog.outcomes[Outcome.LIKELY].label.lower())


def test_what_one_plan_does_not_take_is_no_rule_of_another(catalog: Policy) -> None:
    """A member of a plan that says nothing against a service can be referred for it, whatever another plan says."""
    ask = Says({"referral.program": ["others", "sobering_centers"]})
    choose_referrals(OPEN, determined(catalog, OPEN), "hpsm", catalog, ask)
    assert {"sobering_centers", "recuperative_care"} <= ask.asked[1].options.keys()


def test_choice_can_be_left_both_ways(catalog: Policy) -> None:
    """Back at the choice of programs leads to what was asked before it; quit leaves."""
    for typed, leaves in (("back", Back), ("quit", Quit)):
        with pytest.raises(leaves):
            chosen(catalog, typed, OPEN)


def test_what_fits_is_offered_first(catalog: Policy) -> None:
    """The list holds what fits; the rest is behind one more choice, and nothing of it is lost."""
    ask, referrals = chosen(catalog, ["others", "respite"], OPEN)
    first, whole = (one.options for one in ask.asked)
    assert set(first) == {"ecm", "others"}
    assert {"ecm", "chw", "respite"} <= whole.keys()
    assert "others" not in whole
    assert [one.services for one in referrals] == [("respite",)]


KEPT = check_case(case_of(), people.policy().form_of("kp"), people.policy(), AS_OF).case
PROFILE = KEPT.referrer
ASKED = replace(KEPT.member, plan="kp", kp_member=None)
"""The same member, of whom the plan was asked."""
REFERRER: Replies = {f"referrer.{key}": value for key, value in COMPLETE["referrer"].items()}
SKIPPED: Replies = {key: "" for key, said in SAID.items() if not said and key != "member.cin"}
"""What the complete case does not hold, and Enter skips."""
WHOLE: Replies = {**SAID, **YES, "screen": "Nothing: continue without screening", "referral.program": "ecm"}


def untouched(sheet: Sheet) -> Ended:
    """Nobody sits at the screens."""
    raise AssertionError(sheet.shown.screen.id)


class Kept(Keeping):
    """Keeps every case that it was given, in memory."""

    def __init__(self) -> None:
        super().__init__(None, None)
        self.all: list[Case] = []

    def __call__(self, case: Case) -> None:
        """One more."""
        super().__call__(case)
        self.all.append(self.last)


class Talked:
    """A talk about a referral held with a script, with everything that happened on the way."""

    def __init__(
        self,
        replies: Replies,
        case: Case | None = None,
        profile: Referrer = PROFILE,
        show: Show = untouched,
        reference: Callable[[Referral], str] | None = None,
    ) -> None:
        self.ask, self.keep = Says(replies), Kept()
        self.begun = Case() if case is None else case
        drafter = Drafter(people.policy(), Profile(profile), AS_OF, reference)
        self.talk = ReferralTalk(drafter, Ways(self.ask, show, self.keep), self.begun, by_email=False)
        self.left = False
        try:
            self.case = self.talk.held(self.begun)
        except Quit:
            self.left = True

    @property
    def kept(self) -> list[Case]:
        """What was handed over for saving."""
        return self.keep.all

    @property
    def cases(self) -> tuple[Case, ...]:
        """A case for each program."""
        return self.talk.cases(self.case)


def test_talk_ends_in_a_draft(catalog: Policy) -> None:
    """What a person says from nothing on is enough for a draft, to the mailbox of the county's region."""
    talked = Talked(dict(WHOLE))
    (case,) = talked.cases
    drafter = Drafter(catalog, Profile(PROFILE), AS_OF)
    shown = drafter.draft(case, preview=True)
    assert shown.draft.to == ("REGMCDURNS-KPNC@kp.org",)
    said = walk(consent_steps(shown.case, shown.goes, catalog, AS_OF), case, talked.ask, lambda _: None)
    assert "REGMCDURNS-KPNC@kp.org" in talked.ask.prompt("write").text
    assert drafter.draft(said).draft.to == shown.draft.to
    assert case.member == ASKED


def test_talk_about_another_plan_ends_in_its_sheet(catalog: Policy) -> None:
    """A member of a plan without e-mail is asked for what its sheet holds alone, and nobody attests to another form."""
    talked = Talked(WHOLE | {"member.plan": "hpsm", "member.cin": "91234567A"})
    assert not {"member.mrn", "consent.attested"} & set(talked.ask.places)
    drafter, (case,) = Drafter(catalog, Profile(PROFILE), AS_OF), talked.cases
    shown = drafter.draft(case, preview=True)
    steps = consent_steps(shown.case, shown.goes, catalog, AS_OF)
    sheet = drafter.draft(walk(steps, case, talked.ask, lambda _: None)).draft
    assert "a sheet for Health Plan of San Mateo" in talked.ask.prompt("write").text
    assert "consent.attested" not in talked.ask.places
    assert (sheet.to, sheet.subject) == ((), "")


def test_label_and_reason_are_asked_where_they_are_of_use() -> None:
    """Who keeps a ledger is asked for a label, and who asks for a faster decision why; nobody else is."""
    optional: Replies = {"referral.label": "A-17", "referral.expedited_why": "No bed after Friday"}
    plain = Talked(WHOLE | optional)
    assert not optional.keys() & set(plain.ask.places)
    urgent = Case(referral=Referral(expedited=True))
    talked = Talked(WHOLE | optional, urgent, reference=lambda _: "7RCV43")
    (case,) = talked.cases
    assert (case.referral.label, case.referral.expedited_why) == ("A-17", "No bed after Friday")
    assert isinstance(read_reply(talked.ask.prompt("referral.label"), "Test Member"), Refusal)
    assert isinstance(read_reply(talked.ask.prompt("referral.expedited_why"), ""), Refusal)


BORN: Final = date.fromisoformat(ASKED.date_of_birth)


@pytest.mark.parametrize(
    "typed",
    [
        *(ASKED.first_name, f"{ASKED.last_name.lower()}-7", "sanmateo", ASKED.mrn),
        *(f"{BORN}", f"{BORN:%m-%d-%Y}", f"A{BORN:%m%d%y}", f"{BORN.month}-{BORN.day}-{BORN.year}"),
    ],
)
def test_label_that_tells_who_it_is_is_refused_at_once(typed: str) -> None:
    """The member's own name, birth date or place as a label is refused where it is typed, not after the whole talk."""
    talked = Talked(WHOLE | {"referral.label": "A-17"}, reference=lambda _: "7RCV43")
    refused = read_reply(talked.ask.prompt("referral.label"), typed)
    assert isinstance(refused, Refusal)
    assert "use a number of your own" in refused.message


@pytest.mark.parametrize("reference", [None, lambda _: "7RCV43"], ids=["no ledger", "ledger"])
def test_label_is_asked_again_once_it_tells(reference: Callable[[Referral], str] | None) -> None:
    """A label that the case brought, and that a name said now makes telling, is asked for; another is left alone."""
    for label, asked in ((ASKED.first_name, True), ("A-17", False)):
        case = Case(referral=Referral(label=label))
        talked = Talked(WHOLE | {"referral.label": "A-18"}, case, reference=reference)
        assert ("referral.label" in talked.ask.places) is asked
        assert talked.cases[0].referral.label == ("A-18" if asked else label)


@pytest.mark.parametrize(
    ("county", "plans"), [("san mateo", ("kp", "hpsm")), ("alpine", ("anthem", "mvhp")), ("Oakland", ("kp", "aah"))]
)
def test_only_plans_of_the_county_can_be_chosen(county: str, plans: tuple[str, ...]) -> None:
    """The plan is typed, of those that serve her county: Enter names none of them, and not knowing is a reply."""
    talked = Talked({"member.county": county, "member.plan": "quit"}, Case(member=Member(plan="molina")))
    assert talked.left
    asked = talked.ask.prompt("member.plan")
    assert asked.options == {}
    assert all(f"({one})" in asked.text for one in plans)
    assert [read_reply(asked, one) for one in (*plans, DONT_KNOW)] == [*plans, DONT_KNOW]
    assert all(isinstance(read_reply(asked, typed), Refusal) for typed in ("", "molina", "alliance", "1"))


@pytest.mark.parametrize(("typed", "kept"), [("north", "north"), ("South", "south"), (DONT_KNOW, "")])
def test_region_on_the_card_is_asked_where_the_county_is_split(typed: str, kept: str) -> None:
    """Only where the county does not tell the region is the card asked for it, and nothing is guessed."""
    said: Replies = {"member.county": "tulare", "member.plan": "kp", "member.kp_region": typed}
    talked = Talked({**said, "member.date_of_birth": "quit"})
    assert talked.left
    assert talked.kept[-1].member.kp_region == kept
    assert isinstance(read_reply(talked.ask.prompt("member.kp_region"), ""), Refusal)


def test_what_is_known_is_not_asked_again() -> None:
    """Going on with a case, what it says of place, plan and details is not asked again; to change it there is a way."""
    before = replace(KEPT, consent=Consent(), answers={"current_services": ["none"]})
    talked = Talked({"screen": WHOLE["screen"], "consent.part2": "no", **SKIPPED}, before)
    asked = set(talked.ask.places) - SKIPPED.keys()
    assert asked == {"screen", "consent.part2"}
    assert talked.cases[0].member == KEPT.member


def test_change_reaches_every_part() -> None:
    """From the preview the way leads back to place, answers, request or details, and what is not changed stays."""
    talked = Talked(WHOLE | {"change": ["County, plan, date of birth", "Details"]})
    first = talked.talk.to_change()
    talked.ask.left |= {"member.county": ["alameda"], "member.plan": ["kp"], "member.date_of_birth": ["3/4/1980"]}
    talked.ask.left |= {"referral.program": ["ecm"], "consent.part2": ["no"], "screen": [str(WHOLE["screen"])]}
    moved = talked.talk.held(talked.case, first)
    assert (moved.member.county, moved.member.first_name) == ("Alameda", ASKED.first_name)
    second = talked.talk.to_change()
    assert (first, second) == (0, 3)
    talked.ask.left |= {where: [""] for where in (*SAID, *REFERRER)} | {"consent.part2": ["no"]}
    talked.ask.left["member.first_name"] = ["Robin"]
    assert talked.talk.held(moved, second).member.first_name == "Robin"


def test_answers_are_changed_from_the_preview_and_nothing_else_is_lost() -> None:
    """From the preview back to the screens: what is marked there now counts, after a change of the county too."""
    said: dict[str, Mark] = {}
    seen = list[Sheet]()

    def show(sheet: Sheet) -> Ended:
        seen.append(sheet)
        return Sits(rows_of("homeless adult with a complex need") | said)(sheet)

    replies = WHOLE | {
        "screen": "ecm",
        "referral.program": ["ecm", "ecm", "others", "ecm"],
        "consent.part2": ["no"] * 3,
    }
    replies |= {"member.county": ["san mateo", "alameda"], "member.plan": ["kp", "kp"]}
    replies |= {"member.date_of_birth": ["3/4/1980", ""]}
    talked = Talked(replies, show=show)
    assert talked.case.answers["complex_need"] is True
    moved = talked.talk.held(talked.case, 0)
    said["complex_need"] = Truth.NO
    last = talked.talk.screens
    assert last is not None
    assert last.under_way is not None
    for one in last.under_way.seen:
        one.marks = {} if "complex_need" in {row.id for row in one.shown.rows} else one.marks
    changed = talked.talk.held(moved, 1)
    assert changed.answers["complex_need"] is False
    assert (changed.member.county, changed.member.last_name) == ("Alameda", ASKED.last_name)


def test_back_before_the_first_detail_loses_none(catalog: Policy) -> None:
    """Whoever goes back from the details to what to refer for finds them there again."""
    replies = WHOLE | {"member.middle_name": ["back", ""], "member.first_name": ["Test", "back", "Test"]}
    replies["referral.program"] = ["ecm", "ecm"]
    talked = Talked(replies)
    assert talked.cases[0].member.first_name == "Test"


def test_draft_says_where_its_details_come_from() -> None:
    """Whoever reads the draft sees which details stood in the profile or the case, and which were said just now."""
    case = Case(member=Member(first_name=ASKED.first_name))
    said = origins(replace(KEPT, member=ASKED), case, PROFILE).splitlines()
    assert [line.split(":")[0] for line in said] == [
        "From your profile",
        "From the case",
        "From what was said just now",
    ]
    assert "First name" in said[1]
    assert "Last name" in said[2]
    assert ASKED.last_name not in " ".join(said)


def test_talk_keeps_every_reply() -> None:
    """After each reply the case is handed over for saving, without a word on consent, and only ever grows."""
    talked = Talked(dict(WHOLE))
    of_the_case = [one for one in talked.ask.places if one not in {"screen", "referral.program"}]
    assert len(talked.kept) == len(of_the_case)
    assert {one.consent for one in talked.kept} == {Consent()}
    assert talked.kept[-1] == replace(talked.cases[0], consent=Consent())
    named = [one.member.first_name for one in talked.kept]
    assert named == sorted(named)


def test_talk_makes_one_case_for_each_program() -> None:
    """Member, referrer and Part 2 are asked once for all; each program has its own case, not yet agreed to."""
    talked = Talked(WHOLE | {"referral.program": "ecm,chw,respite", "ecm_or_chw": "both"})
    wanted = {one.referral.program: one.referral.services for one in talked.cases}
    assert wanted == {"ecm": (), "chw": (), "cs": ("respite",)}
    assert len({one.member for one in talked.cases}) == 1
    assert len({one.consent for one in talked.cases}) == 1
    assert [one for one in talked.ask.places if one.startswith("consent.")] == ["consent.part2"]


def test_talk_forgets_earlier_consent() -> None:
    """A case file with everything in it, consent too, comes out without: it counts for one referral only."""
    talked = Talked(WHOLE | SKIPPED, KEPT)
    assert talked.ask.prompt("consent.part2").earlier == ""
    assert talked.cases[0].consent == Consent(part2=False)
    assert talked.cases[0].member == KEPT.member


def test_consent_is_never_kept() -> None:
    """Whatever a case says of consent, what is kept of it for another time has none."""
    keep = Kept()
    keep(case_of())
    assert keep.all == [replace(case_of(), consent=Consent())]


def test_complete_profile_is_not_asked_about() -> None:
    """Whoever has a profile is not asked who she is."""
    assert not [where for where in Talked(dict(WHOLE)).ask.places if where.startswith("referrer.")]


@pytest.mark.parametrize("known", [{}, {"name": "Pat Example"}], ids=["no profile", "half a profile"])
def test_what_the_profile_lacks_is_asked(known: dict[str, str]) -> None:
    """Without a profile, or with half of one, the referrer is asked now and not told at the end what is missing."""
    talked = Talked({**WHOLE, **REFERRER}, profile=Referrer(**known))
    order = ("relationship", "source", "name", "organization", "npi", "address", "phone", "email")
    asked = [where for where in talked.ask.places if where.startswith("referrer.")]
    assert asked == [f"referrer.{one}" for one in order if one not in known]
    assert talked.cases[0].referrer == PROFILE


@pytest.mark.parametrize(
    ("replies", "case", "code"),
    [
        pytest.param({"member.plan": "unknown"}, Case(), "plan-unknown", id="plan not known"),
        pytest.param(
            {
                "member.county": "sacramento",
                "member.plan": "molina",
                **{one: WHOLE[one] for one in ("screen", "referral.program")},
            },
            Case(),
            "no-route",
            id="no way known",
        ),
        pytest.param({}, Case(referral=Referral(program="emc")), "unknown-program", id="unknown program"),
        pytest.param(
            {}, Case(referral=Referral(program="cs", services=("respit",))), "unknown-service", id="unknown service"
        ),
    ],
)
def test_no_route_ends_the_talk_at_once(replies: Replies, case: Case, code: str) -> None:
    """Where no referral can go, the member is not asked for name and date of birth first."""
    with pytest.raises(NotFound) as stopped:
        Talked({**SAID, **replies, "member.first_name": []}, case)
    assert stopped.value.code == code


@pytest.mark.parametrize(
    ("referral", "asked"),
    [
        (Referral(), True),
        (Referral(program="cs"), True),
        (Referral(program="ecm"), False),
        (Referral(program="cs", services=("respite",)), False),
    ],
)
def test_what_the_command_says_is_not_asked(referral: Referral, asked: bool) -> None:
    """A program from the command line is not asked about; Community Supports without a service are."""
    talked = Talked(WHOLE | {"referral.program": "respite"}, Case(referral=referral))
    assert ("referral.program" in talked.ask.places) is asked
    (case,) = talked.cases
    assert case.referral.program == ("cs" if asked else referral.program)


def test_chosen_program_is_saved() -> None:
    """The one program chosen is in the saved case from then on, so that going on does not ask for it again."""
    talked = Talked(dict(WHOLE))
    assert talked.kept[-1].referral.program == "ecm"


def test_screening_comes_before_the_choice() -> None:
    """What the screens found out stands beside each choice, and goes along into the referral."""
    person = Sits(rows_of("homeless adult with a complex need"))
    talked = Talked(WHOLE | {"screen": "chw", "referral.program": ["others", "chw"]}, show=person)
    labels = {one: words.label.lower() for one, words in people.policy().outcomes.items()}
    offers = talked.ask.prompt("referral.program").options
    assert offers["chw"].endswith(labels["likely"])
    assert offers["ecm"].endswith(labels["need-answers"])
    assert talked.cases[0].answers["chw_triggers"]
    assert "age" not in person.screens  # the date of birth tells it


def test_back_leads_from_the_choice_to_the_screens() -> None:
    """Back at the choice of what to refer for shows the last screen again, with its marks."""
    person = Sits(rows_of("homeless adult with a complex need"))
    talked = Talked(WHOLE | {"screen": "chw", "referral.program": ["back", "chw"]}, show=person)
    assert person.screens[-1] == person.screens[-2]
    assert talked.cases[0].referral.program == "chw"


def test_back_and_forth_through_the_form() -> None:
    """Back in the form shows what was said, and what came after is not lost."""
    replies = WHOLE | {
        "member.first_name": ["Tset", "Test"],
        "member.middle_name": ["", "back", ""],
        "member.last_name": ["back", "Member"],
    }
    talked = Talked(replies)
    assert talked.ask.prompt("member.first_name").earlier == "Tset"
    assert talked.cases[0].member == ASKED


@pytest.mark.parametrize("typed", ["atlantis", "sb", "00000"])
def test_unknown_county_is_asked_again(typed: str) -> None:
    """A place that is none, or several, is refused at the question with what is meant, never guessed."""
    talked = Talked(dict(WHOLE))
    assert isinstance(read_reply(talked.ask.prompt("member.county"), typed), Refusal)


def test_county_is_kept_by_its_name() -> None:
    """However the place is typed, the case holds the county's name."""
    for typed in ("SAN MATEO", "San Mateo County", "94401"):
        assert Talked(WHOLE | {"member.county": typed}).cases[0].member.county == "San Mateo"


ENTITY: Replies = {
    "network_lead_entity.name": "Example Lead Entity",
    "network_lead_entity.email": "referrals@nle.example.org",
}


def test_profile_is_asked_once(catalog: Policy) -> None:
    """From nothing, the profile holds what was said about the referrer and the Network Lead Entity."""
    profile = edited_profile(Profile(), catalog, Says({**REFERRER, **ENTITY}))
    assert profile == Profile(PROFILE, LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org"))


def test_enter_keeps_the_profile(catalog: Policy) -> None:
    """Enter through a profile changes nothing of it, how mail is encrypted and which kind it is of included."""
    secure = SecureEmail(secure_tag="body", text="[secure]")
    entity = LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org")
    before = Profile(PROFILE, entity, secure, "street_medicine")
    assert edited_profile(before, catalog, Says(dict.fromkeys([*REFERRER, *ENTITY], ""))) == before


def test_profile_without_lead_entity(catalog: Policy) -> None:
    """Most organizations have no Network Lead Entity: Enter skips it."""
    skipped: Replies = dict.fromkeys(ENTITY, "")
    assert edited_profile(Profile(), catalog, Says({**REFERRER, **skipped})) == Profile(PROFILE)


@pytest.mark.parametrize("where", [*REFERRER, *ENTITY])
def test_quit_leaves_the_profile_alone(catalog: Policy, where: str) -> None:
    """Quit at any question of the profile is no answer to it: nothing is kept."""
    with pytest.raises(Quit):
        edited_profile(Profile(), catalog, Says({**REFERRER, **ENTITY, where: "quit"}))


@pytest.mark.parametrize("where", ENTITY)
def test_back_is_no_lead_entity(catalog: Policy, where: str) -> None:
    """Back at the Network Lead Entity leads to the details before it and is never kept as a name or address."""
    said: Replies = {one: [str(typed)] * 2 for one, typed in {**REFERRER, **ENTITY}.items()}
    profile = edited_profile(Profile(), catalog, Says({**said, where: ["back", str(ENTITY[where])]}))
    assert profile.network_lead_entity == LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org")


def test_talk_uses_the_age_of_the_member(catalog: Policy) -> None:
    """The date of birth of the form settles the age for the referral, too."""
    (case,) = Talked(dict(WHOLE)).cases
    assert age_of(case, AS_OF) == 46
    assert known(case, catalog, AS_OF) == {"age": 46, "managed_care": True, "current_services": ("none",)}
