"""Two editions of the policy side by side: what changed, in words, and for whom."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.decide.diff import Change, changes, in_words, own_mailboxes
from calaim_cli.policy import load
from calaim_cli.policy.leaves import NAMES, entry_name
from calaim_cli.policy.places import KP
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import Gate
from calaim_cli.policy.routes import Channel
from calaim_cli.policy.rules import Rule
from conftest import AS_OF, ROOT, Run, WriteCase

DATA = ROOT / "data"


def edit(folder: Path, name: str, old: str, new: str) -> None:
    """Change one text in a copy of the data."""
    path = folder / name
    text = path.read_text("utf-8")
    assert text.count(old) >= 1, f"{old!r} is not in {name}"
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_changed_words_of_a_screen_are_told_by_their_row(run: Run, data_copy: Path) -> None:
    """A reviewer of the interview reads the one row that was changed, not the whole screen."""
    edit(data_copy, "talk.toml", 'say = "Hospice care"', 'say = "Hospice"')
    ran = run("data", "diff", DATA, data_copy)
    assert ran.out.splitlines()[0] == 'change\tscreen "coverage": rows "hospice": say: was Hospice care, now Hospice'


def test_changed_reason_of_a_situation_is_told_by_its_program(run: Run, data_copy: Path) -> None:
    """A reviewer of the situations reads the one reason that was changed."""
    edit(data_copy, "talk.toml", 'why = "high risk around birth"', 'why = "Risk"')
    ran = run("data", "diff", DATA, data_copy)
    said = 'situation "new_baby": think_of "medically_tailored_meals": why: was high risk around birth, now Risk'
    assert ran.out == f"change\t{said}\n"


def test_same_data_differ_in_nothing(run: Run) -> None:
    """Comparing an edition with itself finds no change and no case that comes out differently."""
    ran = run("data", "diff", DATA, DATA, ROOT / "examples" / "case.toml", "--as-of", AS_OF)
    assert (ran.code, ran.out, ran.err) == (0, "", "0 changes, 0 case results different\n")


def test_changed_phone_is_told_with_both_values(run: Run, data_copy: Path) -> None:
    """A reader of the comparison sees entry, key, the old value and the new one."""
    edit(data_copy, "routes.toml", "1-833-721-6012", "1-415-555-0100")
    ran = run("data", "diff", DATA, data_copy)
    assert ran.out == 'change\troute "kp-north-phone": address: was 1-833-721-6012, now 1-415-555-0100\n'


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('as_of = "2024-10"', 'as_of = "2024-11"', 'offer "kp": as_of: was 2024-10, now 2024-11'),
        (
            'population = "homelessness"\nkinds = [',
            'population = "homelessness"\nkinds = ["primary_care", ',
            'at_once "homelessness": kinds: was ',
        ),
        (
            'address = "CalAIMECMILOS@dhcs.ca.gov"',
            'address = "other@example.org"',
            'rejected "CalAIMECMILOS@dhcs.ca.gov": was there, now removed',
        ),
    ],
    ids=["offer", "at-once", "rejected"],
)
def test_entries_without_an_id_are_told_by_what_they_are_of(
    run: Run, data_copy: Path, old: str, new: str, said: str
) -> None:
    """What a plan offers, who may begin at once and what is not to be used are compared like everything else."""
    edit(data_copy, "routes.toml", old, new)
    assert f"change\t{said}" in run("data", "diff", DATA, data_copy).out


def test_changed_threshold_shows_who_is_decided_differently(run: Run, data_copy: Path, write_case: WriteCase) -> None:
    """A reviewer sees that a person with five emergency visits would no longer fit under a higher number."""
    for was, now in ((one, one.replace("5", "6")) for one in ("Had 5 or more", "5 or more ER", "is 5", "at_least = 5")):
        edit(data_copy, "programs.toml", was, now)
    case = write_case({"answers.stays_6_months": 0, "answers.avoidable_use_risk": False})
    ran = run("data", "diff", DATA, data_copy, case, "--as-of", AS_OF, "--json")
    document = json.loads(ran.out)
    assert list(document) == ["schema", "old", "new", "changes", "cases"]
    assert [(one["key"], one["was"], one["now"]) for one in document["changes"]] == [
        ("at_least", "5", "6"),
        (
            "text",
            "Had 5 or more emergency visits in the last 6 months",
            "Had 6 or more emergency visits in the last 6 months",
        ),
        ("brief", "5 or more ER visits in 6 months", "6 or more ER visits in 6 months"),
        (
            "letter",
            "Had {answer} emergency visits in the last 6 months; the threshold is 5",
            "Had {answer} emergency visits in the last 6 months; the threshold is 6",
        ),
    ]
    assert {(one["subject"], one["was"], one["now"]) for one in document["cases"]} == {
        ("ecm", "likely", "need-answers"),
        ("avoidable_utilization", "likely", "unlikely"),
    }


@pytest.mark.thorough
def test_changed_offer_and_route_show_whom_they_touch(run: Run, data_copy: Path, write_case: WriteCase) -> None:
    """A service that is offered no longer, and another mailbox or subject, come out for each member they are of."""
    edit(data_copy, "routes.toml", 'recuperative_care = ["San Mateo"]', 'day_habilitation = ["San Mateo"]')
    edit(data_copy, "routes.toml", 'chw = "CHW services request"', 'chw = "CHW request"')
    ran = run("data", "diff", DATA, data_copy, write_case({}), "--as-of", AS_OF, "--json")
    shown = {one["subject"]: (one["was"], one["now"]) for one in json.loads(ran.out)["cases"]}
    mailbox = "REGMCDURNS-KPNC@kp.org"
    assert shown == {
        "day_habilitation offered": ("yes", "no"),
        "recuperative_care offered": ("no", "yes"),
        "send chw": (f"{mailbox} CHW services request", f"{mailbox} CHW request"),
    }
    elsewhere = run("data", "diff", DATA, data_copy, write_case({"member.county": "Kern"}), "--as-of", AS_OF, "--json")
    assert json.loads(elsewhere.out)["cases"] == []


def test_changed_rule_of_keeping_medi_cal_shows_whom_it_touches(
    run: Run, data_copy: Path, write_case: WriteCase
) -> None:
    """A case that would stand differently to the work rule comes out among the others, as coverage."""
    edit(data_copy, "coverage.toml", '  "health_limits",\n', "")
    said = {"answers.health_limits_80_hours": False, "answers.ihss_approved": True}
    ran = run("data", "diff", DATA, data_copy, write_case(said), "--as-of", AS_OF, "--json")
    assert [(one["subject"], one["now"]) for one in json.loads(ran.out)["cases"]] == [("coverage", "likely-exempt")]


def test_added_and_removed_entries_are_told(run: Run, data_copy: Path) -> None:
    """An entry that is new, and one that is gone, are named as such."""
    edit(data_copy, "counties.toml", 'id = "hpsj_nurse_line"', 'id = "hpsj_other_line"')
    out = run("data", "diff", DATA, data_copy).out
    assert 'contact "hpsj_nurse_line": was there, now removed' in out
    assert 'contact "hpsj_other_line": was not there, now added' in out


def test_answers_that_only_one_edition_asks_for_stop_nothing(run: Run, data_copy: Path, write_case: WriteCase) -> None:
    """A saved case is compared even when one edition does not know one of its questions."""
    for name in ("programs.toml", "talk.toml"):
        text = (data_copy / name).read_text("utf-8")
        (data_copy / name).write_text(text.replace("complex_need", "complex_needs_now"), "utf-8")
    ran = run("data", "diff", DATA, data_copy, write_case({"answers.complex_need": True}), "--as-of", AS_OF)
    assert ran.code == 0
    assert 'question "complex_needs_now": was not there, now added' in ran.out


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Rule(all_of=("a", Rule(any_of=("b", "c")))), "all of (a, any of (b, c))"),
        (("a", "b"), "a, b"),
        ({"x": "y"}, "x y"),
        ((), "nothing"),
        (None, "nothing"),
        (False, "no"),
        (0, "0"),
        (Gate(any_of=("a",), say="Not now."), "any of (a); say Not now."),
    ],
    ids=["rule", "list", "table", "empty", "absent", "no", "zero", "gate"],
)
def test_values_are_said_in_words(value: object, words: str) -> None:
    """A value of the data reads as a person would write it."""
    assert in_words(value) == words


# Everything is compared


def files_with_one_key_changed(catalog: Policy) -> list[tuple[str, str, Policy]]:
    """For every key of every kind of entry, the policy with it changed in the last such entry, and its names."""
    found = []
    for attribute in ("programs_file", "counties_file", "routes_file"):
        file = getattr(catalog, attribute)
        for part in file.__struct_fields__:
            value = getattr(file, part)
            entries = value if isinstance(value, tuple) and value and isinstance(value[0], Struct) else ()
            last = value if isinstance(value, Struct) else entries[-1] if entries else None
            if last is None:
                changed_file = replace(file, **{part: "changed"})
                found.append((part, "", replace(catalog, **{attribute: changed_file})))
                continue
            for field in msgspec.structs.fields(type(last)):
                other = replace(last, **{field.name: "changed"})
                changed_file = replace(file, **{part: (*entries[:-1], other) if entries else other})
                found.append((field.encode_name, part, replace(catalog, **{attribute: changed_file})))
    return found


@pytest.mark.thorough
def test_every_key_of_every_entry_is_compared(catalog: Policy) -> None:
    """Whatever key of whatever entry changes, it is told with entry and key: a key added later cannot be forgotten."""
    # Without the tables of places, of which other tests tell.
    catalog = replace(catalog, gazetteer=replace(catalog.gazetteer, zips=dict, cities=dict))
    pairs = files_with_one_key_changed(catalog)
    assert len(pairs) > 150
    for key, part, own in pairs:
        told = changes(catalog, own)
        if part and key in NAMES and {one.now for one in told} == {"removed", "added"}:
            assert {one.entry.split(" ")[0] for one in told} == {part}
        else:
            assert [(one.key, one.now) for one in told] == [(key, "changed")], (part, key)
            assert not part or told[0].entry.split(" ")[0] == part


def test_order_is_compared(run: Run, catalog: Policy) -> None:
    """Routes are tried and questions shown in their order: another one is a change, also that of choices."""
    first, second, *rest = catalog.routes_file.route
    own = replace(catalog, routes_file=replace(catalog.routes_file, route=(second, first, *rest)))
    (told,) = changes(catalog, own)
    assert (told.entry, told.key) == ("route", "order")
    assert told.now.startswith(f"{second.id}, {first.id}, ")
    housing = catalog.questions["housing"]
    turned = replace(housing, choices=dict(reversed(housing.choices.items())))
    questions = tuple(turned if one is housing else one for one in catalog.programs_file.question)
    own = replace(catalog, programs_file=replace(catalog.programs_file, question=questions))
    assert [(one.entry, one.key) for one in changes(catalog, own)] == [('question "housing"', "choices")]


def test_places_are_compared_in_a_stable_order(run: Run, data_copy: Path) -> None:
    """A ZIP code or city that lies elsewhere now, is new or is gone is told with its counties, by name."""
    edit(data_copy, "zips.csv", "94401,06081,1", "94401,06001,0.5\n94401,06081,0.5")
    edit(data_copy, "zips.csv", "zip,fips,share\n", "zip,fips,share\n90000,06037,1\n")
    edit(data_copy, "cities.csv", "Oakland,06001,in\n", "Oakland,06067,in\n")
    assert run("data", "diff", DATA, data_copy).out.splitlines() == [
        'change\tZIP code "90000": was nothing, now Los Angeles 1.0',
        'change\tZIP code "94401": was San Mateo 1.0, now Alameda 0.5; San Mateo 0.5',
        'change\tcity "Oakland": was Alameda in; Contra Costa some, now Sacramento in; Contra Costa some',
    ]


def test_entries_of_one_name_are_told_apart(catalog: Policy) -> None:
    """A second entry of the same name hides no change of the first."""
    first, *rest = catalog.routes_file.rejected
    twice = replace(catalog, routes_file=replace(catalog.routes_file, rejected=(first, first, *rest)))
    other = replace(first, why="Another reason.")
    own = replace(catalog, routes_file=replace(catalog.routes_file, rejected=(other, first, *rest)))
    assert changes(twice, own) == (Change(f'rejected "{entry_name(first)}"', "why", first.why, other.why),)


# What the user's own data have otherwise than the built-in ones


def test_mailbox_that_is_not_built_in_is_pointed_out(catalog: Policy) -> None:
    """A mailbox of one's own data that the built-in data lack, or have otherwise, is told; no other address is."""
    first, second, *_ = [one for one in catalog.routes_file.route if one.channel is Channel.EMAIL and one.plan == KP]
    for own in ({}, {first.id: replace(first, address="elsewhere@example.org")}):
        routes = tuple(own.get(one.id, one) for one in catalog.routes_file.route if own or one.id != first.id)
        shipped = replace(catalog, routes_file=replace(catalog.routes_file, route=routes))
        assert [(one.code, one.where) for one in own_mailboxes(catalog, shipped)] == [
            ("own-mailbox", f'route "{first.id}"')
        ]
        assert second.id in {one.id for one in routes}
    assert list(own_mailboxes(catalog, catalog)) == []


