"""Words that may come next on a command line that is being typed. Imports next to nothing, for the quick path."""

import os

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
