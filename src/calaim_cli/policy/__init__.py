"""What the data say: rules, questions, programs, places, all as one frozen value.

The modules of structs do without `from __future__ import annotations`: msgspec would compile each annotation, which is
then a text, anew at every start.
"""
