"""UIDs that follow from a run, so that making a result twice makes the same object.

A UID is 2.25 and a UUID (PS3.5 B.2) whose bits come from SHA-256 over what it names, as in a UUID
of version 5. A run's id is never used again, so a re-run has other UIDs (design invariant 6).
"""

import hashlib
import uuid

from pydicom.uid import UID


def derived_uid(kind: str, *names: str) -> UID:
    """Return the one UID for this kind of thing under these names."""
    digest = hashlib.sha256("\x1f".join(("vigil", kind, *names)).encode()).digest()
    return UID(f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}")