SAFE: list[tuple[str, str, str, str]] = [
    ('ecm = "ECM Referral", cs', 'ecm = "Another one", cs', "own-words", 'route "kp-north-email": subject'),
    ('"REGMCDURNS-KPNC@kp.org"', '"other@example.org"', "own-mailbox", 'route "kp-north-email"'),
    ('services_except = ["sobering_centers"]\n', "", "own-words", 'route "kp-north-email": services_except'),
    ("42 CFR part 2 prohibits", "The law prohibits", "own-words", "referral: part2_notice"),
    ("Please let the referrer", "Let the referrer", "own-words", "referral: closed_loop"),
    ("I have checked this referral", "I looked at this referral", "own-words", 'form "kp": attestation'),
    ('address = "888-665-4621"', 'address = "888-665-4600"', "own-words", 'rejected "888-665-4621"'),
    ("Only in a copy of a handbook of 2014.", "An old number.", "", ""),
    ("1-833-721-6012", "1-833-721-6013", "", ""),
]


@pytest.mark.thorough
@pytest.mark.parametrize(("old", "new", "code", "where"), SAFE, ids=[one[0] for one in SAFE])
def test_check_says_what_safety_depends_on(
    run: Run, data_copy: Path, old: str, new: str, code: str, where: str
) -> None:
    """Where a referral goes, what it says and what is attested is never otherwise than built in without a word."""
    edit(data_copy, "routes.toml", old, new)
    ran = run("data", "check", "--data", data_copy, "--as-of", AS_OF)
    assert ran.code == 0
    said = [line.split(": ") for line in ran.err.splitlines()]
    assert ["calaim", "warning", "routes.toml", "same-edition"] in [line[:4] for line in said]
    assert (len(said) > 1) is bool(code)
    assert not code or f"calaim: warning: {where}: {code}: " in ran.err
    document = json.loads(run("data", "check", "--data", data_copy, "--as-of", AS_OF, "--json").out)
    assert {one["code"] for one in document["warnings"]} == {"same-edition", *([code] if code else [])}


