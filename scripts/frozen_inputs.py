"""The invented inputs of the frozen runs: cases, spreadsheets, profiles and changed data, written into a folder."""

from __future__ import annotations

import copy
import csv
import io
import random
import shutil
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import tomli_w

ROOT: Final = Path(__file__).parents[1]
DATA: Final[dict[str, Any]] = {
    name: tomllib.loads((ROOT / "data" / f"{name}.toml").read_text("utf-8"))
    for name in ("programs", "counties", "routes")
}
COUNTIES: Final[tuple[str, ...]] = tuple(one["name"] for one in DATA["counties"]["county"])
SERVICES: Final[tuple[str, ...]] = tuple(one["id"] for one in DATA["programs"]["service"])
PROGRAMS: Final[tuple[str, ...]] = tuple(
    one["id"] for kind in ("program", "population", "service") for one in DATA["programs"][kind]
)
PLANS: Final[tuple[str, ...]] = tuple(one["id"] for one in DATA["counties"]["plan"])
ZIPS: Final = tuple(
    line.partition(",")[0] for line in (ROOT / "data" / "zips.csv").read_text("utf-8").splitlines()[1::90]
)

Row = dict[str, str]

REFERRER: Final[Row] = {
    "referrer_name": "Pat Example",
    "referrer_organization": "Example Clinic",
    "referrer_npi": "1234567893",
    "referrer_address": "2 Example Ave, Oakland, CA 94601",
    "referrer_phone": "510-555-0100",
    "referrer_email": "pat@clinic.example.org",
    "referrer_relationship": "medical_provider",
    "referrer_source": "other_health_care_provider",
}
ROW: Final[Row] = {
    "program": "ecm",
    "services": "",
    "county": "San Mateo",
    "zip": "94401",
    "self_referral": "",
    "kp_member": "yes",
    "first_name": "Test",
    "middle_name": "",
    "last_name": "Member",
    "date_of_birth": "1980-03-04",
    "phone": "415-555-0123",
    "address": "1 Example St",
    "city": "San Mateo",
    "mrn": "00012345",
    "cin": "",
    "email": "",
    "preferred_language": "",
    "caregiver_name": "",
    "caregiver_contact": "",
    **REFERRER,
    "current_services": "none",
    "notes": "",
    "member_agreed": "yes",
    "attested": "yes",
    "part2": "no",
    "part2_consent": "",
}
"""A complete row, with every column of the template."""
PLACES: Final = (
    ("San Mateo", "94401", "San Mateo"),
    ("Alameda", "94601", "Oakland"),
    ("Los Angeles", "90001", "Los Angeles"),
    ("San Diego", "92101", "San Diego"),
)
HARD: Final = (
    ("Trần Thị Ánh", "1 Example Street, Apartment 12, Building C, behind the blue gate", 'Says "hello",\nthen waits.'),
    ("Núñez-O\u2019Higgins", "=1+1", "From here on, call.\n.\nFrom there not."),
    ("فاطمة الزهراء", "2 Example St # 4", "Prefers فارسی\r\nand calls after 3; not before, please."),
    ("王小明", "王" * 60, "word " * 60),
    ("علی‌رضا", "4 Example St; rear", "a" * 150),
    ("Анна-Мария", "5 Example St", "=?utf-8?q?ok=0D=0ABcc:_x@example.org?="),
    ("김민준", "6 Example St Apt 5", "\n\nFirst and last line empty\n\n"),
    ("O'Example, Jr.", "7 Example St\tRear", "Has depression and diabetes; was in rehab."),
    ("Tra\u0302\u0300n", "8 Example St   ", "ends in blanks   \nand = signs =3D=20\n"),
)
BAD: Final[tuple[Mapping[str, str], ...]] = (
    {"first_name": ""},
    {"last_name": "Exam\x07ple"},
    {"first_name": "x" * 101},
    {"address": "1 Example\nSt"},
    {"address": "x" * 201},
    {"date_of_birth": "03/04/80"},
    {"date_of_birth": "29284"},
    {"date_of_birth": "4 March 1980"},
    {"date_of_birth": "1980-02-30"},
    {"date_of_birth": "2027-01-01"},
    {"phone": "911"},
    {"phone": "4155550123 ext. 12"},
    {"zip": "2139"},
    {"zip": "92101"},
    {"mrn": "9.12E+09"},
    {"mrn": "12"},
    {"mrn": ""},
    {"cin": "123-45-6789"},
    {"cin": "A1234567A"},
    {"email": "a@b"},
    {"county": "Atlantis"},
    {"county": "sb"},
    {"county": "Alpine", "zip": ""},
    {"county": "Placer", "zip": ""},
    {"kp_member": "no"},
    {"kp_member": ""},
    {"self_referral": "yes"},
    {"program": "ecmm"},
    {"program": ""},
    {"program": "cs"},
    {"program": "cs", "services": "castle"},
    {"program": "cs", "services": "recuperative_care"},
    {"program": "cs", "services": "sobering_centers"},
    {"services": "respite"},
    {"referrer_npi": "1234567890"},
    {"referrer_source": "nobody"},
    {"referrer_relationship": "other"},
    {"current_services": ""},
    {"current_services": "none;ecm"},
    {"member_agreed": "no"},
    {"member_agreed": ""},
    {"attested": "maybe"},
    {"part2": "yes"},
    {"part2": "", "notes": "Was in a substance use program."},
    {"first_name": "Pat\ufffdExample"},
    {"caregiver_name": "Pat\u202egnp.exe"},
    {"mrn": "10000001"},
    {"phone": "911", "zip": "x", "county": "Atlantis", "member_agreed": "no"},
)
"""What is changed in rows that are refused, or let through with a warning."""
ELSEWHERE: Final[Row] = {"kp_member": "", "mrn": "", "cin": "91234567A"}
OF_PLANS: Final[tuple[Row, ...]] = (
    {"plan": "kp", "kp_member": ""},
    {"plan": "Health Plan of San Mateo", **ELSEWHERE, "cin": "91234568A"},
    {"plan": "hpsm", **ELSEWHERE, "program": "chw"},
    {"plan": "molina", **ELSEWHERE, "county": "Riverside", "zip": ""},
    {"plan": "alliance", **ELSEWHERE},
    {"plan": "unknown", **ELSEWHERE},
    {"plan": "hpsm"},
    {"plan": "kp", "kp_member": "", "mrn": "00012399", "county": "Tulare", "zip": "93274", "kp_region": "north"},
    {"plan": "kp", "kp_member": "", "mrn": "00012400", "kp_region": "south"},
)
"""What is changed in rows of members of several plans."""
SECURE: Final = '[secure_email]\nsecure_tag = "{}"\ntext = "[secure]"\nheader = "X-Secure"\n'
FIVE = """
text = "Had 5 or more emergency visits in the last 6 months"
brief = "5 or more ER visits in 6 months"
letter = "Had {answer} emergency visits in the last 6 months; the threshold is 5"
question = "ed_visits_6_months"
at_least = 5
"""[1:]
"""A criterion with its number in the words, as the data have it."""
EDITS: Final = {
    "my-county": ("counties", 'plans = ["aah"]', 'plans = ["aah", "anthem"]'),
    "my-mailbox": ("routes", 'address = "REGMCDURNS-KPNC@kp.org"', 'address = "north@kp.example.org"'),
    "bad-mailbox": ("routes", 'address = "REGMCDURNS-KPNC@kp.org"', 'address = "REGMCDURNS-KPNC @kp.org"'),
    "no-such-plan": ("counties", 'plans = ["aah"]', 'plans = ["ahh"]'),
    "wrong-key": ("counties", 'plans = ["aah"]', 'plan = ["aah"]'),
    "no-quotes": ("counties", 'fips = "06001"', "fips = 06001"),
    "no-toml": ("counties", 'fips = "06001"', 'fips = "06001'),
    "six-visits": ("programs", FIVE, FIVE.replace("5", "6")),
    "no-question": ("programs", 'id = "age"\n', 'id = "years"\n'),
    "twice": ("programs", 'id = "respite"\n', 'id = "day_habilitation"\n'),
}
"""Folders of changed data: the file, what stands there first, and what is put in its place."""


