"""The engine tried out: on a table, on supposed volumes, on the history. Never raises an alert."""
