import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from surveillance.measures.ebh import discoveries


def test_the_k_largest_are_named_where_the_kth_is_large_enough() -> None:
    # K = 4, q = 0.1: the first needs 40, two need 20 each, three 13.4.
    assert discoveries([40, 1, 1, 1]) == [True, False, False, False]
    assert discoveries([39, 1, 1, 1]) == [False] * 4
    assert discoveries([1, 20, 39, 1]) == [False, True, True, False]
    assert discoveries([14, 14, 14, 0]) == [True, True, True, False]
    assert discoveries([]) == []


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_a_larger_e_value_is_named_whenever_a_smaller_is(values: list[float]) -> None:
    named = discoveries(values)
    if any(named):
        least = min(v for v, found in zip(values, named, strict=True) if found)
        assert all(found for v, found in zip(values, named, strict=True) if v > least)


def test_pure_chance_is_seldom_named() -> None:
    rng = np.random.default_rng(1)
    # Exponential of a martingale: mean one, heavy-tailed, as e-values are.
    trials = [any(discoveries(np.exp(rng.normal(-2, 2, 50)).tolist())) for _ in range(1000)]
    assert np.mean(trials) <= 0.1
