"""JSON documents: keys in the order of the contract, unknown as null, and the same bytes each time."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from calaim_cli.base.errors import CalaimError, InputError, Locked, NotFound, OutputRefused, Problem, UsageError
from calaim_cli.case.case import LeadEntity, Profile, Referrer
from calaim_cli.policy import policy
from calaim_cli.policy.policy import Policy
from calaim_cli.show.documents import error_document, profile_document, services_document, written
from conftest import Run, WriteCase

DAY = ("--as-of", "2026-11-22")
CONTRACT = {
    "county": ["schema", "county", "fips", "place", "kp", "services", "plans", "edition"],
    "kp": ["served", "region", "email", "phone", "partial", "note"],
    "offer": ["id", "name", "offered", "as_of", "source"],
    "plan": ["id", "name"],
    "counties": ["schema", "counties"],
    "listed county": ["county", "fips", "region"],
    "services": ["schema", "services"],
    "service": ["id", "name", "aliases", "group", "offered", "not_offered_in", "as_of", "source"],
    "determination": ["schema", "as_of", "edition", "county", "results"],
    "result": [
        *("program", "population", "service", "name", "outcome", "offered"),
        *("because", "missing", "next_steps", "notes"),
    ],
    "because": ["criterion", "text", "source", "as_of"],
    "missing": ["question", "text"],
}
"""The keys of contract.md. Documents may have more, never fewer or others, and these in this order."""


def document(run: Run, *arguments: object) -> dict[str, Any]:
    """The one document that a command prints."""
    ran = run(*map(str, arguments))
    assert ran.code == 0, ran.err
    assert ran.out.endswith("}\n")
    assert ran.out.count("\n") == 1
    parsed: dict[str, Any] = json.loads(ran.out)
    return parsed


def has_keys_of(kind: str, found: dict[str, Any]) -> bool:
    """Whether the promised keys are there, in the promised order."""
    return [key for key in found if key in CONTRACT[kind]] == CONTRACT[kind]


def test_referral_keys_are_exactly_those_of_the_contract(run: Run, write_case: WriteCase) -> None:
    """A script that reads a referral finds these keys in this order."""
    found = document(run, "refer", write_case({"consent.part2": None}), *DAY, "--json")
    assert list(found) == [
        *("schema", "to", "cc", "subject", "route", "program", "services", "body", "warnings", "edition", "reminders"),
        "reference",
    ]
    assert list(found["route"]) == ["kind", "region", "why"]
    assert list(found["warnings"][0]) == ["where", "code", "message"]
    assert found["schema"] == "calaim.referral/1"
    assert (found["to"], found["cc"], found["subject"]) == (["REGMCDURNS-KPNC@kp.org"], [], "ECM Referral")
    assert (found["route"]["kind"], found["route"]["region"]) == ("kp", "north")
    assert (found["program"], found["services"], found["edition"]) == ("ecm", [], "2026-11")


def test_referral_for_services_names_their_ids(run: Run, write_case: WriteCase) -> None:
    """However a service was called in the case, the document has its id."""
    case = write_case({"referral.program": "cs", "referral.services": ["Respite Services for Caregivers"]})
    found = document(run, "refer", case, *DAY, "--json")
    assert (found["program"], found["services"], found["subject"]) == ("cs", ["respite"], "CS Referral")


def test_error_keys_are_exactly_those_of_the_contract() -> None:
    """A script that reads an error finds these keys in this order, with every problem."""
    error = InputError("not valid", (Problem("member.zip", "zip-format", "give five digits"),))
    assert written(error_document(error)) == (
        '{"schema": "calaim.error/1", "code": "invalid-input", "message": "not valid", '
        '"problems": [{"where": "member.zip", "code": "zip-format", "message": "give five digits"}]}'
    )


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (InputError, 4), (NotFound, 5), (OutputRefused, 6), (Locked, 7), (CalaimError, 1)],
)
def test_every_kind_of_error_has_a_code(kind: type[CalaimError], code: int) -> None:
    """Each kind of error has its exit code and a word for scripts; a more exact word may replace it."""
    assert kind.exit_code == code
    assert error_document(kind("x"))["code"] == kind.code != ""
    assert error_document(kind("x", code="exact"))["code"] == "exact"
    assert error_document(kind("x"))["problems"] == []


def test_county_document_has_the_keys_of_the_contract(run: Run) -> None:
    """A script that reads a county finds mailbox, services and plans under the promised keys, in order."""
    found = document(run, "county", "san", "mateo", "--json")
    assert has_keys_of("county", found)
    assert has_keys_of("kp", found["kp"])
    assert all(has_keys_of("offer", service) for service in found["services"])
    assert all(has_keys_of("plan", plan) for plan in found["plans"])
    assert (found["schema"], found["county"], found["fips"], found["place"]) == (
        *("calaim.county/1", "San Mateo", "06081", "san mateo"),
    )
    assert (found["kp"]["served"], found["kp"]["region"]) == (True, "north")
    assert [plan["id"] for plan in found["plans"]] == ["kp", "hpsm"]
    assert len(found["services"]) == 15


def test_not_served_is_null_and_not_missing(run: Run) -> None:
    """Where the plan does not serve, what cannot be known is null: no key is missing, nothing is guessed."""
    found = document(run, "county", "Lassen", "--json")
    assert has_keys_of("kp", found["kp"])
    assert found["kp"]["served"] is False
    assert [found["kp"][key] for key in ("region", "email", "phone", "partial", "note")] == [None] * 5
    assert {service["offered"] for service in found["services"]} == {None}


def test_split_county_gives_regions_by_zip(run: Run) -> None:
    """Tulare has no region of its own, but a table of ZIP codes."""
    found = document(run, "county", "Tulare", "--json")["kp"]
    assert (found["served"], found["region"], found["email"], found["phone"]) == (True, None, None, None)
    assert found["by_zip"]["93238"] == "south"
    assert found["by_zip"]["93618"] == "north"


def test_counties_document_has_the_keys_of_the_contract(run: Run) -> None:
    """A script that reads the list of counties finds all 58 in alphabetical order."""
    found = document(run, "counties", "--json")
    assert has_keys_of("counties", found)
    assert all(has_keys_of("listed county", county) for county in found["counties"])
    names = [county["county"] for county in found["counties"]]
    assert (len(names), names) == (58, sorted(names))


def test_services_document_has_the_keys_of_the_contract(run: Run) -> None:
    """A script that reads the services finds all fifteen."""
    found = document(run, "services", "--json")
    assert has_keys_of("services", found)
    assert all(has_keys_of("service", service) for service in found["services"])
    assert len(found["services"]) == 15


def test_service_without_a_county_is_offered_null(catalog: Policy) -> None:
    """Without a county it is not known whether a service is offered; in one that lacks it, it is not."""
    service = policy.service_named("recuperative_care", catalog)
    san_mateo = next(county for county in catalog.counties_file.county if county.name == "San Mateo")
    assert services_document([service], None, catalog)["services"][0]["offered"] is None
    assert services_document([service], san_mateo, catalog)["services"][0]["offered"] is False


def test_determination_document_has_the_keys_of_the_contract(run: Run, write_case: WriteCase) -> None:
    """A script that reads a decision finds outcome, reasons with sources, and what is missing."""
    found = document(run, "check", write_case(), *DAY, "--json")
    assert has_keys_of("determination", found)
    assert (found["as_of"], found["county"]) == ("2026-11-22", "San Mateo")
    for result in found["results"]:
        assert has_keys_of("result", result)
        assert all(has_keys_of("because", reason) for reason in result["because"])
        assert all(has_keys_of("missing", question) for question in result["missing"])
        assert bool(result["missing"]) is (result["outcome"] == "need-answers")
        assert result["offered"] is None or result["program"] == "cs"


def test_several_cases_give_one_document_a_line(run: Run, write_case: WriteCase) -> None:
    """Decisions of several cases come in their order, one document a line."""
    cases = [write_case({"member.county": name}, f"{name}.toml") for name in ("Marin", "Kern", "Napa")]
    ran = run("check", *cases, *DAY, "--program", "chw", "--json")
    assert [json.loads(line)["county"] for line in ran.out.splitlines()] == ["Marin", "Kern", "Napa"]


def test_profile_document_has_the_keys_of_the_file() -> None:
    """Whoever reads the profile as JSON finds the tables and keys of the file, and null for what is not given."""
    found = profile_document(Profile(Referrer(name="Pat Example"), LeadEntity(email="nle@example.org")))
    assert list(found) == ["schema", "referrer", "network_lead_entity", "secure_email", "kind", "ledger"]
    assert found["referrer"] == dict.fromkeys(Referrer.__struct_fields__) | {"name": "Pat Example"}
    assert found["network_lead_entity"] == {"name": None, "email": "nle@example.org"}
    assert found["secure_email"] == {"secure_tag": "none", "text": None, "header": None}


def test_mailbox_of_a_county_is_that_of_any_program(run: Run, data_copy: Path) -> None:
    """Where a plan takes ECM by phone alone, the county's mailbox is the one for the other programs, not none."""
    routes = data_copy / "routes.toml"
    text = routes.read_text("utf-8")
    entry, of_all = text.index('id = "kp-north-email"'), 'programs = ["ecm", "cs", "chw"]'
    routes.write_text(text[:entry] + text[entry:].replace(of_all, 'programs = ["cs", "chw"]', 1), "utf-8")
    county = json.loads(run("county", "alameda", "--json", "--data", data_copy).out)
    assert county["kp"]["email"] == "REGMCDURNS-KPNC@kp.org"


