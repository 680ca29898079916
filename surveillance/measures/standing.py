"""Where streams stand on their last day: what `tracks` says of it, without the days before.

Of the recursion of `detector` only the end is wanted, and that is one sum over the days that a
change may have begun on: many streams are judged at once, each up to its own last day.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveillance.measures import cusum
from surveillance.measures.bets import Bets, Each
from surveillance.measures.betting import LogE


@dataclass(frozen=True)
class Standing:
    """One stream on its last day.

    Attributes:
        log_level: the logarithm of the detector's level.
        since: the day from which a change explains the data best.
        low: the least estimate that is clinically tolerated.
        high: the largest.
        cusum: the classical chart's sum over its limit.
        between: the variance of a day's mean or rate beside chance.
    """

    log_level: float
    since: int
    low: float
    high: float
    cusum: float
    between: float


def standings(of: Bets, lengths: NDArray[np.int64]) -> list[Standing]:
    """Return where each of several streams stands.

    Args:
        of: bets of shape (streams, days, bets), the days that a stream does not have at its end
            and without bets.
        lengths: how many days each stream has; at least one.
    """
    level, since = _end(of.log_e, lengths)
    # A day that is not there is no day without a shift: it must not lower the sum.
    is_past = np.arange(of.z.shape[-1]) >= lengths[:, None]
    up, down = (np.where(is_past, slack, of.z) for slack in (cusum.SLACK, -cusum.SLACK))
    between = np.take_along_axis(of.between, lengths[:, None] - 1, axis=1)[:, 0]
    columns = (level, since, of.low, of.high, cusum.reached(up, down), between)
    return [Standing(*each) for each in zip(*(column.tolist() for column in columns), strict=True)]


def _end(log_e: LogE, lengths: NDArray[np.int64]) -> tuple[Each, NDArray[np.int64]]:
    won = np.cumsum(log_e, axis=1)
    end = won[:, -1].copy()
    before = np.subtract(won, log_e, out=won)
    before[np.arange(before.shape[1]) >= lengths[:, None]] = np.inf
    lowest = before.min(axis=1)
    gain = end - lowest
    # The day the best bet was lowest on, the latest of several.
    best = np.argmax(gain, axis=-1)
    at = np.take_along_axis(before, best[:, None, None], axis=2)[..., 0]
    is_lowest = at == np.take_along_axis(lowest, best[:, None], axis=1)
    since = is_lowest.shape[1] - 1 - np.argmax(is_lowest[:, ::-1], axis=1)
    held = np.subtract(lowest[:, None], before, out=before)
    by_bet = gain + np.log(np.exp(held, out=held).sum(axis=1))
    level: Each = np.logaddexp.reduce(by_bet, axis=-1) - np.log(log_e.shape[-1])
    return level, since
