"""A person at a terminal is asked and listened to."""
