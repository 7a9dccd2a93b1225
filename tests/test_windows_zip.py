"""The zip for Windows: the same bytes from the same parts, a license of each, and a lock that misses nothing."""

from __future__ import annotations

import hashlib
import io
import re
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
import windows_zip
from hypothesis import given
from hypothesis import strategies as st

from conftest import ROOT

NAMES = st.from_regex(r"[a-z]{1,8}(/[A-Za-z_ ]{1,8}\.[a-z]{1,3})?", fullmatch=True)
REQUIRED = re.compile(r"^([\w-]+)==", re.MULTILINE)


def wheel(folder: Path, files: Mapping[str, str]) -> Path:
    """A wheel of these files."""
    path = folder / "example-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=6))
def test_order_of_what_is_found_does_not_matter(files: dict[str, bytes]) -> None:
    """However a system lists its files, the zip has the same bytes, one date, and the digest of every file."""
    there = windows_zip.gathered(files.items())
    back = windows_zip.gathered(reversed(files.items()))
    assert windows_zip.packed(there) == windows_zip.packed(back)
    with zipfile.ZipFile(io.BytesIO(windows_zip.packed(there))) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {windows_zip.MOMENT}
        assert archive.namelist() == sorted(archive.namelist())
        listed = dict(line.split("  ", 1)[::-1] for line in archive.read("calaim/SHA256SUMS.txt").decode().splitlines())
    assert listed == {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}


def test_two_files_of_one_name_are_refused() -> None:
    """A package that would write over a file of another one is told, not packed."""
    with pytest.raises(ValueError, match=r"a\.py: two files"):
        windows_zip.gathered([("a.py", b"1"), ("a.py", b"2")])


def test_wheel_goes_in_with_its_licenses(tmp_path: Path) -> None:
    """Modules and licenses of a wheel are there, the licenses once more where people look; scripts are not."""
    licenses = {"example-1.0.dist-info/licenses/LICENCE.rst": "L", "example/table.LICENSE": "T"}
    modules = {"example/__init__.py": "", "example/license.py": "code"}
    path = wheel(tmp_path, {**modules, **licenses, "example-1.0.data/scripts/example": "#!"})
    files = {*dict(windows_zip.wheel_files(path))}
    assert files == {
        *(f"packages/{name}" for name in (*modules, *licenses)),
        "licenses/example-1.0/LICENCE.rst",
        "licenses/example-1.0/example/table.LICENSE",
    }


@pytest.mark.parametrize("name", ["example/__init__.py", "example-1.0.data/purelib/LICENSE"])
def test_wheel_that_cannot_go_in_is_refused(tmp_path: Path, name: str) -> None:
    """A wheel without a license, or one that an installer would have to sort, stops the build."""
    with pytest.raises(ValueError, match=r"example-1\.0"):
        [*windows_zip.wheel_files(wheel(tmp_path, {name: ""}))]


def test_own_files_are_for_windows() -> None:
    """Commands and the page to read first have the line ends of Windows and plain letters, which any editor shows."""
    files = dict(windows_zip.own_files())
    for name in ("calaim.cmd", "Start calaim.cmd", "READ ME FIRST.txt"):
        assert files[name].count(b"\n") == files[name].count(b"\r\n") > 0
        assert files[name].isascii()


def test_lock_has_all_that_is_needed() -> None:
    """A dependency that was added is in the lock, with its extra for tables and workbooks, and each has a digest."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["panel"]]
    lock = windows_zip.LOCK.read_text("ascii")
    assert {re.split(r"[<>=]", one)[0] for one in needed} <= {*REQUIRED.findall(lock)}
    assert lock.count("==") == len(re.findall(r"== *\S+ \\\n +--hash=sha256:[0-9a-f]{64}", lock))