def write_inputs(folder: Path) -> None:
    """Write everything that the runs read."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(ROOT / "tests" / "cases", folder / "cases")
    for name in ("data", *EDITS):
        shutil.copytree(ROOT / "data", folder / name)
    for name, (file, old, new) in EDITS.items():
        path = folder / name / f"{file}.toml"
        text = path.read_text("utf-8")
        if old not in text:
            raise LookupError(f"{name}: {file}.toml does not have {old!r}")
        path.write_text(text.replace(old, new, 1), "utf-8")
    for name in ("empty", "out/git/.git", "referrals", "sheets"):
        (folder / name).mkdir(parents=True)
    (folder / "out" / "open").mkdir(mode=0o755)
    for place, content in (*_profiles(), *_broken(), *_referrals(), *_sheets()):
        (folder / place).write_bytes(content if isinstance(content, bytes) else content.encode())


def _profiles() -> Iterator[tuple[str, str]]:
    text = (ROOT / "examples" / "profile.toml").read_text("utf-8")
    yield "profile.toml", text
    yield "body.toml", text + SECURE.format("body")
    yield "header.toml", text + SECURE.format("header")
    yield "bad-profile.toml", text.replace("@nle", "@@nle") + SECURE.format("subject") + "[extra]\n"
    yield "no-lead.toml", text.partition("[network_lead_entity]")[0]


def _broken() -> Iterator[tuple[str, str | bytes]]:
    case = (ROOT / "examples" / "case.toml").read_text("utf-8")
    yield "broken.toml", case.replace('"Test"', '"Test')
    yield "blank.toml", ""
    yield "latin.toml", case.replace('"Test"', '"José"').encode("cp1252")
    yield "bom.toml", b"\xef\xbb\xbf" + case.replace("\n", "\r\n").encode()
    yield "schema.toml", case.replace("case/1", "case/9")
    wrong = ("first_name = ", "fist_name = "), ("kp_member = true", 'kp_member = "perhaps"'), ("= 5\n", '= "five"\n')
    for old, new in wrong:
        case = case.replace(old, new)
    yield "wrong.toml", case + 'no_such_question = true\nage = 300\nihss_status = "gone"\n[more]\n'
    yield "expects.toml", '[answers]\nage = 30\n[expect]\necm = "likely"\necmm = "likely"\ncs = "surely"\n'
    yield "differs.toml", '[answers]\nage = 30\n[expect]\necm = "likely"\nccs = "unlikely"\n'


SOUTH: Final = {"member.county": "San Diego", "member.city": "San Diego", "member.zip": "92101"}
NORTH: Final = {"member.county": "Alameda", "member.city": "Oakland", "member.zip": "94601"}
PLAN: Final = {"managed_care": True, "excluded_programs": ["none"], "choose_one_programs": ["none"]}
WHOLE: Final = {
    "member.first_name": "Fatima",
    "member.middle_name": "A",
    "member.last_name": "Trần",
    "member.email": "member@example.org",
    "member.cin": "91234567A",
    "member.preferred_language": "فارسی",
    "member.caregiver_name": "Sam Example",
    "member.caregiver_contact": "sam@example.org",
    "referrer.relationship": "other",
    "referrer.relationship_detail": "Housing navigator",
    "referrer.source": "ecm_chw_cs_vendor",
    "referrer.source_detail": "Partners in Care",
    "referral.current_services": ["ecm", "community_supports"],
    "referral.notes": "Please call after 3 p.m.\n\nThe member is best reached through the caregiver.",
}
OTHER: Final = {
    "member.plan": "hpsm",
    "member.kp_member": None,
    "member.mrn": None,
    "member.cin": "91234567A",
    "consent.attested": None,
}
TULARE: Final = {"member.county": "Tulare", "member.city": "Tulare", "member.zip": "93274"}
REFERRALS: Final[dict[str, dict[str, Any]]] = {
    "ecm-north": {},
    "ecm-south": {**SOUTH, "answers": PLAN, "consent.part2": None},
    "ecm-whole": WHOLE,
    "ecm-no-answers": {"answers": None},
    "ecm-mental-health": {
        "consent.part2": True,
        "consent.part2_consent": True,
        "answers": {
            **PLAN,
            "smhs_dmc_criteria": True,
            "complex_social_factor": True,
            "high_risk_institution_overdose_suicide": True,
        },
    },
    "ecm-unlikely": {"answers.housing": ["none"], "answers.ed_visits_6_months": 0},
    "ecm-in-hospice": {"answers.excluded_programs": ["hospice"]},
    "ecm-by-zip": {"member.county": None},
    "ecm-other-zip": {"member.zip": "92101"},
    "ecm-split-county": {"member.county": "Placer", "member.zip": "95603"},
    "chw-north": {
        "referral.program": "chw",
        "referral.notes": "Challenge: finding a doctor near home. Health goal: a first visit in January.",
        "answers": {**PLAN, "chw_triggers": ["chronic_condition"], "current_services": ["none"]},
    },
    "chw-south-no-notes": {**SOUTH, "referral.program": "chw"},
    "cs-several": {
        **WHOLE,
        "referral.program": "cs",
        "referral.services": ["assisted_living_transitions", "medically_tailored_meals", "housing_deposits"],
        "answers": {**PLAN, "nursing_facility_days": 90, "nutrition_sensitive_condition": True},
    },
    "cs-in-words": {**NORTH, "referral.program": "cs", "referral.services": ["Respite", "asthma remediation"]},
    "cs-hours": {
        **SOUTH,
        "referral.program": "cs",
        "referral.services": ["respite"],
        "answers": {**PLAN, "caregiver_dependent": True, "respite_hours_used": 40},
    },
    "cs-not-offered": {"referral.program": "cs", "referral.services": ["recuperative_care"]},
    "cs-none": {"referral.program": "cs"},
    "cs-unknown": {"referral.program": "cs", "referral.services": ["castle"]},
    "self-referral": {
        "referral.self_referral": True,
        **{f"referrer.{key}": None for key in ("name", "organization", "npi", "address", "phone", "email")},
    },
    "from-profile": {"referrer": None},
    "not-kp": {"member.kp_member": False},
    "kp-unknown": {"member.kp_member": None},
    "sheet": OTHER,
    "sheet-cs": {**OTHER, "referral.program": "cs", "referral.services": ["respite"]},
    "sheet-part2": {**OTHER, "consent.part2": True, "consent.part2_consent": True},
    "sheet-to-ask": {**OTHER, "referral.program": "chw"},
    "no-route": {**OTHER, "member.plan": "molina", "member.county": "Riverside", "member.zip": None},
    "plan-by-name": {"member.plan": "Kaiser Permanente", "member.kp_member": None},
    "plan-in-part": {**OTHER, "member.plan": "alliance"},
    "plan-unknown": {**OTHER, "member.plan": "unknown"},
    "plan-elsewhere": {**OTHER, "member.county": "Alpine", "member.zip": None},
    "plan-conflict": {"member.plan": "hpsm"},
    "plan-and-mrn": {**OTHER, "member.mrn": "00012345"},
    "region-on-card": {**TULARE, "member.kp_region": "north"},
    "no-region": TULARE,
    "region-conflict": {"member.kp_region": "south"},
    "not-served": {"member.county": "Alpine", "member.zip": None},
    "no-place": {"member.county": None, "member.zip": None},
    "two-places": {"member.county": "sb"},
    "not-agreed": {"consent.member_agreed": False},
    "no-consent": {"consent": None},
    "no-part2": {"consent.part2": None, "referral.notes": "Goes to a methadone clinic."},
    "part2-alone": {"consent.part2": True},
    "bad-member": {
        "member.first_name": "Pat\u202egnp",
        "member.date_of_birth": "03/04/80",
        "member.phone": "911",
        "member.mrn": "12",
        "member.email": "a@b",
        "member.address": "x" * 201,
    },
    "bad-referrer": {
        "referrer.npi": "1234567890",
        "referrer.email": "pat",
        "referrer.source": "nobody",
        "referrer.relationship": "other",
    },
    "unicode": {
        "member.first_name": "王小明",
        "member.last_name": "Núñez-O\u2019Higgins",
        "referral.notes": HARD[2][2],
    },
    "long-notes": {"referral.notes": "word " * 300},
    "too-long-notes": {"referral.notes": "word " * 3000},
    **{
        f"cs-{service}": {**(SOUTH if n % 2 else NORTH), "referral.program": "cs", "referral.services": [service]}
        for n, service in enumerate(SERVICES)
    },
}
"""Referrals: what is changed in examples/case.toml, by dotted key; None takes a key or a table out."""


def _referrals() -> Iterator[tuple[str, str]]:
    case = tomllib.loads((ROOT / "examples" / "case.toml").read_text("utf-8"))
    for name, changes in REFERRALS.items():
        yield f"referrals/{name}.toml", tomli_w.dumps(_changed(case, changes))


def _changed(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    fresh = copy.deepcopy(dict(document))
    for dotted, value in changes.items():
        table, _, key = dotted.rpartition(".")
        place = fresh.setdefault(table, {}) if table else fresh
        if value is None:
            place.pop(key, None)
        else:
            place[key] = value
    return fresh


def full_row(number: int) -> Row:
    """An invented row with every column filled."""
    county, code, city = PLACES[number % len(PLACES)]
    program = ("ecm", "chw", "cs")[number % 3]
    return ROW | {
        "program": program,
        "services": "medically_tailored_meals" if program == "cs" else "",
        "county": county,
        "zip": code,
        "self_referral": "no",
        "first_name": ("Ana", "Ben", "José", "Dmitri", "Eva")[number % 5],
        "middle_name": "Q",
        "last_name": f"Member{number}",
        "date_of_birth": f"{1940 + number % 70}-{1 + number % 12:02}-{1 + number % 28:02}",
        "phone": f"415-555-01{number % 100:02}",
        "address": f"{number} Example Street, Apt {number % 50}",
        "city": city,
        "mrn": f"{10_000_000 + number}",
        "cin": f"9{number:07}A",
        "email": f"member{number}@example.org",
        "preferred_language": "Spanish",
        "caregiver_name": "Carey Giver",
        "caregiver_contact": "415-555-0199",
        "notes": f"Prefers calls after {number % 12 + 1} in the afternoon.",
        "part2_consent": "no",
    }


def _referrer(number: int) -> Row:
    return {
        "referrer_name": f"Pat Example{number}",
        "referrer_organization": f"Example Clinic {number}",
        "referrer_npi": _npi(123_450_000 + number),
        "referrer_address": f"{number} Example Ave, Oakland, CA 94601",
        "referrer_phone": f"510-555-01{number % 100:02}",
        "referrer_email": f"pat{number}@clinic.example.org",
        "referrer_relationship": ("medical_provider", "social_services_provider")[number % 2],
    }


def _npi(nine: int) -> str:
    """The provider number with its check digit, by Luhn's rule over the number with 80840 before it."""
    digits = [int(digit) for digit in f"80840{nine}"]
    doubled = [sum(divmod(2 * digit, 10)) if n % 2 == 0 else digit for n, digit in enumerate(reversed(digits))]
    return f"{nine}{-sum(doubled) % 10}"


