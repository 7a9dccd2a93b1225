"""Case and profile files: TOML or JSON, read once at the door, with every problem named and no value repeated."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base.errors import InputError
from calaim_cli.case import casefile
from calaim_cli.case.case import (
    PROFILE_PARTS,
    Case,
    Consent,
    LeadEntity,
    Member,
    Profile,
    Referral,
    Referrer,
    SecureEmail,
    read_case,
)
from calaim_cli.case.form import PROFILE_FIELDS
from conftest import COMPLETE, ROOT, Run, WriteCase, WriteProfile

PROFILE = """\
schema = "calaim.profile/1"
[referrer]
name = "Pat Example"
email = "pat@clinic.example.org"
[network_lead_entity]
name = "Example Lead Entity"
email = "referrals@nle.example.org"
"""


def refused(path: Path, content: str | bytes) -> InputError:
    """What is said about a case file with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        casefile.read(str(path))
    return caught.value


def test_toml_and_json_give_the_same_case(write_case: WriteCase, tmp_path: Path) -> None:
    """A case may be written as TOML or as JSON."""
    as_json = tmp_path / "case.json"
    as_json.write_text(json.dumps(COMPLETE), encoding="utf-8")
    assert casefile.read(str(as_json)) == casefile.read(str(write_case()))


def test_toml_date_of_birth_needs_no_quotes(tmp_path: Path) -> None:
    """The example of the documentation, with an unquoted date, is read."""
    path = tmp_path / "case.toml"
    path.write_text("[member]\ndate_of_birth = 1980-03-04\n", encoding="utf-8")
    assert casefile.read(str(path)).member.date_of_birth == "1980-03-04"


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\r\n", b"# a comment\n"], ids=["BOM", "CRLF", "comment"])
def test_editors_habits_are_accepted(tmp_path: Path, start: bytes) -> None:
    """A byte-order mark, Windows line ends and comments do not make a case invalid."""
    path = tmp_path / "case.toml"
    path.write_bytes(start + b"[answers]\r\nvisits = 5\r\n")
    assert casefile.read(str(path)).answers == {"visits": 5}


def test_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A case may come through a pipe and need not be saved anywhere."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[answers]\nvisits = 5\n")))
    assert casefile.read("-").answers == {"visits": 5}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param(" \n\n", "empty", id="blank"),
        pytest.param('{"answers": {"a": 1, "a": 2}}', "twice", id="duplicate JSON key"),
        pytest.param('{"member": {}, "member": {}}', "twice", id="duplicate JSON table"),
        pytest.param("[answers]\na = 1\na = 2\n", "line 3", id="duplicate TOML key"),
        pytest.param('{"answers": {\n"a": }}', "line 2", id="broken JSON"),
        pytest.param("[answers]\na =\n", "line 2", id="broken TOML"),
        pytest.param("[member]\ndate_of_birth = 1980-02-30\n", "line 2", id="no such day"),
        pytest.param(b"[member]\nfirst_name = 'Jos\xe9'\n", "line 2: not UTF-8", id="Latin-1"),
        pytest.param("[member]\nfirst_name = 'a\0b'\n", "line 2", id="NUL"),
        pytest.param("a = " + "[" * 5000 + "]" * 5000, "nested too deeply", id="deep TOML"),
        pytest.param('{"a": ' + "[" * 99999 + "]" * 99999 + "}", "nested too deeply", id="deep JSON"),
        pytest.param("[answers]\na = " + "9" * 5000, "number too long", id="long TOML number"),
        pytest.param('{"answers": {"a": ' + "9" * 5000 + "}}", "number too long", id="long JSON number"),
        pytest.param("# " + "x" * 1024 * 1024, "larger than 1 MiB", id="too large"),
    ],
)
def test_unreadable_file_is_refused(tmp_path: Path, content: str | bytes, says: str) -> None:
    """A file that cannot be a case is refused with its name, the line where there is one, and the reason."""
    error = refused(tmp_path / "case.toml", content)
    assert error.exit_code == 4
    assert "case.toml" in error.message
    assert says in error.message


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param("kp_member = yes", "a word without quotes, or a missing value: write true or false", id="yes"),
        pytest.param("kp_member = True", "write true or false", id="capital"),
        pytest.param("kp_member =", "a missing value", id="nothing"),
        pytest.param("city = \u201cCanary\u201d", "straight quotes", id="curly quotes"),
        pytest.param("mrn = 00012345", "numbers such as 0012 in quotes", id="leading zeros"),
        pytest.param("date_of_birth = 03/04/1980", "write a date as 1980-03-04", id="date"),
        pytest.param("phone = 415-555-0100", "put text", id="phone"),
        pytest.param("city: 'Canary'", 'write key = "text"', id="colon"),
        pytest.param("[consent", "without a closing bracket", id="open bracket"),
        pytest.param('city = "Canary', "without a closing quote", id="open quote"),
        pytest.param("city = 'Canary", "without a closing quote", id="open single quote"),
        pytest.param("zip = '1'\nzip = '2'", "appears twice", id="key twice"),
        pytest.param("[member]", "table appears twice", id="table twice"),
    ],
)
def test_slip_is_told_with_what_to_write(tmp_path: Path, line: str, says: str) -> None:
    """Whoever has never written TOML hears in which line the slip is, what was found, and what to write."""
    message = refused(tmp_path / "case.toml", f"[member]\n{line}\n[answers]\n").message
    assert re.search(r"case\.toml: (line [234]|at the end): not valid TOML: ", message)
    assert says in message
    assert "Canary" not in message


