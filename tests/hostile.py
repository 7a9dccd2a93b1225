"""Hostile texts for every field: each must be refused with a code, or come out of a draft as it went in."""

from __future__ import annotations

from typing import Final

from calaim_cli.case.form import CHECKED

ENCODED_WORDS: Final = {
    "encoded word that hides a Bcc": "=?utf-8?q?ok=0D=0ABcc:_x@example.com?=",
    "encoded word in base64": "=?utf-8?b?b2sNCkJjYzogeEBleGFtcGxlLmNvbQ==?=",
    "two encoded words": "=?utf-8?q?a=0A?= =?utf-8?q?Bcc:_x@example.com?=",
    "encoded word, charset of old": "=?utf-7?q?+AAo-Bcc:_x@example.com?=",
}
LINE_BREAKS: Final = {
    "CRLF and a Bcc": "Pat\r\nBcc: x@example.com",
    "LF and a Bcc": "Pat\nBcc: x@example.com",
    "CR and a Bcc": "Pat\rBcc: x@example.com",
    "empty line and a body": "Pat\r\n\r\nAnother body",
    "trailing LF": "Pat\n",
    "trailing CR": "Pat\r",
    "leading CRLF": "\r\nPat",
    "folded header": "Pat\r\n Bcc: x@example.com",
    "vertical tab": "Pat\x0bBcc: x@example.com",
    "form feed": "Pat\x0cBcc: x@example.com",
    "next line": "Pat\x85Bcc: x@example.com",
    "line separator": "Pat\u2028Bcc: x@example.com",
    "paragraph separator": "Pat\u2029Bcc: x@example.com",
    "file separator": "Pat\x1cBcc: x@example.com",
    "boundary": "--=_calaim_part_1\r\nContent-Type: text/html\r\n\r\n<b>",
    "lone dot": "Pat\r\n.\r\nMAIL FROM:<x@example.com>",
    "From line": "Pat\n\nFrom x@example.com Mon Jan  1 00:00:00 2026",
}
INVISIBLE: Final = {
    "NUL": "Pat\0Example",
    "escape sequence": "Pat\x1b[2J\x1b]0;title\x07",
    "C1 escape": "Pat\x9b31m",
    "backspace": "Pat\x08\x08\x08Sam",
    "delete": "Pat\x7f",
    "right-to-left override": "Pat\u202egnp.exe",
    "isolate": "\u2066Pat\u2069",
    "embedding": "\u202bPat\u202c",
    "byte-order mark": "\ufeffPat",
    "tag characters": "Pat\U000e0042\U000e0063\U000e0063",
    "soft hyphen": "Pat\u00adExample",
    "word joiner": "Pat\u2060Example",
    "annotation": "Pat\ufff9Sam\ufffb",
    "private use": "Pat\ue000",
    "noncharacter": "Pat\ufdd0\uffff",
    "noncharacter of a far plane": "Pat\U0010ffff",
    "unassigned": "Pat\u0378",
    "lone high surrogate": "Pat\ud800",
    "lone low surrogate": "Pat\udcff",
    "surrogates in the wrong order": "Pat\ude00\ud83d",
}
NAMES: Final = {
    "Vietnamese": "Trần Thị Ánh",
    "Vietnamese, letters apart": "Tra\u0302\u0300n",
    "Spanish": "Núñez-O\u2019Higgins",
    "Arabic": "فاطمة الزهراء",
    "Farsi with a joiner": "علی‌رضا",
    "Hebrew": "שרה כהן",
    "Armenian": "Հայկ Պետրոսյան",
    "Chinese": "王小明",
    "Korean": "김민준",
    "Japanese": "山田 太郎",
    "Khmer": "សុខ\u200bសាន".replace("\u200b", ""),
    "Punjabi": "ਗੁਰਪ੍ਰੀਤ",
    "Hindi with a joiner": "क्‍ष",
    "Russian": "Анна-Мария",
    "Hmong": "𞄀𞄩𞄰",
    "Lao": "ສົມສັກ",
    "emoji": "Pat 🙂👩‍⚕️",
}
DAMAGED: Final = {
    "float": "9.12E+09",
    "float with a comma": "9,12E+09",
    "float of a long number": "9123456700.0",
    "number of ten digits": "9123456700",
    "date as a number": "29284",
    "date as a float": "29284.0",
    "short year": "3/4/80",
    "formula": '=HYPERLINK("http://x.example.com","Pat")',
    "formula with plus": "+1+cmd|' /C calc'!A0",
    "error of a sheet": "#REF!",
    "quoted": '"Pat"',
    "number as text": "'00012345",
    "Social Security number": "123-45-6789",
    "Arabic digits": "".join(chr(0x660 + int(d)) for d in "91234567") + "A",
    "full-width digits": "".join(chr(0xFF10 + int(d)) for d in "91234567") + "A",
    "emergency number": "911",
}
SHAPES: Final = {
    "101 letters": "x" * 101,
    "1,001 letters": "x" * 1001,
    "a line of 2,000": "word " * 400,
    "100 wide letters": "王" * 100,
    "quoted-printable": "=3D=0D=0ABcc: x@example.com",
    "soft line break": "Pat=\nExample=",
    "ends in blanks": "Pat   ",
    "ends in a no-break space": "Pat\u00a0",
    "no-break space": "Pat\u00a0Example",
    "ideographic space": "Pat\u3000",
    "tab": "Pat\tExample",
    "blanks": "   ",
    "markup": "[/b][red]Pat <script>alert(1)</script> :smile:",
    "template": "{member.cin} %s ${HOME} {{7*7}} \\x00",
    "two addresses": "a@example.org, x@example.com",
    "display name with a comma": "Example, Pat <x@example.com>",
    "quoted local part": '"a b"@example.org',
    "international domain": "a@exämple.org",
    "path": "../../etc/passwd",
    "combining marks": "a" + "\u0301" * 90,
}
HOSTILE: Final[dict[str, str]] = {**ENCODED_WORDS, **LINE_BREAKS, **INVISIBLE, **NAMES, **DAMAGED, **SHAPES}

TEXT_FIELDS: Final = (
    *(field.key for field in CHECKED),
    *(
        "member.date_of_birth",
        "member.county",
        "member.plan",
        "member.kp_region",
        "referrer.relationship",
        "referrer.source",
        "referral.program",
    ),
)
LIST_FIELDS: Final = ("referral.services", "referral.current_services")
