"""Admission: the automatic checks that a version passes before people look at it."""
