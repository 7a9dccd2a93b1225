"""The JSON Schema files: every document that --json prints fits its schema, key by key in the promised order."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest
import shapes
from document import DOCUMENTS
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from calaim_cli.base import errors
from calaim_cli.base.errors import CalaimError, Problem
from calaim_cli.case.case import PARTS, PROFILE_PARTS, Case, Profile
from calaim_cli.decide.follow_up import Step, Story
from calaim_cli.follow import ledger
from calaim_cli.policy import policy
from calaim_cli.policy.policy import Policy
from calaim_cli.show import documents
from conftest import AS_OF, COMPLETE, ROOT, Run, WriteCase, WriteProfile

DAY = ("--as-of", "2026-11-22")
SCHEMAS = ROOT / "docs" / "schemas"
PROFILE = (ROOT / "examples" / "profile.toml").read_text("utf-8")
NAMES = [schema.removeprefix("calaim.").removesuffix("/1") for schema, _, _ in DOCUMENTS]
CASES = sorted((ROOT / "tests" / "cases").glob("*.toml"))


@cache
def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a document, by the middle part of its name."""
    read: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text("utf-8"))
    return read


def out_of_order(value: object, schema: dict[str, Any], root: dict[str, Any], where: str = "$") -> Iterator[str]:
    """The places where the keys of an object are not in the order of its schema."""
    if "oneOf" in schema:
        shapes = [{**one, "$defs": root["$defs"]} for one in schema["oneOf"]]
        schema = next(one for one in shapes if Draft202012Validator(one).is_valid(value))
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, dict) and "properties" in schema:
        if list(value) != [key for key in schema["properties"] if key in value]:
            yield where
        for key, one in value.items():
            yield from out_of_order(one, schema["properties"][key], root, f"{where}.{key}")
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from out_of_order(one, schema["items"], root, f"{where}[{number}]")


def faults(document: dict[str, Any]) -> list[str]:
    """What is wrong with a document by the schema that it names; empty when it fits."""
    document = json.loads(documents.written(document))
    schema = schema_of(document["schema"].removeprefix("calaim.").removesuffix("/1"))
    wrong = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(document)]
    return wrong or list(out_of_order(document, schema, schema))


def printed(run: Run, *arguments: str | Path, code: int = 0) -> list[Any]:
    """The documents that a command prints with --json."""
    ran = run(*arguments, "--json")
    assert ran.code == code, ran.err
    return [json.loads(line) for line in (ran.out or ran.err).splitlines()]


