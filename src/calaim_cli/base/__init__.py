"""The ground: errors, words, what a value may look like, streams and files. Knows nothing of CalAIM."""
