"""calaim: the care manager's terminal for CalAIM, California's Medi-Cal reform.

Nine rooms on floors. An import goes to the same room or to a lower floor:

    7  cli  __main__               the commands, and the one error boundary
    6  delivery                    where drafts go: their files, the ledger, the member's page
    5  batch  talk  show  follow   a sheet, a person, a reader, what comes after a draft
    4  draft                       a case becomes a draft
    3  decide                      a case meets the policy
    2  policy  case                what the data say; a case as it is written down
    1  quick                       what scripts ask most, answered before all else is loaded
    0  base                        errors, words, values, streams, files

Two tables are read everywhere: `case/form.py` has the fields of a referral, `base/errors.py` the warnings.

A case file, a row of a sheet or a talk becomes a `Case`. `screening` decides it, and `Drafter.draft` makes of it, by
`fitness`, `route`, `body` and `message`, the one draft that `refer` and `batch` write.
"""

__version__ = "0.2.0"
