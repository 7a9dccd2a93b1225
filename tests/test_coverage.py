"""Keeping Medi-Cal: the outcomes row by row, what never happens, and that nothing of it gets into a letter."""

from __future__ import annotations

import json
import os
import random
import re
import sqlite3
import sys
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import pexpect  # type: ignore[import-untyped]
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import people
import sheets
from calaim_cli.base.values import month
from calaim_cli.case.case import Case
from calaim_cli.decide import sql
from calaim_cli.decide.coverage import Covered, Standing, cover, renewal_for, stander
from calaim_cli.decide.screens import talk_about
from calaim_cli.decide.soundness import find_problems
from calaim_cli.follow import ledger
from calaim_cli.policy.coverage import CoverageFile, CoverageOutcome
from calaim_cli.policy.questions import DONT_KNOW, NONE_OF_THESE, Answer, Kind
from calaim_cli.show.blocks import Screenful, laid_out
from calaim_cli.show.coverage import MOST_LINES, coverage_document, coverage_view
from calaim_cli.show.render import labelled, plain
from calaim_cli.talk import coverage as talk
from calaim_cli.talk import interview
from calaim_cli.talk.prompt import Move, Prompt, Quit, Reply
from conftest import AS_OF, ROOT, Run, WriteCase
from grades import HARDEST, grade, names_apart
from panels import cell_of
from strategies import telling_values, unhurried
from test_soundness import assert_refused, check, edit

POLICY = people.policy()
OWN = POLICY.coverage_file
STAND = stander(POLICY)
TOUCHED, EXEMPT, WORK, ASK = CoverageOutcome
GATE: Final = "health_limits_80_hours"
USED: Final = sql.coverage_questions(POLICY)
IN_FORCE: Final = date(2027, 1, 1)
Answers = Mapping[str, Answer]

COMPANIONS: dict[str, Answer] = {
    **dict.fromkeys(
        (
            "social_security_disability", "smhs_dmc_criteria", "serious_health_condition", "ihss_approved",
            "functional_deficit_no_support", "caregiver_dependent", "snf_level_of_care", "nursing_facility_resident",
            "icf_or_subacute", "hcba_or_wpcs", "ccs_enrolled",
        ),
        True,
    ),
    "justice_condition": ("chronic_condition",),
    "excluded_programs": ("hospice",),
    "choose_one_programs": ("waiver_1915c",),
}  # fmt: skip
"""What counts as health beside the question on 80 hours, and never by itself."""


def no_to_all() -> dict[str, Answer]:
    """A member of 46 who says no to every question that counts."""
    nothing: dict[Kind, Answer] = {Kind.YES_NO: False, Kind.CHOICES: (NONE_OF_THESE,), Kind.CHOICE: NONE_OF_THESE}
    said = {one: nothing[POLICY.answerable[one].kind] for one in USED if one != "age"}
    return {**said, "age": 46, "medi_cal_basis": "adult_income"}


