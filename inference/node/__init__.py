"""Vigil's DICOM node: what arrives over an association, and what became of it."""
