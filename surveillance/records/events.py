"""What the rest of surveillance hears of a record."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunRecorded:
    """A run was recorded; published in the transaction that did so."""

    site_id: str
    study_pseudonym: str
