"""Files of many drafts: other programs read them, also where the old limits of the format end."""

from __future__ import annotations

import io
import zipfile
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from calaim_cli import archive

NAMES = st.integers(1, 9999).map(lambda number: f"{number:04}-ecm.eml".encode())


@given(st.dictionaries(NAMES, st.binary(max_size=300), max_size=20))
def test_zip_is_read_by_others(entries: dict[bytes, bytes]) -> None:
    """Names, bytes and checksums come out as they went in."""
    notes = b"".join(archive.NOTE.pack(crc32(content), len(content), name) for name, content in entries.items())
    body = b"".join(archive.zip_head(name, len(content), crc32(content)) + content for name, content in entries.items())
    with zipfile.ZipFile(io.BytesIO(body + b"".join(archive.zip_end([notes])))) as found:
        assert found.testzip() is None
        assert {name.encode(): found.read(name) for name in found.namelist()} == entries


def test_more_entries_than_the_old_format_counts() -> None:
    """70,000 drafts in one file are all found."""
    names = [f"{number:05}-ecm.eml".encode() for number in range(70_000)]
    body = b"".join(archive.zip_head(name, 0, 0) for name in names)
    ends = archive.zip_end(archive.NOTE.pack(0, 0, name) for name in names)
    with zipfile.ZipFile(io.BytesIO(body + b"".join(ends))) as found:
        assert len(found.namelist()) == 70_000


def test_entries_beyond_four_gigabytes() -> None:
    """Where an entry begins beyond 4 GiB, the directory says so in its extra field."""
    notes = [archive.NOTE.pack(0, archive.FAR - 1, b"0001-ecm.eml"), archive.NOTE.pack(0, 5, b"0002-ecm.eml")]
    written = b"".join(archive.zip_end(notes))
    assert archive.EXTRA_64.pack(1, 8, archive.LOCAL.size + 12 + archive.FAR - 1) in written
    assert b"PK\6\6" in written
