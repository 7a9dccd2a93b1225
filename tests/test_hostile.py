"""Hostile texts in every field, through both kinds of file: refused with a code, or in the draft as given."""

from __future__ import annotations

import json
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import fast_mail_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from calaim_cli.base.errors import CalaimError, InputError
from calaim_cli.base.values import Value
from calaim_cli.case import casefile
from calaim_cli.case.case import Case, Profile, SecureEmail, read_case
from calaim_cli.case.form import CHECKED
from calaim_cli.draft import fitness, message
from calaim_cli.draft.draft import Drafter
from calaim_cli.draft.message import Draft, eml, read_back
from calaim_cli.policy.policy import Policy
from conftest import AS_OF, COMPLETE, changed
from hostile import HOSTILE, LIST_FIELDS, NAMES, TEXT_FIELDS

pytestmark = pytest.mark.thorough

HEADERS = {
    "X-Unsent": "1",
    "To": "REGMCDURNS-KPNC@kp.org",
    "Subject": "ECM Referral",
    "Content-Type": 'text/plain; charset="utf-8"',
    "Content-Transfer-Encoding": "quoted-printable",
    "MIME-Version": "1.0",
}
Read = Callable[[bytes], tuple[dict[str, str], str]]


def by_standard_library(content: bytes) -> tuple[dict[str, str], str]:
    """Headers and text as Python's own reader gives them; it must find nothing wrong."""
    parsed = message_from_bytes(content, policy=policy.default)
    assert not parsed.defects
    assert len(parsed.keys()) == len(set(parsed.keys()))
    return {name: str(value) for name, value in parsed.items()}, parsed.get_content()


def by_fast_mail_parser(content: bytes) -> tuple[dict[str, str], str]:
    """Headers and text as a reader written in another language gives them."""
    parsed = fast_mail_parser.parse_email(content)
    assert (parsed.text_html, parsed.attachments, len(parsed.text_plain)) == ([], [], 1)
    assert not parsed.warnings
    assert all(len(values) == 1 for values in parsed.headers.values())
    return {name: values[0] for name, values in parsed.headers.items()}, parsed.text_plain[0]


READERS: tuple[Read, ...] = (by_standard_library, by_fast_mail_parser)


def assert_sound(draft: Draft, content: bytes) -> None:
    """Both readers see the fixed headers, and the text that was meant."""
    for read in READERS:
        headers, text = read(content)
        assert headers == {**HEADERS, "Subject": draft.subject, "To": ", ".join(draft.to)}
        assert text.replace("\r\n", "\n") == draft.body
    assert draft.to == (HEADERS["To"],)
    assert draft.subject in {"ECM Referral", "CS Referral", "CHW services request"}


Make = Callable[[Case], Draft]


@pytest.fixture(scope="module")
def make(catalog: Policy) -> Make:
    """The draft of a case, from the door to the bytes: what `refer` does between reading and writing."""
    drafter = Drafter(catalog, Profile(), AS_OF)
    return lambda case: drafter.draft(case).draft


def escaped(text: str) -> str:
    """A TOML string of ASCII characters only; a lone surrogate stays one."""
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in text) + '"'


def as_toml(document: dict[str, Any]) -> str:
    """A case as TOML, whatever its texts hold."""

    def value(one: object) -> str:
        if isinstance(one, list):
            return f"[{', '.join(map(value, one))}]"
        return escaped(one) if isinstance(one, str) else json.dumps(one)

    lines = [f'schema = "{document["schema"]}"']
    for name, table in document.items():
        if isinstance(table, dict):
            lines += [f"[{name}]", *(f"{key} = {value(one)}" for key, one in table.items())]
    return "\n".join(lines) + "\n"


def outcome(case: Case, make: Make) -> tuple[str, ...]:
    """The codes that a case is refused with; none when it becomes a draft, which is then sound."""
    try:
        draft = make(case)
        content = eml(draft)
    except CalaimError as error:
        codes = tuple(problem.code for problem in error.problems) or (error.code,)
        assert all(codes)
        return codes
    assert_sound(draft, content)
    read_back(content, draft)
    return ()


def with_text(where: str, text: str) -> dict[str, Any]:
    """The complete case with a text in a field, of a member who receives ECM where that is what the field is of."""
    now = {"referral.current_services": ["ecm"]} if where.startswith("referral.ecm_provider") else {}
    return changed(COMPLETE, {**now, where: [text] if where in LIST_FIELDS else text})


