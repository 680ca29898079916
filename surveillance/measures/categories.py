"""Categories such as makers and views: which ones were never seen."""

import numpy as np

from surveillance.measures.histogram import Counts


def unseen(counts: Counts, reference: Counts) -> list[int]:
    """Return the categories that the reference never had and these days have."""
    had = counts.reshape(-1, counts.shape[-1]).sum(0)
    return np.flatnonzero((had > 0) & (reference == 0)).tolist()
