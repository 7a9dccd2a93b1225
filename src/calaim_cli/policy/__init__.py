"""What the data say: rules, questions, programs, places, all as one frozen value."""
