"""The functions of the benchmark, on a small made-up table of the same shape."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest

from benchmarks import real_shift
from benchmarks.real_shift import TABLE, VERSIONS, Images
from surveillance.fairness.kinds import Measure, Verdict

FINDINGS = ("Effusion", "Edema")
MANY = 4000


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Images:
    """Images of which AP ones are ranked worse for effusion, and score higher."""
    path = tmp_path_factory.mktemp("real") / TABLE
    path.parent.mkdir(parents=True)
    random = np.random.default_rng(7)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        scores = [f"{finding}_{version}" for finding in FINDINGS for version in VERSIONS]
        known = ["patient_id", "age", "sex", "view"]
        writer.writerow([*known, *(f"{each}_true" for each in FINDINGS), *scores])
        for number in range(MANY):
            view = "AP" if number % 5 < 2 else "PA"
            truths = random.random(2) < 0.3
            seen = np.array([1.0 if view == "AP" else 3.0, 3.0]) * truths
            logits = np.repeat(seen, 5) + random.normal(1.5 if view == "AP" else 0, 1, 10)
            row = [number // 2, 5 + number % 80, "FM"[number // 2 % 2], view]
            held = 1 / (1 + np.exp(-logits))
            writer.writerow([*row, *(float(each) for each in truths), *held.round(5)])
    return real_shift.read(path)


def test_a_gap_is_found_and_the_other_finding_is_left_alone(images: Images) -> None:
    found = [
        gap
        for gap in real_shift.gaps(images, "p11")
        if (gap.contrast.measure, gap.contrast.axis) == (Measure.AREA, "view")
    ]
    verdicts = {gap.contrast.finding_key: gap.verdict for gap in found}
    assert verdicts["Effusion"] is Verdict.GAP
    assert verdicts["Edema"] is not Verdict.GAP


def test_groups_by_chance_keep_patients_together(images: Images) -> None:
    axis = real_shift.by_chance(images, 3).axes["by chance"]
    assert (axis.codes[::2] == axis.codes[1::2]).all()
    assert 0.4 < axis.codes.mean() < 0.6
    assert not [
        gap
        for gap in real_shift.gaps(real_shift.by_chance(images, 3), "p11")
        if gap.verdict is Verdict.GAP
    ]


def test_the_change_of_view_is_found_after_it_and_halves_are_quiet(images: Images) -> None:
    for delay in real_shift.delays(images, "p11", rounds=3):
        assert delay.early == 0
        assert all(day is not None and 0 < day <= 10 for day in delay.days)
    assert real_shift.halves(images, "p11", rounds=5) <= 0.2


def test_ages_fall_into_their_bands() -> None:
    assert [real_shift.band(age) for age in (0, 19.9, 20, 79, 80, 94)] == [
        "0-19", "0-19", "20-39", "60-79", "80+", "80+",
    ]  # fmt: skip


def test_without_the_table_nothing_is_measured(tmp_path: Path) -> None:
    assert "nothing was measured" in real_shift.measure(tmp_path)


def test_the_known_gaps_of_real_networks_are_found(realdata: Path) -> None:
    images = real_shift.read(realdata / TABLE)
    found = real_shift.gaps(images, "p37")
    effusion, edema, pleura, oldest = (
        real_shift.known(found, finding, axis, level)
        for finding, axis, level, _ in real_shift.KNOWN
    )
    assert effusion.verdict is edema.verdict is Verdict.GAP
    assert pleura.verdict is Verdict.POSSIBLE
    assert oldest.verdict is Verdict.INSUFFICIENT
