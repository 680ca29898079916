import numpy as np
import pytest

from surveillance.measures import clusters


def test_patients_of_equal_weight_are_one_degree_less_than_they_are() -> None:
    assert clusters.freedom(clusters.powers([15.0] * 40), 3.0) == pytest.approx(39)


def test_one_patient_of_nearly_all_cases_tells_next_to_nothing() -> None:
    sums = clusters.powers([137.0] + [1.0] * 20)
    assert clusters.freedom(sums, np.inf) == 1
    even = clusters.powers([8.0] * 20)
    assert clusters.freedom(even, 1.0) == pytest.approx(19)


def test_cases_are_never_more_alike_than_one() -> None:
    sums = clusters.powers([4.0] * 10)
    assert clusters.alike(sums, 2.5) == pytest.approx(0.5)
    assert clusters.alike(sums, 99.0) == 1
    assert clusters.alike(sums, 0.5) == 0
