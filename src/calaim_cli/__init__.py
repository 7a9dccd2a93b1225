"""calaim: the care manager's terminal for CalAIM, California's Medi-Cal reform.

The floors; a module imports only from floors below its own:

    9  cli                                      the commands, and the one error boundary
    8  interviewing                             a person at a terminal, asked and listened to
    7  referring                                the story of `refer`
    6  render  prompts                          the terminal
    6  datafiles  casefile  outbox              files
    5  documents  views  conversation           results as JSON and as what a person reads; the talks
    5  textfile  terminal                       text files read whole; the standard streams
    4  lookups  checking  referral              what was named is found; a case is decided, and becomes a draft
    3  screening  interview  routing  advice    a case meets the policy: what to ask, what to do, where it goes
    3  checks  datacheck                        what is wrong with a case, and with the policy
    2  catalog  determination                   the policy as one value; truths become outcomes
    1  questions  programs  counties  case      the nouns
    1  message  prompt                          what is written, and what is asked
    0  rules  sources  fields  near  errors     logic and failure
"""

__version__ = "0.1.0"
