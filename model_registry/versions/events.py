"""What higher nouns and floors hear of a version."""

from dataclasses import dataclass


@dataclass(frozen=True)
class VersionWithdrawn:
    """A version was taken back: wherever it runs, it stops."""

    version_id: str
    reason: str
