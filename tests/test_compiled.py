"""The compiled data: the same as the TOML files, or not used at all; and every wheel has them."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import asdict

from calaim_cli import compiled, compiling, datafiles
from calaim_cli.errors import InputError
from calaim_cli.policy import Policy
from conftest import ROOT, Run

FILES = (compiled.QUICK, compiled.POLICY, compiled.ZIPS)


def test_compiled_policy_is_that_of_the_toml_files(compiled_data: Path, catalog: Policy) -> None:
    """A wheel decides by exactly the policy that stands in the data files."""
    loaded = datafiles.load()
    assert compiled.read(compiled.POLICY) is not None
    known, found = asdict(catalog), asdict(loaded)
    zips, found_zips = known.pop("gazetteer").zips(), found.pop("gazetteer").zips()
    assert found == known
    assert found_zips == zips
    assert loaded.gazetteer.counties == catalog.gazetteer.counties


def test_compiled_values_are_those_of_the_toml_files(compiled_data: Path) -> None:
    """Not a key or value is lost on the way; dates alone become text."""
    tables = {name: compiling.plain_values(datafiles.read_toml(ROOT / "data" / name)) for name in datafiles.SCHEMAS}
    assert compiled.read(compiled.POLICY) == tables


def test_compiling_twice_gives_the_same_bytes(compiled_data: Path, tmp_path: Path) -> None:
    """A wheel can be built again and compared."""
    compiling.write(ROOT / "data", tmp_path)
    assert all((tmp_path / name).read_bytes() == (compiled_data / name).read_bytes() for name in FILES)


def append_line(path: Path) -> None:
    """Change a data file."""
    with path.open("a") as file:
        file.write("# changed\n")


def swap_letters(path: Path) -> None:
    """Change a data file without a change of its size."""
    path.write_bytes(path.read_bytes().replace(b"edition", b"editoin", 1))


@pytest.mark.parametrize("name", compiled.SOURCES)
@pytest.mark.parametrize("change", [append_line, swap_letters, Path.unlink])
def test_changed_data_are_never_mixed_with_compiled_ones(
    compiled_data: Path, name: str, change: Callable[[Path], None]
) -> None:
    """Whoever edits the data files of an installed package gets what they say, not what was compiled before."""
    change(compiled_data / name)
    if name == "zips.csv" and change is swap_letters:
        append_line(compiled_data / name)
    assert [compiled.read(one) for one in FILES] == [None, None, None]


@pytest.mark.parametrize("content", [b"", b"\n", b"no such thing\n\xff"], ids=["empty", "blank", "garbage"])
def test_broken_file_is_not_used(compiled_data: Path, content: bytes) -> None:
    """A file that an installation left broken costs time, not correctness."""
    (compiled_data / compiled.POLICY).write_bytes(content)
    assert compiled.read(compiled.POLICY) is None
    assert datafiles.load().edition == "2026-11"


@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_file_cut_short_is_not_used(compiled_data: Path, kept: float) -> None:
    """The same for one that a full disk cut short behind a good first line."""
    path = compiled_data / compiled.POLICY
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    assert compiled.read(compiled.POLICY) is None


def test_interpreter_that_was_not_tried_reads_toml(compiled_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled form is read only by interpreters on which it was tried."""
    monkeypatch.setattr(compiled, "INTERPRETERS", ("cpython-399",))
    assert compiled.read(compiled.POLICY) is None
    assert datafiles.load().edition == "2026-11"


def test_own_folder_is_always_read_as_toml(
    compiled_data: Path, data_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a data folder, compiled files are not even looked for: also none that lies in that folder."""
    monkeypatch.setattr(compiled, "opened", None)
    for name in FILES:
        (data_copy / name).write_bytes((compiled_data / name).read_bytes())
    assert datafiles.load(data_copy).edition == "2026-11"


def test_working_copy_has_no_compiled_data() -> None:
    """An editable install reads the data files that are being edited."""
    assert not Path(compiled.FOLDER).exists()
    assert compiled.read(compiled.POLICY) is None


def test_wheel_has_the_compiled_data(tmp_path: Path, compiled_data: Path) -> None:
    """What is installed starts fast: each wheel holds the compiled data beside those they were made from."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        for name in (*FILES, *compiled.SOURCES):
            assert wheel.read(f"calaim_cli/data/{name}") == (compiled_data / name).read_bytes()


def test_data_check_reads_the_toml_files(compiled_data: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """`calaim data check` looks at what people edit, not at what was compiled from it."""
    monkeypatch.setattr(compiled, "read", None)
    assert run("data", "check").code == 0


def test_unsound_data_are_not_compiled(data_copy: Path, tmp_path: Path) -> None:
    """No wheel is built of data that contradict each other."""
    (data_copy / "zips.csv").write_bytes((ROOT / "data" / "zips.csv").read_bytes())
    path = data_copy / "counties.toml"
    path.write_text(path.read_text("utf-8").replace('plans = ["', 'plans = ["no-such-plan", "', 1), "utf-8")
    with pytest.raises(InputError, match="no-such-plan"):
        compiling.write(data_copy, tmp_path)
    assert not list(tmp_path.glob("*.bin"))
