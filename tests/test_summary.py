"""The answer to a case: that it fits one screen and keeps to what is known, what to ask next, where to send."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from calaim_cli.case import casefile
from calaim_cli.case.case import Case, read_case
from calaim_cli.decide import screening
from calaim_cli.decide.determination import POSITIVE
from calaim_cli.decide.screening import Decided, Screener
from calaim_cli.decide.summary import NOT_SO, Ask, summary_of
from calaim_cli.policy.places import plans_of
from calaim_cli.policy.policy import subjects_named
from calaim_cli.policy.programs import Outcome, subject_id
from calaim_cli.policy.routes import Channel
from calaim_cli.show import summary
from calaim_cli.show.blocks import HEIGHT, HEIGHT_NARROW, Screenful, laid_out
from calaim_cli.show.render import labelled, plain
from conftest import AS_OF, ROOT, THOROUGH
from people import people, policy, whole

HOMELESS = {
    "age": 46,
    "managed_care": True,
    "excluded_programs": ["none"],
    "choose_one_programs": ["none"],
    "housing": ["place_not_for_sleeping"],
    "complex_need": True,
}
ADDRESS = re.compile(r"[\w.-]+@[\w.-]+")
KP = {"county": "Alameda", "plan": "kp"}


@cache
def screener_for(*named: str) -> Screener:
    """A screener for what is named, or for everything."""
    return screening.screener(subjects_named(named, policy()), policy())


def decided(member: dict[str, Any], answers: dict[str, Any], *named: str) -> Decided:
    """An invented member with these answers, decided for what is named, or for everything."""
    case, problems = read_case({"member": member, "answers": answers})
    assert not problems
    return screening.decide("x", case, screener_for(*named), policy(), AS_OF, None)


MADE: dict[int, tuple[Decided, Screenful]] = {}
"""Each answer is worked out once for all tests; what it is of stays here, so that its number is no other's."""


def screenful(one: Decided) -> Screenful:
    """The answer to a case."""
    if id(one) not in MADE:
        MADE[id(one)] = one, summary.screenful(one, policy())
    return MADE[id(one)][1]


def on_screen(one: Decided, columns: int = 80) -> str:
    """The answer as a person sees it."""
    lines = laid_out(screenful(one).lines, columns)
    return "\n".join(line.label + line.text for line in lines)


def in_pipe(one: Decided) -> list[list[str]]:
    """The answer as a script reads it."""
    return [line.split("\t") for line in plain((screenful(one),)).splitlines()]


def unfolded(text: str) -> str:
    """The words of a screen in one line."""
    return " ".join(text.split())


def drawn(count: int) -> Iterator[Decided]:
    """So many invented people in any county and plan; of some nobody has asked everything, or knows the plan."""
    chance = random.Random(2026)  # noqa: S311 nothing secret is drawn
    for number, who in enumerate(people(count, dont_know=0.15)):
        county = chance.choice(policy().counties_file.county)
        member = {"county": county.name, "plan": chance.choice((*plans_of(county), "kp", "unknown"))}
        asked = chance.choice((1, 1, 0.6, 0.2))
        answers = {
            question: list(answer) if isinstance(answer, tuple) else answer
            for question, answer in who.answers.items()
            if chance.random() < asked
        }
        yield decided(member if number % 10 else {}, answers)


@cache
def everybody() -> tuple[Decided, ...]:
    """The cases of the tests, and people who are drawn."""
    paths = sorted((ROOT / "tests" / "cases").glob("*.toml"))
    cases: list[Case] = [casefile.read(str(path)) for path in paths]
    of_tests = [screening.decide("x", case, screener_for(), policy(), AS_OF, None) for case in cases]
    return (*of_tests, *drawn(500 if THOROUGH else 120))


@pytest.mark.parametrize(("columns", "height"), [(80, HEIGHT), (100, HEIGHT), (40, HEIGHT_NARROW), (60, HEIGHT_NARROW)])
def test_answer_fits_one_screen(columns: int, height: int) -> None:
    """Whoever it is about, the answer does not scroll away, names ECM first, and has no line cut in a word."""
    for one in everybody():
        lines = on_screen(one, columns).splitlines()
        assert len(lines) <= height
        assert lines[0].startswith("ECM")
        assert all(len(line) <= columns or " " not in line.strip() for line in lines)
        assert set(unfolded(" ".join(lines)).split()) <= set(unfolded(words_of(one)).split())


def words_of(one: Decided) -> str:
    """All that the lines could say, with the label of a narrow window too."""
    lines = screenful(one).lines
    return " ".join(f"{line.label} {line.label}: {line.text} {line.short} {line.least}" for line in lines)


