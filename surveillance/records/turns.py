"""Whoever counts takes turns: two corrections that meet must not both take back the same.

SQLite's writers take turns already. On PostgreSQL each statement sees what others have committed by
then, so that a transaction must hold a lock before it reads what it will take back. The order is
always the same, so that two cannot wait for each other: studies, then records by id, then versions,
then daily rows by id. Locks end with the transaction, and are of a few hundred places each: a table
of 50,000 labels would else fill the server's list of locks.
"""

from collections.abc import Iterable
from zlib import crc32

import sqlalchemy as sa

from vigil.kernel.db import WriteSession

_STUDIES, _VERSIONS = 5_021, 5_022
PLACES = 512
_VERSION_PLACES = 64
_OF = "(:space, place) FROM unnest(CAST(:places AS int[])) AS place"
_ALONE = sa.text("SELECT pg_advisory_xact_lock" + _OF)
_TOGETHER = sa.text("SELECT pg_advisory_xact_lock_shared" + _OF)


def of_studies(session: WriteSession, names: Iterable[str]) -> None:
    """Let nobody else record, label or group these studies until the transaction ends.

    A run and the one that supersedes it, or a label and the run that it waits for, do not see each
    other before they are committed: without a turn each would miss the other.
    """
    _take(session, _ALONE, _STUDIES, {crc32(name.encode()) % PLACES for name in names})


def counting(session: WriteSession, versions: Iterable[str]) -> None:
    """Wait while a version's counts are made anew; many may count at once."""
    places = {crc32(name.encode()) % _VERSION_PLACES for name in versions}
    _take(session, _TOGETHER, _VERSIONS, places)


def recounting(session: WriteSession, version_id: str | None) -> None:
    """Let nobody count a version (None: any) until the transaction ends, as its counts go first.

    Who counts meanwhile would be counted twice, or on the edges of the reference before.
    """
    places = (
        {*range(_VERSION_PLACES)}
        if version_id is None
        else {crc32(version_id.encode()) % _VERSION_PLACES}
    )
    _take(session, _ALONE, _VERSIONS, places)


def _take(session: WriteSession, lock: sa.TextClause, space: int, places: set[int]) -> None:
    if places and session.get_bind().dialect.name == "postgresql":
        session.execute(lock, {"space": space, "places": sorted(places)})
