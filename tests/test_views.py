"""Views: what a person reads about a county, a service, a rule or a case, in which order, and with its source."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from calaim_cli.case.case import read_case
from calaim_cli.decide import screening
from calaim_cli.decide.screening import Decided
from calaim_cli.policy import policy
from calaim_cli.policy.places import County, Place
from calaim_cli.policy.policy import Policy, service_named
from calaim_cli.policy.programs import Outcome
from calaim_cli.policy.routes import Offer, OfferKind, offers
from calaim_cli.show.blocks import Fact, Heading, Items, Points, View
from calaim_cli.show.render import plain
from calaim_cli.show.views import (
    TONES,
    counties_view,
    county_view,
    determination_view,
    program_view,
    programs_view,
    service_view,
    services_view,
    sources_view,
    to_answer,
    why_view,
)
from conftest import AS_OF, COMPLETE, changed

Facts = dict[str, list[str]]
KAISER = "Kaiser Permanente"


def facts(view: View) -> Facts:
    """The plain lines by key, in order."""
    found: Facts = {}
    for line in plain(view).splitlines():
        key, _, value = line.rpartition("\t")
        found.setdefault(key, []).append(value)
    return found


def rows(view: View) -> list[list[str]]:
    """The plain lines by column."""
    return [line.split("\t") for line in plain(view).splitlines()]


def county_named(name: str, catalog: Policy) -> County:
    """The county of that name."""
    return next(county for county in catalog.counties_file.county if county.name == name)


def county_facts(name: str, catalog: Policy) -> Facts:
    """What is shown of a county."""
    return facts(county_view(Place(county_named(name, catalog)), catalog))


def test_served_county_tells_where_to_send(catalog: Policy) -> None:
    """A served county shows mailbox, exact subjects, phone, and the source of all that."""
    shown = county_facts("San Mateo", catalog)
    assert shown["kp_served"] == ["yes"]
    assert shown["email"] == ["REGMCDURNS-KPNC@kp.org"]
    assert shown["subject"] == ["ECM Referral", "CS Referral", "CHW services request"]
    assert shown["phone"] == ["1-833-721-6012"]
    assert "2024-10" in shown["source"][0]
    assert shown["not_offered"] == ["Recuperative Care", "Sobering Centers"]
    assert len(shown["offered"]) == 13
    assert any("Health Plan of San Mateo" in plan for plan in shown["plan"])
    assert shown["edition"] == [catalog.edition]


def test_county_not_served_shows_no_mailbox(catalog: Policy) -> None:
    """Where the plan does not serve, no mailbox, phone or list of services of it can be copied by mistake."""
    shown = county_facts("Lassen", catalog)
    assert shown["kp_served"] == ["no"]
    assert not {"email", "phone", "region", "subject", "offered", "not_offered"} & shown.keys()
    assert any("Partnership" in plan for plan in shown["plan"])


def test_split_county_shows_both_lines_and_no_mailbox(catalog: Policy) -> None:
    """In a split county the ZIP codes that decide are listed, and both phone lines."""
    shown = county_facts("Tulare", catalog)
    assert not {"email", "region", "phone"} & shown.keys()
    assert any(line.startswith("93238 South") for line in shown["by_zip"])
    assert len(shown["call"]) == 2
    assert shown["warning"]


@pytest.mark.parametrize("name", ["Santa Cruz", "Mariposa", "Imperial"])
def test_unconfirmed_region_carries_its_warning(catalog: Policy, name: str) -> None:
    """A region that no document confirms is shown with that doubt."""
    assert county_facts(name, catalog)["warning"]


def test_every_county_has_a_view(catalog: Policy) -> None:
    """Each of the 58 counties answers, with a plan to ask and no empty line."""
    for county in catalog.counties_file.county:
        view = county_view(Place(county), catalog)
        assert "plan" in facts(view)
        assert all(block.value for block in view if isinstance(block, Fact))
        assert all(block.values for block in view if isinstance(block, Items))


def test_typed_zip_is_shown(catalog: Policy) -> None:
    """Whoever typed a ZIP code sees which county it was taken for."""
    shown = facts(county_view(Place(county_named("San Mateo", catalog), "94401"), catalog))
    assert (shown["zip"], shown["county"]) == (["94401"], ["San Mateo"])


def test_counties_are_listed_with_region_and_plans(catalog: Policy) -> None:
    """The list gives each county its region, or says that the plan does not serve it."""
    names = ("Alameda", "Lassen", "Tulare")
    listed = rows(counties_view([county_named(name, catalog) for name in names], KAISER))
    assert [row[0] for row in listed[1:]] == list(names)
    assert [row[2] for row in listed[1:]] == ["north", "not served", "by ZIP code"]
    assert all(len(row) == len(listed[0]) for row in listed)


@pytest.mark.parametrize(("number", "title"), [(0, "0 counties"), (1, "1 county"), (2, "2 counties")])
def test_heading_counts(catalog: Policy, number: int, title: str) -> None:
    """The number of counties found stands above them, in the right grammar."""
    assert counties_view(catalog.counties_file.county[:number], KAISER)[0] == Heading(title)


def test_heading_says_whose_counties_lack_a_service(catalog: Policy) -> None:
    """A county that the plan does not serve is not in the list, so the heading says that it is about those served."""
    sobering, asthma = (service_named(one, catalog) for one in ("sobering-centers", "asthma-remediation"))
    headings = [
        counties_view((), KAISER, *asked)[0] for asked in ((None, sobering), (asthma, None), (asthma, sobering))
    ]
    assert headings == [
        Heading("0 counties served by Kaiser Permanente, without Sobering Centers"),
        Heading("0 counties served by Kaiser Permanente, with Asthma Remediation"),
        Heading("0 counties served by Kaiser Permanente, with Asthma Remediation and without Sobering Centers"),
    ]


@pytest.mark.parametrize(
    ("name", "offered"),
    [("San Mateo", "no"), ("Alameda", "yes"), ("Lassen", "not known: ask the member's plan")],
    ids=["not offered", "offered", "not served"],
)
def test_service_in_a_county_is_offered_or_not_or_unknown(catalog: Policy, name: str, offered: str) -> None:
    """Whether a county has a service is yes, no or unknown; unknown never looks like no."""
    service = policy.service_named("recuperative_care", catalog)
    county = county_named(name, catalog)
    assert facts(service_view(service, county, catalog))["offered"] == [offered]
    listed = {row[0]: row[2] for row in rows(services_view([service], county, catalog))}
    assert listed["recuperative_care"] == offered


def test_service_in_a_county_says_which_other_plans_offer_it(catalog: Policy) -> None:
    """A plan whose own list names the service is told with its date; one of which nothing is known is left out."""
    for name, plan in (("Merced", "ccah"), ("San Joaquin", "hpsj")):
        county = county_named(name, catalog)
        shown = facts(service_view(policy.service_named("respite", catalog), county, catalog))
        (said,) = shown[f"offered_by\t{plan}"]
        assert said.startswith("yes, as of ")
    merced = facts(
        service_view(policy.service_named("sobering_centers", catalog), county_named("Merced", catalog), catalog)
    )
    assert not [key for key in merced if key.startswith("offered_by")]


def test_county_counts_what_its_other_plans_list(catalog: Policy) -> None:
    """A plan's own list of services is pointed to; of a plan without one nothing is counted."""
    shown = county_facts("Merced", catalog)
    assert shown["plan_offers"] == ["at least 8 of 15 Community Supports: see 'calaim plan ccah'"]
    assert "plan_offers" not in county_facts("Fresno", catalog)