def rows() -> Iterator[tuple[str, dict[str, Answer], CoverageOutcome, str]]:
    """What each row of the rule comes to: a name, the answers, the outcome and the reason."""
    for age, outcome in ((18, TOUCHED), (19, ASK), (64, ASK), (65, TOUCHED)):
        yield f"age {age}", {"age": age}, outcome, "other_ground" if outcome is TOUCHED else ""
    for basis in POLICY.answerable["medi_cal_basis"].choices:
        other = basis not in {"adult_income", NONE_OF_THESE}
        yield f"basis {basis}", {"medi_cal_basis": basis}, TOUCHED if other else ASK, "other_ground" if other else ""
    yield "Medicare", {"medicare": True}, TOUCHED, "other_ground"
    yield "D-SNP", {"excluded_programs": ("dsnp",)}, TOUCHED, "other_ground"
    yield "pregnant", {"pregnant_or_postpartum": True}, EXEMPT, "pregnancy"
    for care in POLICY.answerable["care_given"].choices:
        none = care == NONE_OF_THESE
        yield f"care {care}", {"care_given": (care,)}, ASK if none else EXEMPT, "" if none else "care_for_others"
    yield "foster care now", {"child_welfare": ("foster_care_now",)}, EXEMPT, "foster_youth"
    for age, outcome in ((25, EXEMPT), (26, ASK)):
        said: dict[str, Answer] = {"child_welfare": ("aged_out_of_foster_care",), "age": age}
        yield f"aged out, {age}", said, outcome, "foster_youth" if outcome is EXEMPT else ""
    yield "aged out, age not known", {"child_welfare": ("aged_out_of_foster_care",)}, ASK, ""
    yield "tribal", {"tribal": True}, EXEMPT, "tribal"
    yield "veteran", {"veteran_total": True}, EXEMPT, "veteran"
    yield "one of three", {"unsaid_reason": True}, EXEMPT, "unsaid"
    yield "CalFresh", {"calfresh_work_rule": True}, EXEMPT, "calfresh"
    yield "gate alone", {GATE: True}, ASK, ""
    for question, answer in COMPANIONS.items():
        yield f"gate and {question}", {GATE: True, question: answer}, EXEMPT, "health"
        yield f"{question} alone", {question: answer}, ASK, ""
        yield f"gate not known and {question}", {GATE: DONT_KNOW, question: answer}, ASK, ""
    for one in ("icf_resident", "pace"):
        yield f"gate and {one}", {GATE: True, "excluded_programs": (one,)}, EXEMPT, "health"
    yield "gate, MFP", {GATE: True, "choose_one_programs": ("community_transitions_mfp",)}, EXEMPT, "health"
    yield "released within 12 months", {"released_within_12_months": True}, ASK, ""
    yield "no home", {"housing": ("place_not_for_sleeping",)}, ASK, ""
    for activity in POLICY.answerable["activity"].choices:
        none = activity == NONE_OF_THESE
        yield f"does {activity}", {"activity": (activity,)}, ASK if none else WORK, "" if none else "activity"
    yield "work and a reason", {"activity": ("hours_80",), "tribal": True}, EXEMPT, "tribal"
    yield "reason and no ground", {"tribal": True, "age": 70}, TOUCHED, "other_ground"
    yield "all no", no_to_all(), ASK, ""
    yield "nothing", {}, ASK, ""
    yield "nothing known", dict.fromkeys(USED, DONT_KNOW), ASK, ""
    yield "a reason beside nothing known", {**dict.fromkeys(USED, DONT_KNOW), "tribal": True}, EXEMPT, "tribal"


ROWS = list(rows())


@pytest.mark.parametrize(("answers", "outcome", "reason"), [one[1:] for one in ROWS], ids=[one[0] for one in ROWS])
def test_each_row_comes_to_its_outcome(answers: Answers, outcome: CoverageOutcome, reason: str) -> None:
    """Each ground and exemption counts by itself, at every age limit; what is not enough does not count."""
    found = STAND(answers)
    assert (found.outcome, ";".join(one.id for one in found.because)) == (outcome, reason)


def test_health_is_asked_first_and_work_last() -> None:
    """If nothing is known yet, it says to ask about health first; hours come after everything that may exempt."""
    asked = STAND({}).to_ask
    assert (asked[0], asked[-1], len(asked)) == (GATE, "activity", len(OWN.asks))
    assert STAND(no_to_all()).to_ask == ()


def drawn(chance: random.Random) -> dict[str, Answer]:
    """Answers to the questions that count, some of them not known, half known or not asked."""
    answers: dict[str, Answer] = {}
    for one in USED:
        said = chance.choice(telling_values(POLICY.answerable[one], POLICY.coverage_criteria.values()))
        if isinstance(said, tuple) and NONE_OF_THESE not in said and chance.random() < 0.2:
            said = (*said, DONT_KNOW)
        # Most say no to most: else everybody would be exempt by something.
        quiet = no_to_all()[one] if chance.random() < 0.75 else said
        fate = chance.random()
        if fate < 0.75:
            answers[one] = DONT_KNOW if fate < 0.15 else quiet
    return answers


def many(count: int) -> list[dict[str, Answer]]:
    """So many invented members, the same in every run."""
    chance = random.Random(2027)  # noqa: S311 nothing secret is drawn
    return [drawn(chance) for _ in range(count)]


