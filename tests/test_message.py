"""Messages: exact headers, the same bytes each time, and two layers that each keep a foreign header out."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.errors import MessageError

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from calaim_cli.base.errors import OutputRefused
from calaim_cli.base.values import all_printable
from calaim_cli.draft.message import Draft, eml, guard, headers, quoted_printable, read_back

DRAFT = Draft(to=("intake@example.org",), subject="ECM Referral", body="Name: Trần\n.\nFrom here\n=3D\n\nEnd.\n")
HEADERS = ["X-Unsent", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
ENCODED_BCC = "=?utf-8?q?ok=0D=0ABcc:_x@example.com?="

HOSTILE_SUBJECTS = {
    "encoded word that hides a Bcc": ENCODED_BCC,
    "trailing line feed": "ECM Referral\n",
    "trailing carriage return": "ECM Referral\r",
    "trailing line break": "ECM Referral\r\n",
    "Bcc after a line break": "ECM Referral\r\nBcc: x@example.com",
    "vertical tab": "ECM\x0bReferral",
    "form feed": "ECM\x0cReferral",
    "next line": "ECM\x85Referral",
    "line separator": "ECM\u2028Referral",
    "NUL": "ECM\0Referral",
    "tab": "ECM\tReferral",
    "lone surrogate": "ECM \ud800",
    "not ASCII": "ECM Réferral",
    "empty": "",
    "too long": "x" * 70,
}
HOSTILE_ADDRESSES = {
    "encoded word that hides a Bcc": f"{ENCODED_BCC}@example.org",
    "line break": "a@example.org\r\nBcc: x@example.com",
    "trailing line feed": "a@example.org\n",
    "leading blank": " a@example.org",
    "two in one": "a@example.org, x@example.com",
    "display name": "Pat Example <a@example.org>",
    "display name with a comma": "Example, Pat <a@example.org>",
    "encoded display name": f"{ENCODED_BCC} <a@example.org>",
    "quoted local part": '"a b"@example.org',
    "group": "group: a@example.org;",
    "comment": "a@example.org (comment)",
    "international": "a@exämple.org",
    "NUL": "a\0@example.org",
    "lone surrogate": "a\ud800@example.org",
    "empty": "",
}
HOSTILE_BODIES = {
    "carriage return": "a\rb\n",
    "CRLF": "a\r\nb\n",
    "NUL": "a\0b\n",
    "escape": "a\x1b[2J\n",
    "form feed": "a\x0cb\n",
    "next line": "a\x85b\n",
    "line separator": "a\u2028b\n",
    "direction override": "a\u202eb\n",
    "lone surrogate": "a\ud800b\n",
    "no final line feed": "a",
    "empty": "",
}


def test_headers_are_exactly_these_in_this_order() -> None:
    """A draft has these headers, each once, in this order; no Bcc, date, id or program name."""
    assert list(message_from_bytes(eml(DRAFT), policy=policy.default)) == HEADERS


def test_header_values_are_exact() -> None:
    """A mail program opens the file as an unsent plain-text message to the plan, under the plan's subject."""
    head = eml(DRAFT).partition(b"\r\n\r\n")[0].decode()
    assert head.split("\r\n") == [
        "X-Unsent: 1",
        "To: intake@example.org",
        "Subject: ECM Referral",
        'Content-Type: text/plain; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "MIME-Version: 1.0",
    ]


def test_body_reads_back() -> None:
    """A mail program shows the draft's text, letter for letter."""
    message = message_from_bytes(eml(DRAFT), policy=policy.default)
    assert message.get_content().replace("\r\n", "\n") == DRAFT.body


def test_bytes_are_ascii_with_crlf_and_short_lines() -> None:
    """The file is ASCII, with CRLF line ends and at most 76 characters per line, whatever the text."""
    content = eml(replace(DRAFT, body=f"{'x' * 900}\n{'é漢' * 300}\n"))
    assert content.isascii()
    assert content.replace(b"\r\n", b"").find(b"\r") == content.replace(b"\r\n", b"").find(b"\n") == -1
    assert max(len(line) for line in content.split(b"\r\n")) <= 76


def test_reruns_are_identical() -> None:
    """The same draft gives the same bytes, so that a rerun can see that nothing changed."""
    first = eml(DRAFT)
    headers.cache_clear()
    assert eml(DRAFT) == first


def test_ascii_body_is_quoted_printable_too() -> None:
    """The encoding does not depend on what is in the text."""
    assert b"Content-Transfer-Encoding: quoted-printable\r\n" in eml(replace(DRAFT, body="plain\n"))


LABELS = "b" * 50


