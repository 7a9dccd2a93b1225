"""The text files that a wheel brings: what `quick` copies out, and the policy as JSON.

Written when a wheel is built, and in the tests; no command uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from calaim_cli import quick
from calaim_cli.base.errors import InputError
from calaim_cli.base.streams import tamed
from calaim_cli.decide import soundness
from calaim_cli.policy import load
from calaim_cli.policy.places import Place, city_in_words, find_place
from calaim_cli.policy.policy import CITIES, ZIPS, Policy, names
from calaim_cli.show import documents, render, views


def write(data: Path, into: Path) -> None:
    """Write the answers that the data of a folder give; they belong in `data/answers` of the installed package.

    Raises InputError when the data have errors: no wheel is built of such.
    """
    policy = load.load(data)
    if problems := soundness.find_problems(policy):
        raise InputError(f"{data}: the data files have errors: {problems[0].where}: {problems[0].message}", problems)
    for name, text in _files(policy):
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)


def _files(policy: Policy) -> Iterator[tuple[str, bytes]]:
    """Each file, by its name in the folder of the answers."""
    for name, file in policy.files.items():
        yield name.replace(".toml", ".json"), msgspec.json.encode(file)
    for name, table in ((ZIPS, policy.gazetteer.zips()), (CITIES, policy.gazetteer.cities())):
        yield name.replace(".csv", ".json"), msgspec.json.encode(table)
    yield "edition", _lines([policy.edition])
    yield "places", _lines(_places(policy))
    # In files by first letter, so that `quick` reads few lines; the empty line lets it look for a name behind a break.
    for letter, lines in groupby(sorted(_cities(policy)), key=lambda line: line[0]):
        yield f"cities/{letter}", _lines(["", *lines])
    for kind, known in names(policy).items():
        yield f"names/{kind}", _lines(known)
    for county in policy.counties_file.county:
        name, place, typed = quick.key(county.name), Place(county), Place(county, quick.MARK)
        document = documents.county_document(place, quick.MARK, policy)
        services = views.services_view(policy.programs_file.service, county, policy)
        yield f"county/{name}", tamed(render.plain(views.county_view(place, policy))).encode()
        yield f"zip/{name}", tamed(render.plain(views.county_view(typed, policy))).encode()
        yield f"services/{name}", tamed(render.plain(services)).encode()
        yield f"json/{name}", _lines([documents.written(document)])


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _places(policy: Policy) -> Iterator[str]:
    """The day of the first review, then what may be typed, each with its county; what is refused is left out."""
    entries = (one.review_by for one in policy.entries)
    reviews = (policy.review_by, *(source.review_by for source in policy.sources.values()), *entries)
    yield min(day for day in reviews if day).isoformat()
    typed = [word for one in policy.counties_file.county for word in (one.name, *one.aliases, one.fips)]
    found = {quick.key(one): find_place(one, policy.gazetteer) for one in (*typed, *policy.gazetteer.zips())}
    yield from (f"{key} {quick.key(one.county.name)}" for key, one in found.items() if isinstance(one, Place))


def _cities(policy: Policy) -> Iterator[str]:
    """Each city that lies in one county, with it, the line that says so, and what a document has of it."""
    for key, city in policy.gazetteer.cities().items():
        place = find_place(city.name, policy.gazetteer)
        if isinstance(place, Place) and place.city:
            document = documents.written(documents.city_document(place) or {})
            yield f"{key} {quick.key(place.county.name)}\t{city_in_words(place)}\t{document}"
