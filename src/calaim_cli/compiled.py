"""Floor 0: the data as they were compiled into the wheel. Imports next to nothing, for the quick path.

A compiled file is one line of text, then values as `marshal` writes them. The line names the format, the interpreters
it was tried on, and size and checksum of each data file it was made from. Where anything does not match, the data files
themselves are read, which takes longer and gives the same. Only the installed package is looked into, never a cache:
`marshal` must not meet what others can write.
"""

import io
import marshal
import os
import sys
from binascii import crc32

QUICK, POLICY, ZIPS = "quick.bin", "policy.bin", "zips.bin"
SOURCES = ("programs.toml", "counties.toml", "zips.csv")
INTERPRETERS = ("cpython-311", "cpython-312", "cpython-313", "cpython-314", "cpython-315")
FOLDER = os.path.join(os.path.dirname(__file__), "data")
"""The folder of the data inside a wheel; an editable install has none, and reads the data files."""
UNUSABLE = (OSError, EOFError, TypeError, ValueError)
"""What reading a compiled file raises where there is none, or it does not belong to the data beside it."""


def first_line(folder: str) -> bytes:
    """The first line of a file compiled from the data in the folder."""
    words = ["calaim-data/1", ",".join(INTERPRETERS)]
    for name in SOURCES:
        with open(os.path.join(folder, name), "rb") as file:
            content = file.read()
        words.append(f"{name}:{len(content)}:{crc32(content):08x}")
    return f"{' '.join(words)}\n".encode()


def opened(name: str) -> io.BufferedReader:
    """A compiled file, open behind its first line. Raises one of UNUSABLE."""
    if sys.implementation.cache_tag not in INTERPRETERS:
        raise ValueError("compiled by and for other interpreters")
    expected = first_line(FOLDER)
    file = open(os.path.join(FOLDER, name), "rb")
    if file.readline() != expected:
        file.close()
        raise ValueError("compiled from other data, or in another format")
    return file


def read(name: str) -> dict[str, object] | None:
    """The value that fills a compiled file; None where it is not to be used."""
    try:
        with opened(name) as file:
            value: dict[str, object] = marshal.loads(file.read())
            return value
    except UNUSABLE:
        return None
