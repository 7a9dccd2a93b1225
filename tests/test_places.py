"""What a person types for a place: found, or refused with the candidates; never guessed."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from string import ascii_lowercase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from calaim_cli.base.values import ZIP
from calaim_cli.base.wording import place_key
from calaim_cli.policy import load
from calaim_cli.policy.places import NoPlace, Place, find_place
from conftest import ROOT, Run, WriteCase

GAZETTEER = load.load().gazetteer
NAMES = [county.name for county in GAZETTEER.counties]
CITIES = GAZETTEER.cities()
CORPUS = ROOT / "tests" / "corpora" / "places"

SPELLINGS: dict[str, Callable[[str], str]] = {
    "as-written": str,
    "upper-case": str.upper,
    "lower-case": str.lower,
    "title-case": str.title,
    "county-after": "{} County".format,
    "county-after-in-lower-case": lambda name: f"{name.lower()} county",
    "co-after": "{} Co.".format,
    "cnty-after": "{} cnty".format,
    "state-after": "{}, CA".format,
    "state-and-county-after": "{} County, California".format,
    "state-with-periods": "{} Calif.".format,
    "county-of-before": "County of {}".format,
    "city-and-county-of-before": "City and County of {}".format,
    "blanks-before": "   {}".format,
    "blanks-after": "{}\t ".format,
    "double-blanks": lambda name: f" {name} County ".replace(" ", "  "),
    "no-blanks": lambda name: name.replace(" ", ""),
    "hyphens": lambda name: name.replace(" ", "-"),
    "accent": lambda name: name.replace("a", "á").replace("o", "ó"),
}

ALIASES = {
    "Los Angeles": ("la", "lac", "LA", "L.A.", "LA County"),
    "San Francisco": ("sf", "san fran", "SF"),
    "San Luis Obispo": ("slo", "SLO"),
    "Orange": ("oc", "the oc", "OC"),
    "San Bernardino": ("sbd", "san berdoo", "berdoo"),
    "Contra Costa": ("coco",),
    "Sacramento": ("sac", "sacto"),
    "San Diego": ("sd", "sdc"),
    "Riverside": ("riv", "rivco"),
    "El Dorado": ("edc",),
    "San Mateo": ("smc",),
    "Mendocino": ("mendo",),
    "Humboldt": ("humco",),
    "Stanislaus": ("stan",),
}

SAN = ["San Benito", "San Bernardino", "San Diego", "San Francisco", "San Joaquin", "San Luis Obispo", "San Mateo"]
SANTA = ["Santa Barbara", "Santa Clara", "Santa Cruz"]
AMBIGUOUS: dict[str, list[str]] = {
    "sb": ["San Bernardino", "Santa Barbara", "San Benito"],
    "SB County": ["San Bernardino", "Santa Barbara", "San Benito"],
    "sc": ["Santa Clara", "Santa Cruz"],
    "scc": ["Santa Clara", "Santa Cruz"],
    "sm": ["San Mateo", "Los Angeles", "Santa Barbara", "San Diego"],
    "sj": ["San Joaquin", "Santa Clara"],
    "sjc": ["San Joaquin", "Santa Clara"],
    "ccc": ["Contra Costa"],
    "san": SAN + SANTA,
    "santa": SANTA,
    "el": ["El Dorado"],
    "del": ["Del Norte"],
    "san b": ["San Benito", "San Bernardino"],
    "santa c": ["Santa Clara", "Santa Cruz"],
    "san luis": ["San Luis Obispo"],
    "mar": ["Marin", "Mariposa"],
    "mon": ["Mono", "Monterey"],
    "king": ["Kings"],
    "inland empire": ["Riverside", "San Bernardino"],
    "ie": ["Riverside", "San Bernardino"],
} | {
    region: []
    for region in (
        *("south bay", "the peninsula", "silicon valley", "bay area", "central valley"),
        *("norcal", "socal", "north", "south"),
    )
}

ELSEWHERE = {
    "Sutter": ["Yuba City"],
    "Amador": ["Sutter Creek"],
    "El Dorado": ["Placerville", "South Lake Tahoe"],
    "Monterey": ["King City", "Marina"],
    "Fresno": ["Kingsburg", "Orange Cove", "Mono Hot Springs", "Mendota", "Riverdale", "Kerman"],
    "Placer": ["Kings Beach", "Truckee"],
    "Nevada": ["Truckee"],
    "Siskiyou": ["Mount Shasta", "Tulelake"],
    "Humboldt": ["Trinidad"],
    "Glenn": ["Butte City"],
    "Kern": ["Glennville", "Inyokern", "Lake Isabella", "Maricopa", "Arvin"],
    "Sierra": ["Calpine"],
    "Shasta": ["Ono"],
    "Santa Barbara": ["Santa Maria"],
    "Tuolumne": ["Sonora"],
    "Stanislaus": ["Riverbank"],
    "Los Angeles": [
        *("Monterey Park", "Sierra Madre", "Santa Clarita", "San Marino", "Lakewood", "Marina del Rey"),
        *("Encino", "Lake La"),
    ],
    "San Diego": ["Imperial Beach", "Imperial Bch", "San Marcos"],
    "Riverside": ["Lake Elsinore"],
    "San Bernardino": ["Lake Arrowhead"],
    "Orange": ["Lake Forest", "Placentia", "Rancho Santa Margarita"],
    "Santa Clara": ["San Martin", "San Jose"],
    "Yolo": ["West Sacramento", "W Sacramento"],
    "San Mateo": ["South San Francisco"],
}
"""Cities whose names look like a county's, by the county that each lies in."""

