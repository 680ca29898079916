"""What a model sees as a whole, on simulated vectors: from a reference's directions to verdicts."""

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from surveillance.measures.histogram import number_edges
from surveillance.measures.principal import Basis, fit
from surveillance.records.bulk import GIVEN, Numbers
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.embeddings import _told
from surveillance.streams.judging import judge
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Ranked
from surveillance.streams.sentences import sentence
from surveillance.streams.together import Together

LENGTH, DAYS, A_DAY, CHANGE = 64, 365, 40, 180
Vectors = NDArray[np.float64]
Made = Callable[[np.random.Generator, int, int], Vectors]
# Few directions hold most, each well apart from the next.
_SCALES = np.maximum(3 * 0.75 ** np.arange(LENGTH), 0.2)


def normal(random: np.random.Generator, _day: int, n: int) -> Vectors:
    found: Vectors = random.normal(size=(n, LENGTH)) * _SCALES
    return found


def day_effects(random: np.random.Generator, day: int, n: int) -> Vectors:
    """Ordinary days: each differs by 0.1 sd along every direction, weekends by 0.15 on one."""
    moved = random.normal(0, 0.1, LENGTH)
    moved[0] -= 0.15 * (day % 7 > 4)
    found: Vectors = normal(random, day, n) + moved * _SCALES
    return found


def since_change(change: Callable[[Vectors], Vectors]) -> Made:
    def made(random: np.random.Generator, day: int, n: int) -> Vectors:
        held = day_effects(random, day, n)
        return change(held) if day >= CHANGE else held

    return made


def shifted(by: float, direction: int) -> Callable[[Vectors], Vectors]:
    def change(held: Vectors) -> Vectors:
        moved = held.copy()
        moved[:, direction] += by * _SCALES[direction]
        return moved

    return change


def turned(held: Vectors) -> Vectors:
    """Turn the space: nothing moves on average, and what varied much varies little."""
    return held[:, ::-1]


def sample(made: Made, seed: int = 1, days: int = DAYS) -> tuple[Together, Basis]:
    random = np.random.default_rng(seed)
    # A reference is of ordinary days too.
    before = np.concatenate([day_effects(random, day, A_DAY) for day in range(5000 // A_DAY)])
    basis = fit(before, standardised=False)
    projected = basis.project(before)
    now = [basis.project(made(random, day, A_DAY)) for day in range(days)]
    asked = Asked(
        stream=Stream("ver", "site", "feature:embedding", StreamKind.EMBEDDING),
        reference_id="ref",
        ordinals=np.arange(date(2026, 1, 1).toordinal(), date(2026, 1, 1).toordinal() + days),
        what="studies with a vector",
        need=200,
    )
    told: dict[str, Any] = {
        "verb": "sees",
        "what": "its embedding pooled, 64 numbers",
        "directions": [""] * len(basis.scales),
        "spread": basis.spread.tolist(),
    }
    numbers = []
    for place in range(projected.shape[1]):
        edges = number_edges(projected[:, place].tolist())
        counts = np.zeros((days, edges.slots), dtype=np.int64)
        for day, values in enumerate(now):
            slots = Numbers(values[:, place], np.full(A_DAY, GIVEN, np.int8)).slots(edges)
            counts[day] = np.bincount(slots, minlength=edges.slots)
        against = edges.count(projected[:, place].tolist())
        numbers.append(Ranked(asked, counts, against, 0.1))
    return Together(asked, tuple(numbers), partial(_told, told)), basis


def look(made: Made, seed: int = 1, days: int = DAYS) -> Assessment:
    (found,) = judge([sample(made, seed, days)[0]])
    return found


def test_years_of_ordinary_days_escalate_never_and_are_watched_once_at_most_on_average() -> None:
    found = [look(day_effects, seed) for seed in range(8)]
    assert sum(each.verdict is Verdict.QUIET for each in found) >= 5
    for each in found:
        assert each.evidence is not None
        assert each.evidence.level < 7300, sentence(each)


@pytest.mark.parametrize("direction", [0, 5])
def test_a_shift_along_one_direction_is_found_and_named(direction: int) -> None:
    days = CHANGE + 21
    found = look(since_change(shifted(0.5, direction)), days=days)
    assert found.verdict is Verdict.WATCH
    assert found.evidence is not None
    assert found.evidence.level > 7300
    assert found.is_beyond
    assert found.window is not None
    assert abs((found.window[0] - date(2026, 1, 1)).days - CHANGE) <= 10
    said = sentence(found)
    assert "what the model sees as a whole (its embedding pooled, 64 numbers) has moved: " in said
    assert f"most in direction {direction + 1} of 8" in said
    assert "95% interval" in said
    assert "tolerated" in said


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (turned, "its distance from the centre of the reference"),
        (lambda held: held * 1.3, "its length"),
        # A direction that is none of the eight: only the distance sees it.
        (shifted(6.0, 40), "its distance from the centre of the reference"),
    ],
)
def test_what_moves_no_direction_on_average_moves_length_or_distance(
    change: Callable[[Vectors], Vectors], where: str
) -> None:
    found = look(since_change(change), days=CHANGE + 30)
    assert found.verdict is Verdict.WATCH
    assert found.is_beyond
    said = sentence(found)
    assert where in said or "its distance" in said


def test_the_stakes_are_divided_among_the_numbers_and_not_added() -> None:
    """The level is the mean of the levels of the numbers: no ten chances of a false alarm."""
    together, _ = sample(day_effects, days=90)
    (whole,) = judge([together])
    alone = judge(list(together.numbers))
    assert whole.evidence is not None
    levels = [each.evidence.level for each in alone if each.evidence is not None]
    assert whole.evidence.level == pytest.approx(np.mean(levels), rel=1e-6)


def test_a_model_that_makes_one_vector_of_everything_is_an_event() -> None:
    def constant(_random: np.random.Generator, day: int, n: int) -> Vectors:
        return np.tile(_SCALES, (n, 1)) if day > 20 else day_effects(_random, day, n)

    found = look(constant, days=60)
    assert found.event is not None
    assert "are alike" in found.event


def test_too_few_studies_are_said() -> None:
    found = look(day_effects, days=3)
    assert found.verdict is Verdict.INSUFFICIENT
    assert "120 of 200 studies with a vector" in sentence(found)
