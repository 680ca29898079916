"""Alerts from before groups keep their numbers and their one open alert, and can go back again."""

from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from factories.surveillance import START, Place, create_place
from sqlalchemy.exc import IntegrityError

from surveillance.references.models import Reference, ReferenceSource
from vigil.app import schema
from vigil.kernel.db import Database

BEFORE = "0009"


def _facts(place: Place, name: str, **own: Any) -> dict[str, Any]:
    numbers = dict.fromkeys(("estimate", "interval_low", "interval_high", "baseline"), 0.5)
    facts: dict[str, Any] = {
        "id": name,
        "stream": "score",
        "version_id": place.version_id,
        "site_id": place.site_id,
        "finding_key": "pneumonia",
        "reference_id": None,
        "tier": "watch",
        "state": "new",
        "tolerance": 0.6,
        "e_value": 2.5,
        "n": 90,
        "window_from": START,
        "window_to": START,
        "sentence": f"what {name} says",
        "opened_at": "2026-09-01 00:00:00+00:00",
    }
    return facts | numbers | own


def _add(database: Database, facts: dict[str, Any]) -> None:
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in facts]
    with database.write() as session:
        session.execute(sa.insert(sa.table("alert", *columns)).values(facts))


def _alerts(database: Database, *names: str) -> list[tuple[Any, ...]]:
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in ("id", *names)]
    statement = sa.select(*columns).select_from(sa.table("alert")).order_by(sa.text("id"))
    with database.read() as session:
        return [tuple(row) for row in session.execute(statement)]


@pytest.fixture
def place(database: Database) -> Place:
    with database.write() as session:
        return create_place(session)


@pytest.fixture
def reference_id(database: Database, place: Place) -> str:
    reference = Reference(
        id="ref_1",
        version_id=place.version_id,
        finding_key="pneumonia",
        edges=[0.1],
        histogram=[1],
        n=1,
        flagged=0,
        decided=0,
        overridden=0,
        cases_digest="0",
        source=ReferenceSource.SITE,
        effective_from=START,
        set_by="usr_cso",
        set_at=datetime.now(UTC),
        reason="because",
    )
    with database.write() as session:
        session.add(reference)
    return "ref_1"


def test_an_alert_from_before_is_of_everybody_and_still_the_only_open_one(
    database: Database, place: Place, reference_id: str
) -> None:
    schema.downgrade(database, BEFORE)
    _add(database, _facts(place, "alr_1", reference_id=reference_id))

    schema.upgrade(database)

    kept = _alerts(database, "stream", "axis", "level", "sentence", "estimate", "state")
    assert kept == [("alr_1", "score", "all", "all", "what alr_1 says", 0.5, "new")]
    with pytest.raises(IntegrityError):
        _add(database, _facts(place, "alr_2"))
    _add(database, _facts(place, "alr_3", axis="sex", level="F", stream="a kind of tomorrow"))
    _add(database, _facts(place, "alr_4", state="resolved"))
    with pytest.raises(IntegrityError):
        _add(database, _facts(place, "alr_5", tier="loud", axis="sex", level="M"))


def test_on_the_way_back_only_what_can_be_told_apart_is_kept(
    database: Database, place: Place, reference_id: str
) -> None:
    for name, own in {
        "alr_1": {"reference_id": reference_id},
        "alr_2": {"reference_id": reference_id, "axis": "sex", "level": "F"},
        "alr_3": {"reference_id": reference_id, "stream": "volume"},
        "alr_4": {"finding_key": "-"},
    }.items():
        _add(database, _facts(place, name, **own))

    schema.downgrade(database, BEFORE)

    assert _alerts(database, "stream", "sentence") == [("alr_1", "score", "what alr_1 says")]
    with pytest.raises(IntegrityError):
        _add(database, _facts(place, "alr_5", reference_id=reference_id))
    with pytest.raises(IntegrityError):
        _add(database, _facts(place, "alr_6", stream="volume", reference_id=reference_id))
    schema.upgrade(database)
    assert schema.differences(database) == []
    with pytest.raises(IntegrityError):
        _add(database, _facts(place, "alr_7", reference_id="ref_of_nobody"))
