"""How often a stream of embeddings alarms without a change, and how soon after one.

    python -m benchmarks.embeddings [YEARS]

Vectors of 64 numbers, 40 studies a day for a year, a reference of 5,000; days alike, or differing
by 0.1 sd in every direction and by 0.15 on weekends in the first; the change on day 180.
"""

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from numpy.typing import NDArray

from surveillance.measures import tracks
from surveillance.measures.detector import HORIZON, WATCH
from surveillance.measures.histogram import number_edges
from surveillance.measures.principal import fit
from surveillance.records.bulk import GIVEN, Numbers
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Ranked
from surveillance.streams.together import Together

LENGTH, DAYS, A_DAY, CHANGE = 64, 365, 40, 180
ESCALATE = HORIZON / 0.05  # of one stream by itself
Vectors = NDArray[np.float64]
_SCALES = np.maximum(3 * 0.75 ** np.arange(LENGTH), 0.2)
_SECOND = np.eye(LENGTH)[1] * _SCALES
CHANGES: dict[str, Callable[[Vectors], Vectors]] = {
    "days alike": lambda held: held,
    "days differ": lambda held: held,
    "0.2 sd along one direction": lambda held: held + 0.2 * _SECOND,
    "0.5 sd along one direction": lambda held: held + 0.5 * _SECOND,
    "all 5 % longer": lambda held: held * 1.05,
    "the space turned": lambda held: held[:, ::-1],
}


def day_of(random: np.random.Generator, day: int, *, alike: bool) -> Vectors:
    held: Vectors = random.normal(size=(A_DAY, LENGTH))
    if not alike:
        held += random.normal(0, 0.1, LENGTH)
        held[:, 0] -= 0.15 * (day % 7 > 4)
    found: Vectors = held * _SCALES
    return found


def levels(name: str, seed: int) -> Vectors:
    """Return the detector's level after each day of a year."""
    random = np.random.default_rng(seed)
    alike = name == "days alike"
    before = np.concatenate([day_of(random, n, alike=alike) for n in range(5000 // A_DAY)])
    basis = fit(before, standardised=False)
    held = [day_of(random, day, alike=alike) for day in range(DAYS)]
    change = CHANGES[name]
    now = [basis.project(change(one) if n >= CHANGE else one) for n, one in enumerate(held)]
    asked = Asked(
        stream=Stream("version", "site", "feature:embedding", StreamKind.EMBEDDING),
        reference_id=None,
        ordinals=np.arange(1, DAYS + 1),
        what="studies",
        need=200,
    )
    numbers = []
    for place, values in enumerate(basis.project(before).T):
        edges = number_edges(values.tolist())
        counts = np.zeros((DAYS, edges.slots), dtype=np.int64)
        for day, projected in enumerate(now):
            of_day = Numbers(projected[:, place], np.full(A_DAY, GIVEN, dtype=np.int8))
            counts[day] = np.bincount(of_day.slots(edges), minlength=edges.slots)
        numbers.append(Ranked(asked, counts, edges.count(values.tolist()), 0.1))
    bets = Together.bets([Together(asked, tuple(numbers), lambda *_: "")])
    found: Vectors = np.exp(np.minimum(tracks.follow(bets).levels[0], 700))
    return found


def main(years: int) -> None:
    with ProcessPoolExecutor(2) as pool:
        for name in CHANGES:
            found = np.array(list(pool.map(levels, [name] * years, range(100, 100 + years))))
            print(f"{name}: {years} years")
            for what, limit in (("watch", WATCH), ("escalation", ESCALATE)):
                since = found[:, CHANGE:] >= limit
                days = np.argmax(since, axis=1)[since.any(1)] + 1
                print(f"  {what}: {(found >= limit).any(1).mean():.0%} of years", end="")
                if "days" in name or not len(days):
                    print()
                    continue
                median, late = np.percentile(days, (50, 90))
                print(f", after {median:.0f} days (nine in ten within {late:.0f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 60)
