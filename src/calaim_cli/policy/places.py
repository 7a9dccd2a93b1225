"""Counties, plans, regions, contacts, and the place that is meant by what a person types."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache
from typing import Final, Literal

from msgspec import Struct

from calaim_cli.base.wording import is_called_county, near_names, one_of, place_key, plain
from calaim_cli.policy.programs import Conflict, DataFile, Grade

KP: Final = "kp"
HEALTH_CARE_OPTIONS: Final = "health_care_options"  # the contact that helps to choose or change a plan


class Region(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A region of a plan that has several; its mailbox and phone are routes."""

    id: str
    name: str
    forms: str
    eligibility: str
    source: tuple[str, ...]


class Presence(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The plan with regions in a county. Without `region` it is split, and `by_zip` gives the region of a ZIP code."""

    grade: Grade
    source: tuple[str, ...]
    region: str | None = None
    by_zip: dict[str, str] = {}
    members: int | None = None  # enrolled, by the newest report; too small a number is not published
    partial: bool | None = None  # None where no source says whether the whole county is served
    note: str = ""
    warning: str = ""


class County(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of California's 58 counties. `plans` are the other Medi-Cal plans, largest first; no `kp`: not served."""

    name: str
    fips: str
    plans: tuple[str, ...]
    model: Literal["COHS", "GMC", "regional", "single", "two-plan"]
    ccs: Literal["classic", "whole_child_model"]
    aliases: tuple[str, ...] = ()
    note: str = ""
    kp: Presence | None = None


def plans_of(county: County) -> tuple[str, ...]:
    """The ids of the county's Medi-Cal plans, the one with regions first where it serves."""
    return ((KP,) if county.kp else ()) + county.plans


class PhaseIn(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, rename={"starts": "from"}):
    """From when a plan offered ECM to whom. History: all populations have been live since 2024-01-01."""

    starts: str
    counties: tuple[str, ...]
    populations: tuple[str, ...]
    source: tuple[str, ...]


class Plan(Struct, frozen=True, eq=False, forbid_unknown_fields=True, kw_only=True):
    """A Medi-Cal plan. How it takes referrals are routes, and what it offers is an offer."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    works_for: dict[str, str] = {}  # by county: the plan of record whose members it serves there
    website: str = ""
    note: str = ""
    history: tuple[PhaseIn, ...] = ()
    source: tuple[str, ...] = ()


class Contact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody to call or write to who is not a referral mailbox. `touches` names what it is shown beside."""

    id: str
    name: str
    purpose: str
    source: tuple[str, ...]
    plan: str = ""
    phone: str = ""
    tty: str = ""
    hours: str = ""
    email: str = ""
    website: str = ""
    note: str = ""
    for_counties: bool = False  # told with every county that it is for
    touches: tuple[str, ...] = ()


class Ambiguous(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people type that may mean several counties: refused, with the candidates."""

    typed: tuple[str, ...]
    candidates: tuple[str, ...]
    note: str = ""


class Misspelling(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A frequent misspelling: suggested from, never accepted."""

    typed: str
    county: str


class CountiesFile(DataFile, frozen=True, forbid_unknown_fields=True):
    """What `counties.toml` holds."""

    conflict: tuple[Conflict, ...] = ()
    region: tuple[Region, ...] = ()
    contact: tuple[Contact, ...] = ()
    plan: tuple[Plan, ...] = ()
    county: tuple[County, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    elsewhere: tuple[dict[str, object], ...] = ()  # in older folders: cities.csv says it now
    misspelling: tuple[Misspelling, ...] = ()


class Place(Struct, frozen=True):
    """A place that was found: its county, and the ZIP code or city when one was typed.

    `also` are further counties, each with less than 1 % of the addresses of the city's name.
    """

    county: County
    zip: str = ""
    city: str = ""
    also: tuple[str, ...] = ()


def city_in_words(place: Place) -> str:
    """Where the city lies that was typed; empty where none was."""
    rest = f"; some addresses of this name are in {one_of(place.also)} County" if place.also else ""
    return f"{place.city} is in {place.county.name} County{rest}" if place.city else ""


class NoPlace(Struct, frozen=True):
    """A place that was refused: a stable code, why and what next in words, and the counties it may have meant."""

    code: str
    message: str
    candidates: tuple[str, ...] = ()


Shares = Mapping[str, tuple[tuple[str, float], ...]]
"""For each ZIP code the county FIPS codes it lies in, with the share of its addresses there, largest first."""


class City(Struct, frozen=True):
    """A name of cities or other places: the FIPS codes of their counties, and of those with few of its addresses."""

    name: str
    counties: tuple[str, ...] = ()
    some: tuple[str, ...] = ()


Cities = Mapping[str, City]
"""Each city by its name as places are compared."""


class Gazetteer(Struct, frozen=True, eq=False, dict=True):
    """All that says what a typed place means. `zips` and `cities` are called only when one has to be looked up."""

    counties: tuple[County, ...]
    ambiguous: tuple[Ambiguous, ...]
    misspellings: tuple[Misspelling, ...]
    zips: Callable[[], Shares]
    cities: Callable[[], Cities]

    @cached_property
    def by_fips(self) -> Mapping[str, County]:
        """Each county by its FIPS code."""
        return {county.fips: county for county in self.counties}

    @cached_property
    def by_key(self) -> Mapping[str, County]:
        """Each county by its name and aliases, as they are compared; of two with one name, the first."""
        named = [(place_key(name), county) for county in self.counties for name in (county.name, *county.aliases)]
        return dict(reversed(named))


# California has some 2,700 ZIP codes, and a sheet names few places that often.
REMEMBERED: Final = 4096
# Here too: a look-up loads no checks of fields.
ZIP_CODE: Final = re.compile(r"([0-9]{5})(?:-[0-9]{4})?")
WHOLLY_IN_CALIFORNIA: Final = 0.999
LEAST_SAID: Final = 0.0005  # a smaller share is 0.0 % when rounded
SHORT: Final = 4


@lru_cache(REMEMBERED)
def find_place(typed: str, gazetteer: Gazetteer) -> Place | NoPlace:
    """The county that a name, alias, city, ZIP or FIPS code stands for. Near names are suggested, never taken."""
    text = plain(typed).strip()
    if any(c.isdigit() for c in text):
        county = gazetteer.by_fips.get(text)
        return Place(county) if county else find_zip(text, gazetteer)
    key = place_key(text)
    county = gazetteer.by_key.get(key)
    if county:
        return Place(county)
    city = None if is_called_county(text) else _city(key, gazetteer)
    return _ambiguous(key, gazetteer) or city or _unknown(key, gazetteer)


def _ambiguous(key: str, gazetteer: Gazetteer) -> NoPlace | None:
    """The refusal of a name that is known to mean several counties, or none."""
    for ambiguous in gazetteer.ambiguous:
        if key in map(place_key, ambiguous.typed):
            meant = f"it could mean {one_of(ambiguous.candidates)}: " if ambiguous.candidates else ""
            note = f" ({ambiguous.note})" if ambiguous.note else ""
            return NoPlace("ambiguous-place", f"{meant}give the county{note}", ambiguous.candidates)
    return None


def _city(key: str, gazetteer: Gazetteer) -> Place | NoPlace | None:
    """The county of a city, or the refusal where places of that name lie in several; None where no city has it."""
    city = gazetteer.cities().get(key)
    if not city:
        return None
    counties, also = (tuple(gazetteer.by_fips[fips].name for fips in codes) for codes in (city.counties, city.some))
    if len(counties) == 1:
        return Place(gazetteer.by_fips[city.counties[0]], city=city.name, also=also)
    where = ", ".join(counties)
    return NoPlace(
        "city-ambiguous", f"places with that name are in more than one county ({where}): give the county", counties
    )


def _unknown(key: str, gazetteer: Gazetteer) -> NoPlace:
    """The refusal of a name that nothing has, with what it may have meant."""
    # A city resembles some county by chance, so only near names are a hint: one wrong letter of four is a quarter.
    least = 0.75 if len(key) <= SHORT else 0.8
    meant_by_slip = [wrong.county for wrong in gazetteer.misspellings if place_key(wrong.typed) == key]
    names = {place_key(county.name): county.name for county in gazetteer.counties}
    near = tuple(dict.fromkeys([*meant_by_slip, *(names[one] for one in near_names(key, names, least=least))]))
    hint = f"did you mean {one_of(near)}?" if near else "enter one of the 58 counties, or for a city its ZIP code"
    return NoPlace("unknown-place", f"not a California county: {hint}", near)


@lru_cache(REMEMBERED)
def find_zip(text: str, gazetteer: Gazetteer) -> Place | NoPlace:
    """The county that a ZIP code lies in; refused where it lies in several, or is not wholly in California."""
    found = ZIP_CODE.fullmatch(text)
    if not found:
        return NoPlace("not-a-place", "a place in digits must be a five-digit ZIP code: give it or the county's name")
    code = found[1]
    shares = gazetteer.zips().get(code, ())
    if not shares and "90001" <= code <= "96199":
        why = "that ZIP code is not in the table (it may be for post office boxes, for one organization, or new)"
        return NoPlace("zip-unlisted", f"{why}: give the county")
    if not shares:
        return NoPlace("zip-outside", "not a California ZIP code: give the county or a California ZIP code")
    outside = 1 - sum(share for _, share in shares)
    across_the_border = outside > 1 - WHOLLY_IN_CALIFORNIA
    if len(shares) == 1 and not across_the_border:
        return Place(gazetteer.by_fips[shares[0][0]], code)
    names = tuple(gazetteer.by_fips[fips].name for fips, _ in shares)
    parts = [f"{name} {_percent(share)}" for name, (_, share) in zip(names, shares, strict=True)]
    spread = ", ".join([*parts, *([f"another state {100 * outside:.1f} %"] if across_the_border else [])])
    return NoPlace("zip-ambiguous", f"that ZIP code is not all in one county ({spread}): give the county", names)


def _percent(share: float) -> str:
    """A share in words; one of 0 comes from another table than the rest."""
    if not share:
        return "by another table"
    return f"{100 * share:.1f} %" if share >= LEAST_SAID else "under 0.1 %"
