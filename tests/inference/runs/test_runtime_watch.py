from typing import Any

import pytest
from factories.deployments import go_live
from factories.identity import SETUP
from factories.runs import create_run
from factories.safety import create_cast
from sqlmodel import select

from inference.preprocessing.implementation import essence, implementation_digest
from inference.runs.facts import present_facts
from inference.runs.models import RunMode
from inference.runs.runtime_watch import tell_change
from model_registry.safety.models import Acceptance, SafetyCase, SignOffStatus
from vigil.kernel.db import Database, ReadSession, WriteSession
from vigil.kernel.objects import LocalObjectStore

FACTS = {
    "onnxruntime": "1.31.1",
    "provider": "CPUExecutionProvider",
    "machine": "x86_64",
    "numpy": "2.3.0",
    "pydicom": "3.0.1",
    "preprocessing": "a" * 64,
}
SIGNED, STALE = {SignOffStatus.SIGNED}, {SignOffStatus.STALE}


def _with_a_past_run(
    session: WriteSession, objects: LocalObjectStore, runtime: dict[str, Any]
) -> None:
    cast = create_cast(session)
    go_live(session, objects, cast, "9.0.0")
    run = create_run(session, objects, cast.site.id, mode=RunMode.SHADOW).run
    run.outputs_digest, run.runtime = "0" * 64, runtime
    session.add(run)
    session.flush()


def _sign_offs(session: ReadSession) -> tuple[set[SignOffStatus], set[SignOffStatus]]:
    cases = {case.status for case in session.exec(select(SafetyCase))}
    return cases, {one.status for one in session.exec(select(Acceptance))}


def test_before_the_first_run_nothing_is_marked(sqlite: Database) -> None:
    with sqlite.write() as session:
        assert tell_change(session, SETUP, FACTS | {"onnxruntime": "9.9.9"}) == []


def test_a_worker_with_the_same_facts_leaves_every_sign_off(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        _with_a_past_run(session, objects, FACTS | {"peak_rss_mb": 80.5, "threads": 2})

        assert tell_change(session, SETUP, FACTS) == []


def test_what_an_early_run_did_not_pin_says_nothing(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        _with_a_past_run(session, objects, {"onnxruntime": "1.31.1"})

        assert tell_change(session, SETUP, FACTS) == []


@pytest.mark.parametrize("name", ["onnxruntime", "provider", "machine", "numpy", "pydicom"])
def test_another_runtime_makes_the_sites_acceptances_stale_and_says_why(
    sqlite: Database, objects: LocalObjectStore, name: str
) -> None:
    with sqlite.write() as session:
        _with_a_past_run(session, objects, FACTS)
        marked = tell_change(session, SETUP, FACTS | {name: "another"})

        assert _sign_offs(session) == (SIGNED, STALE)
        found = session.exec(select(Acceptance)).all()
        assert {one.id for one in found} <= set(marked)
        assert {one.stale_reason for one in found} == {
            f"{name} is another now; it was {FACTS[name]} when the last run was made"
        }
        assert {one.stale_at for one in found} == {session.now()}


def test_other_preprocessing_code_makes_the_suppliers_cases_stale_too(
    sqlite: Database, objects: LocalObjectStore
) -> None:
    with sqlite.write() as session:
        _with_a_past_run(session, objects, FACTS)
        tell_change(session, SETUP, FACTS | {"preprocessing": "b" * 64})

        assert _sign_offs(session) == (STALE, STALE)


def test_the_facts_of_this_machine_are_whole_and_stable() -> None:
    assert present_facts().keys() == FACTS.keys()
    assert present_facts()["preprocessing"] == implementation_digest()


def test_comments_and_docstrings_are_no_other_preprocessing() -> None:
    plain = "def f(x):\n    return x + 1\n"
    told = '"""Why."""\n\ndef f(x):\n    """What."""\n    # how\n    return (x\n        + 1)\n'

    assert essence(told) == essence(plain)
    assert essence(plain) != essence(plain.replace("1", "2"))
