"""Whether a gap is one of mix: of who is in the groups, and not of how they fare (Simpson 1951).

A difference of two rates parts into what the strata's sizes explain and what the rates within them
do (Kitagawa, Journal of the American Statistical Association 1955;50:1168-1194), at the mean of
both groups' mixes, so that nothing is left over. For an area, which is no mean over strata, the gap
within strata is held against the whole one (direct standardisation).

Arrays are (..., 2 groups, strata): the leading dimensions are those of a bootstrap.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.batch_area import area
from surveillance.measures.histogram import Counts

Table = NDArray[np.float64]
FEWEST = 5  # of a kind in a stratum, on each side, to compare areas within it


@dataclass(frozen=True)
class Parted:
    """A gap in its parts, which add up to it.

    Attributes:
        mix: what the groups' mixes explain.
        effect: what is left where like is compared with like.
        alone: what comes from strata that only one of the groups has.
        comparable: the share of the first group's cases in strata that both have.
    """

    gap: Table
    mix: Table
    effect: Table
    alone: Table
    comparable: Table


def of_rates(events: Table, cases: Table) -> Parted:
    """Part the difference of two groups' rates; a group without cases gives no number."""
    total = cases.sum(-1, keepdims=True)
    share = _divide(cases, total)
    # Shares add up to one, so that any constant may be taken off the rates: with the rate of all,
    # a stratum that one group lacks counts for as much as it differs.
    middle = _divide(events.sum((-1, -2)), cases.sum((-1, -2)))[..., None, None]
    rate = _divide(events, cases) - middle
    both = (cases > 0).all(-2)
    held = np.where(cases > 0, rate, 0.0)
    between = share[..., 0, :] - share[..., 1, :]
    mix = np.where(both, between * held.mean(-2), 0.0).sum(-1)
    effect = np.where(both, share.mean(-2) * (held[..., 0, :] - held[..., 1, :]), 0.0).sum(-1)
    own = share * held
    lone = np.where(both, 0.0, own[..., 0, :] - own[..., 1, :]).sum(-1)
    whole = _divide(events.sum(-1), total[..., 0])
    gap = whole[..., 0] - whole[..., 1]
    comparable = np.where(both, share[..., 0, :], 0.0).sum(-1)
    return Parted(gap, mix, effect, lone, comparable)


def of_areas(positives: Counts, negatives: Counts) -> Parted:
    """Part the difference of two areas; counts are (..., 2 groups, strata, slots) and valued."""
    whole = area(_with_ends(positives.sum(-2)), _with_ends(negatives.sum(-2)))
    gap = whole[..., 0] - whole[..., 1]
    m, n = positives.sum(-1), negatives.sum(-1)
    both = (np.minimum(m, n) >= FEWEST).all(-2)
    within = area(_with_ends(positives), _with_ends(negatives))
    weight = np.where(both, m.sum(-2), 0.0)
    total = weight.sum(-1)
    effect = _divide((weight * (within[..., 0, :] - within[..., 1, :])).sum(-1), total)
    comparable = _divide(np.where(both, m[..., 0, :], 0.0).sum(-1), m[..., 0, :].sum(-1))
    return Parted(gap, gap - effect, effect, np.zeros_like(gap), comparable)


def _with_ends(valued: Counts) -> Counts:
    """Add the slots of what has no value, which an area leaves out."""
    return np.concatenate([valued, np.zeros((*valued.shape[:-1], 2), dtype=np.int64)], axis=-1)


def _divide(one: Table, by: Table) -> Table:
    shape = np.broadcast(one, by).shape
    found: Table = np.divide(one, by, out=np.full(shape, np.nan), where=np.asarray(by) > 0)
    return found