@pytest.mark.parametrize("header", ["program,zip,kp_member", "program;zip;mrn", "program\tzip\tmrn", '\n"a","b","c"'])
def test_spreadsheet_is_shown_to_batch(tmp_path: Path, header: str) -> None:
    """A CSV given as a case is told for what it is, with the command that reads it."""
    message = refused(tmp_path / "members.csv", f"{header}\n1,2,3\n").message
    assert message.endswith("members.csv: line 1: this looks like a CSV file, not a case: use 'calaim batch'")


@pytest.mark.parametrize("start", ["[answers]", "# a, b, c and d\n[answers]", 'schema = "calaim.case/1" # a, b, c'])
def test_commas_make_no_spreadsheet(tmp_path: Path, start: str) -> None:
    """A case whose first line holds commas is read like any other."""
    path = tmp_path / "case.toml"
    path.write_text(f"{start}\n", encoding="utf-8")
    assert casefile.read(str(path)).answers == {}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"[member]\nlast_name = 'Canary\xe9'\n", id="not UTF-8"),
        pytest.param("[member]\nlast_name = 'Canary\n", id="open quote"),
        pytest.param("[member]\nlast_name = Canary\n", id="no quotes"),
        pytest.param("[member]\nlast_name = 'Canary' 'Canary'\n", id="two values"),
        pytest.param('{"member": {"last_name": "Canary}}', id="open JSON quote"),
        pytest.param('{"member": {"last_name": Canary}}', id="JSON without quotes"),
        pytest.param('[member]\nzip = ["Canary"]\nkp_member = "Canary"\n', id="wrong types"),
    ],
)
def test_messages_hold_no_value(tmp_path: Path, content: str | bytes) -> None:
    """Whatever is wrong with a file, the message does not repeat what stands in it."""
    error = refused(tmp_path / "case.toml", content)
    assert "canary" not in (error.message + " ".join(map(str, error.problems))).lower()


def test_problems_of_keys_are_listed_with_the_file(tmp_path: Path) -> None:
    """A case with wrong keys names the file, and each key that is wrong."""
    error = refused(tmp_path / "case.toml", "[member]\nzip = 94401\nfirst_nam = 'T'\n")
    assert [problem.where for problem in error.problems] == ["member.zip", "member.first_nam"]


@pytest.mark.parametrize(("name", "says"), [("absent.toml", "no such file"), ("", "is a folder")])
def test_absent_file_or_folder_is_refused(tmp_path: Path, name: str, says: str) -> None:
    """A wrong file name is a matter of one line, not of a traceback."""
    with pytest.raises(InputError, match=says):
        casefile.read(str(tmp_path / name))


def test_profile_is_read(tmp_path: Path) -> None:
    """The profile gives the referrer's details and the Network Lead Entity."""
    path = tmp_path / "profile.toml"
    path.write_text(PROFILE, encoding="utf-8")
    assert casefile.read_profile(path) == Profile(
        Referrer(name="Pat Example", email="pat@clinic.example.org"),
        LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org"),
    )


def test_absent_profile_is_empty(tmp_path: Path) -> None:
    """Nobody has to write a profile first."""
    assert casefile.read_profile(tmp_path / "none.toml") == Profile()


