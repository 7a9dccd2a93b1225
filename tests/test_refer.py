"""The command `refer`: from a case file to a draft in the format wanted, written where asked, and never sent."""

from __future__ import annotations

import json
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from msgspec.structs import replace

from calaim_cli.base.errors import OutputRefused, UsageError
from calaim_cli.case.case import Case, Profile, Referral, Referrer, SecureEmail
from calaim_cli.case.casefile import profile_bytes
from calaim_cli.draft.draft import LONGEST_LINK, as_mailto, asked_for, format_for
from calaim_cli.draft.formats import Format
from calaim_cli.draft.message import Draft
from conftest import ROOT, Run, WriteCase, WriteProfile, is_private
from sheets import row, sheet

DAY = ("--as-of", "2026-11-22")
PROFILE = """\
schema = "calaim.profile/1"
[referrer]
name = "Pat Profile"
email = "profile@clinic.example.org"
[network_lead_entity]
name = "Example Lead Entity"
email = "referrals@nle.example.org"
"""


@pytest.fixture
def profile(write_profile: WriteProfile) -> Path:
    """A profile with a Network Lead Entity."""
    return write_profile(PROFILE)


@pytest.mark.parametrize(
    ("given", "program", "services", "wanted"),
    [
        pytest.param(Referral(program="ecm"), None, [], ("ecm", ()), id="as the case says"),
        pytest.param(Referral(program="ecm"), "chw", [], ("chw", ()), id="another program"),
        pytest.param(Referral(program="cs", services=("respite",)), "ecm", [], ("ecm", ()), id="services fall away"),
        pytest.param(Referral(program="cs", services=("respite",)), "cs", [], ("cs", ("respite",)), id="services stay"),
        pytest.param(Referral(program="cs", services=("respite",)), "CS", [], ("cs", ("respite",)), id="in capitals"),
        pytest.param(Referral(program="ecm"), None, ["respite"], ("cs", ("respite",)), id="a service means cs"),
        pytest.param(
            Referral(program="cs", services=("respite",)),
            "cs",
            ["day_habilitation"],
            ("cs", ("day_habilitation",)),
            id="other services",
        ),
    ],
)
def test_command_line_wins_over_the_case(
    given: Referral, program: str | None, services: list[str], wanted: tuple[str, tuple[str, ...]]
) -> None:
    """What the command line asks for replaces what the case says, and nothing of the old request remains."""
    referral = asked_for(Case(referral=given), program, services, own=False).referral
    assert (referral.program, referral.services) == wanted


@pytest.mark.parametrize(("in_case", "option"), [(True, False), (False, True)])
def test_own_organization_is_said_in_the_case_or_by_option(in_case: bool, option: bool) -> None:
    """Either the case or the option makes it a referral to the referrer's own organization."""
    case = Case(referral=Referral(self_referral=in_case))
    assert asked_for(case, None, [], own=option).referral.self_referral


@pytest.mark.parametrize(
    ("wanted", "out", "result"),
    [
        pytest.param(None, None, Format.TEXT, id="text by default"),
        pytest.param(None, "x.eml", Format.EML, id="eml"),
        pytest.param(None, "x.TXT", Format.TEXT, id="txt in capitals"),
        pytest.param(None, "x.json", Format.JSON, id="json"),
        pytest.param(Format.EML, None, Format.EML, id="option alone"),
        pytest.param(Format.JSON, "x.out", Format.JSON, id="option for an unknown ending"),
    ],
)
def test_ending_or_option_names_the_format(wanted: Format | None, out: str | None, result: Format) -> None:
    """The file name's extension chooses the format; an option does if the extension does not."""
    assert format_for(wanted, Path(out) if out else None) is result


@pytest.mark.parametrize("out", ["x", "x.doc", "x.eml.bak"])
def test_unknown_ending_is_refused(out: str) -> None:
    """A file name whose extension names no format gets a question, not a guess."""
    with pytest.raises(UsageError, match=r"\.eml"):
        format_for(None, Path(out))


