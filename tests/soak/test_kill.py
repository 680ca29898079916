"""Kill Vigil's processes at random while studies flow, and count everything afterwards.

`make soak` runs it; the seed is printed, and VIGIL_SOAK_SEED repeats it as far as the machine does.
"""

import gc
import os
import random
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from factories.books import Books
from factories.camera import Camera, radiographs
from factories.engine import until
from factories.hospital import QUICK, Hospital, kill, open_hospital
from factories.orphans import adopting, orphaned_models
from factories.pacs import Pacs, free_ports
from postgres import Cluster
from rich.console import Console
from rich.table import Table

from inference.associations.models import Association
from inference.studies.models import Study
from vigil.app.processes import Processes
from vigil.app.settings import Settings
from vigil.kernel.engine import repository as engine
from vigil.kernel.engine.ledger import PIPELINE

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(1500),
    # pynetdicom leaves the socket of a connection that was refused to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

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
            until(lambda pids=before: all(self.processes.pid(r) != p for r, p in pids.items()), 30)


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
    gc.collect()


def start_sending(
    hospital: Hospital, studies: int, pause: float, chance: random.Random
) -> tuple[list[Camera], list[threading.Thread]]:
    """Let every camera send its share, of one to three images a study."""
    port = hospital.settings.dicom_port
    cameras = [Camera(title, port, pause) for title in CAMERAS]
    work = [radiographs(n, chance.randint(1, 3), chance) for n in range(studies)]
    shares = [work[place :: len(cameras)] for place in range(len(cameras))]
    return cameras, [
        camera.start(share) for camera, share in zip(cameras, shares, strict=True)
    ]


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
        "bytes half written": books.half_written(),
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
    with pacs.up():
        with Processes(("dicom", "worker"), hospital.environment, logs) as processes:
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
        database_url=postgres.create("soak", "template_vigil"),
        **QUICK,
    )
    hospital = open_hospital(settings, pacs_port=pacs.port, cameras=CAMERAS, shadow=True)
    books = Books(hospital)
    began = time.monotonic()
    takeovers: list[float] = []
    with ExitStack() as running:
        running.enter_context(pacs.up())
        workers = [
            running.enter_context(hospital.process("worker", worker_slot=slot)) for slot in (0, 1)
        ]
        running.enter_context(hospital.process("dicom"))
        cameras, sending = start_sending(hospital, STUDIES_OF_TWO, 0.4, chance)
        for number in range(KILLS_OF_TWO):
            time.sleep(chance.uniform(3.0, 6.0))
            slot = number % 2
            kill(workers[slot])
            killed = time.monotonic()
            until(lambda slot=slot: not works(hospital, slot), 60)
            takeovers.append(time.monotonic() - killed)
            workers[slot] = running.enter_context(hospital.process("worker", worker_slot=slot))
        kill(workers[0])
        for thread in sending:
            thread.join()
        until(lambda: books.drained(len(acknowledged(cameras))), DRAIN_SECONDS)
        drained = time.monotonic()
        workers[1].terminate()
        workers[1].wait(30)
    with capsys.disabled():
        show(
            f"{STUDIES_OF_TWO} studies on PostgreSQL, two workers",
            books,
            cameras,
            pacs,
            kills=f"{KILLS_OF_TWO + 1} workers",
            taken_over_after=", ".join(f"{one:.1f} s" for one in takeovers),
            wall=f"{drained - began:.0f} s",
        )
    books.check(acknowledged(cameras), pacs)
    assert not orphaned_models()
    hospital.parts.database.dispose()
    postgres.drop("soak")


def works(hospital: Hospital, slot: int) -> bool:
    """Whether work in progress is still the worker's of this slot."""
    with hospital.parts.database.read() as session:
        owners = engine.owners_of_running(session, PIPELINE)
    return any(owner.endswith(f":{slot}") for owner in owners)
