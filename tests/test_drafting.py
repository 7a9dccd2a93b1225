"""Drafts of many rows: each is that of `refer`, byte for byte, whatever way it was made."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calaim_cli import datafiles
from calaim_cli.case import Profile, read_case
from calaim_cli.draft import Drafter
from calaim_cli.message import eml
from calaim_cli.policy import Policy
from calaim_cli.rowcase import COLUMNS, FLAG_COLUMNS, FLAGS, LIST_COLUMNS, place_of
from calaim_cli.takes import Drafted, Refused, RowDrafter
from conftest import AS_OF
from sheets import ROW

CATALOG = datafiles.load()
ANSWERS = ("age", "homeless", "ed_visits_6_months", "housing", "complex_need")


def drafter(columns: tuple[str, ...] = COLUMNS, catalog: Policy = CATALOG) -> RowDrafter:
    """A drafter for these columns, with nothing in the profile."""
    return RowDrafter(columns, Profile(), catalog, AS_OF)


def cells(given_row: dict[str, str], columns: tuple[str, ...] = COLUMNS) -> list[str]:
    """The row as it stands in the sheet."""
    return [given_row.get(column, "") for column in columns]


def single(given_row: dict[str, str]) -> bytes:
    """The draft that `refer` makes of a case file that says the same."""
    document: dict[str, Any] = {"member": {}, "referrer": {}, "referral": {}, "consent": {}, "answers": {}}
    for column, text in given_row.items():
        part, key = place_of(column)
        if not text.strip():
            continue
        if not part:
            document["answers"][key] = int(text) if text.isdigit() else text.split(";")
        elif column in FLAG_COLUMNS:
            document[part][key] = FLAGS[text]
        else:
            document[part][key] = text.split(";") if column in LIST_COLUMNS else text
    case, problems = read_case(document)
    assert problems == ()
    return eml(Drafter(CATALOG, Profile(), AS_OF).draft(case).draft)


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Co", "Cn", "Cf", "Zl", "Zp")), min_size=1, max_size=90
).filter(lambda text: text.strip() != "")
NAMES = (
    st.sampled_from(("Ana", "José Núñez", "Åsa", "Nguyễn Thị", "محمد", "דוד", "李小龍", "O'Neil", "x=y", ". dot"))
    | TEXTS
)


@st.composite
def rows(draw: st.DrawFn) -> dict[str, str]:
    """A row that makes a draft: names in many scripts, long lines, notes, any route and program."""
    program = draw(st.sampled_from(("ecm", "chw", "cs")))
    county, code = draw(st.sampled_from((("San Mateo", "94401"), ("alameda", "94601"), ("", "90001"), ("LA", "90001"))))
    changes = {
        "program": program,
        "services": draw(st.sampled_from(("asthma_remediation", "housing_deposits;asthma_remediation"))),
        "county": county,
        "zip": code,
        "mrn": draw(st.sampled_from(("", "00012345", "123456"))),
        "cin": "91234567A",
        "part2": draw(st.sampled_from(("", "no"))),
        "date_of_birth": draw(st.dates(AS_OF.replace(year=1920), AS_OF)).isoformat(),
        "notes": draw(st.sampled_from(("", "Please call.\nTwice.")) | TEXTS),
        "ed_visits_6_months": draw(st.sampled_from(("", "0", "5"))),
        "housing": draw(st.sampled_from(("", "none", "shelter"))),
    }
    for column in ("first_name", "last_name", "middle_name", "address", "caregiver_name", "preferred_language"):
        changes[column] = draw(NAMES)
    if program != "cs":
        changes["services"] = ""
    return ROW | changes


ALL = (*COLUMNS, "ed_visits_6_months", "housing")


@settings(max_examples=150)
@given(st.lists(rows(), min_size=1, max_size=4))
def test_draft_of_a_row_is_that_of_refer(several: list[dict[str, str]]) -> None:
    """The same referral gives the same bytes in a batch and alone, also when earlier rows were remembered."""
    many = drafter(ALL)
    for one in several:
        drafted = many.draft(cells(one, ALL))
        assert isinstance(drafted, Drafted)
        assert drafted.content == single(one)


BAD = {
    "first_name": ("", "missing"),
    "last_name": ("Exam\x07ple", "name-char"),
    "middle_name": ("x" * 101, "name-length"),
    "address": ("1 Example\nSt", "line-char"),
    "date_of_birth": ("03/04/80", "dob-century"),
    "phone": ("555", "phone-format"),
    "zip": ("2139", "zip-format"),
    "mrn": ("9.12E+09", "id-excel"),
    "cin": ("123-45-6789", "id-ssn"),
    "email": ("a@b", "email-format"),
    "county": ("Atlantis", "unknown-place"),
    "kp_member": ("no", "not-kp-member"),
    "self_referral": ("yes", "no-lead-entity"),
    "program": ("ecmm", "unknown-program"),
    "services": ("asthma_remediation", "services"),
    "referrer_npi": ("1234567890", "npi-check"),
    "referrer_source": ("nobody", "unknown-choice"),
    "member_agreed": ("no", "agreement-missing"),
    "attested": ("maybe", "bool-format"),
    "notes": ("x" * 1001, "text-length"),
    "ed_visits_6_months": ("often", "answer-kind"),
    "housing": ("castle", "unknown-choice"),
}


@pytest.mark.parametrize("warm", [False, True], ids=["first row", "after a good row"])
@pytest.mark.parametrize(("column", "bad"), BAD.items(), ids=list(BAD))
def test_bad_cell_is_refused_with_its_column_and_code(column: str, bad: tuple[str, str], warm: bool) -> None:
    """What was remembered of good rows never lets a bad cell through, and the reason names its column."""
    many = drafter(ALL)
    if warm:
        assert isinstance(many.draft(cells(ROW, ALL)), Drafted)
    refused = many.draft(cells(ROW | {column: bad[0]}, ALL))
    assert isinstance(refused, Refused)
    assert (column, bad[1]) in {(one.where, one.code) for one in refused.problems}


@pytest.mark.parametrize("county", ["Alpine", "Tulare", "Ventur", "sb"])
def test_reason_never_names_the_county(county: str) -> None:
    """A report is no place for where a member lives: neither the cell nor the county meant is in a reason."""
    refused = drafter().draft(cells(ROW | {"county": county, "zip": "93201" if county == "Tulare" else "94401"}))
    assert isinstance(refused, Refused)
    said = " ".join(one.message for one in refused.problems)
    assert not any(one.name in said for one in CATALOG.counties_file.county)


@pytest.mark.parametrize(
    "typed", ["hospital_stay_12_months;ed_visit_12_months", "ed_visit_12_months;ed_visit_12_months", ";", " ; ;"]
)
@pytest.mark.parametrize("warm", [False, True], ids=["first row", "later row"])
def test_choices_in_any_order_are_drafted_as_by_refer(typed: str, warm: bool) -> None:
    """How several choices are typed changes nothing: not the way a row takes, and not what the draft says."""
    column = "asthma_poorly_controlled"
    columns = (*COLUMNS, column)
    request = {"program": "cs", "services": "asthma_remediation", "county": "Alameda", "zip": "94601"}
    many = drafter(columns)
    if warm:
        many.draft(cells(ROW | request, columns))
    given_row = ROW | request | {column: typed}
    drafted = many.draft(cells(given_row, columns))
    assert isinstance(drafted, Drafted)
    tidy = ";".join(one for one in CATALOG.questions[column].choices if one in typed.split(";"))
    assert drafted.content == single(ROW | request | ({column: tidy} if tidy else {}))