@given(seed=st.integers(0, 10**9), data=st.data())
@settings(unhurried, max_examples=50)
def test_learning_more_never_takes_a_reason_away(seed: int, data: st.DataObject) -> None:
    """A better outcome stays when unanswered questions get an answer, whatever it is."""
    answers = drawn(random.Random(seed))  # noqa: S311 nothing secret is drawn
    before = STAND(answers)
    left = [one for one in USED if answers.get(one, DONT_KNOW) == DONT_KNOW]
    for one in left:
        values = telling_values(POLICY.answerable[one], POLICY.coverage_criteria.values())
        answers[one] = data.draw(st.sampled_from(values))
    after = STAND(answers)
    order = list(CoverageOutcome)
    assert order.index(after.outcome) <= order.index(before.outcome)
    assert after.outcome is not before.outcome or {one.id for one in before.because} <= {o.id for o in after.because}


def test_what_is_asked_can_change_the_outcome() -> None:
    """Each open question, with yes to the other open ones, has an answer that leads to a better outcome."""
    best: dict[Kind, Answer] = {Kind.YES_NO: True, Kind.NUMBER: 70, Kind.CHOICE: "parent"}
    for answers in many(100):
        found = STAND(answers)
        for one in found.open:
            assert answers.get(one) is None
            yes = {
                name: best.get(question.kind, tuple(choice for choice in question.choices if choice != NONE_OF_THESE))
                for name, question in POLICY.answerable.items()
                if name in USED and name not in answers
            }
            assert STAND({**answers, **yes}).outcome is not found.outcome, one


def test_sql_comes_to_the_same(memory: sqlite3.Connection) -> None:
    """A table screened by SQL has the same outcome, reasons and missing questions as a case."""
    several = many(600)
    memory.execute(f"CREATE TABLE t (n, {', '.join(map(sql.quoted, USED))})")
    cells = [(n, *(cell_of(one.get(name, DONT_KNOW)) for name in USED)) for n, one in enumerate(several)]
    memory.executemany(f"INSERT INTO t VALUES ({', '.join('?' * (len(USED) + 1))})", cells)  # noqa: S608 marks alone
    found = memory.execute(sql.select([], POLICY, AS_OF, "t", ["n"], coverage=True))
    assert [column[0] for column in found.description] == ["n", *sql.COVERAGE_COLUMNS]
    stands = map(STAND, several)
    assert sorted(found.fetchall()) == [
        (n, one.outcome.value, ";".join(each.id for each in one.because), ";".join(one.missing))
        for n, one in enumerate(stands)
    ]


def test_printed_sql_has_the_columns(run: Run) -> None:
    """The rules as SQL have the three columns and say what their questions hold, unless a program is named."""
    whole, one = run("screen", "--sql"), run("screen", "--sql", "--program", "respite")
    assert all(f'AS "{name}"' in whole.out for name in sql.COVERAGE_COLUMNS)
    assert "-- unsaid_reason: 1 or 0" in whole.out
    assert "coverage__" not in one.out
    assert "unsaid_reason" not in one.out


# What is shown


def covered(answers: Answers, renewal: str = "", name: str = "case.toml", day: date = AS_OF) -> Covered:
    """A case with these answers, and how its member stands."""
    given = {one: list(answer) if isinstance(answer, tuple) else answer for one, answer in answers.items()}
    return cover(name, Case(answers=given, renewal_month=renewal), STAND, POLICY, day)


def test_answer_fits_twelve_lines() -> None:
    """For everyone, before the rule and after: at most 12 lines of 80 columns, and 40 columns work as well.

    Where the answer is not known, the warning about a bare no is among them, whatever else has to give way.
    """
    shown = [*(one[1] for one in ROWS), *many(60)]
    for number, answers in enumerate(shown):
        for day in (AS_OF, IN_FORCE):
            for why in (False, True):
                one = covered(answers, ("", "2027-01", "2027-09")[number % 3], day=day)
                (screen, *_) = coverage_view(one, POLICY, day, why=why, named=False)
                assert isinstance(screen, Screenful)
                for columns in (80, 40):
                    lines = [each.label + each.text for each in laid_out(screen.lines, columns, screen.most)]
                    assert max(map(len, lines)) <= columns
                    assert len(lines) <= (MOST_LINES if columns == 80 else 24), "\n".join(lines)
                    if one.standing.outcome == "ask":
                        assert "a bare no to hours" in " ".join(" ".join(lines).split())


NEVER = re.compile(
    r"must work|not exempt|approved|denied|\beligib|substance|overdose|rehab|\bSUD\b|alcohol", re.IGNORECASE
)