def test_text_is_ready_for_copying(run: Run, write_case: WriteCase) -> None:
    """On stdout the draft is recipient, subject, an empty line and the body; stderr says nothing was sent."""
    ran = run("refer", write_case(), *DAY)
    assert ran.code == 0
    assert ran.out.startswith("To: REGMCDURNS-KPNC@kp.org\nSubject: ECM Referral\n\nMEDI-CAL REFERRAL")
    assert "Nothing has been sent." in ran.err
    assert "Nothing has been sent." not in ran.out


def test_all_formats_hold_the_same_draft(run: Run, write_case: WriteCase) -> None:
    """Text, message and JSON of one case have the same recipient, subject and body."""
    case = write_case({"member.first_name": "Trần", "referral.notes": "one\n\ntwo"})
    text, eml, document = (run("refer", case, *DAY, "--format", form).out for form in ("text", "eml", "json"))
    message = message_from_bytes(eml.encode(), policy=policy.default)
    parsed = json.loads(document)
    body = message.get_content().replace("\r\n", "\n")
    assert text == f"To: {message['To']}\nSubject: {message['Subject']}\n\n{body}"
    assert (parsed["to"], parsed["subject"], parsed["body"]) == ([message["To"]], message["Subject"], body)


@pytest.mark.parametrize("ending", ["eml", "txt", "json"])
def test_draft_is_written_privately(run: Run, write_case: WriteCase, tmp_path: Path, ending: str) -> None:
    """A draft in a file is readable only by its owner, and the screen shows where it is and nothing of it."""
    out = tmp_path / f"draft.{ending}"
    ran = run("refer", write_case(), *DAY, "--out", out)
    assert (ran.code, ran.out) == (0, "")
    assert is_private(out)
    assert f"draft.{ending}: written" in ran.err
    assert "Member" not in ran.err
    assert b"REGMCDURNS-KPNC@kp.org" in out.read_bytes()


@pytest.mark.parametrize(
    "warning", [{"where": "x", "code": "y", "message": "\ud800"}, {"where": 1, "code": "y"}, "x", None]
)
def test_a_json_file_with_other_warnings_than_texts_is_kept(
    run: Run, write_case: WriteCase, tmp_path: Path, warning: object
) -> None:
    """A file that no run of ours wrote is a different file and stays, whatever it has in place of the warnings."""
    out = tmp_path / "draft.json"
    words = ("refer", write_case(), "--out", out, *DAY)
    assert run(*words).code == 0
    edited = json.dumps(json.loads(out.read_bytes()) | {"warnings": [warning]}).encode()
    out.write_bytes(edited)
    assert (run(*words).code, out.read_bytes()) == (6, edited)


def test_a_form_may_have_its_fields_in_other_sections(run: Run, write_case: WriteCase, data_copy: Path) -> None:
    """Wherever the data puts services and urgency, the plan reads them in words."""
    routes = data_copy / "routes.toml"
    text = routes.read_text("utf-8").replace('"referral.services", ', "").replace('"referral.expedited", ', "")
    moved = '"referral.current_supports",\n    "referral.services",\n    "referral.expedited",'
    routes.write_text(text.replace('"referral.current_supports",', moved), "utf-8")
    wanted = {"referral.program": "cs", "referral.services": ["respite", "day_habilitation"]}
    case = write_case(wanted | {"referral.expedited": True, "referral.expedited_why": "discharge tomorrow"})
    body = run("refer", case, "--data", data_copy).out
    assert ": respite, day_habilitation\n" in body
    assert ": yes\n" in body
    assert "True" not in body


def test_path_without_a_name_cannot_be_written(run: Run, write_case: WriteCase) -> None:
    """An option left empty by a script is named as such, and nothing is written."""
    for out in ("", "."):
        ran = run("refer", write_case(), "--format", "eml", "--out", out)
        assert (ran.code, "cannot be written" in ran.err) == (6, True)