@pytest.mark.parametrize(
    "to",
    [
        pytest.param((f"{'a' * 55}@example.org",), id="67 characters"),
        pytest.param((f"{'a' * 64}@example.org",), id="76 characters"),
        pytest.param((f"{'a' * 64}@{LABELS}.{LABELS}.{LABELS}.example.org",), id="229 characters"),
        *(
            pytest.param(tuple(f"{'n' * length}{i}@example.org" for i in range(6)), id=f"six of {length + 13}")
            for length in range(1, 9)
        ),
    ],
)
def test_long_recipients_are_whole(to: tuple[str, ...]) -> None:
    """Every valid address can be written to, however long the recipient line becomes."""
    message = message_from_bytes(eml(replace(DRAFT, to=to)), policy=policy.default)
    assert tuple(address.addr_spec for address in message["To"].addresses) == to


@pytest.mark.parametrize("length", [1, 67, 68, 69])
def test_longest_subject_is_not_folded(length: int) -> None:
    """A subject of up to 69 characters stays on one line."""
    assert b"\r\nSubject: " + b"S" * length + b"\r\n" in eml(replace(DRAFT, subject="S" * length))


def refused(draft: Draft) -> None:
    """The draft is refused before anything is built, by a message without its values."""
    for build in (guard, eml):
        with pytest.raises(OutputRefused) as caught:
            build(draft)
        assert caught.value.exit_code == 6
        assert "example" not in caught.value.message


@pytest.mark.parametrize("subject", HOSTILE_SUBJECTS.values(), ids=HOSTILE_SUBJECTS)
def test_hostile_subject_is_refused(subject: str) -> None:
    """No subject can add a header or end the headers early."""
    refused(replace(DRAFT, subject=subject))


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES.values(), ids=HOSTILE_ADDRESSES)
def test_hostile_address_is_refused(address: str) -> None:
    """No address can add a second recipient or a header."""
    refused(replace(DRAFT, to=("fine@example.org", address)))


def test_draft_without_recipient_is_refused() -> None:
    """A draft always has a recipient."""
    refused(replace(DRAFT, to=()))


@pytest.mark.parametrize("body", HOSTILE_BODIES.values(), ids=HOSTILE_BODIES)
def test_hostile_body_is_refused(body: str) -> None:
    """A body has no invisible characters and no line ends of its own."""
    refused(replace(DRAFT, body=body))


def unguarded(draft: Draft) -> bytes:
    """The message as it would be written if the first layer were not there."""
    content = headers(draft.to, draft.subject) + quoted_printable(draft.body)
    read_back(content, draft)
    return content


MISSED_BY_PARSING = {"NUL", "tab"}
"""In a subject the parser sees nothing wrong with these; the first layer refuses them. So both layers stay."""


@pytest.mark.parametrize(
    "subject",
    [text for name, text in HOSTILE_SUBJECTS.items() if name not in {*MISSED_BY_PARSING, "empty", "too long"}],
)
def test_second_layer_catches_hostile_subjects(subject: str) -> None:
    """Even with the check switched off, parsing the finished bytes keeps a foreign header out."""
    try:
        content = unguarded(replace(DRAFT, subject=subject))
    except (OutputRefused, ValueError):
        return
    message = message_from_bytes(content, policy=policy.default)
    assert (list(message), message["Subject"]) == (HEADERS, subject)


@pytest.mark.parametrize("address", HOSTILE_ADDRESSES.values(), ids=HOSTILE_ADDRESSES)
def test_second_layer_catches_hostile_addresses(address: str) -> None:
    """Even with the check switched off, parsing the finished bytes keeps a second recipient out."""
    try:
        content = unguarded(replace(DRAFT, to=(address,)))
    except (OutputRefused, ValueError, IndexError, MessageError):
        return
    message = message_from_bytes(content, policy=policy.default)
    assert list(message) == HEADERS
    assert [one.addr_spec for one in message["To"].addresses] == [address]


