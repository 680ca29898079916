"""Categories such as makers and views: one that was never seen, and shares that move."""

import numpy as np

from surveillance.measures import allowance
from surveillance.measures.betting import LogE
from surveillance.measures.day_effects import Daily
from surveillance.measures.histogram import Counts
from surveillance.measures.rates import log_e_of_rise


def unseen(counts: Counts, reference: Counts) -> list[int]:
    """Return the categories that the reference never had and these days have."""
    had = counts.reshape(-1, counts.shape[-1]).sum(0)
    return np.flatnonzero((had > 0) & (reference == 0)).tolist()


def log_e(counts: Counts, reference: Counts) -> LogE:
    """Return a row of bets for each day: that a category is more frequent than its reference.

    Where one becomes rarer another becomes more frequent, so that rises are enough. Categories that
    the reference never had are an event of their own and not bet on.

    Args:
        counts: cases of each category; shape (days, categories).
        reference: the same of the reference; shape (categories,).
    """
    total: Daily = counts.sum(-1).astype(np.float64)
    size = float(reference.sum())
    bets = []
    for index in np.flatnonzero(reference > 0):
        events: Daily = counts[:, index].astype(np.float64)
        allowed = allowance.learned(events, total, float(reference[index]), size)
        bets.append(log_e_of_rise(events, total, allowed.high))
    return np.concatenate(bets, axis=-1) if bets else np.zeros((len(counts), 1))
