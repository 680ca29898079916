"""Runs: one model version applied to one revision of one study, from plan to outcome."""