MISSPELLED = {
    "san bernadino": "San Bernardino",
    "san bernandino": "San Bernardino",
    "siskyou": "Siskiyou",
    "siskiyu": "Siskiyou",
    "toulumne": "Tuolumne",
    "tuolomne": "Tuolumne",
    "stanislas": "Stanislaus",
    "calavaras": "Calaveras",
}


def found(typed: str) -> str:
    """The county that was found for what was typed; fails when it was refused."""
    place = find_place(typed, GAZETTEER)
    assert isinstance(place, Place), typed
    return place.county.name


def refused(typed: str) -> NoPlace:
    """The refusal of what was typed; fails when a county was found."""
    place = find_place(typed, GAZETTEER)
    assert isinstance(place, NoPlace), typed
    return place


# Found


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_county_is_found_however_it_is_spelled(spelling: Callable[[str], str]) -> None:
    """Case, spaces, hyphens, accents, "county" and "California" never keep a user from finding a county."""
    assert [found(spelling(name)) for name in NAMES] == NAMES


@pytest.mark.parametrize(("county", "typed"), [(name, alias) for name, aliases in ALIASES.items() for alias in aliases])
def test_every_alias_is_found(county: str, typed: str) -> None:
    """The short names that care managers use find their county."""
    assert found(typed) == county


def test_no_other_alias_is_accepted() -> None:
    """A new alias is a decision: it has to be listed here too."""
    shipped = {county.name: county.aliases for county in GAZETTEER.counties if county.aliases}
    assert {name: set(map(place_key, words)) for name, words in ALIASES.items()} == {
        name: set(map(place_key, words)) for name, words in shipped.items()
    }


def test_fips_codes_are_accepted() -> None:
    """A county's five-digit code from a report finds the county, without counting as the member's ZIP code."""
    assert [found(county.fips) for county in GAZETTEER.counties] == NAMES
    assert all(find_place(county.fips, GAZETTEER) == Place(county, "") for county in GAZETTEER.counties)


def test_fips_code_with_four_more_digits_is_a_zip_code() -> None:
    """A Connecticut ZIP code, written in full, is never read as the code of a California county."""
    assert refused("06081-1234").code == "zip-outside"


