"""Finds and reads the policy data: TOML files, the tables of ZIP codes and cities; says plainly what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from enum import EnumMeta
from functools import cache, partial
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import msgspec
from msgspec import Struct

from calaim_cli import quick
from calaim_cli.base.errors import InputError, Problem
from calaim_cli.base.files import parse_toml, read_text
from calaim_cli.base.wording import did_you_mean, one_of, place_key
from calaim_cli.policy.coverage import CoverageFile
from calaim_cli.policy.follow_up import FollowUpFile
from calaim_cli.policy.places import Cities, City, CountiesFile, Gazetteer, Shares
from calaim_cli.policy.policy import CITIES, COUNTIES, COVERAGE, FOLLOW_UP, PROGRAMS, ROUTES, TALK, ZIPS, Policy
from calaim_cli.policy.programs import THREE_PROGRAMS, ProgramsFile, subjects
from calaim_cli.policy.routes import RoutesFile
from calaim_cli.policy.talk import TalkFile

SHAPES: Final[Mapping[str, type[Struct]]] = {
    PROGRAMS: ProgramsFile,
    COUNTIES: CountiesFile,
    ROUTES: RoutesFile,
    TALK: TalkFile,
    COVERAGE: CoverageFile,
    FOLLOW_UP: FollowUpFile,
}
"""The data files, and what each of them holds."""
LARGEST: Final = 16 * 1024 * 1024


def shipped() -> Path:
    """The folder of the data that ship with the program: inside the wheel, else (editable install) the repository's."""
    inside = Path(__file__).parents[1] / "data"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "data"


def load(folder: Path | None = None) -> Policy:
    """The policy of `folder`, read from its TOML files; without a folder the one shipped, from a wheel as JSON.

    A file that the folder does not have is the shipped one.

    Raises InputError with every problem of shape found. What refers to what is the business of `soundness`.
    """
    if folder is None and (policy := from_wheel()):
        return policy
    place = shipped() if folder is None else folder
    return policy_of({name: read_toml(_file(place, name)) for name in SHAPES}, place)


def _tables(folder: Path, *, written: bool = False) -> dict[str, Callable[[], Any]]:
    """What gives the tables of places by their names, each read once: as a wheel has them, else those of the folder."""

    def table(name: str, shape: Any, read: Callable[[Path], Any]) -> Any:
        if written:
            with suppress(OSError, msgspec.DecodeError):
                return _written(name, shape)
        return read(_file(folder, name))

    kinds = ((ZIPS, Shares, read_zips), (CITIES, Cities, read_cities))
    return {name: cache(partial(table, name, shape, read)) for name, shape, read in kinds}


def policy_of(tables: Mapping[str, Mapping[str, Any]], place: Path) -> Policy:
    """The policy of the tables of the TOML files, by their names; the tables of places are in the folder.

    Raises InputError as `load` does.
    """
    problems: list[Problem] = []
    files = {name: _decode(tables[name], shape, name, problems) for name, shape in SHAPES.items()}
    # Nothing can be decided without one of the three programs.
    programs = files[PROGRAMS]
    found = {one.id for one in programs.program} if isinstance(programs, ProgramsFile) else set(THREE_PROGRAMS)
    for program in THREE_PROGRAMS:
        if program not in found:
            where = f'{PROGRAMS}: program "{program}"'
            problems.append(Problem(where, "missing-program", "the file must have this program: add it"))
    if problems:
        raise InputError(f"{place}: the data files are not valid; nothing was read from them", tuple(problems))
    return _policy(files, _tables(place))


def _file(folder: Path, name: str) -> Path:
    """The file of this name in the folder, else the shipped one. Raises InputError where there is no such folder."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; check the name")
    return folder / name if (folder / name).exists() else shipped() / name


def taken_from_shipped(folder: Path) -> tuple[str, ...]:
    """The files that a folder of the user's own does not have, so that the shipped ones stand in."""
    return tuple(name for name in (*SHAPES, ZIPS, CITIES) if not (folder / name).exists())


def from_wheel() -> Policy | None:
    """The policy as it was checked and written when the wheel was built; None where it was not, or is not whole."""
    try:
        files = {name: _written(name, shape) for name, shape in SHAPES.items()}
    except (OSError, msgspec.DecodeError):
        return None
    return _policy(files, _tables(shipped(), written=True))


