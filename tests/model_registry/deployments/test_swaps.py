"""A swap is one instant: seen from outside, told to who came second, and cut off anywhere."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from factories.deployments import GATES, deploy, go_live, request
from factories.safety import Cast, create_cast, create_version, sign_everything
from sqlalchemy import event
from sqlmodel import select

from model_registry.deployments import repository, service
from model_registry.deployments.models import (
    ChangeState,
    Deployment,
    DeploymentChange,
    DeploymentPeriod,
    Mode,
)
from model_registry.deployments.service import Outcome
from vigil.kernel.audit import service as audit
from vigil.kernel.db import Database, WriteSession
from vigil.kernel.errors import Conflict
from vigil.kernel.identity.actor import Actor
from vigil.kernel.objects import LocalObjectStore

ROUNDS = 20
FORK = multiprocessing.get_context("fork")


def _agree(database: Database, actor: Actor, change_id: str) -> Conflict | None:
    try:
        with database.write() as session:
            service.approve_change(session, actor, GATES, change_id=change_id, reason="agreed")
    except Conflict as told:
        return told
    return None


def _candidate(
    session: WriteSession, objects: LocalObjectStore, cast: Cast, label: str
) -> Deployment:
    version = create_version(session, cast, label)
    sign_everything(session, objects, cast, version)
    return deploy(session, cast, version)


def _at_once(deeds: list[Callable[[], Conflict | None]]) -> list[Conflict | None]:
    together = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Conflict | None]) -> Conflict | None:
        together.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def test_who_comes_second_is_told_what_was_made_live_by_whom_and_why(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        proposals = {
            label: request(session, manager, _candidate(session, objects, cast, label))
            for label, manager in (("1.0.0", cast.manager), ("2.0.0", cast.other_manager))
        }
    officers = {"1.0.0": cast.site_officer, "2.0.0": cast.network_officer}
    ends = _at_once(
        [
            lambda label=label: _agree(database, officers[label], proposals[label].change.id)  # type: ignore[misc]
            for label in proposals
        ]
    )

    [told] = [end for end in ends if end is not None]
    [winner] = [label for label, end in zip(proposals, ends, strict=True) if end is None]
    with database.read() as session:
        [name] = repository.people(session, [officers[winner].id]).values()
    assert f"Version {winner} was made live here meanwhile, by {name}: it did well" in told.detail


@dataclass
class Watcher:
    """Looks at the committed state again and again while others change it."""

    database: Database
    seen: list[int] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        live = sa.select(sa.func.count()).where(Deployment.mode == Mode.LIVE)  # type: ignore[arg-type]
        while not self.done.is_set():
            with self.database.read() as session:
                self.seen.append(session.execute(live).scalar_one())


def test_never_none_and_never_two_are_live_while_two_people_swap_at_once(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        ids = [go_live(session, objects, cast, "1.0.0").id]
        ids += [_candidate(session, objects, cast, label).id for label in ("2.0.0", "3.0.0")]
    watcher = Watcher(database)
    with ThreadPoolExecutor(1) as pool:
        watching = pool.submit(watcher.watch)
        try:
            winners = [_round(database, cast, ids) for _ in range(ROUNDS)]
        finally:
            watcher.done.set()
        watching.result()

    assert set(watcher.seen) == {1}
    assert len(watcher.seen) > ROUNDS
    assert len(winners) == ROUNDS
    with database.read() as session:
        assert audit.verify(session).holds


def _round(database: Database, cast: Cast, ids: list[str]) -> str:
    """Ask for both that are not live, agree to both at once: one of them is live then."""
    asked: list[Outcome] = []
    with database.write() as session:
        for deployment_id in ids:
            deployment = session.get_one(Deployment, deployment_id)
            if deployment.mode is not Mode.LIVE:
                asked.append(
                    request(session, cast.manager, deployment, replaced_becomes=Mode.SHADOW)
                )
    officers = (cast.site_officer, cast.network_officer)
    ends = _at_once(
        [
            lambda who=who, one=one: _agree(database, who, one.change.id)  # type: ignore[misc]
            for who, one in zip(officers, asked, strict=True)
        ]
    )
    assert [end is None for end in ends].count(True) == 1
    with database.read() as session:
        live = session.exec(select(Deployment.id).where(Deployment.mode == Mode.LIVE)).all()
    assert [asked[ends.index(None)].deployment.id] == list(live)
    return live[0]


def test_killed_at_any_statement_a_swap_is_done_or_not_begun(
    database: Database, objects: LocalObjectStore
) -> None:
    with database.write() as session:
        cast = create_cast(session)
        old = go_live(session, objects, cast, "1.0.0")
        new = _candidate(session, objects, cast, "2.0.0")
        outcome = request(session, cast.manager, new)
    before = (Mode.LIVE, Mode.SHADOW, ChangeState.OPEN)
    after = (Mode.RETIRED, Mode.LIVE, ChangeState.APPLIED)
    url, killed = database.engine.url.render_as_string(hide_password=False), 0
    database.engine.dispose()

    for at in (*range(1, 200), 0):
        ended = _in_a_child(url, cast.site_officer, outcome.change.id, kill_at=at)
        state = _state(database, old.id, new.id, outcome.change.id)
        if ended == 0:
            break
        assert ended == -signal.SIGKILL
        assert state == before, f"killed at statement {at}"
        killed += 1

    assert killed > 10
    assert state == after
    with database.read() as session:
        assert audit.verify(session).holds


def _in_a_child(url: str, actor: Actor, change_id: str, *, kill_at: int) -> int | None:
    child = FORK.Process(target=_swap, args=(url, actor, change_id, kill_at))
    child.start()
    child.join()
    return child.exitcode


def _swap(url: str, actor: Actor, change_id: str, kill_at: int) -> None:
    """Agree, and die without a word before the n-th statement of the transaction, or its commit."""
    database, counted = Database(url), 0

    def die_in_time(*_: Any) -> None:
        nonlocal counted
        counted += 1
        if counted == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(database.engine, "before_cursor_execute", die_in_time)
    event.listen(database.engine, "commit", die_in_time)
    _agree(database, actor, change_id)


def _state(
    database: Database, old_id: str, new_id: str, change_id: str
) -> tuple[Mode, Mode, ChangeState]:
    """Return how things stand, and that the history says the same of them."""
    with database.read() as session:
        modes = []
        for one in (old_id, new_id):
            deployment = session.get_one(Deployment, one)
            [now] = session.exec(
                select(DeploymentPeriod).where(
                    DeploymentPeriod.deployment_id == one,
                    DeploymentPeriod.to_at == None,  # noqa: E711 - it becomes IS NULL
                )
            ).all()
            assert (now.mode, now.revision) == (deployment.mode, deployment.revision)
            modes.append(deployment.mode)
        return modes[0], modes[1], session.get_one(DeploymentChange, change_id).state
