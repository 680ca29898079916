"""Submissions: how a supplier hands over a version, task by task, and what is asked about it."""
