"""A case to fill in: a TOML file with every key and question, each with what is accepted. It is a case already."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import fields

from calaim_cli.base import values
from calaim_cli.base.values import MESSAGES
from calaim_cli.case.case import CASE_SCHEMA, PARTS, TYPES
from calaim_cli.case.form import FIELDS, MAY_BE_NONE, NONE, Field, FieldKind
from calaim_cli.policy.policy import Policy
from calaim_cli.policy.programs import THREE_PROGRAMS, Subject
from calaim_cli.policy.questions import DONT_KNOW, Question, answered_by

TOO_LONG = "x" * 2000
TYPE_OF = {f"{part}.{one.name}": one.type for part, shape in PARTS.items() for one in fields(shape)}
"""How each key of a case is written, by the types of its tables."""


def choices_of(field: Field, policy: Policy) -> tuple[str, ...]:
    """What a field is chosen of, by the data; empty for one that is no choice."""
    of_policy = {"subjects": THREE_PROGRAMS, "regions": tuple(policy.regions), "services": tuple(policy.services)}
    named = "services" if field.key == "referral.services" else field.choices
    return tuple(of_policy.get(named, getattr(policy.words, named, ())))


def accepted(field: Field, policy: Policy) -> str:
    """What a case takes for a field, in words. A check says by its refusal of a text that is too long what it wants."""
    if choices := choices_of(field, policy):
        return f"{'any' if field.kind is FieldKind.CHOICES else 'one'} of {', '.join(choices)}"
    match field.kind:
        case FieldKind.YES_NO | FieldKind.YES_NO_UNKNOWN:
            return TYPES[TYPE_OF[field.key]][1]
        case FieldKind.DATE:
            return MESSAGES["dob-format"]
        case FieldKind.PLACE:
            return "a county, a city or a ZIP code of California"
        case FieldKind.PLAN:
            return f"the id or name of a plan, as 'calaim plan' lists them, or \"{DONT_KNOW}\""
        case _:
            said = MESSAGES[(field.check or values.line)(TOO_LONG).error]
            return f'{said}, or "{NONE}"' if field.key in MAY_BE_NONE else said


def blank_case(questions: Iterable[Question], asked: Subject | None, policy: Policy) -> str:
    """The text of a case for what is asked for. Nothing is answered, agreed or attested to in it."""
    lines = [f'schema = "{CASE_SCHEMA}"', "# Lines that begin with # are comments. To give a value, remove the #."]
    lines += ["", "# The month in which Medi-Cal is renewed, for 'calaim coverage' and a ledger; in no draft"]
    lines.append('# renewal_month = "YYYY-MM"')
    wanted = {"referral.program": f'"{asked.program}"'} if asked else {}
    if asked and asked.service:
        wanted["referral.services"] = f'["{asked.service}"]'
    for part in PARTS:
        lines += ["", f"[{part}]"]
        for field in (one for one in FIELDS if one.part == part):
            ask = field.ask.format(vendors=", ".join(policy.words.vendors.values())) or field.label
            lines += [f"# {ask}"] if ask else []
            empty, takes = {str: '""', tuple: "[]"}.get(TYPES[TYPE_OF[field.key]][0]), accepted(field, policy)
            # A yes or no has no empty value: it is a remark.
            given = f"{field.name} = {wanted.get(field.key, empty)}  # {takes}"
            lines.append(given if empty else f"# {field.name} = {takes}")
    lines += ["", "[answers]", f'# Leave out what was not asked; write "{DONT_KNOW}" where the member does not know.']
    for one in questions:
        lines += ["", f"# {one.ask}", f"# {one.id} = {answered_by(one)}"]
    return "".join(f"{line}\n" for line in lines)
