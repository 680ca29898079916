"""A likely cause of a signal: how much of it, by which numbers, said in a sentence. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from surveillance.axes import ALL


class CauseKind(StrEnum):
    """What may lie behind a signal.

    `one_site` and `all_sites` tell where to look for what nothing more specific explains.
    """

    MIX = "mix"
    NEW_SCANNER = "new_scanner"
    MISSING = "missing"
    ONE_GROUP = "one_group"
    REGISTRY = "registry"
    PROTOCOL = "protocol"
    OUTPUT = "output"
    READERS = "readers"
    ALL_SITES = "all_sites"
    ONE_SITE = "one_site"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True)
class Cause:
    """One likely cause.

    Attributes:
        share: of the effect, from 0 to 1. Causes overlap: their shares are no parts of one whole.
        sure: the share less its standard error; what causes are ranked by.
        numbers: what the sentence is made from.
        axis: with `levels`, the group that shows it; `all` for every case of the window.
        studies: pseudonyms of the studies that show it most.
    """

    kind: CauseKind
    share: float
    sure: float
    sentence: str
    numbers: Mapping[str, float | str] = field(default_factory=dict)
    axis: str = ALL
    levels: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()

    def shown_by(self, studies: tuple[str, ...]) -> "Cause":
        return replace(self, studies=studies)


def clipped(share: float) -> float:
    return min(max(share, 0.0), 1.0)


def percent(value: float) -> str:
    return f"{100 * value:.1f}%"
