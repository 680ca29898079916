"""Webhooks: what happens in the registry, told to other programs, signed and tried again."""
