"""A row as a case: cells become what a case file would say, and what is said of a row never repeats a cell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from calaim_cli.base.errors import CAUTIONS, GENERAL, Problem
from calaim_cli.base.values import MESSAGES
from calaim_cli.batch.row import (
    cell_answer,
    known_headers,
    lacking,
    offered,
    reader,
    stays_in_the_house,
    summed,
    tells_of_the_member,
    worded,
    yes_no_or_unknown,
)
from calaim_cli.batch.sheet import fold
from calaim_cli.case.case import PARTS, Case, Referrer
from calaim_cli.case.form import BY_COLUMN, BY_KEY, FIELDS, Field, FieldKind
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.questions import DONT_KNOW, Kind
from conftest import AS_OF, ROOT
from sheets import COLUMNS, ROW


def read(catalog: Policy, **cells: str) -> tuple[Case, tuple[Problem, ...]]:
    """The case of a row with these cells."""
    return reader(tuple(cells), catalog.questions)(tuple(cells.values()))


def test_every_header_is_folded_and_leads_to_a_column(catalog: Policy) -> None:
    """Each known header can be met: it is written as headers are compared, and aliases mean columns."""
    known = known_headers(catalog.questions)
    assert all(fold(name) == name for name in known)
    assert known["dob"] == "date_of_birth"
    assert known["is_tenant"] == "is_tenant"
    assert set(known.values()) == {*BY_COLUMN, "answered_on", *catalog.questions}


def test_every_column_has_a_place_in_a_case(catalog: Policy) -> None:
    """Each column fills a field that a case has, and a problem of that field is told by this column."""
    for field in FIELDS:
        assert field.name in PARTS[field.part].__struct_fields__, field.key
        assert worded(Problem(field.key, "missing", "")).where == field.column
        flags = dict.fromkeys((FieldKind.YES_NO, FieldKind.YES_NO_UNKNOWN), ("yes", True))
        text, wanted = (flags | {FieldKind.CHOICES: ("one; two", ("one", "two"))}).get(field.kind, ("text", "text"))
        case, problems = read(catalog, **{field.column: text})
        assert (getattr(getattr(case, field.part), field.name), problems) == (wanted, ())


def test_only_columns_that_stay_in_the_house_are_suggested(catalog: Policy) -> None:
    """For an unknown header no column is suggested whose text would stand in a letter, such as the notes."""
    suggested = set(filter(stays_in_the_house, known_headers(catalog.questions).values()))
    assert not suggested & {"notes", "phone", "email", "caregiver_contact", "address", "referrer_name"}
    assert suggested >= {"kp_member" if "letter" in BY_COLUMN["kp_member"].absent else "self_referral", "is_tenant"}


@pytest.mark.parametrize(
    ("where", "column"),
    [("answers.is_tenant", "is_tenant"), ("referrer.npi", "referrer_npi"), ("member.zip", "zip"), ("member", "member")],
)
def test_column_of_a_problem(where: str, column: str) -> None:
    """A place in a case is told by the header that the user typed."""
    assert worded(Problem(where, "missing", "")).where == column


def test_what_a_header_lacks(catalog: Policy) -> None:
    """Columns that every draft needs are asked for; the profile stands in for those of the referrer it holds."""
    forms = catalog.routes_file.form
    complete = frozenset(ROW)
    assert lacking(complete, forms, Referrer()) == ()
    assert lacking(complete - {"mrn"}, forms, Referrer()) == ("mrn or cin",)
    assert lacking(complete - {"mrn"} | {"cin"}, forms, Referrer()) == ()
    without = complete - {"referrer_name", "attested"}
    assert set(lacking(without, forms, Referrer())) == {"referrer_name", "attested"}
    assert lacking(without, forms, Referrer(name="Pat Example")) == ("attested",)


def test_header_names_the_plan_one_way_or_the_other(catalog: Policy) -> None:
    """Either column tells the plan; without both there is no route. A sheet with plans need not suit every form."""
    forms = catalog.routes_file.form
    neither = frozenset(ROW) - {"kp_member", "plan"}
    assert lacking(neither, forms, Referrer()) == ("plan",)
    assert lacking(neither | {"plan"}, forms, Referrer()) == ()
    beyond = {key for form in forms for key in form.required if not all(key in one.required for one in forms)}
    columns = {BY_KEY[key].column for key in beyond}
    assert columns
    # Some rows may be a family's own, which has no organization: that is told row by row.
    assert set(lacking(neither - columns | {"kp_member"}, forms, Referrer())) == columns - {"referrer_organization"}
    assert lacking(neither - columns | {"plan"}, forms, Referrer()) == ()


def test_what_some_rows_need_is_told_row_by_row(catalog: Policy) -> None:
    """A header may lack what only some rows need; what every row needs, by the profile's own words, is asked for."""
    forms, complete = catalog.routes_file.form, frozenset(ROW)
    place = complete - {"city", "zip"}
    assert lacking(place, forms, Referrer()) == ("city", "zip")
    assert lacking(place | {"reach_through"}, forms, Referrer()) == ()
    assert lacking(place - {"address", "phone"} | {"reach_through"}, forms, Referrer()) == ("phone", "address")
    assert lacking(complete - {"referrer_npi", "referrer_organization"}, forms, Referrer()) == ()
    mine = complete - {"referrer_npi", "referrer_organization", "referrer_relationship", "referrer_source"}
    doctor = Referrer(relationship="medical_provider", source="other")
    assert set(lacking(mine, forms, doctor)) == {"referrer_npi", "referrer_organization"}
    assert lacking(mine, forms, Referrer(relationship="member_or_family", source="other")) == ()


