"""What the data say: rules, questions, programs, places, all as one frozen value.

What a file of `data/` holds stands in the module of its name, that of `counties.toml` in `places`, as one `...File`.

The modules of structs do without `from __future__ import annotations`: msgspec would compile each annotation, which is
then a text, anew at every start.
"""
