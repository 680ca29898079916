"""Kill Vigil's processes at random while studies flow, and count everything afterwards.

`make soak` runs it; the seed is printed, and VIGIL_SOAK_SEED repeats it as far as the machine does.
"""

import os
import random
import secrets
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from factories.books import Books
from factories.camera import Camera, radiographs
from factories.engine import until
from factories.hospital import QUICK, Hospital, kill, open_hospital
from factories.orphans import adopting, orphaned_models
from factories.pacs import Pacs
from postgres import Cluster
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from inference.associations.models import Association
from inference.studies.models import Study
from vigil.app.demo.ports import free_ports
from vigil.app.processes import Processes
from vigil.app.settings import Settings
from vigil.kernel.engine import repository as engine
from vigil.kernel.engine.ledger import PIPELINE

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1500)]

CAMERAS = ("CRROOM1", "CRROOM2", "CRROOM3")
TARGETS = (("worker",), ("dicom",), ("worker", "dicom"))
STUDIES, KILLS = 200, 20
STUDIES_OF_TWO, KILLS_OF_TWO = 60, 4
DRAIN_SECONDS = 240


@dataclass
class Killer:
    """Sends SIGKILL to processes that are started again by whoever watches them."""

    processes: Processes
    chance: random.Random
    killed: Counter[str] = field(default_factory=Counter)

    def kill_often(self, times: int) -> None:
        for _ in range(times):
            # From before a process is up to well after: a start takes about three seconds.
            time.sleep(self.chance.uniform(0.5, 9.0))
            roles = self.chance.choice(TARGETS)
            before = {role: self.processes.pid(role) for role in roles}
            for pid in before.values():
                os.kill(pid, signal.SIGKILL)
            self.killed[" and ".join(roles)] += 1
            self._await_others(before)

    def _await_others(self, before: dict[str, int]) -> None:
        until(lambda: all(self.processes.pid(role) != pid for role, pid in before.items()), 30)


class Pair:
    """Two workers of one database. One that is killed stays away until it is started by hand.

    Attributes:
        takeovers: seconds from each death until the other had all that the dead one was doing.
    """

    def __init__(self, hospital: Hospital, running: ExitStack) -> None:
        self._hospital = hospital
        self._running = running
        self.workers: dict[int, subprocess.Popen[bytes]] = {}
        self.takeovers: list[float] = []
        for slot in (0, 1):
            self.start(slot)

    def start(self, slot: int) -> None:
        """Start the worker of a slot and wait until it says that it lives."""
        before = self._beat(slot)
        self.workers[slot] = self._running.enter_context(
            self._hospital.process("worker", worker_slot=slot)
        )
        until(lambda: self._beat(slot) != before, 60)

    def kill_until_taken_over(self, slot: int) -> None:
        kill(self.workers[slot])
        killed = time.monotonic()
        until(lambda: not self._works(slot), 60)
        self.takeovers.append(time.monotonic() - killed)

    def _beat(self, slot: int) -> datetime | None:
        with self._hospital.parts.database.read() as session:
            found = {one.id[-1]: one.beat_at for one in engine.workers(session)}
        return found.get(str(slot))

    def _works(self, slot: int) -> bool:
        with self._hospital.parts.database.read() as session:
            owners = engine.owners_of_running(session, PIPELINE)
        return any(owner.endswith(f":{slot}") for owner in owners)


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("VIGIL_SOAK_SEED", secrets.randbelow(1_000_000)))
    Console(stderr=True).print(f"VIGIL_SOAK_SEED={seed}")
    return random.Random(seed)


@pytest.fixture
def pacs() -> Pacs:
    return Pacs(free_ports(1)[0])


@pytest.fixture
def family() -> Iterator[None]:
    with adopting():
        yield


def start_sending(
    hospital: Hospital, studies: int, pause: float, chance: random.Random
) -> tuple[list[Camera], list[threading.Thread]]:
    """Let every camera send its share, of one to three images a study."""
    port = hospital.settings.dicom_port
    cameras = [Camera(title, port, pause) for title in CAMERAS]
    work = [radiographs(n, chance.randint(1, 3), chance) for n in range(studies)]
    shares = [work[place :: len(cameras)] for place in range(len(cameras))]
    return cameras, [camera.start(share) for camera, share in zip(cameras, shares, strict=True)]


