"""Case and profile files, in and out. The only importer of `tomli_w`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import fields, replace

from calaim_cli.base.errors import InputError, Problem
from calaim_cli.base.files import parse_toml, read_text
from calaim_cli.base.values import MESSAGES
from calaim_cli.base.wording import choice_of, did_you_mean, one_of
from calaim_cli.case.case import (
    CASE_SCHEMA,
    PARTS,
    PROFILE_PARTS,
    Case,
    LeadEntity,
    Profile,
    SecureEmail,
    Shapes,
    read_case,
    read_tables,
)
from calaim_cli.case.form import PROFILE_FIELDS

# A case with long notes has a few kilobytes: what is larger was named by mistake.
LARGEST: Final = 1024 * 1024
# No encoded word (RFC 2047, "=?"), and one header line of 78 with the tag's name (RFC 5322, 2.1.1).
TAG_TEXT: Final = r"(?!.*=\?)[!-~](?:[ -~]{0,67}[!-~])?"
# X-Unsent is set by the program: it makes Outlook open a file as a draft.
TAG_HEADER: Final = r"(?i)X-(?!Unsent$)[A-Za-z-]{1,38}"
PROFILE_SCHEMA: Final = "calaim.profile/1"
MOST_NAMED: Final = 5
# A remark, or a text of one of TOML's four kinds, in which a number sign is none.
REMARK: Final = r"""(?s)#[^\n]*|"{3}(?:\\.|[^\\])*?"{3}(?!")|'{3}.*?'{3}(?!')|"(?:\\.|[^"\\\n])*"|'[^'\n]*'"""


def read(name: str) -> Case:
    """The case in a file (TOML or JSON), or on standard input for `-`.

    Raises InputError with every problem of keys and types; answers are checked against the questions elsewhere.
    """
    text = read_text(name, LARGEST)
    if not text.strip():
        raise InputError(f"{name}: the file is empty: a case has at least an [answers] table", code="empty")
    case, problems = read_case(_document(text, name))
    if problems:
        raise InputError(f"{name}: the case is not valid, so nothing was done", problems)
    return case


def _document(text: str, name: str) -> Mapping[str, Any]:
    if not is_json(text):
        line = text.lstrip().partition("\n")[0]
        # At least three cells, in a line that is no comment, no table and no key of TOML.
        if not line.startswith(("#", "[")) and "=" not in line and max(map(line.count, ",;\t")) > 1:
            raise InputError(f"{name}: line 1: this looks like a CSV file, not a case: use 'calaim batch'")
        return parse_toml(text, name)
    import json

    def table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # Which one is meant when a key comes twice, nobody can tell; the standard library takes the last.
        if len(dict(pairs)) < len(pairs):
            raise InputError(f"{name}: not a valid case: a key appears twice; remove one")
        return dict(pairs)

    try:
        document = json.loads(text, object_pairs_hook=table)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}: line {error.lineno}: not valid JSON; fix that line") from None
    except (RecursionError, ValueError):
        raise InputError(f"{name}: not a valid case: nested too deeply, or a number too long") from None
    return document if isinstance(document, dict) else {}


def case_bytes(case: Case, *, as_json: bool = False) -> bytes:
    """The case as a TOML or JSON file: what is given and nothing else, always in the same order."""
    tables = {name: table for name in PARTS if (table := _given(getattr(case, name)))}
    expected = {"expect": case.expect} if case.expect else {}
    single = {name: value for name in ("answered_on", "renewal_month") if (value := getattr(case, name))}
    document = {"schema": CASE_SCHEMA, **single, **tables, "answers": case.answers, **expected}
    if as_json:
        import json

        return f"{json.dumps(document, indent=2, ensure_ascii=False)}\n".encode()
    import tomli_w

    return tomli_w.dumps(document).encode()


def is_json(text: str) -> bool:
    """Whether a case file holds JSON: what begins with a brace is no TOML."""
    return text.lstrip("\ufeff \t\r\n").startswith("{")


def remarks(text: str) -> tuple[int, ...]:
    """The lines of a sound TOML text that hold remarks, which no saving keeps."""
    found = (one for one in re.finditer(REMARK, text) if one[0].startswith("#"))
    return tuple(text.count("\n", 0, one.start()) + 1 for one in found)


