import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.causes.groups import Groups, Side

COUNTS = st.lists(st.integers(0, 500), min_size=3, max_size=3)


def groups(before: list[int], since: list[int], rates: list[float], later: list[float]) -> Groups:
    then = Side(np.array(before, float), np.array(before) * np.array(rates))
    now = Side(np.array(since, float), np.array(since) * np.array(later))
    return Groups("sex", ("F", "M", "unknown"), then, now, 0.25)


def test_a_changed_mix_of_unchanged_groups_is_all_mix() -> None:
    found = groups([50, 50, 0], [20, 80, 0], [0.1, 0.5, 0], [0.1, 0.5, 0])
    assert found.change == pytest.approx(0.12)
    assert found.mix_share == pytest.approx(1)
    assert found.within.sum() == pytest.approx(0)


def test_groups_that_change_alike_are_all_within() -> None:
    found = groups([50, 50, 0], [50, 50, 0], [0.1, 0.5, 0], [0.2, 0.6, 0])
    assert found.mix_share == pytest.approx(0)
    assert found.carried(0)[0] == pytest.approx(0)


def test_a_new_group_carries_all_that_it_brings() -> None:
    found = groups([500, 500, 0], [400, 400, 200], [0.1, 0.1, 0], [0.1, 0.1, 0.6])
    assert found.carried(2)[0] == pytest.approx(1)
    assert found.mix_share == pytest.approx(1)


def test_nothing_is_told_where_hardly_a_case_is_left() -> None:
    found = groups([500, 5, 0], [400, 5, 0], [0.1, 0.1, 0], [0.2, 0.1, 0])
    assert found.carried(0) == (0.0, np.inf)


@given(COUNTS, COUNTS, st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_mix_and_within_are_the_whole_change(
    before: list[int], since: list[int], rates: list[float]
) -> None:
    if not sum(before) or not sum(since):
        return
    found = groups(before, since, rates[:3], rates[3:])
    assert found.mix.sum() + found.within.sum() == pytest.approx(found.change, abs=1e-9)