def test_first_questions_and_first_address_never_give_way() -> None:
    """However full the screen, it says what to ask and where to send, or what to find out for that."""
    for one in everybody():
        found, screen = summary_of(one, policy()), unfolded(on_screen(one))
        if found.ask_next:
            assert policy().questions[found.ask_next[0].question].ask in screen
        if found.send:
            assert found.send[0].route.address in screen
        elif found.instead:
            assert found.instead[0] in screen


def test_no_answer_is_a_verdict() -> None:
    """Nobody reads yes, no, approved or denied: a screening is not a decision, and says so in its last words."""
    for one in everybody():
        screen = on_screen(one)
        assert not set(re.findall(r"[a-z]+", screen.lower())) & {"approved", "denied", "eligible", "ineligible"}
        assert not re.search(r"(?:ECM|CHW|Supports|Group)[: ]+(?:yes|no)\b", screen)
        assert "the plan decides" in unfolded(screen).lower()


def test_what_is_not_known_is_never_a_no() -> None:
    """A result that waits for answers is called not sure, on a screen and in a pipe; so are its supports counted."""
    for one in everybody():
        found = summary_of(one, policy())
        rows = {(row[0], row[1]): row[2] for row in in_pipe(one) if row[0] in {"support", "population"}}
        for support, _ in found.supports:
            said = rows.get(("support", subject_id(support.subject)))
            assert said == (None if support.outcome is Outcome.UNLIKELY else support.outcome)
        if found.ecm and found.ecm.outcome is Outcome.NEED_ANSWERS:
            assert on_screen(one).startswith("ECM       not sure yet: ")


def test_only_the_members_own_plan_is_named_to_send_to() -> None:
    """No address of another plan: neither its mailbox nor its phone stands where a member's plan is known."""
    routes = policy().routes_file.route
    for one in everybody():
        plan = one.door.plan
        if plan:
            own = {route.address for route in routes if route.plan == plan}
            others = {route.address for route in routes if route.plan != plan} - own
            text = f"{plain((screenful(one),))}{unfolded(on_screen(one))}"
            assert not [address for address in others if address in text]
        else:
            assert not ADDRESS.search(plain((screenful(one),)))


# What is said


def test_answer_of_a_homeless_member() -> None:
    """ECM with its reasons and group, the supports by name with their offer, mailbox, phone and subject."""
    shown = unfolded(on_screen(decided(KP, HOMELESS)))
    assert shown.startswith("ECM seems to fit: ")
    assert "1 seems to fit, offered in Alameda County: Day Habilitation Programs" in shown
    assert "Kaiser Permanente: REGMCDURNS-KPNC@kp.org or call 1-833-721-6012" in shown
    assert 'subject "ECM Referral"; for the supports "CS Referral"' in shown


def test_reasons_say_which_is_lacking() -> None:
    """What a member is excluded by is said as it is, and what is lacking as lacking; the age is told last."""
    hospice = decided(KP, {**HOMELESS, "excluded_programs": ["hospice"]}, "ecm")
    outside = decided({"county": "Alameda"}, {**HOMELESS, "managed_care": False}, "ecm")
    assert NOT_SO not in in_pipe(hospice)[0][2]
    assert in_pipe(outside)[0][2].endswith(NOT_SO)
    assert [row[0] for row in in_pipe(hospice)].count("population") == 0
    fits = in_pipe(decided(KP, HOMELESS, "ecm"))[0][2]
    assert "21" not in fits


def test_ecm_without_a_group_says_so() -> None:
    """Where nothing excludes, and no group fits, the answer is about the groups and blames no single answer."""
    quiet = {question: answer for question, answer in next(people(1)).answers.items() if question == "none"}
    answers = {one.id: False for one in policy().questions.values() if one.kind == "yes_no"} | quiet
    answers |= {one.id: 0 for one in policy().questions.values() if one.kind == "number"}
    answers |= {one.id: "none" for one in policy().questions.values() if one.kind == "choice"}
    lists = {one.id: ["none"] for one in policy().questions.values() if one.kind == "choices"}
    shown = on_screen(decided(KP, {**answers, **lists, "managed_care": True, "age": 44}))
    assert shown.startswith("ECM       does not match today: none of the 9 groups fits the answers")
    assert "none of the 15 matches today" in shown
    assert "Ask next  nothing: every result is settled" in shown
    assert "Send" not in shown


def test_chw_beside_ecm_is_one_of_the_two() -> None:
    """Where both seem to fit, the line says that ECM includes it, and no subject for CHW invites to send both."""
    both = decided(KP, {**HOMELESS, "current_services": ["none"], "chw_triggers": ["chronic_condition"]}, "ecm", "chw")
    assert "seems to fit too, but ECM includes it" in unfolded(on_screen(both))
    assert [row[1] for row in in_pipe(both) if row[0] == "send"] == ["ecm"]