def test_file_holds_what_stdout_shows(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """A draft is the same whether printed or written."""
    case, out = write_case(), tmp_path / "draft.txt"
    run("refer", case, *DAY, "--out", out)
    assert out.read_text(encoding="utf-8") == run("refer", case, *DAY).out


def test_rerun_changes_nothing(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """Running the same referral again leaves the file alone and says so."""
    case, out = write_case(), tmp_path / "draft.eml"
    run("refer", case, *DAY, "--out", out)
    before = out.stat()
    ran = run("refer", case, *DAY, "--out", out)
    assert (ran.code, out.stat().st_mtime_ns, out.stat().st_ino) == (0, before.st_mtime_ns, before.st_ino)
    assert "unchanged" in ran.err


def test_other_draft_is_not_overwritten(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """A different draft with the same name is kept; only --force replaces it."""
    out = tmp_path / "draft.eml"
    run("refer", write_case(), *DAY, "--out", out)
    first = out.read_bytes()
    other = write_case({"member.first_name": "Other"})
    refused = run("refer", other, *DAY, "--out", out)
    assert (refused.code, out.read_bytes()) == (6, first)
    assert "--force" in refused.err
    assert run("refer", other, *DAY, "--out", out, "--force").code == 0
    assert out.read_bytes() != first


def test_refused_case_leaves_no_file(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """If a case is refused nothing is written, not even an empty file."""
    out = tmp_path / "draft.eml"
    assert run("refer", write_case({"consent.attested": None}), *DAY, "--out", out).code == 4
    assert not out.exists()


def test_profile_completes_the_referrer(run: Run, write_case: WriteCase, profile: Path) -> None:
    """Referrer details missing from a case come from the profile; those in the case stay."""
    ran = run("refer", write_case({"referrer.name": None}), *DAY)
    assert ran.code == 0
    assert "Referrer's name: Pat Profile" in ran.out
    assert "E-mail: pat@clinic.example.org" in ran.out


def test_own_organization_goes_to_the_profiles_entity(run: Run, write_case: WriteCase, profile: Path) -> None:
    """With --self-referral the draft goes to the profile's Network Lead Entity, and to nobody else."""
    ran = run("refer", write_case(), *DAY, "--self-referral", "--json")
    document = json.loads(ran.out)
    assert (document["to"], document["cc"]) == (["referrals@nle.example.org"], [])
    assert document["route"]["kind"] == "network-lead-entity"
    assert "kp.org" not in ran.out


@pytest.mark.parametrize("address", ["nle", "a@example.org, b@example.org", "a@example.org\nBcc: b@example.org"])
def test_bad_entity_address_makes_no_draft(
    run: Run, write_case: WriteCase, write_profile: WriteProfile, address: str
) -> None:
    """An address in the profile that is not one plain address never gets into a header."""
    write_profile(PROFILE.replace('"referrals@nle.example.org"', json.dumps(address)))
    ran = run("refer", write_case(), *DAY, "--self-referral")
    assert ran.out == ""
    assert ran.code in {4, 6}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        pytest.param({"answers.excluded_programs": ["hospice"]}, "unlikely", id="unlikely"),
        pytest.param({"referral.program": "chw"}, "need-answers", id="answers missing"),
        pytest.param({"answers.age": 30}, "age-differs", id="age against date of birth"),
        pytest.param({"consent.part2": None}, "part2-not-stated", id="Part 2 not stated"),
    ],
)
def test_warning_stands_beside_the_draft(run: Run, write_case: WriteCase, changes: dict[str, Any], code: str) -> None:
    """A doubt does not stop the draft; it is in the JSON document, or on stderr."""
    case = write_case(changes)
    ran = run("refer", case, *DAY, "--json")
    assert (ran.code, ran.err) == (0, "")
    assert code in {warning["code"] for warning in json.loads(ran.out)["warnings"]}
    assert code in run("refer", case, *DAY).err


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"member.county": "Sn Mateo"}, id="a name that finds nothing"),
        pytest.param({"member.kp_member": False}, id="no route"),
        pytest.param({"member.phone": None}, id="a gap"),
        pytest.param({"member.phone": None, "member.zip": "9440"}, id="two gaps"),
    ],
)
def test_refused_case_is_named_once(run: Run, write_case: WriteCase, changes: dict[str, Any]) -> None:
    """A script that refers several cases is told which one it was, and each sentence once."""
    case = write_case(changes)
    ran = run("refer", case, *DAY)
    assert ran.err.startswith(f"calaim: {case}: ")
    assert ran.err.count("case.toml") == 1
    sentences = [line.rpartition(": ")[2] for line in ran.err.splitlines()]
    assert len(sentences) == len(set(sentences))
    assert ran.err.count("not a California county") <= 1


