"""Case and profile files, in and out. The only importer of `tomli_w`."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from calaim_cli.base.errors import InputError, Problem
from calaim_cli.base.files import decode_utf8, limited, parse_toml, read_bytes
from calaim_cli.base.values import MESSAGES, email
from calaim_cli.case.case import (
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

# A case with long notes has a few kilobytes: what is larger was named by mistake.
LARGEST: Final = 1024 * 1024
# No encoded word (RFC 2047, "=?"), and one header line of 78 with the tag's name (RFC 5322, 2.1.1).
TAG_TEXT: Final = re.compile(r"(?!.*=\?)[!-~](?:[ -~]{0,67}[!-~])?")
# X-Unsent is set by the program: it makes Outlook open a file as a draft.
TAG_HEADER: Final = re.compile(r"X-(?!Unsent$)[A-Za-z-]{1,38}", re.IGNORECASE)
PROFILE_SCHEMA: Final = "calaim.profile/1"
PROFILE_PARTS: Final[dict[str, type[Referrer | LeadEntity | SecureEmail]]] = {
    "referrer": Referrer,
    "network_lead_entity": LeadEntity,
    "secure_email": SecureEmail,
}


def read(name: str) -> Case:
    """The case in a file (TOML or JSON), or on standard input for `-`.

    Raises InputError with every problem of keys and types; answers are checked against the questions elsewhere.
    """
    standard_input = sys.stdin.buffer.read(LARGEST + 1) if name == "-" and sys.stdin else b""
    content = limited(standard_input, "-", LARGEST) if name == "-" else read_bytes(Path(name), LARGEST)
    text = decode_utf8(content, name)
    if not text.strip():
        raise InputError(f"{name}: the file is empty: a case has at least an [answers] table", code="empty")
    case, problems = read_case(_document(text, name))
    if problems:
        raise InputError(f"{name}: the case is not valid; nothing was done", problems)
    return case


def _document(text: str, name: str) -> Mapping[str, Any]:
    if not text.lstrip().startswith("{"):
        line = text.lstrip().partition("\n")[0]
        # At least three cells, in a line that is no comment, no table and no key of TOML.
        if not line.startswith(("#", "[")) and "=" not in line and max(map(line.count, ",;\t")) > 1:
            raise InputError(f"{name}: line 1: this looks like a CSV, not a case: use 'calaim batch'")
        return parse_toml(text, name)
    import json

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # Which one is meant when a key comes twice, nobody can tell; the standard library takes the last.
        if len(dict(pairs)) < len(pairs):
            raise KeyError
        return dict(pairs)

    try:
        document = json.loads(text, object_pairs_hook=table)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}: line {error.lineno}: not valid JSON; fix that line") from None
    except KeyError:
        raise InputError(f"{name}: not a valid case: a key appears twice; remove one") from None
    except (RecursionError, ValueError):
        raise InputError(f"{name}: not a valid case: nested too deeply, or a number too long") from None
    return document if isinstance(document, dict) else {}


def case_bytes(case: Case) -> bytes:
    """The case as a TOML file: what is given and nothing else, always in the same order."""
    import tomli_w

    tables = {name: _given(getattr(case, name)) for name in ("member", "referrer", "referral", "consent")}
    tables = {name: table for name, table in tables.items() if table}
    expected = {"expect": case.expect} if case.expect else {}
    return tomli_w.dumps({"schema": CASE_SCHEMA, **tables, "answers": case.answers, **expected}).encode()


def profile_bytes(profile: Profile) -> bytes:
    """The profile as a TOML file."""
    import tomli_w

    tables: dict[str, Struct | None] = {name: getattr(profile, name) for name in PROFILE_PARTS}
    given = {name: _given(table) for name, table in tables.items() if table not in (None, SecureEmail())}
    return tomli_w.dumps({"schema": PROFILE_SCHEMA, **given}).encode()


def _given(part: Struct) -> dict[str, Any]:
    values = {name: getattr(part, name) for name in part.__struct_fields__}
    # A no of the member or of a consent is an answer; elsewhere false is what is there when nothing was said.
    empty = (None, "", ()) if isinstance(part, Consent | Member) else (None, "", (), False)
    given = {name: value for name, value in values.items() if value not in empty}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}


def profile_path() -> Path:
    """The profile's place: the file named by CALAIM_PROFILE, else one in the platform's configuration folder."""
    if named := os.environ.get("CALAIM_PROFILE"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("calaim", appauthor=False)) / "profile.toml"


def profile_form() -> str:
    """The tables and keys of a profile, for somebody who writes one by hand."""
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
        if key == "schema":
            continue
        if key not in PROFILE_PARTS:
            problems.append(Problem(key, "unknown-key", "unknown part of a profile; remove it"))
        elif not isinstance(table, dict):
            problems.append(Problem(key, "type", "must be a table"))
        else:
            parts[key], found = read_table(PROFILE_PARTS[key], table, key)
            problems += found
    profile = Profile(**parts)
    problems += _unfit(profile)
    if problems:
        raise InputError(f"{path}: the profile is not valid. Fix it or move it away", tuple(problems))
    entity = profile.network_lead_entity
    # Without an address it is as good as none: nothing may be routed to it.
    return profile if entity and entity.email else replace(profile, network_lead_entity=None)


def _unfit(profile: Profile) -> Iterator[Problem]:
    """Each fault of the address and the mail tag; the exact subject of a route is never touched."""
    entity, secure = profile.network_lead_entity, profile.secure_email
    if entity and entity.email and email(entity.email) != (entity.email, "", ""):
        yield Problem("network_lead_entity.email", "email-format", MESSAGES["email-format"])
    key, words = "", ""
    if secure.secure_tag == "subject":
        key, words = "secure_tag", "the plan's subject is exact and is never changed: use body or header"
    elif secure.secure_tag not in ("none", "body", "header"):
        key, words = "secure_tag", "give none, body or header"
    elif secure.secure_tag != "none" and not TAG_TEXT.fullmatch(secure.text):
        key, words = "text", "give 1 to 69 plain characters, such as [secure]"
    elif secure.secure_tag == "header" and not TAG_HEADER.fullmatch(secure.header):
        key, words = "header", "give a header name that begins with X-, such as X-Secure"
    if key:
        yield Problem(f"secure_email.{key}", "secure-tag", words)
