"""Many members at once: `batch` makes drafts of a sheet, all or none, `panel` screens a table of members.

`sheet` and `workbook` read files row by row for `batch`; `table` does it on an engine for `panel`.
"""
