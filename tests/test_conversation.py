"""The talks, held with scripted replies: every reply kept, back without loss, consent asked anew each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
from calaim_cli.decide.interview import inquiry, to_settle
from calaim_cli.decide.screening import screener
from calaim_cli.draft.draft import Drafter
from calaim_cli.draft.fitness import check_case
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.questions import DONT_KNOW, Answer
from calaim_cli.talk.consent import consent_steps, part2_steps
from calaim_cli.talk.conversation import (
    Quit,
    Step,
    answers_of,
    ask_alone,
    choose_referrals,
    field_step,
    form_steps,
    hold_interview,
    question_prompt,
    walk,
    with_reply,
)
from calaim_cli.talk.prompt import Move, Prompt, Refusal, Reply, read_reply
from calaim_cli.talk.session import edited_profile, talk
from conftest import AS_OF, COMPLETE, SAID, changed
from drafts import by_email

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


def as_typed(answer: Answer) -> str:
    """How a person types an answer."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return ",".join(answer) if isinstance(answer, tuple) else str(answer)


def script(vignette: str, **replies: str | list[str]) -> Replies:
    """What the person of a vignette types, with other lines where given."""
    whole: Replies = {question: as_typed(answer) for question, answer in people.whole(vignette).items()}
    return whole | replies


class Held:
    """An interview held with a script, with everything that happened on the way."""

    def __init__(self, replies: Replies, case: Case | None = None, named: Sequence[str] = ("ecm",)) -> None:
        catalog = people.policy()
        self.ask, self.kept, self.stood = Says(replies), list[Case](), list[Case]()
        entries = [entry for entry in catalog.entries if entry.id in named]
        about = inquiry(to_settle(entries, catalog, None, ""), catalog.criteria, catalog.questions)
        self.about, self.left = about, False
        start = Case() if case is None else case
        self.case = start
        try:
            self.case = hold_interview(about, start, catalog, AS_OF, self.ask, self.kept.append, self.stood.append)
        except Quit:
            self.left = True

    @property
    def outcomes(self) -> dict[str, Outcome]:
        """What the interview came to."""
        return people.outcomes(self.about, answers_of(self.case, people.policy(), AS_OF))


STREET = "homeless adult with a complex need"


def test_interview_comes_to_an_end() -> None:
    """A person who answers every question is asked until the result is sure, and each question once."""
    held = Held(script(STREET))
    assert held.outcomes == {"ecm": Outcome.LIKELY}
    assert len(held.ask.places) == len(set(held.ask.places)) > 3
    assert held.case.answers.keys() == set(held.ask.places)


def test_every_reply_is_kept_at_once() -> None:
    """After each reply the case is handed over for saving, with that reply and all before it."""
    held = Held(script(STREET))
    assert [list(case.answers) for case in held.kept] == [held.ask.places[: n + 1] for n in range(len(held.ask.places))]
    assert held.kept[-1] == held.case


def test_standing_is_told_before_each_question() -> None:
    """Where the interview stands is shown before each question, as of the replies so far."""
    held = Held(script(STREET))
    assert held.stood == [Case(), *held.kept[:-1]]


def test_answers_are_kept_as_a_case_file_has_them() -> None:
    """Replies are kept as a case file writes them: true, a number, a choice, a list, or "unknown"."""
    about_mother = script("stroke, at home with a daughter", facility_risk="dk", hospital_risk="don't know")
    held = Held(about_mother, named=("personal_care_homemaker", "home_modifications", "assisted_living_transitions"))
    answers = held.case.answers
    assert answers["facility_risk"] == DONT_KNOW
    assert answers["ihss_status"] == "applied"
    assert answers["managed_care"] is True
    assert answers["nursing_facility_days"] == 0
    assert type(answers["nursing_facility_days"]) is int
    assert read_case({"answers": answers})[1] == ()
    listed = Held(script(STREET, housing="shelter, 2"))
    assert listed.case.answers["housing"] == ["place_not_for_sleeping", "shelter"]


def test_dont_know_is_not_asked_again() -> None:
    """Who does not know is left in peace: the interview goes on with other questions and comes to an end."""
    held = Held(dict.fromkeys(people.policy().questions, "dk"))
    assert len(held.ask.places) == len(set(held.ask.places))
    assert set(held.case.answers.values()) == {DONT_KNOW}
    assert held.outcomes == {"ecm": Outcome.NEED_ANSWERS}


