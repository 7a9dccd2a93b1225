"""A draft and its bytes. The only module that imports `email`.

Two layers guard a draft: hostile values are refused before it is built, and the finished bytes are read again and
compared. Nothing about the member is ever in a header, so that a header block is parsed once for all of a route.
"""

from __future__ import annotations

import binascii
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from typing import Final

from msgspec import Struct

from calaim_cli.base.errors import OutputRefused
from calaim_cli.base.values import SUBJECT, all_printable, email
from calaim_cli.case.case import SecureEmail

HEADERS: Final = ("X-Unsent", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version")
EXTRA: Final = re.compile(r"X-[A-Za-z-]{1,38}")
LONGEST_LINE: Final = 76  # octets of quoted-printable: RFC 2045, 6.7
LONGEST_HEADER: Final = 998  # RFC 5322, 2.1.1
UNSAFE: Final = "the draft contains a character that e-mail cannot carry safely; nothing was written"


class Draft(Struct, frozen=True):
    """An unsent message: bare addresses, an exact subject, and a text body whose lines end in LF."""

    to: tuple[str, ...]
    subject: str
    body: str
    extra: tuple[str, str] | None = None  # one more header, for the user's mail gateway


def tagged(to: tuple[str, ...], subject: str, body: str, secure: SecureEmail) -> Draft:
    """The draft with the tag that the user's mail gateway wants; a sheet, which goes to nobody, has none."""
    if not to:
        return Draft(to, subject, body)
    extra = (secure.header, secure.text) if secure.secure_tag == "header" else None
    return Draft(to, subject, secure.body_line() + body, extra)


def eml(draft: Draft) -> bytes:
    """The draft as an .eml file that opens as an unsent message; the same draft gives the same bytes.

    Raises OutputRefused when a value is unfit for a message or the bytes do not read back as the draft.
    """
    guard(draft)
    content = headers(draft.to, draft.subject, draft.extra) + quoted_printable(draft.body)
    read_back(content, draft)
    return content


def sheet(draft: Draft) -> bytes:
    """The body of a draft without recipients, to read out or copy. Raises OutputRefused when it is unfit for that."""
    if not all_printable(draft.body, "\t\n") or not draft.body.endswith("\n"):
        raise OutputRefused(UNSAFE, code="unsafe")
    return draft.body.encode()


def guard(draft: Draft) -> None:
    """Refuse, before a message is built, what does not belong in a header or body."""
    addresses_fit = draft.to and all(email(address) == (address, "", "") for address in draft.to)
    body_fits = all_printable(draft.body, "\t\n") and draft.body.endswith("\n")
    name, value = draft.extra or ("X-None", "none")
    # X-Unsent is the one such header that mail clients give a meaning to, and the draft has it already.
    extra_fits = EXTRA.fullmatch(name) and re.fullmatch(SUBJECT, value) and name.lower() != HEADERS[0].lower()
    if not (addresses_fit and re.fullmatch(SUBJECT, draft.subject) and body_fits and extra_fits):
        raise OutputRefused(UNSAFE, code="unsafe")


@lru_cache
def headers(to: tuple[str, ...], subject: str, extra: tuple[str, str] | None = None) -> bytes:
    """The header block, ending in the empty line; the same for every draft of a route."""
    message = EmailMessage(policy=policy.SMTP)
    message["X-Unsent"] = "1"
    message["To"] = ", ".join(to)
    message["Subject"] = subject
    if extra:
        message[extra[0]] = extra[1]
    message.set_content("x\n", charset="utf-8", cte="quoted-printable")
    block, end, _ = message.as_bytes().partition(b"\r\n\r\n")
    return block + end


def quoted_printable(text: str) -> bytes:
    """The text as quoted-printable UTF-8 with CRLF line ends."""
    *sections, end = text.split("\n\n")
    return b"".join([_quoted(f"{section}\n\n") for section in sections]) + _quoted(end)


@lru_cache  # each line is encoded by itself, and most sections are those of the letter before
def _quoted(section: str) -> bytes:
    return binascii.b2a_qp(_with_crlf(section))


def _with_crlf(text: str) -> bytes:
    if "\r" in text:
        raise OutputRefused(UNSAFE, code="unsafe")
    return text.replace("\n", "\r\n").encode("utf-8")


def read_back(content: bytes, draft: Draft) -> None:
    """Compare the finished bytes with the draft: headers as they are parsed, the text as it is decoded.

    ASCII only, CRLF only, no line longer than its limit. A long address makes a long header, not a broken one.
    """
    head, end, text = content.partition(b"\r\n\r\n")
    _headers_read_back(head + end, draft.to, draft.subject, draft.extra)
    lines = text.split(b"\r\n")
    same = (
        text.isascii()
        and binascii.a2b_qp(text) == _with_crlf(draft.body)
        and max(map(len, lines)) <= LONGEST_LINE
        and text.count(b"\r") == text.count(b"\n") == len(lines) - 1
    )
    if not same:
        raise OutputRefused(UNSAFE, code="unsafe")


@lru_cache  # once for each route: parsing takes longer than all the rest of a draft
def _headers_read_back(block: bytes, to: tuple[str, ...], subject: str, extra: tuple[str, str] | None) -> None:
    message = message_from_bytes(block, policy=policy.default)
    found = dict(message.items())  # each look at a header parses it anew
    same = (
        sorted(message.keys()) == sorted([*HEADERS, *(extra or ())[:1]])
        and found["X-Unsent"] == "1"
        and found["Content-Type"] == 'text/plain; charset="utf-8"'
        and found["Content-Transfer-Encoding"] == "quoted-printable"
        and not message.get_payload()
        and not message.defects
        and not any(value.defects for value in found.values())
        and tuple(one.addr_spec for one in found["To"].addresses) == to
        and found["Subject"] == subject
        and (not extra or found[extra[0]] == extra[1])
    )
    lines = block.split(b"\r\n")
    whole = block.isascii() and block.endswith(b"\r\n\r\n") and max(map(len, lines)) <= LONGEST_HEADER
    if not same or not whole or any(b"\r" in line or b"\n" in line for line in lines):
        raise OutputRefused(UNSAFE, code="unsafe")
