"""Tables on an embedded engine: a CSV file is read as it is, or refused with nothing of it in the words."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calaim_cli.base import files
from calaim_cli.base.errors import InputError, UsageError
from calaim_cli.batch import table
from calaim_cli.batch.sheet import records
from conftest import ROOT
from strategies import unhurried

KNOWN = {"age": "age", "housing": "housing", "dob": "date_of_birth"}
SPECTRUM = sorted((ROOT / "tests" / "corpora" / "csv-spectrum").glob("*.csv"))
NAME = "Rosalind"


def read(path: Path, *names: str) -> list[tuple[str | None, ...]]:
    """The names of the columns, and the rows."""
    with (
        table.engine() as engine,
        files.beside(path) as folder,
        table.read(engine, str(path), folder, KNOWN, names) as found,
        table.sound(found),
    ):
        cells = ", ".join(one.sql for one in found.columns)
        return [tuple(one.name for one in found.columns), *engine.ask(f"SELECT {cells} FROM own")]  # noqa: S608 ours


def of(tmp_path: Path, content: bytes) -> Path:
    """A file that holds this."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param(b"age,x\r\n1,2\r\n", [("1", "2")], id="crlf"),
        pytest.param(b"age;x;y\n1;2,5;3\n", [("1", "2,5", "3")], id="semicolons"),
        pytest.param(b"age\tx\n1\t2\n", [("1", "2")], id="tabs"),
        pytest.param(b"\xef\xbb\xbfage,x\n1,2\n", [("1", "2")], id="byte-order mark"),
        pytest.param(b"age,x,y\n1\n2,3\n", [("1", None, None), ("2", "3", None)], id="cells left out"),
        pytest.param(b"age,x\n\n1,2\n , \n,\n3,4\n", [("1", "2"), ("3", "4")], id="blank rows"),
        pytest.param("age,x\n\xa0,\u3000\n \t,\n3,4\n".encode(), [("3", "4")], id="rows of other blanks"),
        pytest.param(b'age,x\n1,"a\nb"\n2,"c ""d"""\n', [("1", "a\nb"), ("2", 'c "d"')], id="quotes"),
        pytest.param(b"age,x,\n1,2,\n", [("1", "2")], id="column without a name or text"),
        pytest.param(b"age,x\n007,1e5\n", [("007", "1e5")], id="numbers are texts"),
        pytest.param(b"\n\nage,x\n1,2\n", [("1", "2")], id="empty lines first"),
        pytest.param(b"\xef\xbb\xbf\r\nage,x\r\n1,2\r\n", [("1", "2")], id="mark and an empty line first"),
        pytest.param(b'"age", "x"\n1,2\n', [("1", "2")], id="blank before a quote"),
        pytest.param(b'age,"x\ny"\n1,2\nage,x\n', [("1", "2"), ("age", "x")], id="header of two lines, and once more"),
        pytest.param(b"age," + b"x" * 70_000 + b"\n1,2\n", [("1", "2")], id="long header line"),
    ],
)
def test_cells_are_read_as_they_are(tmp_path: Path, content: bytes, rows: list[tuple[str | None, ...]]) -> None:
    """Whatever program saved the table, its cells come in as texts, and a blank row is none."""
    assert read(of(tmp_path, content))[1:] == rows


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (f'age,x\n1,"{NAME}\n3,4\n', "quotes"),
        (f'age,x\n1,"{NAME}"y\n', "quotes"),
        (f"age,x\n1,{NAME}\r\n3,4\n", "quotes"),
        (f"age,x\n1,{NAME},3\n", "quotes"),
        (f'age,"{NAME}"x\n1,2\n', "quotes"),
        (f"age,x\n1,{NAME}\0\n", "nul"),
        (f"age,x\n1,{NAME}\ufffd\n", "lost-character"),
        (f"age,x,\n1,2,{NAME}\n", "header"),
        (f"age,Age\n1,{NAME}\n", "header"),
        (f"dob,date of birth,DOB\n1,2,{NAME}\n", "header"),
        (f"age,ECM__Outcome\n1,{NAME}\n", "header"),
        ("", "no-header"),
        (f"PK\3\4{NAME}", "workbook"),
    ],
)
def test_what_is_not_sound_is_refused(tmp_path: Path, content: str, code: str) -> None:
    """A table of which rows or cells could be lost is refused whole, in words that tell nothing of a member."""
    with pytest.raises(InputError) as refused:
        read(of(tmp_path, content.encode()), "ecm__outcome")
    assert refused.value.code == code
    assert NAME not in f"{refused.value.message}{refused.value.problems}"
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]


