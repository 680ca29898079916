"""Messages to other programs from a real worker, which is killed in the middle of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from factories.engine import until
from factories.hospital import QUICK, Hospital, kill, open_hospital
from factories.identity import SETUP
from factories.nodes import create_node
from factories.webhooks import Receiver, create_webhook, verify
from sqlmodel import select

from inference.readiness.models import EchoProof
from model_registry.webhooks.models import MessageState, WebhookDelivery
from vigil.app.demo.ports import free_ports
from vigil.app.settings import Settings
from vigil.kernel.audit import service as audit

COUNT = 12


@pytest.fixture
def hospital(tmp_path: Path, migrated_sqlite: Path) -> Iterator[Hospital]:
    settings = Settings(
        data_dir=tmp_path / "data",
        dicom_port=free_ports(1)[0],
        webhook_hosts="network@127.0.0.1:*",
        **QUICK,
    )
    made = open_hospital(settings, pacs_port=free_ports(1)[0], cameras=[], migrated=migrated_sqlite)
    yield made
    made.parts.database.dispose()


def test_each_event_arrives_in_order_though_the_worker_is_killed(hospital: Hospital) -> None:
    parts = hospital.parts
    with ExitStack() as running:
        receiver = running.enter_context(Receiver([204]).up())
        with parts.database.write() as session:
            _, secret = create_webhook(session, parts, receiver.url, topics=["node.added"])
        worker = running.enter_context(hospital.process("worker"))
        with parts.database.write() as session:
            site_id = hospital.site_id
            for number in range(COUNT):
                create_node(session, site_id, f"CR{number}")
            audit.record(session, SETUP, "test:thing:make", "thing", "nobody is told")
        until(lambda: len(receiver.got) >= 2, 90)
        kill(worker)
        running.enter_context(hospital.process("worker"))
        until(lambda: len({got.headers["webhook-id"] for got in receiver.got}) == COUNT, 90)

        def delivered() -> bool:
            with parts.database.read() as reading:
                states = reading.exec(select(WebhookDelivery.state)).all()
            return states == [MessageState.DELIVERED] * COUNT

        until(delivered, 90)
        until(lambda: bool(proofs(hospital)), 90)
    assert all(verify(secret, got) for got in receiver.got)
    ids = list(dict.fromkeys(got.headers["webhook-id"] for got in receiver.got))
    with parts.database.read() as reading:
        rows = reading.exec(select(WebhookDelivery.id).order_by(WebhookDelivery.sequence)).all()  # type: ignore[arg-type]
    assert ids == list(rows)
    # At least once: what was under way when the worker died may have come twice, nothing else.
    assert len(receiver.got) <= COUNT + 1


def proofs(hospital: Hospital) -> list[EchoProof]:
    """The worker asks the archive by itself, every day."""
    with hospital.parts.database.read() as session:
        return list(session.exec(select(EchoProof)).all())