def objects(schema: object) -> Iterator[dict[str, Any]]:
    """Every schema of an object inside a schema."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            yield schema
        for part in schema.values():
            yield from objects(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_every_document_has_a_schema_and_every_schema_a_document() -> None:
    """Whoever reads JSON finds its schema by name, and docs/json.md, made from the same list, has them all."""
    assert sorted(path.name for path in SCHEMAS.iterdir()) == sorted(f"{name}.schema.json" for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_sound_and_closed(name: str) -> None:
    """A schema is valid by draft 2020-12, names its document, and lets no unknown key pass."""
    schema = schema_of(name)
    Draft202012Validator.check_schema(schema)
    assert schema["properties"]["schema"] == {"const": f"calaim.{name}/1"}
    assert next(iter(schema["properties"])) == "schema"
    assert all(one["additionalProperties"] is False for one in objects(schema))
    assert all(set(one["required"]) <= set(one["properties"]) for one in objects(schema))


def test_all_counties_fit(catalog: Policy) -> None:
    """Each of the 58 counties, served or not, split or whole, is a document by the schema."""
    for county in catalog.counties_file.county:
        place = policy.place_named(county.name, catalog)
        assert faults(documents.county_document(place, county.name, catalog)) == []
    assert len(catalog.counties_file.county) == 58


@pytest.mark.parametrize(
    "arguments",
    [
        ("county", "94401"),
        ("counties",),
        ("counties", "--service", "sobering-centers", "--region", "south"),
        ("counties", "--plan", "hpsm"),
        ("counties", "--without", "sobering-centers"),
        ("services",),
        ("services", "--county", "san mateo"),
        ("services", "--county", "modoc"),
        ("programs",),
        ("plan",),
        ("plan", "kp"),
        ("contacts",),
        ("when",),
        ("when", "leaving", "jail"),
        ("questions",),
        ("questions", "ecm"),
        ("questions", "housing"),
        ("data", "sources"),
        ("data", "check", *DAY),
        ("data", "check", "--as-of", "2030-01-01"),
    ],
    ids=" ".join,
)
def test_lookup_fits(run: Run, arguments: tuple[str, ...]) -> None:
    """A list, whole or filtered, is one document by the schema."""
    (document,) = printed(run, *arguments)
    assert faults(document) == []


def test_every_service_and_program_alone_fits(catalog: Policy) -> None:
    """Each service and each program asked for by itself is a document by the schema."""
    county = policy.place_named("kern", catalog).county
    for service in catalog.programs_file.service:
        assert faults(documents.services_document([service], county, catalog)) == []
    for one in policy.kinds(catalog):
        assert faults(documents.programs_document([one], catalog)) == []


def test_every_plan_alone_fits(catalog: Policy) -> None:
    """Each plan, with or without a way to refer, a list of services or a history, is a document by the schema."""
    for plan in catalog.plans.values():
        assert faults(documents.plans_document([plan], catalog)) == []


def test_every_case_fits(run: Run) -> None:
    """The determination of each reviewed case is a document by the schema, one a line."""
    found = printed(run, "check", *CASES, *DAY)
    assert len(found) == len(CASES)
    assert [faults(document) for document in found] == [[]] * len(found)


def test_determination_with_warnings_fits(run: Run, write_case: WriteCase) -> None:
    """Doubts about a case that was decided are in its document, by the schema."""
    ran = run("check", write_case({"member.zip": "94601"}), "--json", *DAY)
    document = json.loads(ran.out)
    assert [warning["code"] for warning in document["warnings"]] == ["zip-county"]
    assert faults(document) == []


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "show"])
@pytest.mark.parametrize("content", [None, PROFILE], ids=["absent", "given"])
def test_profile_fits(run: Run, write_profile: WriteProfile, content: str | None, alone: bool) -> None:
    """The referrer's own details are a document by the schema, also before there are any."""
    if content:
        write_profile(content)
    (document,) = printed(run, "profile", *([] if alone else ["show"]))
    assert (document["network_lead_entity"] is None) is (content is None)
    assert faults(document) == []


def test_expectations_fit(run: Run, write_case: WriteCase) -> None:
    """What differs from expectations is listed by the schema; that nothing differs, too."""
    (agreed,) = printed(run, "check", *CASES, "--expect", *DAY)
    assert faults(agreed) == []
    (differs,) = printed(run, "check", write_case({"expect.ecm": "unlikely"}), "--expect", *DAY, code=4)
    assert len(differs["differences"]) == 1
    assert faults(differs) == []


SUPPORTS = {"referral.program": "cs", "referral.services": ["day_habilitation", "asthma_remediation"]}
SOUTH = {"member.county": "San Diego", "member.zip": "92101", "member.city": "San Diego"}


@pytest.mark.parametrize(
    "changes",
    [{}, SUPPORTS, {"referral.program": "chw"}, SOUTH, {"consent.part2": None}],
    ids=["ecm", "cs", "chw", "south", "warned"],
)
def test_draft_fits(run: Run, write_case: WriteCase, changes: dict[str, Any]) -> None:
    """A draft to Kaiser Permanente is a document by the schema, for each program and region."""
    (document,) = printed(run, "refer", write_case(changes), *DAY)
    assert faults(document) == []


