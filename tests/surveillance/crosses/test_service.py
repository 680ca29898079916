"""Crosses of axes: named by packages and the network, counted wherever sex by age is."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from factories.surveillance import (
    FINDING,
    START,
    Place,
    create_place,
    many_runs,
    reference_cases,
    run_facts,
)
from sqlmodel import select

from inference.decisions.models import Decision
from model_registry.packages.monitoring import MOST_CROSSES
from surveillance.axes import ALL, AXES, UNKNOWN, cross_of, crossed, parts_of
from surveillance.crosses import service
from surveillance.crosses.errors import (
    AlreadyEnded,
    NeedsTheNetwork,
    TooManyCrosses,
    UnknownCross,
)
from surveillance.fairness import service as fairness
from surveillance.fairness.kinds import Method
from surveillance.records import baseline, crossing, repository
from surveillance.records import service as records
from surveillance.records.models import WHOLE_RUN, Basis, PredictionRecord
from surveillance.records.repository import Scope
from surveillance.reports import cases
from surveillance.reports import repository as reports
from surveillance.streams import sealing
from surveillance.streams import service as streams
from surveillance.truth import service as truth
from surveillance.truth.grouping import apply
from vigil.kernel.audit.models import AuditEvent
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.errors import Invalid
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
EVERYBODY = system_actor("test")
VIEWS, MAKERS = "sex*view", "manufacturer*view"
DAYS, A_DAY = 40, 60


def name(session: WriteSession, *axes: str, actor: Actor = OFFICER, called: str = "mine") -> Any:
    return service.name(session, actor, name=called, axes=axes, reason="small groups differ")


def counts(session: ReadSession, axes: tuple[str, ...]) -> dict[str, Any]:
    rows = repository.aggregates(session, EVERYBODY, Scope(), axes)
    return {row.id: (*row[1:9], tuple(row.histogram.tolist()), *row[10:]) for row in rows}


def packaged(session: WriteSession, crosses: dict[str, list[str]]) -> Place:
    return create_place(session, manifest={"monitoring": {"crosses": crosses}})


def refer(session: WriteSession, objects: LocalObjectStore, place: Place) -> None:
    baseline.set_from_cases(
        session,
        EVERYBODY,
        objects,
        version_id=place.version_id,
        finding_key=FINDING,
        cases=reference_cases(),
        reason="validation set",
        effective_from=START,
    )


def test_a_cross_is_its_parts_whatever_it_is_called() -> None:
    assert cross_of(["view", "manufacturer"]) == MAKERS == cross_of(["manufacturer", "view"])
    held = crossed({"manufacturer": "ge * med", "view": "PA"}, (MAKERS, VIEWS))
    assert held[MAKERS] == "ge - med * PA"
    assert parts_of(MAKERS, held[MAKERS]) == ("ge - med", "PA")
    assert held[VIEWS] == held["sex*age_band"] == UNKNOWN
    assert parts_of("sex*age_band", "F 40-64") == ("F", "40-64")
    assert parts_of("sex", "F") == ("F",)


def test_what_a_package_and_the_network_name_is_counted_of_each_record(
    database: Database, keys: Keys, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        place = packaged(session, {"view_of": ["view", "sex"]})
        other = create_place(session, "RYY02")
        name(session, "view", "manufacturer")
        refer(session, objects, place)
        for facts in many_runs(place, days=2, per_day=30):
            records.record_run(session, keys, facts)
        records.record_run(session, keys, run_facts(other, 1))
        assert service.axes(session) == (*AXES, MAKERS, VIEWS)
        assert service.axes(session, other.version_id) == (*AXES, MAKERS)
        scope = Scope(place.version_id, finding_key=FINDING)
        rows = repository.aggregates(session, EVERYBODY, scope, (VIEWS, MAKERS))
        by_axis = {a: sum(row.n for row in rows if row.axis == a) for a in (VIEWS, MAKERS)}
        assert by_axis == {VIEWS: 60, MAKERS: 60}
        assert {row.level for row in rows if row.axis == MAKERS} == {
            *(f"{maker} * {view}" for maker in ("alpha", "beta ltd") for view in ("AP", "PA")),
            UNKNOWN,
        }
        (row, *_) = repository.aggregates(session, EVERYBODY, Scope(other.version_id), (MAKERS,))
        assert row.level == UNKNOWN


def test_records_from_before_count_on_it_as_if_it_had_always_been_named(
    database: Database, keys: Keys, objects: LocalObjectStore
) -> None:
    axes = (ALL, *AXES, MAKERS)
    with database.write() as session:
        place = create_place(session)
        refer(session, objects, place)
        for facts in many_runs(place, days=3, per_day=40, decided=0.5):
            records.record_run(session, keys, facts)
        rows = session.exec(select(PredictionRecord)).all()
        with records.Correction(session, rows[:50]):
            for row in rows[:50]:
                row.truth, row.label_day = row.finding_key != WHOLE_RUN, START
                session.add(row)
        sealing.seal(session, START + timedelta(days=70))
        made = name(session, "manufacturer", "view")
        before = counts(session, axes)
    with database.write() as session:
        found = crossing.recount(session, OFFICER, reason="for the report")
        assert found == {MAKERS: 240}
        assert crossing.recount(session, OFFICER, reason="again") == {MAKERS: 0}
        recounted = counts(session, axes)
        of_truth = _truths(session)
        assert {key: row for key, row in recounted.items() if key in before} == before
        assert sum(row[9] for row in recounted.values() if row[4] == MAKERS) == 240
        # A month that was packed without it is read with it.
        read = [
            part for parts in sealing.read(session, OFFICER, Scope(), groups=True) for part in parts
        ]
        assert sum(int(p.counted[:, 0].sum()) for p in read if f"\x1f{MAKERS}\x1f" in p.name) == 120
        records.rebuild(session, Scope())
        assert counts(session, axes) == recounted
        assert _truths(session) == of_truth
        service.end(session, OFFICER, made.id, "nobody looks")
        assert service.axes(session) == AXES
    with database.read() as session:
        tags = {event.tag for event in session.exec(select(AuditEvent)).all()}
    assert {f"surveillance:cross:{verb}" for verb in ("name", "recount", "end")} <= tags


def _truths(session: ReadSession) -> set[tuple[object, ...]]:
    found = truth.series(session, EVERYBODY, Scope(), basis=Basis.EXAM, axes=(ALL, MAKERS))
    return {(one.axis, one.level, int(one.tp.sum()), int(one.fn.sum())) for one in found}


def test_a_group_that_is_told_later_moves_the_record_on_the_cross_too(
    database: Database, keys: Keys
) -> None:
    with database.write() as session:
        place = packaged(session, {"both": ["sex", "ethnicity"]})
        records.record_run(session, keys, run_facts(place, 1, attributes={"patient_sex": "F"}))
        rows = session.exec(select(PredictionRecord)).all()
        apply(session, [(row, {"ethnicity": "asian"}) for row in rows])
        held = repository.aggregates(
            session, EVERYBODY, Scope(finding_key=FINDING), ("sex*ethnicity",)
        )
        assert {(row.level, row.n) for row in held} == {("F * asian", 1), (UNKNOWN, 0)}


def test_a_cross_is_a_stream_a_gap_and_a_group_of_the_report_as_sex_by_age_is(
    parts: Parts, keys: Keys
) -> None:
    assert isinstance(parts.objects, LocalObjectStore)
    with parts.database.write() as session:
        place = packaged(session, {"view_of": ["sex", "view"]})
        refer(session, parts.objects, place)
        many = many_runs(place, days=DAYS, per_day=A_DAY)
        # What women are told from the front changes: neither sex nor view alone says it.
        moved = [
            replace(one, findings=(replace(one.findings[0], score=0.95, flagged=True),))
            if one.levels["sex"] == "F" and one.levels["view"] == "AP"
            else one
            for one in many
        ]
        records.record_runs(session, keys, moved)
    with parts.database.read() as session:
        end = START + timedelta(days=DAYS)
        found = streams.assess(session, OFFICER, day=end, version_id=place.version_id, groups=True)
        on_cross = {
            (each.axis, each.level): each.verdict
            for each in found
            if each.kind == "flag_rate" and each.axis in {VIEWS, "sex*age_band"}
        }
        assert on_cross[VIEWS, "F * AP"] == "watch"
        assert on_cross[VIEWS, "M * AP"] != "watch"
        assert {axis for axis, _ in on_cross} == {VIEWS, "sex*age_band"}
        for method in Method:
            compared = fairness.fairness(
                session,
                OFFICER,
                parts.objects,
                version_id=place.version_id,
                from_day=START,
                to_day=end,
                method=method,
            )
            assert any(
                (one.gap.contrast.axis, one.gap.contrast.level) == (VIEWS, "F * AP")
                for one in compared.found
            )
        scope = Scope(place.version_id, place.site_id)
        drawn = cases.of_records(
            reports.runs(session, OFFICER, scope, 100),
            [],
            service.axes(session, place.version_id),
        )
        assert set(drawn.groups) == {*AXES, VIEWS}


def test_a_record_from_before_it_was_named_can_still_be_corrected(
    database: Database, keys: Keys
) -> None:
    with database.write() as session:
        place = create_place(session)
        facts = run_facts(place, 1, attributes={"patient_sex": "F", "view": "PA"})
        records.record_run(session, keys, facts)
        name(session, "sex", "view")
        records.set_decisions(session, keys, facts.run_id, {FINDING: Decision.AGREE_NEG})
        assert not repository.aggregates(session, EVERYBODY, Scope(), (VIEWS,))
        crossing.recount(session, OFFICER, reason="why", version_id=place.version_id)
        records.set_decisions(session, keys, facts.run_id, {FINDING: Decision.OVERRIDE_FN})
        rows = repository.aggregates(session, EVERYBODY, Scope(finding_key=FINDING), (VIEWS,))
        (row,) = (row for row in rows if row.n)
        assert (row.level, row.n, row.decided, row.override_fn) == ("F * PA", 1, 1, 1)
        # Heard on a day of its own, by the same group.
        assert {row.level for row in rows} == {"F * PA"}
        assert sum(row.heard_fn for row in rows) == 1


@pytest.mark.parametrize(
    ("axes", "remedy"),
    [
        (["sex"], "Name each once"),
        (["sex", "sex"], "Name each once"),
        (["sex", "view", "setting", "imd"], "Name each once"),
        (["sex", "moon"], "Use two or three of sex, age_band"),
        (["sex", "age_band"], "Leave it out"),
    ],
)
def test_what_cannot_be_counted_is_refused_with_the_remedy(
    database: Database, axes: list[str], remedy: str
) -> None:
    with database.write() as session, pytest.raises(Invalid) as raised:
        name(session, *axes)
    assert any(remedy in fault.remedy for fault in raised.value.faults)
    assert all(fault.field.startswith("crosses.mine") for fault in raised.value.faults)


def test_the_network_names_a_few_and_a_site_none(database: Database) -> None:
    with database.write() as session:
        place = create_place(session)
        grants = (Grant(Role.CSO, site_id=place.site_id),)
        local = Actor(id="usr_l", label="l", grants=grants, sites=frozenset({place.site_id}))
        first = name(session, "sex", "view")
        with pytest.raises(Invalid):
            name(session, "view", "sex", called="other")
        for axis in ("manufacturer", "ethnicity", "setting")[: MOST_CROSSES - 1]:
            name(session, "age_band", axis)
        with pytest.raises(TooManyCrosses):
            name(session, "imd", "setting")
        for deed in (
            lambda: name(session, "imd", "view", actor=local),
            lambda: service.end(session, local, first.id, "why"),
            lambda: crossing.recount(session, local, reason="why"),
        ):
            with pytest.raises(NeedsTheNetwork):
                deed()
        service.end(session, OFFICER, first.id, "nobody looks")
        with pytest.raises(AlreadyEnded):
            service.end(session, OFFICER, first.id, "again")
        with pytest.raises(UnknownCross):
            service.end(session, OFFICER, "crs_none", "why")
        assert name(session, "sex", "view").axis == VIEWS
        assert len(service.crosses(session, local)) == MOST_CROSSES + 1
