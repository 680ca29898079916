import numpy as np
import pytest

from surveillance.measures.principal import MOST, Basis, Vectors, fit


def vectors(n: int = 2000, length: int = 20, seed: int = 1) -> Vectors:
    random = np.random.default_rng(seed)
    scales = np.linspace(4, 0.5, length)
    turned = np.linalg.qr(random.normal(size=(length, length)))[0]
    found: Vectors = 3 + random.normal(size=(n, length)) * scales @ turned
    return found


def test_a_reference_lies_at_its_own_centre_with_a_spread_of_one() -> None:
    held = vectors()
    basis = fit(held, standardised=False)
    found = basis.project(held)
    assert found.shape == (2000, MOST + 2)
    assert found[:, :MOST].mean(0) == pytest.approx(np.zeros(MOST), abs=1e-9)
    assert found[:, :MOST].std(0, ddof=1) == pytest.approx(np.ones(MOST))
    assert basis.directions @ basis.directions.T == pytest.approx(np.eye(MOST), abs=1e-9)
    assert (np.diff(basis.spread) < 0).all()
    # With the rest counted by its mean variance, the squared distance is the length's worth.
    assert (found[:, -1] ** 2).mean() == pytest.approx(20, rel=0.01)


def test_what_leaves_all_directions_is_far_all_the_same() -> None:
    held = vectors()
    basis = fit(held, standardised=False)
    outside = np.linalg.svd(basis.directions)[2][-1]
    far = basis.project(held + 10 * outside)
    near = basis.project(held)
    assert far[:, :MOST] == pytest.approx(near[:, :MOST])
    assert far[:, -1].mean() > near[:, -1].mean() + 2


def test_scores_count_alike_however_rare_they_are() -> None:
    random = np.random.default_rng(2)
    held = random.random((1000, 3)) * [1, 1e-4, 1e-2]
    assert fit(held, standardised=False).spread[0] > 0.99
    assert fit(held, standardised=True).spread[0] < 0.4


def test_directions_are_no_more_than_there_are() -> None:
    random = np.random.default_rng(3)
    two = random.random((500, 2))
    # The third follows from the others, as the last of a softmax does.
    held = np.column_stack([two, 2 - two.sum(1), np.full(500, 0.5)])
    basis = fit(held, standardised=True)
    assert (len(basis.scales), basis.rest) == (2, 0.0)
    assert np.isfinite(basis.project(held)).all()
    with pytest.raises(ValueError, match="all alike"):
        fit(np.full((500, 3), 0.25), standardised=True)


def test_it_is_kept_as_bytes_and_comes_back_the_same() -> None:
    held = vectors()
    basis = fit(held, standardised=True)
    again = Basis.from_bytes(basis.to_bytes())
    assert again.to_bytes() == basis.to_bytes() == fit(held, standardised=True).to_bytes()
    assert again.project(held[:5]) == pytest.approx(basis.project(held[:5]))


def test_no_number_in_is_no_number_out_and_no_crash() -> None:
    basis = fit(vectors(), standardised=False)
    for value in (np.nan, np.inf, 1e300):
        odd = np.full((1, 20), 3.0)
        odd[0, 7] = value
        assert not np.isfinite(basis.project(odd)[:, -1]).any()