def test_interview_goes_on_where_it_stopped() -> None:
    """A saved case is not asked about again: going on asks exactly the rest."""
    whole = Held(script(STREET))
    half = whole.kept[2]
    rest = Held(script(STREET), half)
    assert rest.ask.places == whole.ask.places[3:]
    assert rest.case == whole.case


def test_nothing_is_asked_when_all_is_said() -> None:
    """A case that settles everything is given back as it is, without a question."""
    done = Held(script(STREET)).case
    again = Held({}, done)
    assert (again.case, again.ask.asked, again.kept) == (done, [], [])


def test_back_asks_the_question_before() -> None:
    """Back shows the question before with the reply given; a new reply replaces it and no other is lost."""
    plain = Held(script(STREET))
    first, second, third = plain.ask.places[:3]
    typed = script(STREET)
    once, twice = typed[first], typed[second]
    assert isinstance(once, str)
    assert isinstance(twice, str)
    held = Held(typed | {third: ["back", str(typed[third])], second: [twice, "back"], first: [once, ""]})
    assert held.ask.places[:6] == [first, second, third, second, first, third]
    assert held.ask.asked[4].earlier
    assert held.case == plain.case


def test_back_at_the_first_question_stays() -> None:
    """At the very first question there is nothing to go back to: it is asked again."""
    first = Held(script(STREET)).ask.places[0]
    typed = script(STREET)[first]
    assert isinstance(typed, str)
    held = Held(script(STREET) | {first: ["back", "back", typed]})
    assert held.ask.places[:3] == [first] * 3
    assert held.outcomes == {"ecm": Outcome.LIKELY}


def test_back_reaches_what_a_saved_case_says() -> None:
    """Going on with a saved case, back reaches the replies of the earlier talk too."""
    whole = Held(script(STREET))
    last, after = whole.ask.places[2], whole.ask.places[3]
    typed = script(STREET)
    rest = Held(typed | {after: ["back", str(typed[after])], last: ""}, whole.kept[2])
    assert rest.ask.places[:3] == [after, last, after]
    assert rest.case == whole.case


def test_twelve_in_place_of_forty() -> None:
    """Changing the age from 40 to 12 drops no reply that still applies and asks what newly matters."""
    forty = Held(script("nothing special", age="40"))
    assert forty.outcomes == {"ecm": Outcome.UNLIKELY}
    places = forty.ask.places
    at = places.index("age")
    # The last question is answered by going back, question by question, to the age.
    typed = script("nothing special", age=["40", "12"])
    for back in places[at + 1 : -1]:
        typed[back] = [str(typed[back]), "back"]
    typed[places[-1]] = ["back", str(typed[places[-1]])]
    twelve = Held(typed)
    assert twelve.case.answers["age"] == 12
    kept = {name: answer for name, answer in forty.case.answers.items() if name in places[:-1] and name != "age"}
    assert twelve.case.answers.items() >= kept.items()
    assert "child_welfare" in twelve.ask.places
    assert "child_welfare" not in places
    assert twelve.outcomes == {"ecm": Outcome.UNLIKELY}


@pytest.mark.parametrize(
    ("answers", "answered", "day"),
    [
        ({}, "", "2026-11-22"),
        ({"complex_need": True}, "2026-09-01", "2026-09-01"),
        ({"age": 46}, "2026-09-01", "2026-09-01"),
        ({"complex_need": True}, "", "2026-11-22"),
        ({}, "2026-09-01", "2026-11-22"),
    ],
    ids=["from nothing", "older answer stays", "older age stays", "no day so far", "no answer so far"],
)
def test_replies_have_a_day(answers: dict[str, Answer], answered: str, day: str) -> None:
    """The case says from the first reply on of which day its answers are; older ones are never made new by others."""
    left = {where: typed for where, typed in script(STREET).items() if where not in answers}
    held = Held(left, Case(answers=dict(answers), answered_on=answered))
    assert {case.answered_on for case in held.kept} == {day}


def test_older_answer_said_anew_is_of_this_day() -> None:
    """Once every older answer has been asked again, all are of the day of the talk."""
    typed = script(STREET, age=["46"])
    first = next(iter(Held(dict(typed)).ask.places[1:]))
    typed[first] = ["back", str(typed[first])]
    held = Held(typed, Case(answers={"age": 40}, answered_on="2026-09-01"))
    assert held.case.answers["age"] == 46
    assert held.case.answered_on == "2026-11-22"


