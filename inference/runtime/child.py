"""The process of one model: load it once, answer one question after the other, end with the pipe.

After loading, no further file, socket or pipe can be opened, by anything.
"""

import math
import os
import resource
import time
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort

from inference.runtime.provider import PROVIDER
from inference.runtime.wire import Arrays, Channel, Closed, Malformed
from model_registry.packages.landlock import confine
from model_registry.packages.network import not_granted

_MIB = 1 << 20
_QUIET = 4
_MEMORY_WORDS = ("bad_alloc", "bad allocation", "failed to allocate", "out of memory")


class NotIsolated(Exception):
    """The kernel does not grant what the order asks for; the model was not looked at."""


class Model:
    """An ONNX session under limits."""

    def __init__(self, order: dict[str, Any], *, isolated: bool) -> None:
        self._threads = order["threads"]
        self._status = _open_status()
        limit = order["memory_mb"] * _MIB + _address_space()
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        _allow_seconds(order["seconds"])
        path = Path(order["path"])
        self.confined = confine(path.parent)
        refused = not_granted({"network": isolated, "files": self.confined})
        if refused and order["must_be_isolated"]:
            raise NotIsolated(",".join(refused))
        self._base_mb = self.peak_mb()
        self._session = ort.InferenceSession(path, self._options(), providers=[PROVIDER])
        self._session.disable_fallback()
        # Descriptors below 1 only, and 0 is taken: none is left. With 0, poll() itself would fail.
        resource.setrlimit(resource.RLIMIT_NOFILE, (1, 1))

    def _options(self) -> ort.SessionOptions:
        options = ort.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = self._threads, 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena keeps its peak for ever and gains nothing on a CPU (measured).
        options.enable_cpu_mem_arena = False
        options.use_deterministic_compute = True
        options.log_severity_level = _QUIET
        return options

    def facts(self, isolated: bool) -> dict[str, Any]:
        return {
            "onnxruntime": ort.__version__,
            "provider": self._session.get_providers()[0],
            "intra_threads": self._threads,
            "network": "isolated" if isolated else "not isolated",
            "files": "confined" if self.confined else "not confined",
            "base_rss_mb": self._base_mb,
            "peak_rss_mb": self.peak_mb(),
        }

    def run(self, inputs: Arrays, seconds: float) -> tuple[Arrays, float]:
        """Return the outputs by name and the seconds they took."""
        _allow_seconds(seconds * self._threads)
        started = time.monotonic()
        values = self._session.run(None, inputs)
        took = time.monotonic() - started
        names = [output.name for output in self._session.get_outputs()]
        return {name: _plain(name, value) for name, value in zip(names, values, strict=True)}, took

    def peak_mb(self) -> float:
        """Return the most memory that was ever resident; `getrusage` would count our parent's."""
        if self._status is None:
            return 0.0
        lines = os.pread(self._status, 4096, 0).decode().splitlines()
        kib = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return round(int(kib) / 1024, 1)


def main(isolated: bool) -> None:
    channel = _take_over_pipes()
    try:
        order, _ = channel.receive(None)
        _serve(channel, order, isolated)
    except Closed:
        pass


def _serve(channel: Channel, order: dict[str, Any], isolated: bool) -> None:
    try:
        model = Model(order, isolated=isolated)
    except Exception as error:  # noqa: BLE001 - whatever a model causes has to become an answer
        channel.send(_failure(error), {}, None)
        return
    channel.send(model.facts(isolated), {}, None)
    while True:
        order, inputs = channel.receive(None)
        try:
            outputs, seconds = model.run(inputs, order["seconds"])
            channel.send({"seconds": seconds, "peak_rss_mb": model.peak_mb()}, outputs, None)
        except Closed:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            channel.send(_failure(error), {}, None)


def _failure(error: Exception) -> dict[str, Any]:
    text = str(error)
    if isinstance(error, NotIsolated):
        return {"failure": "isolation", "text": text}
    memory = isinstance(error, MemoryError) or any(w in text.lower() for w in _MEMORY_WORDS)
    return {"failure": "memory" if memory else "refused", "text": text[:300]}


def _plain(name: str, value: Any) -> np.ndarray[Any, Any]:
    if not isinstance(value, np.ndarray):
        raise Malformed(f"{name} is a {type(value).__name__}, not a tensor")
    return value


def _take_over_pipes() -> Channel:
    """Keep the two pipes to ourselves: a library that prints must not write into a message."""
    channel = Channel(os.dup(0), os.dup(1))
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return channel


def _allow_seconds(seconds: float) -> None:
    """Let the kernel end us when the parent is no more there to do it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def _open_status() -> int | None:
    path = Path("/proc/self/status")
    return os.open(path, os.O_RDONLY) if path.exists() else None


def _address_space() -> int:
    """Return what Python and onnxruntime have mapped, which is not the model's to pay for."""
    path = Path("/proc/self/statm")
    return int(path.read_text().split()[0]) * resource.getpagesize() if path.exists() else 1 << 30
