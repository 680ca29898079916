"""Predetermined change plans: which changes a version's supplier announced, and what is inside."""
