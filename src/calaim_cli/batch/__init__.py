"""A sheet becomes drafts, row by row, and all of them are published, or none."""
