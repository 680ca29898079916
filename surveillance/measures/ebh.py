"""Which of many streams to escalate: the e-BH procedure.

Of the streams it names, on average at most the share q is false, whatever the dependence between
them. Wang and Ramdas, "False discovery rate control with e-values", JRSSB 2022.
"""

from collections.abc import Sequence

import numpy as np

SHARE_FALSE = 0.1


def discoveries(e_values: Sequence[float], q: float = SHARE_FALSE) -> list[bool]:
    """Return which e-values are discoveries: the k largest, if the k-th is at least K / (q k)."""
    total = len(e_values)
    largest_first = np.argsort(e_values)[::-1]
    found = 0
    for k, index in enumerate(largest_first, start=1):
        if e_values[index] * q * k >= total:
            found = k
    named = set(largest_first[:found].tolist())
    return [index in named for index in range(total)]