TAMPERED: dict[str, Callable[[bytes], bytes]] = {
    "added Bcc": lambda content: content.replace(b"\r\nSubject:", b"\r\nBcc: x@example.com\r\nSubject:"),
    "second To": lambda content: b"To: x@example.com\r\n" + content,
    "second recipient": lambda content: content.replace(b"To: ", b"To: x@example.com, "),
    "other recipient": lambda content: content.replace(b"intake@", b"intak@"),
    "display name": lambda content: content.replace(b"To: intake@example.org", b"To: A, B <intake@example.org>"),
    "copy": lambda content: content.replace(b"Subject:", b"Cc: copy@example.org\r\nSubject:"),
    "other subject": lambda content: content.replace(b"ECM Referral", b"CS Referral"),
    "longer subject": lambda content: content.replace(b"ECM Referral", b"ECM Referral Test Member"),
    "folded subject": lambda content: content.replace(b"ECM Referral", b"ECM\r\n  Referral"),
    "no mark of an unsent message": lambda content: content.replace(b"X-Unsent: 1\r\n", b""),
    "date": lambda content: b"Date: Sun, 22 Nov 2026 00:00:00 +0000\r\n" + content,
    "header block ends early": lambda content: content.replace(b"\r\nSubject:", b"\r\n\r\nSubject:"),
    "changed body": lambda content: content.replace(b"End.", b"End!"),
    "longer body": lambda content: content + b"more\r\n",
    "bare line feeds": lambda content: content.replace(b"\r\n", b"\n"),
    "one bare line feed": lambda content: content.replace(b"End.\r\n", b"End.\n"),
    "doubled carriage returns": lambda content: content.replace(b"\r\n", b"\r\r\n"),
    "raw UTF-8": lambda content: content.replace(b"=E1=BA=A7", "ầ".encode()),
    "other encoding": lambda content: content.replace(b"quoted-printable", b"8bit"),
    "cut short": lambda content: content[:-10],
    "empty": lambda _: b"",
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_reading_back_catches_any_change(tamper: Callable[[bytes], bytes]) -> None:
    """Bytes that are not exactly the draft are never published."""
    content = eml(DRAFT)
    read_back(content, DRAFT)
    assert tamper(content) != content
    with pytest.raises(OutputRefused):
        read_back(tamper(content), DRAFT)


@pytest.mark.parametrize("blank", [" ", "\t"], ids=["space", "tab"])
def test_line_that_would_become_too_long_is_refused(blank: str) -> None:
    """A space at the end of a line can make it longer than the encoding allows: it is refused, not sent."""
    assert len(max(quoted_printable(f"{'x' * 74}{blank}\n").split(b"\r\n"))) == 77
    with pytest.raises(OutputRefused):
        eml(replace(DRAFT, body=f"{'x' * 74}{blank}\n"))


PIECES = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.sampled_from([".", "..", "From ", "From: x", "=", "=0D=0A", "=?utf-8?q?x?=", "\t", "--", "Bcc: x@example.com"]),
    st.text("漢字العربية🙂=. \t", max_size=200),
    st.integers(70, 80).map(lambda length: "x" * length),
)
BODIES = st.lists(st.lists(PIECES, max_size=4).map("".join), min_size=1, max_size=8).map(
    lambda lines: "".join(f"{line.rstrip()}\n" for text in lines for line in text.split("\n"))
)


@given(BODIES.filter(lambda body: all_printable(body, "\t\n")))
def test_every_body_reads_back_equal(body: str) -> None:
    """Any text in any script comes back letter for letter, under the same headers, in clean bytes."""
    content = eml(replace(DRAFT, body=body))
    message = message_from_bytes(content, policy=policy.default)
    assert (list(message), message.defects) == (HEADERS, [])
    assert message.get_content().replace("\r\n", "\n") == body
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 76


@given(st.text(st.characters(), max_size=30), st.text(st.characters(), max_size=30))
def test_no_text_adds_a_header(subject: str, address: str) -> None:
    """Whatever text is where a subject or an address should be, the draft is exact or it is refused."""
    draft = replace(DRAFT, to=(address,), subject=subject)
    try:
        content = eml(draft)
    except OutputRefused:
        return
    message = message_from_bytes(content, policy=policy.default)
    assert (list(message), message["To"], message["Subject"]) == (HEADERS, address, subject)


@pytest.mark.parametrize("extra", [("X-Secure", "yes"), ("X-" + "a" * 38, "[secure] now")], ids=["short", "long"])
def test_one_more_header_for_the_users_gateway(extra: tuple[str, str]) -> None:
    """The one header that a user may add comes with the fixed ones, exactly as set."""
    message = message_from_bytes(eml(replace(DRAFT, extra=extra)), policy=policy.default)
    assert sorted(message.keys()) == sorted([*HEADERS, extra[0]])
    assert message[extra[0]] == extra[1]


@pytest.mark.parametrize(
    "extra",
    [
        ("Bcc", "x@example.com"),
        ("Reply-To", "x@example.com"),
        ("X-Unsent", "0"),
        ("x-unsent", "0"),
        ("X-A:", "b"),
        ("X-A\r\nBcc", "b"),
        ("X-A\n", "b"),
        ("X-", "b"),
        ("X-A1", "b"),
        ("X-" + "a" * 39, "b"),
        *(("X-Secure", value) for value in HOSTILE_SUBJECTS.values()),
    ],
)
def test_hostile_extra_header_is_refused(extra: tuple[str, str]) -> None:
    """No extra header may be one that mail systems act on, or have a value that hides another header."""
    with pytest.raises(OutputRefused):
        eml(replace(DRAFT, extra=extra))


def test_reading_back_compares_the_extra_header() -> None:
    """An extra header that was not intended, or that is missing, is noticed."""
    with_extra = replace(DRAFT, extra=("X-Secure", "yes"))
    for content, meant in ((eml(with_extra), DRAFT), (eml(DRAFT), with_extra)):
        with pytest.raises(OutputRefused):
            read_back(content, meant)
    with pytest.raises(OutputRefused):
        read_back(eml(with_extra), replace(DRAFT, extra=("X-Secure", "no")))