def _written(name: str, shape: Any) -> Any:
    """What a file of the data holds, as it was written into the wheel: its checks cost a tenth of a start."""
    return msgspec.json.decode(Path(quick.FOLDER, name).with_suffix(".json").read_bytes(), type=shape)


def _policy(files: Mapping[str, Any], places: Mapping[str, Callable[[], Any]]) -> Policy:
    """The policy of the files, and of what gives the tables of places."""
    programs: ProgramsFile = files[PROGRAMS]
    counties: CountiesFile = files[COUNTIES]
    return Policy(
        programs_file=programs,
        counties_file=counties,
        routes_file=files[ROUTES],
        talk_file=files[TALK],
        coverage_file=files[COVERAGE],
        follow_up_file=files[FOLLOW_UP],
        gazetteer=Gazetteer(counties.county, counties.ambiguous, counties.misspelling, places[ZIPS], places[CITIES]),
        subjects=subjects(programs.program, programs.population, programs.service),
        sources={source.id: source for file in files.values() for source in file.source},
        questions={question.id: question for question in programs.question},
        criteria={criterion.id: criterion for criterion in programs.criterion},
        outcomes={words.id: words for words in programs.outcome},
        regions={region.id: region for region in counties.region},
        plans={plan.id: plan for plan in counties.plan},
        conflicts=(*programs.conflict, *counties.conflict),
    )


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file of at most 16 MiB."""
    text = read_text(str(path), LARGEST)
    if not text.strip():
        raise InputError(f"{path}: the file is empty")
    return parse_toml(text, str(path))


def _decode(tables: Mapping[str, Any], shape: type[Struct], name: str, problems: list[Problem]) -> Struct | None:
    # Entry by entry, so that one bad entry does not hide the next.
    schema = f"calaim.{name.removesuffix('.toml').replace('_', '-')}/1"
    if tables.get("schema") != schema:
        problems.append(Problem(f"{name}: schema", "schema", f'expected "{schema}"'))
        return None
    before, known = len(problems), {field.name: field for field in msgspec.structs.fields(shape)}
    problems += [_unknown_key(f"{name}: {key}", key, known) for key in tables.keys() - known.keys()]
    values: dict[str, Any] = {}
    for key, field in known.items():
        if key in tables:
            values[key] = _decode_part(tables[key], field.type, f"{name}: {key}", problems)
        elif field.required:
            problems.append(Problem(f"{name}: {key}", "missing-key", "the file must have this part"))
    return shape(**values) if len(problems) == before else None


def _decode_part(given: Any, wanted: Any, where: str, problems: list[Problem]) -> Any:
    if get_origin(wanted) is not tuple:
        try:
            return msgspec.convert(given, wanted)
        except msgspec.ValidationError as error:
            problems.append(_in_words(str(error), where, wanted, given))
            return None
    if not isinstance(given, list):
        problems.append(Problem(where, "type", "expected entries that begin with double brackets, such as [[county]]"))
        return ()
    found = []
    for number, entry in enumerate(given, 1):
        keys = ("id", "name", "service", "plan", "place", "typed") if isinstance(entry, dict) else ()
        named = (f'"{entry[key]}"' for key in keys if isinstance(entry.get(key), str))
        where_in_it = f"{where} {next(named, f'number {number}')}"
        found.append(_decode_part(entry, get_args(wanted)[0], where_in_it, problems))
    return tuple(found)


_SIMPLE: Final = {"str": "text in quotes", "int": "a whole number", "float": "a number", "bool": "true or false"}
_TYPES: Final = {**_SIMPLE, "array": "a list in brackets", "object": "a table", "date": "a date such as 2026-11-22"}


def _in_words(error: str, where: str, wanted: Any, given: Any) -> Problem:
    # In the words of somebody who edits the file: msgspec's own are for programmers.
    said, _, path = error.partition(" - at `$")
    key = path.rstrip("`").strip(".")
    place = f"{where}: {_named(key, given)}" if key else where
    if found := re.fullmatch(r"Object missing required field `(.*)`", said):
        return Problem(f"{place}: {found[1]}", "missing-key", "this key is missing: add it")
    if found := re.fullmatch(r"Object contains unknown field `(.*)`", said):
        return _unknown_key(f"{place}: {found[1]}", found[1], getattr(wanted, "__struct_encode_fields__", ()))
    if found := re.fullmatch(r"Expected `(.*)`, got `(.*)`", said):
        kinds = [[_TYPES.get(kind, kind) for kind in one.split(" | ") if kind != "null"] for one in found.groups()]
        expected, got = map(" or ".join, kinds)
        above = "; a key of the whole entry goes above this table" if key.endswith(_ANY) else ""
        return Problem(place, "type", f"expected {expected}, found {got}{above}")
    if (found := re.fullmatch(r"Invalid enum value '(.*)'", said)) and (known := _choices(wanted, key)):
        return Problem(place, "value", did_you_mean(found[1], known) or f"give {one_of(known)}")
    if said.startswith("Invalid RFC3339"):
        return Problem(place, "value", "give a date such as 2026-11-26, without quotation marks")
    return Problem(place, "value", f"{said[:1].lower()}{said[1:]}: see the other entries for what is allowed")


_ANY: Final = "[...]"
"""How msgspec names any key of a table whose keys are free."""


def _named(path: str, given: Any) -> str:
    """The path of a key, with an entry of a list by its id, or counted from 1."""

    def entry(found: re.Match[str]) -> str:
        one = given[found[1]][int(found[2])]
        name = one.get("id") if isinstance(one, dict) else None
        return f'{found[1]} "{name}"' if name else f"{found[1]} number {int(found[2]) + 1}"

    return re.sub(r"^(\w+)\[(\d+)\]", entry, path).removesuffix(_ANY)


def _choices(wanted: Any, path: str) -> list[str]:
    """The words that a key of an entry accepts; empty if it does not take one of a fixed set."""
    kinds = [wanted]
    for key in path.split("."):
        entries = [one for one in kinds if isinstance(one, type) and issubclass(one, Struct)]
        fields = [field for one in entries for field in msgspec.structs.fields(one)]
        kinds = [field.type for field in fields if field.encode_name == key.partition("[")[0]]
        kinds += [part for kind in kinds for part in get_args(kind)]
    return [str(one) for kind in kinds if isinstance(kind, EnumMeta) for one in list[object](kind)]


def _unknown_key(where: str, key: str, known: Iterable[str]) -> Problem:
    if key in known:
        return Problem(where, "unknown-key", "is a key of the whole entry: move it above this table")
    return Problem(where, "unknown-key", f"unknown key; {did_you_mean(key, known) or 'remove it'}")


_ZIP_ROW: Final = re.compile(r"([0-9]{5}),([0-9]{5}),([01](?:\.[0-9]+)?)")
_CITY_ROW: Final = re.compile(r"([^,\"]*[^,\"\s]),([0-9]{5}),(in|some)")


def read_zips(path: Path) -> Shares:
    """The ZIP table: for each ZIP code its counties by FIPS code with their shares, largest first."""
    shares: dict[str, tuple[tuple[str, float], ...]] = {}
    for code, fips, share in _rows(path, "zip,fips,share", _ZIP_ROW, "a ZIP code, a FIPS code and a share from 0 to 1"):
        shares[code] = (*shares.get(code, ()), (fips, float(share)))
    return {code: tuple(sorted(counties, key=lambda one: -one[1])) for code, counties in shares.items()}


def read_cities(path: Path) -> Cities:
    """The table of cities: by each name, as places are compared, the counties that places of this name lie in."""
    cities: dict[str, City] = {}
    for name, fips, reach in _rows(path, "name,fips,reach", _CITY_ROW, 'a name, a FIPS code and "in" or "some"'):
        key = place_key(name)
        city = cities.get(key) or City(name)
        counties, some = ((fips,), ()) if reach == "in" else ((), (fips,))
        cities[key] = City(city.name, city.counties + counties, city.some + some)
    return cities


def _rows(path: Path, wanted: str, shape: re.Pattern[str], words: str) -> Iterator[tuple[str, ...]]:
    """The cells of each row of a table below its header. Raises InputError with the line that has another shape."""
    header, *rows = read_text(str(path), LARGEST).splitlines() or [""]
    if header != wanted:
        raise InputError(f'{path}: line 1: expected the header "{wanted}"')
    for number, row in enumerate(rows, 2):
        found = shape.fullmatch(row)
        if not found:
            raise InputError(f"{path}: line {number}: expected {words}")
        yield found.groups()