def test_profile_without_lead_entity_names_none(tmp_path: Path) -> None:
    """A Network Lead Entity without an address is no route."""
    path = tmp_path / "profile.toml"
    path.write_text('schema = "calaim.profile/1"\n[network_lead_entity]\nname = "Example"\n', encoding="utf-8")
    assert casefile.read_profile(path).network_lead_entity is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        pytest.param("[referrer]\n", ("schema", "schema"), id="no schema"),
        pytest.param('schema = "calaim.profile/9"\n', ("schema", "schema"), id="another schema"),
        pytest.param(f"{PROFILE}colour = 'x'\n", ("network_lead_entity.colour", "unknown-key"), id="unknown key"),
        pytest.param(f"{PROFILE}[member]\n", ("member", "unknown-key"), id="member data"),
        pytest.param(
            'schema = "calaim.profile/1"\n[referrer]\nnpi = 1234567893\n',
            ("referrer.npi", "type"),
            id="unquoted number",
        ),
        pytest.param('schema = "calaim.profile/1"\nreferrer = "Pat"\n', ("referrer", "type"), id="no table"),
        pytest.param(
            'schema = "calaim.profile/1"\nnetwork_lead_entity = 1\n', ("network_lead_entity", "type"), id="number"
        ),
    ],
)
def test_bad_profile_is_refused(tmp_path: Path, content: str, problem: tuple[str, str]) -> None:
    """A profile that is there must be right: it is never read in part."""
    path = tmp_path / "profile.toml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        casefile.read_profile(path)
    assert [(one.where, one.code) for one in caught.value.problems] == [problem]


def test_keys_of_a_profile_are_told_with_kind_and_ledger(tmp_path: Path) -> None:
    """Who writes a key that there is not learns all that there are; one of the wrong type has an example of its own."""
    path = tmp_path / "profile.toml"
    path.write_text('schema = "calaim.profile/1"\nledgr = "a"\nhome = "b"\nkind = 3\n', encoding="utf-8")
    with pytest.raises(InputError) as caught:
        casefile.read_profile(path)
    near, unknown, wrong = (one.message for one in caught.value.problems)
    assert near == "unknown key; did you mean ledger?"
    assert "secure_email, kind or ledger" in unknown
    assert wrong == 'wrong type: give text in quotes, such as "street_medicine"'


def test_bad_profile_stops_a_referral(run: Run, write_case: WriteCase, write_profile: WriteProfile) -> None:
    """With a broken profile nothing is drafted: exit 4, and the profile is named."""
    path = write_profile('schema = "calaim.profile/9"\n')
    ran = run("refer", write_case(), "--as-of", "2026-11-22")
    assert (ran.code, ran.out) == (4, "")
    assert str(path) in ran.err


def test_profile_is_where_calaim_profile_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CALAIM_PROFILE names the profile file."""
    monkeypatch.setenv("CALAIM_PROFILE", str(tmp_path / "mine.toml"))
    assert casefile.profile_path() == tmp_path / "mine.toml"


def test_profile_is_in_the_configuration_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CALAIM_PROFILE the profile is in the platform's own folder for settings, under the program's name."""
    monkeypatch.delenv("CALAIM_PROFILE")
    home = Path(os.environ["LOCALAPPDATA"]) if sys.platform == "win32" else tmp_path  # no variable changes that there
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    path = casefile.profile_path()
    assert path.is_relative_to(home)
    assert (path.parent.name, path.name) == ("calaim", "profile.toml")


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
YES_NO = st.sampled_from([None, True, False])
SEVERAL = st.lists(TEXT, max_size=3).map(tuple)
CASES = st.builds(
    Case,
    member=st.builds(Member, first_name=TEXT, date_of_birth=TEXT, zip=TEXT, kp_member=YES_NO),
    referrer=st.builds(Referrer, name=TEXT, npi=TEXT),
    referral=st.builds(
        Referral, program=TEXT, services=SEVERAL, self_referral=st.booleans(), notes=TEXT, current_services=SEVERAL
    ),
    consent=st.builds(Consent, member_agreed=YES_NO, attested=YES_NO, part2=YES_NO, part2_consent=YES_NO),
    answered_on=TEXT,
    answers=st.dictionaries(TEXT, st.booleans() | st.integers(0, 99) | TEXT | st.lists(TEXT, max_size=3), max_size=3),
)