def test_other_encodings_are_refused(tmp_path: Path) -> None:
    """A table that is not UTF-8 is refused with its line, and is not guessed at."""
    with pytest.raises(InputError, match="line 2: not UTF-8"):
        read(of(tmp_path, "age,x\n1,Peña\n".encode("cp1252")))


@pytest.mark.thorough
@pytest.mark.parametrize("path", SPECTRUM, ids=lambda path: path.name)
def test_files_of_others_are_read_as_by_python(tmp_path: Path, path: Path) -> None:
    """What two readers of CSV files may understand differently comes out the same by both."""
    top, *below = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""))
    rows = [tuple(cell or None for cell in row) for row in below if any(row)]
    assert read(of(tmp_path, path.read_bytes())) == [tuple(top), *rows]


texts = st.text(st.characters(exclude_characters="\0\ufffd", exclude_categories=["Cs"]), max_size=8)


@pytest.mark.thorough
@given(rows=st.lists(st.lists(texts | st.sampled_from(['"', ";", "\r\n", "'; --", " "]), min_size=3, max_size=3)))
@unhurried
def test_nothing_is_lost_whatever_cells_hold(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    """A table with any cells is read as it was written, or refused: no row or cell gets lost or changes."""
    path = of(tmp_path_factory.mktemp("any"), records([["age", "x", "y"], *rows]).encode())
    wanted = [tuple(cell or None for cell in row) for row in rows if "".join(row).strip()]
    assert read(path)[1:] == wanted


@pytest.mark.parametrize("sign", ["x", '"x"'], ids=["by several at once", "with quotes"])
def test_rows_of_a_large_file_keep_their_order(tmp_path: Path, sign: str) -> None:
    """A file that the engine reads in parts comes in row by row, with short rows and without blank ones."""
    long = "x" * 2000
    lines = [f"{n},{sign},{long}" if n % 7 else f"{n}\n\n,," for n in range(9000)]
    rows = read(of(tmp_path, "\n".join(["age,a,b", *lines]).encode()))[1:]
    assert rows == [(f"{n}", "x", long) if n % 7 else (f"{n}", None, None) for n in range(9000)]


@pytest.mark.unix("names that Windows does not allow")
def test_a_name_with_signs_is_one_file(tmp_path: Path) -> None:
    """A file whose name looks like a pattern or an address is read itself, and no other."""
    (tmp_path / "ab.csv").write_text("age\n1\n", "utf-8")
    path = tmp_path / "a*.csv"
    path.write_text("age\n2\n", "utf-8")
    assert read(path)[1:] == [("2",)]
    assert len([*tmp_path.iterdir()]) == 2


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_name_of_a_folder_answers_nothing(tmp_path: Path, ending: str) -> None:
    """A folder named like a column and its value is a folder: the columns are those of the file, and it is read."""
    for name in ("dob=yes", "report=q3"):
        path = tmp_path / name / f"t.{ending}"
        path.parent.mkdir()
        with table.engine() as engine:
            engine.write("SELECT '1' AS age, '2' AS file_row_number", path, f"FORMAT {ending}")
        assert read(path) == [("age", "file_row_number"), ("1", "2")]


@pytest.mark.thorough
@pytest.mark.unix("TZ is of Unix")
def test_days_are_the_same_in_every_zone(tmp_path: Path) -> None:
    """A day that a Parquet file holds with its zone is that day, wherever the machine stands."""
    path = tmp_path / "t.parquet"
    with table.engine() as engine:
        engine.write("SELECT TIMESTAMPTZ '1980-03-04 00:00:00+00' AS dob", path, "FORMAT parquet")
    script = f"import test_table; print(test_table.read(test_table.Path({str(path)!r})))"
    own = {**os.environ, "TZ": "America/Los_Angeles", "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", script], env=own, capture_output=True, check=True)
    assert ran.stdout.split() == b"[('dob',), ('1980-03-04',)]".split()


@pytest.mark.unix("/dev/full")
def test_a_disk_that_is_full_is_told_as_such(tmp_path: Path) -> None:
    """What cannot be written is an error of the system, as with every other file, and not of this program."""
    with table.engine() as engine, pytest.raises(OSError, match="error"):
        engine.write("SELECT * FROM range(1000000)", Path("/dev/full"), "FORMAT csv, HEADER")


def test_without_an_engine_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has only the command itself learns what else a table needs."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(UsageError, match=r"pip install 'calaim-cli\[panel\]'"), table.engine():
        pass