def acknowledged(cameras: Sequence[Camera]) -> dict[str, str]:
    assert not [uid for camera in cameras for uid in camera.failed]
    return {uid: digest for camera in cameras for uid, digest in camera.acknowledged.items()}


def show(title: str, books: Books, cameras: Sequence[Camera], pacs: Pacs, **facts: object) -> None:
    pieces, restarts = books.restarts()
    waits = books.seconds_to_delivery()
    rows = {
        **facts,
        "instances": len(acknowledged(cameras)),
        "studies": f"{books.count(Study)}, of {books.revisions()} revisions",
        "sent again by a camera": sum(camera.again for camera in cameras),
        "associations": books.count(Association),
        "runs": ", ".join(f"{count} {name}" for name, count in books.outcomes().items()),
        "work started again": f"{restarts} times, {pieces} pieces",
        "files left, to go with age": books.litter(),
        "objects in the PACS": len(pacs.objects),
        "sent again to the PACS": pacs.repeated,
        "last image to PACS": f"{waits[len(waits) // 2]:.1f} s median, {waits[-1]:.1f} s longest",
    }
    table = Table(title=title, show_header=False)
    for name, value in rows.items():
        table.add_row(name.replace("_", " "), str(value))
    Console(stderr=True).print(table)


def test_nothing_is_lost_or_doubled_when_processes_are_killed(
    tmp_path: Path,
    migrated_sqlite: Path,
    pacs: Pacs,
    chance: random.Random,
    family: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(data_dir=tmp_path / "data", dicom_port=free_ports(1)[0], **QUICK)
    hospital = open_hospital(
        settings, pacs_port=pacs.port, cameras=CAMERAS, migrated=migrated_sqlite, shadow=True
    )
    books = Books(hospital)
    began = time.monotonic()
    logs = settings.data_dir / "logs"
    with pacs.up(), Processes(("dicom", "worker"), hospital.environment, logs) as processes:
        killer = Killer(processes, chance)
        cameras, sending = start_sending(hospital, STUDIES, 0.4, chance)
        killer.kill_often(KILLS)
        for thread in sending:
            thread.join()
        sent = time.monotonic()
        until(lambda: books.drained(len(acknowledged(cameras))), DRAIN_SECONDS)
        drained = time.monotonic()
    with capsys.disabled():
        show(
            f"{STUDIES} studies on SQLite",
            books,
            cameras,
            pacs,
            kills=dict(killer.killed),
            wall=f"{sent - began:.0f} s sending, {drained - sent:.1f} s more until all was done",
        )
    books.check(acknowledged(cameras), pacs)
    assert not orphaned_models()
    hospital.parts.database.dispose()


@pytest.mark.postgres
def test_a_worker_takes_over_from_one_that_is_killed_and_stays_away(
    tmp_path: Path,
    postgres: Cluster,
    pacs: Pacs,
    chance: random.Random,
    family: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        dicom_port=free_ports(1)[0],
        database_url=SecretStr(postgres.create("soak", "template_vigil")),
        **QUICK,
    )
    hospital = open_hospital(settings, pacs_port=pacs.port, cameras=CAMERAS, shadow=True)
    books = Books(hospital)
    began = time.monotonic()
    with pacs.up(), ExitStack() as running:
        pair = Pair(hospital, running)
        running.enter_context(hospital.process("dicom"))
        cameras, sending = start_sending(hospital, STUDIES_OF_TWO, 0.4, chance)
        for number in range(KILLS_OF_TWO):
            time.sleep(chance.uniform(0.5, 3.0))
            pair.kill_until_taken_over(number % 2)
            pair.start(number % 2)
        kill(pair.workers[0])
        for thread in sending:
            thread.join()
        until(lambda: books.drained(len(acknowledged(cameras))), DRAIN_SECONDS)
        drained = time.monotonic()
        pair.workers[1].terminate()
        pair.workers[1].wait(30)
    with capsys.disabled():
        show(
            f"{STUDIES_OF_TWO} studies on PostgreSQL, two workers",
            books,
            cameras,
            pacs,
            kills=f"{KILLS_OF_TWO + 1} workers",
            taken_over_after=", ".join(f"{one:.1f} s" for one in pair.takeovers),
            wall=f"{drained - began:.0f} s",
        )
    books.check(acknowledged(cameras), pacs)
    assert not orphaned_models()
    hospital.parts.database.dispose()
    postgres.drop("soak")
