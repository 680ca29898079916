"""Queries for local acceptance tests and their cases, each within the sites of the actor."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.sql.expression import SelectOfScalar

from inference.studies.models import Instance, Study, StudyState
from surveillance.local_tests.models import LocalTest, LocalTestCase
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.repository import within_sites

# As many parameters as SQLite takes in one statement, with room for the others.
_AT_ONCE = 500


class Known(NamedTuple):
    """A study or image that the site has, as a label may name it."""

    uid: str
    study_id: str
    instance_id: str | None
    closed: bool


class Judged(NamedTuple):
    """A case as it is evaluated: with its patient's pseudonym, which is kept nowhere else."""

    case: LocalTestCase
    patient: str


class Progress(NamedTuple):
    cases: int
    done: int


def local_test(session: ReadSession, actor: Actor, test_id: str) -> LocalTest | None:
    statement = select(LocalTest).where(LocalTest.id == test_id)
    return session.exec(within_sites(statement, actor, LocalTest.site_id)).first()


def locked(session: WriteSession, actor: Actor, test_id: str) -> LocalTest | None:
    """Return the test, held against other writers until the transaction ends (PostgreSQL)."""
    statement = (
        select(LocalTest)
        .where(LocalTest.id == test_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return session.exec(within_sites(statement, actor, LocalTest.site_id)).first()


def local_tests(
    session: ReadSession,
    actor: Actor,
    *,
    version_id: str | None = None,
    site_id: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Sequence[LocalTest]:
    """Return tests, newest first."""
    statement = within_sites(select(LocalTest), actor, LocalTest.site_id)
    if version_id is not None:
        statement = statement.where(LocalTest.version_id == version_id)
    if site_id is not None:
        statement = statement.where(LocalTest.site_id == site_id)
    if before is not None:
        statement = statement.where(LocalTest.id < before)
    return session.exec(statement.order_by(col(LocalTest.id).desc()).limit(limit)).all()


def earlier(session: ReadSession, actor: Actor, of: LocalTest) -> Sequence[LocalTest]:
    """Return the tests of the same configuration at the site that were begun before this one."""
    statement = select(LocalTest).where(
        LocalTest.site_id == of.site_id,
        LocalTest.configuration_digest == of.configuration_digest,
        LocalTest.id < of.id,
        col(LocalTest.started_at).is_not(None),
    )
    statement = within_sites(statement, actor, LocalTest.site_id)
    return session.exec(statement.order_by(LocalTest.id)).all()


def of_acceptance(session: ReadSession, actor: Actor, acceptance_id: str) -> LocalTest | None:
    statement = select(LocalTest).where(LocalTest.acceptance_id == acceptance_id)
    return session.exec(within_sites(statement, actor, LocalTest.site_id)).first()


def cases(
    session: ReadSession,
    actor: Actor,
    test_id: str,
    *,
    after: str | None = None,
    limit: int | None = None,
) -> Sequence[LocalTestCase]:
    statement = _cases(actor, test_id).order_by(LocalTestCase.id).limit(limit)
    if after is not None:
        statement = statement.where(LocalTestCase.id > after)
    return session.exec(statement).all()


def cases_of(
    session: ReadSession, actor: Actor, test_id: str, study_ids: Sequence[str]
) -> Sequence[LocalTestCase]:
    statement = _cases(actor, test_id).where(col(LocalTestCase.study_id).in_(study_ids))
    return session.exec(statement.order_by(LocalTestCase.study_id, LocalTestCase.id)).all()


def judged(session: ReadSession, actor: Actor, test_id: str) -> list[Judged]:
    """Return every case with its patient's pseudonym, in the order of their ids."""
    statement = (
        select(LocalTestCase, Study.patient_pseudonym)
        .join(Study, col(LocalTestCase.study_id) == col(Study.id))
        .where(LocalTestCase.local_test_id == test_id)
        .order_by(LocalTestCase.id)
    )
    found = session.exec(within_sites(statement, actor, LocalTestCase.site_id)).all()
    return [Judged(*row) for row in found]


def study_ids(session: ReadSession, actor: Actor, test_id: str) -> Sequence[str]:
    """Return the studies to run, in the order in which they are."""
    statement = (
        select(LocalTestCase.study_id)
        .where(LocalTestCase.local_test_id == test_id)
        .distinct()
        .order_by(LocalTestCase.study_id)
    )
    return session.exec(within_sites(statement, actor, LocalTestCase.site_id)).all()


def progress(session: ReadSession, actor: Actor, test_ids: Sequence[str]) -> dict[str, Progress]:
    """Return, for each of these tests, how many cases it has and how many are done."""
    statement: Any = (
        select(LocalTestCase.local_test_id, sa.func.count(), sa.func.count(LocalTestCase.outcome))  # type: ignore[arg-type]  # a mapped column
        .where(col(LocalTestCase.local_test_id).in_(test_ids))
        .group_by(col(LocalTestCase.local_test_id))
    )
    rows = session.exec(within_sites(statement, actor, LocalTestCase.site_id)).all()
    found = {test_id: Progress(cases, done) for test_id, cases, done in rows}
    return {test_id: found.get(test_id, Progress(0, 0)) for test_id in test_ids}


def studies_by_uid(
    session: ReadSession, actor: Actor, site_id: str, uids: Iterable[str]
) -> dict[str, Known]:
    """Return the studies of this site among these UIDs."""
    found = {}
    for some in _pieces(uids):
        statement: Any = select(Study.study_instance_uid, Study.id, Study.state).where(
            Study.site_id == site_id, col(Study.study_instance_uid).in_(some)
        )
        for uid, study_id, state in session.exec(within_sites(statement, actor, Study.site_id)):
            found[uid] = Known(uid, study_id, None, state is StudyState.CLOSED)
    return found


def images_by_uid(
    session: ReadSession, actor: Actor, site_id: str, uids: Iterable[str]
) -> dict[str, Known]:
    """Return the images of this site among these UIDs."""
    found = {}
    for some in _pieces(uids):
        statement: Any = (
            select(Instance.sop_instance_uid, Instance.study_id, Instance.id, Study.state)
            .join(Study, col(Instance.study_id) == col(Study.id))
            .where(Instance.site_id == site_id, col(Instance.sop_instance_uid).in_(some))
        )
        for uid, study_id, instance_id, state in session.exec(
            within_sites(statement, actor, Instance.site_id)
        ):
            found[uid] = Known(uid, study_id, instance_id, state is StudyState.CLOSED)
    return found


def instances_of(
    session: ReadSession, actor: Actor, study_ids: Sequence[str]
) -> dict[str, list[Instance]]:
    """Return the images of each of these studies, in the order in which a run takes them."""
    statement = (
        select(Instance)
        .where(col(Instance.study_id).in_(study_ids))
        .order_by(Instance.series_instance_uid, Instance.sop_instance_uid)
    )
    found: dict[str, list[Instance]] = {study_id: [] for study_id in study_ids}
    for instance in session.exec(within_sites(statement, actor, Instance.site_id)):
        found[instance.study_id].append(instance)
    return found


def _cases(actor: Actor, test_id: str) -> SelectOfScalar[LocalTestCase]:
    statement = select(LocalTestCase).where(LocalTestCase.local_test_id == test_id)
    return within_sites(statement, actor, LocalTestCase.site_id)


def _pieces(uids: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(dict.fromkeys(uids))
    while some := list(islice(rest, _AT_ONCE)):
        yield some