def in_lines(lines: tuple[int, ...]) -> str:
    """Remarks by their lines, the first few of them: "comments (#) in lines 3, 7 and others"."""
    named = ", ".join(map(str, lines[:MOST_NAMED])) + (" and others" if len(lines) > MOST_NAMED else "")
    return f"comments (#) in {'line' if len(lines) == 1 else 'lines'} {named}"


def profile_bytes(profile: Profile) -> bytes:
    import tomli_w

    parts = {name: getattr(profile, name) for name in PROFILE_PARTS}
    tables = {name: _given(part) for name, part in parts.items() if part not in (None, SecureEmail())}
    own = {key: value for key in ("kind", "ledger") if (value := getattr(profile, key))}
    return tomli_w.dumps({"schema": PROFILE_SCHEMA, **own, **tables}).encode()


def _given(part: Struct) -> dict[str, Any]:
    """The fields that differ from their defaults: a no is kept wherever the default is not no."""
    values = ((field.name, getattr(part, field.name), field.default) for field in fields(part))
    return {name: list(one) if isinstance(one, tuple) else one for name, one, unsaid in values if one != unsaid}


def profile_path() -> Path:
    """The profile's place: the file named by CALAIM_PROFILE, else one in the platform's configuration folder."""
    if named := os.environ.get("CALAIM_PROFILE"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_config_dir("calaim", appauthor=False)) / "profile.toml"


def profile_form() -> str:
    """The tables and keys of a profile, for somebody who writes one by hand."""
    tables = (f"[{part}] {', '.join(shape.__struct_fields__)}" for part, shape in PROFILE_PARTS.items())
    return f'schema = "{PROFILE_SCHEMA}"; kind; ledger; {"; ".join(tables)}'


def read_profile(path: Path) -> Profile:
    """The user's profile; an absent one is empty. Raises InputError when it is there but not valid."""
    if not path.exists():
        return Profile()
    document = parse_toml(read_text(str(path), LARGEST), f"{path} (your profile)")
    shapes: Shapes = {**PROFILE_PARTS, "kind": "street_medicine", "ledger": "referrals.ledger"}
    # A profile has to tell its schema, as its keys may mean something else in a later one.
    tables, problems = read_tables({"schema": "", **document}, PROFILE_SCHEMA, shapes)
    profile = Profile(**tables)
    problems += _wrong_tag(profile.secure_email)
    if problems:
        raise bad_profile(path, problems)
    entity = profile.network_lead_entity
    # Without an address it is as good as none: nothing may be routed to it.
    return profile if entity and entity.email else replace(profile, network_lead_entity=None)


def bad_profile(path: Path, problems: Iterable[Problem]) -> InputError:
    """The error for a profile with these problems, which names it."""
    return InputError(f"{path}: the profile is not valid. Fix it or move it away", tuple(problems))


def unfit(profile: Profile, choices_of: Callable[[str], Mapping[str, str]]) -> Iterator[Problem]:
    """Each text that no letter could take, by the checks of a case, and each choice that is not in its list."""
    whole = replace(profile, network_lead_entity=profile.network_lead_entity or LeadEntity())
    for field in PROFILE_FIELDS:
        given = str(attrgetter(field.key)(whole)).strip()
        error = field.check(given).error if given and field.check else ""
        known = choices_of(field.choices) if given and field.choices else {}
        if error:
            yield Problem(field.key, error, MESSAGES[error])
        elif known and not choice_of(given, known):
            yield Problem(field.key, "unknown-choice", did_you_mean(given, known) or f"give {one_of(known)}")


def _wrong_tag(secure: SecureEmail) -> Iterator[Problem]:
    """The fault of the mail tag; the exact subject of a route is never touched."""
    key, words = "", ""
    if secure.secure_tag == "subject":
        key, words = "secure_tag", "the plan's subject must stay exactly as it is: use body or header"
    elif secure.secure_tag not in ("none", "body", "header"):
        key, words = "secure_tag", "give none, body or header"
    elif secure.secure_tag != "none" and not re.fullmatch(TAG_TEXT, secure.text):
        key, words = "text", "give 1 to 69 plain characters, such as [secure]"
    elif secure.secure_tag == "header" and not re.fullmatch(TAG_HEADER, secure.header):
        key, words = "header", "give a header name that begins with X-, such as X-Secure"
    if key:
        yield Problem(f"secure_email.{key}", "secure-tag", words)