@given(CASES)
def test_saved_case_reads_back_equal(case: Case) -> None:
    """What an interview saves is what it goes on with: nothing is lost, added or turned from "no" into "not given"."""
    content = casefile.case_bytes(case)
    document = tomllib.loads(content.decode("utf-8"))
    assert read_case(document) == (case, ())
    assert casefile.case_bytes(case) == content


@pytest.mark.parametrize("entity", [None, LeadEntity(name="Example Lead Entity", email="referrals@nle.example.org")])
def test_saved_profile_reads_back_equal(tmp_path: Path, entity: LeadEntity | None) -> None:
    """A profile that was written is read again as it was."""
    profile = Profile(Referrer(name='Pat "P" Example', email="pat@example.org"), entity)
    path = tmp_path / "profile.toml"
    path.write_bytes(casefile.profile_bytes(profile))
    assert casefile.read_profile(path) == profile


def profile_with(tmp_path: Path, table: str) -> Path:
    """A profile file with a [secure_email] table."""
    path = tmp_path / "profile.toml"
    path.write_text(f'schema = "calaim.profile/1"\n[secure_email]\n{table}\n', encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "secure",
    [
        SecureEmail(),
        SecureEmail(secure_tag="body", text="[secure]"),
        SecureEmail(secure_tag="header", text="yes please", header="X-Secure"),
    ],
    ids=lambda secure: secure.secure_tag,
)
def test_secure_tag_survives_a_save(tmp_path: Path, secure: SecureEmail) -> None:
    """What a profile says about the mail gateway is read back as it was written."""
    path = tmp_path / "profile.toml"
    path.write_bytes(casefile.profile_bytes(Profile(secure_email=secure)))
    assert casefile.read_profile(path).secure_email == secure


@pytest.mark.parametrize(
    ("table", "where"),
    [
        pytest.param("secure_tag = 'subject'\ntext = '[secure]'", "secure_tag", id="in the subject"),
        pytest.param("secure_tag = 'maybe'", "secure_tag", id="no such place"),
        pytest.param("secure_tag = 'body'", "text", id="no tag"),
        pytest.param('secure_tag = "body"\ntext = "a\\nBcc: x@example.com"', "text", id="line break"),
        pytest.param("secure_tag = 'body'\ntext = ' secure '", "text", id="blanks around"),
        pytest.param("secure_tag = 'body'\ntext = '=?utf-8?q?=0ABcc:x?='", "text", id="encoded word"),
        pytest.param("secure_tag = 'body'\ntext = 'sécure'", "text", id="not ASCII"),
        pytest.param(f"secure_tag = 'body'\ntext = '{'x' * 70}'", "text", id="too long"),
        pytest.param("secure_tag = 'header'\ntext = 'yes'", "header", id="no header"),
        pytest.param("secure_tag = 'header'\ntext = 'yes'\nheader = 'Bcc'", "header", id="a header of mail"),
        pytest.param("secure_tag = 'header'\ntext = 'yes'\nheader = 'X-Unsent'", "header", id="the mark of a draft"),
        pytest.param("secure_tag = 'header'\ntext = 'yes'\nheader = 'x-unsent'", "header", id="the same in small"),
        pytest.param("secure_tag = 'header'\ntext = 'yes'\nheader = 'X-A: b'", "header", id="a colon"),
        pytest.param('secure_tag = "header"\ntext = "yes"\nheader = "X-A\\n"', "header", id="a line break at the end"),
    ],
)
def test_unfit_secure_tag_is_refused(tmp_path: Path, table: str, where: str) -> None:
    """A tag that would change the subject, or bring a header of its own, stops before any draft."""
    with pytest.raises(InputError) as caught:
        casefile.read_profile(profile_with(tmp_path, table))
    assert [(one.where, one.code) for one in caught.value.problems] == [(f"secure_email.{where}", "secure-tag")]


REMARK = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp", "Cs"]), max_size=12).map(
    "# {}".format
)


