"""Floor 4: what a person names, found in the policy; or NotFound with the candidates or near names."""

from __future__ import annotations

from collections.abc import Sequence

from calaim_cli.catalog import Catalog
from calaim_cli.counties import County, NoPlace, Place, Plan, Region, find_place, plans_of
from calaim_cli.errors import NotFound, Problem
from calaim_cli.near import did_you_mean, name_key, near_names, one_of, shown
from calaim_cli.programs import Program, Subject, find_entry, requested
from calaim_cli.sources import Source, source_id


def place_named(typed: str, catalog: Catalog) -> Place:
    """The place a person typed. Raises NotFound with the candidates, or near names."""
    found = find_place(typed, catalog.gazetteer)
    if isinstance(found, NoPlace):
        problems = tuple(Problem("place", "candidate", name) for name in found.candidates)
        raise NotFound(f"{shown(typed)}: {found.message}", problems, code=found.code)
    return found


def service_named(typed: str, catalog: Catalog) -> Program:
    """The Community Support with this id, name or alias. Raises NotFound with near names."""
    return _named(typed, catalog.programs_file.service, "service", "'calaim services' lists them")


def entry_named(typed: str, catalog: Catalog) -> Program:
    """The program, population or service with this id, name or alias. Raises NotFound with near names."""
    return _named(typed, catalog.entries, "program", "'calaim programs' lists them")


def _named(typed: str, known: Sequence[Program], kind: str, hint: str) -> Program:
    entry = find_entry(typed, known)
    if entry is None:
        owner = {name: one.id for one in known for name in (one.id, one.name, *one.aliases)}
        ids = tuple(dict.fromkeys(owner[name] for name in near_names(typed, owner)))
        near = f"did you mean {one_of(ids)}?" if ids else hint
        raise NotFound(f"{shown(typed)}: unknown {kind}: {near}", code=f"unknown-{kind}")
    return entry


def region_named(typed: str, catalog: Catalog) -> Region:
    """The region with this id. Raises NotFound."""
    for region in catalog.regions.values():
        if name_key(typed) == name_key(region.id):
            return region
    hint = did_you_mean(typed, catalog.regions) or f"give {' or '.join(catalog.regions)}"
    raise NotFound(f"{shown(typed)}: unknown region: {hint}", code="unknown-region")


def plan_named(typed: str, catalog: Catalog) -> Plan:
    """The Medi-Cal plan with this id, name or alias. Raises NotFound with near names."""
    for plan in catalog.plans.values():
        if name_key(typed) in map(name_key, (plan.id, plan.name, *plan.aliases)):
            return plan
    hint = did_you_mean(typed, catalog.plans) or f"the plans are {', '.join(catalog.plans)}"
    raise NotFound(f"{shown(typed)}: unknown plan: {hint}", code="unknown-plan")


def subjects_named(typed: Sequence[str], catalog: Catalog) -> tuple[Subject, ...]:
    """What is to be decided, each once, in the order of the policy; everything when nothing is named."""
    if not typed:
        return catalog.subjects
    wanted = [subject for one in typed for subject in requested(entry_named(one, catalog), catalog.subjects)]
    return tuple(subject for subject in catalog.subjects if subject in wanted)


def counties_with(
    catalog: Catalog, service: Program | None, lacking: Program | None, region: Region | None, plan: Plan | None
) -> tuple[County, ...]:
    """The counties where Kaiser Permanente offers the service, in the region, with the plan; None asks for nothing.

    `lacking` is a service that it does not offer there; a county that it does not serve neither has nor lacks one.
    A split county is in each region that one of its ZIP codes is in.
    """
    return tuple(
        county
        for county in catalog.counties_file.county
        if (service is None or catalog.offered(service.id, county))
        and (lacking is None or catalog.offered(lacking.id, county) is False)
        and (region is None or region.id in _regions(county))
        and (plan is None or plan.id in plans_of(county))
    )


def _regions(county: County) -> set[str]:
    if county.kp is None:
        return set()
    return {county.kp.region} if county.kp.region else set(county.kp.by_zip.values())


def kinds(catalog: Catalog) -> tuple[tuple[str, Program], ...]:
    """Every program, population and service with the word for its kind."""
    data = catalog.programs_file
    return (
        *(("program", entry) for entry in data.program),
        *(("population", entry) for entry in data.population),
        *(("service", entry) for entry in data.service),
    )


def sources_with_uses(catalog: Catalog) -> tuple[tuple[Source, tuple[str, ...]], ...]:
    """Every source with what rests on it, in the order of the data files."""
    from calaim_cli.datacheck import cited

    uses: dict[str, list[str]] = {tag: [] for tag in catalog.sources}
    for where, citations in cited(catalog):
        for tag in dict.fromkeys(source_id(citation) for citation in citations):
            uses[tag].append(where)
    return tuple((source, tuple(uses[tag])) for tag, source in catalog.sources.items())


def names(catalog: Catalog) -> dict[str, list[str]]:
    """What can be named on a command line, by kind of thing, for its completion; for an option a county is one word."""
    counties = [county.name for county in catalog.counties_file.county]
    return {
        "place": counties,
        "county": [name.replace(" ", "-") for name in counties],
        "service": [_typed(service.id) for service in catalog.programs_file.service],
        "program": [_typed(entry.id) for entry in catalog.entries],
        "region": list(catalog.regions),
        "plan": list(catalog.plans),
    }


def _typed(entry_id: str) -> str:
    """An id as it is easiest typed; hyphens and underscores mean the same."""
    return entry_id.replace("_", "-")