def test_decision_of_another_plan_fits(run: Run, write_case: WriteCase) -> None:
    """A known plan and where its referrals go are in the document by the schema; a plan not known is null there."""
    (document,) = printed(run, "check", write_case({"member.plan": "hpsm", "member.kp_member": None}), *DAY)
    assert document["plan"] == "hpsm"
    assert {one["program"] for one in document["send"]} == {"ecm", "cs", "chw"}
    assert faults(document) == []
    (unknown,) = printed(run, "check", write_case({"member.kp_member": None}), *DAY)
    assert (unknown["plan"], unknown["send"]) == (None, [])
    assert faults(unknown) == []


def test_sheet_fits(run: Run, write_case: WriteCase) -> None:
    """A sheet for a plan without a mailbox has no recipient and no subject, and is a document by the schema."""
    changes = {"member.plan": "hpsm", "member.kp_member": None, "member.mrn": None, "member.cin": "91234567A"}
    (document,) = printed(run, "refer", write_case(changes), *DAY)
    assert (document["route"]["kind"], document["to"], document["subject"]) == ("sheet", [], None)
    assert faults(document) == []


def test_draft_to_a_lead_entity_fits(run: Run, write_case: WriteCase, write_profile: WriteProfile) -> None:
    """A referral to the referrer's own organization is a document by the schema."""
    write_profile(PROFILE)
    (document,) = printed(run, "refer", write_case({"referral.self_referral": True}), *DAY)
    assert document["route"]["kind"] == "network-lead-entity"
    assert faults(document) == []


def test_data_diff_fits(run: Run, data_copy: Path, write_case: WriteCase) -> None:
    """What changed between two data folders, and for whom, is a document by the schema."""
    programs = data_copy / "programs.toml"
    text = programs.read_text("utf-8")
    start = text.index('id = "five_ed_visits_6_months"')
    end = text.index("source =", start)
    changed = re.sub(r"\b5\b", "6", text[start:end])
    programs.write_text(text[:start] + changed + text[end:], encoding="utf-8")
    (document,) = printed(run, "data", "diff", ROOT / "data", data_copy, write_case(), *DAY)
    assert document["changes"]
    assert document["cases"]
    assert faults(document) == []


@pytest.mark.parametrize("kind", [CalaimError, *CalaimError.__subclasses__()], ids=lambda kind: kind.__name__)
def test_every_class_of_error_fits(kind: type[CalaimError]) -> None:
    """An error of each class, with problems or without, is a document by the schema."""
    assert faults(documents.error_document(kind("what: where: what next"))) == []
    assert faults(documents.error_document(kind("what", (Problem("where", "code", "what next"),)))) == []


def test_every_error_class_is_known() -> None:
    """No error is a kind of its own outside the family that the tests go through."""
    family = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, CalaimError)}
    assert family == {CalaimError, *CalaimError.__subclasses__()}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("conty",), 2), (("check", "absent.toml"), 4), (("county", "sb"), 5), (("county", "94303"), 5)],
    ids=["usage", "input", "ambiguous", "several"],
)
def test_printed_error_fits(run: Run, arguments: tuple[str, ...], code: int) -> None:
    """What a failing command prints on standard error is a document by the schema."""
    (document,) = printed(run, *arguments, code=code)
    assert document["schema"] == "calaim.error/1"
    assert faults(document) == []


@pytest.mark.parametrize("dry", [(), ("--dry-run",)], ids=["written", "dry run"])
def test_batch_summary_fits(run: Run, tmp_path: Path, write_profile: WriteProfile, dry: tuple[str, ...]) -> None:
    """The counts of a batch are a document by the schema, whether drafts are written or not."""
    write_profile(PROFILE)
    rows = ROOT / "examples" / "members.csv"
    (summary,) = printed(run, "batch", rows, "--out", tmp_path / "drafts", *DAY, *dry)
    assert summary["rows"] == 3
    assert faults(summary) == []


