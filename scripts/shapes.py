"""The JSON Schemas of what people write, made from the tables of fields and questions: cases and profiles.

`make docs` writes them into docs/schemas; with --check this only says whether they are current.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from calaim_cli.case.case import CASE_SCHEMA, PARTS, PROFILE_PARTS, Case, Profile
from calaim_cli.case.casefile import PROFILE_SCHEMA
from calaim_cli.case.form import FIELDS, PROFILE_FIELDS, Field
from calaim_cli.policy import load
from calaim_cli.policy.programs import Outcome, subject_id
from calaim_cli.policy.questions import DONT_KNOW, Kind, Question
from calaim_cli.show.blank import TYPE_OF, accepted, choices_of

SCHEMAS: Final = Path(__file__).parents[1] / "docs" / "schemas"
Shape = dict[str, Any]
CATALOG: Final = load.load()
TYPES: Final[dict[Any, Shape]] = {
    str: {"type": "string"},
    bool: {"type": "boolean"},
    bool | None: {"type": "boolean"},
    bool | str | None: {"enum": [True, False, DONT_KNOW]},
    tuple[str, ...]: {"type": "array", "items": {"type": "string"}},
}
OF_PROFILE: Final = {
    "referrer": "Who refers: what a case leaves out is taken from here.",
    "network_lead_entity": "Who takes referrals to the referrer's own organization; null when none is named.",
    "secure_email": "How the mail gateway is told to encrypt.",
}
SECURE: Final[dict[str, Shape]] = {
    "secure_tag": {"description": "Where the mail gateway's tag goes.", "enum": ["none", "body", "header"]},
    "text": {"type": ["string", "null"], "description": "The tag: 1 to 69 plain characters."},
    "header": {"type": ["string", "null"], "description": "The header that holds it; it begins with X-."},
}


def closed(properties: Shape, required: tuple[str, ...] = (), **more: object) -> Shape:
    """An object of these keys and no other."""
    return {"type": "object", **more, "additionalProperties": False, "required": [*required], "properties": properties}


def document(schema: str, title: str, properties: Shape, required: tuple[str, ...] = ()) -> Shape:
    """A whole schema."""
    name = schema.replace("/", ":").replace(".", ":")
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:{name}", "title": title}
    return head | closed({"schema": {"const": schema}, **properties}, required)


def described(field: Field) -> Shape:
    """What a field is and takes; choices are examples, as their words are read as well as their ids."""
    ask = field.ask.format(vendors="by the list in the data") or field.label
    examples = choices_of(field, CATALOG)
    said = {"description": f"{ask.rstrip('.')}: {accepted(field, CATALOG)}." if ask else f"{accepted(field, CATALOG)}."}
    return said | ({"examples": [*examples]} if examples else {})


def case_shape() -> Shape:
    """The schema of a case file."""
    parts = {
        part: closed({one.name: TYPES[TYPE_OF[one.key]] | described(one) for one in FIELDS if one.part == part})
        for part in PARTS
    }
    results = {subject_id(one): {"enum": [*Outcome]} for one in CATALOG.subjects}
    others: Shape = {
        "answered_on": {"type": "string", "description": "The day of the oldest answers, as YYYY-MM-DD."},
        "renewal_month": {
            "type": "string",
            "description": "The month of the next renewal of Medi-Cal, as YYYY-MM: for 'calaim coverage' and a ledger.",
        },
        "answers": closed({one.id: answer(one) for one in CATALOG.answerable.values()}),
        "expect": closed(results, description="What should come out, for 'calaim check --expect'."),
    }
    title = "A member's case as calaim writes it; it reads other ways to say the same, too"
    listed = {key: (parts | others)[key] for key in Case.__struct_fields__}
    return document(CASE_SCHEMA, title, listed)


def answer(question: Question) -> Shape:
    """What answers a question."""
    ask = {"description": question.ask}
    match question.kind:
        case Kind.YES_NO:
            return ask | {"enum": [True, False, DONT_KNOW]}
        case Kind.CHOICE:
            return ask | {"enum": [*question.choices, DONT_KNOW]}
        case Kind.NUMBER:
            most = {} if question.at_most is None else {"maximum": question.at_most}
            return ask | {"anyOf": [{"type": "integer", "minimum": 0, **most}, {"const": DONT_KNOW}]}
        case Kind.CHOICES:
            several = {"type": "array", "items": {"enum": [*question.choices, DONT_KNOW]}}
            return ask | {"anyOf": [several, {"const": DONT_KNOW}]}


def profile_shape() -> Shape:
    """The schema of a profile, as a file, which leaves out what is not given, and as a document, with null for it."""
    said = {field.key: {"type": ["string", "null"], **described(field)} for field in PROFILE_FIELDS}
    said |= {f"secure_email.{key}": shape for key, shape in SECURE.items()}
    tables: Shape = {
        part: closed({name: said[f"{part}.{name}"] for name in shape.__struct_fields__}, description=OF_PROFILE[part])
        for part, shape in PROFILE_PARTS.items()
    }
    tables["network_lead_entity"]["type"] = ["object", "null"]
    listed = {key: (tables | {one: said[one] for one in ("kind", "ledger")})[key] for key in Profile.__struct_fields__}
    return document(PROFILE_SCHEMA, "The referrer's own details, never a member's", listed, ("schema",))


MADE: Final = {"case": case_shape, "profile": profile_shape}


def text_of(name: str) -> str:
    """The schema file as it should be."""
    return f"{json.dumps(MADE[name](), indent=2, ensure_ascii=False)}\n"


def main() -> int:
    """Write the files, or with --check say which are not current."""
    places = {SCHEMAS / f"{name}.schema.json": text_of(name) for name in MADE}
    if "--check" in sys.argv[1:]:
        old = [path.name for path, text in places.items() if path.read_text("utf-8") != text]
        sys.stderr.write("".join(f"{name} is not current: run make docs\n" for name in old))
        return bool(old)
    for path, text in places.items():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