def test_what_is_received_now_is_kept_in_one_place() -> None:
    """A reply on what the member receives now takes the place of what the referral says, which was shown before."""
    case = Case(referral=Referral(program="chw", current_services=("ecm",)))
    question = people.policy().questions["current_services"]
    assert question_prompt(question, case, people.policy(), AS_OF).earlier == ("ecm",)
    now = with_reply(case, question, ("chw",))
    assert (now.referral.current_services, now.answers) == ((), {"current_services": ["chw"]})


def test_help_cites_what_decides_alone() -> None:
    """The sources beside a question are of the rules: what only points out a slip is not cited for them."""
    assert "Inferred" not in question_prompt(people.policy().questions["age"], Case(), people.policy(), AS_OF).help


def test_date_of_birth_will_do_for_the_age() -> None:
    """A date of birth is kept as such, in one spelling, and the age is worked out from it."""
    held = Held(script(STREET, age="03/04/1980"))
    assert held.case.member.date_of_birth == "1980-03-04"
    assert "age" not in held.case.answers
    assert answers_of(held.case, people.policy(), AS_OF)["age"] == 46
    assert held.outcomes == {"ecm": Outcome.LIKELY}


def test_age_and_date_of_birth_never_contradict() -> None:
    """Whichever was said last counts, and the other is taken out: a case never holds both."""
    question = people.policy().questions["age"]
    born = with_reply(Case(answers={"age": 40}), question, "1980-03-04")
    assert (born.member.date_of_birth, born.answers) == ("1980-03-04", {})
    aged = with_reply(born, question, "12")
    assert (aged.member.date_of_birth, aged.answers) == ("", {"age": 12})
    unsure = with_reply(born, question, Move.DONT_KNOW)
    assert (unsure.member.date_of_birth, unsure.answers) == ("", {"age": DONT_KNOW})


def test_quit_keeps_what_was_said() -> None:
    """Quit leaves at once; everything said before it has been handed over for saving."""
    third = Held(script(STREET)).ask.places[2]
    held = Held(script(STREET) | {third: "quit"})
    assert held.left
    assert len(held.kept) == 2


def prompt_for(question: str, case: Case | None = None) -> Prompt:
    """The prompt that puts a question of the policy."""
    catalog = people.policy()
    return question_prompt(catalog.questions[question], Case() if case is None else case, catalog, AS_OF)


@pytest.mark.parametrize("question", people.policy().questions)
def test_help_tells_the_source(question: str) -> None:
    """Every question can be explained on the spot, with the source that it rests on; not knowing is a reply."""
    prompt = prompt_for(question)
    assert people.policy().questions[question].help in prompt.help
    assert "\nSource: " in prompt.help
    assert not prompt.help.endswith("Source: ")
    assert prompt.dont_know
    assert prompt.earlier in {"", ()}


GIVEN: list[tuple[str, Any, str | tuple[str, ...]]] = [
    ("complex_need", True, "yes"),
    ("complex_need", False, "no"),
    ("complex_need", "unknown", ""),
    ("ed_visits_6_months", 0, "0"),
    ("ihss_status", "applied", "applied"),
    ("housing", ["shelter", "doubled_up"], ("shelter", "doubled_up")),
    ("housing", ["shelter", "unknown"], ("shelter",)),
    ("age", 40, "40"),
]


@pytest.mark.parametrize(("question", "answer", "given"), GIVEN, ids=[f"{row[0]}-{row[1]}" for row in GIVEN])
def test_reply_given_before_is_shown(question: str, answer: object, given: str | tuple[str, ...]) -> None:
    """Coming back to a question, the person sees what was said and keeps it with Enter; zero and no are replies."""
    prompt = prompt_for(question, Case(answers={question: answer}))
    assert prompt.earlier == given
    if given and "unknown" not in str(answer):
        kept = with_reply(Case(), people.policy().questions[question], Says({question: ""})(prompt))
        assert kept.answers == {question: answer}


@pytest.mark.parametrize(
    ("question", "case"),
    [
        ("housing", Case(answers={"housing": ["castle"]})),
        ("housing", Case(answers={"housing": []})),
        ("ihss_status", Case(answers={"ihss_status": "maybe"})),
        ("ed_visits_6_months", Case(answers={"ed_visits_6_months": -1})),
        ("complex_need", Case(answers={"complex_need": 1})),
        ("age", Case(member=Member(date_of_birth="1980-13-45"))),
    ],
)
def test_what_is_not_valid_cannot_be_kept(question: str, case: Case) -> None:
    """A value that is no valid answer is not offered for keeping: Enter would ask the same question for ever."""
    assert prompt_for(question, case).earlier in {"", ()}


