"""Models and their versions: what was handed over, byte for byte, and how it stands."""
