"""Find the limit of the classical chart: 5 % of unchanged streams pass it in a year, either way.

    python -m benchmarks.cusum_limit [--streams 20000]

Days are those of the chart itself: what a day is off what was learned from the days before it, over
what that may be by chance, days that differ by themselves included. The limit is written into
surveillance/measures/cusum.py by hand, and a test holds it to what this finds.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from surveillance.measures import cusum, drift
from surveillance.measures.intervals import RANK_VARIANCE
from surveillance.measures.ranks import CLINICAL_SHIFT, of_shift

DAYS, BUDGET, REFERENCE = 365, 0.05, 5000
_AT_ONCE = 2000
Highest = NDArray[np.float64]


def highest(rng: np.random.Generator, streams: int, *, cases: float, between: float) -> Highest:
    """Return the highest sum of each unchanged stream in a year.

    Args:
        rng: what draws.
        streams: how many.
        cases: a day, on average.
        between: standard deviation of the mean rank between days.
    """
    found = []
    for start in range(0, streams, _AT_ONCE):
        shape = (min(_AT_ONCE, streams - start), DAYS)
        n = rng.poisson(cases, shape).astype(np.float64)
        error = np.sqrt(RANK_VARIANCE / REFERENCE)
        offset = rng.normal(0, error, (shape[0], 1))
        spread = np.sqrt(RANK_VARIANCE / np.maximum(n, 1) + between**2)
        z = drift.of_means(
            n,
            rng.normal(offset, spread),
            np.full(shape, RANK_VARIANCE),
            np.full(shape[0], error),
            float(of_shift(CLINICAL_SHIFT)) ** 2,
        ).z
        found.append(np.maximum(cusum.rises(z), cusum.rises(-z)).max(axis=-1))
    return np.concatenate(found)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cusum_limit", description=__doc__)
    parser.add_argument("--streams", type=int, default=20_000)
    asked = parser.parse_args()
    rng = np.random.default_rng(1)
    normal = rng.normal(0, 1, (asked.streams, DAYS))
    worlds = {"normal days": np.maximum(cusum.rises(normal), cusum.rises(-normal)).max(axis=-1)}
    day = float(of_shift(CLINICAL_SHIFT))
    for cases in (20.0, 80.0, 300.0):
        for name, between in (("alike", 0.0), ("that differ by 0.1 sd", day)):
            worlds[f"{cases:g} cases a day, days {name}"] = highest(
                rng, asked.streams, cases=cases, between=between
            )
    print(f"{'unchanged streams':42} limit for 5 %   pass {cusum.LIMIT:g}")
    for name, reached in worlds.items():
        limit = float(np.quantile(reached, 1 - BUDGET))
        print(f"{name:42} {limit:13.2f}   {100 * float((reached >= cusum.LIMIT).mean()):.1f} %")


if __name__ == "__main__":
    main()
