"""What the rest of Vigil hears of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class RunFinished:
    """A run has its outcome; published in the transaction that saved it."""

    run_id: str
