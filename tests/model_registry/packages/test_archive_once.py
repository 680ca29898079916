"""What a package says is read once, and so is that it cannot be read."""

from collections import Counter
from collections.abc import Callable

import pytest
import yaml
from factories import packages

from model_registry.packages.checks import check
from model_registry.submissions.reading import read_archive

BROKEN = b"a: [1"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counter[bytes]:
    """Count the times that each document goes through the parser."""
    counted: Counter[bytes] = Counter()
    load: Callable[..., object] = yaml.load

    def counting(data: bytes, **options: object) -> object:
        counted[data] += 1
        return load(data, **options)

    monkeypatch.setattr(yaml, "load", counting)
    return counted


def test_a_good_package_is_parsed_once(read: Counter[bytes]) -> None:
    package = packages.package()
    assert check(package) == []
    assert check(package) == []
    assert set(read.values()) == {1}


@pytest.mark.parametrize(
    "name", ["manifest_yaml", "card_yaml", "safety_case_yaml", "golden__cases_yaml"]
)
def test_a_file_that_cannot_be_read_is_tried_once(name: str, read: Counter[bytes]) -> None:
    replaced = {name: BROKEN}
    found = read_archive(packages.archive(**replaced))
    assert found.faults
    assert read[BROKEN] == 1
