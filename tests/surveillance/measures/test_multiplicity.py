import numpy as np
import pytest

from surveillance.measures.multiplicity import benjamini_yekutieli, holm


def test_holm_as_worked_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_benjamini_yekutieli_as_worked_by_hand() -> None:
    c = 1 + 1 / 2 + 1 / 3
    found = benjamini_yekutieli(np.array([0.04, 0.001, 0.02]))
    assert found == pytest.approx([0.04 * c, 0.003 * c, 0.03 * c])


@pytest.mark.parametrize("adjust", [holm, benjamini_yekutieli])
def test_nothing_stays_nothing_and_one_stays_itself(adjust: object) -> None:
    assert callable(adjust)
    assert len(adjust(np.array([]))) == 0
    assert adjust(np.array([0.03])) == pytest.approx([0.03])


def test_adjusted_ones_keep_their_order_and_never_pass_one() -> None:
    p = np.random.default_rng(1).random(200)
    for adjusted in (holm(p), benjamini_yekutieli(p)):
        assert (np.diff(adjusted[np.argsort(p)]) >= 0).all()
        assert adjusted.max() <= 1
        assert (adjusted >= p).all()


def test_chance_alone_is_seldom_found() -> None:
    random = np.random.default_rng(2)
    found = [benjamini_yekutieli(random.random(400)).min() <= 0.05 for _ in range(300)]
    assert np.mean(found) <= 0.05
