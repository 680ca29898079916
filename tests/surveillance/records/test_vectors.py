"""What a model sees or says as a whole: from a run's outputs to records, counts and an alert."""

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import FakeClock
from factories import packages
from factories.identity import create_organisation, create_person, create_site
from factories.runs import Finished, create_run
from factories.surveillance import START, Place, create_place, run_facts
from factories.web import browser, create_web
from numpy.typing import NDArray
from sqlmodel import select

from inference.runs.models import Outcome, Run
from inference.runtime import outputs
from model_registry.versions.models import ModelVersion
from surveillance.axes import ALL
from surveillance.causes import service as causes
from surveillance.measures.principal import Basis
from surveillance.records import embedding, inputs, package, repository, vectors
from surveillance.records import service as records
from surveillance.records.embedding import Collected
from surveillance.records.facts import FindingFacts
from surveillance.records.models import WHOLE_RUN, PredictionRecord
from surveillance.records.repository import Scope
from surveillance.records.tasks import SurveillanceTasks
from surveillance.records.vectors import Source, source_of
from surveillance.references import parquet
from surveillance.references.models import Reference, ReferenceSource
from surveillance.streams import api, embeddings, pages
from surveillance.streams.assessment import Assessment, Verdict
from surveillance.streams.evaluation import evaluate
from surveillance.streams.kinds import StreamKind
from surveillance.streams.sentences import sentence
from vigil.kernel.db import Database, ReadSession
from vigil.kernel.identity.actor import Actor, Grant, system_actor
from vigil.kernel.identity.models import OrganisationKind
from vigil.kernel.identity.roles import Role
from vigil.kernel.keys import Keys
from vigil.kernel.objects import LocalObjectStore
from vigil.kernel.parts import Parts

OFFICER = Actor(id="usr_cso", label="cso", grants=(Grant(Role.CSO),), sites=None)
EVERYBODY = system_actor("test")
LENGTH = 12
KEYS3 = ("effusion", "nodule", "pneumonia")
Vectors = NDArray[np.float64]
_SCALES = 3 * 0.7 ** np.arange(LENGTH)


def made(n: int, seed: int, shift: float = 0.0) -> Vectors:
    held = np.random.default_rng(seed).normal(size=(n, LENGTH)) * _SCALES
    held[:, 1] += shift * _SCALES[1]
    return held


def table(**columns: Any) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(columns), held)
    return held.getvalue()


@pytest.fixture
def finished(parts: Parts) -> Finished:
    """A run of a version whose package declares an embedding."""
    assert isinstance(parts.objects, LocalObjectStore)
    declared = packages.manifest()
    declared["output"].append({"name": "pooled", "kind": "embedding"})
    with parts.database.write() as session:
        site = create_site(session)
        return create_run(
            session, parts.objects, site.id, manifest_yaml=packages.yaml_bytes(declared)
        )


def refer(parts: Parts, version_id: str, n: int = 5000) -> tuple[int, str | None]:
    """Set the supplier's reference from a column of lists, as a package has it."""
    data = table(pneumonia=[0.5] * n, pooled=made(n, 1).tolist())
    with parts.database.write() as session:
        version = session.get_one(ModelVersion, version_id)
        given = package._vectors(parquet.read(data), source_of(version.manifest))
        assert given is not None
        found, why = embedding.set_reference(
            session,
            OFFICER,
            parts.objects,
            version_id=version_id,
            site_id=None,
            given=given,
            source=ReferenceSource.PACKAGE,
            reason="the validation set",
        )
        return len(found), why


def run_again(
    parts: Parts,
    finished: Finished,
    clock: FakeClock,
    many: Sequence[Vectors | None],
    first: int = 10,
) -> list[str]:
    """Finish and record a run for each vector; None kept no outputs."""
    tasks = SurveillanceTasks(parts)
    ids = []
    with parts.database.write() as session:
        for number, vector in enumerate(many, start=first):
            clock.advance(0.01)  # ids sort by time
            kept = None
            if vector is not None:
                arrays = {"1.2/scores": np.zeros((1, 3)), "1.2/pooled": vector[None]}
                kept = parts.objects.put(outputs.to_bytes(arrays))
            own: dict[str, Any] = {
                "id": session.new_id("run"),
                "study_revision": number,
                "outputs_digest": kept,
            }
            own |= {"planned_at": session.now(), "finished_at": session.now()}
            session.add(Run(**finished.run.model_dump() | own))
            session.flush()
            ids.append(str(own["id"]))
            tasks._record(session, ids[-1])
    return ids


def features(parts: Parts) -> list[dict[str, float | None]]:
    with parts.database.read() as session:
        rows = session.exec(
            select(PredictionRecord)
            .where(PredictionRecord.finding_key == WHOLE_RUN)
            .order_by(PredictionRecord.id)
        ).all()
        return [
            {k: v for k, v in (row.features or {}).items() if vectors.is_of_vector(k)}
            for row in rows
        ]


def look(session: ReadSession, after: int = 0) -> dict[StreamKind, Assessment]:
    day = session.now().date() + timedelta(days=after)
    found = embeddings.assess(session, OFFICER, day=day, scope=Scope())
    return {each.kind: each for each in found}


