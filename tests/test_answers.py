"""What a wheel brings beside the data files: the same policy, read faster, or not used at all."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from msgspec import to_builtins
from msgspec.structs import asdict

from calaim_cli import quick
from calaim_cli.base.errors import InputError
from calaim_cli.policy import load
from calaim_cli.policy.policy import Policy
from calaim_cli.show import answers
from conftest import ROOT, Run


def test_policy_of_a_wheel_is_that_of_the_toml_files(answers_folder: Path, catalog: Policy) -> None:
    """A wheel decides by exactly the policy that stands in the data files."""
    loaded = load.from_wheel()
    assert loaded is not None
    known, found = asdict(catalog), asdict(loaded)
    gazetteer, read = known.pop("gazetteer"), found.pop("gazetteer")
    assert to_builtins(found) == to_builtins(known)
    assert (read.zips(), read.cities()) == (gazetteer.zips(), gazetteer.cities())
    assert loaded.gazetteer.counties == catalog.gazetteer.counties


FILES = ("programs", "counties", "routes", "talk", "coverage", "follow_up")


@pytest.mark.parametrize("name", [f"{one}.json" for one in FILES])
@pytest.mark.parametrize("kept", [None, 0, 0.5, 0.999])
def test_spoiled_policy_is_read_from_the_toml_files(
    answers_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kept: float | None
) -> None:
    """A file that an installation left out or cut short costs time, not correctness."""
    monkeypatch.setattr(quick, "FOLDER", str(tmp_path))
    for one in (f"{name}.json" for name in FILES):
        content = (answers_folder / one).read_bytes()
        if one != name:
            (tmp_path / one).write_bytes(content)
        elif kept is not None:
            (tmp_path / one).write_bytes(content[: int(len(content) * kept)])
    assert load.from_wheel() is None
    assert load.load().edition == "2026-11"


@pytest.mark.parametrize("kept", [None, 0, 0.5, 0.999])
def test_spoiled_tables_of_places_are_read_anew(
    answers_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalog: Policy, kept: float | None
) -> None:
    """So do the tables of ZIP codes and cities, which are looked at only when a place asks for them."""
    monkeypatch.setattr(quick, "FOLDER", str(tmp_path))
    for one in answers_folder.glob("*.json"):
        content = one.read_bytes()
        if one.stem not in {"zips", "cities"}:
            (tmp_path / one.name).write_bytes(content)
        elif kept is not None:
            (tmp_path / one.name).write_bytes(content[: int(len(content) * kept)])
    loaded = load.from_wheel()
    assert loaded is not None
    read, known = loaded.gazetteer, catalog.gazetteer
    assert (read.zips(), read.cities()) == (known.zips(), known.cities())


def test_own_folder_is_always_read_as_toml(answers_folder: Path, data_copy: Path, run: Run) -> None:
    """With a data folder, what the wheel brings is not used."""
    for name in (f"{one}.toml" for one in FILES):
        path = data_copy / name
        path.write_text(
            (ROOT / "data" / name).read_text("utf-8").replace('edition = "2026-11"', 'edition = "our own"'), "utf-8"
        )
    assert load.load(data_copy).edition == "our own"
    assert '"edition": "our own"' in run("county", "alameda", "--json", "--data", data_copy).out


def test_data_check_reads_the_toml_files(answers_folder: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`calaim data check` looks at what people edit, not at what was written from it."""
    monkeypatch.setattr(load, "from_wheel", None)
    assert run("data", "check").code == 0


@pytest.mark.unix("a working copy: what is tried on Windows was installed from a wheel")
def test_working_copy_has_no_answers() -> None:
    """An editable install reads the data files that are being edited."""
    assert not Path(quick.FOLDER).exists()
    assert load.from_wheel() is None


@pytest.mark.unix("a working copy: what is tried on Windows was installed from a wheel")
def test_every_wheel_has_the_same_answers(tmp_path: Path, answers_folder: Path) -> None:
    """What is installed starts fast, and a wheel that is built again, by another process, holds the same bytes."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    files = [path for path in answers_folder.rglob("*") if path.is_file()]
    expected = {path.relative_to(answers_folder).as_posix(): path.read_bytes() for path in files}
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        inside = [name for name in wheel.namelist() if name.startswith("calaim_cli/data/answers/")]
        assert {name.removeprefix("calaim_cli/data/answers/"): wheel.read(name) for name in inside} == expected
        for name in ("programs.toml", "counties.toml", "zips.csv", "zips.LICENSE", "cities.csv", "cities.LICENSE"):
            assert wheel.read(f"calaim_cli/data/{name}") == (ROOT / "data" / name).read_bytes()


def test_no_answers_are_written_of_unsound_data(data_copy: Path, tmp_path: Path) -> None:
    """No wheel is built of data that contradict each other."""
    path = data_copy / "counties.toml"
    path.write_text(path.read_text("utf-8").replace('plans = ["', 'plans = ["no-such-plan", "', 1), "utf-8")
    with pytest.raises(InputError, match="no-such-plan"):
        answers.write(data_copy, tmp_path / "answers")
    assert not (tmp_path / "answers").exists()
