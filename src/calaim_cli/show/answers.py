"""The text files that a wheel brings: what `quick` copies out, and the policy as JSON.

Written when a wheel is built, and in the tests; no command uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from calaim_cli import quick
from calaim_cli.base.errors import InputError
from calaim_cli.base.streams import tamed
from calaim_cli.decide import soundness
from calaim_cli.policy import load, policy
from calaim_cli.policy.places import Place, find_place
from calaim_cli.policy.policy import Policy
from calaim_cli.show import documents, views
from calaim_cli.show.render import plain


def write(data: Path, into: Path) -> None:
    """Write the answers that the data of a folder give; they belong in `data/answers` of the installed package.

    Raises InputError when the data are not sound: no wheel is built of such.
    """
    catalog = load.load(data)
    if problems := soundness.find_problems(catalog):
        raise InputError(f"{data}: the data are not sound: {problems[0].where}: {problems[0].message}", problems)
    for name, text in _files(catalog):
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def _files(catalog: Policy) -> Iterator[tuple[str, bytes]]:
    """Each file, by its name in the folder of the answers."""
    yield "programs.json", msgspec.json.encode(catalog.programs_file)
    yield "counties.json", msgspec.json.encode(catalog.counties_file)
    yield "edition", _lines([catalog.edition])
    yield "places", _lines(_places(catalog))
    for kind, known in policy.names(catalog).items():
        yield f"names/{kind}", _lines(known)
    for county in catalog.counties_file.county:
        name, place, typed = quick.key(county.name), Place(county), Place(county, quick.MARK)
        document = documents.county_document(place, quick.MARK, catalog)
        services = views.services_view(catalog.programs_file.service, county, catalog)
        yield f"county/{name}", tamed(plain(views.county_view(place, catalog))).encode()
        yield f"zip/{name}", tamed(plain(views.county_view(typed, catalog))).encode()
        yield f"services/{name}", tamed(plain(services)).encode()
        yield f"json/{name}", _lines([documents.written(document)])


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _places(catalog: Policy) -> Iterator[str]:
    """The day of the first review, then what may be typed, each with its county; what is refused is left out."""
    entries = (one.review_by for one in catalog.entries)
    reviews = (catalog.review_by, *(source.review_by for source in catalog.sources.values()), *entries)
    yield min(day for day in reviews if day).isoformat()
    typed = [word for one in catalog.counties_file.county for word in (one.name, *one.aliases, one.fips)]
    found = {quick.key(one): find_place(one, catalog.gazetteer) for one in (*typed, *catalog.gazetteer.zips())}
    yield from (f"{key} {quick.key(one.county.name)}" for key, one in found.items() if isinstance(one, Place))
