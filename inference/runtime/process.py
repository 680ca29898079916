"""The parent's side of one model process: start it, ask it, end it."""

import contextlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from inference.runtime import cage, isolation
from inference.runtime.errors import (
    ModelCrashed,
    ModelFailed,
    ModelRefused,
    ModelTimeout,
    NotIsolated,
    OutOfMemory,
)
from inference.runtime.settings import RuntimeSettings
from inference.runtime.wire import Arrays, Channel, Closed, Malformed, TimedOut
from model_registry.packages.manifest import Resources

# The child starts from these alone: no secret of ours, no setting of Python's or onnxruntime's.
# Since 1.29 onnxruntime tells its makers each model's name and hashes unless it is told not to
# before it is imported: it writes below the home folder and keeps a thread that sends.
ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",
}
_ROOT = Path(__file__).parents[2]
_GRACE_SECONDS = 2.0
_FOLDER = "vigil-model-"
_ABANDONED_SECONDS = 3600


@dataclass(frozen=True)
class Limits:
    """What a model may use. `memory_mb` is its own, above Python's and onnxruntime's.

    With `must_be_isolated` it is not loaded where the kernel leaves it the network or files.
    """

    threads: int
    memory_mb: int
    load_seconds: float
    run_seconds: float
    must_be_isolated: bool = False

    @classmethod
    def of(cls, resources: Resources, settings: RuntimeSettings, cases: int = 1) -> "Limits":
        """Grant what the manifest asks for, `cases` times, as far as the settings allow."""
        return cls(
            threads=settings.runtime_threads,
            memory_mb=min(resources.max_memory_mb * cases, settings.runtime_memory_mb),
            load_seconds=settings.runtime_load_seconds,
            run_seconds=resources.max_seconds * cases,
        )


@dataclass(frozen=True)
class Prediction:
    """What a model gave, and the facts of how: versions, limits, seconds, memory."""

    outputs: Arrays
    facts: dict[str, Any]


class ModelProcess:
    """One child that holds one model. Not for two threads at once."""

    def __init__(self, model: bytes, limits: Limits) -> None:
        """Start it and load the model.

        Raises:
            ModelFailed: it is refused, takes too long or too much, or ends its process.
        """
        self._limits = limits
        started = time.monotonic()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        _discard_abandoned()
        folder = Path(tempfile.mkdtemp(prefix=_FOLDER))
        try:
            self._process, self._channel = _start(folder, self._complaints)
            self._facts = self._load(folder, model)
        finally:
            # Nothing of the model stays on the disk, and the child's folder is one that is gone.
            shutil.rmtree(folder)
        self._facts["load_seconds"] = round(time.monotonic() - started, 4)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def facts(self) -> dict[str, Any]:
        """The versions, doors and memory that it said when the model was loaded."""
        return dict(self._facts)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def run(self, inputs: Arrays) -> Prediction:
        """Run the model.

        Raises:
            ModelFailed: it gave no outputs; after most kinds the process has ended (see `alive`).
        """
        seconds = self._limits.run_seconds
        answer, outputs = self._ask({"seconds": seconds}, inputs, seconds)
        return Prediction(outputs, {**self._facts, **answer})

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._complaints):
            if pipe is not None:
                pipe.close()

    def _load(self, folder: Path, model: bytes) -> dict[str, Any]:
        # A folder with nothing else in it: a model that names other files finds none.
        path = folder / "model" / "model.onnx"
        path.parent.mkdir()
        path.write_bytes(model)
        order = {
            "path": str(path),
            "threads": self._limits.threads,
            "memory_mb": self._limits.memory_mb,
            "seconds": self._limits.load_seconds,
            "must_be_isolated": self._limits.must_be_isolated,
        }
        try:
            return self._ask(order, {}, self._limits.load_seconds)[0]
        except ModelFailed:
            self.close()
            raise

    def _ask(
        self, order: dict[str, Any], inputs: Arrays, seconds: float
    ) -> tuple[dict[str, Any], Arrays]:
        until = time.monotonic() + seconds
        try:
            self._channel.send(order, inputs, until)
            answer, outputs = self._channel.receive(until)
        except TimedOut:
            self.close()
            raise ModelTimeout(f"No answer within {seconds:g} seconds.") from None
        except Closed:
            raise self._died() from None
        except Malformed as error:
            self.close()
            raise ModelRefused(f"What it sent or was sent is no message: {error}.") from None
        if "failure" in answer:
            raise self._failed(answer)
        return answer, outputs

    def _failed(self, answer: dict[str, Any]) -> ModelFailed:
        if answer["failure"] == "isolation":
            return NotIsolated(isolation.why(tuple(answer.get("text", "").split(","))))
        if answer["failure"] != "memory":
            return ModelRefused(f"onnxruntime says: {answer.get('text', '')}")
        # What is left of its memory after such a failure is not to be relied on.
        self.close()
        return OutOfMemory(f"It needs more than {self._limits.memory_mb} MB.")

    def _died(self) -> ModelFailed:
        try:
            code = self._process.wait(_GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        complaint = self._last_complaint()
        self.close()
        if code == -signal.SIGXCPU:
            return ModelTimeout("It used up its processor time.")
        ending = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return ModelCrashed(f"The process ended by {ending}. {complaint}".strip())

    def _last_complaint(self) -> str:
        """Return the last line of its standard error: it knows no patient, only numbers."""
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else ""


def _discard_abandoned() -> None:
    """Delete the models that workers left behind which were killed while they loaded one."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER}*"):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS:
                shutil.rmtree(folder)


def _start(folder: Path, complaints: IO[bytes]) -> tuple["subprocess.Popen[bytes]", Channel]:
    empty = folder / "empty"
    empty.mkdir()
    process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own file
        [sys.executable, "-I", "-B", cage.__file__, str(_ROOT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=complaints,
        bufsize=0,
        cwd=empty,
        env=ENVIRONMENT,
        start_new_session=True,
    )
    if process.stdin is None or process.stdout is None:
        raise ModelCrashed("The process has no pipes.")
    return process, Channel(process.stdout.fileno(), process.stdin.fileno())
