import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from factories.books import Books
from factories.camera import Camera, radiographs
from factories.engine import until
from factories.hospital import QUICK, Hospital, kill, open_hospital
from factories.pacs import Pacs
from sqlmodel import select

from inference.delivery.models import Cause, Delivery, DeliveryAttempt, DeliveryState
from inference.runs.models import Run, RunState
from vigil.app.demo.ports import free_ports
from vigil.app.settings import Settings

CAMERA = "CRROOM1"


@pytest.fixture
def pacs() -> Pacs:
    return Pacs(free_ports(1)[0])


@pytest.fixture
def hospital(tmp_path: Path, migrated_sqlite: Path, pacs: Pacs) -> Iterator[Hospital]:
    settings = Settings(data_dir=tmp_path / "data", dicom_port=free_ports(1)[0], **QUICK)
    hospital = open_hospital(
        settings, pacs_port=pacs.port, cameras=[CAMERA], migrated=migrated_sqlite
    )
    yield hospital
    hospital.parts.database.dispose()


def send_study(hospital: Hospital, images: int = 2) -> Camera:
    camera = Camera(CAMERA, hospital.settings.dicom_port)
    camera.send(radiographs(1, images, random.Random(1)))
    assert not camera.failed
    return camera


def run_of(hospital: Hospital) -> Run | None:
    with hospital.parts.database.read() as session:
        return session.exec(select(Run)).one_or_none()


def is_running(hospital: Hospital) -> bool:
    run = run_of(hospital)
    return run is not None and run.state is RunState.RUNNING


def test_a_run_whose_worker_is_killed_in_its_middle_ends_once(
    hospital: Hospital, pacs: Pacs
) -> None:
    books = Books(hospital)
    with ExitStack() as running:
        running.enter_context(pacs.up())
        worker = running.enter_context(hospital.process("worker"))
        running.enter_context(hospital.process("dicom"))
        camera = Camera(CAMERA, hospital.settings.dicom_port)
        # Looked at from the beginning: a run takes a second, and may be over when the camera is.
        sending = camera.start([radiographs(1, 2, random.Random(1))])
        until(lambda: is_running(hospital), 90)
        kill(worker)
        sending.join()
        assert not camera.failed
        assert is_running(hospital)
        assert not pacs.objects

        running.enter_context(hospital.process("worker"))
        until(lambda: books.drained(len(camera.acknowledged)), 90)
    books.check(camera.acknowledged, pacs)
    # A busy worker may have had more in progress than the run: each was begun once more.
    works, starts = books.restarts()
    assert 1 <= works == starts


def test_what_a_destination_missed_while_it_was_away_arrives_once(
    hospital: Hospital, pacs: Pacs
) -> None:
    books = Books(hospital)

    def attempts() -> list[DeliveryAttempt]:
        with hospital.parts.database.read() as session:
            return list(session.exec(select(DeliveryAttempt)).all())

    with hospital.process("worker"), hospital.process("dicom"):
        camera = send_study(hospital)
        until(lambda: len(attempts()) > 1, 90)
        with hospital.parts.database.read() as session:
            waiting = session.exec(select(Delivery)).one()
        assert (waiting.state, waiting.cause) == (DeliveryState.PENDING, Cause.UNREACHABLE)
        with pacs.up():
            until(lambda: books.drained(len(camera.acknowledged)), 90)
    books.check(camera.acknowledged, pacs)
    assert pacs.repeated == 0
    assert [one.status for one in attempts()].count(0x0000) == 1
