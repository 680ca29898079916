import numpy as np
import pytest

from surveillance.measures import simpson

# Charig et al., BMJ 1986;292:879-882: kidney stones, small and large; open surgery and puncture.
EVENTS = np.array([[81.0, 192.0], [234.0, 55.0]])
CASES = np.array([[87.0, 263.0], [270.0, 80.0]])


def test_kidney_stones_the_gap_is_mix_and_points_the_other_way_within() -> None:
    found = simpson.of_rates(EVENTS, CASES)
    assert found.gap == pytest.approx(273 / 350 - 289 / 350)
    assert found.gap < 0 < found.effect
    assert found.mix + found.effect == pytest.approx(found.gap)
    assert found.comparable == 1


def test_parts_add_up_whatever_the_strata() -> None:
    random = np.random.default_rng(3)
    cases = random.integers(0, 40, (500, 2, 6)).astype(float)
    cases[:, :, 0] += 1
    events = np.floor(cases * random.random((500, 2, 6)))
    found = simpson.of_rates(events, cases)
    assert found.mix + found.effect + found.alone == pytest.approx(found.gap)


def test_alike_mixes_explain_nothing() -> None:
    cases = np.array([[50.0, 50.0], [500.0, 500.0]])
    found = simpson.of_rates(cases * [[0.2, 0.4], [0.1, 0.3]], cases)
    assert found.mix == pytest.approx(0)
    assert found.effect == pytest.approx(0.1)


def test_alike_rates_leave_only_mix() -> None:
    cases = np.array([[80.0, 20.0], [20.0, 80.0]])
    found = simpson.of_rates(cases * [0.9, 0.1], cases)
    assert found.effect == pytest.approx(0)
    assert found.mix == pytest.approx(found.gap)


def test_strata_that_only_one_group_has_are_said_to_be() -> None:
    found = simpson.of_rates(
        np.array([[5.0, 0.0], [0.0, 9.0]]), np.array([[10.0, 0.0], [0.0, 10.0]])
    )
    assert found.comparable == 0
    assert found.alone == pytest.approx(found.gap)


def test_a_group_without_cases_gives_no_number_and_no_crash() -> None:
    found = simpson.of_rates(np.zeros((2, 3)), np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 3.0]]))
    assert np.isnan(found.gap)


def test_an_area_that_is_lower_by_mix_alone() -> None:
    # Within each stratum both groups rank alike; pooled, the second mixes two score levels.
    up, down = np.array([0, 30, 70]), np.array([70, 30, 0])
    low, high = np.concatenate([up, [0] * 3]), np.concatenate([[0] * 3, up])
    neg_low, neg_high = np.concatenate([down, [0] * 3]), np.concatenate([[0] * 3, down])
    positives = np.array([[low * 10, high], [low, high * 10]], dtype=np.int64)
    negatives = np.array([[neg_low, neg_high * 10], [neg_low, neg_high * 10]], dtype=np.int64)
    found = simpson.of_areas(positives, negatives)
    assert abs(float(found.gap)) > 0.2
    assert found.effect == pytest.approx(0)
    assert found.mix == pytest.approx(found.gap)
