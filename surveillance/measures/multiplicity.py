"""Many looks find something by chance: p-values adjusted for how many there are.

Holm, Scandinavian Journal of Statistics 1979;6:65-70: the chance of even one false finding.
Benjamini and Yekutieli, Annals of Statistics 2001;29:1165-1188: the share of false ones among the
findings. Both hold however the looks depend on each other, as those on one set of patients do.
"""

import numpy as np
from numpy.typing import NDArray

Ps = NDArray[np.float64]


def holm(p: Ps) -> Ps:
    """Return adjusted p-values; at most `a` of them has a false one among it with chance `a`."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(m, 0, -1)) if m else p
    return _back(stepped, order)


def benjamini_yekutieli(p: Ps) -> Ps:
    """Return adjusted p-values; of those at most `a`, an expected share `a` is false."""
    m = len(p)
    order = np.argsort(p, kind="stable")
    places = np.arange(1, m + 1)
    scaled = p[order] * m * (1 / places).sum() / places if m else p
    stepped = np.minimum.accumulate(scaled[::-1])[::-1]
    return _back(stepped, order)


def _back(stepped: Ps, order: NDArray[np.int64]) -> Ps:
    adjusted = np.empty_like(stepped)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