@pytest.mark.parametrize("typed", ["94401", " 94401 ", "94401-1234"])
def test_zip_code_is_found_with_blanks_and_four_more_digits(typed: str) -> None:
    """A ZIP code copied from an address works, and its five digits are kept for split counties."""
    place = find_place(typed, GAZETTEER)
    assert isinstance(place, Place)
    assert (place.county.name, place.zip) == ("San Mateo", "94401")


def test_county_needs_no_quotes_on_the_command_line(run: Run) -> None:
    """Several words are one place, and the answer says what was typed and how it was understood."""
    document = json.loads(run("county", "san", "mateo", "--json").out)
    assert (document["place"], document["county"], document["fips"]) == ("san mateo", "San Mateo", "06081")


# Refused, with candidates


def typos(name: str) -> Iterator[str]:
    """Every text that is one letter away: lost, doubled or added, replaced, or two letters exchanged."""
    for n in range(len(name) + 1):
        head, tail = name[:n], name[n:]
        yield from (head + letter + tail for letter in ascii_lowercase)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in ascii_lowercase)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


def listed() -> set[str]:
    """The keys of everything that the data say something about by name."""
    words = [word for county in GAZETTEER.counties for word in (county.name, *county.aliases)]
    words += [word for ambiguous in GAZETTEER.ambiguous for word in ambiguous.typed]
    return {*map(place_key, words), *CITIES}


LISTED = listed()


@pytest.mark.thorough
@pytest.mark.parametrize("name", NAMES)
def test_every_one_letter_typo_is_refused_and_the_county_suggested(name: str) -> None:
    """A typo of one letter never decides where a member's data goes, and the right county is always suggested."""
    slips = {typed for typed in typos(name.lower()) if place_key(typed) not in LISTED}
    assert len(slips) > 26 * len(name)
    assert [typed for typed in slips if name not in refused(typed).candidates] == []


@pytest.mark.parametrize(("typed", "county"), MISSPELLED.items())
def test_frequent_misspelling_suggests_its_county_first(typed: str, county: str) -> None:
    """The usual misspellings get the right suggestion, but are still not accepted."""
    refusal = refused(typed)
    assert (refusal.code, refusal.candidates[0]) == ("unknown-place", county)
    assert f"did you mean {county}" in refusal.message


@pytest.mark.parametrize(("typed", "candidates"), AMBIGUOUS.items())
def test_ambiguous_word_is_refused_with_its_candidates(typed: str, candidates: list[str]) -> None:
    """A word that may mean several counties, or only begins like one, is never settled by the program."""
    refusal = refused(typed)
    assert refusal.code == "ambiguous-place"
    assert sorted(refusal.candidates) == sorted(candidates)
    assert all(county in refusal.message for county in candidates)
    assert "give the county" in refusal.message


@pytest.mark.parametrize("name", NAMES)
def test_no_beginning_of_a_name_is_accepted(name: str) -> None:
    """A prefix is never enough, even if only one county begins with it."""
    beginnings = [name[:n] for n in range(1, len(name))]
    known = {place_key(county) for county in NAMES} | {place_key(a) for aliases in ALIASES.values() for a in aliases}
    for typed in beginnings:
        if place_key(typed) not in known:
            refused(typed)


@pytest.mark.parametrize(
    ("county", "typed"), [(county, place) for county, places in ELSEWHERE.items() for place in places]
)
def test_city_that_looks_like_a_county_leads_to_where_it_is(county: str, typed: str) -> None:
    """A city is not the county with a similar name: its own county is found, or is among the candidates."""
    place = find_place(typed, GAZETTEER)
    if isinstance(place, Place):
        assert (place.county.name, bool(place.city)) == (county, True)
    else:
        assert place.code == "city-ambiguous"
        assert county in place.candidates


def test_one_letter_slips_that_are_cities_are_the_known_ones() -> None:
    """A typo that happens to be a city's name leads there, with the city named; each such name was reviewed."""
    slips = {(name, CITIES[key].name) for name in NAMES for key in map(place_key, typos(name.lower())) if key in CITIES}
    assert {(name, city) for name, city in slips if place_key(city) not in KEYS} == {
        *(("Alpine", "Calpine"), ("Madera", "Ladera"), ("Marin", "Marina"), ("Mono", "Ono")),
        *(("Sacramento", "W Sacramento"), ("Sonoma", "Sonora")),
    }


