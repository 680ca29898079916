"""What the public is told about each version."""
