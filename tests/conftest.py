"""What the tests share: the shipped policy, a complete invented case, and the command run as a user runs it."""

from __future__ import annotations

import copy
import gc
import io
import os
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tomli_w
from hypothesis import HealthCheck, settings

from calaim_cli import cli, quick
from calaim_cli.policy import load
from calaim_cli.policy.policy import Policy
from calaim_cli.show import answers

# A first run builds tables, and the machine may be busy: neither says anything about the code.
settings.register_profile("everyday", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=25)
settings.register_profile("thorough", settings.get_profile("everyday"), max_examples=100)
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "thorough"
"""Whether there is time to draw as many people as it takes to be sure; every day a part of them is drawn."""
settings.load_profile("thorough" if THOROUGH else "everyday")

AS_OF = date(2026, 11, 22)
ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out on Windows what needs something that it does not have."""
    if sys.platform == "win32":
        for item in items:
            for mark in item.iter_markers("unix"):
                item.add_marker(pytest.mark.skip(reason=f"needs {mark.args[0]}"))


class Ran(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def memory() -> Iterator[sqlite3.Connection]:
    """A database in memory, closed in the end."""
    with closing(sqlite3.connect(":memory:")) as database:
        yield database


@pytest.fixture(scope="session")
def catalog() -> Policy:
    """The shipped policy."""
    return load.load()


def pytest_collection_finish() -> None:
    """The thousands of tests collected are garbage for nobody: the collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, catalog: Policy) -> None:
    """No profile, data folder or terminal setting of this machine's user reaches a test; the data are read once."""
    for name in ("CALAIM_DATA", "ACCESSIBLE", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "CALAIM_NO_QUICK"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CALAIM_PROFILE", "no-such-folder/profile.toml")
    monkeypatch.setattr(cli, "_today", lambda: AS_OF)  # the data's review date must not become the tests' last day
    read = load.load
    monkeypatch.setattr(load, "load", lambda folder=None: catalog if folder is None else read(folder))
    monkeypatch.setattr(cli, "leave_on_signals", lambda: None)  # else nobody could stop the tests any more


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command in this process through its own `main`; gives exit code, stdout and stderr."""

    def run_command(*arguments: str | Path, stdin: str | bytes = b"") -> Ran:
        content = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "argv", ["calaim", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        capfd.readouterr()
        try:
            code = cli.main()
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else 1
        return Ran(code, *capfd.readouterr())

    return run_command


def is_private(path: Path) -> bool:
    """Whether a file or folder is for its owner alone; on Windows its mode does not tell."""
    return sys.platform == "win32" or stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


COMPLETE: dict[str, Any] = {
    "schema": "calaim.case/1",
    "member": {
        "first_name": "Test",
        "last_name": "Member",
        "date_of_birth": "1980-03-04",
        "phone": "415-555-0123",
        "address": "1 Example St",
        "city": "San Mateo",
        "zip": "94401",
        "county": "San Mateo",
        "mrn": "00012345",
        "kp_member": True,
    },
    "referrer": {
        "name": "Pat Example",
        "organization": "Example Clinic",
        "npi": "1234567893",
        "address": "2 Example Ave, Oakland, CA 94601",
        "phone": "510-555-0100",
        "email": "pat@clinic.example.org",
        "relationship": "medical_provider",
        "source": "other_health_care_provider",
    },
    "referral": {"program": "ecm", "current_services": ["none"]},
    "consent": {"member_agreed": True, "attested": True, "part2": False},
    "answers": {
        "managed_care": True,
        "excluded_programs": ["none"],
        "choose_one_programs": ["none"],
        "ed_visits_6_months": 5,
        "visits_avoidable": True,
    },
}


SAID: dict[str, str] = {
    "member.county": "san mateo",
    "member.plan": "kp",
    "member.first_name": "Test",
    "member.middle_name": "",
    "member.last_name": "Member",
    "member.date_of_birth": "03/04/1980",
    "member.phone": "415-555-0123",
    "member.email": "",
    "member.address": "1 Example St",
    "member.city": "San Mateo",
    "member.zip": "94401",
    "member.mrn": "00012345",
    "member.cin": "",
    "member.preferred_language": "",
    "member.caregiver_name": "",
    "member.caregiver_contact": "",
    "member.state": "",
    "referral.current_services": "none",
    "referral.preferred_ecm_provider": "",
    "referral.notes": "",
}
"""The same member as she is told of when asked, by prompt."""


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of a case document with dotted keys set; None takes a key out."""
    fresh = copy.deepcopy(document)
    for dotted, value in changes.items():
        table, _, key = dotted.rpartition(".")
        place = fresh.setdefault(table, {}) if table else fresh
        if value is None:
            place.pop(key, None)
        else:
            place[key] = value
    return fresh


WriteCase = Callable[..., Path]


@pytest.fixture
def write_case(tmp_path: Path) -> WriteCase:
    """Write the complete case, with changes by dotted key, to a file; gives its path."""

    def write(changes: dict[str, Any] | None = None, name: str = "case.toml") -> Path:
        path = tmp_path / name
        path.write_bytes(tomli_w.dumps(changed(COMPLETE, changes or {})).encode())
        return path

    return write


WriteProfile = Callable[[str], Path]


@pytest.fixture
def write_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WriteProfile:
    """Keep a text as the user's own profile; gives its path."""
    path = tmp_path / "profile.toml"
    monkeypatch.setenv("CALAIM_PROFILE", str(path))

    def write(content: str) -> Path:
        path.write_text(content, encoding="utf-8")
        return path

    return write


@pytest.fixture
def data_copy(tmp_path: Path) -> Path:
    """A folder with a copy of the shipped data files, to be changed at will."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in (
        "programs.toml",
        "counties.toml",
        "routes.toml",
        "talk.toml",
        "coverage.toml",
        "follow_up.toml",
        "zips.csv",
        "cities.csv",
    ):
        (folder / name).write_bytes((ROOT / "data" / name).read_bytes())
    return folder


@pytest.fixture(scope="session")
def _answers_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers of the shipped data, written once."""
    folder = tmp_path_factory.mktemp("answers")
    answers.write(ROOT / "data", folder)
    return folder


@pytest.fixture
def answers_folder(_answers_once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The answers of an installed package, in use; to be read, not to be changed."""
    monkeypatch.setattr(quick, "FOLDER", str(_answers_once))
    return _answers_once
