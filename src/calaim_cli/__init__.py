"""calaim: the care manager's terminal for CalAIM, California's Medi-Cal reform.

The floors; a module imports only from floors below its own:

    7  cli                                             the commands, and the one error boundary
    6  render  datafiles  casefile  outbox             terminal and files
    5  documents  views                                results as JSON, and as what a person reads
    4  referral                                        a case and its route become a draft
    3  routing  advice  checks  datacheck              what to do, where it goes, what is wrong
    2  catalog  determination                          the policy as one value; truths become outcomes
    1  questions  programs  counties  case  message    the nouns
    0  rules  sources  fields  near  errors            logic and failure
"""

__version__ = "0.1.0"