@pytest.mark.parametrize(
    ("question", "typed"),
    [
        ("age", "121"),
        ("age", "-1"),
        ("age", "4o"),
        ("age", "1980"),
        ("age", "03/04/80"),
        ("age", "2026-11-23"),
        ("age", "\u0664\u0660"),
        ("ed_visits_6_months", "1000"),
        ("ed_visits_6_months", "two"),
        ("ed_visits_6_months", "1.5"),
        ("ed_visits_6_months", "9" * 5000),
        ("community_transition_dollars_used", "7,500"),
    ],
)
def test_number_out_of_range_is_refused(question: str, typed: str) -> None:
    """A number that cannot be is asked again with what is accepted, and not repeated on the screen."""
    refused = read_reply(prompt_for(question), typed)
    assert isinstance(refused, Refusal)
    assert typed not in refused.message
    assert len(refused.message) > 10


@pytest.mark.parametrize(("question", "typed"), [("age", "0"), ("age", "120"), ("room_and_board_months_used", "012")])
def test_number_in_range_is_taken(question: str, typed: str) -> None:
    """The smallest and the largest number are answers, and a leading zero does no harm."""
    case = with_reply(Case(), people.policy().questions[question], Says({question: typed})(prompt_for(question)))
    assert case.answers == {question: int(typed)}


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
    """Back returns to the last step that was asked, however often, and stays at the first."""
    steps = (noted("a"), noted("b", needed=False), noted("c"), noted("d"))
    replies: Replies = {"a": ["1", "back", "2"], "c": ["3", "back", "4"], "d": ["back", "5"]}
    ask, notes, _ = walked(*steps, replies=replies)
    assert ask.places == ["a", "c", "d", "c", "a", "a", "c", "d"]
    assert notes == "a=1;c=3;a=2;c=4;d=5;"


def test_walk_can_be_left() -> None:
    """Quit ends a walk where it is."""
    with pytest.raises(Quit):
        walked(noted("a"), noted("b"), replies={"a": "1", "b": "quit"})


def test_question_alone_has_nothing_before_it() -> None:
    """Where there is nothing to go back to, back asks again and is no answer; quit leaves."""
    ask = Says({"color": ["back", "back", "2"]})
    assert ask_alone(ask, COLOR) == "blue"
    assert ask.places == ["color"] * 3
    with pytest.raises(Quit):
        ask_alone(Says({"color": "quit"}), COLOR)


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


def test_parent_is_asked_for_a_child_alone(catalog: Policy) -> None:
    """Parent or guardian is asked for where the member is under 18, and can be skipped."""
    child: Replies = {"member.date_of_birth": "11/23/2008", "member.guardian_name": "", "member.guardian_contact": ""}
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
    """Where the interview heard of ECM the provider is asked for just as well, and forgotten with it."""
    heard = with_reply(FOR_ECM, catalog.questions["current_services"], ("ecm",))
    provider: Replies = {"referral.ecm_provider": "Xprovider", "referral.ecm_provider_contact": "510-555-0101"}
    ask, case = asked_of(catalog, "member", heard, OF_MEMBER | provider)
    assert "referral.current_services" not in ask.places
    assert case.referral.ecm_provider == "Xprovider"
    for reply in (("chw",), Move.DONT_KNOW):
        again = with_reply(case, catalog.questions["current_services"], reply).referral
        assert (again.ecm_provider, again.ecm_provider_contact, again.current_supports) == ("", "", ())


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


def chosen(catalog: Policy, typed: str | list[str], case: Case, which: str = "both") -> tuple[Says, tuple[Case, ...]]:
    """The script after the choice of what to refer for, and the cases it came to."""
    ask = Says({"referral.program": typed, "ecm_or_chw": which})
    return ask, choose_referrals(case, determined(catalog, case), "kp", catalog, ask)


OPEN = case_of(referral__program="")


