"""The table of fields: each field is wherever a person looks for it, or the table says why not."""

from __future__ import annotations

import pytest

from calaim_cli.case.case import PARTS
from calaim_cli.case.form import BY_COLUMN, BY_KEY, FIELDS, Field, FieldKind
from calaim_cli.policy.policy import Policy
from conftest import ROOT, Run

EACH = pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.key)


def test_table_and_case_have_the_same_fields() -> None:
    """Nothing can be written in a case that no table knows, and nothing is asked for that no case can keep."""
    assert {field.key for field in FIELDS} == {
        f"{part}.{name}" for part, shape in PARTS.items() for name in shape.__struct_fields__
    }
    assert len(BY_KEY) == len(BY_COLUMN) == len(FIELDS)


@EACH
def test_text_of_a_case_is_checked(field: Field) -> None:
    """No text gets into a letter unchecked: a text has its check, and a choice the list that it is of."""
    assert (field.kind is FieldKind.TEXT) is (field.check is not None)
    if field.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
        assert field.choices or field.key == "referral.services"


@EACH
def test_field_is_in_the_template(run: Run, field: Field) -> None:
    """A sheet has a column for it."""
    columns = run("batch", "--template").out.strip("\ufeff\r\n").split(",")
    assert (field.column in columns) is not bool(field.absent.get("template"))


ONLY_IN_A_PLANS_OWN = frozenset({"member.kp_member", "member.mrn", "consent.attested"})
"""Fields that our sheet for the other plans has not: a number of one plan's records, and one form's attestation."""


@EACH
def test_field_is_in_the_letter(catalog: Policy, field: Field) -> None:
    """What is said of a member or by a referrer reaches each plan, in a section of its form with its label."""
    for form in catalog.routes_file.form:
        wanted = not field.absent.get("letter") and (bool(form.plans) or field.key not in ONLY_IN_A_PLANS_OWN)
        assert (field.key in form.keys) is wanted, form.id
    assert field.label or field.part == "consent" or field.absent.get("letter")


@EACH
def test_field_is_asked_for(field: Field) -> None:
    """Whoever is asked for a referral is asked for it."""
    assert bool(field.ask) is not bool(field.absent.get("talk"))


@EACH
def test_field_is_in_the_documentation(field: Field) -> None:
    """Somebody who writes a case, a sheet or a form by hand finds its key and its column."""
    guide = (ROOT / "docs" / "data-forms.md").read_text("utf-8")
    assert f"| `{field.key}` | `{field.column}` | {field.label} |" in guide
