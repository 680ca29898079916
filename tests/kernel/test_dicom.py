from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vigil.kernel.clock import utc_now
from vigil.kernel.dicom import ATTRIBUTES, NAMES, in_words


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("modality", "CR", "modality = CR"),
        ("modality", None, "modality unknown"),
        ("patient_age", None, "patient_age unknown"),
        ("patient_age", 0, "patient_age 0 to 9"),
        ("patient_age", 61.5, "patient_age 60 to 69"),
        ("patient_age", 89, "patient_age 80 to 89"),
        ("image_type", ["ORIGINAL", "PRIMARY"], "image_type = ['ORIGINAL', 'PRIMARY']"),
        ("rows", 0, "rows = 0"),
    ],
)
def test_an_attribute_is_said_so_that_it_may_be_shown(name: str, value: Any, words: str) -> None:
    assert in_words(name, value) == words


@pytest.mark.parametrize("age", [90, 97, 104, 120])
def test_the_oldest_are_told_together(age: int) -> None:
    assert in_words("patient_age", age) == "patient_age 90 or older"


def test_every_name_is_a_word_that_cel_can_hold() -> None:
    assert frozenset(ATTRIBUTES) == NAMES
    assert all(name.isidentifier() and name.islower() for name in NAMES)


def test_now_is_aware_and_in_utc() -> None:
    now = utc_now()

    assert now.utcoffset() == timedelta(0)
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)