def test_template_lacks_nothing(catalog: Policy) -> None:
    """The header that `batch --template` prints is enough without any profile."""
    assert lacking(frozenset(COLUMNS), catalog.routes_file.form, Referrer()) == ()


def test_what_a_cell_may_be_picked_from() -> None:
    """A list to pick from stands where one of few is due, and each pick is read; several in one cell are typed."""
    picks = {kind: offered(kind, ("ecm", "cs")) for kind in FieldKind}
    assert picks[FieldKind.YES_NO] == ("yes", "no")
    assert [yes_no_or_unknown(one) for one in picks[FieldKind.YES_NO_UNKNOWN]] == [True, False, DONT_KNOW]
    assert {kind for kind, listed in picks.items() if listed == ("ecm", "cs")} == {FieldKind.CHOICE}
    assert not picks[FieldKind.CHOICES]


def test_cells_become_fields(catalog: Policy) -> None:
    """Blanks around a cell go, lists are split, yes and no are read; an empty cell is not given at all."""
    case, problems = read(
        catalog,
        first_name="  Ana ",
        last_name="   ",
        kp_member="YES",
        referrer_name="Pat Example",
        current_services="ihss; none ;",
        services="",
        part2="0",
    )
    assert problems == ()
    assert (case.member.first_name, case.member.last_name, case.member.kp_member) == ("Ana", "", True)
    assert (case.referrer.name, case.consent.part2) == ("Pat Example", False)
    assert (case.referral.current_services, case.referral.services) == (("ihss", "none"), ())


def test_notes_stay_as_they_are_written(catalog: Policy) -> None:
    """Line breaks and blanks in notes are the referrer's own."""
    assert read(catalog, notes="  first\n\n  second ")[0].referral.notes == "  first\n\n  second "


def test_column_without_a_name_is_passed_over(catalog: Policy) -> None:
    """The problem column of a list that is fed back in fills nothing."""
    case, problems = reader(("first_name", "", "last_name"), catalog.questions)(("Ana", "phone-format: ...", "Example"))
    assert (case.member.first_name, case.member.last_name, problems) == ("Ana", "Example", ())


