"""calaim: the care manager's terminal for CalAIM, California's Medi-Cal reform.

The floors; a module imports only from floors below its own:

   10  cli                                      the commands, and the one error boundary
    9  batch                                    the story of `batch`
    9  session                                  a person at a terminal, asked and listened to
    9  answers                                  the texts that quick copies out, and the policy as JSON
    8  render  topics                           the terminal; what `calaim help` explains
    7  draft                                    case -> draft: the one way of `refer` and `batch`; its formats
    7  documents  views                         results as JSON and as what a person reads
    6  fitness  datadiff                        every problem of a case for a draft; editions compared
    5  screening                                a case decided, compared; the county it is of
    5  conversation                             the interview and the referral as talks
    4  advice  body  interview  route           what to do, a draft's text, what to ask, where it goes
    4  datacheck  datafiles                     the policy checked and read
    2  row  sheet                               a row as a case; CSV, in and out
    3  policy                                   the policy as one value; things found by name
    2  places  determination                    counties, and what is typed for them; truths become outcomes
    2  casefile  prompts                        cases as files; menus and numbered lines
    1  case  form  programs  questions          the nouns; the form, field by field
    1  message  prompt                          what is written, and what is asked
    1  files  terminal                          files read whole, the one writer of private files; the standard streams
    1  quick                                    what scripts ask most, answered before Typer is loaded
    0  rules  values  wording  errors           logic, what a field may look like, words, failure
    0  formats                                  how a draft is written
    0  completion                               what may come next on a command line
    0  system                                   what is asked of the system for files, on Windows too
"""

__version__ = "0.1.0"
