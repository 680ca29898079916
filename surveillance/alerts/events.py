"""What the rest of Vigil hears of an alert."""

from dataclasses import dataclass


@dataclass(frozen=True)
class AlertRaised:
    """An alert reached the tier that people must act on; published with the row that says so."""

    alert_id: str
