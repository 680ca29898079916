"""Many samples at once: as each alone, and none stopped by another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pytest

from surveillance.measures.detector import HORIZON, WATCH, Evidence
from surveillance.measures.histogram import Counts, quantile_edges
from surveillance.measures.intervals import Interval
from surveillance.streams import judging
from surveillance.streams.assessment import NO_REFERENCE, Assessment, Bounds, Verdict
from surveillance.streams.evaluation import among_all
from surveillance.streams.judging import judge, lacking, made
from surveillance.streams.kinds import Stream, StreamKind
from surveillance.streams.samples import Asked, Claimed, Counted, Ranked, Ranking, Sample
from surveillance.streams.sentences import sentence

EDGES = quantile_edges(np.linspace(0, 1, 2000).tolist(), bins=20)
REFERENCE = EDGES.count(np.linspace(0, 1, 2000).tolist())
FIRST = date(2026, 1, 1).toordinal()


def _asked(days: int, number: int = 0, kind: StreamKind = StreamKind.SCORE) -> Asked:
    return Asked(
        stream=Stream("ver_1", f"site_{number}", "pneumonia", kind),
        reference_id="ref_1",
        ordinals=np.arange(FIRST, FIRST + days, dtype=np.int64),
        what="predictions",
        need=200,
    )


def _ranked(rng: np.random.Generator, days: int, low: float = 0.0, number: int = 0) -> Ranked:
    counts = [EDGES.count(rng.uniform(low, 1, 20).tolist()) for _ in range(days)]
    return Ranked(_asked(days, number), np.stack(counts), REFERENCE, 0.1)


def _counted(events: Sequence[int], n: Sequence[int], number: int = 0) -> Counted:
    asked = _asked(len(n), number, StreamKind.OVERRIDE_RATE)
    return Counted(asked, np.array(events), np.array(n), (40, 1000), 1.25)


def _mixed(rng: np.random.Generator) -> list[Sample]:
    found: list[Sample] = []
    for number in range(60):
        days = int(rng.integers(15, 80))
        found.append(_ranked(rng, days, float(rng.choice([0.0, 0.1, 0.3])), number))
        n = rng.poisson(20, days)
        found.append(_counted(rng.binomial(n, 0.06).tolist(), n.tolist(), number))
    return found


def test_samples_together_are_assessed_as_each_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = _mixed(np.random.default_rng(1))
    alone = [judge([sample])[0] for sample in samples]
    for held in (judging.HELD, 500):
        monkeypatch.setattr(judging, "HELD", held)
        together = judge(samples)
        assert [one.key for one in together] == [one.key for one in alone]
        for one, other in zip(together, alone, strict=True):
            assert one.verdict is other.verdict
            assert (one.window, one.n) == (other.window, other.n)
            assert vars(one.interval) == pytest.approx(vars(other.interval), rel=1e-9)
            assert one.e_value == pytest.approx(other.e_value, rel=1e-6)
            assert one.cusum == pytest.approx(other.cusum, abs=1e-9)
            assert one.bounds == other.bounds
    assert {one.verdict for one in alone} >= {Verdict.QUIET, Verdict.WATCH}


@dataclass(frozen=True)
class _Broken(Ranked):
    """A sample whose arithmetic fails."""

    def interval(self, first: int, between: float) -> Interval:
        raise ZeroDivisionError("the variance is none")


def test_a_stream_that_breaks_is_told_and_stops_no_other() -> None:
    rng = np.random.default_rng(2)
    good = [_ranked(rng, 30, number=number) for number in range(3)]
    broken = _Broken(**{**vars(_ranked(rng, 30, number=9)), "counts": good[0].counts})
    found = judge([good[0], broken, *good[1:]])
    assert [one.verdict for one in found] == [
        Verdict.QUIET,
        Verdict.NOT_JUDGED,
        Verdict.QUIET,
        Verdict.QUIET,
    ]
    assert sentence(found[1]) == ("pneumonia: not judged, ZeroDivisionError: the variance is none.")
    assert not found[1].is_live


def _days(values: Counts, number: int) -> Ranked:
    return Ranked(_asked(len(values), number), values, REFERENCE, 0.1)


def test_counts_that_cannot_be_are_named() -> None:
    rng = np.random.default_rng(3)
    good = _ranked(rng, 30)
    negative = good.counts.copy()
    negative[4, 3] = -7
    backwards = replace(good.asked, ordinals=good.asked.ordinals[::-1])
    empty = replace(good, reference=np.zeros_like(REFERENCE))
    events = _counted([1] * 29 + [31], [20] * 30)
    baseline = replace(events, events=np.ones(30, dtype=np.int64), baseline=(3, 0))
    claims = _claimed(30)
    unclaimed = replace(claims, claim=np.full(30, np.nan))
    ranking = _ranking(30)
    nowhere = replace(ranking, baseline=float("nan"))
    samples: list[Sample] = [
        replace(good, counts=negative),
        replace(good, asked=backwards),
        empty,
        events,
        baseline,
        unclaimed,
        nowhere,
        good,
    ]
    found = judge(samples)
    assert [one.fault for one in found] == [
        "its counts are impossible on 1 day",
        "its days are out of order",
        "its reference holds no number",
        "its counts are impossible on 1 day",
        "its baseline is 3 of 0",
        "a claimed probability is no number",
        "its baseline is no number",
        None,
    ]
    assert [one.verdict for one in found][:-1] == [Verdict.NOT_JUDGED] * 7


def _claimed(days: int, gap: float = 0.0) -> Claimed:
    asked = replace(_asked(days, kind=StreamKind.CALIBRATION), show=30)
    n = np.full(days, 20)
    claim = np.full(days, 4.0)
    truths = np.round(claim + 20 * gap).astype(np.int64)
    return Claimed(asked, n, truths, claim, np.full(days, 3.2), (0.0, 2000), 0.02)


def _ranking(days: int, low: float = 0.5) -> Ranking:
    rng = np.random.default_rng(4)
    asked = replace(_asked(days, kind=StreamKind.AREA), need=150, show=30)
    up = np.stack([EDGES.count(rng.uniform(low, 1, 6).tolist()) for _ in range(days)])
    down = np.stack([EDGES.count(rng.uniform(0, 0.8, 30).tolist()) for _ in range(days)])
    return Ranking(asked, up, down, 0.85, 0.03)


def test_claims_and_areas_that_move_are_found_and_others_are_quiet() -> None:
    found = judge([_claimed(60), _claimed(60, gap=0.15), _ranking(60), _ranking(60, low=0.1)])
    assert [one.verdict for one in found] == [
        Verdict.QUIET,
        Verdict.WATCH,
        Verdict.QUIET,
        Verdict.WATCH,
    ]
    assert [one.is_beyond for one in found] == [False, True, False, True]


def test_enough_to_show_is_not_enough_to_alarm() -> None:
    fallen = judge([_ranking(12, low=0.0)])[0]
    assert fallen.verdict is Verdict.INSUFFICIENT
    assert fallen.evidence is None
    assert fallen.interval is not None
    assert fallen.interval.estimate < 0.7
    assert "72 of 150 predictions" in sentence(fallen)
    assert "so far the area under the curve is 0." in sentence(fallen)
    short = judge([_ranking(3)])[0]
    assert short.interval is None
    assert short.shortage is not None
    assert short.shortage.suffices_on == date.fromordinal(FIRST + 2 + 22)


def test_one_row_a_constant_and_a_jump_of_the_clock_have_a_verdict() -> None:
    rng = np.random.default_rng(5)
    one_row = _ranked(rng, 1)
    constant = np.zeros((40, EDGES.slots), dtype=np.int64)
    constant[:, 10] = 20
    no_numbers = np.zeros((40, EDGES.slots), dtype=np.int64)
    no_numbers[:, -1] = 20
    jumped = _ranked(rng, 40)
    ordinals = jumped.asked.ordinals.copy()
    ordinals[0], ordinals[-1] = 1, date.max.toordinal()
    far = replace(jumped, asked=replace(jumped.asked, ordinals=ordinals, need=10**9))
    found = judge([one_row, _days(constant, 1), _days(no_numbers, 2), far])
    assert [one.verdict for one in found] == [
        Verdict.INSUFFICIENT,
        Verdict.ESCALATE,
        Verdict.INSUFFICIENT,
        Verdict.INSUFFICIENT,
    ]
    assert "20 of 200 predictions" in sentence(found[0])
    assert "0 of 200 predictions" in sentence(found[2])
    # In the middle of the reference it moves no mean: that it is one value is said by itself.
    assert found[1].evidence is not None
    assert found[1].evidence.level < WATCH
    assert sentence(found[1]) == "pneumonia: all 560 values of the last 28 days are alike."
    assert found[3].shortage is not None
    assert found[3].shortage.suffices_on is None


def test_what_cannot_be_asked_is_told_too() -> None:
    stream = Stream("ver_1", "site_1", "pneumonia", StreamKind.AREA, "sex", "F")

    def fails() -> Assessment:
        raise KeyError("histogram")

    found = judge([made(stream, "ref_1", fails)])[0]
    assert found.fault == "KeyError: 'histogram'"
    assert sentence(found).startswith("pneumonia: in sex F, not judged, KeyError")
    lacks = lacking(stream, None, NO_REFERENCE)
    assert judge([lacks]) == [lacks]
    assert judge([]) == []


def _evidence(number: int, e_value: float, estimate: float) -> Assessment:
    return Assessment(
        **vars(_asked(1, number).stream),
        bounds=Bounds(0.5, 0.47, 0.53),
        evidence=Evidence(float(np.log(e_value * HORIZON)), HORIZON, 0),
        interval=Interval(estimate, estimate - 0.01, estimate + 0.01),
    )


def test_changes_that_are_tolerated_make_nothing_else_easier_to_escalate() -> None:
    """What e-BH is asked of one stream among 500 stays, however many others moved a little."""
    moved = [_evidence(number, 1e6, 0.52) for number in range(60)]
    alone = _evidence(60, 500 / (0.1 * 61), 0.6)
    quiet = [_evidence(number, 1e-3, 0.5) for number in range(61, 500)]
    escalated = [each for each in among_all([*moved, alone, *quiet]) if each.verdict == "escalate"]
    assert escalated == []
    sure = _evidence(60, 501 / 0.1, 0.6)
    found = among_all([*moved, sure, *quiet])
    assert [each.assessment for each in found if each.verdict == "escalate"] == [sure]


def test_what_happened_by_itself_is_no_stream_among_others() -> None:
    silent = _evidence(0, 1e6, 0.6)
    for kind in (StreamKind.SILENCE, StreamKind.UNSEEN_CATEGORY):
        assert not replace(silent, kind=kind).is_live
    assert silent.is_live


def test_days_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(8)
    for sample in (_ranked(rng, 90), _counted([3] * 90, [40] * 90)):
        narrow, wide = sample.interval(60, 0.0), sample.interval(60, 0.02**2)
        assert wide.low < narrow.low
        assert narrow.high < wide.high
        assert wide.estimate == narrow.estimate


def test_a_small_reference_says_what_it_cannot_tell() -> None:
    small = EDGES.count(np.linspace(0, 1, 300).tolist())
    rng = np.random.default_rng(9)
    (found,) = judge([replace(_ranked(rng, 30), reference=small)])
    told = "a reference of 300 cases cannot tell less than 0.18 standard deviations"
    assert told in sentence(found)
    assert "cannot tell" not in sentence(judge([_ranked(rng, 30)])[0])


def test_quiet_and_beyond_what_is_tolerated_is_said() -> None:
    found = _evidence(0, 1e-3, 0.6)
    assert found.verdict is Verdict.QUIET
    told = replace(found, window=(date(2026, 1, 1), date(2026, 1, 28)))
    assert "beyond what is tolerated, but may be chance" in sentence(told)


def test_positives_alone_have_no_area() -> None:
    positives = np.stack([EDGES.count([0.7] * 20) for _ in range(30)])
    none = np.zeros_like(positives)
    asked = replace(_asked(30, kind=StreamKind.AREA), need=150, show=30)
    for pair in ((positives, none), (none, positives)):
        (found,) = judge([Ranking(asked, *pair, 0.9, 0.03)])
        assert found.verdict is Verdict.INSUFFICIENT
        assert found.interval is None
