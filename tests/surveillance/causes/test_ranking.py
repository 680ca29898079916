"""The right cause first, in worlds of which the cause is known."""

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pytest
from factories import causes as worlds
from factories.causes import CHANGE, START, World

from surveillance.causes.cause import CauseKind
from surveillance.causes.evidence import Event, EventKind
from surveillance.streams.kinds import StreamKind

REPEATS = 10
CHANGED_ON = START + timedelta(days=CHANGE)
RUNTIME = Event(EventKind.RUNTIME, CHANGED_ON, "onnxruntime is 1.30, it was 1.29")
THRESHOLD = Event(EventKind.THRESHOLDS, CHANGED_ON, "The threshold went from 0.5 to 0.4")


def firsts(world: World) -> list[tuple[CauseKind, str]]:
    found = [world.explain(seed) for seed in range(REPEATS)]
    return [(each.causes[0].kind, each.causes[0].axis) for each in found]


@pytest.mark.parametrize(
    ("change", "kind", "axis"),
    [
        (worlds.new_scanner, CauseKind.NEW_SCANNER, "manufacturer"),
        (worlds.new_software, CauseKind.NEW_SCANNER, "software_versions"),
        (worlds.older_patients, CauseKind.MIX, "age_band"),
        (worlds.everywhere, CauseKind.ALL_SITES, "all"),
        (worlds.only_here, CauseKind.ONE_SITE, "all"),
        (worlds.view_lost, CauseKind.MISSING, "view"),
        (worlds.one_group, CauseKind.ONE_GROUP, "view"),
        (worlds.dose_changed, CauseKind.PROTOCOL, "all"),
    ],
)
@pytest.mark.parametrize("day_effect", [0.0, 0.1])
def test_the_right_cause_is_first(
    change: Callable[..., None], kind: CauseKind, axis: str, day_effect: float
) -> None:
    found = firsts(World(change, day_effect=day_effect))
    assert found.count((kind, axis)) >= 0.9 * REPEATS


def test_a_rate_has_the_same_causes_as_a_score() -> None:
    found = firsts(World(worlds.new_scanner, kind=StreamKind.FLAG_RATE))
    assert found.count((CauseKind.NEW_SCANNER, "manufacturer")) >= 0.9 * REPEATS


def test_readers_are_told_from_scores() -> None:
    found = firsts(World(worlds.readers_changed, kind=StreamKind.OVERRIDE_RATE))
    assert found.count((CauseKind.READERS, "all")) >= 0.9 * REPEATS


def test_a_change_in_the_registry_on_the_day_comes_before_the_place() -> None:
    found = firsts(World(worlds.only_here, events=(RUNTIME,)))
    assert found.count((CauseKind.REGISTRY, "all")) >= 0.9 * REPEATS


def test_a_threshold_moves_no_score() -> None:
    kinds = {cause.kind for cause in World(worlds.only_here, events=(THRESHOLD,)).explain(1).causes}
    assert CauseKind.REGISTRY not in kinds


def test_where_nothing_changed_nothing_is_explained() -> None:
    for seed in range(REPEATS):
        found = World(worlds.nothing).explain(seed)
        assert [cause.kind for cause in found.causes] == [CauseKind.UNEXPLAINED]
        assert "no more than chance" in found.problem


def test_one_site_alone_says_nothing_of_places() -> None:
    found = World(worlds.only_here, sites=("here",)).explain(1)
    assert found.causes[0].kind is CauseKind.UNEXPLAINED
    assert found.causes[0].share == 1


def test_the_sentence_says_the_numbers() -> None:
    first = World(worlds.new_scanner).explain(1).causes[0]
    assert first.levels == ("gamma",)
    assert f"{100 * float(first.numbers['share_since']):.1f}% of cases" in first.sentence
    assert 0.8 <= first.share <= 1


def test_what_is_left_has_its_share() -> None:
    found = World(worlds.new_scanner).explain(2)
    *told, last = found.causes
    places = {CauseKind.ALL_SITES, CauseKind.ONE_SITE}
    most = max(cause.share for cause in told if cause.kind not in places)
    assert last.kind is CauseKind.UNEXPLAINED
    assert np.isclose(last.share, 1 - most)
