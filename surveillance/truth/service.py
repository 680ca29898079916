"""Take in labels and groups, let new records count what was told before, and read the counts."""

from collections.abc import Sequence

from surveillance.axes import ALL
from surveillance.records.events import RunRecorded
from surveillance.records.models import Basis
from surveillance.records.repository import Scope
from surveillance.truth import grouping, intake, labelling, repository
from surveillance.truth.errors import UnknownBatch
from surveillance.truth.grouping import Grouping
from surveillance.truth.intake import Sent, Taken
from surveillance.truth.labelling import Labelling
from surveillance.truth.lines import Line
from surveillance.truth.models import TruthBatch
from surveillance.truth.series import TruthSeries, from_rows
from vigil.kernel.db import ReadSession, WriteSession
from vigil.kernel.identity.actor import Actor
from vigil.kernel.identity.roles import Permission
from vigil.kernel.keys import Keys

LABELS = "labels"
GROUPS = "groups"


def add_labels(
    session: WriteSession,
    actor: Actor,
    keys: Keys,
    *,
    site_id: str,
    source: str,
    lines: Sequence[Line],
    reason: str,
) -> Taken:
    """Take in what later turned out to be so in studies of a site; each line gets a verdict.

    The same table again changes nothing but what could not be taken before. A study's UID becomes a
    pseudonym at once and is kept nowhere.
    """
    actor.require(Permission.TRUTH_WRITE, site_id)
    sent = Sent(LABELS, site_id, source, reason, lines)
    return intake.take(session, actor, sent, Labelling(session, actor, keys, sent))


def add_groups(
    session: WriteSession,
    actor: Actor,
    keys: Keys,
    *,
    site_id: str,
    source: str,
    lines: Sequence[Line],
    reason: str,
) -> Taken:
    """Take in which groups the patients of studies belong to, as `add_labels` takes labels."""
    actor.require(Permission.TRUTH_WRITE, site_id)
    sent = Sent(GROUPS, site_id, source, reason, lines)
    return intake.take(session, actor, sent, Grouping(session, keys, sent))


def on_run_recorded(session: WriteSession, event: RunRecorded) -> None:
    """Let a new record count what was told of its study before."""
    asked = [event.study_pseudonym]
    told = [row for row in repository.labels(session, event.site_id, asked) if row.standing]
    groups = list(repository.groups(session, event.site_id, asked))
    if not told and not groups:
        return
    records = list(repository.records(session, event.site_id, asked))
    grouping.apply(session, [(record, row.levels) for row in groups for record in records])
    labelling.apply(
        session,
        [(one, row) for row in told for one in records if one.finding_key == row.finding_key],
    )


def batches(
    session: ReadSession, actor: Actor, *, before: str | None = None, limit: int = 50
) -> Sequence[TruthBatch]:
    actor.require(Permission.SURVEILLANCE_READ)
    return repository.batches(session, actor, before=before, limit=limit)


def batch(session: ReadSession, actor: Actor, batch_id: str) -> TruthBatch:
    actor.require(Permission.SURVEILLANCE_READ)
    found = repository.batch(session, actor, batch_id)
    if found is None:
        raise UnknownBatch("No table with this id was sent for a site of yours.")
    return found


def series(
    session: ReadSession,
    actor: Actor,
    scope: Scope,
    *,
    basis: Basis,
    axes: Sequence[str] = (ALL,),
) -> list[TruthSeries]:
    """Return the labelled days of every stream in scope that the actor may read.

    The days of `scope` are those of the basis: of the study, or of the label. An alarm looks at
    the latter, because a label that comes late would else change days that were looked at.
    """
    return from_rows(repository.daily(session, actor, scope, basis=basis, axes=axes))