def _hard(number: int) -> Row:
    name, address, notes = HARD[number % len(HARD)]
    return {
        "last_name": name,
        "address": address,
        "notes": notes,
        "phone": ("(415) 555-0123", "+1 415 555 0124", "415.555.0125 x12", "4155550126")[number % 4],
        "date_of_birth": ("3/4/1980", "03/04/1980", "1980-03-04")[number % 3],
        "preferred_language": "فارسی",
    }


def _answers(seed: int) -> Callable[[int], Row]:
    """A function that gives twenty answers by chance."""
    chance = random.Random(seed)  # noqa: S311 invented answers
    chosen = [one for one in DATA["programs"]["question"] if one["id"] != "age"][:20]

    def drawn(_: int) -> Row:
        return {one["id"]: chance.choice(_possible(one)) for one in chosen}

    return drawn


def _possible(question: Mapping[str, Any]) -> list[str]:
    if choices := question.get("choices"):
        return list(choices)
    return ["0", "2", "5"] if question["kind"] == "number" else ["yes", "no", "unknown", ""]


def _rows(count: int, *changes: Callable[[int], Row]) -> list[Row]:
    rows = [full_row(number) for number in range(1, count + 1)]
    for change in changes:
        rows = [row | change(number) for number, row in enumerate(rows, 1)]
    return rows


