"""Files on a system that has only what Windows has: everything runs there, and gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from calaim_cli.base import files
from conftest import AS_OF, ROOT, WriteCase
from runs import TARGETS, contents
from sheets import row, sheet

ORDINARY: Final = (sys.executable, "-m", "calaim_cli")
WINDOWS: Final = ORDINARY if sys.platform == "win32" else (sys.executable, str(Path(__file__).with_name("windows.py")))
DAY: Final = ("--as-of", AS_OF.isoformat())
SURROUNDINGS: Final = {"CALAIM_NO_QUICK": ""}
TOO_LONG: Final = "A note in several words. " * 800


def done(system: tuple[str, ...], here: Path, *words: str) -> tuple[int, bytes, bytes]:
    """The command as a user of the system runs it in a folder: exit code, stdout and stderr."""
    command = [*system, *words]
    ran = subprocess.run(command, cwd=here, capture_output=True, env={**os.environ, **SURROUNDINGS}, check=False)
    return ran.returncode, ran.stdout, ran.stderr


def alike(base: Path, *words: str) -> int:
    """The exit code of a command, which does the same on both systems: says it, and leaves it in its folder."""
    both = {}
    for name, system in (("ordinary", ORDINARY), ("windows", WINDOWS)):
        here = base / name
        here.mkdir(exist_ok=True)
        code, out, err = done(system, here, *words)
        both[name] = (code, out, err, contents(here))
    assert both["windows"] == both["ordinary"]
    assert not list(base.rglob(f"{files.TEMPORARY}*"))
    return both["windows"][0]


@pytest.fixture
def members(tmp_path: Path) -> str:
    """A sheet of good rows and of refused ones, which make it too large to be kept in memory."""
    path = tmp_path / "großer Bestand.csv"
    good = [row(number, program="chw", last_name="Trần") for number in range(1, 61)]
    path.write_bytes(sheet([*good, *(row(number, notes=TOO_LONG) for number in range(61, 121))]))
    assert path.stat().st_size > 1024 * 1024
    return str(path)


@pytest.mark.parametrize("words", ["county san mateo", "programs", "help privacy"])
def test_results_on_stdout_are_the_same(tmp_path: Path, words: str) -> None:
    """Lines end with a line feed alone, also where a text stream would make two characters of it."""
    assert alike(tmp_path, *words.split()) == 0


@pytest.mark.parametrize("form", ["text", "eml"])
def test_draft_on_stdout_is_the_same(tmp_path: Path, write_case: WriteCase, form: str) -> None:
    """A draft in a pipe has the same bytes."""
    assert alike(tmp_path, "refer", str(write_case()), "--format", form, *DAY) == 0


@pytest.mark.parametrize("name", ["Entwürfe é.eml", "draft.json"])
def test_file_of_a_draft_is_the_same(tmp_path: Path, write_case: WriteCase, name: str) -> None:
    """A draft in a file has the same bytes, is left alone the second time, and replaces another one with --force."""
    words = ("refer", str(write_case()), "--out", name, *DAY)
    assert alike(tmp_path, *words) == 0
    assert alike(tmp_path, *words) == 0
    other = str(write_case({"member.first_name": "Another"}, "other.toml"))
    assert alike(tmp_path, "refer", other, "--out", name, *DAY) == 6
    assert alike(tmp_path, "refer", other, "--out", name, "--force", *DAY) == 0


@pytest.mark.parametrize("target", TARGETS)
def test_batch_is_the_same(tmp_path: Path, members: str, target: str) -> None:
    """Drafts, report and refused rows have the same bytes; run again on a later day, nothing changes."""
    words = ("batch", members, "--out", target, "--keep-going")
    assert alike(tmp_path, *words, *DAY) == 3
    assert alike(tmp_path, *words, "--as-of", "2026-11-23") == 3


@pytest.mark.parametrize("target", ["out", "out.zip"])
def test_refused_batch_leaves_nothing(tmp_path: Path, members: str, target: str) -> None:
    """Without --keep-going nothing is there afterwards, neither a folder nor a temporary file."""
    assert alike(tmp_path, "batch", members, "--out", target, *DAY) == 4
    assert list((tmp_path / "windows").iterdir()) == []


def test_torn_files_are_made_whole(tmp_path: Path, members: str) -> None:
    """After a run that was cut short a file of it is replaced, as it is elsewhere."""
    words = ("batch", members, "--out", "out", "--keep-going", *DAY)
    assert alike(tmp_path, *words) == 3
    for name in ("ordinary", "windows"):
        (tmp_path / name / "out" / "0001-chw.eml").write_bytes(b"")
    assert alike(tmp_path, *words) == 3
    assert (tmp_path / "windows" / "out" / "0001-chw.eml").read_bytes() != b""


@pytest.mark.parametrize(("target", "held"), [("out", f"out/{files.LOCK}"), ("out.zip", ".tmp-out.zip")])
def test_only_one_run_works_there(tmp_path: Path, members: str, target: str, held: str) -> None:
    """A second run into the same place leaves at once, and the first one ends as it should."""
    words = ("batch", "-", "--out", target, "--keep-going", *DAY)
    pipe = subprocess.PIPE  # for each, as Wine takes no plain file for a stream
    with subprocess.Popen([*WINDOWS, *words], cwd=tmp_path, stdin=pipe, stdout=pipe, stderr=pipe) as first:
        while not (tmp_path / held).exists():
            assert first.poll() is None
            time.sleep(0.01)
        time.sleep(0.2)
        code, _, said = done(WINDOWS, tmp_path, "batch", members, "--out", target, "--keep-going", *DAY)
        first.communicate(Path(members).read_bytes())
    assert (code, b"another run is working here" in said, first.returncode) == (7, True, 3)


@pytest.mark.unix("symbolic links")
def test_link_is_not_followed(tmp_path: Path, members: str) -> None:
    """What a link points to is never taken for a draft, nor written over."""
    for name in ("ordinary", "windows"):
        (tmp_path / name / "out").mkdir(parents=True, mode=0o700)
        (tmp_path / name / "out" / "0001-chw.eml").symlink_to(ROOT / "README.md")
    words = ("batch", members, "--out", "out", "--keep-going", *DAY)
    assert alike(tmp_path, *words) == 6
