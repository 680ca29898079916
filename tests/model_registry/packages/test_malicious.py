"""The malicious set: each stopped before anything is run, named, and within seconds."""

import time

import pytest
from factories import malicious

from model_registry.packages import checks
from model_registry.packages.archive import ModelPackage
from model_registry.packages.errors import BrokenPackage
from model_registry.packages.structure import read_structure

MAX_SECONDS = 60


@pytest.mark.parametrize("name", malicious.MODELS)
def test_a_malicious_model_is_stopped_and_named(name: str) -> None:
    model = malicious.MODELS[name]()
    started = time.monotonic()
    with pytest.raises(BrokenPackage) as refused:
        read_structure(model)
    assert time.monotonic() - started < MAX_SECONDS
    assert malicious.NAMED[name] in str(refused.value)
    assert all(f.field.startswith("model.onnx:") and f.remedy for f in refused.value.faults)


@pytest.mark.parametrize("name", malicious.ARCHIVES)
def test_a_malicious_archive_is_stopped_and_named(name: str) -> None:
    archive = malicious.ARCHIVES[name]()
    started = time.monotonic()
    with pytest.raises(BrokenPackage) as refused:
        ModelPackage.from_zip(archive)
    assert time.monotonic() - started < MAX_SECONDS
    assert malicious.ARCHIVES_NAMED[name] in str(refused.value)
    assert all(fault.remedy for fault in refused.value.faults)


def test_check_says_it_of_a_whole_package() -> None:
    archive = malicious.archive_with(malicious.MODELS["constant of 4 GB"]())
    problems = [fault.problem for fault in checks.check(ModelPackage.from_zip(archive))]
    assert any("would take 4294967296 bytes" in problem for problem in problems)
