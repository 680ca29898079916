"""The statuses that a C-STORE is answered with (PS3.4 B.2.3, PS3.7 annex C)."""

from dataclasses import dataclass
from enum import IntEnum

COMMENT_LENGTH = 64  # Error Comment (0000,0902) is an LO


class Status(IntEnum):
    SUCCESS = 0x0000
    PROCESSING_FAILURE = 0x0110
    DUPLICATE_SOP_INSTANCE = 0x0111
    INVALID_SOP_INSTANCE = 0x0117
    RESOURCE_LIMITATION = 0x0213
    OUT_OF_RESOURCES = 0xA700
    DATA_SET_MISMATCH = 0xA900
    CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True)
class Answer:
    """What the sender is told. The comment never holds anything that the data set says."""

    status: Status
    comment: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "comment", self.comment[:COMMENT_LENGTH])
