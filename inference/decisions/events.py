"""What the rest of Vigil hears of a decision."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReaderDecided:
    """A reader agreed or overruled; published in the transaction that saved it."""

    decision_id: str
