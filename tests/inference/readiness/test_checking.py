"""A C-ECHO on demand and every day, over a real association, and what is kept of it."""

import socket
from pathlib import Path

import pytest
from conftest import FakeClock
from factories.identity import create_organisation, create_person, create_site
from factories.nodes import create_node
from factories.pacs import Pacs
from factories.steps import InlineSteps
from factories.web import browser, create_web
from sqlmodel import select

from inference.node.process import DicomNode
from inference.node.settings import NodeSettings
from inference.readiness import api, checking, pages
from inference.readiness.models import EchoProof
from inference.readiness.tasks import CHECK, ReadinessTasks, ask_today
from model_registry.nodes import service as nodes
from model_registry.nodes.models import Node
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden, NotFound
from vigil.kernel.identity.actor import Actor, system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.parts import Parts

ME = system_actor("test")


def proofs(parts: Parts) -> list[EchoProof]:
    with parts.database.read() as session:
        return list(session.exec(select(EchoProof).order_by(EchoProof.at)).all())  # type: ignore[arg-type]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def peer(parts: Parts) -> Node:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        site = create_site(session)
        return create_node(
            session, site.id, "PACS", port=free_port(), is_source=False, is_destination=True
        )


@pytest.fixture
def manager(parts: Parts, peer: Node) -> Actor:
    with parts.database.write() as session:
        return create_person(session, "NET", Role.NETWORK_MANAGER)


def test_an_answer_and_a_silence_are_both_kept(parts: Parts, peer: Node, manager: Actor) -> None:
    silent = checking.check_now(parts, manager, peer.id)
    assert (silent.ok, "Nothing accepts" in silent.said) == (False, True)
    with Pacs(peer.port).up():
        # This archive takes results and offers no verification: told apart from silence.
        refused = checking.check_now(parts, manager, peer.id)
    assert refused.ok is False
    assert "Nothing accepts" not in refused.said
    assert [proof.by for proof in proofs(parts)] == [manager.id] * 2


def test_vigil_answers_vigil(parts: Parts, tmp_path: Path, manager: Actor, peer: Node) -> None:
    """Both ways over the real node: our question is its caller, and its answer our proof."""
    settings = NodeSettings(data_dir=tmp_path, dicom_port=0, dicom_host="127.0.0.1")
    with parts.database.write() as session:
        create_node(session, peer.site_id, "VIGIL")
    node = DicomNode(parts, settings)
    node.start()
    try:
        with parts.database.write() as session:
            ours = create_node(
                session, peer.site_id, "VIGIL", port=node.port, is_source=False,
                is_destination=True,
            )  # fmt: skip
        proof = checking.check_now(parts, manager, ours.id)
    finally:
        node.stop()
    assert proof.ok, proof.said


def test_no_transaction_is_open_while_a_peer_is_waited_for(
    parts: Parts, peer: Node, manager: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(*_: object, **__: object) -> checking.Asked:
        with parts.database.write() as session:
            nodes.node_by_id(session, ME, peer.id)
        return checking.Asked(ok=True, said="PACS answered.", seconds=0.1)

    monkeypatch.setattr(checking, "ask", wait)
    assert checking.check_now(parts, manager, peer.id).ok
    app = create_web(parts, api.router, pages.router, domains={"readiness": "inference.readiness"})
    client = browser(app, manager)
    answer = client.post(f"/api/v1/nodes/{peer.id}/echo", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["ok"]) == (200, True)
    pressed = client.post(f"/nodes/{peer.id}/echo")
    assert (pressed.status_code, pressed.headers["Location"]) == (303, f"/sites/{peer.site_id}")


def test_who_may_check(parts: Parts, peer: Node) -> None:
    with parts.database.write() as session:
        reader = create_person(session, "RXX", Role.READER)
        create_site(session, "RYY01")
        stranger = create_person(session, "RYY", Role.OPERATOR)
    with pytest.raises(Forbidden):
        checking.check_now(parts, reader, peer.id)
    with pytest.raises(NotFound):
        checking.check_now(parts, stranger, peer.id)
    assert proofs(parts) == []


def test_every_destination_is_asked_once_a_day(
    parts: Parts, peer: Node, clock: FakeClock, sqlite: Database
) -> None:
    with parts.database.write() as session:
        create_node(session, peer.site_id, "CR1")
    queue = parts.queue
    day = ask_today(parts, None)
    ask_today(parts, None)
    assert ask_today(parts, day) == day
    enqueued = queue.enqueued  # type: ignore[attr-defined]
    assert [(item.task, item.arguments) for item in enqueued] == [(CHECK, (peer.id,))]
    clock.advance(24 * 3600)
    ask_today(parts, day)
    assert len(enqueued) == 2

    steps = InlineSteps(sqlite)
    ReadinessTasks(parts).check(steps, peer.id)
    ReadinessTasks(parts).check(steps.again(), peer.id)
    assert [proof.ok for proof in proofs(parts)] == [False], "a replay asks nobody again"


def test_a_node_that_was_retired_meanwhile_is_left_alone(
    parts: Parts, peer: Node, sqlite: Database
) -> None:
    with parts.database.write() as session:
        nodes.retire_node(session, ME, node_id=peer.id, reason="replaced")
    ReadinessTasks(parts).check(InlineSteps(sqlite), peer.id)
    ReadinessTasks(parts).check(InlineSteps(sqlite), "node_none")
    assert proofs(parts) == []