def test_one_case_for_each_program(catalog: Policy) -> None:
    """Several programs make several referrals, with the services together in one; the rest of the case is the same."""
    _, cases = chosen(catalog, "ecm,respite,asthma_remediation,chw", OPEN)
    wanted = {(one.referral.program, frozenset(one.referral.services)) for one in cases}
    assert wanted == {
        ("ecm", frozenset()),
        ("chw", frozenset()),
        ("cs", frozenset({"respite", "asthma_remediation"})),
    }
    assert len(cases) == 3
    assert {one.member for one in cases} == {OPEN.member}


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
    ask, cases = chosen(catalog, typed, OPEN, which)
    assert [one.referral.program for one in cases] == programs
    assert ("ecm_or_chw" in ask.places) is bool(which)
    assert not which or isinstance(read_reply(ask.prompt("ecm_or_chw"), ""), Refusal)


def test_offered_is_what_can_be_referred_for(catalog: Policy) -> None:
    """Only what takes an e-mailed referral and is offered in the county can be chosen; what fits comes first."""
    ask, _ = chosen(catalog, "ecm", OPEN)
    offers = ask.asked[0].options
    assert next(iter(offers)) == "ecm"
    assert {"chw", "respite"} <= offers.keys()
    assert not {"recuperative_care", "sobering_centers", "homelessness"} & offers.keys()
    assert (
        "recuperative_care"
        in chosen(catalog, "ecm", case_of(referral__program="", member__county="Alameda"))[0].asked[0].options
    )
    assert offers["ecm"].endswith(catalog.outcomes[Outcome.LIKELY].label.lower())


def test_what_one_plan_does_not_take_is_no_rule_of_another(catalog: Policy) -> None:
    """A member of a plan that says nothing against a service can be referred for it, whatever another plan says."""
    ask = Says({"referral.program": "sobering_centers"})
    choose_referrals(OPEN, determined(catalog, OPEN), "hpsm", catalog, ask)
    assert {"sobering_centers", "recuperative_care"} <= ask.asked[0].options.keys()


def test_choice_is_not_ended_by_back(catalog: Policy) -> None:
    """Back at the choice of programs asks again: it does not throw away the talk. Quit leaves."""
    ask, cases = chosen(catalog, ["back", "chw"], OPEN)
    assert (len(ask.asked), [one.referral.program for one in cases]) == (2, ["chw"])
    with pytest.raises(Quit):
        chosen(catalog, "quit", OPEN)


KEPT = check_case(case_of(), people.policy().form_of("kp"), people.policy(), AS_OF).case
PROFILE = KEPT.referrer
ASKED = replace(KEPT.member, plan="kp", kp_member=None)
"""The same member, of whom the plan was asked."""
REFERRER: Replies = {f"referrer.{key}": value for key, value in COMPLETE["referrer"].items()}
WHOLE: Replies = {**SAID, **YES, "screen": "Nothing: go on without screening", "referral.program": "ecm"}


class Talked:
    """A talk about a referral held with a script, with everything that happened on the way."""

    def __init__(self, replies: Replies, case: Case | None = None, profile: Referrer = PROFILE) -> None:
        self.ask, self.kept = Says(replies), list[Case]()
        drafter = Drafter(people.policy(), Profile(profile), AS_OF)
        self.cases = talk(Case() if case is None else case, drafter, self.ask, self.kept.append)


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


@pytest.mark.parametrize(
    ("county", "plans"), [("san mateo", ("kp", "hpsm")), ("alpine", ("anthem", "mvhp")), ("Oakland", ("kp", "aah"))]
)
def test_only_plans_of_the_county_can_be_chosen(county: str, plans: tuple[str, ...]) -> None:
    """The plan is typed, of those that serve her county: Enter names none of them, and not knowing is a reply."""
    ask = Says({"member.county": county, "member.plan": "quit"})
    with pytest.raises(Quit):
        talk(
            Case(member=Member(plan="molina")),
            Drafter(people.policy(), Profile(PROFILE), AS_OF),
            ask,
            list[Case]().append,
        )
    asked = ask.prompt("member.plan")
    assert asked.options == {}
    assert all(f"({one})" in asked.text for one in plans)
    assert [read_reply(asked, one) for one in (*plans, DONT_KNOW)] == [*plans, DONT_KNOW]
    assert all(isinstance(read_reply(asked, typed), Refusal) for typed in ("", "molina", "alliance", "1"))


