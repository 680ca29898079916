"""The malicious set against the process that runs models: admission is not the only wall."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from factories import malicious, onnx_models

from inference.runtime.errors import ModelFailed, ModelRefused, ModelTimeout, OutOfMemory
from inference.runtime.process import Limits, ModelProcess

LIMITS = Limits(threads=1, memory_mb=256, load_seconds=60, run_seconds=60)
HASTY = Limits(threads=1, memory_mb=256, load_seconds=4, run_seconds=2)
Inputs = dict[str, np.ndarray[Any, np.dtype[Any]]]
X: Inputs = {"x": np.ones(1, np.float32)}


def load_and_run(model: bytes, inputs: Inputs, limits: Limits) -> None:
    process = ModelProcess(model, limits)
    try:
        process.run(inputs)
    finally:
        process.close()


def ended(
    model: bytes,
    inputs: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]],
    limits: Limits = LIMITS,
) -> str:
    """Load and run it; return the process's name for what was wrong."""
    with pytest.raises(ModelFailed) as failed:
        load_and_run(model, inputs, limits)
    assert str(failed.value)
    return type(failed.value).__name__


# Those whose constant is used: onnxruntime does not look at one that nothing needs.
UNUSED = {
    "external, though said to be inside",
    "external, in a function",
    "external, in a sparse tensor",
}
ELSEWHERE = [
    name for name in malicious.MODELS if name.startswith("external, ") and name not in UNUSED
]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_other_file_is_read_whatever_the_model_names(name: str) -> None:
    assert ended(malicious.MODELS[name](), {"x": np.ones(4, np.float32)}) in {
        "ModelRefused",
        "ModelCrashed",
    }


@pytest.mark.parametrize("link", ["hard", "symbolic"])
def test_a_link_beside_the_service_is_out_of_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str
) -> None:
    secret = tmp_path / "outside"
    secret.write_bytes(np.full(4, 42, np.float32).tobytes())
    folder = tmp_path / "working"
    folder.mkdir()
    place = folder / "secret"
    (place.hardlink_to if link == "hard" else place.symlink_to)(secret)
    monkeypatch.chdir(folder)
    with pytest.raises(ModelRefused):
        ModelProcess(onnx_models.reading("secret"), LIMITS)


@pytest.mark.parametrize("name", ["constant of 4 GB", "constant of 4 TB", "expansion to 4 GB"])
def test_more_memory_than_granted_is_named(name: str) -> None:
    assert ended(malicious.MODELS[name](), X) == OutOfMemory.__name__


@pytest.mark.parametrize("name", ["constant-folding bomb", "endless loop"])
def test_what_does_not_end_is_ended_and_named(name: str) -> None:
    started = time.monotonic()
    wrong = ended(malicious.MODELS[name](), X, HASTY)
    assert wrong in {ModelTimeout.__name__, OutOfMemory.__name__}
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("name", ["empty", "garbage", "truncated", "unknown domain"])
def test_what_is_no_model_is_refused(name: str) -> None:
    assert ended(malicious.MODELS[name](), X) == ModelRefused.__name__


def test_settings_in_the_metadata_have_no_effect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORT_LOAD_CONFIG_FROM_MODEL", "1")
    process = ModelProcess(malicious.with_metadata(), LIMITS)
    try:
        image = np.zeros((1, 1, 8, 8), np.float32)
        assert process.run({"image": image}).facts["intra_threads"] == 1
    finally:
        process.close()
