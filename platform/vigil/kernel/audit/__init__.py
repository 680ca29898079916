"""The hash-chained record of who did what, when and why."""
