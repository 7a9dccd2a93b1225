"""One member's case as it is written down: the table of its fields, its types, its files."""
