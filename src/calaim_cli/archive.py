"""Floor 0: many drafts in one file: entries of a .zip, stored as they are, and messages of a mailbox.

The same drafts give the same bytes: the time is fixed, and nothing of the machine is in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from struct import Struct
from typing import Final

DOS_DATE: Final = (1 << 5) | 1
"""1 January 1980, the first day that the format knows; the time is 00:00."""
PRIVATE: Final = 0o100600 << 16
"""A plain file for its owner only, as the external attributes of an entry."""
UNIX: Final = 3 << 8
LOCAL: Final = Struct("<14s3IHxx")
CENTRAL: Final = Struct("<16s3I2H10sI")
EXTRA_64: Final = Struct("<2HQ")
END_64: Final = Struct("<4sQ2H2I4Q")
LOCATOR_64: Final = Struct("<4sIQI")
END: Final = Struct("<4s4H2IH")
MANY, FAR, PLAIN, LARGE = 0xFFFF, 0xFFFFFFFF, 20, 45
STORED: Final = Struct("<4H").pack(0, 0, 0, DOS_DATE)
"""No flags, stored as it is, the time and the day."""
BEFORE_CONTENT: Final = Struct("<4sH8s").pack(b"PK\3\4", PLAIN, STORED)
IN_DIRECTORY, IN_DIRECTORY_FAR = (
    Struct("<4s2H8s").pack(b"PK\1\2", UNIX | version, version, STORED) for version in (PLAIN, LARGE)
)
OWNED: Final = Struct("<3HI").pack(0, 0, 0, PRIVATE)
"""No comment, on the first disk, no internal attributes, and the external ones."""
NOTE: Final = Struct("<2I24s")
"""What is noted of an entry until the end of the file is written: checksum, size, name."""
MAIL_HEAD: Final = b"From MAILER-DAEMON Thu Jan  1 00:00:00 1970\n"
FROM_LINE: Final = re.compile(rb"^(>*From )", re.MULTILINE)


def zip_head(name: bytes, size: int, checksum: int) -> bytes:
    """What stands before the content of an entry, of less than 4 GiB."""
    return LOCAL.pack(BEFORE_CONTENT, checksum, size, size, len(name)) + name


def zip_end(notes: Iterable[bytes]) -> Iterator[bytes]:
    """The directory and end of a zip file, from whole NOTEs of its entries in their order."""
    offset = count = length = 0
    for several in notes:
        written = bytearray()
        for checksum, size, padded in NOTE.iter_unpack(several):
            name = padded.rstrip(b"\0")
            written += _directory_entry(name, checksum, size, offset)
            offset += LOCAL.size + len(name) + size
            count += 1
        length += len(written)
        yield bytes(written)
    yield _end(count, length, offset)


def _directory_entry(name: bytes, checksum: int, size: int, offset: int) -> bytes:
    """Where an entry begins; from 4 GiB on, that stands in an extra field."""
    if offset < FAR:
        return CENTRAL.pack(IN_DIRECTORY, checksum, size, size, len(name), 0, OWNED, offset) + name
    extra = EXTRA_64.pack(1, 8, offset)
    return CENTRAL.pack(IN_DIRECTORY_FAR, checksum, size, size, len(name), len(extra), OWNED, FAR) + name + extra


def _end(count: int, length: int, offset: int) -> bytes:
    end = END.pack(b"PK\5\6", 0, 0, min(count, MANY), min(count, MANY), min(length, FAR), min(offset, FAR), 0)
    if count < MANY and length < FAR and offset < FAR:
        return end
    large = END_64.pack(b"PK\6\6", END_64.size - 12, UNIX | LARGE, LARGE, 0, 0, count, count, length, offset)
    return large + LOCATOR_64.pack(b"PK\6\7", 0, offset + length, 1) + end


def mail(content: bytes) -> bytes:
    """A message as it stands in a mailbox: lines end in LF, lines that look like a new message are quoted."""
    return MAIL_HEAD + FROM_LINE.sub(rb">\1", content.replace(b"\r\n", b"\n")) + b"\n"
