"""A real model on real radiographs, against figures computed from the published scores alone.

The direct computation shares nothing with Vigil: the scores are those of the collection's own
table, rates are counted in plain Python, the area is counted pair by pair.
"""

import csv
import json
import math
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from factories.local_tests import open_clinic

from inference.runtime.pool import Runtimes
from model_registry.packages.archive import ModelPackage
from vigil.app.demo.network import SUPPLIER
from vigil.app.demo.registry import PACKAGES, VIEW
from vigil.kernel.parts import Parts

KEY, THRESHOLD, Z = "view_ap", 0.998, 1.959963984540054
IMAGES = 150


def package_options() -> dict[str, bytes | None]:
    """The demonstration's package, as the factory takes files."""
    options: dict[str, bytes | None] = {"golden__image_npy": None}
    for name, data in ModelPackage.open(PACKAGES / VIEW).files.items():
        stem, _, suffix = name.rpartition(".")
        options[f"{stem.replace('/', '__')}_{suffix}"] = data
    return options


def published(realdata: Path) -> list[dict[str, str]]:
    """Rows of 8-bit images, whose published scores Vigil reproduces to 1e-5."""
    with (realdata / "cxr" / "scores_nih64_multihead.csv").open(newline="") as file:
        scores = {row["file"]: row for row in csv.DictReader(file)}
    with (realdata / "cxr_dicom" / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["dataset"] == "nih1000_64px"]
    kept = [row | {"score": scores[row["file"]]["p_view_AP"]} for row in rows if row["bits"] == "8"]
    # Near the threshold a rounded score does not tell what was flagged.
    return [row for row in kept if abs(float(row["score"]) - THRESHOLD) > 1e-4][:IMAGES]


def counted(hits: list[tuple[bool, str]]) -> dict[str, float]:
    """A rate with the score interval on the effective number of cases, by sums over patients."""
    n, events = len(hits), sum(hit for hit, _ in hits)
    rate = events / n
    by_patient: dict[str, list[bool]] = defaultdict(list)
    for hit, patient in hits:
        by_patient[patient].append(hit)
    k = len(by_patient)
    without = [(events - sum(own)) / (n - len(own)) for own in by_patient.values()]
    variance = (k - 1) / k * sum((each - rate) ** 2 for each in without)
    inflation = max(1.0, variance * n / (rate * (1 - rate)))
    of = n if k == n else n / inflation
    half = Z * math.sqrt(rate * (1 - rate) / of + Z**2 / (4 * of**2)) / (1 + Z**2 / of)
    centre = (rate + Z**2 / (2 * of)) / (1 + Z**2 / of)
    return {
        "events": events, "n": n, "estimate": rate, "low": centre - half, "high": centre + half,
    }  # fmt: skip


def area_by_pairs(rows: list[dict[str, str]]) -> float:
    ill = [float(row["score"]) for row in rows if row["view"] == "AP"]
    well = [float(row["score"]) for row in rows if row["view"] == "PA"]
    wins = sum(1.0 if a > b else 0.5 if a == b else 0.0 for a in ill for b in well)
    return wins / (len(ill) * len(well))


def rates_of(rows: list[dict[str, str]]) -> dict[str, Any]:
    told = [
        (row["view"] == "AP", float(row["score"]) >= THRESHOLD, row["patient_id"]) for row in rows
    ]
    return {
        "sensitivity": counted([(flag, who) for ill, flag, who in told if ill]),
        "specificity": counted([(not flag, who) for ill, flag, who in told if not ill]),
        "ppv": counted([(ill, who) for ill, flag, who in told if flag]),
        "npv": counted([(not ill, who) for ill, flag, who in told if not flag]),
    }


def test_a_test_on_real_radiographs_says_what_a_direct_computation_says(
    parts: Parts, runtimes: Runtimes, realdata: Path
) -> None:
    rows = published(realdata)
    clinic = open_clinic(parts, f"{SUPPLIER}/{VIEW}", supplier=SUPPLIER, **package_options())
    lines = ["sop_instance_uid,view_ap"]
    for row in rows:
        clinic.file((realdata / "cxr_dicom" / row["dicom"]).read_bytes())
        lines.append(f"{row['sop_instance_uid']},{int(row['view'] == 'AP')}")
    bar = {"metric": "specificity", "at_least": 0.5}
    asked = {"finding": KEY, "bars": [bar], "min_positives": 10, "min_negatives": 10}
    test = clinic.plan({"unit": "image", "sampling": "consecutive", "findings": [asked]})
    came = clinic.label(test, "\n".join(lines).encode())
    assert (came.accepted, came.cells) == (IMAGES, IMAGES)

    ended = clinic.run(runtimes, clinic.start(test))

    assert ended.note is None
    document = json.loads(parts.objects.get(str(ended.result_digest)))
    [finding] = document["findings"]
    overall = finding["overall"]
    for name, expected in rates_of(rows).items():
        assert overall[name] == pytest.approx(expected, abs=2e-6), name
    assert overall["auc"]["estimate"] == pytest.approx(area_by_pairs(rows), abs=1e-4)
    assert overall["patients"] == len({row["patient_id"] for row in rows})
    assert finding["calibration"]["slope"] > 0
    for sex in ("F", "M"):
        [cell] = [c for c in finding["groups"] if (c["axis"], c["level"]) == ("sex", sex)]
        of_sex = [row for row in rows if row["sex"] == sex]
        assert cell["labelled"] == len(of_sex)
        expected = rates_of(of_sex)["specificity"]
        assert cell["specificity"] == pytest.approx(expected, abs=2e-6)
