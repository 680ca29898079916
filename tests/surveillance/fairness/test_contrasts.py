import numpy as np
import pytest

from surveillance.fairness.contrasts import Contrast, Side, judge
from surveillance.fairness.kinds import Against, Measure, Verdict
from surveillance.fairness.pairing import pairs
from surveillance.measures.gaps import Estimate


def contrast(
    one: tuple[int, int], two: tuple[int, int], measure: Measure = Measure.SENSITIVITY
) -> Contrast:
    sides = [
        Side(n, n, Estimate.of_share(events / n, n) if n else None) for events, n in (one, two)
    ]
    return Contrast("effusion", measure, "view", "AP", Against.REST, "PA", *sides)


@pytest.mark.parametrize(
    ("one", "two", "expected"),
    [
        ((100, 200), (160, 200), Verdict.GAP),
        ((1740, 2000), (1800, 2000), Verdict.NO_GAP),  # certain, and too small to matter
        ((900, 1000), (900, 1000), Verdict.NO_GAP),
        ((16, 20), (17, 20), Verdict.INSUFFICIENT),
        ((9, 9), (0, 500), Verdict.INSUFFICIENT),  # one short of the least
        ((0, 0), (80, 100), Verdict.INSUFFICIENT),
    ],
)
def test_verdicts(one: tuple[int, int], two: tuple[int, int], expected: Verdict) -> None:
    [found] = judge([contrast(one, two)])
    assert found.verdict is expected


def test_alone_it_would_be_a_gap_among_many_it_is_a_possible_one() -> None:
    suspect = contrast((75, 100), (88, 100))
    [alone] = judge([suspect])
    among = judge([suspect, *[contrast((80, 100), (80, 100))] * 60])[0]
    assert alone.verdict is Verdict.GAP
    assert among.verdict is Verdict.POSSIBLE
    assert among.adjusted is not None
    assert among.adjusted > 0.05
    assert among.more is not None
    assert 50 < among.more < 2000


def test_as_many_more_as_it_says_do_tell() -> None:
    [found] = judge([contrast((24, 30), (240, 300))])
    assert found.verdict is Verdict.INSUFFICIENT
    assert found.more is not None
    n = 30 + found.more
    [later] = judge([contrast((round(0.8 * n), n), (8 * n, 10 * n))])
    assert later.verdict is Verdict.NO_GAP


def test_too_few_are_no_look() -> None:
    few = [contrast((1, 2), (1, 2))] * 500
    [alone], [among, *_] = (
        judge([contrast((75, 100), (88, 100))]),
        judge([contrast((75, 100), (88, 100)), *few]),
    )
    assert alone.adjusted == among.adjusted


def test_nothing_to_judge() -> None:
    assert judge([]) == []


def test_chance_is_found_seldom() -> None:
    random = np.random.default_rng(5)
    false = 0
    for _ in range(60):
        hits = random.binomial(100, 0.8, (80, 2))
        found = judge([contrast((int(a), 100), (int(b), 100)) for a, b in hits])
        false += any(gap.verdict is Verdict.GAP for gap in found)
    assert false <= 4


def test_two_levels_are_one_look_and_three_are_three() -> None:
    assert pairs({"AP": 10, "PA": 90, "unknown": 0}) == [("AP", ("PA",))]
    assert [pair.level for pair in pairs({"a": 5, "b": 5, "c": 5})] == ["a", "b", "c"]
    assert pairs({"PA": 90}) == []
    assert pairs({}) == []