@pytest.mark.parametrize("where", [*TEXT_FIELDS, *LIST_FIELDS])
def test_hostile_text_is_refused_or_comes_out_equal(make: Make, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """No text in any field changes a recipient, the subject or the set of headers.

    The first layer does this alone: the reading back is switched off, and afterwards finds nothing.
    """
    monkeypatch.setattr(message, "read_back", lambda content, draft: None)
    refused = {name: outcome(read_case(with_text(where, text))[0], make) for name, text in HOSTILE.items()}
    assert refused["NUL"], "a control character is never printed"
    assert refused["right-to-left override"]
    assert refused["lone high surrogate"]
    # Before a number it is folded away, and a label may be such a text.
    assert refused["byte-order mark"] or where == "referral.label"


@pytest.mark.parametrize("where", [*TEXT_FIELDS, *LIST_FIELDS])
def test_both_kinds_of_file_give_the_same_case(tmp_path: Path, where: str) -> None:
    """A hostile text arrives unchanged through TOML and JSON, or its file is refused as a whole."""
    as_read: dict[str, list[Case | str]] = {"toml": [], "json": []}
    for text in HOSTILE.values():
        document = with_text(where, text)
        for form, content in (("toml", as_toml(document)), ("json", json.dumps(document))):
            path = tmp_path / f"case.{form}"
            path.write_text(content, encoding="utf-8")
            try:
                as_read[form].append(casefile.read(str(path)))
            except InputError as error:
                as_read[form].append(error.code)
    for toml, from_json, name in zip(*as_read.values(), HOSTILE, strict=True):
        assert toml == from_json or ("surrogate" in name and toml == InputError.code)


@pytest.mark.parametrize("where", [w for w in TEXT_FIELDS if w.endswith(("_name", ".name", ".address", ".city"))])
@pytest.mark.parametrize("script", NAMES)
def test_names_of_every_script_are_sent(make: Make, where: str, script: str) -> None:
    """A person may have any name: it is kept, never refused for its letters."""
    assert outcome(read_case(with_text(where, NAMES[script]))[0], make) == ()


@pytest.mark.parametrize("where", ["member.cin", "member.mrn", "member.date_of_birth", "member.phone", "member.zip"])
@pytest.mark.parametrize("name", ["float", "float of a long number", "formula", "error of a sheet", "Arabic digits"])
def test_damaged_numbers_are_refused(make: Make, where: str, name: str) -> None:
    """A number damaged by a spreadsheet is never sent as if it were the right one."""
    assert outcome(read_case(with_text(where, HOSTILE[name]))[0], make)


ANY_TEXT = st.one_of(
    st.sampled_from(sorted(HOSTILE.values())),
    st.text(st.characters(codec="utf-8"), max_size=120),
    st.text(max_size=20),
    st.builds("{}{}".format, st.sampled_from(sorted(HOSTILE.values())), st.text(max_size=5)),
)


@given(st.dictionaries(st.sampled_from(TEXT_FIELDS), ANY_TEXT, min_size=1, max_size=len(TEXT_FIELDS)))
def test_any_text_in_any_field_is_refused_or_sound(make: Make, texts: dict[str, str]) -> None:
    """Whatever is typed into any combination of fields, the draft is exact or there is none."""
    case, problems = read_case(changed(COMPLETE, texts))
    assert not problems
    outcome(case, make)


def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch the first layer off: every field passes as it is, and the message asks nothing."""
    passing = tuple(replace(field, check=Value) for field in CHECKED)
    monkeypatch.setattr(fitness, "CHECKED", passing)
    monkeypatch.setattr(fitness, "_checks", fitness._checks.__wrapped__)
    monkeypatch.setattr(message, "guard", lambda draft: None)


@pytest.mark.parametrize("where", [field.key for field in CHECKED])
def test_second_layer_holds_alone(make: Make, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """With every input check switched off, the finished bytes are exact or are not published."""
    unchecked(monkeypatch)
    passed = 0
    for text in HOSTILE.values():
        try:
            draft = make(read_case(with_text(where, text))[0])
            content = eml(draft)
        except (CalaimError, UnicodeEncodeError):
            continue
        assert_sound(draft, content)
        passed += 1
    assert passed, "without the first layer some of these get as far as the second"


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tag_of_the_profile_is_refused_or_exact(name: str) -> None:
    """A secure-mail tag, as a body line or a header, cannot add another header."""
    text = HOSTILE[name]
    draft = Draft(to=("intake@example.org",), subject="ECM Referral", body="Body.\n")
    for extra in (("X-Secure", text), (text, "yes")):
        try:
            content = eml(Draft(to=draft.to, subject=draft.subject, body=draft.body, extra=extra))
        except CalaimError:
            continue
        headers, body = by_standard_library(content)
        assert set(headers) == {*HEADERS, extra[0]}
        assert (headers[extra[0]], body) == (extra[1], "Body.\r\n")
    tagged = f"{SecureEmail(secure_tag='body', text=text).body_line()}Body.\n"
    try:
        content = eml(Draft(to=draft.to, subject=draft.subject, body=tagged))
    except CalaimError:
        return
    for read in READERS:
        assert set(read(content)[0]) == set(HEADERS)
        assert read(content)[1].replace("\r\n", "\n") == tagged
