"""The cumulative sum: the classical chart of small lasting shifts, shown beside the e-detector.

Page, Biometrika 1954;41:100-115. It adds up what each day is above half a standard deviation of
itself, the variance between days included. Its limit has no theorem behind it: it is simulated
(`benchmarks/cusum_limit.py`), so that the chart only ever counts as a watch.
"""

import numpy as np

from surveillance.measures.day_effects import Daily

SLACK = 0.5
# At most 5 % of unchanged streams pass it in a year of days, in either direction.
LIMIT = 8.0


def rises(z: Daily) -> Daily:
    """Return the sum upwards after each day; shape (..., days). That downwards is of `-z`."""
    path = np.cumsum(z - SLACK, axis=-1)
    found: Daily = path - np.minimum(np.minimum.accumulate(path, axis=-1), 0.0)
    return found


def reached(up: Daily, down: Daily) -> Daily:
    """Return how much of the limit the larger sum has reached on the last day.

    Args:
        up: the days of the sum upwards, shape (..., days); a day that is not there is `SLACK`.
        down: the same days of the sum downwards; a day that is not there is `-SLACK`.
    """
    up, down = (_last(np.cumsum(each - SLACK, axis=-1)) for each in (up, -down))
    found: Daily = np.maximum(up, down) / LIMIT
    return found


def _last(path: Daily) -> Daily:
    low: Daily = np.minimum(path.min(-1), 0.0)
    found: Daily = path[..., -1] - low
    return found
