"""Data and case files as they come: missing, empty, huge, garbled or broken ones are one clear line, never a crash."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from calaim_cli.base import files
from calaim_cli.base.errors import InputError
from calaim_cli.policy import load, policy
from conftest import AS_OF, ROOT, Ran, Run, WriteCase

MIB = 1024 * 1024
CANARY = "canary"


def sparse(path: Path, size: int) -> None:
    """A file of that size that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(size)


def folder_instead(path: Path) -> None:
    """A folder where a file is expected."""
    path.unlink(missing_ok=True)
    path.mkdir()


def assert_one_line(ran: Ran, path: Path, *says: str) -> None:
    """Exit 4, nothing on stdout, one line on stderr: it names the file and what is wrong, not what the file holds."""
    assert (ran.code, ran.out) == (4, ""), ran
    assert len(ran.err.splitlines()) == 1, ran.err
    assert ran.err.startswith("calaim: ")
    assert str(path) in ran.err
    assert all(word in ran.err for word in says), ran.err
    assert CANARY not in ran.err


# Each fault, and what is said about it

Fault = Callable[[Path], object]
FAULTS: dict[str, tuple[Fault, str]] = {
    "missing": (lambda path: path.unlink(missing_ok=True), "no such file"),
    "folder": (folder_instead, "folder"),
    "empty": (lambda path: path.write_bytes(b""), "empty"),
    "blank": (lambda path: path.write_bytes(b" \n\n"), "empty"),
    "not-utf-8": (
        lambda path: path.write_bytes(b"# first\nname = '" + CANARY.encode() + b"\xff\xfe'\n"),
        "line 2: not UTF-8",
    ),
    "utf-16": (lambda path: path.write_text("a = 1\n", encoding="utf-16"), "line 1: not UTF-8"),
    "nul": (lambda path: path.write_bytes(b"name = '" + CANARY.encode() + b"\0'\n"), "not valid TOML"),
    "nul-only": (lambda path: path.write_bytes(b"\0\0\0"), "not valid TOML"),
    "quotation-mark-forgotten": (lambda path: path.write_text(f'\n\nname = "{CANARY}\n'), "line 3: not valid TOML"),
    "bracket-forgotten": (lambda path: path.write_text(f"[{CANARY}\na = 1\n"), "line 1: not valid TOML"),
    "key-twice": (lambda path: path.write_text(f"{CANARY} = 1\n{CANARY} = 2\n"), "line 2: not valid TOML"),
}
TOO_LARGE: dict[str, tuple[Fault, str]] = {"huge": (lambda path: sparse(path, 100 * MIB), "larger than")}


SPOILED = {name: fault for name, fault in (FAULTS | TOO_LARGE).items() if name != "missing"}
"""What may have happened to a data file that is there: in place of one that is not the shipped one is used."""


@pytest.mark.parametrize("name", [policy.PROGRAMS, policy.COUNTIES, policy.ROUTES])
@pytest.mark.parametrize(("spoil", "says"), SPOILED.values(), ids=SPOILED)
def test_spoiled_data_file_is_one_clear_line(run: Run, data_copy: Path, name: str, spoil: Fault, says: str) -> None:
    """Whatever happened to a data file, the user hears which file and what to do, and nothing is looked up in it."""
    spoil(data_copy / name)
    assert_one_line(run("county", "alameda", "--data", data_copy), data_copy / name, says)
    assert_one_line(run("data", "check", "--data", data_copy), data_copy / name, says)


@pytest.mark.parametrize(("spoil", "says"), (FAULTS | TOO_LARGE).values(), ids=FAULTS | TOO_LARGE)
def test_spoiled_case_file_is_one_clear_line(run: Run, tmp_path: Path, spoil: Fault, says: str) -> None:
    """Whatever happened to a case file, nothing is decided, and no text of the file is repeated."""
    path = tmp_path / "case.toml"
    spoil(path)
    assert_one_line(run("check", path, "--as-of", AS_OF.isoformat()), path, says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param('{"answers":\n {"age": "canary" "}}', "line 2: not valid JSON", id="comma-forgotten"),
        pytest.param('{"answers": {', "line 1: not valid JSON", id="cut-off"),
        pytest.param('{"answers": {"age": "canary\0"}}', "line 1: not valid JSON", id="nul"),
        pytest.param('{"answers": {"age": 1, "age": 2}}', "twice", id="key-twice"),
        pytest.param('{"a":' * 100_000, "nested too deeply", id="nested"),
    ],
)
def test_broken_json_case_is_one_clear_line(run: Run, tmp_path: Path, content: str, says: str) -> None:
    """A case written by another program gets the same care: the file, the line, no traceback, no value."""
    path = tmp_path / "case.json"
    path.write_text(content, "utf-8")
    assert_one_line(run("check", path, "--as-of", AS_OF.isoformat()), path, says)