def test_a_moved_embedding_becomes_an_alert_that_names_the_direction(
    parts: Parts, finished: Finished, clock: FakeClock
) -> None:
    run_again(parts, finished, clock, list(made(3, 2)))
    with parts.database.read() as session:
        said = sentence(look(session)[StreamKind.EMBEDDING])
        assert "insufficient data, 3 of 5000 vectors that a reference is made of" in said
    assert refer(parts, finished.run.version_id, 1200) == (
        0,
        "1,200 of the 5,000 vectors needed: 3,800 are missing",
    )
    assert refer(parts, finished.run.version_id) == (1 + 8 + 2, None)
    for day in range(1, 9):
        clock.advance(24 * 3600)
        run_again(parts, finished, clock, list(made(40, 10 + day, shift=1.2)), first=100 * day)
    odd = made(1, 3)[0]
    odd[4] = math.nan
    run_again(parts, finished, clock, [odd, made(1, 4)[0][:-1], None], first=5000)
    whole = features(parts)
    assert set(whole[0]) == {"embedding_norm"}
    assert set(whole[10]) == {*vectors.names(8)}
    assert all(math.isnan(value or 0) for value in whole[-3].values())
    assert all(math.isnan(value or 0) for value in whole[-2].values())
    assert set(whole[-1].values()) == {None}

    with parts.database.read() as session:
        scope = Scope(finding_key="feature:embedding_2")
        rows = repository.aggregates(session, EVERYBODY, scope, (ALL,))
        counted = [(row.n, row.histogram.tolist()) for row in rows]
        assert sum(n for n, _ in counted) == 8 * 40 + 3
        assert [slots[-2:] for _, slots in counted][-1] == [1, 2]
        found = look(session)
    moved = found[StreamKind.EMBEDDING]
    assert moved.verdict is Verdict.WATCH
    assert moved.n == 8 * 40
    said = sentence(moved)
    assert "what the model sees as a whole (its embedding pooled, 12 numbers) has moved: " in said
    assert "most in direction 2 of 8" in said
    assert found[StreamKind.MISSING_RATE].n == 8 * 40 + 3
    assert "2 of them were no possible number" in found[StreamKind.MISSING_RATE].reliance

    with parts.database.write() as session:
        today = session.now().date()
        _, raised = evaluate(session, OFFICER, parts.events, day=today)
        (alert,) = [alert for alert in raised if alert.stream == "embedding"]
        assert (alert.finding_key, alert.tier) == ("feature:embedding", "escalate")
        assert alert.sentence == said
        # What is to be explained explains nothing.
        told = causes.of_alert(session, OFFICER, parts.objects, alert)
        assert not any("embedding" in cause.sentence for cause in told.causes)
        records.rebuild(session, Scope())
        rows = repository.aggregates(session, EVERYBODY, scope, (ALL,))
        assert [(row.n, row.histogram.tolist()) for row in rows] == counted
    _is_shown(parts, finished.run.version_id, said)


def _is_shown(parts: Parts, version_id: str, said: str) -> None:
    with parts.database.write() as session:
        create_organisation(session, "NET", OrganisationKind.NETWORK)
        person = create_person(session, "NET", Role.CSO)
        version = session.get_one(ModelVersion, version_id)
        page = f"/models/{version.model_id}/versions/{version.id}/surveillance"
    web = create_web(parts, api.router, pages.router, domains={"streams": "surveillance.streams"})
    client = browser(web, person)
    (shown,) = client.get("/api/v1/surveillance/streams?kind=embedding").json()["items"]
    assert (shown["verdict"], shown["sentence"]) == ("escalate", said)
    assert shown["interval_low"] > shown["tolerated_high"]
    assert "has moved: most in direction 2 of 8" in client.get(f"{page}?kind=embedding").text


def test_the_directions_are_kept_under_their_digest_and_no_vector_is_kept(
    parts: Parts, finished: Finished, clock: FakeClock
) -> None:
    refer(parts, finished.run.version_id)
    with parts.database.read() as session:
        (row,) = session.exec(
            select(Reference).where(Reference.finding_key == vectors.SUBJECT)
        ).all()
        data = parts.objects.get(row.cases_digest)
        basis = Basis.from_bytes(data)
        assert (basis.length, len(basis.scales), row.n) == (LENGTH, 8, 5000)
        assert row.effective_from == session.now().date() + timedelta(days=1)
        assert (row.source, row.site_id) == (ReferenceSource.PACKAGE, None)
    # Not on its own day: whoever was recorded this morning stands on no direction.
    run_again(parts, finished, clock, list(made(1, 5)))
    clock.advance(24 * 3600)
    vector = made(1, 6)
    run_again(parts, finished, clock, list(vector), first=50)
    before, since = features(parts)
    assert set(before) == {"embedding_norm"}
    assert list(since.values()) == pytest.approx(basis.project(vector)[0].tolist())
    assert since["embedding_norm"] == pytest.approx(float(np.linalg.norm(vector)))