def test_place_that_resembles_nothing_gets_no_candidates() -> None:
    """Nonsense is refused without a far-fetched suggestion, and the user is told what would be accepted."""
    refusal = refused("xyzzy")
    assert (refusal.code, refusal.candidates) == ("unknown-place", ())
    assert "58 counties" in refusal.message


@pytest.mark.parametrize("city", ["Phoenix", "Tijuana", "Las Vegas", "Carson Valley", "Medford"])
def test_unknown_city_gets_no_county_that_only_looks_alike(city: str) -> None:
    """A city shares letters with some county by chance: the answer asks for its ZIP code, not a wrong county."""
    refusal = refused(city)
    assert (refusal.code, refusal.candidates) == ("unknown-place", ())
    assert "for a city its ZIP code" in refusal.message


def test_far_name_is_not_suggested_beside_the_near_one() -> None:
    """A misspelled county suggests the county that was meant, and none that only begins the same way."""
    assert refused("sacremento").candidates == ("Sacramento",)
    assert refused("solanoo").candidates == ("Solano",)


# ZIP codes and other digits


def test_zip_code_in_several_counties_is_refused_with_shares() -> None:
    """A ZIP code in three counties leads to a question, with the largest share first."""
    refusal = refused("95076")
    assert (refusal.code, refusal.candidates) == ("zip-ambiguous", ("Santa Cruz", "Monterey", "Santa Clara"))
    assert "Santa Cruz 87.2 %, Monterey 12.7 %, Santa Clara 0.1 %" in refusal.message


def test_share_too_small_to_round_and_second_table_are_said() -> None:
    """A county with only a sliver of a ZIP code, or named only by another table, is asked about like any other."""
    assert "(Kings 100.0 %, Kern under 0.1 %)" in refused("93204").message
    assert "(San Bernardino 100.0 %, Los Angeles by another table)" in refused("91759").message


@pytest.mark.parametrize(
    ("typed", "county", "outside"),
    [
        ("89010", "Mono", 92),
        ("89019", "San Bernardino", 92),
        ("89060", "Inyo", 92),
        ("89061", "Inyo", 92),
        ("89439", "Sierra", 92),
        ("97635", "Modoc", 43),
    ],
)
def test_border_zip_code_is_refused_with_what_lies_outside(typed: str, county: str, outside: int) -> None:
    """A ZIP code mostly in another state does not put a member into California."""
    refusal = refused(typed)
    assert refusal.code == "zip-ambiguous"
    assert county in refusal.candidates
    share = re.search(r"another state ([0-9.]+) %", refusal.message)
    assert share is not None
    assert round(float(share[1])) >= outside


@pytest.mark.parametrize("typed", ["96156", "95887", "90101", "93000"])
def test_unlisted_zip_code_is_refused_with_the_reason(typed: str) -> None:
    """A post office box or new ZIP code is not guessed from its neighbors: the county is asked for."""
    refusal = refused(typed)
    assert (refusal.code, refusal.candidates) == ("zip-unlisted", ())
    assert "post office box" in refusal.message
    assert "give the county" in refusal.message


@pytest.mark.parametrize("typed", ["10001", "97201", "89101", "90000", "96200", "00000", "99999"])
def test_zip_code_of_another_state_is_refused(typed: str) -> None:
    """A ZIP code outside California is named as such."""
    assert refused(typed).code == "zip-outside"


@pytest.mark.parametrize(
    "typed",
    [
        *("1", "37", "073", "0", "999", "9440", "944011", "944011234"),
        *("94401-12a4", "94401-", "94401-123", "94401 1234", "94401-12345", "94,401", "9440l", "94401 CA", "-94401"),
        pytest.param("\u0669\u0664\u0664\u0660\u0661", id="arabic-digits"),
        pytest.param("9440\u0661", id="mixed-digits"),
    ],
)
def test_other_digits_are_refused(typed: str) -> None:
    """A county number or malformed ZIP code is never cut or padded into one that exists."""
    refusal = refused(typed)
    assert (refusal.code, refusal.candidates) == ("not-a-place", ())