def test_chw_beside_ecm_that_is_open_waits_for_it() -> None:
    """Whoever may have ECM, which includes it, is not sent to CHW services first; after a no to ECM nothing waits."""
    answers = {"managed_care": True, "age": 44, "current_services": ["none"], "chw_triggers": ["chronic_condition"]}
    open_yet = decided(KP, {**answers, "excluded_programs": ["none"]}, "ecm", "chw")
    assert "seems to fit, but ECM includes it: settle ECM first" in unfolded(on_screen(open_yet))
    closed = decided(KP, {**answers, "excluded_programs": ["hospice"]}, "ecm", "chw")
    assert "settle ECM first" not in unfolded(on_screen(closed))


def test_support_with_a_first_step_names_it() -> None:
    """Whoever has to do something first reads what, behind the name and in the last column of a pipe."""
    rented = {**HOMELESS, "housing_support_plan": False, "transitional_rent_authorized": False}
    rented |= {"recent_transition": ["unsheltered"], "smhs_dmc_criteria": True, "room_and_board_months_used": 0}
    shown = decided(KP, rented, "transitional_rent")
    [row] = [row for row in in_pipe(shown) if row[0] == "support"]
    assert row[1:4] == ["transitional_rent", "not-yet", "offered"]
    assert f"(first: {row[4]})" in unfolded(on_screen(shown))


def test_support_that_is_not_offered_is_counted_apart() -> None:
    """What fits and is not offered is not among the names to refer for, and is named as not offered."""
    answers = {"managed_care": True, "needs_recovery_place": True, "at_risk_of_homelessness": True}
    shown = decided(
        {"county": "San Mateo", "plan": "kp"}, answers | {"room_and_board_months_used": 0}, "recuperative_care"
    )
    assert "1 seems to fit, not offered in San Mateo County" in on_screen(shown)
    assert "not offered there: Recuperative Care" in on_screen(shown)
    assert ["support", "recuperative_care", "likely", "not-offered"] in in_pipe(shown)


def test_only_what_was_asked_for_is_told() -> None:
    """Populations stand alone where ECM was not asked for; nothing is said of what was not decided."""
    rows = in_pipe(decided(KP, HOMELESS, "homelessness", "ltc_risk"))
    assert [row[:3] for row in rows[:2]] == [
        ["population", "homelessness", "likely"],
        ["population", "ltc_risk", "need-answers"],
    ]
    assert {row[0] for row in rows} == {"population", "ask_next", "send", "phone", "remember"}
    assert on_screen(decided(KP, HOMELESS, "homelessness")).startswith("Group     Individuals or families")


def test_by_ear_every_line_says_what_it_is() -> None:
    """Read aloud nothing is folded or left out, and no line depends on the one above."""
    lines = labelled((summary.screenful(decided(KP, HOMELESS), policy()),)).splitlines()
    assert lines[0].startswith("ECM: seems to fit: ")
    assert all(re.match(r"(ECM|CHW|Supports|Ask next|Send): ", line) for line in lines[:-1])
    assert "as: Individuals" in " ".join(lines)


# Ask next


def test_two_questions_of_ecm_come_first_in_the_order_of_the_talk() -> None:
    """While ECM is open, the talk's next two of its questions are named, then the one that most others wait for."""
    nobody = decided({}, {})
    asked = summary_of(nobody, policy()).ask_next
    assert [one.question for one in asked[:2]] == ["age", "managed_care"]
    assert all(one.of_ecm for one in asked[:2])
    waiting = {one.question: one.others for one in asked}
    open_of = [policy().questions_of(result.missing) for result, _ in nobody.results if not result.subject.population]
    assert waiting["managed_care"] == sum("managed_care" in questions for questions in open_of) - 1


def test_settled_ecm_leaves_the_questions_to_the_others() -> None:
    """Once ECM fits, its other groups are nothing to ask about."""
    asked = summary_of(decided(KP, HOMELESS), policy()).ask_next
    assert [one.of_ecm for one in asked] == [False, False, False]
    assert [one.others for one in asked] == sorted((one.others for one in asked), reverse=True)


def test_what_nobody_knew_is_asked_after_what_nobody_was_asked() -> None:
    """A "not known" that would settle something is named, last; once nothing else is open, the answer says so."""
    doubtful = {**HOMELESS, "complex_need": "unknown"}
    others = {"pregnant_or_postpartum": False, "transitional_rent_authorized": False}
    before = [one.question for one in summary_of(decided(KP, doubtful | others, "homelessness"), policy()).ask_next]
    assert before == ["family_member_under_21", "complex_need"]
    after = decided(KP, doubtful | others | {"family_member_under_21": False}, "homelessness", "chw")
    assert [row[1] for row in in_pipe(after) if row[0] == "ask_next"][-1] == "complex_need"


