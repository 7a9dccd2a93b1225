"""The questions that scripts ask most, copied out of text files before Typer is loaded.

The files were written when the wheel was built, by the same views and documents as ever: see `answers`. Whatever is not
exactly one of these, or finds no file, is left to Typer:

    calaim --version
    calaim county PLACE...            unless on a terminal
    calaim county PLACE... --json
    calaim services --county PLACE    unless on a terminal
    completion of names and case files, in bash and zsh

CALAIM_NO_QUICK=1 switches it off. Nothing heavy may be imported here: no `re`, `typing` or `pathlib`.
"""

import os
import sys
import time

from calaim_cli import __version__
from calaim_cli.base.wording import is_called_county, place_key

# Only a wheel has answers: an editable install must not answer by what the data said when it was made.
FOLDER = os.path.join(os.path.dirname(__file__), "data", "answers")
# Here goes the place as it was typed: no data hold this character, so no place that is found does.
MARK = "\N{REPLACEMENT CHARACTER}"
# Own data and forced colors are not in the files.
LEFT_TO_TYPER = ("CALAIM_NO_QUICK", "CALAIM_DATA", "FORCE_COLOR", "CLICOLOR_FORCE")
TAKES = {
    "county": {"": "place"},
    "counties": {"--service": "service", "--without": "service", "--region": "region", "--plan": "plan"},
    "when": {"": "situation"},
    "services": {"": "service", "--county": "county"},
    "programs": {"": "program"},
    "check": {"": "case", "--program": "program", "--county": "county"},
    "interview": {"--program": "program", "--county": "county", "--when": "situation", "--from": "case"},
    "refer": {"": "case", "--service": "service", "--from": "case"},
}
"""The kind of thing that an option of a command takes, or its argument ("")."""
SEVERAL = frozenset({"county", "check"})
"""The commands that take several arguments."""
# Besides letters and digits, what needs no quotes in bash and zsh.
SAFE = {ord(c): "x" for c in "-_./"}


def quick_text(arguments: list[str]) -> str | bytes | None:
    """Lines to print, or a document in bytes, which is UTF-8 in every locale. None: the question is Typer's."""
    if sys.stdout is None or any(os.environ.get(name) for name in LEFT_TO_TYPER):
        return None
    shell = os.environ.get("_CALAIM_COMPLETE")
    try:
        return _completion(shell) if shell else _text_for(arguments)
    except (OSError, ValueError):  # no such file, or not a text as it was written
        return None


def _text_for(arguments: list[str]) -> str | bytes | None:
    piped = not sys.stdout.isatty()
    match arguments:
        case ["--version"]:
            return f"calaim {__version__}, data {_text('edition')}"
        case ["services", "--county", place] if piped:
            return _about(place, "services")
        case ["county", *words] if "--json" in words:
            document = _about(" ".join(word for word in words if word != "--json"), "json")
            return document.encode() if document else None
        case ["county", *words] if piped:
            return _about(" ".join(words), "county")
    return None


def _text(name: str) -> str:
    """A file of the answers. Raises OSError or ValueError where there is none, or it is not as it was written."""
    with open(os.path.join(FOLDER, name), "rb") as file:
        text = file.read().decode()
    if not text.endswith("\n"):
        raise ValueError(name)
    return text


def _about(place: str, kind: str) -> str | None:
    """The text on a place; None where the place needs more thought, or the data are due for a review."""
    if not place.isprintable() or place != place.strip() or any(word.startswith("-") for word in place.split()):
        return None
    places, named = _text("places"), key(place)
    county, city, document = _after(f"\n{named} ", places), "", ""
    if not county and not place[:1].isdigit() and not is_called_county(place):
        county, city, document = (_after(f"\n{named} ", _text(f"cities/{named[:1]}")) or "\t\t").split("\t")
    if not county or time.strftime("%Y-%m-%d") >= places[: len("2027-01-01")]:
        return None
    zip_code = place.isdigit() and not place.startswith("06")  # with 06 begin FIPS codes alone
    if kind == "county" and (city or zip_code):
        kind = "zip"
    text = _text(f"{kind}/{county}")
    if city:
        text = text.replace(f"zip\t{MARK}", f"city\t{city}").replace('"city": null', f'"city": {document}')
    return text.replace(MARK, place)


def _after(start: str, text: str) -> str:
    """The rest of the line that begins so; empty where none does."""
    return text.partition(start)[2].partition("\n")[0]


def key(place: str) -> str:
    """The key of a place: codes exactly as typed, names in the form in which they are compared."""
    return place if any(c.isdigit() for c in place) else place_key(place)


def _completion(shell: str) -> str | None:
    """The words that the half-typed one may become, in the form that the shell wants."""
    if shell == "complete_bash":
        line = os.environ.get("COMP_WORDS", "")
        words = [*line.split(), ""][: int(os.environ.get("COMP_CWORD", "")) + 1]
    elif shell == "complete_zsh":
        line = os.environ.get("_TYPER_COMPLETE_ARGS", "")
        words = [*line.split(), ""] if line.endswith(" ") else line.split()
    else:
        return None
    *before, typed = words[1:] or [""]
    kind = kind_after(before)
    if not kind or typed.startswith("-") or not set("\"'\\=").isdisjoint(line):
        return None
    found = candidates(kind, before[1:], typed, [] if kind == "case" else _text(f"names/{kind}").splitlines())
    if shell == "complete_bash":
        return "\n".join(found) + "\n"
    listed = "\n".join(f'"{one}"' for one in found)
    return f"_arguments '*: :(({listed}))'\n" if found else "_files\n"


def kind_after(words: list[str]) -> str:
    """The kind of thing that comes after these words; "" where options or commands may come, or nothing is known."""
    if not words or words[0] not in TAKES:
        return ""
    command, takes = words[0], TAKES[words[0]]
    if words[-1] in takes:
        return takes[words[-1]]
    only_arguments = not any(word.startswith("-") for word in words)
    return takes.get("", "") if only_arguments and (len(words) == 1 or command in SEVERAL) else ""


def candidates(kind: str, before: list[str], typed: str, known: list[str]) -> list[str]:
    """The words that a half-typed one may become, of the known names of its kind. A place is completed word by word."""
    if kind == "case":
        return _case_files(typed)
    if kind == "place":
        at, said = len(before), [word.lower() for word in before]
        split = (place.split() for place in known)
        known = [words[at] for words in split if len(words) > at and [word.lower() for word in words[:at]] == said]
    fitting = {name.lower() if typed[:1].islower() else name for name in known}
    return sorted(name for name in fitting if name.startswith(typed))


def _case_files(typed: str) -> list[str]:
    """Case files and folders whose names begin so. Names that a shell would have to quote are left to the shell."""
    start = os.path.basename(typed)
    folder = typed[: len(typed) - len(start)]
    try:
        with os.scandir(folder or ".") as entries:
            found = [entry.name + "/" if entry.is_dir() else entry.name for entry in entries]
    except OSError:
        return []
    plain = (name for name in found if name.isascii() and name.translate(SAFE).isalnum())
    cases = (name for name in plain if name.startswith(start) and name.endswith(("/", ".toml", ".json")))
    return sorted(folder + name for name in cases if start.startswith(".") or not name.startswith("."))