# Cities


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


INCORPORATED = rows(CORPUS / "cities.csv")


def test_no_incorporated_city_is_answered_wrongly() -> None:
    """Of 482 cities and two second names, at least 430 are found; the others ask, with the right county listed.

    San Joaquin, which is a county's name too, means the county, and that says so.
    """
    answered = []
    for row in INCORPORATED:
        place = find_place(row["name"], GAZETTEER)
        right = GAZETTEER.by_fips[row["fips"]].name
        if isinstance(place, NoPlace):
            assert (place.code, right in place.candidates) == ("city-ambiguous", True), row
        elif row["name"] == "San Joaquin":
            assert (place.county.name, "city in Fresno County" in place.county.note) == ("San Joaquin", True)
        else:
            assert place.county.name == right, row
            answered.append(row["name"])
    assert len(INCORPORATED) == 484
    assert len(answered) >= 430


@pytest.mark.parametrize(("code", "counties"), [(row["zip"], row["counties"]) for row in rows(CORPUS / "zips.csv")])
def test_zip_codes_that_the_older_table_had_otherwise(code: str, counties: str) -> None:
    """ZIP codes are where HUD has them: one county is found, several are refused with exactly those candidates."""
    place = find_place(code, GAZETTEER)
    if isinstance(place, Place):
        assert place.county.name == counties
    else:
        assert (place.code, sorted(place.candidates)) == ("zip-ambiguous", counties.split(";"))


@pytest.mark.parametrize(
    ("typed", "county"),
    [
        *(("oakland", "Alameda"), ("Oakland, CA", "Alameda"), ("LONG BEACH", "Los Angeles"), ("Modesto", "Stanislaus")),
        *(("St. Helena", "Napa"), ("saint helena", "Napa"), ("la canada flintridge", "Los Angeles")),
        *(("Carmel by the Sea", "Monterey"), ("Hollywood", "Los Angeles"), ("Paso Robles", "San Luis Obispo")),
        *(("City of Industry", "Los Angeles"), ("Isla Vista", "Santa Barbara"), ("Markleeville", "Alpine")),
    ],
)
def test_city_is_found_however_it_is_written(typed: str, county: str) -> None:
    """A city that lies in one county is enough to find it."""
    place = find_place(typed, GAZETTEER)
    assert isinstance(place, Place)
    assert (place.county.name, place_key(place.city)) == (county, place_key(typed))


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("brentwood", ("Contra Costa", "Los Angeles")),
        ("palo alto", ("San Mateo", "Santa Clara")),
        ("Truckee", ("Nevada", "Placer")),
    ],
)
def test_city_in_several_counties_is_refused(typed: str, candidates: tuple[str, ...]) -> None:
    """A name of two places, or of one that reaches into another county, leads to a question."""
    refusal = refused(typed)
    assert (refusal.code, refusal.candidates) == ("city-ambiguous", candidates)
    assert "give the county" in refusal.message


@pytest.mark.parametrize("typed", ["Sonora County", "oakland co.", "County of Marina", "City and County of Oakland"])
def test_city_that_is_called_a_county_is_refused(typed: str) -> None:
    """Typing the word county means one of the 58, and a typo in its name is not read as a city."""
    assert refused(typed).code == "unknown-place"


@pytest.mark.parametrize("name", [*NAMES, *(one for aliases in ALIASES.values() for one in aliases)])
def test_county_names_and_aliases_come_before_cities(name: str) -> None:
    """Alpine and San Joaquin mean the counties, although towns with those names lie elsewhere."""
    place = find_place(name, GAZETTEER)
    assert isinstance(place, Place)
    assert place.city == ""


