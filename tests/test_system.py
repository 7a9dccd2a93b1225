"""Files on a system that has only what Windows has: everything runs there, and gives the same bytes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import pytest

from calaim_cli.base import files, system
from conftest import AS_OF, ROOT, Run, WriteCase
from runs import TARGETS, contents
from sheets import row, sheet

pytestmark = pytest.mark.thorough

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
    for name, command in (("ordinary", ORDINARY), ("windows", WINDOWS)):
        here = base / name
        here.mkdir(mode=0o700, exist_ok=True)  # an open one is pointed out where modes tell
        code, out, err = done(command, here, *words)
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


@pytest.mark.parametrize("target", ["geprüft é.csv", "screened.parquet"])
def test_screened_table_is_the_same(tmp_path: Path, target: str) -> None:
    """A screened table has the same bytes, though Windows lets no engine write a file that is open."""
    words = ("screen", str(ROOT / "examples" / "members.csv"), "--out", target, *DAY)
    assert alike(tmp_path, *words) == 0
    assert alike(tmp_path, *words) == 0


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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of an invented user who is called as a cloud is."""
    path = tmp_path / "Dropbox"
    path.mkdir(mode=0o755)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(path))
    for name in system.ONEDRIVE:
        monkeypatch.delenv(name, raising=False)
    return path


def codes(*folders: Path) -> list[str]:
    """The codes of the warnings about these folders."""
    return [one.code for one in files.doubts_about(folders)]


CLOUDS: Final = (
    "OneDrive",
    "OneDrive - Example Clinic/Documents",
    "Dropbox (Example Clinic)",
    "Google Drive/My Drive",
    "Library/CloudStorage/GoogleDrive-pat@example.org/My Drive",
    "Library/Mobile Documents/com~apple~CloudDocs/cases",
    "iCloudDrive/cases",
    "Box/cases",
)


@pytest.mark.parametrize("name", CLOUDS)
def test_folder_of_a_cloud_is_pointed_out(home: Path, name: str) -> None:
    """A folder that a client copies to OneDrive, iCloud, Dropbox, Google Drive or Box is known by its name."""
    assert codes(home / name) == ["synced-folder"]
    (home / name).mkdir(parents=True, mode=0o700)
    assert codes(home / name) == ["synced-folder"]


@pytest.mark.parametrize("name", ["", "cases", "Documents/One Drive Lane", "Boxes", "dropboxes", "My Drives", "git"])
def test_folder_of_ones_own_is_no_alarm(home: Path, name: str) -> None:
    """The user's home, and what lies in it under any other name, is no place to be warned of."""
    assert codes(home / name) == []


@pytest.mark.parametrize("variable", system.ONEDRIVE)
def test_onedrive_is_known_by_its_variable(home: Path, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """On Windows the folder of OneDrive may have any name; the client says it, and says nothing by an empty word."""
    monkeypatch.setenv(variable, str(home / "Firm"))
    assert codes(home / "Firm" / "cases", home / "cases") == ["synced-folder"]
    monkeypatch.setenv(variable, "")
    assert codes(home / "Firm" / "cases", home / "cases") == []


@pytest.mark.unix("symbolic links")
def test_link_into_a_cloud_is_followed(home: Path) -> None:
    """A folder that is a link into a cloud, or into a work tree, is as much of it as its target."""
    (home / "OneDrive").mkdir(mode=0o700)
    (home / "cases").symlink_to(home / "OneDrive")
    assert codes(home / "cases") == ["synced-folder"]
    (home / "OneDrive" / ".git").mkdir()
    assert codes(home / "cases") == ["git-work-tree", "synced-folder"]


@pytest.mark.unix("modes")
def test_open_folder_is_one_that_is_reached(home: Path, tmp_path: Path) -> None:
    """A folder that is open to others is pointed out where they can get to it, past no closed home."""
    inside, outside = home / "cases", tmp_path / "cases"
    for folder in (inside, outside):
        folder.mkdir()
        folder.chmod(0o755)
    assert codes(home, inside, outside) == ["open-folder", "open-folder"]
    home.chmod(0o700)
    assert codes(home, inside, outside) == ["open-folder"]


@pytest.mark.parametrize("way", ["refer --out", "refer --save", "interview --save", "batch"])
def test_every_way_to_write_about_a_member_warns_alike(
    run: Run, tmp_path: Path, home: Path, write_case: WriteCase, way: str
) -> None:
    """Whatever writes about a member says, before it does, that the place is one that others may read."""
    place, case = home / "OneDrive" / "repo", write_case({"answers.housing": ["shelter"], "answers.complex_need": True})
    (place / ".git").mkdir(parents=True)
    place.chmod(0o700)
    (tmp_path / "members.csv").write_bytes(sheet([row(1)]))
    words: dict[str, tuple[str | Path, ...]] = {
        "refer --out": ("refer", case, "--out", place / "draft.eml"),
        "refer --save": ("refer", "--save", place / "case.toml"),
        "interview --save": ("interview", "--program", "ecm", "--from", case, "--save", place / "case.toml"),
        "batch": ("batch", tmp_path / "members.csv", "--out", place),
    }
    said = run(*words[way], *DAY).err
    told = [line.split(": ")[2:4] for line in said.splitlines() if line.startswith("calaim: warning: ")]
    assert [str(place), "git-work-tree"] in told
    assert [str(place), "synced-folder"] in told