@pytest.mark.parametrize("field", [one for one in FIELDS if one.kind is FieldKind.YES_NO], ids=lambda one: one.column)
def test_flag_that_is_neither_yes_nor_no(catalog: Policy, field: Field) -> None:
    """Anything else in such a column is a problem of that column, and is not repeated; it is never taken for no."""
    case, problems = read(catalog, **{field.column: "Zyxcanary"})
    assert problems == (Problem(field.key, "bool-format", "give yes or no"),)
    assert getattr(getattr(case, field.part), field.name) == getattr(PARTS[field.part](), field.name)


ANSWERS: list[tuple[Kind, str, Any]] = [
    (Kind.YES_NO, "yes", True),
    (Kind.YES_NO, "0", False),
    (Kind.YES_NO, "maybe", None),
    (Kind.YES_NO, " Unknown ", DONT_KNOW),
    (Kind.YES_NO, "Y", True),
    (Kind.YES_NO, "n", False),
    (Kind.YES_NO, "2", None),
    (Kind.YES_NO, "ja", None),
    (Kind.YES_NO, "Don\u2019t know", DONT_KNOW),
    (Kind.NUMBER, "5", 5),
    (Kind.NUMBER, " 007 ", 7),
    (Kind.NUMBER, '="007"', 7),
    (Kind.NUMBER, "five", "five"),
    (Kind.NUMBER, "-1", "-1"),
    (Kind.NUMBER, "5.0", 5),
    (Kind.NUMBER, "5.5", "5.5"),
    (Kind.NUMBER, chr(0x665), chr(0x665)),
    (Kind.NUMBER, "1" * 5000, "1" * 5000),
    (Kind.NUMBER, "unknown", DONT_KNOW),
    (Kind.CHOICE, " street ", "street"),
    (Kind.CHOICES, "a; b ;;", ["a", "b"]),
    (Kind.CHOICES, "UNKNOWN", DONT_KNOW),
    (Kind.CHOICES, "a;unknown", ["a", DONT_KNOW]),
]


@pytest.mark.parametrize(("kind", "text", "value"), ANSWERS)
def test_answer_in_a_cell(catalog: Policy, kind: Kind, text: str, value: object) -> None:
    """An answer is read by the kind of its question; what cannot be read is kept, and never taken for none."""
    question = next(one for one in catalog.questions.values() if one.kind is kind)
    found = cell_answer(text, question)
    assert (type(found), found) == (type(value), value)


def test_answer_that_cannot_be_read_is_a_problem(catalog: Policy) -> None:
    """A yes-or-no question with something else in its cell is told by its column, without the cell."""
    case, problems = read(catalog, is_tenant="Zyxcanary", ed_visits_6_months="5")
    assert problems == (Problem("answers.is_tenant", "bool-format", "give yes, no or unknown"),)
    assert case.answers == {"ed_visits_6_months": 5}


def test_general_words_stand_in_for_those_with_a_county(catalog: Policy) -> None:
    """What would name the member's county is told in general; all else as it is, with its column."""
    for code in GENERAL:
        said = worded(Problem("member.county", code, "Modoc County is far away"))
        assert said.code == code
        assert not any(county.name in said.message for county in catalog.counties_file.county)
    assert worded(Problem("referrer.npi", "npi-check", "give ten digits")) == Problem(
        "referrer_npi", "npi-check", "give ten digits"
    )
    assert worded(Problem("", "not-kp-member", "")).where == "plan"


def test_words_say_each_thing_once() -> None:
    """Codes and texts of several problems, each once and in order, the column before its text."""
    several = [
        Problem("zip", "zip-format", "give five digits"),
        Problem("phone", "missing", "give it"),
        Problem("cin", "missing", "give it"),
        Problem("zip", "zip-format", "give five digits"),
        Problem("", "duplicate", "the same as in row 1"),
    ]
    assert summed(several) == (
        "zip-format;missing;duplicate",
        "zip: give five digits; phone: give it; cin: give it; the same as in row 1",
    )
    assert summed([]) == ("", "")


