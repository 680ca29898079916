"""Vigil's processes under one command: started, watched, ended."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from factories.engine import until
from factories.pacs import answers

from vigil.app import processes
from vigil.app.demo.ports import free_ports
from vigil.app.processes import Processes
from vigil.kernel.web import assets

ROLE = "sleeper"
ROOT = Path(__file__).parents[2]
# A role that says when it begins and how it ends, and obeys SIGTERM.
OBEDIENT = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print("ended", flush=True), sys.exit(0)))
print("begun", flush=True)
time.sleep(60)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("begun", flush=True)
time.sleep(60)
"""
Make = Callable[[str], Processes]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Processes of one role, which does what the given program says."""
    monkeypatch.setattr(processes, "RESTART_SECONDS", 0.05)
    monkeypatch.setitem(processes.MODULES, ROLE, "vigil_test_sleeper")

    def made(program: str) -> Processes:
        (tmp_path / "vigil_test_sleeper.py").write_text(program)
        return Processes((ROLE,), {"PYTHONPATH": str(tmp_path)}, tmp_path / "logs")

    return made


def said(tmp_path: Path) -> list[str]:
    log = tmp_path / "logs" / f"{ROLE}.log"
    return log.read_text().split() if log.exists() else []


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_that_dies_is_started_again(make: Make, tmp_path: Path) -> None:
    with make(OBEDIENT) as running:
        until(lambda: said(tmp_path) == ["begun"])
        first = running.pid(ROLE)
        os.kill(first, signal.SIGKILL)
        until(lambda: running.pid(ROLE) != first)
        until(lambda: said(tmp_path) == ["begun", "begun"])
        second = running.pid(ROLE)
        assert is_running(second)

    assert said(tmp_path) == ["begun", "begun", "ended"]
    assert not is_running(second)


def test_one_that_dies_at_once_is_tried_again_and_again(make: Make, tmp_path: Path) -> None:
    with make("print('begun', flush=True)"):
        until(lambda: len(said(tmp_path)) > 2)


def test_all_are_ended_when_the_block_fails(make: Make, tmp_path: Path) -> None:
    pids: list[int] = []

    def start_and_fail() -> None:
        with make(OBEDIENT) as running:
            until(lambda: said(tmp_path) == ["begun"])
            pids.append(running.pid(ROLE))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start_and_fail()

    assert not is_running(*pids)
    assert said(tmp_path)[-1] == "ended"


def test_one_that_does_not_listen_is_ended_too(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "END_SECONDS", 0.3)
    with make(STUBBORN) as running:
        until(lambda: said(tmp_path) == ["begun"])
        pid = running.pid(ROLE)
        started = time.monotonic()

    # By itself it would end after a minute.
    assert not is_running(pid)
    assert time.monotonic() - started < 45


def test_every_role_comes_up_and_stops_when_it_is_told(data_dir: Path, tmp_path: Path) -> None:
    http_port, dicom_port = free_ports(2)
    assets.build(tmp_path / "assets")
    path = os.pathsep.join(str(ROOT / part) for part in (".", "platform"))
    environment = {
        "VIGIL_HTTP_PORT": str(http_port),
        "VIGIL_DICOM_PORT": str(dicom_port),
        "VIGIL_DICOM_HOST": "127.0.0.1",
        "VIGIL_ASSETS_DIR": str(tmp_path / "assets"),
        "PYTHONPATH": path,
    }
    logs = tmp_path / "logs"

    def worker() -> str:
        log = logs / "worker.log"
        return log.read_text() if log.exists() else ""

    with Processes(environment=environment, logs=logs) as running:
        until(lambda: answers(http_port) and answers(dicom_port) and "working" in worker(), 90)
        ready = httpx.get(f"http://127.0.0.1:{http_port}/health/ready", timeout=10)
        pids = [running.pid(role) for role in processes.ROLES]

    assert ready.json() == {"status": "ready", "database": True, "objects": True}
    assert not any(is_running(pid) for pid in pids)
    assert "stopped" in worker()
    assert "stopped" in (logs / "dicom.log").read_text()
    assert "Traceback" not in "".join(log.read_text() for log in logs.iterdir())