def test_screen_summary_fits(run: Run, tmp_path: Path) -> None:
    """What became of a table of members is a document by the schema."""
    (summary,) = printed(run, "screen", ROOT / "examples" / "members.csv", "--out", tmp_path / "screened.csv", *DAY)
    assert summary["rows"] == 3
    assert faults(summary) == []
    panel = ROOT / "examples" / "panel.csv"
    shown = [
        printed(run, "screen", panel, one, "--program", "homelessness", *DAY)[0] for one in ("--counts", "--settle")
    ]
    assert (shown[0]["out"], shown[0]["counts"]["members"], len(shown[1]["settle"]) > 0) == (None, 200, True)
    assert [faults(one) for one in shown] == [[], []]


def following(step: Step, _: Story) -> Step:
    """The step, whatever the story."""
    return step


def test_referrals_fit(run: Run, tmp_path: Path, catalog: Policy) -> None:
    """Referrals with each status, clock and detail are a document by the schema, and so is an empty list."""
    path, sent = tmp_path / "l", Step("sent", AS_OF)
    lasts = [sent, *(Step(one, AS_OF, until=AS_OF) for one in catalog.follow_up_file.statuses)]
    for sign, last in zip("CDFHJKMNPR", (*lasts, Step("closed", AS_OF, "other")), strict=False):
        reference, begun = f"CCCC3{sign}", (Step("drafted", AS_OF),)
        label, urgent = ("A-17", True) if sign > "H" else ("", False)
        ledger.add(path, [Story(reference, label, "kp", "ecm", (), "kp-north-email", urgent, begun)])
        for step in (sent, last):
            ledger.change(path, [reference], partial(following, step))
    for words in (("--all",), ("--plan", "hpsm")):
        (document,) = printed(run, "referrals", *words, "--log", path, "--as-of", "2027-06-01")
        assert faults(document) == []
        assert bool(document["referrals"]) is (words == ("--all",))


def test_input_schemas_are_current() -> None:
    """The schemas of what people write say what the tables of fields and questions say."""
    for name in shapes.MADE:
        assert (SCHEMAS / f"{name}.schema.json").read_text("utf-8") == shapes.text_of(name)


def test_input_schemas_know_every_key(catalog: Policy) -> None:
    """Each key of a case and of a profile, each question and each result is in its schema."""
    case, profile = (schema_of(name)["properties"] for name in ("case", "profile"))
    assert [*case] == ["schema", *Case.__struct_fields__]
    assert [*profile] == ["schema", *Profile.__struct_fields__]
    for properties, parts in ((case, PARTS), (profile, PROFILE_PARTS)):
        for part, shape in parts.items():
            assert {*properties[part]["properties"]} == {*shape.__struct_fields__}, part
    assert [*case["answers"]["properties"]] == [*catalog.answerable]


@pytest.mark.parametrize("path", [*CASES, ROOT / "examples" / "case.toml"], ids=lambda path: path.name)
def test_case_file_fits(path: Path) -> None:
    """Every reviewed case is one by the schema of cases, and no longer with a key that no case has."""
    document = json.loads(json.dumps(tomllib.loads(path.read_text("utf-8")), default=str))
    validator = Draft202012Validator(schema_of("case"))
    assert [error.message for error in validator.iter_errors(document)] == []
    document["answers"]["no_such_question"] = True
    assert not validator.is_valid(document)


def test_complete_case_and_profile_fit() -> None:
    """A case with all tables, and a profile as a file, are as their schemas say."""
    assert [*Draft202012Validator(schema_of("case")).iter_errors(COMPLETE)] == []
    assert [*Draft202012Validator(schema_of("profile")).iter_errors(tomllib.loads(PROFILE))] == []


def test_printed_profile_has_every_key(run: Run) -> None:
    """A file may leave keys out, the printed document never does: what is not given is null."""
    (document,) = printed(run, "profile", "show")
    schema = schema_of("profile")
    assert [*document] == [*schema["properties"]]
    for part in ("referrer", "secure_email"):
        assert [*document[part]] == [*schema["properties"][part]["properties"]]
