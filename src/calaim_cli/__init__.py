"""calaim: the care manager's terminal for CalAIM, California's Medi-Cal reform.

The floors; a module imports only from floors below its own:

    9  cli                                      the commands, and the one error boundary
    8  batch                                    the story of `batch`
    8  interviewing                             a person at a terminal, asked and listened to
    7  referring                                the story of `refer`
    7  takes                                    the rows of a batch, drafted or refused, then published
    7  answers                                  the texts that quick copies out, and the policy as JSON
    6  render  prompts  topics                  the terminal; what `calaim help` explains
    6  datafiles  casefile  outbox              files
    6  spreadsheet                              CSV, in and out
    6  drafting                                 drafts of many rows, each that of `refer`
    5  usual  answering                         a member written the usual way; what answers decide
    5  documents  views  conversation           results as JSON and as what a person reads; the talks
    5  textfile  terminal                       text files read whole; the standard streams
    4  lookups  checking  referral  datadiff    named things found; a case decided, drafted; editions compared
    4  rowcase  folder                          a row as a case; a folder that one run alone writes to
    3  screening  interview  routing  advice    a case meets the policy: what to ask, what to do, where it goes
    3  checks  datacheck  body                  what is wrong with a case, and with the policy; a draft's text
    2  catalog  determination                   the policy as one value; truths become outcomes
    1  questions  programs  counties  case      the nouns
    1  message  prompt                          what is written, and what is asked
    1  workers                                  a second process for a part of the work
    1  quick                                    what scripts ask most, answered before Typer is loaded
    0  rules  sources  fields  near  errors     logic and failure
    0  formats  placekey                        how a draft is written; how places are compared
    0  archive                                  many drafts in one file
    0  completion                               what may come next on a command line
    0  system                                   what is asked of the system for files, on Windows too
"""

__version__ = "0.1.0"
