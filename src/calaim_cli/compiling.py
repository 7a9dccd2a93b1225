"""Floor 9: the data made ready when a wheel is built: what `compiled` reads, and the answers that `quick` gives.

Runs when a wheel is built and in the tests; no command uses it.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from datetime import date
from itertools import accumulate, chain
from pathlib import Path
from typing import Any, Final

from calaim_cli import compiled, datacheck, datafiles, documents, policy, quick, views
from calaim_cli.errors import InputError
from calaim_cli.places import County, Place, find_place
from calaim_cli.policy import Policy
from calaim_cli.render import plain
from calaim_cli.terminal import tamed

MARSHAL_VERSION: Final = 2
"""The last one without shared references: the same data give the same bytes."""


def write(data: Path, into: Path) -> None:
    """Compile the data of a folder; the files belong beside the same data in the installed package.

    Raises InputError when the data are not sound: no wheel is built of such.
    """
    catalog = datafiles.load(data)
    if problems := datacheck.find_problems(catalog):
        raise InputError(f"{data}: the data are not sound: {problems[0].where}: {problems[0].message}", problems)
    contents = {
        compiled.QUICK: _answers(catalog),
        compiled.POLICY: _value({name: plain_values(datafiles.read_toml(data / name)) for name in datafiles.SCHEMAS}),
        compiled.ZIPS: _value(dict(catalog.gazetteer.zips())),
    }
    for name, content in contents.items():
        (into / name).write_bytes(compiled.first_line(str(data)) + content)


def _value(value: Any) -> bytes:
    return marshal.dumps(value, MARSHAL_VERSION)


def plain_values(value: Any) -> Any:
    """What a TOML file holds, with dates as text, which `marshal` can write."""
    if isinstance(value, dict):
        return {key: plain_values(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain_values(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


def _answers(catalog: Policy) -> bytes:
    """Everything that the quick path says: an index after its length, then the pieces, each for one county."""
    counties = catalog.counties_file.county
    pieces = {
        "zips": [_value(_numbers(catalog.gazetteer.zips(), catalog))],
        quick.COUNTY: [_lines(Place(one), catalog) for one in counties],
        quick.COUNTY_BY_ZIP: [_lines(Place(one, quick.MARK.decode()), catalog) for one in counties],
        quick.JSON: [_document(one, catalog) for one in counties],
        quick.SERVICES: [_services(one, catalog) for one in counties],
    }
    ends = iter(accumulate(len(piece) for several in pieces.values() for piece in several))
    index = {
        "edition": catalog.edition,
        "review_by": min(
            filter(None, (catalog.review_by, *(one.review_by for one in catalog.sources.values())))
        ).isoformat(),
        "names": policy.names(catalog),
        "places": _numbers((word for one in counties for word in (one.name, *one.aliases, one.fips)), catalog),
        "pieces": {kind: [(next(ends) - len(one), len(one)) for one in several] for kind, several in pieces.items()},
    }
    content = _value(index)
    return b"".join([b"%d\n" % len(content), content, *chain.from_iterable(pieces.values())])


def _numbers(typed: Iterable[str], catalog: Policy) -> dict[str, int]:
    """The number of the county that each of these places is found in; what is refused is left out."""
    numbers = {county.name: number for number, county in enumerate(catalog.counties_file.county)}
    found = {quick.key(one): find_place(one, catalog.gazetteer) for one in typed}
    return {key: numbers[place.county.name] for key, place in found.items() if isinstance(place, Place)}


def _lines(place: Place, catalog: Policy) -> bytes:
    return tamed(plain(views.county_view(place, catalog))).encode()


def _services(county: County, catalog: Policy) -> bytes:
    return tamed(plain(views.services_view(catalog.programs_file.service, county, catalog))).encode()


def _document(county: County, catalog: Policy) -> bytes:
    typed = quick.MARK.decode()
    return f"{documents.written(documents.county_document(Place(county), typed, catalog))}\n".encode()
