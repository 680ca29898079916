"""The network's approval of a version: on what evidence, and by whom."""