def test_services_option_is_wanted_with_cs(run: Run, write_case: WriteCase) -> None:
    """Asking for Community Supports without saying which gets a helpful message, and exit 4."""
    ran = run("refer", write_case({"referral.program": "cs"}), *DAY, "--program", "cs")
    assert (ran.code, ran.out) == (4, "")
    assert "say which Community Supports: 'calaim services' lists their ids" in ran.err


def test_wrong_answer_makes_no_draft(run: Run, write_case: WriteCase) -> None:
    """Invalid answers stop the draft, and each is named."""
    ran = run("refer", write_case({"answers.ed_visits_6_months": "five", "answers.visits": 1}), *DAY)
    assert (ran.code, ran.out) == (4, "")
    assert "answers.ed_visits_6_months" in ran.err
    assert "answers.visits" in ran.err


def test_profile_never_wins_over_the_case() -> None:
    """The case's own referrer is kept when the command line changes the request."""
    case = Case(referrer=Referrer(name="Pat Example"))
    assert asked_for(case, "ecm", [], own=False).referrer.name == "Pat Example"


@pytest.mark.parametrize("options", [("--format", "text"), ("--format", "eml"), ("--json",)], ids=" ".join)
def test_redact_shows_and_never_writes(
    run: Run, write_case: WriteCase, tmp_path: Path, options: tuple[str, ...]
) -> None:
    """With --redact a draft is only shown, masked, in any format; nothing is written."""
    case = write_case()
    before = sorted(tmp_path.rglob("*"))
    ran = run("refer", case, *DAY, "--redact", *options)
    assert ran.code == 0
    assert "First name: (hidden)" in ran.out
    assert "00012345" not in ran.out
    assert ("Nothing was written, and nothing has been sent." in ran.err) is ("--json" not in options)
    assert sorted(tmp_path.rglob("*")) == before


def test_redact_and_a_file_do_not_go_together(run: Run, write_case: WriteCase, tmp_path: Path) -> None:
    """A masked draft in a file would be mistaken for a real one."""
    out = tmp_path / "draft.eml"
    assert run("refer", write_case(), *DAY, "--redact", "--out", out).code == 2
    assert not out.exists()


def test_link_holds_the_whole_draft() -> None:
    """A short draft as a mailto link decodes to the same recipient, subject and text, with spaces as %20."""
    draft = Draft(to=("intake@example.org",), subject="ECM Referral", body="Name: Trần & Co\n+1 = 2\n")
    link = as_mailto(draft)
    parts = urlsplit(link.rstrip("\n"))
    assert (parts.scheme, unquote(parts.path)) == ("mailto", "intake@example.org")
    assert "+" not in link
    found = {name: unquote(value) for name, _, value in (pair.partition("=") for pair in parts.query.split("&"))}
    assert found == {"subject": "ECM Referral", "body": "Name: Trần & Co\r\n+1 = 2\r\n"}


@pytest.mark.parametrize(("extra", "fits"), [(0, True), (1, False)], ids=["2,000 characters", "2,001 characters"])
def test_link_that_would_be_cut_is_refused(extra: int, fits: bool) -> None:
    """Mail programs silently cut off a link above 2,000 characters: such a link is never given."""
    draft = Draft(to=("intake@example.org",), subject="ECM Referral", body="\n")
    room = LONGEST_LINK - len(as_mailto(draft).rstrip("\n"))
    longer = replace(draft, body="x" * (room + extra) + "\n")
    if fits:
        assert len(as_mailto(longer).rstrip("\n")) == LONGEST_LINK == 2000
    else:
        with pytest.raises(OutputRefused, match="eml"):
            as_mailto(longer)