def test_data_check_says_what_is_shipped(run: Run, data_copy: Path) -> None:
    """Of a folder of one's own it is told which of its files are missing, so that the shipped ones are used."""
    assert document(run, "data", "check", *DAY, "--json")["shipped"] == []
    lacking = ["routes.toml", "talk.toml", "zips.csv", "cities.csv"]
    for name in lacking:
        (data_copy / name).unlink()
    assert document(run, "data", "check", "--data", data_copy, *DAY, "--json")["shipped"] == lacking
    told = run("data", "check", "--data", data_copy, *DAY).out.splitlines()
    assert [line.partition(":")[0] for line in told[:-1]] == [f"shipped\t{name}" for name in lacking]
    assert told[-1].startswith("ok\t")


def test_data_check_says_what_is_due(run: Run) -> None:
    """Sound data are a document with the edition, and with every file and source whose review is due on the day."""
    found = document(run, "data", "check", *DAY, "--json")
    assert (found["schema"], found["edition"], found["warnings"]) == ("calaim.data-check/1", "2026-11", [])
    due = document(run, "data", "check", "--as-of", "2030-01-01", "--json")["warnings"]
    assert {"programs.toml", "counties.toml"} <= {one for warning in due for one in warning["where"].split(", ")}
    assert {warning["code"] for warning in due} == {"past-review", "coverage-past-review"}


@pytest.mark.parametrize(
    "arguments",
    [
        ("county", "alameda"),
        ("counties", "--region", "south"),
        ("services", "respite", "--county", "kern"),
        ("programs",),
        ("data", "sources"),
    ],
    ids=" ".join,
)
def test_documents_begin_with_schema_and_repeat_exactly(run: Run, arguments: tuple[str, ...]) -> None:
    """Each document names its schema first, and the same question gives the same bytes."""
    first, again = run(*arguments, "--json"), run(*arguments, "--json")
    assert first == again
    assert first.out.startswith('{"schema": "calaim.')


def test_text_is_not_escaped() -> None:
    """Names stay readable in JSON: UTF-8, not escapes."""
    assert written({"name": "Trần"}) == '{"name": "Trần"}'


def test_day_decided_for_is_in_the_document(run: Run, write_case: WriteCase) -> None:
    """A decision says for which day it was made."""
    day = date(2026, 12, 1).isoformat()
    assert document(run, "check", write_case(), "--as-of", day, "--json")["as_of"] == day
