"""Warm model processes, shared by the threads of one worker.

A version is loaded when it is first asked for and stays until another needs its place: starting
and loading costs a third of a second, a call to a warm process a tenth of a millisecond.
"""

import threading
from collections.abc import Callable, Sequence

from inference.runtime.errors import ModelCrashed, ModelFailed
from inference.runtime.golden import Golden, check
from inference.runtime.process import Limits, ModelProcess, Prediction
from inference.runtime.settings import RuntimeSettings
from inference.runtime.wire import Arrays
from model_registry.packages.manifest import Resources

_ATTEMPTS = 2


def no_golden() -> Sequence[Golden]:
    return ()


class Runtimes:
    """The model processes of one worker."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._change = threading.Condition()
        # Least recently used first. A process in use is in `_taken` and not here.
        self._idle: list[tuple[str, ModelProcess]] = []
        self._taken: list[str] = []
        self._closed = False

    def predict(
        self,
        version_digest: str,
        onnx: Callable[[], bytes],
        inputs: Arrays,
        resources: Resources,
        golden: Callable[[], Sequence[Golden]] = no_golden,
    ) -> Prediction:
        """Run the version on `inputs`, in a process that holds it or in a new one.

        Args:
            version_digest: names the version; equal digests share processes.
            onnx: gives the model's bytes; called only when a process has to be started.
            inputs: the model's inputs by name.
            resources: the manifest's limits; memory is capped by the settings.
            golden: gives the cases that a new process must reproduce before it is used.

        Raises:
            ModelFailed: no outputs, and why. A process that died is replaced once.
        """
        limits = Limits.of(resources, self._settings)
        for attempt in range(1, _ATTEMPTS + 1):
            process = self._take(version_digest)
            try:
                process = process or _load(onnx(), limits, golden())
                return process.run(inputs)
            except ModelCrashed:
                if attempt == _ATTEMPTS:
                    raise
            finally:
                self._give_back(version_digest, process)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """End every process; those in use, when their answer is there."""
        with self._change:
            self._closed = True
            ended, self._idle = self._idle, []
            self._change.notify_all()
        for _, process in ended:
            process.close()

    def pids(self) -> list[int]:
        """Return the process ids of the idle processes, for `doctor` and the tests."""
        with self._change:
            return [process.pid for _, process in self._idle]

    def _take(self, digest: str) -> ModelProcess | None:
        """Return an idle process of this version, or None once there is a place for a new one."""
        evicted: list[ModelProcess] = []
        with self._change:
            while True:
                if self._closed:
                    raise ModelFailed("The worker is stopping.")
                process = self._newest_idle(digest)
                if process is not None or self._make_room(digest, evicted):
                    self._taken.append(digest)
                    break
                self._change.wait()
        for old in evicted:
            old.close()
        return process

    def _newest_idle(self, digest: str) -> ModelProcess | None:
        for position in reversed(range(len(self._idle))):
            if self._idle[position][0] == digest:
                process = self._idle.pop(position)[1]
                if process.alive:
                    return process
                process.close()
        return None

    def _make_room(self, digest: str, evicted: list[ModelProcess]) -> bool:
        # No process of this version is idle here: those that there are, are taken.
        if self._taken.count(digest) >= self._settings.runtime_children_per_version:
            return False
        if len(self._taken) + len(self._idle) < self._settings.runtime_children:
            return True
        if not self._idle:
            return False
        evicted.append(self._idle.pop(0)[1])
        return True

    def _give_back(self, digest: str, process: ModelProcess | None) -> None:
        with self._change:
            self._taken.remove(digest)
            kept = process is not None and process.alive and not self._closed
            if process is not None and kept:
                self._idle.append((digest, process))
            self._change.notify_all()
        if process is not None and not kept:
            process.close()


def _load(model: bytes, limits: Limits, golden: Sequence[Golden]) -> ModelProcess:
    process = ModelProcess(model, limits)
    try:
        check(golden, process.run)
    except ModelFailed:
        process.close()
        raise
    return process