@given(CASES, st.lists(st.tuples(st.integers(0, 30), REMARK), max_size=4))
def test_remarks_are_found_by_their_lines(case: Case, remarks: list[tuple[int, str]]) -> None:
    """Whatever the texts of a case hold, their number signs are no remarks, and a remark between its lines is one."""
    lines = casefile.case_bytes(case).decode().split("\n")
    assert casefile.remarks("\n".join(lines)) == ()
    for at, remark in remarks:
        lines.insert(min(at, len(lines)), remark)
    text = "\n".join(lines)
    try:
        whole = tomllib.loads(text) == tomllib.loads(casefile.case_bytes(case).decode())
    except tomllib.TOMLDecodeError:
        whole = False
    if whole:  # else one is within a text of several lines
        assert len(casefile.remarks(text)) == len(remarks)
        assert all(lines[n - 1].startswith("# ") for n in casefile.remarks(text))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a = 'x' # b", (1,)),
        ('a = "# \\" #" # b', (1,)),
        ('a = """\n# "" no\n"""" # b', (3,)),
        ("a = '''\n# it's\n''' # b\n# c", (3, 4)),
        ("# it's\na = ['#', \"#\", # one\n]", (1, 2)),
        ('"#" = 1', ()),
    ],
)
def test_remark_is_told_from_a_text(text: str, lines: tuple[int, ...]) -> None:
    """A number sign in any of TOML's texts is none of a remark, and a quote in a remark begins no text."""
    tomllib.loads(text)
    assert casefile.remarks(text) == lines


UNFIT = {
    **{f"referrer.{key}": "\u2066" for key in ("name", "organization", "address", "relationship_detail")},
    "referrer.npi": "1234567890",
    "referrer.phone": "911",
    "referrer.email": "pat at clinic",
    "referrer.relationship": "aunt's",
    "referrer.source": "nobody",
    "referrer.source_detail": "a\nb",
    "network_lead_entity.name": "x" * 201,
    "network_lead_entity.email": "a@example.org, b@example.org",
    "kind": "spaceship",
    "ledger": "a\nb",
}


def test_every_field_of_a_profile_has_its_row() -> None:
    """What a profile can say is checked, asked and documented from one table."""
    keys = {f"{part}.{key}" for part, shape in PROFILE_PARTS.items() for key in shape.__struct_fields__}
    keys |= {"kind", "ledger"}
    assert {field.key for field in PROFILE_FIELDS} == {key for key in keys if not key.startswith("secure_email.")}
    assert set(UNFIT) == {field.key for field in PROFILE_FIELDS}


@pytest.mark.parametrize("command", ["refer", "check", "batch"])
@pytest.mark.parametrize("key", UNFIT)
def test_unfit_profile_is_named_and_no_case(
    run: Run, write_case: WriteCase, write_profile: WriteProfile, key: str, command: str
) -> None:
    """A field of the profile that no letter could take is told as the profile's, by its key, and nothing is done."""
    table, _, name = key.rpartition(".")
    document: dict[str, Any] = {"schema": "calaim.profile/1"}
    document |= {table: {"email": "nle@example.org"} | {name: UNFIT[key]}} if table else {name: UNFIT[key]}
    path = write_profile(tomli_w.dumps(document))
    source = ROOT / "examples" / "members.csv" if command == "batch" else write_case()
    ran = run(command, source, *(["--dry-run"] if command == "batch" else []), "--as-of", "2026-11-22")
    assert (ran.code, ran.out) == (4, "")
    first, *problems = ran.err.splitlines()
    assert first.startswith(f"calaim: {path}: the profile is not valid")
    assert key in [line.split(": ")[0].strip() for line in problems]
    assert str(source) not in ran.err
    assert UNFIT[key] not in ran.err


def test_choice_in_the_words_of_the_form_is_taken(run: Run, write_case: WriteCase, write_profile: WriteProfile) -> None:
    """A profile may give a choice by its words, or with capitals, as a case may."""
    write_profile('schema = "calaim.profile/1"\nkind = "Street-Medicine"\n[referrer]\nsource = "Legal_Aid"\n')
    assert run("check", write_case(), "--as-of", "2026-11-22").code == 0


def test_shown_profile_tells_what_is_unfit(run: Run, write_profile: WriteProfile) -> None:
    """Whoever looks at her details hears which of them no letter could take, and still sees them all."""
    write_profile(tomli_w.dumps({"schema": "calaim.profile/1", "referrer": {"npi": "1234567890"}}))
    ran = run("profile", "show")
    assert ran.code == 0
    assert "calaim: warning: referrer.npi: npi-check: " in ran.err
    assert 'npi = "1234567890"' in ran.out