def test_what_never_happens() -> None:
    """No answer says that someone must work, or names substance use; each says who decides and what a miss costs."""
    for answers in [*(one[1] for one in ROWS), *many(30)]:
        one = covered(answers)
        document = json.dumps(coverage_document(one, POLICY, AS_OF))
        view = coverage_view(one, POLICY, AS_OF, why=False, named=True)
        for text in (plain(view), labelled(view), document):
            told = re.sub("a drug or alcohol program now|a treatment program now|ihss_approved", "", text)
            assert not NEVER.search(told), NEVER.search(told)
            assert "the county decides. Open and answer each letter, even when this says exempt." in text
            assert "full scope without satisfactory immigration status is then gone for good." in text


def test_three_reasons_are_never_told_apart() -> None:
    """Jail, treatment and CalWORKs are one question with one answer, and no other question here is about them."""
    about = [one.id for one in OWN.question if re.search(r"jail|prison|drug|CalWORKs|treatment", one.ask)]
    assert about == ["unsaid_reason"]
    assert POLICY.answerable["unsaid_reason"].kind is Kind.YES_NO
    (reason,) = STAND({"unsaid_reason": True}).because
    assert reason.name == "one of three reasons, without saying which"


def test_no_question_is_about_immigration() -> None:
    """Immigration status is never asked."""
    words = [text for one in OWN.question for text in (one.id, one.ask, one.help, *one.choices.values())]
    assert not [text for text in words if re.search(r"immigra|citizen|status", text, re.IGNORECASE)]


def test_a_no_about_hours_is_never_repeated() -> None:
    """A member who does nothing that counts is shown like one about whom nothing is known."""
    no, unknown = (covered({**no_to_all(), "activity": answer}) for answer in (("none",), DONT_KNOW))
    assert no.standing.outcome is ASK
    (shown, other) = (plain(coverage_view(one, POLICY, AS_OF, why=False, named=False)) for one in (no, unknown))
    assert shown == "".join(line for line in other.splitlines(keepends=True) if "activity" not in line)


@pytest.mark.parametrize(
    ("day", "in_force", "due"),
    [
        ("2026-12-25", False, False),
        ("2026-12-31", False, True),
        ("2027-01-01", True, True),
        ("2027-03-01", True, True),
    ],
)
def test_days(run: Run, day: str, in_force: bool, due: bool) -> None:
    """Before 2027 each answer says that the rule is not in force yet; past its own review date it warns."""
    document = json.loads(run("coverage", "-", "--as-of", day, "--json", stdin="answers.age = 46\n").out)
    assert document["in_force"] is in_force
    assert ("coverage-past-review" in {one["code"] for one in document["warnings"]}) is due
    told = labelled(coverage_view(covered({}), POLICY, date.fromisoformat(day), why=False, named=False))
    assert ("Not in force yet" in told) is not in_force


@pytest.mark.parametrize(
    ("answers", "due", "told"),
    [
        ({}, "", "not_known"),
        ({}, "2026-12", "before_the_rule"),
        ({}, "2027-02", "before_the_rule"),
        ({}, "2027-03", "six_months"),
        ({"tribal": True}, "2027-09", "yearly"),
        ({"age": 70}, "", "yearly"),
        ({"pregnant_or_postpartum": True}, "", "not_known"),
    ],
)
def test_renewal(answers: Answers, due: str, told: str) -> None:
    """What is said about the renewal goes by the reason first, then by the month."""
    assert renewal_for(STAND(answers), due, POLICY).id == told


@pytest.mark.parametrize(
    ("day", "due", "passed"),
    [("2026-11-26", "2026-10", True), ("2026-11-26", "2026-11", False), ("2027-06-01", "2027-01", True)],
)
def test_month_that_has_passed_tells_nothing_of_the_next(run: Run, day: str, due: str, passed: bool) -> None:
    """After her renewal a member is not told "before the rule": the next one is the first that checks work."""
    ran = run("coverage", "-", "--as-of", day, stdin=f'renewal_month = "{due}"\n')
    assert ("renewal\tunknown\t" in ran.out) is passed
    assert ("renewal-passed" in ran.err) is passed


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("2027-03", "2027-03"), ("3/2027", "2027-03"), ("2027-03-01", "2027-03"), ("2027-13", ""), ("March", "")],
)
def test_month(typed: str, kept: str) -> None:
    """A month is accepted as people and spreadsheets write it, and nothing else is."""
    found = month(typed)
    assert (found.value if not found.error else "") == kept


