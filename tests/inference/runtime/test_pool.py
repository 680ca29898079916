import os
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from factories import onnx_models

from inference.runtime.errors import (
    GoldenMismatch,
    ModelCrashed,
    ModelFailed,
    ModelRefused,
    ModelTimeout,
    OutOfMemory,
)
from inference.runtime.golden import Golden
from inference.runtime.pool import Runtimes
from inference.runtime.process import Prediction
from inference.runtime.settings import RuntimeSettings
from inference.runtime.wire import Arrays
from model_registry.packages.manifest import Output, Resources

RESOURCES = Resources(max_seconds=10, max_memory_mb=256)
DECLARED = (Output(name="y", kind="saliency"),)
HASTY = Resources(max_seconds=1, max_memory_mb=256)
# A quick processor would multiply itself out of less before its time is up.
ROOMY = Resources(max_seconds=10, max_memory_mb=4096)


def numbers(*values: float) -> Arrays:
    return {"x": np.array(values, dtype=np.float32)}


@pytest.fixture
def make() -> Iterator[Callable[..., Runtimes]]:
    made: list[Runtimes] = []

    def runtimes(**settings: float) -> Runtimes:
        made.append(Runtimes(RuntimeSettings.model_validate(settings)))
        return made[-1]

    yield runtimes
    for pool in made:
        pool.close()


@pytest.fixture
def runtimes(make: Callable[..., Runtimes]) -> Runtimes:
    return make()


def double(runtimes: Runtimes, *values: float) -> Prediction:
    return runtimes.predict("double", onnx_models.doubling, numbers(*values), RESOURCES)


def test_a_model_that_a_killed_worker_left_on_the_disk_goes_with_age(
    runtimes: Runtimes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name, age in (("old", 7200), ("new", 60)):
        folder = tmp_path / f"vigil-model-{name}"
        folder.mkdir()
        (folder / "model.onnx").touch()
        os.utime(folder, (time.time() - age,) * 2)

    double(runtimes, 1)
    assert [path.name for path in tmp_path.iterdir()] == ["vigil-model-new"]


def test_outputs_come_back_by_name_with_the_facts(runtimes: Runtimes) -> None:
    prediction = double(runtimes, 1, 2.5)
    assert prediction.outputs["y"].tolist() == [2, 5]
    assert prediction.outputs["y"].dtype == np.float32
    assert prediction.facts["provider"] == "CPUExecutionProvider"
    assert prediction.facts["intra_threads"] == 1
    assert {"onnxruntime", "seconds", "load_seconds", "peak_rss_mb", "network", "files"} <= set(
        prediction.facts
    )


def test_a_warm_process_is_used_again(runtimes: Runtimes) -> None:
    double(runtimes, 1)
    first = runtimes.pids()
    double(runtimes, 1)
    assert runtimes.pids() == first
    assert len(first) == 1


def test_the_model_is_asked_for_only_when_a_process_starts(runtimes: Runtimes) -> None:
    double(runtimes, 1)

    def unwanted() -> bytes:
        raise AssertionError("asked for the bytes again")

    assert runtimes.predict("double", unwanted, numbers(3), RESOURCES).outputs["y"] == 6


def test_more_memory_than_allowed_is_out_of_memory_and_passes(runtimes: Runtimes) -> None:
    with pytest.raises(OutOfMemory, match="256 MB"):
        runtimes.predict("greedy", onnx_models.greedy, numbers(4), RESOURCES)
    assert runtimes.predict("greedy", onnx_models.greedy, numbers(0), RESOURCES).outputs["y"] == 0


def test_the_settings_cap_what_a_manifest_asks_for(make: Callable[..., Runtimes]) -> None:
    generous = Resources(max_seconds=10, max_memory_mb=65536)
    with pytest.raises(OutOfMemory, match="128 MB"):
        make(runtime_memory_mb=128).predict("g", onnx_models.greedy, numbers(1), generous)


def test_an_endless_model_is_ended_and_passes(runtimes: Runtimes) -> None:
    started = time.monotonic()
    with pytest.raises(ModelTimeout, match="1 seconds"):
        runtimes.predict("endless", onnx_models.endless, numbers(1), HASTY)
    assert time.monotonic() - started < 60
    assert runtimes.pids() == []
    assert runtimes.predict("endless", onnx_models.endless, numbers(0), HASTY).outputs["y"] == 0


def test_a_model_that_never_finishes_loading_is_ended(make: Callable[..., Runtimes]) -> None:
    runtimes = make(runtime_load_seconds=2)
    started = time.monotonic()
    with pytest.raises(ModelTimeout, match="2 seconds"):
        runtimes.predict("bomb", onnx_models.folding_bomb, numbers(1), ROOMY)
    assert time.monotonic() - started < 60


@pytest.mark.parametrize("junk", [b"", b"junk", b"\x08\x08" * 500])
def test_bytes_that_are_no_model_are_refused(runtimes: Runtimes, junk: bytes) -> None:
    with pytest.raises(ModelRefused):
        runtimes.predict("junk", lambda: junk, numbers(1), RESOURCES)


def test_inputs_that_do_not_fit_are_refused_and_the_process_stays(runtimes: Runtimes) -> None:
    double(runtimes, 1)
    before = runtimes.pids()
    with pytest.raises(ModelRefused, match="onnxruntime says"):
        runtimes.predict("double", onnx_models.doubling, {"z": np.zeros(1, np.float32)}, RESOURCES)
    assert runtimes.pids() == before


def test_an_idle_process_that_died_is_replaced_unseen(runtimes: Runtimes) -> None:
    double(runtimes, 1)
    (pid,) = runtimes.pids()
    os.kill(pid, signal.SIGKILL)
    assert double(runtimes, 4).outputs["y"] == 8
    assert runtimes.pids() != [pid]


def test_a_process_that_keeps_dying_is_a_crash_and_the_next_call_works(
    make: Callable[..., Runtimes],
) -> None:
    runtimes = make()
    stop = threading.Event()
    killed: list[int] = []

    def kill_whatever_runs() -> None:
        while not stop.is_set():
            for pid in _children() - set(killed):
                killed.append(pid)
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)

    killer = threading.Thread(target=kill_whatever_runs)
    killer.start()
    try:
        with pytest.raises(ModelCrashed, match="SIGKILL"):
            runtimes.predict("endless", onnx_models.endless, numbers(1), RESOURCES)
    finally:
        stop.set()
        killer.join()
    assert len(killed) == 2
    assert double(runtimes, 1).outputs["y"] == 2