@pytest.mark.thorough
def test_changed_data_of_another_edition_are_told_apart(run: Run, data_copy: Path) -> None:
    """Results of one's own data bear their edition: a changed file that keeps the built-in one's is warned of."""
    edit(data_copy, "routes.toml", "Only in a copy of a handbook of 2014.", "An old number.")
    assert "routes.toml: same-edition: " in run("data", "check", "--data", data_copy, "--as-of", AS_OF).err
    edit(data_copy, "routes.toml", f'edition = "{load.load().edition}"', 'edition = "2026-11-county"')
    assert run("data", "check", "--data", data_copy, "--as-of", AS_OF).err == ""


def test_a_field_added_to_a_form_tells_of_its_section_alone(catalog: Policy) -> None:
    """Of a form's many sections only those that differ are shown, before and after; of moved ones, all in order."""
    form, *others = catalog.routes_file.form
    first, *rest = form.sections
    grown = replace(first, fields=(*first.fields, "member.email"))
    for sections, was, now in (
        ((grown, *rest), in_words(first), in_words(grown)),
        ((*rest, first), in_words(form.sections), in_words((*rest, first))),
    ):
        routes = replace(catalog.routes_file, form=(replace(form, sections=sections), *others))
        (found,) = changes(catalog, replace(catalog, routes_file=routes))
        assert found == Change(f'form "{form.id}"', "sections", was, now)