def test_wrong_case_is_refused_by_key(run: Run) -> None:
    """An unreadable month or answer ends the command and names its key, not its value."""
    ran = run("coverage", "-", stdin='renewal_month = "Qzx"\nanswers.medicare = "qzx"\n')
    assert (ran.code, ran.out) == (4, "")
    assert {"renewal_month: month-format", "answers.medicare: answer-kind"} <= set(
        re.findall(r"[\w.]+: [a-z-]+", ran.err)
    )
    assert "qzx" not in ran.err.lower()


def test_why_tells_sources_and_both_sides(run: Run) -> None:
    """Why a reason applies comes with its source and grade, and with both sides if sources differ."""
    ran = run("coverage", "-", "--why", stdin='answers.care_given = ["own_child_13"]\n')
    assert "435.554(c)(3)(i)" in ran.out
    assert "grade B" in ran.out
    assert "18 or younger" in ran.out
    whole = run("coverage", "-", "--why", stdin="answers.age = 46\n").out
    assert all(f"{one.id}\twho\t" in whole for one in OWN.coverage)


def test_several_cases(run: Run, tmp_path: Path) -> None:
    """With several cases each has an answer by name and, as JSON, one document per line, in order."""
    names = [tmp_path / f"{number}.toml" for number in range(2)]
    for name, age in zip(names, (46, 70), strict=True):
        name.write_text(f"answers.age = {age}\n", "utf-8")
    documents = [json.loads(line) for line in run("coverage", *names, "--json").out.splitlines()]
    assert [(one["case"], one["outcome"]) for one in documents] == [(str(names[0]), ASK), (str(names[1]), TOUCHED)]
    assert run("coverage", *names).out.count("\ncase\t") == 1


# In other answers


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (
            {"age": 46, "pregnant_or_postpartum": True},
            "Keep Medi-Cal: likely exempt (pregnancy). Open every letter from the county. More: 'calaim coverage",
        ),
        (
            {"age": 46, "unsaid_reason": True},
            "Keep Medi-Cal: likely exempt (one of three reasons, without saying which).",
        ),
        ({"age": 46}, "Keep Medi-Cal: not known yet: ask more."),
        ({"age": 18}, ""),
        ({"age": 65}, ""),
    ],
)
def test_check_says_it_in_one_line(run: Run, answers: Answers, said: str) -> None:
    """Members of 19 to 64 get their line in `check` before any warning that may be left out."""
    ran = run("check", "-", "--as-of", "2026-12-05", stdin=tomli_w.dumps({"answers": answers}))
    found = [line for line in ran.err.splitlines() if "Keep Medi-Cal" in line]
    assert len(found) == bool(said)
    assert said in "".join(found)
    assert not said or "Keep Medi-Cal" in ran.err.splitlines()[0]


def test_nothing_that_is_made_of_programs_knows_its_questions() -> None:
    """No rule, screen or fact of the programs can rest on a question about keeping Medi-Cal."""
    own = {one.id for one in OWN.question}
    assert not own & POLICY.questions.keys()
    assert not own & {one.question for one in POLICY.criteria.values()}
    assert not own & {one for screen in POLICY.talk_file.screen for row in screen.rows for one in row.questions}
    assert own < POLICY.answerable.keys()


# The canary

CANARY: dict[str, Any] = {
    "renewal_month": "2027-07",
    "answers.health_limits_80_hours": True,
    "answers.social_security_disability": True,
    "answers.care_given": ["own_child_13", "disabled_at_home_or_kin"],
    "answers.unsaid_reason": True,
    "answers.calfresh_work_rule": True,
    "answers.tribal": True,
    "answers.veteran_total": True,
    "answers.medi_cal_basis": "long_term_care",
    "answers.medicare": True,
    "answers.activity": ["half_time_school", "income_580"],
}


def told_of_coverage() -> set[str]:
    """What of these answers would show in a text: ids, words and outcomes."""
    texts = {"2027-07", "07/2027", "coverage", "exempt", "CalFresh", "CalWORKs", "580", "80 hours", "Medicare, Part"}
    for one in OWN.question:
        texts |= {one.id, one.ask, *one.choices.keys(), *one.choices.values()}
    return {text.casefold() for text in texts | {one.name for one in OWN.coverage}} - {
        "pregnancy",
        "none",
        "none of these",
        "parent",
    }