def test_one_bad_case_among_several_stops_them_all(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """Results of some cases are never taken for those of all: nothing is printed when one file cannot be read."""
    good, bad = write_case(), tmp_path / "bad.toml"
    bad.write_bytes(b"")
    assert_one_line(run("check", good, bad, "--as-of", AS_OF.isoformat()), bad, "empty")


@pytest.mark.parametrize(("size", "refused"), [(1000, False), (1001, True)])
def test_size_is_refused_only_above_the_limit(tmp_path: Path, size: int, *, refused: bool) -> None:
    """A file of just the largest size is read; one byte more is not."""
    path = tmp_path / "file"
    sparse(path, size)
    if refused:
        with pytest.raises(InputError, match="larger than"):
            files.read_text(str(path), 1000)
    else:
        assert len(files.read_text(str(path), 1000)) == size


def test_data_files_may_have_sixteen_mebibytes(run: Run, data_copy: Path) -> None:
    """A file past the limit is recognised by its size and not read into memory."""
    path = data_copy / policy.PROGRAMS
    sparse(path, 16 * MIB + 1)
    assert_one_line(run("county", "alameda", "--data", data_copy), path, "larger than 16 MiB")


def test_data_made_before_briefs_are_still_used(run: Run, data_copy: Path) -> None:
    """A folder of one's own without `brief` decides as before, and the check of the data says that it has none."""
    path = data_copy / policy.PROGRAMS
    path.write_text(re.sub(r"(?m)^brief = .*\n", "", path.read_text("utf-8")), "utf-8")
    case = ROOT / "examples" / "case.toml"
    assert run("check", case, "--data", data_copy).code == run("check", case).code == 0
    told = run("data", "check", "--data", data_copy, "--as-of", AS_OF)
    assert (told.code, len(told.err.splitlines())) == (0, 2)  # and that its edition is the built-in one
    assert "criterion: brief: own-words: " in told.err


@pytest.mark.parametrize(
    "start", [b"\xef\xbb\xbf", b"\xef\xbb\xbf# saved by an editor\r\n"], ids=["bom", "bom-and-crlf"]
)
def test_editors_byte_order_mark_is_accepted(run: Run, data_copy: Path, start: bytes) -> None:
    """Data saved by a Windows editor are read like any others."""
    path = data_copy / policy.COUNTIES
    path.write_bytes(start + path.read_bytes())
    assert run("county", "alameda", "--data", data_copy).code == 0


# Which data are used


def other_edition(folder: Path) -> Path:
    """The data in a folder, made another edition."""
    for path in folder.glob("*.toml"):
        path.write_text(path.read_text("utf-8").replace('edition = "2026-11"', 'edition = "invented"', 1), "utf-8")
    return folder


@pytest.mark.parametrize("command", ["county", "check"])
@pytest.mark.parametrize("way", ["--data", "CALAIM_DATA"])
def test_own_data_are_used_and_named(
    run: Run, data_copy: Path, write_case: WriteCase, monkeypatch: pytest.MonkeyPatch, command: str, way: str
) -> None:
    """A policy team can try its own data: the option and the variable both work, and the answer names the edition."""
    folder = other_edition(data_copy)
    words: list[str | Path] = ["county", "alameda"] if command == "county" else ["check", write_case()]
    if way == "--data":
        words += ["--data", folder]
    else:
        monkeypatch.setenv("CALAIM_DATA", str(folder))
    ran = run(*words, "--json")
    assert (ran.code, json.loads(ran.out)["edition"]) == (0, "invented")


def test_option_comes_before_the_variable(run: Run, data_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is typed for this one command wins over what is set for all."""
    monkeypatch.setenv("CALAIM_DATA", str(data_copy / "nowhere"))
    assert run("county", "alameda", "--data", data_copy).code == 0


def test_two_editions_are_both_named(run: Run, data_copy: Path) -> None:
    """When only one of the files was revised, nobody takes the answer for all new or all old."""
    other_edition(data_copy)
    path = data_copy / policy.COUNTIES
    path.write_text(path.read_text("utf-8").replace('"invented"', '"2026-11"', 1), "utf-8")
    edition = json.loads(run("county", "alameda", "--data", data_copy, "--json").out)["edition"]
    assert edition == "programs invented, counties 2026-11, routes invented, talk invented, follow_up invented"


@pytest.mark.parametrize("folder", ["nowhere", "programs.toml"])
def test_data_folder_that_is_none_is_one_clear_line(run: Run, data_copy: Path, folder: str) -> None:
    """A wrong folder name is refused; the shipped data never step in unasked."""
    assert_one_line(run("county", "alameda", "--data", data_copy / folder), data_copy / folder)


def test_shipped_data_are_the_repositorys() -> None:
    """What is tested here is what ships, and each file says by schema what they are."""
    for name in load.SHAPES:
        schema = f"calaim.{name.removesuffix('.toml').replace('_', '-')}/1"
        content = (load.shipped() / name).read_bytes()
        assert content == (ROOT / "data" / name).read_bytes()
        assert tomllib.loads(content.decode())["schema"] == schema


# The ZIP table


def test_folder_without_zip_table_uses_the_shipped_one(run: Run, data_copy: Path) -> None:
    """Own data need no ZIP table of their own."""
    (data_copy / policy.ZIPS).unlink()
    assert json.loads(run("county", "94401", "--data", data_copy, "--json").out)["county"] == "San Mateo"


def test_own_zip_table_is_used(run: Run, data_copy: Path) -> None:
    """A newer ZIP table can be tried without a new release."""
    (data_copy / policy.ZIPS).write_text("zip,fips,share\n94401,06001,1.0\n")
    assert json.loads(run("county", "94401", "--data", data_copy, "--json").out)["county"] == "Alameda"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "line 1", id="empty"),
        pytest.param(b"zip;fips;share\n", "line 1", id="other-header"),
        pytest.param(b"zip,fips,share\n94401,06081,1.0\n94402,6081,1.0\n", "line 3", id="leading-zero-lost"),
        pytest.param(b"zip,fips,share\n94401,06081,2\n", "line 2", id="share-above-one"),
        pytest.param(b"zip,fips,share\n94401,06081,\xff\n", "line 2", id="not-utf-8"),
    ],
)
def test_spoiled_zip_table_is_one_clear_line(run: Run, data_copy: Path, content: bytes, says: str) -> None:
    """A ZIP table that a spreadsheet spoiled is refused with its line, before anybody is routed by it."""
    path = data_copy / policy.ZIPS
    path.write_bytes(content)
    assert_one_line(run("county", "94401", "--data", data_copy), path, says)
    assert_one_line(run("data", "check", "--data", data_copy), path, says)


def test_zip_table_with_an_unknown_county_is_refused(run: Run, data_copy: Path) -> None:
    """A ZIP code never leads to a county that is not in the data."""
    (data_copy / policy.ZIPS).write_text("zip,fips,share\n94401,06999,1.0\n")
    ran = run("data", "check", "--data", data_copy)
    assert ran.code == 4
    assert 'zips.csv: "06999": unknown-county' in ran.err


def test_table_of_cities_of_the_folder_is_used(run: Run, data_copy: Path) -> None:
    """A newer table of cities can be tried without a new release; a folder without one takes the one shipped."""
    path = data_copy / "cities.csv"
    path.write_text("name,fips,reach\nOakland,06067,in\n")
    assert json.loads(run("county", "oakland", "--data", data_copy, "--json").out)["county"] == "Sacramento"
    path.unlink()
    assert json.loads(run("county", "oakland", "--data", data_copy, "--json").out)["county"] == "Alameda"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        pytest.param(b"", "line 1", id="empty"),
        pytest.param(b"name,fips\nOakland,06001\n", "line 1", id="other-header"),
        pytest.param(b"name,fips,reach\nOakland,6001,in\n", "line 2", id="leading-zero-lost"),
        pytest.param(b"name,fips,reach\nOakland,06001,in\n,06001,in\n", "line 3", id="no-name"),
        pytest.param(b"name,fips,reach\nOakland,06001,yes\n", "line 2", id="other-word"),
        pytest.param(b"name,fips,reach\nOakl\xffnd,06001,in\n", "line 2", id="not-utf-8"),
    ],
)
def test_spoiled_table_of_cities_is_one_clear_line(run: Run, data_copy: Path, content: bytes, says: str) -> None:
    """A table of cities that a spreadsheet spoiled is refused with its line, before anybody is routed by it."""
    path = data_copy / "cities.csv"
    path.write_bytes(content)
    assert_one_line(run("county", "oakland", "--data", data_copy), path, says)
    assert_one_line(run("data", "check", "--data", data_copy), path, says)


def test_city_of_an_unknown_county_is_refused(run: Run, data_copy: Path) -> None:
    """A city never leads to a county that is not in the data."""
    (data_copy / "cities.csv").write_text("name,fips,reach\nOakland,06999,in\n")
    ran = run("data", "check", "--data", data_copy)
    assert (ran.code, 'cities.csv: "06999": unknown-county' in ran.err) == (4, True)


def test_folder_that_still_lists_cities_in_its_counties_works(run: Run, data_copy: Path) -> None:
    """A copy of the data from before there was a table of cities is read, and the table answers."""
    path = data_copy / "counties.toml"
    path.write_text(f'{path.read_text("utf-8")}\n[[elsewhere]]\nplace = "Sonora"\ncounties = ["Tuolumne"]\n', "utf-8")
    assert json.loads(run("county", "sonora", "--data", data_copy, "--json").out)["county"] == "Tuolumne"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('channel = "email"', 'channel = "e-mail"', "did you mean email?"),
        ('channel = "email"', 'channel = "smoke"', "give email, phone"),
        ("checked = 2026-", 'checked = "11/2026" # ', "give a date such as 2026-11-26, without quotation marks"),
    ],
)
def test_word_that_is_none_of_the_few_is_told_with_them(
    run: Run, data_copy: Path, old: str, new: str, said: str
) -> None:
    """Who edits the data by hand is told what may stand there, in words of the file and not of a library."""
    path = data_copy / "routes.toml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    ran = run("data", "check", "--data", data_copy)
    assert (ran.code, said in ran.err) == (4, True), ran.err
