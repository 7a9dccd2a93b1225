"""Floor 6: case and profile files, in and out. The only importer of `tomli_w`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

from calaim_cli.case import Case, LeadEntity, Referrer, read_case, read_table
from calaim_cli.datafiles import decode_utf8, parse_toml, read_bytes
from calaim_cli.errors import InputError, Problem

LARGEST: Final = 1024 * 1024
PROFILE_SCHEMA: Final = "calaim.profile/1"


class Profile(Struct, frozen=True):
    """The referrer's own details and her Network Lead Entity; never anything about a member."""

    referrer: Referrer = Referrer()
    network_lead_entity: LeadEntity | None = None


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
    content = sys.stdin.buffer.read(LARGEST + 1) if sys.stdin else b""
    if len(content) > LARGEST:
        raise InputError("-: larger than 1 MiB: this cannot be a case")
    return content


def _document(text: str, name: str) -> Mapping[str, Any]:
    if not text.lstrip().startswith("{"):
        return parse_toml(text, name)
    try:
        document = json.loads(text, object_pairs_hook=_no_repeats)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}: line {error.lineno}: not valid JSON: mend that line") from None
    except (RecursionError, ValueError) as error:
        reason = "a key stands twice" if isinstance(error, ValueError) else "nested too deeply"
        raise InputError(f"{name}: not a valid case: {reason}") from None
    return document if isinstance(document, dict) else {}


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) < len(pairs):
        raise ValueError
    return table


def profile_path() -> Path:
    """Where the profile is kept: the file named by CALAIM_PROFILE, or the platform's configuration folder."""
    if named := os.environ.get("CALAIM_PROFILE"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("calaim", appauthor=False)) / "profile.toml"


def read_profile(path: Path) -> Profile:
    """The user's profile; an absent one is empty. Raises InputError when it is there but not valid."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Profile()
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    document = parse_toml(decode_utf8(content, str(path)), str(path))
    problems = [
        Problem(key, "unknown-key", "there is no such part of a profile: take it out")
        for key in document.keys() - {"schema", "referrer", "network_lead_entity"}
    ]
    if document.get("schema") != PROFILE_SCHEMA:
        problems.append(Problem("schema", "schema", f'expected "{PROFILE_SCHEMA}"'))
    referrer, found = read_table(Referrer, document.get("referrer", {}), "referrer")
    entity, more = read_table(LeadEntity, document.get("network_lead_entity", {}), "network_lead_entity")
    if problems or found or more:
        raise InputError(f"{path}: the profile is not valid: mend it, or take it away", (*problems, *found, *more))
    return Profile(referrer, entity if entity.email else None)