TELLS = sorted(told_of_coverage() - {"activity", "tribal", "foster care", "long_term_care", "foster_care", "medicare"})


def assert_none(*texts: str) -> None:
    """Nothing of keeping Medi-Cal is in the texts."""
    found = [tell for tell in TELLS for text in texts if tell in " ".join(text.split()).casefold()]
    assert found == []


def test_canary_is_all_there_is() -> None:
    """Every question has its answer in the canary."""
    assert {one.removeprefix("answers.") for one in CANARY} == {"renewal_month", *POLICY.coverage_questions}


@pytest.mark.parametrize(
    "plan", [{}, {"member.plan": "hpsm", "member.kp_member": None, "member.cin": "91234567A"}], ids=["letter", "sheet"]
)
@pytest.mark.parametrize("form", [["--format", "text"], ["--json"], ["--redact"]], ids=" ".join)
def test_letters_hold_nothing_of_it(run: Run, write_case: WriteCase, plan: dict[str, Any], form: list[str]) -> None:
    """A letter or sheet is the same with all or none of the answers on keeping Medi-Cal, and so are its messages."""
    ran, without = (run("refer", write_case({**plan, **more}), "--as-of", "2026-12-05", *form) for more in (CANARY, {}))
    assert ran.code == 0
    assert ran == without
    assert_none(ran.out, ran.err)


