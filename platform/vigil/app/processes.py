"""Vigil's processes under one command: started together, watched, ended together."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from vigil.kernel.telemetry import logger

# Each role's own module: the command line would load every other role's code as well.
MODULES = {"web": "vigil.app.web", "dicom": "vigil.app.dicom_node", "worker": "vigil.app.worker"}
ROLES = tuple(MODULES)
RESTART_SECONDS = 1.0
END_SECONDS = 15.0


class Processes:
    """One process for each role; one that dies is started again."""

    def __init__(
        self,
        roles: Sequence[str] = ROLES,
        environment: Mapping[str, str] | None = None,
        logs: Path | None = None,
    ) -> None:
        """Prepare them; with `logs`, each writes to a file in that folder and not to the screen."""
        self._logs = logs
        self._roles = roles
        self._environment = {**os.environ, **(environment or {})}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._stopping = threading.Event()
        self._watch = threading.Thread(target=self._restart_dead, daemon=True)

    def __enter__(self) -> Self:
        for role in self._roles:
            self._start(role)
        self._watch.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._watch.join()
        for process in self._running.values():
            process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + END_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait(self) -> None:
        """Wait for Ctrl-C or SIGTERM."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        ended.wait()

    def pid(self, role: str) -> int:
        return self._running[role].pid

    def _start(self, role: str) -> None:
        command = [sys.executable, "-P", "-m", MODULES[role]]
        with contextlib.ExitStack() as opened:
            output = None
            if self._logs is not None:
                self._logs.mkdir(parents=True, exist_ok=True)
                output = opened.enter_context((self._logs / f"{role}.log").open("ab"))
            self._running[role] = subprocess.Popen(  # noqa: S603 - the command is fixed
                command, env=self._environment, stdout=output, stderr=output
            )

    def _restart_dead(self) -> None:
        while not self._stopping.wait(RESTART_SECONDS):
            for role, process in list(self._running.items()):
                if process.poll() is not None:
                    logger("processes").error("died", role=role, code=process.returncode)
                    self._start(role)