TAGS = {
    "body": (SecureEmail(secure_tag="body", text="[secure]"), "[secure]\nMEDI-CAL REFERRAL", []),
    "header": (SecureEmail(secure_tag="header", text="yes", header="X-Secure"), "MEDI-CAL REFERRAL", ["X-Secure"]),
    "none": (SecureEmail(), "MEDI-CAL REFERRAL", []),
}


@pytest.mark.parametrize("name", TAGS)
def test_secure_tag_never_touches_the_subject(
    run: Run, write_case: WriteCase, write_profile: WriteProfile, name: str
) -> None:
    """The user's mail gateway finds its tag in the body or in one more header; the plan's subject stays exact."""
    secure, start, more = TAGS[name]
    write_profile(profile_bytes(Profile(secure_email=secure)).decode())
    ran = run("refer", write_case(), *DAY, "--format", "eml")
    assert ran.code == 0, ran.err
    message = message_from_bytes(ran.out.encode(), policy=policy.default)
    usual = ["X-Unsent", "To", "Subject", "Content-Type", "Content-Transfer-Encoding", "MIME-Version"]
    assert sorted(message.keys()) == sorted([*usual, *more])
    assert message["Subject"] == "ECM Referral"
    assert message.get_content().replace("\r\n", "\n").startswith(start)


@pytest.mark.parametrize(
    ("changes", "code", "known"),
    [
        pytest.param({"member.county": "Sn Mateo"}, 5, "unknown-place", id="a name alone"),
        pytest.param({"member.county": "SB"}, 5, "ambiguous-place", id="ambiguous"),
        pytest.param({"referral.program": "emc"}, 5, "unknown-program", id="program"),
        pytest.param({"member.county": "Sn Mateo", "referral.program": "emc"}, 5, "", id="two names"),
        pytest.param({"member.county": "Sn Mateo", "member.phone": None}, 4, "invalid-input", id="a name and a gap"),
        pytest.param({"member.county": "Sn Mateo", "answers.age": "x"}, 4, "invalid-input", id="a name and an answer"),
    ],
)
def test_name_that_finds_nothing_is_not_found(
    run: Run, write_case: WriteCase, changes: dict[str, Any], code: int, known: str
) -> None:
    """Names that are not found end with 5; with any other problem the case is invalid, and 4 says so."""
    ran = run("refer", write_case(changes), *DAY, "--json")
    assert (ran.code, ran.out) == (code, "")
    document = json.loads(ran.err)
    assert document["code"] == (known or document["problems"][0]["code"])


RESPITE = {"referral.program": "cs", "referral.services": ["respite"]}


@pytest.mark.parametrize(
    ("changes", "words", "code"),
    [
        pytest.param({}, ["--program", "ecm"], 0, id="the same program"),
        pytest.param({}, ["--program", "ECM"], 0, id="the same in capitals"),
        pytest.param({}, ["--program", "chw"], 4, id="another program"),
        pytest.param({}, ["--service", "respite"], 4, id="a service in place of a program"),
        pytest.param({"referral.program": None}, ["--program", "ecm"], 4, id="a case without a program"),
        pytest.param(RESPITE, ["--service", "respite"], 0, id="the same service"),
        pytest.param(RESPITE, ["--service", "Respite-Services"], 0, id="the same by its alias"),
        pytest.param(RESPITE, ["--service", "day_habilitation"], 4, id="another service"),
        pytest.param(RESPITE, ["--service", "respite", "--service", "day_habilitation"], 4, id="one service more"),
        pytest.param(RESPITE, ["--program", "ecm"], 4, id="a program in place of a service"),
    ],
)
@pytest.mark.parametrize("way", [(), ("--json",), ("--redact",), ("--format", "eml")], ids=str)
def test_consent_counts_for_what_the_case_asks_for_alone(
    run: Run, write_case: WriteCase, changes: dict[str, Any], words: list[str], code: int, way: tuple[str, ...]
) -> None:
    """No draft says that the member agreed to something that her case does not ask for."""
    ran = run("refer", write_case(changes), *DAY, *words, *way)
    assert ran.code == code
    assert ("consent-for-another" in ran.err) is (code == 4)
    assert bool(ran.out) is (code == 0)


