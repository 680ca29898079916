"""Real destinations on real sockets: DCMTK's storescp and Orthanc."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from inference.delivery.scu import Peer
from vigil.app.demo.ports import free_ports

ORTHANC = shutil.which("Orthanc") or (
    "/usr/sbin/Orthanc" if Path("/usr/sbin/Orthanc").exists() else None
)
# pynetdicom puts a storescp of its own into the environment's folder; DCMTK's is wanted.
STORESCP = shutil.which(
    "storescp",
    path=os.pathsep.join(
        folder
        for folder in os.environ["PATH"].split(os.pathsep)
        if not Path(folder).is_relative_to(sys.prefix)
    ),
)
# Both would otherwise hold small packets back, and the tests with them.
ENVIRONMENT = os.environ | {"TCP_NODELAY": "1"}


STARTS = 5


def free_port() -> int:
    return free_ports(1)[0]


def comes_up(condition: Callable[[], bool], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def running(*command: str) -> Iterator[None]:
    with subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield
        finally:
            process.kill()


class Storescp:
    """DCMTK's storage SCP, that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.peer = Peer("PACS", "127.0.0.1", free_port())
        folder.mkdir()

    @contextmanager
    def up(self, *options: str) -> Iterator[None]:
        command = [str(STORESCP), "-aet", "PACS", "-od", str(self.folder), *options]
        with ExitStack() as stack:
            # DCMTK's storescp was seen not to come up, rarely, on a busy machine.
            for _ in range(STARTS):
                stack.close()
                stack.enter_context(running(*command, str(self.peer.port)))
                if comes_up(lambda: answers(self.peer.port)):
                    break
            else:
                raise AssertionError(f"storescp did not come up in {STARTS} tries")
            yield

    def received(self) -> list[Path]:
        return sorted(self.folder.iterdir())


class Orthanc:
    """An Orthanc, and what its REST API says."""

    def __init__(self, dicom_port: int, http_port: int) -> None:
        self.peer = Peer("ORTHANC", "127.0.0.1", dicom_port)
        self.http_port = http_port

    def get(self, path: str) -> Any:
        return httpx.get(f"http://127.0.0.1:{self.http_port}{path}").json()

    def instances(self) -> list[str]:
        return [
            self.get(f"/instances/{one}/simplified-tags")["SOPInstanceUID"]
            for one in self.get("/instances")
        ]


@pytest.fixture
def storescp(tmp_path: Path) -> Storescp:
    if STORESCP is None:
        pytest.skip("storescp (DCMTK) is not installed")
    return Storescp(tmp_path / "received")


@pytest.fixture
def start_orthanc(tmp_path: Path) -> Iterator[Callable[..., Orthanc]]:
    if ORTHANC is None:
        pytest.skip("Orthanc is not installed")
    with ExitStack() as stack:

        def start(**options: Any) -> Orthanc:
            orthanc = Orthanc(free_port(), free_port())
            configuration = tmp_path / "orthanc.json"
            configuration.write_text(
                json.dumps(
                    {
                        "StorageDirectory": str(tmp_path / "orthanc"),
                        "IndexDirectory": str(tmp_path / "orthanc"),
                        "DicomPort": orthanc.peer.port,
                        "HttpPort": orthanc.http_port,
                        "DicomAet": "ORTHANC",
                        "AuthenticationEnabled": False,
                        "TcpNoDelay": True,
                        "Plugins": [],
                        **options,
                    }
                )
            )
            stack.enter_context(running(str(ORTHANC), str(configuration)))
            assert comes_up(
                lambda: answers(orthanc.http_port) and answers(orthanc.peer.port), 60
            ), "Orthanc did not come up"
            return orthanc

        yield start