def test_ledger_holds_the_month_of_renewal_alone(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """Of all these answers a ledger keeps only the month; letters, tables and reminders do not have even that."""
    path, out = tmp_path / "own.ledger", tmp_path / "a.txt"
    day = ("--as-of", "2026-12-05")
    ran = run("refer", write_case(CANARY), "--out", out, "--log", path, *day)
    assert ran.code == 0, ran.err
    assert_none(ran.out, ran.err, out.read_text("utf-8"))
    kept = path.read_bytes()
    assert kept.count(b"2027-07") == 1
    assert_none(kept.replace(b"2027-07", b"").decode("latin-1"))
    (reference,) = ledger.references(path)
    run("referrals", "sent", reference, "--log", path, *day)
    for words in (("--csv",), ("--counts",), ("--nudge", reference)):
        told = run("referrals", *words, "--log", path, *day)
        assert told.code == 0, told.err
        assert_none(told.out, told.err)
        assert "July" not in told.out


def test_errors_hold_nothing_of_it(run: Run, write_case: WriteCase) -> None:
    """A referral that is refused says nothing about it either."""
    ran = run(
        "refer", write_case({**CANARY, "member.zip": "9440", "answers.activity": ["moon"]}), "--as-of", "2026-11-22"
    )
    assert ran.code == 4
    assert_none(ran.out, ran.err.replace("case.toml", ""))


def test_batch_holds_nothing_of_it(run: Run, tmp_path: Path) -> None:
    """A sheet may have the columns: no draft, report or message of a batch shows anything from them."""
    cells = {one.removeprefix("answers."): one for one in CANARY if one != "renewal_month"}
    said = {name: CANARY[key] for name, key in cells.items()}
    more = {name: ";".join(one) if isinstance(one, list) else str(one) for name, one in said.items()}
    source, out = tmp_path / "in.csv", tmp_path / "out"
    source.write_bytes(sheets.sheet([{**sheets.row(1), **more}], (*sheets.COLUMNS, *more)))
    ran = run("batch", source, "--out", out, "--as-of", "2026-12-05")
    assert ran.code == 0, ran.err
    texts = [path.read_text("utf-8") for path in out.rglob("*") if path.is_file()]
    assert len(texts) > 1
    assert_none(ran.out, ran.err, *texts)
    refused = run("batch", source, "--out", tmp_path / "kept", "--keep", "medicare", "--as-of", "2026-12-05")
    assert refused.code == 4


# The talk


class Person:
    """Somebody who replies to each question by its id, and remembers what was asked."""

    def __init__(self, replies: Mapping[str, Reply | list[Reply]]) -> None:
        self.replies, self.asked = dict(replies), list[str]()

    def __call__(self, prompt: Prompt) -> Reply:
        self.asked.append(prompt.where.removeprefix("answers."))
        reply = self.replies.get(self.asked[-1], Move.DONT_KNOW)
        if isinstance(reply, list):
            reply = reply.pop(0)
        if prompt.optional and reply is Move.DONT_KNOW:
            return ""
        return prompt.check(reply).value if isinstance(reply, str) and not prompt.options else reply


def talked(replies: Mapping[str, Reply | list[Reply]]) -> tuple[list[str], Case, Standing]:
    """What was asked of somebody, the case, and how she stands."""
    person, saved = Person(replies), list[Case]()
    case = talk.asked(STAND, POLICY, AS_OF, person, saved.append)
    assert saved[-1] == case
    return person.asked, case, cover("talk", case, STAND, POLICY, AS_OF).standing


def test_talk_ends_at_the_first_reason() -> None:
    """Once a member is likely exempt nothing more is asked, except the month of renewal."""
    asked, case, stands = talked(
        {GATE: "yes", "age": "46", "serious_health_condition": "yes", "renewal_month": "3/2027"}
    )
    assert asked[-2:] == ["serious_health_condition", "renewal_month"]
    assert (stands.outcome, case.renewal_month) == (EXEMPT, "2027-03")


def test_talk_skips_what_cannot_help() -> None:
    """Without a health limit no illness is asked about; work comes last."""
    asked, case, stands = talked({GATE: "no", "age": "1996-02-03", "activity": ("hours_80",)})
    assert "serious_health_condition" not in asked
    assert asked[-2:] == ["activity", "renewal_month"]
    assert (stands.outcome, case.member.date_of_birth, case.answers["activity"]) == (WORK, "1996-02-03", ["hours_80"])


def test_talk_goes_back_and_leaves() -> None:
    """Back removes the last reply, and anyone who leaves keeps what was said."""
    asked, case, _ = talked({GATE: ["yes", "no"], "age": [Move.BACK, "70"]})
    assert asked == [GATE, "age", GATE, "age", "renewal_month"]
    assert case.answers == {GATE: False, "age": 70}
    with pytest.raises(Quit):
        talked({GATE: Move.QUIT})


def test_nobody_to_ask_is_told(run: Run) -> None:
    """Without a case and without a terminal the command says what to provide."""
    ran = run("coverage")
    assert (ran.code, ran.out) == (2, "")
    assert "'calaim coverage CASE'" in ran.err


# The data

NAMES = ("Medicare", "CalFresh", "CalWORKs", "Medi-Cal", "Native American", "Social Security", "American Indian",
         "Alaska Native", "California Indian", "Indian Health Service", "BenefitsCal", "immigration", "satisfactory",
         "disability", "disabilities")  # fmt: skip


def test_words_are_plain() -> None:
    """Questions and answers are eighth grade or easier, apart from names, and a question is short."""
    asked = [one.ask for one in OWN.question]
    assert max(map(len, asked)) <= 90
    told = [*asked, OWN.not_yet, OWN.remember, OWN.missed, *(one.text for one in OWN.renewal)]
    told += [one.meaning for one in OWN.outcome]
    told += [text for one in OWN.coverage for text in (one.who, *one.proof)]
    told += [one.help for one in OWN.question]
    assert {text: round(g, 1) for text in told if (g := grade(names_apart(text, NAMES))) > HARDEST} == {}


def test_all_six_conflicts_have_two_sides() -> None:
    """Where sources differ both sides are shown, with where they say it."""
    assert len(OWN.conflict) == 6
    assert all(one.older and one.newer and one.source for one in OWN.conflict)


TEXT = (ROOT / "data" / "coverage.toml").read_text("utf-8")
HOUSING = '[[question]]\nid = "housing"\ntopic = "coverage"\nkind = "yes_no"\nask = "A home?"\nhelp = ""\n'


@pytest.mark.parametrize(
    ("pattern", "replacement", "told"),
    [
        (r'rule.any_of = \["is_tribal"\]', 'rule.none_of = ["is_tribal"]', ("tribal", "none-of")),
        (r'rule.any_of = \["is_tribal"\]', "rule.any_of = []", ("tribal", "empty-rule")),
        (r'rule.any_of = \["is_tribal"\]', 'rule.any_of = ["is_trible"]', ("tribal", "is_trible")),
        (r'id = "papers"', 'id = "thirty_days"', ('fact "thirty_days"', "duplicate-id")),
        (r"(?=\[\[criterion\]\])", HOUSING, ('question "housing"', "duplicate-id")),
        (r'id = "not-touched"\nlabel', 'id = "ask"\nlabel', ("not-touched", "missing-outcome")),
        (r'outcome = "work-may-count"', 'outcome = "ask"', ("activity", "outcome")),
        (r'before = "2027-03"', 'before = "spring"', ("before_the_rule", "month")),
        (r'id = "not_known"\n', 'id = "not_known"\nyearly = true\n', ("renewal", "no condition")),
        (r"at_most = 18", "at_most = 30", ("aged_18_or_younger", "not-in-text", "30")),
        (r"in_force = 2027-01-01", "in_force = 2027-07-01", ("not_yet", "not-in-text", "July 1, 2027")),
        (r'"medicare", "activity",', '"medicare", "activities",', ("asks", "activities")),
    ],
)
def test_unsound_data_are_refused(pattern: str, replacement: str, told: tuple[str, ...]) -> None:
    """Anyone who changes a line is told what is wrong with it; a rule that learning more could reverse is refused."""
    text, times = re.subn(pattern, lambda _: replacement, TEXT, count=1)
    assert times == 1
    changed = replace(POLICY, coverage_file=msgspec.toml.decode(text, type=CoverageFile))
    problems = [f"{one.where}: {one.code}: {one.message}" for one in find_problems(changed)]
    assert [one for one in problems if all(part in one for part in told)], problems


def test_programs_may_not_rest_on_it(run: Run, data_copy: Path) -> None:
    """A program's rule that names a criterion of keeping Medi-Cal is refused: letters would reveal it."""
    edit(data_copy / "programs.toml", r'"pregnant_or_postpartum"([],])', '"is_tribal"]')
    assert_refused(check(run, data_copy), "unknown-criterion", "is_tribal")


def test_one_line_changes_the_test_of_health(run: Run, data_copy: Path) -> None:
    """If a court strikes down the hours test, removing its one line makes the second part enough."""
    edit(data_copy / "coverage.toml", r'  "health_limits",\n', "")
    assert check(run, data_copy).code == 0
    case = "answers.serious_health_condition = true\n"
    assert json.loads(run("coverage", "-", "--json", stdin=case).out)["outcome"] == ASK
    assert json.loads(run("coverage", "-", "--json", "--data", data_copy, stdin=case).out)["outcome"] == EXEMPT


def test_contact_is_called_by_the_way_there_is(run: Run, data_copy: Path) -> None:
    """A row for a script has as many cells as ever if a contact has only an e-mail."""
    edit(data_copy / "coverage.toml", r'website = "dhcs.ca.gov/COL"', 'email = "county@example.org"')
    assert check(run, data_copy).code == 0
    ran = run("coverage", "-", "--data", data_copy, stdin="answers.tribal = true\n")
    assert "call\tCounty office\tcounty@example.org\tLetters" in ran.out


def test_interview_keeps_the_answers(write_case: WriteCase) -> None:
    """What a case says about keeping Medi-Cal is neither asked nor lost in an interview."""
    case = Case(answers={"medicare": True, "age": 46})
    begun = interview.begun(talk_about(POLICY.subjects, POLICY), case, AS_OF, Person({}))
    assert interview.case_of(begun, case).answers == case.answers


@pytest.mark.unix("a pseudo-terminal")
def test_talk_at_a_terminal(tmp_path: Path) -> None:
    """At a terminal a person is asked in plain lines, gets the answer, and may keep what was said."""
    kept = tmp_path / "kept.toml"
    settings = {"ACCESSIBLE": "1", "LC_ALL": "C.UTF-8", "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    words = ["-m", "calaim_cli", "coverage", "--as-of", "2026-11-22"]
    person = pexpect.spawn(sys.executable, words, encoding="utf-8", timeout=60, env={**os.environ, **settings})
    for asked, reply in (
        ("80 hours of work a month very hard", "yes"),
        ("How old", "46"),
        ("serious health condition", "n"),
        ("monthly check", "yes"),
        ("next Medi-Cal renewal", "2027-04"),
    ):
        person.expect(asked)
        person.expect(r"\]: ")
        person.sendline(reply)
    person.expect("Likely exempt: health that makes 80 hours very hard")
    person.expect("Keep what was said")
    person.sendline(str(kept))
    person.expect(pexpect.EOF)
    case = tomllib.loads(kept.read_text("utf-8"))
    assert (case["renewal_month"], case["answers"][GATE], case["answers"]["age"]) == ("2027-04", True, 46)
