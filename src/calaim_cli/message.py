"""Floor 1: a draft and its bytes. The only module that imports `email`.

Two layers guard a draft: hostile values are refused before it is built, and the finished bytes are parsed again and
compared. Nothing about the member is ever in a header.
"""

from __future__ import annotations

import binascii
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import lru_cache
from typing import Final

from msgspec import Struct

from calaim_cli.errors import OutputRefused
from calaim_cli.fields import SUBJECT, all_printable, email

HEADERS: Final = ("X-Unsent", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version")
EXTRA: Final = re.compile(r"X-[A-Za-z-]{1,38}")
LONGEST_LINE: Final = 76
"""In octets, of a body line: the limit of quoted-printable."""
LONGEST_HEADER: Final = 998


class Draft(Struct, frozen=True):
    """An unsent message: bare addresses, an exact subject, and a text body whose lines end in LF.

    `extra` is one more header, name and value, for the user's mail gateway.
    """

    to: tuple[str, ...]
    subject: str
    body: str
    cc: tuple[str, ...] = ()
    extra: tuple[str, str] | None = None


def eml(draft: Draft) -> bytes:
    """The draft as an .eml file that opens as an unsent message; the same draft gives the same bytes.

    Raises OutputRefused when a value is unfit for a message or the bytes do not read back as the draft.
    """
    guard(draft)
    content = headers(draft.to, draft.cc, draft.subject, draft.extra) + quoted_printable(draft.body)
    read_back(content, draft)
    return content


def guard(draft: Draft) -> None:
    """Refuse what does not belong in a header or body, before a message is built."""
    addresses_fit = draft.to and all(email(address) == (address, "", "") for address in (*draft.to, *draft.cc))
    body_fits = all_printable(draft.body, "\t\n") and draft.body.endswith("\n")
    if not addresses_fit or not SUBJECT.fullmatch(draft.subject) or not body_fits or not _extra_fits(draft.extra):
        raise _unsafe()


def _extra_fits(extra: tuple[str, str] | None) -> bool:
    """Whether an extra header is a plain one of the user's own, and none that a mail system gives a meaning to."""
    if extra is None:
        return True
    name, value = extra
    return bool(EXTRA.fullmatch(name) and SUBJECT.fullmatch(value)) and name.lower() != HEADERS[0].lower()


def _unsafe() -> OutputRefused:
    return OutputRefused("the draft holds something that a message must not hold; nothing was written", code="unsafe")


@lru_cache
def headers(to: tuple[str, ...], cc: tuple[str, ...], subject: str, extra: tuple[str, str] | None = None) -> bytes:
    """The header block, ending in the empty line; the same for every draft of a route."""
    message = EmailMessage(policy=policy.SMTP)
    message["X-Unsent"] = "1"
    message["To"] = ", ".join(to)
    if cc:
        message["Cc"] = ", ".join(cc)
    message["Subject"] = subject
    if extra:
        message[extra[0]] = extra[1]
    message.set_content("x\n", charset="utf-8", cte="quoted-printable")
    block, end, _ = message.as_bytes().partition(b"\r\n\r\n")
    return block + end


def quoted_printable(text: str) -> bytes:
    """The text as quoted-printable UTF-8 with CRLF line ends, checked to decode to the same text."""
    if "\r" in text:
        raise _unsafe()
    return encoded(text.replace("\n", "\r\n").encode("utf-8"))


def encoded(raw: bytes) -> bytes:
    """Bytes with CRLF line ends as quoted-printable, checked to decode to the same."""
    return standing_for(raw, binascii.b2a_qp(raw))


def standing_for(raw: bytes, content: bytes) -> bytes:
    """Quoted-printable that somebody put together, checked to decode to these bytes."""
    if binascii.a2b_qp(content) != raw or not content.isascii():
        raise _unsafe()
    return content


def as_it_stands(raw: bytes) -> bytes:
    """Bytes that quoted-printable leaves alone: ASCII, in short lines that end in a visible character.

    Only `=` begins something that does not stand for itself, so that what holds none decodes to the same.
    """
    if b"=" in raw or not raw.isascii():
        raise _unsafe()
    return raw


def read_back(content: bytes, draft: Draft) -> None:
    """Parse the bytes with the standard library and compare all of it with the draft."""
    message = message_from_bytes(content, policy=policy.default)
    optional = [*(["Cc"] if draft.cc else []), *([draft.extra[0]] if draft.extra else [])]
    found = dict(message.items())  # each look at a header parses it anew
    same = (
        sorted(message.keys()) == sorted([*HEADERS, *optional])
        and found["X-Unsent"] == "1"
        and found["Content-Type"] == 'text/plain; charset="utf-8"'
        and not message.defects
        and not any(value.defects for value in found.values())
        and tuple(one.addr_spec for one in found["To"].addresses) == draft.to
        and (not draft.cc or tuple(one.addr_spec for one in found["Cc"].addresses) == draft.cc)
        and found["Subject"] == draft.subject
        and (not draft.extra or found[draft.extra[0]] == draft.extra[1])
        and message.get_content().replace("\r\n", "\n") == draft.body
    )
    if not same or not _well_formed(content):
        raise _unsafe()


def _well_formed(content: bytes) -> bool:
    """ASCII only, CRLF only, no line longer than its limit. A long address makes a long header, not a broken one."""
    head, _, text = content.partition(b"\r\n\r\n")
    return content.isascii() and all(
        len(line) <= most and b"\r" not in line and b"\n" not in line
        for part, most in ((head, LONGEST_HEADER), (text, LONGEST_LINE))
        for line in part.split(b"\r\n")
    )