def test_note_on_the_county_of_another_plan_is_for_that_county(catalog: Policy) -> None:
    """That a plan works for another one in Los Angeles is told to nobody who asks about Fresno."""
    shown = county_facts("Fresno", catalog)
    assert not [one for one in shown["plan_note"] if "Los Angeles" in one]


@pytest.mark.parametrize("kind", OfferKind)
def test_county_that_a_list_leaves_out_is_a_no(catalog: Policy, kind: OfferKind) -> None:
    """Where a list names the counties without a service, it is not offered there, whatever else the list is."""
    services = ("respite",) if kind is OfferKind.AT_LEAST else ()
    offer = Offer(
        plan="ccah", kind=kind, as_of="2026", source=("CCAH",), services=services, not_in={"respite": ("Merced",)}
    )
    there, merced = county_named("Monterey", catalog), county_named("Merced", catalog)
    service = policy.service_named("respite", catalog)
    assert offers(offer, service, merced, catalog.routes_file.as_of) is False
    assert offers(offer, service, there, catalog.routes_file.as_of) is (None if kind is OfferKind.UNKNOWN else True)


def test_services_are_listed_with_where_they_are_missing(catalog: Policy) -> None:
    """Without a county the list names, for each service, the counties that do not have it, and the date."""
    listed = {row[0]: row[2:] for row in rows(services_view(catalog.programs_file.service, None, catalog))}
    assert len(listed) == 16
    assert listed["recuperative_care"] == ["San Mateo", "2024-10"]
    assert listed["respite"] == ["-", "2024-10"]


