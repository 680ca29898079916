"""Screens that are made of several domains."""