KINDS: Final = ("ordinary", "referrers", "answers", "hard", "worst")


def _nasty() -> list[Row]:
    rows = [ROW | {"mrn": f"{10_000_001 + n}", "last_name": f"Member-{n}"} | dict(bad) for n, bad in enumerate(BAD, 1)]
    whole = ROW | {"mrn": "10000001", "last_name": "Whole"}
    return [whole, *rows, whole | {"phone": "510-555-0111"}, whole | {"program": "chw"}, ROW | {"mrn": "010000001"}]


def csv_text(rows: Iterable[Mapping[str, str]], columns: Iterable[str] = (), delimiter: str = ",") -> str:
    """The rows as CSV, under their own columns where none are given."""
    several = list(rows)
    text = io.StringIO(newline="")
    names = list(columns) or list(several[0])
    writer = csv.DictWriter(text, names, restval="", delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(several)
    return text.getvalue()


def _sheets() -> Iterator[tuple[str, str | bytes]]:
    """Every spreadsheet: the kinds that are measured, what people's programs write, and what is wrong with headers."""
    kinds = {
        "ordinary": _rows(24),
        "referrers": _rows(24, _referrer),
        "answers": _rows(24, _answers(7)),
        "hard": _rows(27, _hard),
        "worst": _rows(27, _hard, _referrer, _answers(8)),
        "nasty": _nasty(),
    }
    for name, rows in kinds.items():
        yield f"sheets/{name}.csv", csv_text(rows)
    yield "sheets/few.csv", csv_text([ROW, ROW | {"mrn": "00012346", "phone": "911"}, ROW | {"mrn": "00012347"}])
    of_plans = [{**ROW, "plan": "", "kp_region": "", **changes} for changes in OF_PLANS]
    yield "sheets/plans.csv", csv_text(of_plans)
    yield "sheets/fewer.csv", csv_text([ROW | {"mrn": "00012346"}])
    yield "sheets/agreed.csv", csv_text([ROW, ROW | {"mrn": "00012347"}])
    yield "sheets/unagreed.csv", csv_text([ROW, ROW | {"mrn": "00012347", "member_agreed": ""}])
    yield from _from_programs([*_rows(6, _hard), ROW | {"phone": "911", "first_name": "Núñez"}])
    yield from _odd_headers()
    yield from _odd_rows()


def _from_programs(rows: list[Row]) -> Iterator[tuple[str, str | bytes]]:
    """Sheets as spreadsheet programs write them."""
    plain = [
        row | {"last_name": f"Núñez{n}", "address": "1 Example St", "preferred_language": ""}
        for n, row in enumerate(rows)
    ]
    text = csv_text(plain, delimiter=";")
    yield "sheets/excel.csv", b"\xef\xbb\xbf" + text.encode()
    yield "sheets/excel-sep.csv", b"\xef\xbb\xbfsep=;\r\n" + text.encode()
    yield "sheets/cp1252.csv", text.encode("cp1252", "replace")
    yield "sheets/utf-16.csv", csv_text(rows, delimiter="\t").encode("utf-16")
    yield "sheets/tabs.csv", csv_text(rows, delimiter="\t")
    yield "sheets/old-mac.csv", csv_text(plain[:2]).replace("\r\n", "\r")
    yield "sheets/unix.csv", csv_text(plain).replace("\r\n", "\n")
    lines = text.splitlines()
    yield (
        "sheets/excel-wide.csv",
        "".join(f"{line};;;\r\n" for line in csv_text(plain[:3], delimiter=";").replace("\nand", " and").splitlines()),
    )
    yield "sheets/blank-lines.csv", "\r\n".join((lines[0], "", ";" * (len(ROW) - 1), *lines[1:], "", ""))


def _odd_headers() -> Iterator[tuple[str, str | bytes]]:
    text = csv_text([ROW])
    head, _, rest = text.partition("\r\n")
    yield "sheets/no-rows.csv", f"{head}\r\n"
    yield "sheets/empty.csv", ""
    yield "sheets/title.csv", f"Members of November\r\n{text}"
    yield "sheets/unknown.csv", text.replace("phone,", "telefone,", 1)
    yield "sheets/own-column.csv", csv_text([ROW | {"caseload": "A-7"}])
    yield "sheets/double.csv", text.replace("city,", "phone,", 1)
    yield "sheets/lacking.csv", csv_text([ROW], [name for name in ROW if name not in {"mrn", "cin", "county", "part2"}])
    yield "sheets/no-referrer.csv", csv_text([ROW], [name for name in ROW if name not in REFERRER])
    yield "sheets/aliases.csv", f"{head.replace('date_of_birth', 'DOB').replace('zip', 'ZIP Code')}\r\n{rest}"
    yield "sheets/nameless.csv", csv_text([ROW | {"": "something"}])
    yield "sheets/problem.csv", csv_text([ROW | {"problem": "of my own", "phone": "911"}])


def _odd_rows() -> Iterator[tuple[str, str | bytes]]:
    rows = [ROW | {"mrn": f"{10_000_000 + n}", "notes": "Call."} for n in range(4)]
    text = csv_text(rows)
    lines = text.splitlines()
    yield "sheets/short-row.csv", "\r\n".join((*lines[:2], lines[2].rpartition(",")[0], f"{lines[3]},extra", lines[4]))
    yield "sheets/lost-quote.csv", text.replace(",Call.,", ',"Call.,', 1)
    yield "sheets/bare-quote.csv", text.replace("1 Example St", '1 Example St Apt 5"', 1)
    yield "sheets/nul.csv", text.replace("1 Example St", "1 Exam\0ple St", 1)
    yield "sheets/long-cell.csv", text.replace("Call.", "x" * 200_000, 1)
    yield "sheets/latin.csv", text.replace("1 Example St", "1 Exämple St", 1).encode("cp1252")