def test_vectors_are_read_from_the_outputs_of_the_first_runs(
    parts: Parts, finished: Finished, clock: FakeClock
) -> None:
    odd = made(1, 3)[0]
    odd[0] = math.inf
    run_again(parts, finished, clock, [*made(20, 2), odd, made(1, 4)[0][:-1], None])
    with parts.database.read() as session:
        found = embedding.collect(
            session,
            OFFICER,
            parts.objects,
            version_id=finished.run.version_id,
            site_id=finished.run.site_id,
            first=100,
        )
    assert found is not None
    assert found.values == pytest.approx(made(20, 2))


def findings(*scores: float | None) -> tuple[FindingFacts, ...]:
    return tuple(
        FindingFacts(key, score, flagged=False, levels={})
        for key, score in zip(KEYS3, scores, strict=True)
    )


def three(session: Any) -> Place:
    keys = [{"key": key} for key in KEYS3]
    output = [{"name": "scores", "kind": "probabilities", "findings": keys}]
    return create_place(session, manifest={"output": output})


def test_without_an_embedding_all_scores_are_the_vector_and_name_the_direction(
    sqlite: Database, keys: Keys, objects: LocalObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "MIN_VECTORS", 300)
    random = np.random.default_rng(1)
    with sqlite.write() as session:
        place = three(session)
        both = random.random(400)
        facts = [
            replace(
                run_facts(place, number, day=START + timedelta(days=number // 40)),
                findings=findings(float(one), float(one) if number else math.nan, random.random()),
                features={"kvp": 80.0, "embedding_norm": 1.0},
            )
            for number, one in enumerate(both)
        ]
        records.record_runs(session, keys, facts)
        about: dict[str, Any] = {
            "version_id": place.version_id,
            "site_id": place.site_id,
            "first": 400,
        }
        given = embedding.collect(session, OFFICER, objects, **about)
        assert given is not None
        assert given.values.shape == (399, 3)
        found = inputs.set_from_records(
            session, OFFICER, objects, reason="what is normal", vectors=given, **about
        )
        assert found.left_out == {}
        subjects = {row.finding_key for row in found.references}
        assert subjects >= {"feature:kvp", "feature:embedding", "feature:embedding_norm"}
        (row,) = [row for row in found.references if row.finding_key == "feature:embedding"]
        told = row.baselines or {}
        assert (told["verb"], told["what"]) == ("says", "the scores of its 3 findings")
        # Two that always agree are one direction; there are two directions in all.
        assert told["directions"] == ["effusion, nodule", "pneumonia"]
        few = inputs.set_from_records(
            session,
            OFFICER,
            objects,
            reason="again",
            vectors=Collected(given.source, given.values[:250]),
            **about,
        )
        assert few.left_out == {"embedding": "250 of the 300 vectors needed: 50 are missing"}


def test_what_the_vector_is_comes_from_the_manifest() -> None:
    scores = {"name": "s", "kind": "probabilities", "findings": [{"key": key} for key in KEYS3]}
    pooled = {"name": "pooled", "kind": "embedding", "findings": []}
    assert source_of({"output": [scores, pooled]}) == Source("pooled", KEYS3)
    assert source_of({"output": [scores]}) == Source(None, KEYS3)
    assert source_of({"output": [{**scores, "findings": scores["findings"][:2]}]}) is None
    assert source_of({}) is None


def test_scores_that_are_not_all_there_are_an_invalid_vector() -> None:
    source = Source(None, KEYS3)
    assert vectors.of_scores(source, findings(0.1, 0.2, 0.3)).tolist() == [0.1, 0.2, 0.3]
    for scores in ((0.1, None, 0.3), (0.1, math.nan, 0.3)):
        kept = vectors.numbers(vectors.of_scores(source, findings(*scores)), None)
        assert math.isnan(kept["embedding_norm"] or 0)
    assert vectors.numbers(None, None) == {"embedding_norm": None}


def test_a_package_without_the_columns_offers_no_vectors() -> None:
    held: parquet.Table = {"effusion": [0.1, 0.2], "nodule": [0.1, None]}
    assert package._vectors(held, Source(None, KEYS3)) is None
    assert package._vectors(held, Source("pooled", KEYS3)) is None
    whole = package._vectors({**held, "pneumonia": [0.5, 0.5]}, Source(None, KEYS3))
    assert whole is not None
    assert whole.values.tolist() == [[0.1, 0.1, 0.5]]
    odd = package._vectors({"pooled": [[1, 2], [3], None, "x", [4, 5]]}, Source("pooled", ()))
    assert odd is not None
    assert odd.values.tolist() == [[1, 2], [4, 5]]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.SKIPPED])
def test_what_did_not_answer_has_no_vector(
    parts: Parts, finished: Finished, outcome: Outcome
) -> None:
    with parts.database.write() as session:
        own: dict[str, Any] = {
            "id": session.new_id("run"),
            "study_revision": 77,
            "outcome": outcome,
        }
        session.add(Run(**finished.run.model_dump() | own))
        session.flush()
        SurveillanceTasks(parts)._record(session, str(own["id"]))
    assert features(parts) == [{}]
