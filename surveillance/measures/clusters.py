"""How many patients an error is known from, where patients come again.

An error between patients is itself an estimate, and a poor one where few patients make it up, or
where few have most of the cases. It has as many degrees of freedom as patients who count, less one:
(sum of v)^2 / sum of v^2 over the patients, v being what each adds to the variance (Carter,
Schnepel and Steigerwald, Review of Economics and Statistics 2017;99:698-709). With n cases of which
any two are alike by r that is n (1 + (n - 1) r) (Kish, Survey Sampling, 1965).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
LEAST = 1.0
POWERS = (1, 2, 3, 4)


def powers(sizes: Any, axis: int = 0) -> Values:
    """Return the sums of the patients' cases, of their squares, cubes and fourth powers."""
    held = np.asarray(sizes, dtype=np.float64)
    return np.stack([(held**power).sum(axis) for power in POWERS])


def alike(sums: Values, effect: Any) -> Values:
    """Return how alike two cases of a patient are, between 0 and 1.

    Args:
        sums: of `powers`, the first dimension being theirs.
        effect: by how much the variance is larger because patients come again; infinite where
            nothing tells, and then they are one.
    """
    others = np.maximum(sums[1] / np.maximum(sums[0], 1.0) - 1, 0.0)
    more = np.clip(np.asarray(effect) - 1, 0.0, others)
    found: Values = np.divide(more, others, out=np.zeros_like(others), where=others > 0)
    return found


def freedom(sums: Values, effect: Any) -> Values:
    """Return the degrees of freedom, of what `alike` takes."""
    r = alike(sums, effect)
    added = sums[0] + r * (sums[1] - sums[0])
    squares = (1 - r) ** 2 * sums[1] + 2 * r * (1 - r) * sums[2] + r**2 * sums[3]
    found: Values = np.maximum(LEAST, added**2 / np.maximum(squares, 1.0) - 1)
    return found
