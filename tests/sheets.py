"""What the tests of batch share: a complete invented row, and spreadsheets made of such rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping

from calaim_cli.case.form import FIELDS

COLUMNS = (*(field.column for field in FIELDS if "template" not in field.absent), "kp_member", "kp_region")
"""Of the template that `batch --template` prints, and the two that older sheets and split counties have."""

ROW: dict[str, str] = {
    "program": "ecm",
    "county": "San Mateo",
    "zip": "94401",
    "kp_member": "yes",
    "first_name": "Test",
    "last_name": "Member",
    "date_of_birth": "1980-03-04",
    "phone": "415-555-0123",
    "address": "1 Example St",
    "city": "San Mateo",
    "mrn": "00012345",
    "referrer_name": "Pat Example",
    "referrer_organization": "Example Clinic",
    "referrer_npi": "1234567893",
    "referrer_address": "2 Example Ave, Oakland, CA 94601",
    "referrer_phone": "510-555-0100",
    "referrer_email": "pat@clinic.example.org",
    "referrer_relationship": "medical_provider",
    "referrer_source": "other_health_care_provider",
    "current_services": "none",
    "member_agreed": "yes",
    "attested": "yes",
    "part2": "no",
}


def row(number: int, **changes: str) -> dict[str, str]:
    """A complete row of a member of her own, with changes by column."""
    return ROW | {"mrn": f"{10_000_000 + number}", "last_name": f"Member-{number}"} | changes


def sheet(rows: Iterable[Mapping[str, str]], columns: Iterable[str] = COLUMNS, delimiter: str = ",") -> bytes:
    """The rows as CSV."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(columns), restval="", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def read_csv(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file by column."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
