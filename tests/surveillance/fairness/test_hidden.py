import numpy as np
import pytest

from surveillance.fairness import hidden, patients, repeats
from surveillance.fairness.contrasts import judge
from surveillance.fairness.kinds import Measure, Verdict
from surveillance.fairness.patients import Axis, Columns

MANY = 3000


def world(seed: int, *, worse: float = 0.0, harder: float = 0.0, each: int = 1) -> Columns:
    """Women are scored lower by `worse`, AP images by `harder`, which are mostly of men."""
    random = np.random.default_rng(seed)
    of = np.arange(MANY) // each
    is_woman = (random.random(MANY) < 0.5)[of]
    is_ap = random.random(MANY) < np.where(is_woman, 0.15, 0.65)
    truths = random.random(MANY) < 0.4
    lower = truths * (worse * is_woman + harder * is_ap)
    scores = np.clip(random.normal(0.45 + 0.25 * truths - lower, 0.15), 0, 1)
    no = np.zeros(MANY, dtype=np.bool_)
    return Columns(
        "x",
        of,
        scores,
        truths.astype(np.int64),
        (scores > 0.55).astype(np.int64),
        no,
        no,
        {
            "sex": Axis(("F", "M"), (~is_woman).astype(np.int64)),
            "view": Axis(("AP", "PA"), (~is_ap).astype(np.int64)),
            "manufacturer": Axis(("a", "b"), random.integers(0, 2, MANY)),
        },
    )


def behind(of: Columns) -> dict[hidden.Key, hidden.Behind]:
    gaps = judge(patients.contrasts(of))
    return hidden.behind(gaps, [of], repeats.design([of], is_all=True))


@pytest.mark.parametrize("measure", [Measure.SENSITIVITY, Measure.AREA])
def test_what_the_mix_hides_is_found_with_its_axis(measure: Measure) -> None:
    of = world(1, worse=0.08, harder=0.16)
    [gap] = [
        each
        for each in judge(patients.contrasts(of))
        if (each.contrast.measure, each.contrast.axis) == (measure, "sex")
    ]
    assert gap.verdict in {Verdict.NO_GAP, Verdict.INSUFFICIENT}
    found = behind(of)[gap.key]
    assert found.mix.axis == "view"
    assert found.mix.holds
    assert abs(found.mix.effect.estimate) > gap.contrast.margins.tolerated
    assert found.adjusted < 0.05


def test_a_gap_that_was_found_is_not_looked_behind() -> None:
    of = world(2, worse=0.15)
    loud = [g.key for g in judge(patients.contrasts(of)) if g.verdict is Verdict.GAP]
    assert loud
    assert not {*loud} & {*behind(of)}


def test_nothing_is_hidden_by_chance() -> None:
    found = [
        len(behind(world(seed, harder=harder, each=each)))
        for seed in range(12)
        for harder, each in ((0.0, 1), (0.1, 1), (0.1, 10))
    ]
    assert sum(found) <= 1


def test_without_records_nothing_is_looked_behind() -> None:
    of = world(3)
    assert hidden.behind(judge(patients.contrasts(of)), [], repeats.design([], is_all=True)) == {}
