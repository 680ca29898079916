"""The nodes that are compared: Vigil, Orthanc and DCMTK's storescp, each on an empty store."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from model_registry.nodes import service as nodes
from vigil.app import schema
from vigil.app.settings import Settings
from vigil.app.wiring import build_parts
from vigil.kernel.engine import ledger
from vigil.kernel.identity import service as identity
from vigil.kernel.identity.actor import system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.parts import Parts

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/usr/sbin:/bin"
CALLING_AE, CALLED_AE = "BENCH", "VIGIL"
SITE = "BENCH01"
START_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
# Without it every answer waits for the peer's delayed acknowledgement.
NO_DELAY = {"TCP_NODELAY": "1"}


class Peer(Protocol):
    """A node under test; of one that forks for each association, no processor time is known."""

    @property
    def name(self) -> str: ...
    @property
    def forks(self) -> bool: ...
    def start(self, folder: Path, port: int) -> "subprocess.Popen[bytes]": ...


def program(name: str) -> str | None:
    """Return where a Debian program is; pynetdicom brings namesakes of DCMTK's."""
    return shutil.which(name, path=SYSTEM_PATH)


@dataclass(frozen=True)
class Vigil:
    name: str = "Vigil"
    forks: bool = False

    def start(self, folder: Path, port: int) -> "subprocess.Popen[bytes]":
        settings = settings_for(folder, port)
        parts = build_parts(settings)
        prepare(parts)
        parts.database.dispose()
        return start_role("vigil.app.dicom_node", settings)


@dataclass(frozen=True)
class Orthanc:
    """Orthanc as Debian ships it; it flushes each file by default, as we do."""

    name: str = "Orthanc"
    forks: bool = False

    def start(self, folder: Path, port: int) -> "subprocess.Popen[bytes]":
        folder.mkdir(parents=True, exist_ok=True)
        configuration = folder / "orthanc.json"
        configuration.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(folder / "store"),
                    "IndexDirectory": str(folder / "store"),
                    "DicomPort": port,
                    "HttpServerEnabled": False,
                    "DicomAlwaysAllowStore": True,
                    "DicomCheckCalledAet": False,
                }
            )
        )
        return _quietly([str(program("Orthanc")), str(configuration)])


@dataclass(frozen=True)
class Storescp:
    """DCMTK's storescp, which writes what it gets and never flushes: a bound, not a rival."""

    name: str = "storescp"
    forks: bool = True

    def start(self, folder: Path, port: int) -> "subprocess.Popen[bytes]":
        folder.mkdir(parents=True, exist_ok=True)
        options = ["+B", "-pdu", "131072", "--fork", "-od", str(folder)]
        return _quietly([str(program("storescp")), *options, str(port)])


def settings_for(folder: Path, port: int, **more: object) -> Settings:
    facts = {"dicom_host": "127.0.0.1", "dicom_port": port, "log_level": "error"}
    return Settings.model_validate({"data_dir": folder, **facts, **more})


def prepare(parts: Parts) -> None:
    """Make the schema and a site whose machine is the sender."""
    schema.upgrade(parts.database)
    ledger.prepare(parts.database)
    actor = system_actor("benchmark")
    with parts.database.write() as session:
        identity.create_organisation(
            session, actor, ods_code="BENCH", name="Benchmark", kind=OrganisationKind.PROVIDER
        )
        site = identity.create_site(
            session, actor, organisation_code="BENCH", ods_code=SITE, name="Benchmark"
        )
        nodes.add_node(
            session,
            actor,
            site_id=site.id,
            ae_title=CALLING_AE,
            host="127.0.0.1",
            port=104,
            is_source=True,
            is_destination=False,
            reason="benchmark",
        )


def start_role(module: str, settings: Settings) -> "subprocess.Popen[bytes]":
    """Start one of Vigil's processes with these settings."""
    named = settings.model_dump(exclude_none=True, exclude_defaults=True)
    environment = {f"VIGIL_{name.upper()}": str(value) for name, value in named.items()}
    return _quietly([sys.executable, "-P", "-m", module], environment)


@contextmanager
def running(peer: Peer, folder: Path) -> Iterator[tuple["subprocess.Popen[bytes]", int]]:
    """Start a node, wait until it listens, and end it."""
    port = free_port()
    process = peer.start(folder, port)
    try:
        wait_until_listening(process, port)
        yield process, port
    finally:
        process.terminate()
        process.wait()


def send(files: list[Path], port: int, associations: int) -> float:
    """Send files over so many associations at once and return the seconds that it took."""
    storescu = [str(program("storescu")), "-R", "-aet", CALLING_AE, "-aec", CALLED_AE]
    where = ["127.0.0.1", str(port)]
    began = time.perf_counter()
    senders = [
        _quietly([*storescu, *where, *map(str, files[first::associations])])
        for first in range(associations)
    ]
    failed = [sender.wait() for sender in senders]
    seconds = time.perf_counter() - began
    if any(failed):
        raise RuntimeError(f"a sender failed: {failed}")
    return seconds


def cpu_seconds(process: "subprocess.Popen[bytes]") -> float:
    """Return the processor time of a process, without that of its children."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICKS


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
    return port


def wait_until_listening(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the node ended with {process.returncode} before it listened")
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the node does not listen")


def _quietly(
    command: list[str], environment: dict[str, str] | None = None
) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        command,
        env={**os.environ, **NO_DELAY, **(environment or {})},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