def test_one_service_tells_all(catalog: Policy) -> None:
    """A service shows what it is, its other names, limits, codes, counties, date and source."""
    shown = facts(service_view(policy.service_named("asthma_remediation", catalog), None, catalog))
    for key in ("service", "name", "summary", "who", "limit", "document", "code", "offered_in", "as_of", "source"):
        assert shown[key], key
    assert len(shown["offered_in"]) == 32


@pytest.mark.parametrize("typed", ["sobering_centers", "respite"])
def test_service_says_how_many_counties_are_not_the_plans(catalog: Policy, typed: str) -> None:
    """Counties that are in neither list are accounted for, so that nobody takes them for a gap."""
    shown = facts(service_view(policy.service_named(typed, catalog), None, catalog))
    listed = len(shown["offered_in"]) + len(shown.get("not_offered_in", []))
    counties = len(catalog.counties_file.county)
    assert shown["not_served"][0].startswith(
        f"The other {counties - listed} of {counties} counties are not served by {KAISER}"
    )


def test_rule_is_shown_criterion_by_criterion_with_its_source(catalog: Policy) -> None:
    """Each line of a rule that states a criterion names source and grade, so that anyone can look it up."""
    for kind, entry in policy.kinds(catalog):
        for line in facts(program_view(kind, entry, catalog)).get("rule", []):
            assert line.strip().endswith(("of these:", "]")), line
            assert line.strip().endswith("of these:") or ", grade " in line


def test_programs_are_listed_by_kind(catalog: Policy) -> None:
    """The list has every program, population and service with the word for its kind."""
    kinds = [row[1] for row in rows(programs_view(policy.kinds(catalog)))[1:]]
    assert (kinds.count("program"), kinds.count("service")) == (3, 15)
    assert kinds.count("population") == len(catalog.programs_file.population)


def test_sources_are_listed_with_what_rests_on_them(catalog: Policy) -> None:
    """Every source shows date and grade, and nothing is blank."""
    listed = rows(sources_view(policy.sources_with_uses(catalog), AS_OF))
    assert len(listed) == 1 + len(catalog.sources)
    assert all(cell for row in listed for cell in row)


@pytest.fixture(scope="module")
def decided(catalog: Policy) -> Callable[[str], Decided]:
    """The complete case, which names no county, decided for what is asked for ("" is everything)."""

    def decide(program: str) -> Decided:
        subjects = policy.subjects_named([program] if program else [], catalog)
        case = read_case(changed(COMPLETE, {"member.county": None, "member.zip": None}))[0]
        return screening.decide("case.toml", case, screening.screener(subjects, catalog), catalog, AS_OF, None)

    return decide


def test_everything_decided_is_in_a_pipe(catalog: Policy, decided: Callable[[str], Decided]) -> None:
    """In the long form no result is left out: each has its outcome, its meaning, and reasons or open questions."""
    results = decided("")
    shown = facts(determination_view(results, catalog))
    for determination, _ in results.results:
        subject = determination.subject
        key = subject.population or subject.service or subject.program
        assert shown[f"{key}\toutcome"] == [determination.outcome]
        assert shown[f"{key}\tmeaning"]
        assert f"{key}\tmissing" in shown or f"{key}\tbecause" in shown


