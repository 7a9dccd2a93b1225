"""The formats that a draft is written in. The command line's options name them, so this module is light."""

from __future__ import annotations

from enum import StrEnum


class Format(StrEnum):
    """How a draft is written."""

    TEXT = "text"
    EML = "eml"
    JSON = "json"
    MAILTO = "mailto"
    HTML = "html"


SUFFIXES = {".eml": Format.EML, ".txt": Format.TEXT, ".json": Format.JSON, ".html": Format.HTML}
