from factories.deployments import go_live
from factories.identity import SETUP
from factories.runs import create_run
from factories.safety import create_cast
from sqlmodel import select

from inference.runs.models import RunMode
from inference.runs.runtime_watch import tell_change
from model_registry.safety.models import Acceptance, SignOffStatus
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.objects import LocalObjectStore


def _with_a_past_run(session: WriteSession, objects: LocalObjectStore, runtime: str) -> None:
    cast = create_cast(session)
    go_live(session, objects, cast, "9.0.0")
    run = create_run(session, objects, cast.site.id, mode=RunMode.SHADOW).run
    run.outputs_digest, run.runtime = "0" * 64, {"onnxruntime": runtime}
    session.add(run)
    session.flush()


def test_before_the_first_run_nothing_is_marked(sqlite: Database) -> None:
    with sqlite.write() as session:
        assert tell_change(session, SETUP, "9.9.9") == []


def test_the_same_runtime_leaves_every_sign_off(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        _with_a_past_run(session, objects, "1.31.1")

        assert tell_change(session, SETUP, "1.31.1") == []


def test_another_runtime_makes_the_sites_acceptances_stale_and_says_why(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        _with_a_past_run(session, objects, "1.31.1")

        marked = tell_change(session, SETUP, "1.32.0")

        found = session.exec(select(Acceptance)).all()
        assert {one.id for one in found} <= set(marked)
        assert {one.status for one in found} == {SignOffStatus.STALE}
        assert all("1.32.0" in str(one.stale_reason) for one in found)
