"""Evidence: who records it, what it holds for, and that it is replaced and never edited."""

from datetime import timedelta
from typing import Any

import pytest
from factories.identity import create_person, create_site
from factories.readiness import record
from factories.safety import Cast, create_cast, create_version
from sqlmodel import select

from inference.readiness import service
from inference.readiness.errors import BadEvidence, NotForSuppliers, UnknownEvidence
from inference.readiness.items import ItemKey
from inference.readiness.models import Evidence
from inference.readiness.service import Document
from inference.readiness.standing import State
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Forbidden, NotFound
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.models import Site
from vigil.kernel.identity.roles import Role
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts


def state(session: WriteSession, actor: Actor, site: Site, model_id: str, item: ItemKey) -> State:
    [cell] = service.facts(session, actor, site_ids=[site.id], model_id=model_id).cells(site)
    [found] = [one for one in cell.standings if one.item.key is item]
    return found.state


def test_evidence_is_replaced_and_never_edited(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        model_id = create_version(session, cast).model_id
        named: dict[str, Any] = {"site_id": cast.site.id, "model_id": model_id}
        first = record(session, objects, document=Document("a/../dpia 1.pdf", b"old"), **named)
        before = first.model_dump(exclude={"superseded_by"})
        second = record(session, objects, document=Document("dpia2.pdf", b"new"), **named)
        assert state(session, cast.manager, cast.site, model_id, ItemKey.DPIA) is State.MET

    with database.read() as session:
        rows = {row.id: row for row in session.exec(select(Evidence)).all()}
        assert rows[first.id].superseded_by == second.id
        assert rows[first.id].model_dump(exclude={"superseded_by"}) == before
        assert rows[first.id].document_name == "dpia 1.pdf"
        assert objects.get(rows[first.id].document_digest or "") == b"old"
        tags = session.exec(select(AuditEvent.tag)).all()
    assert tags.count("readiness:evidence:record") == 2


def test_without_an_end_it_holds_for_a_year(parts: Parts) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        made = record(session, parts.objects, ItemKey.DSPT, site_id=cast.site.id)
    assert made.expires_on == made.valid_from + timedelta(days=365)
    assert (made.site_id, made.organisation_id) == (None, cast.site.organisation_id)


def test_each_scope_holds_for_what_it_says(parts: Parts) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        one = create_version(session, cast).model_id
        other = create_version(session, cast, name="another").model_id
        far = create_site(session, "RYY01")
        near = cast.site
        record(session, parts.objects, ItemKey.DSPT, site_id=near.id)
        record(session, parts.objects, ItemKey.DTAC, model_id=one)
        record(session, parts.objects, ItemKey.DPIA, site_id=near.id, model_id=one)
        found = {
            (key, site.ods_code, model_id == one)
            for key in (ItemKey.DSPT, ItemKey.DTAC, ItemKey.DPIA)
            for site in (near, far)
            for model_id in (one, other)
            if state(session, cast.manager, site, model_id, key) is State.MET
        }
    assert found == {
        (ItemKey.DSPT, "RXX01", True), (ItemKey.DSPT, "RXX01", False),
        (ItemKey.DTAC, "RXX01", True), (ItemKey.DTAC, "RYY01", True),
        (ItemKey.DPIA, "RXX01", True),
    }  # fmt: skip


@pytest.mark.parametrize("item", [ItemKey.ECHO, ItemKey.SHADOW, ItemKey.DCB0160])
def test_what_vigil_proves_nobody_types(parts: Parts, item: ItemKey) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        model_id = create_version(session, cast).model_id
        with pytest.raises(BadEvidence, match="proven by Vigil's own data"):
            record(session, parts.objects, item, site_id=cast.site.id, model_id=model_id)


def test_every_fault_is_named_at_once(parts: Parts) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        model_id = create_version(session, cast).model_id
        today = session.now().date()
        with pytest.raises(BadEvidence) as caught:
            service.record(
                session, cast.manager, parts.objects, item=ItemKey.DPIA, site_id=cast.site.id,
                model_id=model_id, reference=" ", owner="x" * 400, valid_from=today,
                expires_on=today, document=Document("x", b""), reason="because",
            )  # fmt: skip
        assert [fault.field for fault in caught.value.faults] == [
            "reference", "owner", "expires_on", "document",
        ]  # fmt: skip
        with pytest.raises(BadEvidence, match="Say which model"):
            record(session, parts.objects, ItemKey.DPIA, site_id=cast.site.id)
        with pytest.raises(BadEvidence, match="Say which site"):
            record(session, parts.objects, ItemKey.DSPT)


def test_who_may_record(parts: Parts) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        model_id = create_version(session, cast).model_id
        reader = create_person(session, "RXX", Role.READER)
        far = create_site(session, "RYY01")
        named: dict[str, Any] = {"site_id": cast.site.id, "model_id": model_id}

        record(session, parts.objects, actor=cast.site_officer, **named)
        with pytest.raises(Forbidden):
            record(session, parts.objects, actor=reader, **named)
        with pytest.raises(NotFound):
            record(
                session, parts.objects, actor=cast.site_officer, site_id=far.id, model_id=model_id
            )
        with pytest.raises(Forbidden, match="The network records it"):
            record(session, parts.objects, ItemKey.DTAC, actor=cast.site_officer, model_id=model_id)
        record(session, parts.objects, ItemKey.DTAC, actor=cast.manager, model_id=model_id)
        with pytest.raises(NotForSuppliers):
            service.facts(session, cast.submitter)
        assert service.due(session, cast.submitter, 9999) == []


def waive(session: WriteSession, actor: Actor, cast: Cast, item: ItemKey, model_id: str) -> None:
    service.waive(
        session, actor, item=item, site_id=cast.site.id, model_id=model_id, until=None,
        reason="a site that only reads",
    )  # fmt: skip


def test_only_a_manager_decides_that_something_is_not_needed(parts: Parts) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        model_id = create_version(session, cast).model_id
        with pytest.raises(Forbidden, match="network manager"):
            waive(session, cast.site_officer, cast, ItemKey.SHADOW, model_id)
        for gate in (ItemKey.DCB0160, ItemKey.LOCAL_TEST):
            with pytest.raises(BadEvidence, match="a gate"):
                waive(session, cast.manager, cast, gate, model_id)
        waive(session, cast.manager, cast, ItemKey.SHADOW, model_id)
        found = state(session, cast.manager, cast.site, model_id, ItemKey.SHADOW)
        assert found is State.NOT_APPLICABLE
        # Evidence that is recorded later takes the place of the decision.
        waive(session, cast.manager, cast, ItemKey.DPIA, model_id)
        record(session, parts.objects, site_id=cast.site.id, model_id=model_id)
        assert state(session, cast.manager, cast.site, model_id, ItemKey.DPIA) is State.MET


def test_what_ends_soon_is_due_soonest_first(parts: Parts) -> None:
    with parts.database.write() as session:
        cast = create_cast(session)
        model_id = create_version(session, cast).model_id
        today = session.now().date()
        named: dict[str, Any] = {"site_id": cast.site.id, "model_id": model_id}
        began = today - timedelta(days=100)
        record(session, parts.objects, ItemKey.TRAINING, **named,
               valid_from=began, expires_on=today + timedelta(days=20))  # fmt: skip
        record(session, parts.objects, ItemKey.DPIA, **named,
               valid_from=began, expires_on=today - timedelta(days=1))  # fmt: skip
        record(session, parts.objects, ItemKey.DTAC, model_id=model_id,
               expires_on=today + timedelta(days=31))  # fmt: skip
        due = service.due(session, cast.site_officer, 30)
        stranger = create_site(session, "RYY01")
        other = create_person(session, "RYY", Role.CSO, site_id=stranger.id)
        assert [(one.item.key, one.is_expired) for one in due] == [
            (ItemKey.DPIA, True), (ItemKey.TRAINING, False),
        ]  # fmt: skip
        assert due[0].site == cast.site
        assert [one.item.key for one in service.due(session, other, 60)] == [ItemKey.DTAC]
        with pytest.raises(UnknownEvidence):
            service.evidence(session, other, due[0].evidence.id)
