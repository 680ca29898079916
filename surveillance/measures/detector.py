"""The Shiryaev-Roberts e-detector: evidence that a change happened on some day until now.

R_t = (R_{t-1} + 1) e_t for each bet, averaged over the bets. Its mean after t days without a change
is at most t; so an alarm at R >= c comes at most once in c days on average, and R / T is an e-value
for a watch of T days. Shin, Ramdas, Rinaldo, "E-detectors", New England J. Stat. Data Sci. 2024.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from surveillance.measures.betting import LogE

WATCH = 365.0  # one false alarm in a year of days, at most, for each stream
HORIZON = 365  # days that the network's false alarms are counted over


@dataclass(frozen=True)
class Evidence:
    """What the detector holds after its last day.

    Attributes:
        log_level: the logarithm of R, averaged over the bets; minus infinity before the first day.
        days: how many days it saw.
        since: index of the day from which a change explains the data best.
    """

    log_level: float
    days: int
    since: int

    @property
    def level(self) -> float:
        # Bounded, so that it can be stored and shown; beyond this nobody tells it apart.
        return float(np.exp(min(self.log_level, 500.0)))

    @property
    def e_value(self) -> float:
        return self.level / max(self.days, HORIZON)


def detect(log_e: LogE) -> Evidence:
    """Run the detector over one row a day, oldest first."""
    if not len(log_e):
        return Evidence(-np.inf, 0, 0)
    return Evidence(float(log_levels(log_e)[-1]), len(log_e), change_point(log_e))


def log_levels(log_e: LogE) -> NDArray[np.float64]:
    """Return the logarithm of R after each day; shape (..., days, bets) gives (..., days).

    The recursion in closed form: a sum, over the days a change may have begun on, of what each bet
    has won since; what was won until then is taken off in the logarithm.
    """
    won = np.cumsum(log_e, axis=-2)
    by_bet = won + np.logaddexp.accumulate(log_e - won, axis=-2)
    levels: NDArray[np.float64] = np.logaddexp.reduce(by_bet, axis=-1) - np.log(log_e.shape[-1])
    return levels


def change_point(log_e: LogE) -> int:
    """Return the day from which the best single bet has won most: where a change began, if any."""
    return int(change_points(log_e)[-1])


def change_points(log_e: LogE) -> NDArray[np.int64]:
    """Return, as seen on each day, the day from which the best bet has won most by then."""
    won = np.cumsum(log_e, axis=-2)
    before = won - log_e
    lowest = np.minimum.accumulate(before, axis=-2)
    day = np.arange(log_e.shape[-2])[:, None]
    since = np.maximum.accumulate(np.where(before <= lowest, day, 0), axis=-2)
    best = np.argmax(won - lowest, axis=-1)
    found: NDArray[np.int64] = np.take_along_axis(since, best[..., None], axis=-1)[..., 0]
    return found
