"""What cells mean is asked once for each different one, and each row then finds its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from calaim_cli.base import files
from calaim_cli.batch import cells, table
from calaim_cli.batch.cells import Ways
from calaim_cli.batch.columns import Columns
from calaim_cli.batch.sheet import records
from calaim_cli.policy.policy import Policy
from conftest import AS_OF

DOLLARS = "home_modification_dollars_used"
BORN, AGE = "date_of_birth", "age"


def found(policy: Policy, path: Path, question: str, rows: Sequence[tuple[str, ...]]) -> list[object]:
    """What a question is answered by in each row of a table, its first row the header line."""
    path.write_bytes(records(rows).encode())
    known = {name: name for name in rows[0]}
    with (
        table.engine() as engine,
        files.beside(path) as folder,
        table.read(engine, str(path), folder, known, ()) as read,
    ):
        meant = cells.meant(engine, read, Ways((), policy, AS_OF, {})).answers[question]
        return [value for (value,) in engine.ask(f"SELECT {meant.of()} FROM own ORDER BY rowid")]  # noqa: S608 ours


def test_a_column_may_have_many_different_cells(catalog: Policy, tmp_path: Path) -> None:
    """Three hundred numbers, more than a byte counts, are each found again, and an empty cell answers nothing."""
    rows = [(DOLLARS, AGE), *((f"{n}", "40") for n in range(300)), ("", "41")]
    assert found(catalog, tmp_path / "t.csv", DOLLARS, rows) == [*range(300), None]


def test_cells_that_are_read_together_are_kept_apart(catalog: Policy, tmp_path: Path) -> None:
    """A date of birth with and without a stated age, and an age alone, are different rows whatever is empty."""
    rows = [(BORN, AGE, DOLLARS), ("1980-01-01", "", "1"), ("", "30", "1"), ("", "", "1"), ("1980-01-01", "30", "1")]
    assert found(catalog, tmp_path / "t.csv", AGE, rows) == [46, 30, None, 46]


@pytest.mark.parametrize(
    "codes", ["7, 8, NULL", "7.0::DOUBLE, 8.0::DOUBLE, NULL", "[1, 7], [8], NULL", "['1', '7'], ['8'], NULL"]
)
def test_codes_of_a_parquet_file_are_codes(catalog: Policy, tmp_path: Path, codes: str) -> None:
    """Codes that a Parquet file keeps as numbers or lists are read by the map of texts; they stay as they are."""
    path, by_code = tmp_path / "t.parquet", Columns(codes={"code": {"7": {"complex_need": True}}})
    with table.engine() as engine, files.beside(path) as folder:
        engine.write(f"SELECT unnest([{codes}]) AS code", path, "FORMAT parquet")
        [kept] = engine.ask(f"SELECT [{codes}]")
        with table.read(engine, str(path), folder, {}, ()) as read:
            meant = cells.meant(engine, read, Ways((), catalog, AS_OF, by_code.by_code)).answers["complex_need"]
            rows = engine.ask(f"SELECT {meant.of()}, c0 FROM own ORDER BY rowid")  # noqa: S608 ours
    assert rows == list(zip((1, None, None), kept[0], strict=True))