def _children() -> set[int]:
    """The model processes of this process: only those are ours to kill."""
    with open(f"/proc/self/task/{os.getpid()}/children") as file:  # noqa: PTH123 - the kernel's
        pids = {int(pid) for pid in file.read().split()}
    for task in os.listdir("/proc/self/task"):  # noqa: PTH208 - the kernel's
        try:
            with open(f"/proc/self/task/{task}/children") as file:  # noqa: PTH123 - the kernel's
                pids |= {int(pid) for pid in file.read().split()}
        except FileNotFoundError:
            continue
    return pids


def test_golden_cases_are_run_when_a_process_starts(runtimes: Runtimes) -> None:
    right = Golden("right", numbers(1, 2), {"y": np.array([2.0, 4.0])}, 1e-6, DECLARED)
    given = runtimes.predict("double", onnx_models.doubling, numbers(5), RESOURCES, lambda: [right])
    assert given.outputs["y"] == 10


@pytest.mark.parametrize(
    "expected",
    [
        {"y": np.array([2.0, 4.1])},
        {"y": np.array([[2.0, 4.0]])},
        {"other": np.array([2.0])},
        {"y": np.array([2.0, np.nan])},
    ],
)
def test_a_version_that_misses_its_golden_case_is_not_used(
    runtimes: Runtimes, expected: Arrays
) -> None:
    wrong = Golden("wrong", numbers(1, 2), expected, 0.01, DECLARED)
    with pytest.raises(GoldenMismatch, match="Golden case wrong"):
        runtimes.predict("double", onnx_models.doubling, numbers(5), RESOURCES, lambda: [wrong])
    assert runtimes.pids() == []


def test_the_least_recently_used_version_makes_room(make: Callable[..., Runtimes]) -> None:
    runtimes = make(runtime_children=2)
    for digest in ("one", "two", "one", "three"):
        runtimes.predict(digest, onnx_models.doubling, numbers(1), RESOURCES)
    kept = runtimes.pids()
    assert len(kept) == 2
    runtimes.predict("one", onnx_models.doubling, numbers(1), RESOURCES)
    assert set(runtimes.pids()) == set(kept)


def test_threads_share_at_most_as_many_processes_as_allowed(
    make: Callable[..., Runtimes],
) -> None:
    runtimes = make(runtime_children=3, runtime_children_per_version=2)
    with ThreadPoolExecutor(8) as threads:
        results = list(
            threads.map(
                lambda i: runtimes.predict(
                    f"v{i % 3}", onnx_models.doubling, numbers(i), RESOURCES
                ),
                range(40),
            )
        )
    assert [float(result.outputs["y"][0]) for result in results] == [2.0 * i for i in range(40)]
    assert len(runtimes.pids()) <= 3


def test_equal_inputs_give_equal_bits(runtimes: Runtimes) -> None:
    values = np.random.default_rng(1).random(5000)
    first, second = (double(runtimes, *values).outputs["y"].tobytes() for _ in range(2))
    assert first == second


def test_a_closed_pool_refuses_and_leaves_no_process(make: Callable[..., Runtimes]) -> None:
    runtimes = make()
    double(runtimes, 1)
    (pid,) = runtimes.pids()
    runtimes.close()
    with pytest.raises(ModelFailed, match="stopping"):
        double(runtimes, 1)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
