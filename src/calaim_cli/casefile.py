"""Floor 2: case and profile files, in and out. The only importer of `tomli_w`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.case import (
    CASE_SCHEMA,
    Case,
    Consent,
    LeadEntity,
    Member,
    Profile,
    Referrer,
    SecureEmail,
    read_case,
    read_table,
)
from calaim_cli.errors import InputError, Problem
from calaim_cli.files import decode_utf8, limited, parse_toml, read_bytes
from calaim_cli.values import MESSAGES, email

LARGEST: Final = 1024 * 1024
TAG_TEXT: Final = re.compile(r"(?!.*=\?)[!-~](?:[ -~]{0,67}[!-~])?")
TAG_HEADER: Final = re.compile(r"X-(?!Unsent$)[A-Za-z-]{1,38}", re.IGNORECASE)
PROFILE_SCHEMA: Final = "calaim.profile/1"


def read(name: str) -> Case:
    """The case in a file (TOML or JSON), or on standard input for `-`.

    Raises InputError with every problem of keys and types; answers are checked against the questions elsewhere.
    """
    text = decode_utf8(_standard_input() if name == "-" else read_bytes(Path(name), LARGEST), name)
    if not text.strip():
        raise InputError(f"{name}: the file is empty: a case has at least an [answers] table", code="empty")
    case, problems = read_case(_document(text, name))
    if problems:
        raise InputError(f"{name}: the case is not valid; nothing was done", problems)
    return case


def _standard_input() -> bytes:
    return limited(sys.stdin.buffer.read(LARGEST + 1) if sys.stdin else b"", "-", LARGEST)


def _document(text: str, name: str) -> Mapping[str, Any]:
    if not text.lstrip().startswith("{"):
        if _starts_as_csv(text):
            raise InputError(f"{name}: line 1: this looks like a CSV, not a case: use 'calaim batch'")
        return parse_toml(text, name)
    import json

    try:
        document = json.loads(text, object_pairs_hook=_no_repeats)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}: line {error.lineno}: not valid JSON: mend that line") from None
    except _RepeatedKey:
        raise InputError(f"{name}: not a valid case: a key stands twice") from None
    except (RecursionError, ValueError):
        raise InputError(f"{name}: not a valid case: nested too deeply, or a number too long") from None
    return document if isinstance(document, dict) else {}


def _starts_as_csv(text: str) -> bool:
    """Whether the first line has at least three cells, and is nothing that a line of TOML can be."""
    line = text.lstrip().partition("\n")[0]
    return not line.startswith(("#", "[")) and "=" not in line and max(map(line.count, ",;\t")) > 1


class _RepeatedKey(Exception):
    """A JSON object holds a key twice: which one is meant, nobody can tell."""


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise _RepeatedKey
    return table


def case_bytes(case: Case) -> bytes:
    """The case as a TOML file: what is given and nothing else, always in the same order."""
    tables = {name: _given(getattr(case, name)) for name in ("member", "referrer", "referral", "consent")}
    document: dict[str, Any] = {"schema": CASE_SCHEMA}
    document |= {name: table for name, table in tables.items() if table}
    document["answers"] = case.answers
    if case.expect:
        document["expect"] = case.expect
    return _toml(document)


def _toml(document: Mapping[str, Any]) -> bytes:
    import tomli_w

    return tomli_w.dumps(document).encode()


def _given(part: Struct) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in part.__struct_fields__}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if (value is not None and value not in ("", (), False))
        or (value is False and isinstance(part, Consent | Member))
    }


def profile_bytes(profile: Profile) -> bytes:
    """The profile as a TOML file."""
    document: dict[str, Any] = {"schema": PROFILE_SCHEMA, "referrer": _given(profile.referrer)}
    if profile.network_lead_entity:
        document["network_lead_entity"] = _given(profile.network_lead_entity)
    if profile.secure_email != SecureEmail():
        document["secure_email"] = _given(profile.secure_email)
    return _toml(document)


def profile_path() -> Path:
    """Where the profile is kept: the file named by CALAIM_PROFILE, or the platform's configuration folder."""
    if named := os.environ.get("CALAIM_PROFILE"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("calaim", appauthor=False)) / "profile.toml"


PROFILE_PARTS: Final[dict[str, type[Referrer | LeadEntity | SecureEmail]]] = {
    "referrer": Referrer,
    "network_lead_entity": LeadEntity,
    "secure_email": SecureEmail,
}


def profile_form() -> str:
    """What a profile consists of, for somebody who writes one by hand."""
    tables = (f"[{part}] {', '.join(shape.__struct_fields__)}" for part, shape in PROFILE_PARTS.items())
    return f'schema = "{PROFILE_SCHEMA}"; {"; ".join(tables)}'


def read_profile(path: Path) -> Profile:
    """The user's profile; an absent one is empty. Raises InputError when it is there but not valid."""
    if not path.exists():
        return Profile()
    content = read_bytes(path, LARGEST)
    document = parse_toml(decode_utf8(content, str(path)), str(path))
    problems: list[Problem] = []
    if document.get("schema") != PROFILE_SCHEMA:
        problems.append(Problem("schema", "schema", f'expected "{PROFILE_SCHEMA}"'))
    parts: dict[str, Any] = {}
    for key, table in document.items():
        if key in PROFILE_PARTS and isinstance(table, dict):
            parts[key], found = read_table(PROFILE_PARTS[key], table, key)
            problems += found
        elif key != "schema":
            words = "there is no such part of a profile: take it out"
            known = key in PROFILE_PARTS
            problems.append(Problem(key, *(("type", "must be a table") if known else ("unknown-key", words))))
    profile = Profile(**parts)
    problems += _unfit(profile)
    if problems:
        raise InputError(f"{path}: the profile is not valid: mend it, or take it away", tuple(problems))
    return profile if profile.network_lead_entity and profile.network_lead_entity.email else _without_entity(profile)


def _without_entity(profile: Profile) -> Profile:
    return replace(profile, network_lead_entity=None)


def _unfit(profile: Profile) -> Iterator[Problem]:
    """What is wrong with the address and the mail tag; the exact subject of a route is never touched."""
    entity, secure = profile.network_lead_entity, profile.secure_email
    if entity and entity.email and email(entity.email) != (entity.email, "", ""):
        yield Problem("network_lead_entity.email", "email-format", MESSAGES["email-format"])
    if secure.secure_tag == "subject":
        words = "the plan's subject is exact and is never changed: use body or header"
        yield Problem("secure_email.secure_tag", "secure-tag", words)
    elif secure.secure_tag not in ("none", "body", "header"):
        yield Problem("secure_email.secure_tag", "secure-tag", "give none, body or header")
    elif secure.secure_tag != "none" and not TAG_TEXT.fullmatch(secure.text):
        yield Problem("secure_email.text", "secure-tag", "give 1 to 69 plain characters, such as [secure]")
    elif secure.secure_tag == "header" and not TAG_HEADER.fullmatch(secure.header):
        yield Problem("secure_email.header", "secure-tag", "give a header name that begins with X-, such as X-Secure")