def test_what_nobody_knew_is_no_missing_answer() -> None:
    """Whoever was asked in vain reads that nobody knows, and not that something was forgotten."""
    asked = {"age": 40, "managed_care": True, "current_services": "unknown", "chw_triggers": "unknown"}
    assert in_pipe(decided(KP, asked, "chw"))[0] == [
        "chw",
        "need-answers",
        "nobody knows: gets ECM now; a reason for a Community Health Worker",
    ]
    asked.pop("chw_triggers")
    assert in_pipe(decided(KP, asked, "chw"))[0] == ["chw", "need-answers", "1 answer is missing"]


def test_what_could_matter_only_with_an_unknown_answer_is_not_asked() -> None:
    """As in the talk: once nobody knows the home, nothing else of homelessness is next to be asked for ECM."""
    quiet = {one: [*said] if isinstance(said, tuple) else said for one, said in whole("nothing special").items()}
    left_open = {one: said for one, said in quiet.items() if one != "family_member_under_21"}
    doubtful = {**left_open, "housing": "unknown", "complex_need": True}
    asked = summary_of(decided(KP, doubtful, "ecm"), policy()).ask_next
    assert [one.question for one in asked] == ["housing"]


def test_questions_are_those_that_can_change_a_result() -> None:
    """No question is asked of which no result is in want."""
    for one in everybody():
        wanted = {question for result, _ in one.results for question in policy().questions_of(result.missing)}
        asked = summary_of(one, policy()).ask_next
        assert {ask.question for ask in asked} <= wanted
        assert all(ask.results for ask in asked)
        assert len({ask.question for ask in asked}) == len(asked) <= 3
    assert Ask("age", of_ecm=True, others=2).results == 3


# Send


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({"county": "San Diego"}, "Which plan is on the card? Kaiser Permanente (1-866-551-9619); "),
        ({"county": "Alameda", "kp_member": False}, "Which plan is on the card? Alameda"),
        (
            {"county": "Shasta", "plan": "kp"},
            "Kaiser Permanente does not serve Shasta County. Which plan is on the card?",
        ),
        ({"county": "Los Angeles", "plan": "anthem"}, "there it works for L.A. Care Health Plan"),
        ({"county": "Tulare", "plan": "kp"}, "Call 1-833-721-6012 or 1-866-551-9619"),
        ({"plan": "kp"}, "Give the county to see where the referral goes."),
        ({}, "Which plan is on the card? Give the county"),
    ],
    ids=["plan not known", "not KP", "not served", "works for another", "split", "no county", "nothing"],
)
def test_where_no_referral_can_go_the_way_to_find_out_is_told(member: dict[str, Any], words: str) -> None:
    """In place of an address stands what settles it, in at most five lines, and never a guess."""
    screen = on_screen(decided(member, HOMELESS))
    sent = screen[screen.index("Send ") :].split("\nTake care")[0].split("\nA screening")[0]
    assert words in unfolded(sent)
    assert sent.count("\n") < 5
    assert not ADDRESS.search(sent)


def test_what_takes_no_mail_goes_by_phone() -> None:
    """A sobering center is asked for by phone: its referral is not sent to the mailbox of the others."""
    drunk = {"age": 40, "managed_care": True, "intoxicated_now": True, "would_go_to_ed_or_jail": True}
    found = summary_of(decided(KP, drunk, "sobering_centers"), policy())
    assert [one.route.channel for one in found.send] == [Channel.PHONE]
    assert found.phones == ()


def test_open_result_may_be_referred_all_the_same() -> None:
    """Where nothing is sure yet the address is given with these words; where nothing matches none is."""
    assert "you may still refer" in on_screen(decided(KP, {"age": 40}, "respite"))
    assert "Send" not in on_screen(decided({"county": "Alameda"}, {"managed_care": False}, "respite"))


@pytest.mark.parametrize(
    ("member", "words"),
    [
        ({"county": "Imperial", "plan": "kp"}, ["The region is not confirmed"]),
        ({"county": "Los Angeles", "plan": "kp"}, ["plan of record"]),
        ({"county": "Alpine", "plan": "anthem"}, []),
        ({"county": "Santa Cruz", "plan": "ccah"}, []),
    ],
)
def test_county_warns_members_of_the_plan_that_it_is_about(member: dict[str, str], words: list[str]) -> None:
    """The warning of a plan's region is for its members; that a card may name another plan is for all of the county."""
    warned = [row[1] for row in in_pipe(decided(member, HOMELESS)) if row[0] == "warning"]
    assert len(warned) == len(words)
    assert all(word in text for word, text in zip(words, warned, strict=True))


def test_best_comes_first() -> None:
    """What seems to fit stands before what is open, and that before what does not match."""
    for one in everybody()[::10]:
        outcomes = [list(Outcome).index(support.outcome) for support, _ in summary_of(one, policy()).supports]
        assert outcomes == sorted(outcomes)
        found = summary_of(one, policy())
        assert all(group.outcome in POSITIVE for group in found.populations)