@pytest.fixture
def other_mailbox(data_copy: Path) -> Path:
    """A data folder whose mailbox for the north is another one."""
    text = (ROOT / "data" / "routes.toml").read_text("utf-8")
    (data_copy / "routes.toml").write_text(
        text.replace("REGMCDURNS-KPNC@kp.org", "north@example.org"), encoding="utf-8"
    )
    return data_copy


@pytest.mark.parametrize("by", ["option", "variable"])
def test_mailbox_of_own_data_is_pointed_out(
    run: Run, write_case: WriteCase, other_mailbox: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """A draft that goes somewhere other than the built-in data says is written, but never without a warning."""
    if by == "variable":
        monkeypatch.setenv("CALAIM_DATA", str(other_mailbox))
    ran = run("refer", write_case(), *DAY, *(("--data", other_mailbox) if by == "option" else ()))
    assert ran.code == 0
    assert ran.out.startswith("To: north@example.org\n")
    assert 'calaim: warning: route "kp-north-email": own-mailbox: comes from your own data' in ran.err


def test_mailboxes_of_own_data_are_pointed_out_before_a_batch(run: Run, tmp_path: Path, other_mailbox: Path) -> None:
    """Ten thousand drafts to a mailbox other than the built-in one never come without a warning."""
    source = tmp_path / "rows.csv"
    source.write_bytes(sheet([row(1)]))
    ran = run("batch", source, "--out", tmp_path / "out", *DAY, "--data", other_mailbox)
    assert ran.code == 0
    assert ran.err.count("own-mailbox") == 1


@pytest.mark.parametrize("folder", ["same mailbox", "other region"])
def test_usual_mailbox_needs_no_word(
    run: Run, write_case: WriteCase, tmp_path: Path, request: pytest.FixtureRequest, folder: str
) -> None:
    """A copy of the data with the same mailbox, or another one for an unused region, gives no warning."""
    own = request.getfixturevalue("other_mailbox" if folder == "other region" else "data_copy")
    case = write_case({"member.county": "San Diego", "member.zip": "92101", "member.city": "San Diego"})
    ran = run("refer", case, *DAY, "--data", own, "--out", tmp_path / "draft.eml")
    assert ran.code == 0
    assert "own-mailbox" not in ran.err


@pytest.mark.parametrize("moved", ["regions of the mailboxes", "region of the county"])
def test_member_who_goes_elsewhere_by_own_data_is_pointed_out(
    run: Run, write_case: WriteCase, data_copy: Path, moved: str
) -> None:
    """A known mailbox is wrong if your own data sends a county's members to another region's."""
    routes, counties = (data_copy / name for name in ("routes.toml", "counties.toml"))
    if moved == "region of the county":
        text = counties.read_text("utf-8")
        head, name, rest = text.partition('name = "San Mateo"')
        counties.write_text(head + name + rest.replace('region = "north"', 'region = "south"', 1), "utf-8")
    else:
        text = routes.read_text("utf-8")
        swapped = text.replace('region = "north"', "REGION").replace('region = "south"', 'region = "north"')
        routes.write_text(swapped.replace("REGION", 'region = "south"'), "utf-8")
    ran = run("refer", write_case(), *DAY, "--data", data_copy)
    assert ran.code == 0
    assert ran.out.startswith("To: RegCareCoordCaseMgmt@kp.org\n")
    assert "own-mailbox" in ran.err


def test_mailbox_of_a_plan_with_regions_has_one(run: Run, data_copy: Path) -> None:
    """A mailbox that lost its region would take every member of the plan: the data is refused."""
    path = data_copy / "routes.toml"
    head, name, rest = path.read_text("utf-8").partition('id = "kp-north-email"')
    path.write_text(head + name + rest.replace('region = "north"\n', "", 1), "utf-8")
    ran = run("data", "check", "--data", data_copy, *DAY)
    assert ran.code == 4
    assert 'route "kp-north-email": region: region: this plan has routes by region' in ran.err