SERVICE = """
[[service]]
id = "mountain_rides"
name = "Mountain Rides"
summary = "Rides."
who = "Members far away."
rule = { all_of = ["adult"] }
source = ["G26"]
"""


@pytest.mark.thorough
def test_service_of_ones_own_is_not_offered_by_lists_that_are_older(run: Run, data_copy: Path) -> None:
    """A list of "all but these" speaks of what there was: a new service without a first day is warned of."""
    follow_up, since = data_copy / "follow_up.toml", "from = 2026-11-01"
    follow_up.write_text(
        follow_up.read_text("utf-8").replace("[page.asked]", '[page.asked]\nmountain_rides = "Rides"'), "utf-8"
    )
    programs = data_copy / "programs.toml"
    shipped = programs.read_text("utf-8")
    for added, warned, in_counties in ((SERVICE, True, 32), (f"{SERVICE}{since}\nfrom_source = ['G26']\n", False, 0)):
        programs.write_text(shipped + added, "utf-8")
        ran = run("data", "check", "--data", data_copy, "--as-of", AS_OF)
        assert ran.code == 0, ran.err
        assert ('service "mountain_rides": offered-by-all' in ran.err) is warned
        shown = run("services", "mountain-rides", "--data", data_copy, "--json")
        assert len(json.loads(shown.out)["services"][0]["offered_in"]) == in_counties
        (row,) = (line for line in run("services", "--data", data_copy).out.splitlines() if "mountain_rides" in line)
        assert ("not known" in row) is not warned


def test_check_says_the_differing_words(run: Run, data_copy: Path) -> None:
    """The warning has both texts, so that a reader sees what was changed without looking for the built-in file."""
    edit(data_copy, "routes.toml", 'ecm = "ECM Referral"', 'ecm = "Another one"')
    err = run("data", "check", "--data", data_copy, "--as-of", AS_OF).err
    assert "which has: ecm ECM Referral; cs CS Referral" in err
    assert "Here: ecm Another one; cs CS Referral" in err
    assert load.load().edition in err
