"""Groups: which levels are streams of their own, and which say what everybody says."""

import numpy as np

from surveillance.axes import ALL
from surveillance.streams.groups import subgroups
from surveillance.streams.series import Series


def _series(axis: str, level: str, *n: int, reference_id: str = "ref_1") -> Series:
    counts = np.array(n, dtype=np.int64)
    none = np.zeros((len(n), 0), dtype=np.int32)
    ordinals = np.arange(len(n), dtype=np.int64)
    name = ("ver_1", "site_1", "pneumonia", axis, level, reference_id)
    return Series(*name, ordinals, none, counts, *(np.zeros_like(counts) for _ in range(6)))


def test_everybody_is_no_group_and_a_level_with_every_case_says_nothing_new() -> None:
    found = [
        _series(ALL, ALL, 5, 5),
        _series("sex", "F", 3, 3),
        _series("sex", "M", 2, 2),
        _series("view", "PA", 4, 6),
    ]
    assert [(one.axis, one.level) for one in subgroups(found)] == [("sex", "F"), ("sex", "M")]


def test_every_case_is_counted_for_each_reference_by_itself() -> None:
    found = [
        _series(ALL, ALL, 5),
        _series(ALL, ALL, 9, reference_id="ref_2"),
        _series("sex", "F", 5, reference_id="ref_2"),
        _series("sex", "F", 5),
    ]
    assert [one.reference_id for one in subgroups(found)] == ["ref_2"]
    assert list(subgroups([_series("sex", "F", 5)])) != []
    assert list(subgroups([])) == []
