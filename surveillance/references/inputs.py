"""What a reference of inputs is made from: the values of a number, or the levels of the runs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from surveillance.measures.histogram import Edges


@dataclass(frozen=True)
class Input:
    """The cases behind a reference of a number, or of whole runs.

    Attributes:
        n: cases.
        values: of a number; None is missing, and what is no finite number is invalid.
        edges: None for whole runs, which are no number.
        baselines: how often each level or outcome was had.
        content: what is kept where that is no list of values.
    """

    n: int
    values: Sequence[float | None] = ()
    edges: Edges | None = None
    baselines: Mapping[str, Any] = field(default_factory=dict)
    content: bytes | None = None

    def to_bytes(self) -> bytes:
        if self.content is not None:
            return self.content
        values = [
            "invalid" if value is not None and not math.isfinite(value) else value
            for value in self.values
        ]
        kept = {"n": self.n, "values": values, "baselines": dict(self.baselines)}
        return json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