@pytest.mark.parametrize(("typed", "kept"), [("north", "north"), ("South", "south"), (DONT_KNOW, "")])
def test_region_on_the_card_is_asked_where_the_county_is_split(typed: str, kept: str) -> None:
    """Only where the county does not tell the region is the card asked for it, and nothing is guessed."""
    ask = Says({"member.county": "tulare", "member.plan": "kp", "member.kp_region": typed, "screen": "quit"})
    cases = list[Case]()
    with pytest.raises(Quit):
        talk(Case(), Drafter(people.policy(), Profile(PROFILE), AS_OF), ask, cases.append)
    assert cases[-1].member.kp_region == kept
    assert isinstance(read_reply(ask.prompt("member.kp_region"), ""), Refusal)


def test_plan_known_before_is_kept_by_enter() -> None:
    """A case of before that says only that the member is in Kaiser Permanente shows that plan, and Enter keeps it."""
    ask = Says({"member.county": "", "member.plan": "", "screen": "quit"})
    kept = list[Case]()
    with pytest.raises(Quit):
        talk(case_of(), Drafter(people.policy(), Profile(PROFILE), AS_OF), ask, kept.append)
    assert ask.prompt("member.plan").earlier == "kp"
    assert (kept[-1].member.plan, kept[-1].member.kp_member) == ("kp", None)


def test_talk_keeps_every_reply() -> None:
    """After each reply the case is handed over for saving, without a word on consent, and only ever grows."""
    talked = Talked(dict(WHOLE))
    of_the_case = [one for one in talked.ask.places if one != "screen"]
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
    talked = Talked(WHOLE | dict.fromkeys(SAID, "") | {"member.plan": "kp"}, KEPT)
    assert talked.ask.prompt("consent.part2").earlier == ""
    assert talked.cases[0].consent == Consent(part2=False)
    assert talked.cases[0].member == ASKED


def test_old_consent_is_gone_from_the_first_reply_on() -> None:
    """A talk that is left early does not leave the consent to an earlier referral in the saved case."""
    kept = list[Case]()
    with pytest.raises(Quit):
        talk(
            case_of(),
            Drafter(people.policy(), Profile(PROFILE), AS_OF),
            Says({"member.county": "", "member.plan": "quit"}),
            kept.append,
        )
    assert [one.consent for one in kept] == [Consent()]


def test_complete_profile_is_not_asked_about() -> None:
    """Whoever has a profile is not asked who she is."""
    assert not [where for where in Talked(dict(WHOLE)).ask.places if where.startswith("referrer.")]


@pytest.mark.parametrize("known", [{}, {"name": "Pat Example"}], ids=["no profile", "half a profile"])
def test_what_the_profile_lacks_is_asked(known: dict[str, str]) -> None:
    """Without a profile, or with half of one, the referrer is asked now and not told at the end what is missing."""
    talked = Talked({**WHOLE, **REFERRER}, profile=Referrer(**known))
    assert [where for where in talked.ask.places if where.startswith("referrer.")] == [
        *("referrer.relationship", "referrer.source", "referrer.name", "referrer.organization", "referrer.npi"),
        *("referrer.address", "referrer.phone", "referrer.email"),
    ]
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
    at = talked.ask.places.index("referral.program")
    assert {one.referral.program for one in talked.kept[at:]} == {"ecm"}


def test_screening_comes_before_the_choice() -> None:
    """What the screening found out stands beside each choice, and goes along into the referral."""
    talked = Talked(WHOLE | {"screen": "chw", "chw_triggers": "social_need", "current_services": "none"})
    labels = {one: words.label.lower() for one, words in people.policy().outcomes.items()}
    offers = talked.ask.prompt("referral.program").options
    assert offers["chw"].endswith(labels["likely"])
    assert offers["ecm"].endswith(labels["need-answers"])
    assert talked.cases[0].answers["chw_triggers"] == ["social_need"]
    assert "referral.current_services" not in talked.ask.places  # asked once is enough


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
    """Back at the Network Lead Entity asks again and is never kept as a name or address."""
    typed = str(ENTITY[where])
    profile = edited_profile(Profile(), catalog, Says({**REFERRER, **ENTITY, where: ["back", typed]}))
    assert profile.network_lead_entity == LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org")


def test_talk_uses_the_age_of_the_member(catalog: Policy) -> None:
    """The date of birth of the form settles the age for the referral, too."""
    (case,) = Talked(dict(WHOLE)).cases
    assert age_of(case, AS_OF) == 46
    assert answers_of(case, catalog, AS_OF) == {"age": 46, "managed_care": True, "current_services": ("none",)}