def test_open_question_has_its_key(catalog: Policy, decided: Callable[[str], Decided]) -> None:
    """Beside each question stands the key under which a case file answers it."""
    results = decided("birth_equity")
    shown = facts(determination_view(results, catalog))
    asked = catalog.questions_of(results.results[0][0].missing)
    assert asked
    assert shown["birth_equity\tmissing"] == [to_answer(catalog.questions[one]) for one in asked]


@pytest.mark.parametrize(
    ("question", "ending"),
    [
        ("managed_care", "[managed_care]"),
        ("ed_visits_6_months", "[ed_visits_6_months: a number]"),
        ("asthma_poorly_controlled", "[asthma_poorly_controlled: any of {}]"),
    ],
)
def test_open_question_says_how_it_is_answered(catalog: Policy, question: str, ending: str) -> None:
    """Whoever writes a case by hand sees the choices, exactly as they are to be written."""
    asked = catalog.questions[question]
    assert to_answer(asked) == f"{asked.ask} {ending.format(', '.join(asked.choices))}"


@pytest.mark.parametrize(
    ("program", "commands"),
    [
        ("birth_equity", ["calaim interview --from CASE --save CASE"]),
        ("", ["calaim interview --from CASE --save CASE"]),
        ("avoidable_utilization", []),
    ],
    ids=["one program", "everything", "nothing open"],
)
def test_open_questions_come_with_the_way_to_answer(
    catalog: Policy, decided: Callable[[str], Decided], program: str, commands: list[str]
) -> None:
    """Where answers are missing the last lines say how to see the questions and be asked; elsewhere nothing does."""
    view = determination_view(decided(program), catalog)
    hints = " ".join(facts(view).get("hint", []))
    assert re.findall("'(calaim .*?)'", hints) == commands
    assert plain(view).splitlines()[-1].startswith("hint\t") is bool(commands)


def test_one_result_is_its_part_of_the_long_form(catalog: Policy, decided: Callable[[str], Decided]) -> None:
    """What is told of one result alone is what the long form tells of it, and nothing of another."""
    results = decided("")
    alone = plain(why_view(results, "birth_equity", catalog))
    assert alone.startswith("birth_equity\toutcome\tneed-answers\n")
    assert all(line.startswith("birth_equity\t") for line in alone.splitlines())
    assert alone in plain(determination_view(results, catalog))


def test_results_come_best_first(catalog: Policy, decided: Callable[[str], Decided]) -> None:
    """What seems to fit stands first, what does not match today last."""
    shown = facts(determination_view(decided(""), catalog))
    order = [list(Outcome).index(Outcome(values[0])) for key, values in shown.items() if key.endswith("\toutcome")]
    assert order == sorted(order)


def test_decision_says_whose_it_is(catalog: Policy, decided: Callable[[str], Decided]) -> None:
    """Every result reminds that the plan decides, and names the edition of the data."""
    shown = facts(determination_view(decided("chw"), catalog))
    assert "the plan decides" in shown["reminder"][0]
    assert shown["edition"] == [catalog.edition]
    assert shown["county"] == ["not given"]


def test_no_view_pronounces_a_verdict(catalog: Policy, decided: Callable[[str], Decided]) -> None:
    """No outcome is called approved or denied: a screening is not a decision."""
    labels = [words.label + words.meaning for words in catalog.outcomes.values()]
    text = plain(determination_view(decided(""), catalog)).lower()
    assert not {"approved", "denied"} & set(" ".join([*labels, text]).lower().split())


def test_every_outcome_has_a_tone_and_words(catalog: Policy) -> None:
    """Each of the six outcomes can be shown."""
    assert set(TONES) == set(Outcome)
    assert set(catalog.outcomes) == set(Outcome)


def test_reasons_carry_their_source(catalog: Policy, decided: Callable[[str], Decided]) -> None:
    """Each criterion that decided says yes or no, and cites the document it stands in."""
    view = determination_view(decided("avoidable_utilization"), catalog)
    reasons = next(block for block in view if isinstance(block, Points) and block.key.endswith("\tbecause"))
    assert any(line.startswith("yes: ") and "DHCS ECM Policy Guide p.19-21, 2026-01" in line for line in reasons.values)
