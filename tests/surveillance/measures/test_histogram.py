import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveillance.measures.histogram import Edges, quantile_edges, valued

EDGES = Edges((0.0, 0.25, 0.5, 1.0))
scores = st.one_of(st.none(), st.floats())
days = st.lists(st.lists(scores, max_size=20), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("score", "slot"),
    [
        (-0.1, 0),
        (0.0, 1),
        (0.2499, 1),
        (0.25, 2),
        (0.5, 3),
        (1.0, 3),
        (1.01, 4),
        (None, 5),
        (float("nan"), 6),
        (float("inf"), 6),
    ],
)
def test_each_score_has_its_slot(score: float | None, slot: int) -> None:
    assert EDGES.slot(score) == slot
    assert EDGES.slots == 7


@given(days, st.randoms())
def test_days_merge_in_any_order_and_grouping(
    batches: list[list[float | None]], order: object
) -> None:
    whole = EDGES.count([score for batch in batches for score in batch])
    counted = [EDGES.count(batch) for batch in batches]
    order.shuffle(counted)  # type: ignore[attr-defined]
    left = counted[0]
    for each in counted[1:]:
        left = left + each
    right = counted[-1]
    for each in reversed(counted[:-1]):
        right = each + right
    assert (left == whole).all()
    assert (right == whole).all()


@given(st.lists(scores), st.lists(scores))
def test_a_correction_takes_back_exactly_what_was_counted(
    kept: list[float | None], wrong: list[float | None]
) -> None:
    corrected = EDGES.count(kept + wrong) - EDGES.count(wrong)
    assert (corrected == EDGES.count(kept)).all()


def test_quantile_edges_share_the_reference_evenly() -> None:
    reference = np.random.default_rng(1).normal(size=5000).tolist()
    counts = quantile_edges(reference, bins=20).count(reference)
    assert valued(counts).sum() == 5000
    assert set(valued(counts)[1:-1]) == {250}
    assert counts[0] == 0


def test_tied_scores_give_fewer_bins() -> None:
    assert quantile_edges([0.0] * 90 + [0.5, 1.0] * 5, bins=50).bins <= 3


@pytest.mark.parametrize("reference", [[], [0.3], [0.3, 0.3], [0.1, float("nan")]])
def test_a_reference_without_two_scores_has_no_edges(reference: list[float]) -> None:
    with pytest.raises(ValueError, match=r"edges|score"):
        quantile_edges(reference)


def test_edges_must_rise() -> None:
    with pytest.raises(ValueError, match="rise"):
        Edges((0.0, 0.0, 1.0))