def told() -> Iterator[tuple[str, str, str]]:
    """Every code with its words, what is filled in as "x", as the code outside of files and sheets writes them."""
    rooms = ("base", "policy", "decide", "draft")
    paths = [path for room in rooms for path in (ROOT / "src" / "calaim_cli" / room).glob("*.py")]
    for path in paths:
        # Of the data, and of files.
        if path.name in {"load.py", "criteria.py", "plausible.py", "files.py"} or path.name.startswith("sound"):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Problem", "NotFound"}:
                for argument in node.args:
                    yield path.name, text_of(node.args[1] if len(node.args) > 1 else argument), text_of(argument)
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "words":
                yield path.name, "", text_of(node.value)
    for code, words in (MESSAGES | CAUTIONS).items():
        yield "table", code, words


def text_of(node: ast.AST) -> str:
    """The text that an expression writes, as far as it is written there."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) for part in node.values)
    if isinstance(node, ast.Constant):
        return str(node.value)
    return " ".join(text_of(part) for part in ast.iter_child_nodes(node)) if isinstance(node, ast.BinOp) else "x"


OF_A_FILE: Final = re.compile(
    r"\b(?:true|false|TOML|table|keys?)\b|\"\w+\"|\[\"|\b(?:member|referrer|referral|consent|answers)\.\w"
)
OF_SEVERAL_ROWS: Final = frozenset({"id-name", "id-zeros", "keep-format", "stale"})
OF_A_WORKBOOK: Final = frozenset({"lost-zeros", "hidden-rows", "hidden-columns", "merged-cells", "other-sheets"})
OF_A_PANEL: Final = frozenset(
    {"unknown-columns", "batch-needs", "mostly-unknown", "map-column", "not-in-sql", "unmapped-codes"}
)
OF_A_SHEET: Final = re.compile(r"\b(?:columns?|cells?|rows?)\b")


def test_a_sheet_is_told_of_cells_and_a_case_of_keys() -> None:
    """No message of a row says how a case file writes it, and none of a case says column or cell."""
    found = [one for one in told() if "[expect]" not in one[2]]  # which no sheet has
    in_files = [words for _, _, words in found if OF_A_FILE.search(words)]
    assert len(in_files) > 5
    for path, code, words in found:
        said = worded(Problem("member.zip", code if code in GENERAL else "", words)).message
        assert not OF_A_FILE.search(said), (path, said)
    for path, code, words in found:
        if path != "table" or code not in OF_SEVERAL_ROWS | OF_A_WORKBOOK | OF_A_PANEL:
            assert not OF_A_SHEET.search(words), (path, words)


@pytest.mark.parametrize(
    ("code", "words", "said"),
    [
        ("attestation-missing", "set attested to true: only a person", "set attested to yes: only a person"),
        ("missing", 'say what; ["none"] if nothing', "say what; none if nothing"),
        ("plan-conflict", "member.plan and member.kp_member say two things", "plan and kp_member say two things"),
        ("answer-kind", 'give true, false or "unknown"', "give yes, no or unknown"),
        (
            "id-excel",
            "a spreadsheet has changed this",
            "a spreadsheet has changed this; format the column as Text first",
        ),
    ],
)
def test_words_of_a_file_become_those_of_a_cell(code: str, words: str, said: str) -> None:
    """Whoever fixes a spreadsheet is told what to write in the cell, without quotes, brackets or tables."""
    assert worded(Problem("consent.attested", code, words)) == Problem("attested", code, said)


@pytest.mark.parametrize(
    ("kept", "tells"),
    [
        ("A-17", False),
        ("team.north", False),
        ("2026-10-01", False),
        ("2", False),
        ("00012345", True),
        ("12345", True),
        ("Member", True),
        ("1980-03-04", True),
        ("415-555-0123", True),
        ("123-45-6789", True),
        ("91234567A", True),
    ],
)
def test_kept_cell_that_tells_of_the_member(kept: str, tells: bool) -> None:
    """A column of one's own that repeats the member's number, name, birth date or phone is not for a report."""
    cells = ["Test", "Member", "03/04/1980", "(415) 555-0123", "00012345", "A"]
    assert tells_of_the_member(kept, cells, AS_OF) is tells
