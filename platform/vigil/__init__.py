"""Vigil: the platform on which radiology networks run AI models and answer for them."""

__version__ = "0.1.0"
