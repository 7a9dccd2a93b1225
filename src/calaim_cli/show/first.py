"""The first words to whoever types `calaim` alone: what people do with it. Loads nothing."""

from typing import Final

SIX_THINGS: Final = (
    ("look something up", "calaim county san mateo"),
    ("screen with a member on the phone", "calaim interview"),
    ("write a referral", "calaim refer"),
    ("write many, from a spreadsheet", "calaim batch members.xlsx --out drafts"),
    ("screen a whole panel", "calaim screen panel.csv --counts"),
    ("follow up on referrals", "calaim referrals"),
)
"""What people come for, in their words, with what to type."""
WHERE_TO_READ_ON: Final = ("All commands: calaim --help", "Help with one: calaim COMMAND --help")


def first_words() -> str:
    """What the bare command says: who it is for, what people do with it, where to read on."""
    rows = (f"  {words:<38}{command}" for words, command in SIX_THINGS)
    return "\n".join(("CalAIM for care managers. To", *rows, *WHERE_TO_READ_ON, "Nothing is ever sent."))
