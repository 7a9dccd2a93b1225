"""Results for a reader: as blocks on a terminal, as lines, as JSON, as texts of the wheel."""
