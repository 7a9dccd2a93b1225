"""calaim: the care manager's terminal for CalAIM, California's Medi-Cal reform.

The floors; a module imports only from floors below its own:

    9  cli                                      the commands, and the one error boundary
    8  batch                                    the story of `batch`
    8  interviewing                             a person at a terminal, asked and listened to
    7  referring                                the story of `refer`
    7  compiling                                the data made ready when a wheel is built
    6  render  prompts  topics                  the terminal; what `calaim help` explains
    6  datafiles  casefile                      data and cases as files
    5  sheet  files                             CSV, in and out; the one writer of private files
    5  draft                                    a case as a draft
    5  documents  views  conversation           results as JSON and as what a person reads; the talks
    5  terminal                                 the standard streams
    4  lookups  checking  referral  datadiff    named things found; a case decided, drafted; editions compared
    4  row                                      a row as a case
    3  screening  interview  routing  advice    a case meets the policy: what to ask, what to do, where it goes
    3  checks  datacheck  body                  what is wrong with a case, and with the policy; a draft's text
    2  catalog  determination                   the policy as one value; truths become outcomes
    1  questions  programs  counties  case      the nouns
    1  message  prompt                          what is written, and what is asked
    1  form                                     a referral, field by field
    1  quick                                    what scripts ask most, answered before Typer is loaded
    0  rules  sources  fields  near  errors     logic and failure
    0  formats  placekey                        how a draft is written; how places are compared
    0  system                                   what is asked of the system for files
    0  compiled  completion                     the data as compiled; what may come next on a command line
"""

__version__ = "0.1.0"