def test_county_of_a_city_says_so(run: Run) -> None:
    """People and scripts are told which city was understood, and where else some of its addresses are."""
    said = "Oakland is in Alameda County; some addresses of this name are in Contra Costa County"
    assert f"city\t{said}\n" in run("county", "oakland").out
    document = json.loads(run("county", "oakland", "--json").out)
    assert (document["county"], document["place"]) == ("Alameda", "oakland")
    assert document["city"] == {"name": "Oakland", "also_in": ["Contra Costa"]}
    assert json.loads(run("county", "alameda", "--json").out)["city"] is None


def test_city_serves_wherever_a_county_is_typed(run: Run, write_case: WriteCase) -> None:
    """A case, an option and a list accept a city; a warning on the case says which county was used."""
    told = run("check", write_case({"member.county": "Oakland", "member.zip": "94601"}), "--all")
    assert "county\tAlameda\n" in told.out
    assert "county-from-city: this is a city: its county was used" in told.err
    assert "county\tAlameda\n" in run("check", write_case({}), "--county", "oakland", "--all").out
    assert run("services", "--county", "oakland").out == run("services", "--county", "alameda").out


def test_city_of_the_address_never_decides(run: Run, write_case: WriteCase) -> None:
    """The city in an address does not give the county: without a county or ZIP code, the county is missing."""
    case = write_case({"member.county": None, "member.zip": None, "member.city": "Oakland"})
    assert "county\tnot given\n" in run("check", case, "--all").out


# As the user meets it


@pytest.mark.parametrize("typed", ["sb", "sc", "95076", "san mateoo", "Brentwood", "96156", "37"])
def test_refused_place_ends_with_five_and_says_why_on_stderr(run: Run, typed: str) -> None:
    """A script never mistakes a refusal for an answer: exit 5, nothing on stdout, each candidate on stderr."""
    ran = run("county", typed)
    assert (ran.code, ran.out) == (5, "")
    assert all(name in ran.err for name in refused(typed).candidates)
    assert f'"{typed}"' in ran.err


@pytest.mark.parametrize("typed", ["sc", "95076", "san mateoo", "Brentwood"])
def test_candidates_are_said_once(run: Run, typed: str) -> None:
    """A person reads one line with the candidates in it, without the same names repeated below."""
    assert run("county", typed).err.count("\n") == 1


def test_refused_place_is_a_json_document_for_scripts(run: Run) -> None:
    """With --json, a program can read the candidates from stderr."""
    ran = run("county", "sc", "--json")
    document = json.loads(ran.err)
    assert (ran.code, ran.out, document["schema"]) == (5, "", "calaim.error/1")
    assert [problem["message"] for problem in document["problems"]] == ["Santa Clara", "Santa Cruz"]


# Anything at all

KEYS = {place_key(word): county.name for county in GAZETTEER.counties for word in (county.name, *county.aliases)}
anything = st.text(st.characters(exclude_categories=()), max_size=80)
words = st.sampled_from(
    ["County", "of", "city", "and", "co", "CA", "calif", "san", "Santa", "la", *NAMES, ",", ".", "-"]
)
place_like = st.lists(words, max_size=6).flatmap(
    lambda some: st.sampled_from(["", " ", "-"]).map(lambda gap: gap.join(some))
)
digit_like = st.text("0123456789- \u0663\uff19", max_size=12)


@given(anything | place_like | digit_like)
@example("")
@example("county")
@example("county of")
@example("-")
@example("\ud800")
@example("\u216c\u2169 \uff12")
def test_anything_typed_is_answered_and_only_exact_names_are_found(typed: str) -> None:
    """No text makes the program fail, and only an exact name, alias, city, ZIP or FIPS code finds a county."""
    place = find_place(typed, GAZETTEER)
    if isinstance(place, NoPlace):
        assert place.message
        assert set(place.candidates) <= set(NAMES)
    elif place.city:
        assert CITIES[place_key(typed)].counties == (place.county.fips,)
        assert place_key(typed) not in KEYS
    elif not re.fullmatch(ZIP, typed.strip()):
        assert KEYS[place_key(typed)] == place.county.name
