import pytest
from factories.identity import create_person, create_site
from factories.nodes import create_node

from model_registry.nodes import repository, service
from model_registry.nodes.errors import BadNode, SourceTaken, UnknownNode
from vigil.kernel.audit import repository as audit
from vigil.kernel.db import Database
from vigil.kernel.errors import Forbidden
from vigil.kernel.identity.roles import Role


def test_a_caller_is_known_by_its_ae_title_with_or_without_padding(database: Database) -> None:
    with database.write() as session:
        site = create_site(session)
        node = create_node(session, site.id, " CT SCANNER 1 ")

        assert node.ae_title == "CT SCANNER 1"
        assert repository.node_for_calling_ae(session, "CT SCANNER 1    ") == node
        assert repository.node_for_calling_ae(session, "ct scanner 1") is None


def test_only_active_sources_are_let_in(database: Database) -> None:
    with database.write() as session:
        site = create_site(session)
        create_node(session, site.id, "ARCHIVE", is_source=False, is_destination=True)
        gone = create_node(session, site.id, "OLD")
        manager = create_person(session, "RXX", Role.NETWORK_MANAGER)
        service.retire_node(session, manager, node_id=gone.id, reason="replaced")

        assert repository.node_for_calling_ae(session, "ARCHIVE") is None
        assert repository.node_for_calling_ae(session, "OLD") is None


def test_two_sites_cannot_send_under_one_title(database: Database) -> None:
    with database.write() as session:
        create_node(session, create_site(session, "RXX01").id, "CT1")
        other = create_site(session, "RYY01")

        with pytest.raises(SourceTaken):
            create_node(session, other.id, "CT1")
        create_node(session, other.id, "CT1", is_source=False, is_destination=True)


def test_the_title_of_a_retired_source_is_free_again(database: Database) -> None:
    with database.write() as session:
        site = create_site(session)
        manager = create_person(session, "RXX", Role.NETWORK_MANAGER)
        old = create_node(session, site.id, "CT1")
        service.retire_node(session, manager, node_id=old.id, reason="replaced")

        new = create_node(session, site.id, "CT1")

        assert repository.node_for_calling_ae(session, "CT1") == new


@pytest.mark.parametrize("title", ["", "    ", "A" * 17, "A\\B", "A\nB", "RÖNTGEN"])
def test_what_is_no_ae_title_is_refused(sqlite: Database, title: str) -> None:
    with sqlite.write() as session:
        site = create_site(session)
        with pytest.raises(BadNode) as caught:
            create_node(session, site.id, title)
    assert [fault.field for fault in caught.value.faults] == ["ae_title"]


def test_every_fault_of_a_node_is_named_at_once(sqlite: Database) -> None:
    with sqlite.write() as session:
        site = create_site(session)
        with pytest.raises(BadNode) as caught:
            create_node(session, site.id, "", host="a b", port=0, is_source=False)
    fields = [fault.field for fault in caught.value.faults]
    assert fields == ["ae_title", "host", "port", "is_source"]


def test_nodes_of_another_site_are_neither_seen_nor_changed(database: Database) -> None:
    with database.write() as session:
        own, other = create_site(session, "RXX01"), create_site(session, "RYY01")
        mine = create_node(session, own.id, "CT1", is_destination=True)
        theirs = create_node(session, other.id, "CT2", is_destination=True)
        manager = create_person(session, "RXX", Role.NETWORK_MANAGER)

        assert repository.nodes(session, manager) == [mine]
        assert repository.destinations_of(session, manager, own.id) == [mine]
        assert repository.destinations_of(session, manager, other.id) == []
        with pytest.raises(UnknownNode):
            service.retire_node(session, manager, node_id=theirs.id, reason="not mine")


def test_a_reader_connects_nothing(sqlite: Database) -> None:
    with sqlite.write() as session:
        site = create_site(session)
        reader = create_person(session, "RXX", Role.READER)
        with pytest.raises(Forbidden):
            service.add_node(
                session,
                reader,
                site_id=site.id,
                ae_title="CT1",
                host="ct1",
                port=104,
                is_source=True,
                is_destination=False,
                reason="try",
            )


def test_adding_and_retiring_are_in_the_audit(sqlite: Database) -> None:
    with sqlite.write() as session:
        site = create_site(session)
        node = create_node(session, site.id)
        manager = create_person(session, "RXX", Role.NETWORK_MANAGER)
        service.retire_node(session, manager, node_id=node.id, reason="replaced")
    with sqlite.read() as session:
        tags = [event.tag for event in audit.recent(session, before=None, subject=node.id, limit=9)]
    assert tags == ["registry:node:retire", "registry:node:add"]
